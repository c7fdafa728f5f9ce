"""Where each step of a plan is while its steps are run: what its card says before the account is read again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from toolkit import contain
from toolkit.contain import Outcome, Plan, Step
from toolkit.contain.action import State
from toolkit.contain.plan import ALREADY_SO, OFFERED_AGAIN, TO_DO
from toolkit.errors import ToolkitError

WAITING, RUNNING = "waiting", "running …"


def as_left(plan: Plan, key: str, outcome: Outcome) -> Step:
    """The step of a key as its own run left it, from the reading that the run itself made.

    Its undo is known only when the account is read again.
    """
    step = plan.step(key)
    if outcome.status == ALREADY_SO and plan.tenant is not None:
        with suppress(ToolkitError):
            return replace(step, status=ALREADY_SO, before=step.action.read(plan.tenant, plan.target), undo=None)
    record = next((r for r in contain.records(plan.case) if r.run == outcome.run), None)
    if record is None or outcome.status == "refused":
        return step
    now = State(record.read_values, record.read_date) if record.read_values else step.before
    status = OFFERED_AGAIN if record.to_offer_again else outcome.status
    if record.direction == "undo" and status == "done":
        status = TO_DO
    return replace(step, status=status, before=now, record=record, undo=None)


def with_step(plan: Plan, step: Step) -> Plan:
    """The plan with one of its steps as it stands now; it is the same plan, with the same calls."""
    steps = [step if old.action.key == step.action.key else old for old in plan.steps]
    return replace(plan, steps=steps)
