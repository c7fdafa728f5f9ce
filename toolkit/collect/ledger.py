"""The ledger: for every window that was asked for, what was expected, what came, and what may be said about it.

Its lines stand in the case's journal, so that none can be taken out unnoticed. The newest line of a window counts,
unless it is worse than what stands: what came is kept, and the line says that asking again came to nothing.
What a collection sets out to ask for stands there before it begins: stopped or killed, it leaves windows that are
known to be unasked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pandas as pd

from toolkit.case import Case
from toolkit.case.coverage import ASKED as ASKED
from toolkit.case.coverage import COLUMNS as COLUMNS
from toolkit.case.coverage import COMPLETE as COMPLETE
from toolkit.case.coverage import FAILED as FAILED
from toolkit.case.coverage import NOT_AVAILABLE as NOT_AVAILABLE
from toolkit.case.coverage import NOT_YET as NOT_YET
from toolkit.case.coverage import PARTIAL as PARTIAL
from toolkit.case.coverage import PLANNED as PLANNED
from toolkit.case.coverage import PROVISIONAL as PROVISIONAL
from toolkit.case.coverage import STATES as STATES
from toolkit.case.coverage import UNASKED as UNASKED
from toolkit.case.coverage import UNCONFIRMED as UNCONFIRMED
from toolkit.case.coverage import Line as Line
from toolkit.case.coverage import answers_of as answers_of
from toolkit.case.coverage import lines_of
from toolkit.case.journal import iso
from toolkit.collect.pull import Pull
from toolkit.collect.window import Window

CLOSED_AFTER = timedelta(hours=24)
"""Records reach the logs late; a window that ended less than this before it was asked for may still grow."""
SAID = 20


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


def set_aside(case: Case, files: Collection[str]) -> pd.DataFrame:
    """The records of evidence files (SHA-256) that were set aside; columns as `Case.rejected`."""
    found = case.rejected()
    return found[found.file.isin(list(files))]


def without(line: Line, reasons: Sequence[str]) -> Line:
    """The line of a window of which records were set aside, one for each reason: it lacks them, and says why."""
    if not reasons:
        return line
    count, kinds = len(reasons), list(dict.fromkeys(reasons))
    more = f"; the others: {'; '.join(kinds[1:3])}{' …' if len(kinds) > 3 else ''}" if len(kinds) > 1 else ""
    said = f"{count:,} record{'' if count == 1 else 's'} set aside: {kinds[0]}{more}"
    before = line.reason if not line.reason or line.reason.endswith(".") else f"{line.reason};"
    whole = line.state in (COMPLETE, UNCONFIRMED, PROVISIONAL)
    return replace(
        line, rejected=count, state=PARTIAL if whole else line.state, reason=" ".join(filter(None, [before, said]))
    )


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
    """What stands of every window, oldest window first; see `toolkit.case.coverage.lines_of`."""
    return lines_of(case.journal)


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
