"""Whether the searches that a file holds are whole, by the index and the count that the service wrote at each record.

No export says which search a record came by. Records stand in the order in which they were given: where the index
begins again, the count changes, or the time turns round, another search began. Where a file was sorted since, the
order says nothing, and it is counted how often each index came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEADY = 5
"""So many records in a row in one direction of time, before one that goes the other way begins another search."""
IN_ORDER = 0.5
"""The share of indices that are one more than the one before, from which on a file counts as unsorted since."""


@dataclass(frozen=True)
class Counted:
    """One record: its `index` in the search, the search's `count`, its `identity`, its `time` (seconds) if known."""

    index: int | None
    count: int
    identity: str
    time: float | None


@dataclass(frozen=True)
class Found:
    """How many records `lacking` of those that the service `said` there are, the `most` of one search; whether one is
    `broken`."""

    lacking: int
    said: int
    most: int
    broken: bool


def counted(records: Iterable[Counted]) -> Found | None:
    """What the records of a file, in its order, say of the searches in it; None where none has a count."""
    every = list(records)
    if not every:
        return None
    broken = any((record.index or 0) < 0 or record.count == 0 for record in every)
    known = [record for record in every if record.index is not None and 1 <= record.index <= record.count]
    lacking = said = 0
    for count, seen in _searches(known):
        said += count
        lacking += count - seen
    for count in {record.count for record in every} - {record.count for record in known}:
        said, lacking = said + count, lacking + count
    return Found(lacking, said, max(record.count for record in every), broken)


def _searches(known: Sequence[Counted]) -> list[tuple[int, int]]:
    """Of each search its count, and how many of its indices are there."""
    runs = list(_runs(known))
    steps = sum(len(run) - 1 for run in runs)
    if known and steps >= IN_ORDER * len(known):
        return [(run[0].count, len({record.index for record in run})) for run in runs]
    found = []
    by_count: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in known:
        by_count[record.count][record.index or 0].add(record.identity)
    for count, indices in by_count.items():
        for nth in range(max(len(names) for names in indices.values())):
            found.append((count, sum(len(names) > nth for names in indices.values())))
    return found


def _runs(known: Iterable[Counted]) -> Iterable[list[Counted]]:
    """The records of each search, as far as the order tells; one that came twice is in it once."""
    run: list[Counted] = []
    seen: set[tuple[int | None, str]] = set()
    way = steady = 0
    for record in known:
        if run and record.count == run[-1].count and (record.index, record.identity) in seen:
            continue
        turn = _way(run[-1], record) if run else 0
        turned = bool(turn and way and turn != way and steady >= STEADY)
        if run and (record.count != run[-1].count or (record.index or 0) <= (run[-1].index or 0) or turned):
            yield run
            run, seen, way, steady, turn = [], set(), 0, 0, 0
        if turn:
            steady = steady + 1 if turn == way else 1 if not way else -len(run)
            way = way or turn
        run.append(record)
        seen.add((record.index, record.identity))
    if run:
        yield run


def _way(before: Counted, after: Counted) -> int:
    """Whether time goes on (1), back (-1), or neither can be said."""
    if before.time is None or after.time is None or before.time == after.time:
        return 0
    return 1 if after.time > before.time else -1
