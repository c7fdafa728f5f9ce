"""The typed name: the one place where a person's yes becomes approvals for the write gate."""

from __future__ import annotations

from datetime import timedelta

from toolkit.contain.ledger import CONFIRMED
from toolkit.contain.plan import Plan
from toolkit.errors import GuardRefused, PlanChanged
from toolkit.tenant import Approval, Call

CONFIRMATION_LIFE = timedelta(minutes=60)


class Confirmation:
    """A person typed the account's name for one plan. It covers the calls of that plan for an hour, one by one."""

    def __init__(self, plan: Plan, typed: str) -> None:
        self._digest = plan.digest
        self._typed = typed
        self._everybody = plan.target.is_organisation  # its domain is what was typed
        self._until = plan.case.clock() + CONFIRMATION_LIFE

    def __repr__(self) -> str:
        return f"Confirmation({self._typed})"

    def covers(self, plan: Plan) -> bool:
        """Whether the plan is still the one that the name was typed for, and the hour has not passed."""
        return plan.digest == self._digest and plan.case.clock() <= self._until

    def extend(self, plan: Plan, typed: str) -> None:
        """Take the typed domain as the yes to the steps that hit everybody in the organisation.

        Raises:
            GuardRefused: it is not the tenant's domain.
        """
        domain = plan.tenant.domain if plan.tenant is not None else ""
        if not domain or typed.strip() != domain:
            raise GuardRefused(f"Type the tenant's domain, {domain}, exactly.")
        self._everybody = True

    def approve(self, plan: Plan, call: Call, *, everybody: bool = False) -> Approval:
        """An approval for one call of the plan, or for the undo of one; `everybody`: it hits more than the account.

        Raises:
            PlanChanged: the plan is another one, the hour has passed, or the call is not the plan's.
            GuardRefused: it hits everybody, and the tenant's domain was not typed for that.
        """
        if everybody and not self._everybody:
            raise GuardRefused("This step hits everybody in the organisation: type the tenant's domain for it too.")
        if not self.covers(plan):
            raise PlanChanged("The plan changed, or the name was typed too long ago; type it again.")
        offered = {c.digest for step in plan.steps for c in (step.call, step.undo) if c is not None}
        if call.digest not in offered or plan.tenant is None:
            raise PlanChanged("This call is not part of the plan that the name was typed for.")
        name = plan.target.user_principal_name
        return plan.tenant.session.gate.issue(call, name=name, typed=self._typed)


def confirm(plan: Plan, typed: str) -> Confirmation:
    """Take the typed user principal name (of the organisation, its domain) as the yes to a plan, and journal it.

    Raises:
        GuardRefused: it is not typed exactly, or the case has no live tenant to act in.
    """
    if plan.tenant is None:
        raise GuardRefused("This case has no live tenant; the plan is for carrying out by hand.")
    if typed != plan.target.user_principal_name:
        raise GuardRefused(f"Type {plan.target.user_principal_name} exactly as it is written.")
    plan.case.journal.append(
        CONFIRMED,
        practice=plan.case.practice,
        tenant_id=plan.tenant.tenant_id,
        target=plan.target.named,
        plan=plan.digest,
        actions=[step.action.key for step in plan.steps],
        operator=plan.tenant.operator.user_principal_name,
    )
    return Confirmation(plan, typed)
