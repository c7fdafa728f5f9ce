"""A plan for the organisation: the same steps, preview, confirmation, journal and undo as containment."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions import action_named
from toolkit.contain.guards import check_tenant
from toolkit.contain.ledger import DONE, SENT, Record, latest, records
from toolkit.contain.plan import Plan, step_of
from toolkit.contain.target import organisation
from toolkit.tenant import Tenant


def hardening_plan(case: Case, tenant: Tenant, actions: Iterable[Action], *, kinds: Collection[str] = ()) -> Plan:
    """The steps for the organisation, in the order given; nothing is changed.

    `kinds`: of these kinds of action, what this case did before is shown too, so that it can be undone. The plan is
    confirmed by typing the tenant's domain, and run like any plan (`contain.confirm`, `run`, `undo`).

    Raises:
        GuardRefused: the tenant has to be confirmed first.
    """
    check_tenant(case, tenant)
    target = organisation(tenant)
    history = records(case, tenant.tenant_id, target.object_id)
    wanted = list(actions)
    wanted += _done_before(history, kinds, {action.key for action in wanted})
    return Plan(case, target, [step_of(tenant, target, action, history) for action in wanted], tenant)


def _done_before(history: list[Record], kinds: Collection[str], known: set[str]) -> list[Action]:
    found: dict[str, Action] = {}
    for record in history:
        last = latest(history, record.action)
        action = action_named(record.action, record.about)
        stands = last is not None and last.direction == "do" and last.status in {DONE, SENT}
        if action is not None and stands and action.kind in kinds and action.key not in known:
            found[action.key] = action
    return list(found.values())
