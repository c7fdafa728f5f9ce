"""Faults to order: the next matching requests fail, break off, or change something that shows only later."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass

from toolkit.practice.http import Answer
from toolkit.practice.names import Record

Matcher = str | Callable[[Record], bool]
"""A piece of "METHOD path cmdlet", or a function of {"method", "path", "cmdlet", "kind"}."""


@dataclass
class Fault:
    """One order. `answer` replaces the service's; without one the connection is dropped."""

    matcher: Matcher
    answer: Answer | None
    done_before: bool = False
    times: int = 1

    def matches(self, line: Record) -> bool:
        if callable(self.matcher):
            return self.matcher(line)
        return self.matcher.lower() in f"{line['method']} {line['path']} {line['cmdlet'] or ''}".lower()


class Faults:
    """The orders of one tenant, first come, first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []
        self._delay = 0
        self._shadow: Record | None = None
        self._reads_left = 0

    def order(self, fault: Fault) -> None:
        """Adds an order."""
        with self._lock:
            self._orders.append(fault)

    def take(self, line: Record) -> Fault | None:
        """The order that this request meets, if any; an order is used up after `times` requests."""
        with self._lock:
            for fault in self._orders:
                if fault.matches(line):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._orders.remove(fault)
                    return fault
        return None

    def delay_next_change(self, reads: int) -> None:
        """The next change answers at once, but the first `reads` reading requests after it see the old state."""
        with self._lock:
            self._delay = reads

    def before_change(self, state: Record) -> None:
        """Called before a writing request is carried out."""
        with self._lock:
            if self._delay:
                self._shadow, self._reads_left, self._delay = copy.deepcopy(state), self._delay, 0

    def seen_by_reader(self, state: Record) -> Record:
        """The state that a reading request is shown."""
        with self._lock:
            if self._shadow is None or self._reads_left <= 0:
                self._shadow = None
                return state
            self._reads_left -= 1
            return self._shadow
