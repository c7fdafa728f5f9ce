"""Fault plans: what goes wrong with whole courses of requests, drawn from a seed and so the same each time."""

from __future__ import annotations

import dataclasses
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import PracticeError
from toolkit.practice.collect_faults import COLLECTING
from toolkit.practice.faults import Fault
from toolkit.practice.http import Answer, Refused
from toolkit.practice.names import Draw, Record

LATE = 5.5
"""Real seconds by which a late answer is late."""
_Number = Callable[[int, int], int]


def _error(status: int, code: str, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, {"error": {"code": code, "message": "The service is busy."}}, headers)


def _throttled(number: _Number) -> Fault:
    return Fault(answer=_error(429, "TooManyRequests", number(1, 20)))


def _throttled_silently(number: _Number) -> Fault:
    return Fault(answer=_error(429, "TooManyRequests"))


def _unavailable(status: int, code: str, *, carried_out: bool) -> Callable[[_Number], Fault]:
    return lambda number: Fault(answer=_error(status, code), carried_out=carried_out)


MISHAPS: dict[str, Callable[[_Number], Fault]] = {
    "throttled": _throttled,
    "throttled without Retry-After": _throttled_silently,
    "503 before": _unavailable(503, "ServiceUnavailable", carried_out=False),
    "503 after": _unavailable(503, "ServiceUnavailable", carried_out=True),
    "504 before": _unavailable(504, "GatewayTimeout", carried_out=False),
    "504 after": _unavailable(504, "GatewayTimeout", carried_out=True),
    "cut before": lambda number: Fault(dropped=True),
    "cut after": lambda number: Fault(dropped=True, carried_out=True),
    "stale for some readings": lambda number: Fault(stale_reads=number(1, 4)),
    "stale for some time": lambda number: Fault(stale_seconds=number(5, 90)),
    "NUL body": lambda number: Fault(refusal=Refused(403, "Forbidden", "")),
    "warning": lambda number: Fault(warning="The server is too busy to complete the operation."),
    "late": lambda number: Fault(late=LATE),
}
"""What can happen, by name. "before" and "after" are meant of a change: did it take effect?"""
_CHANGES_ONLY = frozenset({"stale for some readings", "stale for some time"})
_EXCHANGE_ONLY = frozenset({"NUL body", "warning"})


@dataclass(frozen=True)
class Mishap:
    """One fault that a plan let happen: to which request (the how-manieth of its kind), and what."""

    request: str
    number: int
    what: str


class FaultPlan:
    """Faults drawn from `seed` for `percent` of the requests, out of `kinds` (names in `MISHAPS` and `COLLECTING`).

    What the n-th request of one method, path and cmdlet meets depends on the seed and on nothing else: not on other
    requests between, not on time. Never do more than `in_a_row` requests of one kind fail one after another, so who
    tries again gets through; a storm lasts as long as it lasts, and then one request gets through. `slowness` is how
    many real seconds make one second of slowness. `happened` is the list of what came of it.
    Raises `ValueError` for an unknown kind.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        percent: int = 25,
        kinds: Collection[str] = tuple(MISHAPS),
        in_a_row: int = 2,
        slowness: float = 0.05,
    ) -> None:
        unknown = sorted(set(kinds) - set(MISHAPS) - set(COLLECTING))
        if unknown:
            raise ValueError(f"there is no fault called {unknown[0]!r}; there are {', '.join([*MISHAPS, *COLLECTING])}")
        self.seed, self.percent, self.kinds, self.in_a_row = seed, percent, tuple(kinds), in_a_row
        self.happened: list[Mishap] = []
        self._slowness = slowness
        self._draw = Draw(f"fault plan {seed}")
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._storms: dict[str, tuple[str, int]] = {}

    @classmethod
    def collecting(
        cls, seed: int | str, *, percent: int = 20, without: Collection[str] = (), slowness: float = 0.05
    ) -> FaultPlan:
        """A plan of everything that can go wrong with collecting (`COLLECTING`), but for the kinds in `without`."""
        kinds = [name for name in COLLECTING if name not in without]
        return cls(seed, percent=percent, kinds=kinds, slowness=slowness)

    @property
    def skew(self) -> int:
        """By how many seconds the services' clock is wrong."""
        return self._draw.number(-600, 600, "skew") if "clock skew" in self.kinds else 0

    def delay(self, record_id: str) -> float:
        """After how many seconds a record can be found: a fifth of them between a quarter of an hour and 20 hours."""
        if "late records" not in self.kinds or not self._draw.chance(20, "late", record_id):
            return 0.0
        return float(self._draw.number(900, 72_000, "delay", record_id))

    def fault_for(self, line: Record) -> Fault | None:
        """The fault that a request meets, if any; called once for each request."""
        request = f"{line['method']} {line['path']} {line['cmdlet'] or ''}".strip()
        fits = [kind for kind in self.kinds if _fits(kind, line)]
        with self._lock:
            self._seen[request] += 1
            key = (request, self._seen[request])
            what = self._goes_on(request, fits)
            if what is None:
                unlucky = bool(fits) and self._draw.chance(self.percent, *key)
                if not unlucky or self._failures[request] >= self.in_a_row:
                    self._failures[request] = 0
                    return None
                what = self._draw.pick(fits, "kind", *key)
                self._failures[request] += 1
                low, high = COLLECTING[what].storm if what in COLLECTING else (1, 1)
                if high > 1:
                    self._storms[request] = (what, self._draw.number(low, high, "storm", *key) - 1)
            self.happened.append(Mishap(*key, what))
        return self._made(what, key)

    def _goes_on(self, request: str, fits: list[str]) -> str | None:
        """The storm that this request is in the middle of."""
        what, left = self._storms.pop(request, ("", 0))
        if not left or what not in fits:
            if what:
                self._failures[request] = self.in_a_row
            return None
        self._storms[request] = (what, left - 1)
        return what

    def _made(self, what: str, key: tuple[str, int]) -> Fault:
        def number(low: int, high: int) -> int:
            return self._draw.number(low, high, what, *key)

        made = MISHAPS[what](number) if what in MISHAPS else COLLECTING[what].make(number)
        if what in COLLECTING:
            made.late *= self._slowness
        return dataclasses.replace(made, name=what)


def plan_of(text: str) -> FaultPlan:
    """The plan that a person names: a TOML file with `seed`, `percent`, `kinds`, `in_a_row`, or just a seed.

    Without `kinds` it is all of `COLLECTING`. Raises `PracticeError` for a file that says something else.
    """
    path = Path(text)
    if not path.is_file():
        return FaultPlan.collecting(text)
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        how: Record = {"kinds": tuple(COLLECTING), "percent": 20}
        how |= {name: said[name] for name in said if name != "seed"}
        return FaultPlan(said["seed"], **how)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise PracticeError(f"{path} is not a fault plan: {error}.") from None


def _fits(kind: str, line: Record) -> bool:
    if kind in COLLECTING:
        return COLLECTING[kind].fits(line)
    if kind in _CHANGES_ONLY:
        return bool(line["kind"] == "write")
    return kind not in _EXCHANGE_ONLY or bool(line["cmdlet"])
