"""Pages of windows become evidence, and only then their lines stand in the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from itertools import accumulate
from pathlib import Path

import pandas as pd

from toolkit.case import Case
from toolkit.collect.calls import note_calls
from toolkit.collect.ledger import FAILED, Line, set_aside, without, write
from toolkit.collect.names import file_name, person
from toolkit.collect.tasks import Task
from toolkit.formats.json_records import Pages, records

Came = tuple[Line, list[str]]
"""What came of a window, and the client-request-ids of every call that it took."""


def load(case: Case, pulled: Sequence[tuple[Task, Came]]) -> list[Line]:
    """Load the pages as evidence, and then write the lines: never the other way round.

    What was asked for about one account, or one mark, by one road becomes one file: it tells which road has what.
    """
    together: dict[tuple[str, str, str], list[tuple[Task, Came]]] = {}
    for task, came in pulled:
        together.setdefault((task.road.source, task.road.name, task.account), []).append((task, came))
    kept = []
    for each in together.values():
        paths = [task.path for task, _ in each if task.path.exists()]
        lost: dict[Path, list[str]] = {}
        files: list[str] = []
        if paths:
            sizes = [path.stat().st_size for path in paths]
            named = _named([task for task, _ in each if task.path in paths])
            paths[0].rename(named)
            for path in paths[1:]:
                with open(named, "ab") as whole, open(path, "rb") as more:
                    shutil.copyfileobj(more, whole)
                path.unlink()
            accounts = case.load(named, report=lambda what, share: None).files
            files = sorted({a.sha256 for a in accounts if a.sha256})
            if any(a.rejected for a in accounts):
                own = _in_parts(set_aside(case, files), _records_of(named, sizes), sum(a.read for a in accounts))
                lost = dict(zip(paths, own, strict=True))
            if unread := [note for a in accounts if not a.format for note in a.notes]:
                each = [(task, (_unreadable(line, " ".join(unread)), calls)) for task, (line, calls) in each]
            named.unlink()
        for task, (line, calls) in each:
            told = without(replace(line, files=files), lost.get(task.path, [])) if task.path in paths else line
            note_calls(case, told, calls)
            write(case, told)
            kept.append(told)
    return kept


def _records_of(path: Path, sizes: Sequence[int]) -> list[int]:
    """How many records stand in each part of a file, whose sizes are in bytes."""
    with open(path, "rb") as file:
        texts = (file.read(size).decode("utf-8-sig", "replace") for size in sizes)
        return [sum(1 for _ in records(StringIO(text), Pages())) for text in texts]


def _in_parts(rejected: pd.DataFrame, counts: Sequence[int], read: int) -> list[list[str]]:
    """Why records were set aside, for each part of a file with so many records, what came in two answers once.

    Where the parts have not as many records as were read of the whole, nobody knows whose they are: the first has them.
    """
    ends = list(accumulate(counts)) if sum(counts) == read else [read, *[0] * (len(counts) - 1)]
    found: list[dict[str, str]] = [{} for _ in counts]
    for position, reason, text in zip(rejected.position, rejected.reason, rejected.text, strict=True):
        part = next((number for number, end in enumerate(ends) if position <= end), 0)
        found[part].setdefault(str(text), str(reason))
    return [list(reasons.values()) for reasons in found]


def _unreadable(line: Line, why: str) -> Line:
    """The line of a window of which something came that no table takes in; what was settled without stays."""
    return replace(line, state=FAILED, reason=f"what came cannot be read: {why}") if line.received else line


def _named(tasks: list[Task]) -> Path:
    """Where what these tasks brought about one account or mark is put together, under a name that says what it is."""
    first = tasks[0]
    about = str(first.asked.mark) if first.asked.mark is not None else person(first.account)
    windows = [task.asked.window for task in tasks]
    name = file_name(
        first.road.source, about, min(window.start for window in windows), max(window.end for window in windows)
    )
    return first.path.with_name(name)
