"""Running one step of a plan, or its undo: under the run lock, after reading everything again."""

from __future__ import annotations

from toolkit.contain.action import State
from toolkit.contain.confirm import Confirmation
from toolkit.contain.doors import check_doors
from toolkit.contain.guards import check_target, check_tenant
from toolkit.contain.ledger import DONE, PASSWORD_SHOWN, SENT, records
from toolkit.contain.plan import ALREADY_SO, Plan, Step
from toolkit.contain.runlock import running
from toolkit.contain.sending import Order, Outcome, Progress, ShowSecret, carry_out
from toolkit.contain.settle import last_unsettled, settle_one
from toolkit.contain.target import resolve
from toolkit.errors import ContainmentError, GuardRefused, PlanChanged, UsageError
from toolkit.tenant import Tenant


def run(
    plan: Plan,
    key: str,
    confirmation: Confirmation,
    *,
    show_secret: ShowSecret | None = None,
    progress: Progress = lambda text: None,
    patience: float | None = None,
) -> Outcome:
    """Carry out one step of a plan: one call, never repeated by itself except after a 429.

    `show_secret` is needed by steps that make a password; `patience` overrides the seconds the read-back waits.

    Raises:
        PlanChanged: the state is not what the preview showed; nothing was sent.
        GuardRefused: the account or the tenant must not be changed this way, or a door is open behind which a last
            step waits.
        CaseBusy: another run is going on for this case.
        TenantError: reading failed before anything was sent.
    """
    tenant, step = _tenant(plan), plan.step(key)
    if step.action.makes_secret and show_secret is None:
        raise UsageError("A password reset needs a way to show the password once; run it from the notebook.")
    with running(plan.case, tenant.operator.user_principal_name, step.action.title):
        progress("reading the state again")
        _check_identity(plan, tenant)
        doubt = last_unsettled(records(plan.case, tenant.tenant_id, plan.target.object_id), key)
        if doubt is not None and step.action.settles:
            settled = settle_one(plan.case, tenant, plan.target, step.action, doubt, patience=patience)
            if settled == DONE and doubt.direction == "do":
                which = "which did not show" if doubt.status == SENT else "whose answer was lost"
                return Outcome(DONE, f"The call {which} did take effect; it was not repeated.", doubt.run)
        state = step.action.read(tenant, plan.target)
        if step.action.settles and step.action.is_so(state, None):
            return Outcome(ALREADY_SO, "It is already so; nothing was sent.")
        _check_unchanged(step, state)
        if step.action.restores_use:
            progress("reading the doors once more")
            check_doors(plan.case, tenant, plan.target, plan.suspicion, "Nothing was sent, and nothing will be,")
        order = Order(plan, step.action, step.call, "do", {}, patience)
        return carry_out(order, state, confirmation, show_secret, progress)


def undo(
    plan: Plan,
    key: str,
    confirmation: Confirmation,
    *,
    progress: Progress = lambda text: None,
    patience: float | None = None,
) -> Outcome:
    """Bring back the state that was stored before a step was run.

    Raises:
        ContainmentError: there is nothing to undo.
        GuardRefused: a finding that nobody refuted stands behind the step.
        PlanChanged: the state is no longer the one the step left behind; nothing was sent.
    """
    tenant, step = _tenant(plan), plan.step(key)
    call = step.undo
    if call is None:
        raise ContainmentError(f"“{step.action.title}” has nothing to undo.")
    if step.behind:
        raise GuardRefused(
            f"The finding “{step.behind}” stands behind this step: judge it the owner's in notebook 1 first."
        )
    with running(plan.case, tenant.operator.user_principal_name, f"Undo: {step.action.title}"):
        progress("reading the state again")
        _check_identity(plan, tenant)
        doubt = last_unsettled(records(plan.case, tenant.tenant_id, plan.target.object_id), key)
        if doubt is not None and doubt.direction == "undo":
            settled = settle_one(plan.case, tenant, plan.target, step.action, doubt, patience=patience)
            if settled == DONE:
                return Outcome(DONE, "The undo whose answer was lost did take effect; it was not repeated.", doubt.run)
        state = step.action.read(tenant, plan.target)
        if not step.action.is_so(state, None):
            raise PlanChanged("The state is not the one that this step left behind; preview the plan again.")
        order = Order(plan, step.action, call, "undo", step.restores, patience)
        return carry_out(order, state, confirmation, None, progress)


def record_shown(plan: Plan, run_id: str) -> None:
    """Journal that a person's screen showed the password of a run; until then its reset is offered again."""
    plan.case.journal.append(PASSWORD_SHOWN, practice=plan.case.practice, run=run_id)


def _tenant(plan: Plan) -> Tenant:
    if plan.tenant is None:
        raise GuardRefused("This case has no live tenant; the plan is for carrying out by hand.")
    return plan.tenant


def _check_identity(plan: Plan, tenant: Tenant) -> None:
    """The guards once more, and the account still the one that was previewed."""
    check_tenant(plan.case, tenant)
    now = resolve(tenant, plan.target.object_id)
    check_target(now, tenant, plan.break_glass)
    if (now.object_id, now.user_principal_name) != (plan.target.object_id, plan.target.user_principal_name):
        raise PlanChanged(
            f"The account is now named {now.user_principal_name}; preview the plan again. Nothing was sent."
        )


def _check_unchanged(step: Step, state: State) -> None:
    differences = step.action.changed(step.before.values if step.before else {}, state.values)
    if differences:
        raise PlanChanged(f"Since the preview, {'; '.join(differences)}. Preview the plan again. Nothing was sent.")
