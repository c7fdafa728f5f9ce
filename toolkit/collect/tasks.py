"""Which windows to ask for: the steps back in time of a profile, for accounts or for marks of the attacker's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from toolkit.collect.marks import ADDRESS, APP, DEVICE, SESSION, Mark
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Asked
from toolkit.collect.roads.graph_lists import InteractiveSignIns, NonInteractiveSignIns
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.window import DAY, Window
from toolkit.contain.target import Target

EVERYBODY = ""  # the account of what concerns the whole organisation
WEEK = 7 * DAY
FRESH = 2 * DAY
"""How much of the newest is asked for by days, as it may still grow."""
# The roads that can look for a mark in everybody's records.
PIVOTS: dict[str, tuple[type[Road], ...]] = {
    ADDRESS: (SearchLog, InteractiveSignIns, NonInteractiveSignIns),
    SESSION: (SearchLog,),
    APP: (SearchLog, InteractiveSignIns, NonInteractiveSignIns),
    DEVICE: (SearchLog,),
}


@dataclass(frozen=True)
class Task:
    """One window of one road to ask for."""

    road: Road
    account: str
    asked: Asked
    path: Path


def steps_back(chosen: Profile, targets: list[Target], now: datetime, scratch: Path) -> Iterator[list[Task]]:
    """The tasks of each step back in time, the newest windows of all roads first."""
    newest = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    number = 0
    for before, days in zip((0, *chosen.days), chosen.days, strict=False):
        tasks: list[Task] = []
        for kind in chosen.roads:
            road = kind(chosen.options)
            if not road.wanted or (road.once and before):
                continue
            if road.once:
                windows = [Window(newest - road.once, newest)]
            else:
                reach = min(timedelta(days=days), road.reach or timedelta(days=days))
                if reach <= timedelta(days=before):
                    continue
                span = Window(newest - reach - DAY, newest - timedelta(days=before) - (DAY if before else timedelta(0)))
                windows = span.cut(road.longest, FRESH)
            about = [("", EVERYBODY)] if road.everybody else [(t.object_id, t.user_principal_name) for t in targets]
            for object_id, name in about:
                for window in windows:
                    path = scratch / f"{(number := number + 1)}.json"
                    tasks.append(Task(road, name, Asked(object_id, name, window), path))
        yield sorted(tasks, key=lambda task: task.asked.window.end, reverse=True)


def steps_of_marks(chosen: Profile, marks: Sequence[Mark], now: datetime, scratch: Path) -> Iterator[list[Task]]:
    """The tasks that look for marks, newest windows first; windows are long, as a mark is seldom."""
    newest = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    days, number = max(chosen.days), 0
    tasks = []
    for mark in marks:
        for kind in PIVOTS[mark.kind]:
            road = kind(chosen.options)
            reach = min(timedelta(days=days), road.reach or timedelta(days=days))
            for window in Window(newest - reach, newest).cut(WEEK):
                path = scratch / f"{(number := number + 1)}.json"
                tasks.append(Task(road, str(mark), Asked("", "", window, mark), path))
    yield sorted(tasks, key=lambda task: task.asked.window.end, reverse=True)
