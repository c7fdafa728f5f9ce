"""Which control would have stopped which step of what was found, and whether it was on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from toolkit.case.verdicts import Verdict
from toolkit.detect import Finding
from toolkit.harden.control import NOT_ASSESSED, NOT_TOLD, OFF, ON, PARTLY, Control, Said
from toolkit.harden.score import ScoreReport
from toolkit.harden.weights import STOPS, Standing, Weight, answer_to, standing, weight_of, weights

LAST = datetime.max.replace(tzinfo=UTC)
STATES = (OFF, PARTLY, ON, NOT_ASSESSED, NOT_TOLD)
NO_CONTROL = "No control of Secure Score that we know would have stopped this step."
ONLY_HINDERED = "No control would surely have stopped this step; some could have."
WAS_ON = "It counts as on and did not stop it: look for accounts that are left out of it."
NOTHING_FOUND = "There is no finding to go through: either nothing was looked for yet, or all were judged the owner's."


@dataclass(frozen=True)
class Obstacle:
    """One control in the way of a step: `how` it would have acted, its `state` in the newest score, `limits`.

    `note` says what a reader has to know about that state; `said` is what the organisation says of the control.
    """

    control_id: str
    name: str
    how: str
    state: str
    limits: str = ""
    note: str = ""
    said: Said | None = None


@dataclass(frozen=True)
class WhatIfStep:
    """One finding (`first` in UTC) with the controls that would or could have stopped it, the surest first.

    `confirmed`: a person judged it the attacker's. `text` says in a sentence how the step stands.
    """

    finding: Finding
    confirmed: bool
    obstacles: tuple[Obstacle, ...]
    text: str

    def names(self, how: str) -> set[str]:
        """The ids of the controls that act so (`STOPS`, `HINDERS`)."""
        return {o.control_id for o in self.obstacles if o.how == how}


@dataclass
class WhatIf:
    """The steps by time, and sentences about what the answer rests on."""

    steps: list[WhatIfStep] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def unstopped(self) -> list[WhatIfStep]:
        """The steps that no control would surely have stopped."""
        return [step for step in self.steps if not step.names(STOPS)]

    def to_frame(self) -> pd.DataFrame:
        """One row a step and control, also where a step has none.

        Columns: time (UTC), detection, step, user, confirmed, control, name, how, state, limits.
        """
        rows = []
        for step in self.steps:
            f = step.finding
            head = (f.first, f.id, f.title, f.user, step.confirmed)
            rows += [(*head, o.control_id, o.name, o.how, o.state, o.limits) for o in step.obstacles]
            if not step.obstacles:
                rows.append((*head, "", "", step.text, "", ""))
        names = ["time", "detection", "step", "user", "confirmed", "control", "name", "how", "state", "limits"]
        frame = pd.DataFrame(rows, columns=names)
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame


def what_if(report: ScoreReport, findings: Iterable[Finding], given: Mapping[str, Verdict] | None = None) -> WhatIf:
    """Go through the findings that stand, by time, and name what would have been in the way of each.

    `given` are the analyst's verdicts: what was judged the owner's does not count, and what is of low severity counts
    only if it was judged the attacker's. Controls are those of `reference/control_weights.csv`.
    """
    counted = standing(findings, given)
    ordered = sorted(counted, key=lambda s: (s.finding.first or LAST, s.finding.id, s.finding.user))
    controls = {w.control_id: c for c in report.controls if (w := weight_of(c)) is not None}
    absent = NOT_ASSESSED if any(c.scored and not c.listed for c in report.controls) else NOT_TOLD
    result = WhatIf([_step(one, controls, absent) for one in ordered])
    if not counted:
        result.notes.append(NOTHING_FOUND)
    if not report.controls:
        result.notes.append("Whether the controls are on: not checked. " + " ".join(report.not_checked))
    elif report.controls_day is not None:
        result.notes.append(
            f"Whether a control is on is as the score of {report.controls_day:%Y-%m-%d} counts it, which may differ "
            "from how it was at the time of the step."
        )
    if any(c.listed for c in report.controls):
        result.notes.append(
            "Where no score tells it, whether a control is on is as the portal's list had it on the day of its export, "
            "which may differ from how it was at the time of the step."
        )
    if counted and not any(s.confirmed for s in counted):
        result.notes.append(
            "Nobody has judged the findings yet (notebook 1): the steps are what the evidence suggests."
        )
    return result


def _step(one: Standing, controls: Mapping[str, Control], absent: str) -> WhatIfStep:
    obstacles = []
    for weight in weights().values():
        how = answer_to(weight, one)
        if how:
            control = controls.get(weight.control_id)
            state = control.state if control else absent
            note = WAS_ON if state == ON and how == STOPS else ""
            said = control.said if control else None
            obstacles.append(Obstacle(weight.control_id, weight.name, how, state, weight.limits, note, said))
    obstacles.sort(key=lambda o: (o.how != STOPS, -_weight(o).weight))
    return WhatIfStep(one.finding, one.confirmed, tuple(obstacles), _said(obstacles))


def _weight(obstacle: Obstacle) -> Weight:
    return weights()[obstacle.control_id.lower()]


def _said(obstacles: list[Obstacle]) -> str:
    sure = [o for o in obstacles if o.how == STOPS]
    if not obstacles:
        return NO_CONTROL
    if not sure:
        return ONLY_HINDERED
    told = f"{len(sure)} controls would have stopped" if len(sure) > 1 else "One control would have stopped"
    counts = ((sum(o.state == state for o in sure), state) for state in STATES)
    states = ", ".join(f"{count} {state}" if len(sure) > 1 else state for count, state in counts if count)
    return f"{told} this step: {states}."
