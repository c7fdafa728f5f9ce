"""The last plans, each behind closed doors: the account goes back to its owner; its mail goes out again."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions import GiveBack, IssueAccessPass, ResetPassword, RevokeAgain, UnblockSender
from toolkit.contain.doors import check_doors
from toolkit.contain.guards import break_glass, by_hand, check_target, check_tenant, is_guest
from toolkit.contain.ledger import records
from toolkit.contain.plan import TO_DO, Plan, first_steps, step_of
from toolkit.contain.snapshot import Snapshot, take
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import Target, resolve
from toolkit.errors import GuardRefused, UsageError
from toolkit.tenant import Tenant


def make_return_plan(
    case: Case, tenant: Tenant, user: str, *, suspicion: Suspicion | None = None, emergency: Iterable[str] = ()
) -> Plan:
    """The plan that gives the account back: reset and revoke once more, a pass for the owner, sign-in allowed.

    A guest only gets its sign-in back, and who signs in elsewhere no password from here. Nothing is changed.

    Raises:
        GuardRefused: a door is not closed; the text names each.
    """
    target, listed = _checked(case, tenant, user, emergency)
    check_doors(case, tenant, target, suspicion, "The account is not given back")
    again = [action for action in first_steps(target) if isinstance(action, ResetPassword)]
    actions: list[Action] = [GiveBack()] if is_guest(target) else [*again, RevokeAgain(), IssueAccessPass(), GiveBack()]
    snapshot = take(case, tenant, target, readings=("methods",))
    return _last_plan(case, tenant, target, actions, listed, snapshot, suspicion)


def make_sender_plan(
    case: Case, tenant: Tenant, user: str, *, suspicion: Suspicion | None = None, emergency: Iterable[str] = ()
) -> Plan:
    """The plan of one step that takes the account off the list of restricted senders. Nothing is changed.

    Raises:
        UsageError: it is not on that list.
        GuardRefused: a door is not closed; the text names each.
    """
    target, listed = _checked(case, tenant, user, emergency)
    snapshot = take(case, tenant, target, readings=("restricted senders",))
    if why := snapshot.problems.get("restricted senders"):
        raise GuardRefused(f"The list of restricted senders could not be read: {why}")
    # The list names a mailbox of the organisation by its user principal name, whatever its address is.
    addresses = [str(row.get("SenderAddress") or "") for row in snapshot.rows("restricted senders")]
    ours = [address for address in addresses if address.lower() == target.user_principal_name.lower()]
    if not ours:
        raise UsageError(f"{target.user_principal_name} is not on the list of restricted senders: it may send.")
    check_doors(case, tenant, target, suspicion, "The sender is not unblocked")
    actions: list[Action] = [UnblockSender(address, address) for address in ours]
    return _last_plan(case, tenant, target, actions, listed, snapshot, suspicion)


def _checked(case: Case, tenant: Tenant, user: str, emergency: Iterable[str]) -> tuple[Target, frozenset[str]]:
    check_tenant(case, tenant)
    target = resolve(tenant, user)
    listed = break_glass(case, emergency)
    check_target(target, tenant, listed)
    return target, listed


def _last_plan(
    case: Case,
    tenant: Tenant,
    target: Target,
    actions: list[Action],
    listed: frozenset[str],
    snapshot: Snapshot,
    suspicion: Suspicion | None,
) -> Plan:
    history = records(case, tenant.tenant_id, target.object_id)
    steps = [step_of(tenant, target, action, history) for action in actions]
    for step in steps:
        if step.action.repeatable and step.before is not None:
            step.status = TO_DO  # what was done at the beginning is done once more, just before
    return Plan(
        case, target, steps, tenant, by_hand=by_hand(target), break_glass=listed, snapshot=snapshot, returning=True,
        suspicion=suspicion or Suspicion(),
    )  # fmt: skip
