"""Faults to order: the next matching requests fail, break off, come late, or change something that shows only later."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from toolkit.practice.http import Answer, Refused
from toolkit.practice.names import Record

Matcher = str | Callable[[Record], bool]
"""A piece of "METHOD path cmdlet", or a function of {"method", "path", "cmdlet", "kind", "fields"}."""


@dataclass
class Fault:
    """What goes wrong with one request. Without `answer`, `refusal` or `dropped` it is carried out and answered."""

    matcher: Matcher = ""
    answer: Answer | None = None
    """Goes out in place of the service's answer."""
    refusal: Refused | None = None
    """The same, in the shape in which the service refuses."""
    warning: str = ""
    """Exchange answers 200 and warns; of a reading only the first half comes."""
    dropped: bool = False
    """The connection breaks off."""
    carried_out: bool = False
    """Whether the request takes effect although its answer tells nothing of it."""
    late: float = 0.0
    """Real seconds that the answer is held back."""
    stale_reads: int = 0
    """So many readings after the change see the old state."""
    stale_seconds: float = 0.0
    """So many seconds of the tenant's clock the old state is seen."""
    effect: str = ""
    """What becomes of the answer, or how the service lies: see `fault_effects`."""
    amount: int = 0
    """How much of it; what that means is the effect's matter."""
    name: str = ""
    """What a plan calls it; goes into the request log."""
    times: int = 1

    def matches(self, line: Record) -> bool:
        if callable(self.matcher):
            return self.matcher(line)
        return self.matcher.lower() in f"{line['method']} {line['path']} {line['cmdlet'] or ''}".lower()

    @property
    def replaces(self) -> bool:
        """Whether the caller does not get the service's own answer."""
        return self.dropped or self.answer is not None or self.refusal is not None


class Plan(Protocol):
    """Says which fault a request meets, without being asked for one; see `fault_plans`."""

    @property
    def skew(self) -> int: ...

    def fault_for(self, line: Record) -> Fault | None: ...

    def delay(self, record_id: str) -> float: ...


class Faults:
    """The orders of one tenant, first come, first served; after them the plan, if there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []
        self._plan: Plan | None = None
        self._stuck: dict[str, tuple[Fault, int]] = {}
        self._next_stale: tuple[int, float] | None = None
        self._shadow: Record | None = None
        self._reads_left = 0
        self._until: datetime | None = None

    def order(self, fault: Fault) -> None:
        """Adds an order."""
        with self._lock:
            self._orders.append(fault)

    def follow(self, plan: Plan | None) -> None:
        """From now on requests that meet no order may meet a fault of the plan."""
        with self._lock:
            self._plan = plan
            self._stuck.clear()

    @property
    def planned(self) -> bool:
        """Whether a plan is followed."""
        return self._plan is not None

    @property
    def skew(self) -> int:
        """By how many seconds the clock that callers are told is wrong."""
        return self._plan.skew if self._plan else 0

    def delay(self, record_id: str) -> float:
        """After how many seconds a record can be found."""
        return self._plan.delay(record_id) if self._plan else 0.0

    def stick(self, address: str, fault: Fault, times: int) -> None:
        """So many more requests of the same address meet the same fault."""
        with self._lock:
            self._stuck.setdefault(address, (fault, times))

    def take(self, line: Record, address: str = "") -> Fault | None:
        """The fault that this request meets, if any; an order is used up after `times` requests."""
        with self._lock:
            stuck, left = self._stuck.get(address, (None, 0))
            if stuck and left:
                self._stuck[address] = (stuck, left - 1)
                return stuck
            for fault in self._orders:
                if fault.matches(line):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._orders.remove(fault)
                    return fault
            return self._plan.fault_for(line) if self._plan and line["kind"] != "sign-in" else None

    def delay_next_change(self, reads: int, seconds: float) -> None:
        """The next change answers at once, but for so many readings, or so long, the old state is seen."""
        with self._lock:
            self._next_stale = (reads, seconds)

    def before_change(self, state: Record, now: datetime, fault: Fault | None) -> None:
        """Called before a writing request is carried out."""
        with self._lock:
            stale = self._next_stale
            if fault and (fault.stale_reads or fault.stale_seconds):
                stale = (fault.stale_reads, fault.stale_seconds)
            elif stale:
                self._next_stale = None
            if stale:
                reads, seconds = stale
                self._shadow, self._reads_left = copy.deepcopy(state), reads
                self._until = now + timedelta(seconds=seconds) if seconds else None

    def seen_by_reader(self, state: Record, now: datetime) -> Record:
        """The state that a reading request is shown."""
        with self._lock:
            if self._shadow is None:
                return state
            if self._until is not None and now < self._until:
                return self._shadow
            if self._reads_left > 0:
                self._reads_left -= 1
                return self._shadow
            self._shadow = None
            return state
