"""What becomes of an answer that a fault touches: cut, emptied, repeated, its link turned to itself.

An answer that leaves out records in silence does so once for each record (`Memory.may_withhold`): two searches that lie
the same way nobody could tell from the truth.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from toolkit.practice.faults import Fault
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.memory import Memory
from toolkit.practice.names import Record

OF_THE_SERVICE = frozenset(
    {"broken session", "misses", "failed search", "cancelled search", "cut search", "partial", "expired"}
)
"""Effects that the services play themselves, each where it makes sense."""
_SEARCH = "Search-UnifiedAuditLog"
_LISTS = frozenset({"empty", "short", "repeat"})
STICKS = {"loop": 30, "link refused": 3, "rows end": 1000}
"""So many more requests of the very same address meet the same fault."""
_NEXT, _NEXT_HEADER = "@odata.nextLink", "NextPageUri"


def is_page(request: Request) -> bool:
    """Whether a request goes on with a list that was begun."""
    return bool({"$skiptoken", "nextPage"} & set(request.query))


def page_key(request: Request) -> str:
    """The same for all pages of one list."""
    kept = {name: value for name, value in request.query.items() if name not in ("$skiptoken", "nextPage")}
    return f"{request.method} {request.path} {sorted(kept.items())} {request.body!r}"


def refuses(fault: Fault, request: Request) -> Refused | None:
    """What the service says instead of a page, where the fault is in the link."""
    if fault.effect == "link refused" and is_page(request):
        text = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
        return Refused(400, "BadRequest", text)
    if fault.effect == "rows end" and is_page(request):
        return Refused(500, "UnknownError", "")
    return None


def touched(
    fault: Fault, answer: Answer, request: Request, line: Record, memory: Memory, own: str, now: datetime
) -> bool:
    """Does to the answer what the fault says; True if there was anything to do. `own` is the request's own address."""
    effect = fault.effect
    if effect == "retry date":
        answer.headers["Retry-After"] = format_datetime(now + timedelta(seconds=fault.amount), usegmt=True)
        return True
    if effect in OF_THE_SERVICE or (effect in _LISTS and line["cmdlet"] == _SEARCH and not is_page(request)):
        return True
    if answer.status != 200 or not effect:
        return bool(fault.replaces or fault.late or fault.warning)
    if effect == "reset":
        answer.cut = True
    elif effect == "cut off" and isinstance(answer.body, dict):
        answer.body = answer.body | {_NEXT: f"{own}?$skiptoken=1"}
    elif effect == "truncated":
        whole = answer.payload()
        answer.body = whole[: max(1, len(whole) * 6 // 10)]
    elif effect == "loop":
        return _loop(answer, own)
    elif effect == "repeat":
        return _repeat(answer, request, memory)
    elif effect in _LISTS:
        return _left_out(answer, memory, fault)
    else:
        return False
    return True


def keep_page(answer: Answer, request: Request, memory: Memory) -> None:
    """Remembers a page, so that it can be given again."""
    if answer.status == 200 and not answer.cut:
        memory.pages[page_key(request)] = Answer(200, answer.body, dict(answer.headers))
        while len(memory.pages) > 20:
            memory.pages.popitem(last=False)


def _loop(answer: Answer, own: str) -> bool:
    if _NEXT_HEADER in answer.headers:
        answer.headers[_NEXT_HEADER] = own
        return True
    if isinstance(answer.body, dict) and _NEXT in answer.body:
        answer.body = answer.body | {_NEXT: own}
        return True
    return False


def _repeat(answer: Answer, request: Request, memory: Memory) -> bool:
    before = memory.pages.get(page_key(request))
    if before is None or not is_page(request):
        return False
    answer.body, answer.headers = before.body, dict(before.headers)
    return True


def _left_out(answer: Answer, memory: Memory, fault: Fault) -> bool:
    rows = _rows(answer)
    gone = rows if fault.effect == "empty" else rows[:: max(2, fault.amount)]
    if not memory.may_withhold([row_id(row) for row in gone]):
        return False
    kept = [row for row in rows if row not in gone]
    if isinstance(answer.body, dict):
        answer.body = answer.body | {"value": kept}
        if fault.effect == "empty":
            answer.body.pop(_NEXT, None)
    else:
        answer.body = json.dumps(kept).encode()
    if fault.effect == "empty":
        answer.headers.pop(_NEXT_HEADER, None)
    return True


def _rows(answer: Answer) -> list[Any]:
    body = answer.body if isinstance(answer.body, dict) else json.loads(answer.body or b"null")
    rows = body.get("value") if isinstance(body, dict) else body
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


def row_id(row: Record) -> str:
    """What tells a row from others of its list."""
    names = ("Identity", "Id", "contentId", "id", "MessageTraceId")
    first = next((str(row[name]) for name in names if row.get(name)), json.dumps(row, sort_keys=True))
    return f"{first} {row.get('recipientAddress') or row.get('RecipientAddress') or ''}".strip()
