"""Which windows to ask for: the steps back in time of a profile, for accounts or for marks of the attacker's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from toolkit.collect.ledger import Line
from toolkit.collect.marks import ADDRESS, APP, DEVICE, SESSION, Mark
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Asked
from toolkit.collect.roads.activity import ActivityFeed
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, NonInteractiveSignIns
from toolkit.collect.roads.log_analytics import (
    WorkspaceDirectoryChanges,
    WorkspaceNonInteractive,
    WorkspaceOfficeActivity,
    WorkspaceSignIns,
)
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.window import DAY, Window
from toolkit.contain.target import Target

EVERYBODY = ""  # the account of what concerns the whole organisation
WEEK = 7 * DAY
FRESH = 2 * DAY
"""How much of the newest is asked for by days, as it may still grow."""
_PEOPLE: tuple[type[Road], ...] = (
    SearchLog,
    AuditSearch,
    InteractiveSignIns,
    NonInteractiveSignIns,
    DirectoryChanges,
    WorkspaceSignIns,
    WorkspaceNonInteractive,
    WorkspaceDirectoryChanges,
    WorkspaceOfficeActivity,
)
# The roads on which a mark is looked for in everybody's records; a road that cannot do it says so in the ledger.
# Applications sign in without a session and without a device.
PIVOTS: dict[str, tuple[type[Road], ...]] = {
    ADDRESS: (*_PEOPLE, ApplicationSignIns),
    SESSION: _PEOPLE,
    APP: (*_PEOPLE, ApplicationSignIns),
    DEVICE: _PEOPLE,
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
            for target in [None] if road.everybody else targets:
                for window in windows:
                    path = scratch / f"{(number := number + 1)}.json"
                    asked = Asked("", EVERYBODY, window) if target is None else _about(target, window)
                    tasks.append(Task(road, asked.user_principal_name, asked, path))
        yield sorted(tasks, key=lambda task: task.asked.window.end, reverse=True)


def steps_again(
    chosen: Profile, about: Mapping[str, Target | Mark], known: Sequence[Line], scratch: Path
) -> Iterator[list[Task]]:
    """One step: the windows that the ledger leaves open on the profile's roads, newest first.

    `about` are accounts or marks by their names in the ledger; what concerns everybody is asked for again with them.
    """
    kinds = (*chosen.roads, *PIVOTS[ADDRESS]) if any(isinstance(one, Mark) for one in about.values()) else chosen.roads
    roads = {(road.source, road.name): road for road in (kind(chosen.options) for kind in kinds) if road.wanted}
    tasks: list[Task] = []
    for line in known:
        road, whose = roads.get((line.source, line.road)), about.get(line.account)
        if not line.needs_asking or road is None or (whose is None and line.account != EVERYBODY):
            continue
        window = Window(datetime.fromisoformat(line.start), datetime.fromisoformat(line.end))
        path = scratch / f"{len(tasks) + 1}.json"
        asked = _about(whose, window) if isinstance(whose, Target) else Asked("", "", window, whose)
        tasks.append(Task(road, line.account, asked, path))
    yield sorted(tasks, key=lambda task: task.asked.window.end, reverse=True)


def steps_of_marks(chosen: Profile, marks: Sequence[Mark], now: datetime, scratch: Path) -> Iterator[list[Task]]:
    """The tasks that look for marks, newest windows first; windows are long, as a mark is seldom.

    The activity feeds have no filter: where a profile has them they are fetched whole, as in a collection.
    """
    newest = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    days, number = max(chosen.days), 0
    tasks = []
    asked: list[tuple[Road, str, Mark | None, list[Window]]] = []
    for mark in marks:
        roads = [road for kind in PIVOTS[mark.kind] if (road := kind(chosen.options)).wanted]
        able = {road.source for road in roads if not road.cannot(mark)}
        for road in roads:
            whole = Window(newest - min(timedelta(days=days), road.reach or timedelta(days=days)), newest)
            if not road.cannot(mark):
                asked.append((road, str(mark), mark, whole.cut(WEEK)))
            elif road.source not in able:
                asked.append((road, str(mark), mark, [whole]))
    for feed in (kind(chosen.options) for kind in chosen.roads if issubclass(kind, ActivityFeed)):
        whole = Window(newest - min(timedelta(days=days), feed.reach or timedelta(days=days)), newest)
        asked.append((feed, EVERYBODY, None, whole.cut(feed.longest)))
    for road, about, looked_for, windows in asked:
        for window in windows:
            path = scratch / f"{(number := number + 1)}.json"
            tasks.append(Task(road, about, Asked("", "", window, looked_for), path))
    yield sorted(tasks, key=lambda task: task.asked.window.end, reverse=True)


def _about(target: Target, window: Window) -> Asked:
    """What is asked for about an account in a window."""
    return Asked(target.object_id, target.user_principal_name, window, addresses=target.addresses)
