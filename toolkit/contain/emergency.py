"""Emergency stop: block, reset, revoke, with one typed name and no evidence needed; a snapshot is taken on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from toolkit.case import Case
from toolkit.contain.confirm import confirm
from toolkit.contain.guards import break_glass, by_hand, check_target, check_tenant, confirm_tenant, tenant_question
from toolkit.contain.ledger import records
from toolkit.contain.plan import Plan, first_steps, step_of
from toolkit.contain.run import run
from toolkit.contain.sending import Outcome, ShowSecret
from toolkit.contain.snapshot import Snapshot, take
from toolkit.contain.target import resolve
from toolkit.errors import ToolkitError
from toolkit.tenant import Tenant

SNAPSHOT_SECONDS = 60.0


@dataclass
class Stopped:
    """What an emergency stop came to: `outcomes` by the step's title, in order, and the `snapshot` before them."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    snapshot: Snapshot | None = None


def stop_plan(case: Case, tenant: Tenant, user: str, *, emergency: Iterable[str] = ()) -> Plan:
    """The three calls that stop an intruder, as far as the kind of identity allows; nothing is changed.

    Raises:
        GuardRefused: the evidence is of another tenant, or the account must not be changed.
    """
    if case.tenant_ids:
        check_tenant(case, tenant)
    target = resolve(tenant, user)
    listed = break_glass(case, emergency)
    check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    steps = [step_of(tenant, target, action, history) for action in first_steps(target)]
    return Plan(case, target, steps, tenant, by_hand=by_hand(target), break_glass=listed)


def stop(
    plan: Plan,
    typed: str,
    *,
    show_secret: ShowSecret | None,
    progress: Callable[[str], None] = lambda text: None,
    seconds: float = SNAPSHOT_SECONDS,
    patience: float | None = 20.0,
) -> Stopped:
    """Take the typed account name as the yes, read everything for at most `seconds`, then run the steps in order.

    In a case without evidence the typed name also says that this is the tenant to act in. A step that fails does not
    keep the next from being run. `show_secret`: without it no password is reset.

    Raises:
        GuardRefused: the name is not typed exactly; nothing was sent.
    """
    tenant = plan.tenant
    assert tenant is not None
    confirmation = confirm(plan, typed)
    if not plan.case.tenant_ids and tenant_question(plan.case, tenant):
        confirm_tenant(plan.case, tenant, tenant.domain)
    stopped = Stopped(snapshot=take(plan.case, tenant, plan.target, seconds=seconds, progress=progress))
    for step in plan.steps:
        title = step.action.title
        if step.action.makes_secret and show_secret is None:
            stopped.outcomes[title] = Outcome("refused", "There is no screen to show a password on; it was left out.")
            continue
        progress(title.lower())
        try:
            stopped.outcomes[title] = run(
                plan, step.action.key, confirmation, show_secret=show_secret, patience=patience
            )
        except ToolkitError as error:
            stopped.outcomes[title] = Outcome("refused", str(error))
    return stopped
