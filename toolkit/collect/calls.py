"""Every call of a collection by its client-request-id, to be found in the case as in the service's logs."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.case import Case
from toolkit.collect.ledger import SAID, Line

CALLS = "collect.calls"


def note_calls(case: Case, line: Line, calls: Sequence[str]) -> None:
    """Note all calls of a window in the journal, where they are more than its line in the ledger names."""
    if len(calls) > SAID:
        whose = {"source": line.source, "road": line.road, "account": line.account}
        case.journal.append(
            CALLS, practice=case.practice, **whose, start=line.start, end=line.end, request_ids=[*calls]
        )


def note_calls_of(case: Case, source: str, calls: Sequence[str]) -> None:
    """Note the calls of what has no windows, such as the readings of a state."""
    if calls:
        case.journal.append(CALLS, practice=case.practice, source=source, request_ids=[*calls])
