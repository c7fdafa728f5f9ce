"""The careful way to read a CSV: row by row, for files that are broken somewhere.

The fast way is DuckDB's reader, which refuses a file with any broken row. This one rejects the broken rows, with
line and reason, and keeps the rest.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

MAX_CELL = 2**30
MAX_LINES_PER_ROW = 20_000


@dataclass(frozen=True)
class Row:
    """One row: `line` is where it starts (from 1), `cells` its values; with a `problem`, the broken lines."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""


def rows(file: TextIO, width: int, delimiter: str) -> Iterator[Row]:
    """The rows behind the header. Lines that fit in no row are rejected together, up to the next row that fits."""
    csv.field_size_limit(MAX_CELL)
    lines = _Lines(file)
    broken: Row | None = None
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.mark()
        try:
            cells = tuple(next(reader))
            problem = "" if len(cells) == width else f"has {len(cells)} of the header's {width} cells"
        except StopIteration:
            break
        except csv.Error as error:
            cells, problem = (), f"is broken: {error}"
        if not problem:
            if broken:
                yield broken
            broken = None
            yield Row(lines.start, cells)
        elif cells or problem.startswith("is broken"):
            # Only its first line is given up: the next row that fits may begin on the second.
            first = lines.give_back_all_but_first()
            broken = Row(
                *(broken.line, (*broken.cells, first), broken.problem) if broken else (lines.start, (first,), problem)
            )
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
    if broken:
        yield broken


class _Lines:
    """Physical lines for the csv reader, some of which can be given back. The header is line 1."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self.start = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= MAX_LINES_PER_ROW:
            raise csv.Error(f"it runs over {MAX_LINES_PER_ROW} lines")
        line = self._back.popleft() if self._back else next(self._file)
        self._taken.append(line)
        return line

    def mark(self) -> None:
        """A new row starts here."""
        self.start += len(self._taken) or (1 if self.start == 1 else 0)
        self._taken = []

    def give_back_all_but_first(self) -> str:
        first, *rest = self._taken
        self._back.extendleft(reversed(rest))
        self._taken = [first]
        return first
