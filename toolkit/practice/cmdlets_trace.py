"""Cmdlets for message trace: no paging; who wants more asks again from the last row on.

Source: Microsoft's reference of `Get-MessageTraceV2` and `Get-MessageTraceDetailV2`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.audit_search import moment_of_parameter
from toolkit.practice.cmdlet_arguments import BAD_VALUE, INVALID, refused
from toolkit.practice.mail_traces import Trace, events_of, traces
from toolkit.practice.names import Record
from toolkit.practice.services import services
from toolkit.practice.tenant_state import Situation

LONGEST = timedelta(days=10)
_STATUS = {"filteredAsSpam": "FilteredAsSpam"}


def get_message_trace(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MessageTraceV2: newest first, at most 5,000 rows; that there are more is only warned of."""
    size = _size(parameters)
    end = _moment(parameters, "EndDate", situation.now)
    start = _moment(parameters, "StartDate", end - timedelta(hours=48))
    if start > end or end - start > LONGEST:
        raise refused("The StartDate must be before the EndDate, by at most 10 days.", INVALID)
    if situation.now - start > timedelta(days=services(situation)["trace_days"]):
        raise refused("The StartDate must be within the last 90 days.", INVALID)
    found = [one for one in traces() if start <= datetime.fromisoformat(one.received) <= end]
    found = [one for one in found if _fits(one, parameters)]
    after = str(parameters.get("StartingRecipientAddress") or "").lower()
    if after:
        # Of the rows at the very end of the window those go out that came already.
        last = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        found = [one for one in found if one.received != last or one.recipient < after]
    if len(found) > size:
        oldest = found[size - 1]
        situation.warnings.append(
            "There are more results, use the following command to get more. Get-MessageTraceV2 -EndDate "
            f'"{oldest.received}" -StartingRecipientAddress "{oldest.recipient}" -ResultSize {size}'
        )
    return [_row(one) for one in found[:size]]


def get_message_trace_detail(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MessageTraceDetailV2"""
    wanted = (str(parameters["MessageTraceId"]).lower(), str(parameters["RecipientAddress"]).lower())
    rows = []
    for one in traces():
        if (one.id, one.recipient) != wanted:
            continue
        for moment, event, text, data in events_of(one):
            row: Record = {"MessageTraceId": one.id, "MessageId": one.message_id, "Date": moment, "Event": event}
            rows.append(row | {"Action": "", "Detail": text, "Data": data})
    return rows


def _fits(one: Trace, parameters: Record) -> bool:
    asked = {
        "SenderAddress": one.sender,
        "RecipientAddress": one.recipient,
        "MessageId": one.message_id,
        "MessageTraceId": one.id,
        "FromIP": one.from_ip,
        "ToIP": one.to_ip,
        "Status": one.status,
    }
    for name, value in asked.items():
        given = parameters.get(name)
        wanted = given if isinstance(given, list) else [given]
        if given not in (None, "") and value.lower() not in (str(text).lower() for text in wanted):
            return False
    subject = str(parameters.get("Subject") or "").lower()
    starts = str(parameters.get("SubjectFilterType") or "Contains").lower() == "startswith"
    return one.subject.lower().startswith(subject) if starts else subject in one.subject.lower()


def _size(parameters: Record) -> int:
    size = str(parameters.get("ResultSize", 1000))
    if not size.isdecimal() or not 1 <= int(size) <= 5000:
        raise refused("The ResultSize must be between 1 and 5000.", BAD_VALUE)
    return int(size)


def _moment(parameters: Record, name: str, otherwise: datetime) -> datetime:
    value = parameters.get(name)
    return moment_of_parameter(name, value) if value else otherwise


def _row(one: Trace) -> Record:
    return {
        "MessageTraceId": one.id,
        "MessageId": one.message_id,
        "Received@data.type": "System.DateTime",
        "Received": one.received,
        "SenderAddress": one.sender,
        "RecipientAddress": one.recipient,
        "Subject": one.subject,
        "Status": _STATUS.get(one.status, one.status.capitalize()),
        "FromIP": one.from_ip,
        "ToIP": one.to_ip,
        "Size": one.size,
    }
