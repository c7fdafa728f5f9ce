"""Asking for one window: until two answers have everything that any had; and what a run does not ask for any more.

A service that refuses window after window is not asked for all of them: the rest is noted with its reason.
"""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import datetime

from toolkit.collect.ledger import CLOSED_AFTER, FAILED, NOT_AVAILABLE, PARTIAL, SAID, UNCONFIRMED, Line, line_of
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Pages, Pull, Stopped
from toolkit.collect.roads.activity import BEGAN, QUIET
from toolkit.collect.roads.parts import UNPROVEN
from toolkit.collect.roads.road import Halted, halt_if
from toolkit.collect.tasks import Task
from toolkit.errors import NotConsented, ToolkitError
from toolkit.tenant import Tenant

DISAGREED = "asked again, it answered differently"
UNREPEATED = "asked again, it did not answer whole"
AT_MOST = 5
"""Pulls of one window."""
IN_VAIN = 2
"""So many pulls of a window may bring nothing at all."""
IN_A_ROW = 3
"""So many windows of a road may fail alike, one after the other, before the others are not asked for."""
NOT_ASKED = "not asked for in this run, as {count} windows in a row failed alike: {reason}"
ODD = "the answer has a shape that is not known ({kind}), so that nothing can be said of this window"
UNPROVABLE = (UNPROVEN, BEGAN, QUIET)
"""What lines say that asking by the same road confirms nothing."""
_IDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d[\d,.]*", re.IGNORECASE)


class Refusals:
    """What was refused in this run: what the tenant does not offer, and roads that fail window after window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._absent: dict[tuple[str, ...], str] = {}
        self._failed: dict[tuple[str, ...], tuple[int, str]] = {}

    def instead(self, task: Task) -> Pull | None:
        """What is noted of a window without asking; None where it is to be asked for."""
        road, whose = _keys(task)
        with self._lock:
            if whose in self._absent:
                return Pull.failed(self._absent[whose], available=False)
            for key in (road, whose):
                count, reason = self._failed.get(key, (0, ""))
                if count >= IN_A_ROW:
                    return Pull.failed(NOT_ASKED.format(count=count, reason=reason))
        return None

    def note(self, task: Task, line: Line) -> None:
        """A window was asked for, and this is what came of it."""
        with self._lock:
            if line.state == NOT_AVAILABLE:
                self._absent[_keys(task)[1]] = line.reason
            for key in _keys(task):
                count, reason = self._failed.get(key, (0, ""))
                if line.state != FAILED:
                    self._failed.pop(key, None)
                elif count < IN_A_ROW:
                    alike = _IDS.sub("", reason) == _IDS.sub("", line.reason)
                    self._failed[key] = (count + 1 if alike else 1, line.reason)


def _keys(task: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    road = (task.road.name, task.road.source)
    return road, (*road, task.account)


def one(tenant: Tenant, task: Task, chosen: Profile, now: datetime, halted: Halted) -> tuple[Line, list[str]]:
    """Ask for one window and say what came; with the client-request-ids of every call.

    It is asked for again until two answers have everything that any had, unless it brings nothing time and again.
    """
    pages, window = Pages(task.path), task.asked.window
    with tenant.session.meters.measure() as meter:
        pulls = [_pull(task, tenant, pages, halted)]
        twice = chosen.twice and task.road.confirms and now - window.end >= CLOSED_AFTER
        while twice and not _settled(pulls) and len(pulls) < AT_MOST:
            pulls.append(_pull(replace(task, asked=replace(task.asked, again=True)), tenant, pages, halted))
    every = set().union(*(pull.ids for pull in pulls))
    best = max(pulls, key=lambda pull: (pull.whole, len(pull.ids)))
    agreed = _agreed(pulls) and best.proven
    if best.whole and not best.reason:
        told = (pull.reason for pull in pulls if pull.whole and pull.proven and pull.reason)
        best = replace(best, reason=next(told, ""))
    line = line_of(task.road.source, task.account, window, task.road.name, now, best, agreed=agreed)
    if best.whole and best.ids != every:
        others = next(pull.ids for pull in pulls if pull.ids - best.ids)
        line = replace(
            line, state=PARTIAL, reason=DISAGREED,
            only_here=sorted(best.ids - others)[:SAID], only_there=sorted(others - best.ids)[:SAID],
        )  # fmt: skip
    elif best.whole and len(pulls) > 1 and not _agreed(pulls):
        line = replace(line, state=PARTIAL, reason=UNREPEATED)
    line = replace(
        line,
        records=len(every),
        duplicates=max(best.received - len(best.ids), 0),
        retries=meter.retries,
        throttled=round(meter.throttled, 1),
        request_ids=meter.request_ids[-SAID:],
    )
    return line, meter.request_ids


def unconfirmed(line: Line) -> bool:
    """Whether a window came whole in one answer, and asking for it twice may confirm that."""
    return line.state == UNCONFIRMED and line.reason not in UNPROVABLE


def _settled(pulls: list[Pull]) -> bool:
    """Whether asking once more tells nothing."""
    last = pulls[-1]
    in_vain = sum(not pull.whole and not pull.received for pull in pulls) >= IN_VAIN
    return not last.available or last.hopeless or in_vain or _agreed(pulls)


def _agreed(pulls: list[Pull]) -> bool:
    """Whether two pulls are whole and have everything that any pull had."""
    every = set().union(*(pull.ids for pull in pulls))
    return sum(pull.whole and pull.ids == every for pull in pulls) >= 2


def _pull(task: Task, tenant: Tenant, pages: Pages, halted: Halted) -> Pull:
    """One pull, whatever the road meets: nothing that one window does stops the others."""
    mark = task.asked.mark
    if mark is not None and (why := task.road.cannot(mark)):
        return Pull.failed(why, available=False)
    try:
        return task.road.pull(tenant, task.asked, pages, halted)
    except Stopped:
        raise
    except NotConsented as error:
        return Pull.failed(str(error), available=False)
    except ToolkitError as error:
        halt_if(halted)  # what the end of the run broke off was not refused by the service
        return Pull.failed(str(error))
    except Exception as error:  # noqa: BLE001 (an answer of another shape is this window's matter alone)
        return Pull.failed(ODD.format(kind=type(error).__name__))
