"""Emergency stop: block, reset, revoke, with one typed name and no evidence needed; a snapshot is taken on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from toolkit.case import Case
from toolkit.contain.confirm import confirm
from toolkit.contain.guards import break_glass, by_hand, check_target, check_tenant, confirm_tenant, tenant_question
from toolkit.contain.ledger import REFUSED, records
from toolkit.contain.plan import Plan, Step, first_steps, step_of
from toolkit.contain.run import run
from toolkit.contain.sending import Outcome, ShowSecret, not_yet
from toolkit.contain.snapshot import Snapshot, take
from toolkit.contain.target import resolve
from toolkit.errors import TenantAnswer, ToolkitError
from toolkit.tenant import Tenant

STOP_SECONDS = 115.0
"""All of it, from the typed name on: at most two minutes, with some to spare for the last answer."""
SNAPSHOT_SECONDS = 60.0
STEP_SECONDS = 15.0
"""Kept free for each call, whatever the snapshot takes."""
WAIT_SECONDS = 5.0
"""So long a call waits where the service asks for it; longer, and the next ones go first."""


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
    else:
        _ = tenant.domain  # read now: the typed name will confirm it, and then there is no time to lose
    target = resolve(tenant, user)
    listed = break_glass(case, emergency)
    doubts = check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    steps = [step_of(tenant, target, action, history) for action in first_steps(target)]
    return Plan(case, target, steps, tenant, by_hand=by_hand(target), notes=doubts, break_glass=listed)


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

    In a case without evidence the typed name also says that this is the tenant to act in. A step that fails, or that
    the service asks to wait with, does not hold up the next; it is run once more at the end if there is time. All
    of it takes no longer than two minutes by the clock of the connection: what is not seen in a reading by then is
    told so. `show_secret`: without it no password is reset.

    Raises:
        GuardRefused: the name is not typed exactly; nothing was sent.
    """
    tenant = plan.tenant
    assert tenant is not None
    confirmation = confirm(plan, typed)
    stopped = Stopped()

    def act(step: Step, share: float) -> Outcome:
        action = step.action
        if action.makes_secret and show_secret is None:
            return Outcome(REFUSED, "There is no screen to show a password on; it was left out.")
        progress(action.title.lower())
        try:
            with tenant.session.within(share, waits=WAIT_SECONDS):
                return run(plan, action.key, confirmation, show_secret=show_secret, patience=patience)
        except TenantAnswer as error:
            return Outcome(REFUSED, not_yet(error) if error.status == 429 else str(error), wait=error.wait)
        except ToolkitError as error:
            return Outcome(REFUSED, str(error))

    with tenant.session.within(STOP_SECONDS):
        if not plan.case.tenant_ids and tenant_question(plan.case, tenant):
            confirm_tenant(plan.case, tenant, tenant.domain)
        reading = min(seconds, tenant.session.time_left() - STEP_SECONDS * len(plan.steps))
        with tenant.session.within(reading):
            stopped.snapshot = take(plan.case, tenant, plan.target, seconds=reading, progress=progress)
        due: dict[str, float] = {}  # key of a step to come back to → the time left when the service may be asked
        for left_over, step in zip(range(len(plan.steps), 0, -1), plan.steps, strict=True):
            outcome = act(step, tenant.session.time_left() / left_over)
            stopped.outcomes[step.action.title] = outcome
            if outcome.wait is not None:
                due[step.action.key] = tenant.session.time_left() - outcome.wait
        for key, at in due.items():
            if min(at, tenant.session.time_left()) >= STEP_SECONDS:
                tenant.sleep(max(0.0, tenant.session.time_left() - at))
                step = plan.step(key)
                stopped.outcomes[step.action.title] = act(step, tenant.session.time_left())
    return stopped
