"""A plan for the organisation: the same steps, preview, confirmation, journal and undo as containment."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.guards import check_tenant
from toolkit.contain.ledger import records
from toolkit.contain.plan import Plan, step_of
from toolkit.contain.target import organisation
from toolkit.tenant import Tenant


def hardening_plan(case: Case, tenant: Tenant, actions: Iterable[Action]) -> Plan:
    """The steps for the organisation, in the order given; nothing is changed.

    It is confirmed by typing the tenant's domain, and run like any plan (`contain.confirm`, `run`, `undo`).

    Raises:
        GuardRefused: the tenant has to be confirmed first.
    """
    check_tenant(case, tenant)
    target = organisation(tenant)
    history = records(case, tenant.tenant_id, target.object_id)
    return Plan(case, target, [step_of(tenant, target, action, history) for action in actions], tenant)
