"""How fast each service may be asked: so many calls in so many seconds, so many at once, and not before it said.

Source: Microsoft Graph service-specific throttling limits, and the limits of the Exchange and activity APIs. Where a
service publishes no limit, the number is a careful one of ours.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from toolkit.errors import TenantAnswer

LONGEST_HOLD = 3600.0
"""Seconds that a service is waited for altogether, without an answer of it between, where it asks for pauses."""
NAP = 5.0
"""Seconds after which a wait looks whether it is to go on."""
WORTH_SAYING = 1.0
"""Seconds of a pause that somebody who looks on is told of."""


@dataclass(frozen=True)
class Limit:
    """At most `calls` in `seconds`, and `at_once` under way, of what `pattern` is found in: path and cmdlet.

    If the pattern has a group, the limit holds for each text of it apart: for each mailbox. `within` names the limit
    of the whole service, which these calls keep to as well, and by whose pauses they are held.
    """

    name: str
    pattern: re.Pattern[str]
    calls: int
    seconds: float
    at_once: int
    within: str = ""


LIMITS = (
    Limit("sign-ins and reports", re.compile(r"/auditLogs/|/reports/"), 5, 10, 5),
    Limit("identity protection", re.compile(r"/identityProtection/|/identity/conditionalAccess/"), 1, 1, 1),
    Limit("Secure Score", re.compile(r"/security/secureScore"), 1000, 60, 4),
    Limit("audit search", re.compile(r"/security/auditLog/"), 100, 10, 4),
    Limit("message trace", re.compile(r"/admin/exchange/tracing/| Get-MessageTrace(?:Detail)?V2$"), 100, 300, 4),
    Limit("Management Activity API", re.compile(r"/activity/feed"), 2000, 60, 8),
    Limit("Log Analytics", re.compile(r"/workspaces/[^/]+/query"), 200, 30, 5),
    # Microsoft gives no number; one search of the audit log at a time is what those who collect by it found healthiest.
    Limit("Search-UnifiedAuditLog", re.compile(r"/adminapi/.* Search-UnifiedAuditLog$"), 50, 10, 1, within="Exchange"),
    Limit("Exchange", re.compile(r"/adminapi/"), 50, 10, 4),
    Limit(
        "mailbox",
        re.compile(r"/users/([^/]+)/(?:mail|messages|calendar|events|inferenceClass|outlook)"),
        10_000,
        600,
        4,
    ),
    Limit("Microsoft Graph", re.compile(r""), 1000, 10, 8),
)


@dataclass
class _Held:
    """A pause that a service asked for: until when, how long the last was and all since its last answer."""

    until: float = 0.0
    asked: float = 0.0
    altogether: float = 0.0


@dataclass
class _Counted:
    """What was sent so far, and the pauses that were asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ahead: float = 0.0  # what a sleep that does not really wait has been told to wait
    begun: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    places: dict[str, threading.BoundedSemaphore] = field(default_factory=dict)
    held: dict[str, _Held] = field(default_factory=dict)


