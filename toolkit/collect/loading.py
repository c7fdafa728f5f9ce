"""Pages of windows become evidence, and only then their lines stand in the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from toolkit.case import Case
from toolkit.collect.calls import note_calls
from toolkit.collect.ledger import FAILED, Line, write
from toolkit.collect.names import file_name, person
from toolkit.collect.tasks import Task
from toolkit.errors import EvidenceError

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
        rejected, files = 0, []
        if paths:
            named = _named([task for task, _ in each if task.path in paths])
            paths[0].rename(named)
            for path in paths[1:]:
                with open(named, "ab") as whole, open(path, "rb") as more:
                    shutil.copyfileobj(more, whole)
                path.unlink()
            try:
                accounts = case.load(named, report=lambda what, share: None).files
                rejected, files = sum(a.rejected for a in accounts), sorted({a.sha256 for a in accounts})
            except EvidenceError as error:
                each = [(task, (_unreadable(line, str(error)), calls)) for task, (line, calls) in each]
            named.unlink()
        for task, (line, calls) in each:
            told = replace(line, rejected=rejected, files=files) if task.path in paths else line
            note_calls(case, told, calls)
            write(case, told)
            kept.append(told)
    return kept


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
