"""How much of a collection is behind it: of its parts, one after the other, one share that only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Report = Callable[[str, float], None]
"""Told what is being done, and how much of all is behind it (0 to 1)."""


def part(report: Report, start: float, end: float) -> Report:
    """A report for what leads from one share of the whole to another."""
    return lambda what, share: report(what, start + (end - start) * share)


def in_turn(report: Report, sizes: Sequence[float]) -> Iterator[Report]:
    """A report for each of some parts, by how large each is."""
    before, whole = 0.0, sum(sizes)
    for size in sizes:
        yield part(report, before / whole, (before + size) / whole)
        before += size


class Readings:
    """What `snapshot.look` tells, how much is behind it and then what is read, as one report."""

    def __init__(self, report: Report) -> None:
        self._report, self._share = report, 0.0

    def share(self, share: float) -> None:
        self._share = share

    def progress(self, text: str) -> None:
        self._report(text, self._share)
