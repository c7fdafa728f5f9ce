"""Graph: message trace. Its filter takes one value for a property, and reads past what it does not understand.

Source: Microsoft Graph `exchangeMessageTrace`; that `or` is ignored in silence is observed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from toolkit.practice import odata
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.mail_traces import Trace, events_of, traces
from toolkit.practice.names import Record
from toolkit.practice.services import lacks, services
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

PATH = "admin/exchange/tracing/messageTraces"
APP = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"
LONGEST = timedelta(days=10)
_DEFAULT = timedelta(hours=48)
_EQUAL = {
    "id": "id",
    "messageId": "message_id",
    "senderAddress": "sender",
    "recipientAddress": "recipient",
    "fromIP": "from_ip",
    "toIP": "to_ip",
    "status": "status",
}
_TIME = re.compile(r"^receivedDateTime\s+(ge|le)\s+(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z)$")
_CLAUSE = re.compile(r"^(\w+)\s+eq\s+'((?:[^']|'')*)'$")
_SUBJECT = re.compile(r"^(contains|startswith)\(\s*subject\s*,\s*'((?:[^']|'')*)'\s*\)$", re.IGNORECASE)
_DETAILS = re.compile(r"^getDetailsByRecipient\(recipientAddress='([^']+)'\)$")
_Test = Callable[[Trace], bool]


def list_traces(request: Request, situation: Situation, version: str) -> Answer:
    """GET /admin/exchange/tracing/messageTraces: newest first, the last 48 hours unless asked."""
    _offered(situation)
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    tests, start, end = _read(options.get("$filter", ""), situation)
    rows = [_row(one) for one in traces() if start <= _moment(one.received) <= end and all(t(one) for t in tests)]
    size = odata.top(options, 1000, 5000)
    return Answer(200, odata.page(rows, situation.base, version, PATH, options, size))


def details(request: Request, situation: Situation, version: str, trace_id: str, function: str) -> Answer:
    """GET /admin/exchange/tracing/messageTraces/{id}/getDetailsByRecipient(recipientAddress='…')"""
    _offered(situation)
    odata.only(request, ())
    asked = _DETAILS.match(function)
    if not asked:
        raise Refused(404, "ResourceNotFound", f"Resource not found for the segment '{function}'.")
    found = [one for one in traces() if one.id == trace_id and one.recipient == asked[1].lower()]
    rows: list[Record] = []
    for one in found:
        for moment, event, text, data in events_of(one):
            shown: Record = {"id": one.id, "messageId": one.message_id, "dateTime": moment, "event": event}
            rows.append(shown | {"action": "", "description": text, "data": data})
    context = f"{situation.base}/{version}/$metadata#Collection(microsoft.graph.exchangeMessageTraceDetail)"
    return Answer(200, {"@odata.context": context, "value": rows})


def _offered(situation: Situation) -> None:
    if lacks(situation, "message trace"):
        text = f"The service principal for resource '{APP}' is disabled or was not found in this tenant."
        raise Refused(401, "UnknownError", text)


def _read(text: str, situation: Situation) -> tuple[list[_Test], datetime, datetime]:
    """The conditions, and the window. What stands behind an `or` is not looked at."""
    tests: list[_Test] = []
    times: dict[str, datetime] = {}
    seen: set[str] = set()
    for part in re.split(r"\s+and\s+", re.split(r"\s+or\s+", text.strip("() "))[0]) if text.strip() else []:
        clause = part.strip("() ") if not _SUBJECT.match(part.strip()) else part.strip()
        if time := _TIME.match(clause):
            times[time[1]] = _moment(time[2])
            continue
        name, test = _test(clause)
        if name in seen:
            raise odata.bad(f"The property '{name}' can only be used once in the filter.")
        seen.add(name)
        tests.append(test)
    if len(times) == 1:
        raise odata.bad("receivedDateTime must be filtered with both ge and le.")
    start, end = (times["ge"], times["le"]) if times else (situation.now - _DEFAULT, situation.now)
    if start > end or end - start > LONGEST:
        raise odata.bad("The start date must not be after the end date, nor more than 10 days before it.")
    if situation.now - start > timedelta(days=services(situation)["trace_days"]):
        raise odata.bad("The start date must be within the last 90 days.")
    return tests, start, end


def _test(clause: str) -> tuple[str, _Test]:
    if subject := _SUBJECT.match(clause):
        wanted = subject[2].replace("''", "'").lower()
        if subject[1].lower() == "contains":
            return "subject", lambda one: wanted in one.subject.lower()
        return "subject", lambda one: one.subject.lower().startswith(wanted)
    equal = _CLAUSE.match(clause)
    if not equal or equal[1] not in _EQUAL:
        raise odata.bad(f"Invalid filter clause: '{clause}'.")
    field, value = _EQUAL[equal[1]], equal[2].replace("''", "'").lower()
    return equal[1], lambda one: str(getattr(one, field)).lower() == value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _row(one: Trace) -> Record:
    return {
        "id": one.id,
        "senderAddress": one.sender,
        "recipientAddress": one.recipient,
        "messageId": one.message_id,
        "receivedDateTime": stamp(_moment(one.received)),
        "subject": one.subject,
        "size": one.size,
        "fromIP": one.from_ip,
        "toIP": one.to_ip,
        "status": one.status,
    }
