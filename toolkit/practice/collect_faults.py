"""What can go wrong with reading thousands of records, by name, for fault plans."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from toolkit.practice.faults import Fault
from toolkit.practice.http import Answer, Refused
from toolkit.practice.names import Record

Number = Callable[[int, int], int]
SEARCH = "Search-UnifiedAuditLog"
_LISTS = re.compile(
    r"/auditLogs/|/auditLog/queries/[^/]+/records$|/riskDetections$|/messageTraces$|/subscriptions/content$|/feed/audit/"
)
_CMDLETS = (SEARCH, "Get-MessageTraceV2")
_MORE = "There are more results available than are currently displayed."
_QUERIES = re.compile(r"/security/auditLog/queries$")


@dataclass(frozen=True)
class Kind:
    """One mishap: what it does to a request, and which requests it can happen to."""

    make: Callable[[Number], Fault]
    fits: Callable[[Record], bool]
    storm: tuple[int, int] = (1, 1)
    """So many requests of one kind meet it in a row, at least and at most."""


def _error(status: int, code: str, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, {"error": {"code": code, "message": "The service is busy."}}, headers)


def _bad_gateway(number: Number) -> Fault:
    page = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    return Fault(answer=Answer(502, page, {"Content-Type": "text/html"}))


def _effect(effect: str, low: int = 0, high: int = 0) -> Callable[[Number], Fault]:
    return lambda number: Fault(effect=effect, amount=number(low, high))


def _status(status: int, code: str) -> Callable[[Number], Fault]:
    return lambda number: Fault(answer=_error(status, code))


def _any(line: Record) -> bool:
    return True


def _read(line: Record) -> bool:
    return bool(line["kind"] == "read")


def _events(line: Record) -> bool:
    """Lists of what happened, of which something may be missing unnoticed."""
    return _read(line) and (line["cmdlet"] in _CMDLETS or bool(_LISTS.search(line["path"])))


def _search(line: Record) -> bool:
    return bool(line["cmdlet"] == SEARCH)


def _page(line: Record) -> bool:
    return _read(line) and bool(line.get("page"))


def _new_search(line: Record) -> bool:
    return bool(line["method"] == "POST" and _QUERIES.search(line["path"]))


COLLECTING: dict[str, Kind] = {
    "429 storm": Kind(lambda number: Fault(answer=_error(429, "TooManyRequests", number(1, 20))), _any, storm=(2, 4)),
    "429 storm with a date": Kind(
        lambda number: Fault(answer=_error(429, "TooManyRequests"), effect="retry date", amount=number(2, 30)),
        _any,
        storm=(1, 3),
    ),
    "429 storm without Retry-After": Kind(_status(429, "TooManyRequests"), _any, storm=(2, 4)),
    "500": Kind(_status(500, "InternalServerError"), _read),
    "502": Kind(_bad_gateway, _read),
    "503": Kind(_status(503, "ServiceUnavailable"), _any),
    "504": Kind(_status(504, "GatewayTimeout"), _read),
    "reset in mid-body": Kind(_effect("reset"), _read),
    "truncated JSON": Kind(_effect("truncated"), _read),
    "slow answer": Kind(lambda number: Fault(late=number(1, 4)), _read),
    "expired token": Kind(_effect("expired"), _any),
    "answer lost": Kind(lambda number: Fault(dropped=True, carried_out=True), _new_search),
    "false zero": Kind(_effect("empty"), _events),
    "short page": Kind(_effect("short", 2, 9), _events),
    "search misses some": Kind(_effect("misses", 2, 40), lambda line: _search(line) or _new_search(line)),
    "repeated page": Kind(_effect("repeat"), lambda line: _search(line) or _page(line)),
    "nextLink loop": Kind(_effect("loop"), lambda line: _events(line) and line["cmdlet"] is None),
    "nextLink refused": Kind(_effect("link refused"), _page),
    "records end in 500": Kind(_effect("rows end"), lambda line: _page(line) and line["path"].endswith("/records")),
    "search fails": Kind(_effect("failed search"), _new_search),
    "search is cancelled": Kind(_effect("cancelled search"), _new_search),
    "search is cut off": Kind(_effect("cut search", 2, 5), _new_search),
    "broken session": Kind(_effect("broken session"), _search),
    "warning and half": Kind(
        lambda number: Fault(
            warning="There are more results available than are currently displayed.", effect="cut off"
        ),
        lambda line: _read(line) and bool(line["cmdlet"]) and not _search(line),
    ),
    "403 AF429": Kind(
        lambda number: Fault(refusal=Refused(403, "AF429", "Too many requests. Method=ListContent, PublisherId=0")),
        lambda line: _read(line) and "/activity/feed/" in line["path"],
    ),
    "PartialError": Kind(_effect("partial", 2, 5), lambda line: line["path"].endswith("/query")),
    "late records": Kind(lambda number: Fault(), lambda line: False),
    "clock skew": Kind(lambda number: Fault(), lambda line: False),
}
"""By name. The last two are no matter of one request: see `FaultPlan.delay` and `FaultPlan.skew`."""
