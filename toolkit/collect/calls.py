"""Every call of a collection by its client-request-id, to be found in the case as in the service's logs.

Those of signing in are not among them: MSAL sends them, with ids of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from toolkit.case import Case
from toolkit.collect.ledger import ASKED, SAID, Line
from toolkit.tenant import Tenant

CALLS = "collect.calls"
BESIDES = "besides the windows"
"""The source of the calls that no window and no list of a state took: whose tenant it is, what will work, who an
account is, what time it is there, which licences there are."""
How = ParamSpec("How")
Done = TypeVar("Done")


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


@contextmanager
def every_call(case: Case, tenant: Tenant) -> Iterator[None]:
    """Note at the end, that of an error too, the calls inside the block that the journal does not name yet."""
    with tenant.session.meters.measure() as meter:
        try:
            yield
        finally:
            named = {one for e in case.journal.entries(ASKED, CALLS) for one in e.fields.get("request_ids") or ()}
            note_calls_of(case, BESIDES, [one for one in meter.request_ids if one not in named])


def with_every_call(
    work: Callable[Concatenate[Case, Tenant, How], Done],
) -> Callable[Concatenate[Case, Tenant, How], Done]:
    """The same work, inside of `every_call`."""

    @wraps(work)
    def noted(case: Case, tenant: Tenant, /, *args: How.args, **kwargs: How.kwargs) -> Done:
        with every_call(case, tenant):
            return work(case, tenant, *args, **kwargs)

    return noted
