"""The ledger: for every window that was asked for, what was expected, what came, and what may be said about it.

Its lines stand in the case's journal, so that none can be taken out unnoticed; the newest line of a window counts.
What a collection sets out to ask for stands there before it begins: stopped or killed, it leaves windows that are
known to be unasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from toolkit.case import Case
from toolkit.case.journal import iso
from toolkit.collect.pull import Pull
from toolkit.collect.window import Window

ASKED = "collect.window"
PLANNED = "collect.planned"
COMPLETE = "complete"
PROVISIONAL = "provisional"
UNCONFIRMED = "complete but unconfirmed"
PARTIAL = "partial"
FAILED = "failed"
NOT_AVAILABLE = "not available"
UNASKED = "not asked yet"
STATES = (COMPLETE, UNCONFIRMED, PROVISIONAL, PARTIAL, FAILED, NOT_AVAILABLE, UNASKED)
NOT_YET = "planned, and not asked for yet"
CLOSED_AFTER = timedelta(hours=24)
"""Records reach the logs late; a window that ended less than this before it was asked for may still grow."""
SAID = 20


@dataclass(frozen=True)
class Line:
    """One line of the ledger. Times are UTC, ISO 8601; `throttled` is in seconds.

    `expected` is what the service itself says there is; `only_here` and `only_there` are ids that only one of two
    pulls had (at most twenty each), where they disagree. `received` counts the first pull, `records` what is distinct
    in all of them, `duplicates` the rest of what came; `rejected` is how many records of its evidence files were set
    aside; `files` are those files (SHA-256). `request_ids` are the last client-request-ids that were sent (at most
    twenty), under which the service's own logs know the calls.
    """

    source: str
    account: str
    start: str
    end: str
    road: str
    pulled: str
    state: str
    reason: str = ""
    expected: int | None = None
    received: int = 0
    records: int = 0
    duplicates: int = 0
    rejected: int = 0
    splits: int = 0
    retries: int = 0
    throttled: float = 0.0
    only_here: list[str] = field(default_factory=list)
    only_there: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return self.source, self.road, self.account, self.start, self.end

    def covers(self, other: Line) -> bool:
        """Whether this line says of a wider window what the other left open."""
        same = (self.source, self.road, self.account) == (other.source, other.road, other.account)
        return same and self.start <= other.start and other.end <= self.end and self.pulled >= other.pulled

    @property
    def needs_asking(self) -> bool:
        """Whether asking again may bring more."""
        return self.state in {PROVISIONAL, PARTIAL, FAILED, UNASKED}


COLUMNS = tuple(Line.__dataclass_fields__)


def state_of(pull: Pull, window: Window, pulled: datetime, *, agreed: bool) -> str:
    """What may be said of a window. `agreed`: a second pull or a second road brought the same."""
    if not pull.available:
        return NOT_AVAILABLE
    if not pull.whole:
        return PARTIAL if pull.received else FAILED
    if pull.narrow:
        return PARTIAL
    if pulled - window.end < CLOSED_AFTER:
        return PROVISIONAL
    return COMPLETE if agreed else UNCONFIRMED


def write(case: Case, line: Line) -> None:
    """Append a line."""
    case.journal.append(ASKED, practice=case.practice, **asdict(line))


def plan(case: Case, windows: Iterable[Line]) -> None:
    """Note what is going to be asked for and is not in the ledger yet: of each line its source, account and window."""
    known = {line.key for line in lines(case)}
    fresh = [line for line in windows if line.key not in known]
    if fresh:
        told = [[line.source, line.road, line.account, line.start, line.end] for line in fresh]
        case.journal.append(PLANNED, practice=case.practice, since=fresh[0].pulled, windows=told)


def lines(case: Case) -> list[Line]:
    """The newest line of every window, oldest window first; what a later version added is left out.

    A window that was left open and is part of one that was settled later is left out too. What was planned and never
    asked for is among them, as "not asked yet".
    """
    newest: dict[tuple[str, str, str, str, str], Line] = {}
    for entry in case.journal.entries(ASKED):
        line = Line(**{name: value for name, value in entry.fields.items() if name in COLUMNS})
        newest[line.key] = line
    asked = list(newest.values())
    found = sorted([*asked, *_unasked(case, asked)], key=lambda line: (line.source, line.account, line.start))
    final = [line for line in found if not line.needs_asking]
    return [line for line in found if not (line.needs_asking and any(other.covers(line) for other in final))]


def _unasked(case: Case, asked: list[Line]) -> Iterator[Line]:
    """What was planned and lies, in part at least, outside of all that was asked for, each once.

    A state is planned without a road, for it has as many as lists; read at any time since, it was asked for.
    """
    spans: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    latest: dict[tuple[str, str], str] = {}
    for line in sorted(asked, key=lambda line: line.start):
        own = spans.setdefault((line.source, line.road, line.account), [])
        if own and line.start <= own[-1][1]:
            own[-1] = own[-1][0], max(own[-1][1], line.end)
        else:
            own.append((line.start, line.end))
        latest[line.source, line.account] = max(latest.get((line.source, line.account), ""), line.end)
    seen = set()
    for entry in case.journal.entries(PLANNED):
        for source, road, account, start, end in entry.fields["windows"]:
            if road:
                own = spans.get((source, road, account), [])
                covered = any(first <= start and end <= last for first, last in own)
            else:
                covered = latest.get((source, account), "") >= end
            if not covered and (source, road, account, start, end) not in seen:
                seen.add((source, road, account, start, end))
                yield Line(source, account, start, end, road, entry.fields["since"], UNASKED, NOT_YET)


def ledger(case: Case) -> pd.DataFrame:
    """The ledger as a table, one row a window; columns as in `Line`, `start`, `end` and `pulled` as UTC times."""
    frame = pd.DataFrame([asdict(line) for line in lines(case)], columns=list(COLUMNS))
    for name in ("start", "end", "pulled"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def line_of(
    source: str, account: str, window: Window, road: str, pulled: datetime, pull: Pull, *, agreed: bool
) -> Line:
    """The line of a pull, before its records were loaded."""
    return Line(
        source, account, iso(window.start), iso(window.end), road, iso(pulled),
        state_of(pull, window, pulled, agreed=agreed), pull.reason, pull.expected, pull.received, len(pull.ids),
        splits=pull.splits,
    )  # fmt: skip
