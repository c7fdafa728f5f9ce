"""The ledger's lines as they stand in the journal: for every window that was asked for, what came and what may be said.

`collect` writes them; here they are read, and made into the table `coverage` (columns: `tables.COVERAGE`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from toolkit.case.journal import Journal
from toolkit.tables import COVERAGE

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
STATE_OF_ACCOUNT = "state of the account"
STATE_OF_ORGANISATION = "state of the organisation"
CAME = (COMPLETE, UNCONFIRMED, PROVISIONAL, PARTIAL)
"""States of which records may stand in the case, however the next answer ends."""


@dataclass(frozen=True)
class Line:
    """One line of the ledger. Times are UTC, ISO 8601; `throttled` is in seconds.

    `expected` is what the service itself says there is; `only_here` and `only_there` are ids that only one of two
    pulls had (at most twenty each), where they disagree. `received` counts the fullest pull, `duplicates` what came
    twice within it, `records` what is distinct in all pulls; `rejected` is how many records of its own pages were set
    aside; `files` are the evidence files with these (SHA-256). `request_ids` are the last client-request-ids that were
    sent (at most twenty), under which the service's own logs know the calls. `in_vain` is when it was asked for again
    and worse came than stands here; "" for never.
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
    in_vain: str = ""

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
_AS: dict[str, Any] = {"int": "Int64", "float": "Float64"}
_OTHERWISE = {"window_start": "start", "window_end": "end", "throttled_seconds": "throttled"}


def lines_of(journal: Journal) -> list[Line]:
    """What stands of every window, oldest window first; what a later version added is left out.

    That is its newest line, unless that is worse than one before it: then the earlier one, with what became of asking
    again. A window that was left open and is part of one that was settled later is left out. What was planned and
    never asked for is among them, as "not asked yet".
    """
    newest: dict[tuple[str, str, str, str, str], tuple[Line, Line | None]] = {}
    for line in answers_of(journal):
        stands = newest.get(line.key)
        newest[line.key] = (stands[0], line) if stands and _worse(line, stands[0]) else (line, None)
    asked = [line if vain is None else _kept(line, vain) for line, vain in newest.values()]
    found = sorted([*asked, *_unasked(journal, asked)], key=lambda line: (line.source, line.account, line.start))
    final = [line for line in found if not line.needs_asking]
    return [line for line in found if not (line.needs_asking and any(other.covers(line) for other in final))]


def answers_of(journal: Journal) -> Iterator[Line]:
    """Every line that was ever written, in that order: what came whenever a window was asked for."""
    for entry in journal.entries(ASKED):
        yield Line(**{name: value for name, value in entry.fields.items() if name in COLUMNS})


def _worse(line: Line, stands: Line) -> bool:
    """Whether an answer brought less than an earlier one, and is no whole one."""
    return stands.state in CAME and (
        line.state in (FAILED, NOT_AVAILABLE) or (line.state == PARTIAL and line.records < stands.records)
    )


def _kept(stands: Line, vain: Line) -> Line:
    """What came earlier, with what became of asking again; of a state only the newest is whole."""
    of_state = stands.source in (STATE_OF_ACCOUNT, STATE_OF_ORGANISATION)
    ended = f"{vain.state}, {vain.records:,} records" if vain.state == PARTIAL else vain.state
    asked = f"What came on {_minute(stands.pulled)} is kept; asked for again on {_minute(vain.pulled)}: {ended}"
    return replace(
        stands,
        state=PARTIAL if of_state else stands.state,
        reason=" ".join(filter(None, [_sentence(stands.reason), f"{asked} ({vain.reason or 'no reason given'})."])),
        files=sorted({*stands.files, *vain.files}),
        in_vain=vain.pulled,
    )


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _unasked(journal: Journal, asked: list[Line]) -> Iterator[Line]:
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
    for entry in journal.entries(PLANNED):
        for source, road, account, start, end in entry.fields["windows"]:
            if road:
                own = spans.get((source, road, account), [])
                covered = any(first <= start and end <= last for first, last in own)
            else:
                covered = latest.get((source, account), "") >= end
            if not covered and (source, road, account, start, end) not in seen:
                seen.add((source, road, account, start, end))
                yield Line(source, account, start, end, road, entry.fields["since"], UNASKED, NOT_YET)


def coverage(journal: Journal) -> pd.DataFrame:
    """The table `coverage`: a row for each line, times in UTC, `expected` empty where the service does not say it."""
    rows = [asdict(line) for line in lines_of(journal)]
    frame = pd.DataFrame(
        {column.name: [row[_OTHERWISE.get(column.name, column.name)] for row in rows] for column in COVERAGE.columns}
    )
    for column in COVERAGE.columns:
        name = column.name
        if column.kind == "time":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        else:
            frame[name] = frame[name].astype(_AS.get(column.kind, "string"))
    return frame