class Pace:
    """Holds calls back until their service may be asked; `sleep` is given, so that tests need not wait.

    `scale` shortens the windows: 0.01 lets a hundred times as many through, for a tenant that is played. `seconds` is
    what is left of the run: a pause that ends later is not waited for. `go_on` is called between naps, and raises what
    is to end a wait.
    """

    def __init__(
        self,
        limits: tuple[Limit, ...] = LIMITS,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        scale: float = 1.0,
        seconds: float | None = None,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self._limits, self._sleep, self._now, self._scale, self._go_on = limits, sleep, now, scale, go_on
        self._counted = _Counted()
        self._end = None if seconds is None else now() + seconds

    def within(self, seconds: float, go_on: Callable[[], None] = lambda: None) -> Pace:
        """A pace for a part of the run, with an end of its own; calls and pauses of either count for both."""
        part = Pace(self._limits, sleep=self._sleep, now=self._now, scale=self._scale, go_on=go_on)
        part._counted = self._counted
        part._end = self._time() + seconds
        return part

    def limit_of(self, url: str, cmdlet: str = "") -> Limit:
        """The first limit whose pattern the address has, or the cmdlet that is sent there."""
        return self._found(url, cmdlet)[0][0]

    @contextmanager
    def turn(self, url: str, cmdlet: str = "") -> Iterator[float]:
        """Wait for the turn of a call, and hold its place until it is answered; gives the seconds of pause.

        Raises:
            TenantAnswer: the service asked for a pause that this run does not wait for; nothing is sent.
        """
        every = self._found(url, cmdlet)
        limit, key = every[-1]
        with ExitStack() as places:
            for one, name in every:
                with self._counted.lock:
                    place = self._counted.places.setdefault(name, threading.BoundedSemaphore(one.at_once))
                places.enter_context(place)
            paused = self._pause(limit, key)
            self._wait_until(max(self._reserve(*one) for one in every))
            try:
                yield paused + self._pause(limit, key)
            finally:
                for one, name in every:
                    self._ended(one, name)

    def hold(self, url: str, seconds: float, cmdlet: str = "") -> bool:
        """The service asks for a pause: nobody asks it before. Whether this run waits for that."""
        key = self._found(url, cmdlet)[-1][1]
        with self._counted.lock:
            now = self._time()
            held = self._counted.held.setdefault(key, _Held())
            until = max(held.until, now + seconds)
            held.altogether += until - max(held.until, now)
            held.until, held.asked = until, seconds
            return not self._given_up(held)

    def answered(self, url: str, cmdlet: str = "") -> None:
        """The service gave an answer: what it asked for before no longer counts."""
        key = self._found(url, cmdlet)[-1][1]
        if key in self._counted.held:
            with self._counted.lock:
                self._counted.held[key] = _Held(until=self._counted.held[key].until)

    @property
    def time_left(self) -> float:
        """Seconds that are left of the run; infinite where it has no end."""
        return math.inf if self._end is None else max(0.0, self._end - self._time())

    @property
    def waiting(self) -> str:
        """Which service asked for a pause that is not over, and for how long; "" where there is none of a second."""
        with self._counted.lock:
            pauses = [(one.until, key, one) for key, one in self._counted.held.items() if one.asked >= WORTH_SAYING]
            held = [pause for pause in pauses if pause[0] > self._time()]
        _, key, longest = max(held, default=(0.0, "", _Held()))
        if not key or self._given_up(longest):
            return ""
        told = f"{longest.asked:,.0f}"
        return f"{key} asks for a pause of {told} second{'s' * (told != '1')}"

    def _found(self, url: str, cmdlet: str) -> list[tuple[Limit, str]]:
        """The first limit that fits, and that of the whole service last, each with what it is counted under."""
        text = f"{urlsplit(url).path} {cmdlet}"
        for limit in self._limits:
            if match := limit.pattern.search(text):
                whole = [(one, one.name) for one in self._limits if one.name == limit.within]
                return [(limit, " ".join([limit.name, *filter(None, match.groups())])), *whole]
        raise LookupError(text)

    def _time(self) -> float:
        return self._now() + self._counted.ahead

    def _reserve(self, limit: Limit, key: str) -> float:
        """When the call may go out; its place in the row is taken."""
        with self._counted.lock:
            now, begun = self._time(), self._counted.begun[key]
            seconds = limit.seconds * self._scale
            while begun and begun[0] <= now - seconds:
                begun.popleft()
            at = now if len(begun) < limit.calls else max(now, begun[-limit.calls] + seconds)
            begun.append(at)
            return at

    def _ended(self, limit: Limit, key: str) -> None:
        """Where one call at a time may be under way, the next is reckoned from its end: it may have come late."""
        with self._counted.lock:
            if limit.at_once == 1:
                self._counted.begun[key][-1] = self._time()

    def _given_up(self, held: _Held) -> bool:
        return held.altogether > LONGEST_HOLD or (self._end is not None and held.until > self._end)

    def _pause(self, limit: Limit, key: str) -> float:
        """Wait until a pause is over that the service asked for: the seconds."""
        paused = 0.0
        while (held := self._counted.held.get(key)) is not None and (left := held.until - self._time()) > 0:
            if self._given_up(held):
                raise TenantAnswer(f"Not sent: {limit.name} {too_long(held.asked)}", status=429, code="HeldBack")
            self._wait_until(held.until)
            paused += left
        return paused

    def _wait_until(self, moment: float) -> None:
        while (left := moment - self._time()) > 0:
            self._go_on()
            nap, before = min(NAP, left), self._now()
            self._sleep(nap)
            missing = nap - (self._now() - before)
            if missing > 0:
                with self._counted.lock:
                    self._counted.ahead += missing


def too_long(seconds: float) -> str:
    """What is said of a pause that is not waited for."""
    return f"asks for a pause of {seconds:,.0f} seconds, which is longer than this run waits: ask again after it."
