"""How fast each service may be asked: so many calls in so many seconds, and so many at once.

Source: Microsoft Graph service-specific throttling limits, and the limits of the Exchange and activity APIs. Where a
service publishes no limit, the number is a careful one of ours.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Limit:
    """At most `calls` in `seconds`, and `at_once` under way, for the paths that `pattern` is found in."""

    name: str
    pattern: re.Pattern[str]
    calls: int
    seconds: float
    at_once: int


LIMITS = (
    Limit("sign-ins and reports", re.compile(r"/auditLogs/|/reports/"), 5, 10, 5),
    Limit("identity protection", re.compile(r"/identityProtection/|/identity/conditionalAccess/"), 1, 1, 1),
    Limit("Secure Score", re.compile(r"/security/secureScore"), 1000, 60, 4),
    Limit("audit search", re.compile(r"/security/auditLog/"), 100, 10, 4),
    Limit("message trace", re.compile(r"/admin/exchange/tracing/"), 100, 300, 4),
    Limit("Management Activity API", re.compile(r"/activity/feed"), 2000, 60, 8),
    Limit("Log Analytics", re.compile(r"/workspaces/[^/]+/query"), 200, 30, 5),
    Limit("Exchange", re.compile(r"/adminapi/"), 50, 10, 4),
    Limit("Microsoft Graph", re.compile(r""), 1000, 10, 8),
)


class Pace:
    """Holds calls back until their service may be asked; `sleep` is given, so that tests need not wait.

    `scale` shortens the windows: 0.01 lets a hundred times as many through, for a tenant that is played.
    """

    def __init__(
        self,
        limits: tuple[Limit, ...] = LIMITS,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        scale: float = 1.0,
    ) -> None:
        self._limits, self._sleep, self._now, self._scale = limits, sleep, now, scale
        self._lock = threading.Lock()
        self._ahead = 0.0  # what a sleep that does not really wait has been told to wait
        self._begun: dict[str, deque[float]] = {limit.name: deque() for limit in limits}
        self._places = {limit.name: threading.BoundedSemaphore(limit.at_once) for limit in limits}

    def limit_of(self, url: str) -> Limit:
        """The first limit whose pattern the address has."""
        path = urlsplit(url).path
        return next(limit for limit in self._limits if limit.pattern.search(path))

    @contextmanager
    def turn(self, url: str) -> Iterator[None]:
        """Wait for the turn of a call, and hold its place until it is answered."""
        limit = self.limit_of(url)
        with self._places[limit.name]:
            wait = self._reserve(limit)
            if wait > 0:
                self._wait(wait)
            yield

    def _reserve(self, limit: Limit) -> float:
        """Seconds until the call may go out; its place in the row is taken."""
        with self._lock:
            now, begun = self._now() + self._ahead, self._begun[limit.name]
            seconds = limit.seconds * self._scale
            while begun and begun[0] <= now - seconds:
                begun.popleft()
            at = now if len(begun) < limit.calls else max(now, begun[-limit.calls] + seconds)
            begun.append(at)
            return at - now

    def _wait(self, seconds: float) -> None:
        before = self._now()
        self._sleep(seconds)
        missing = seconds - (self._now() - before)
        if missing > 0:
            with self._lock:
                self._ahead += missing
