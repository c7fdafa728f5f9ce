"""The roadmap: first day, 30 days, 90 days, beyond; what data ticks, what people tick, each kept apart from the other.

A person's tick is an entry of the journal, with who and when. What data says is looked at anew each time, and never
written over a person's word; where the two differ, both are shown.

Source: Microsoft's roadmap after a compromise, brought up to date (playbook 7.3 and 8); CISA SCuBA baselines.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from toolkit import reference
from toolkit.case import Case
from toolkit.case.verdicts import operator
from toolkit.contain.snapshot import Snapshot
from toolkit.detect import Triage, triage
from toolkit.errors import UsageError
from toolkit.harden.auditing import AuditingReport, auditing
from toolkit.harden.inputs import Check
from toolkit.harden.mfa import MfaReport, mfa
from toolkit.harden.roadmap_checks import BY_HAND, CHECKS, Known
from toolkit.harden.score import NO_CLOUD, ScoreReport, no_secure_score, secure_score
from toolkit.harden.sending import SendingReport, sending
from toolkit.harden.state import kept_state

KIND = "roadmap"
PHASES = ("first day", "30 days", "90 days", "beyond")
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class Mark:
    """A person's word on one point: done or not, a note, when (UTC text), by whom."""

    item: str
    done: bool
    note: str
    time: str
    by: str

    @property
    def said(self) -> str:
        when = self.time[:16].replace("T", " ")
        return f"{'done' if self.done else 'not done'} by hand, {self.by or 'unknown'}, {when} UTC"


@dataclass(frozen=True)
class RoadmapItem:
    """One point: what `data` says about it, and the `mark` of a person if there is one.

    `benchmark`: ids of CISA's SCuBA baselines. `done` is True only if neither contradicts it.
    """

    id: str
    phase: str
    title: str
    why: str
    benchmark: list[str]
    data: Check
    mark: Mark | None = None

    @property
    def conflict(self) -> bool:
        """Data and a person say different things."""
        return self.mark is not None and self.data.done is not None and self.data.done != self.mark.done

    @property
    def done(self) -> bool:
        if self.conflict:
            return False
        return bool(self.data.done) or (self.mark is not None and self.mark.done)

    @property
    def state(self) -> str:
        """In words: done (data), done (by hand), to do, to do by hand, not checked, or that the two differ."""
        if self.conflict:
            return "data says done, a person says not" if self.data.done else "a person says done, data says not"
        if self.data.done and self.mark is not None:
            return "done (data, and by hand)"
        if self.data.done:
            return "done (data)"
        if self.mark is not None and self.mark.done:
            return "done (by hand)"
        if self.data.done is False or self.mark is not None:
            return "to do"
        return "to do by hand" if self.id not in CHECKS else "not checked"


@dataclass(frozen=True)
class Roadmap:
    """All points in order; `told` says what was looked at."""

    items: list[RoadmapItem]
    told: str = ""
    notes: list[str] = field(default_factory=list)

    def of(self, phase: str) -> list[RoadmapItem]:
        return [item for item in self.items if item.phase == phase]

    def item(self, item_id: str) -> RoadmapItem:
        """The point of an id.

        Raises:
            UsageError: there is none.
        """
        for item in self.items:
            if item.id == item_id:
                return item
        raise UsageError(_unknown(item_id))

    def to_frame(self) -> pd.DataFrame:
        """One row a point: phase, item, title, state, data, by_hand, note, benchmark, why."""
        rows = [
            (
                i.phase, i.id, i.title, i.state, i.data.told, i.mark.said if i.mark else "",
                i.mark.note if i.mark else "", ", ".join(i.benchmark), i.why,
            )
            for i in self.items
        ]  # fmt: skip
        names = ["phase", "item", "title", "state", "data", "by_hand", "note", "benchmark", "why"]
        return pd.DataFrame(rows, columns=names)


@cache
def _points() -> tuple[dict[str, str], ...]:
    with open(reference.path("roadmap.csv"), encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def roadmap(
    case: Case,
    state: Snapshot | None = None,
    *,
    second_factors: MfaReport | None = None,
    outgoing: SendingReport | None = None,
    audits: AuditingReport | None = None,
    score: ScoreReport | None = None,
    found: Triage | None = None,
) -> Roadmap:
    """The roadmap with what data ticks and what people ticked.

    Without `state` the newest that the case has kept is used; reports that were made before can be handed over
    (`mfa`, `sending`, `auditing`, `secure_score`), and the `found` triage. Nothing is asked of a tenant.
    """
    state = state or kept_state(case)
    found = found if found is not None else triage(case)
    known = Known(
        case,
        state,
        second_factors or mfa(case, state, found=found),
        outgoing or sending(case, state),
        audits or auditing(case, state),
        score or secure_score(case, state),
        found.findings,
        NO_CLOUD if no_secure_score(case) else "",
    )
    given = marks(case)
    items = []
    for point in _points():
        check = CHECKS.get(point["id"])
        data = check(known) if check is not None else BY_HAND
        benchmark = [one for one in point["benchmark"].split(";") if one]
        items.append(
            RoadmapItem(
                point["id"], point["phase"], point["title"], point["why"], benchmark, data, given.get(point["id"])
            )
        )
    told = f"{sum(i.done for i in items)} of {len(items)} points are done."
    differing = [i for i in items if i.conflict]
    notes = [f"{i.title}: {i.state}. {i.data.told}" for i in differing]
    return Roadmap(items, told, notes)


def set_roadmap(case: Case, item: str, done: bool | None, note: str = "", by: str = "") -> Mark | None:
    """Write a person's word on a point into the journal: done, not done, or (None) taken back.

    Earlier words stay in the journal and no longer count. `by` is who says it; without it the name of this computer's
    user.

    Raises:
        UsageError: there is no such point, `done` is something else, or the note is too long.
    """
    if item not in {point["id"] for point in _points()}:
        raise UsageError(_unknown(item))
    if done is not None and not isinstance(done, bool):
        raise UsageError(f"{done!r} is no word on a point of the roadmap; it may be True, False or None.")
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"The note has {len(note):,} characters; it may have {LONGEST_NOTE:,}.")
    entry = case.journal.append(KIND, item=item, done=done, note=note.strip(), by=by or operator())
    return _mark(entry.fields, entry.time) if done is not None else None


def marks(case: Case) -> dict[str, Mark]:
    """The word that counts now on each point: the last one given and not taken back."""
    found: dict[str, Mark] = {}
    for entry in case.journal.entries(KIND):
        item = str(entry.fields["item"])
        found.pop(item, None)
        if entry.fields["done"] is not None:
            found[item] = _mark(entry.fields, entry.time)
    return found


def _mark(fields: dict[str, object], time: str) -> Mark:
    return Mark(str(fields["item"]), bool(fields["done"]), str(fields["note"]), time, str(fields["by"]))


def _unknown(item: str) -> str:
    return f"The roadmap has no point {item[:60]!r}; it has {', '.join(point['id'] for point in _points())}."
