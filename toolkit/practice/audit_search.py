"""`Search-UnifiedAuditLog` with its sessions, caps and odd answers.

Source: Microsoft's cmdlet reference; what it does beyond that is the field's common knowledge (`apis.md`, section 5).
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from toolkit import reference
from toolkit.practice.audit_records import RECORD_TYPE_NAMES
from toolkit.practice.cmdlet_arguments import BAD_VALUE, INVALID, refused, switch
from toolkit.practice.memory import AuditSession
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.services import services
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation
from toolkit.practice.unified_log import Entry, Search, moment_of

LARGE, PREVIEW = "ReturnLargeSet", "ReturnNextPreviewPage"
CAPS = {LARGE: 50_000, PREVIEW: 5_000}
BOTH_CAP = 10_000
LARGEST_PAGE = 5_000
DOUBLES = 1
"""Of a hundred rows of a large set so many come twice."""
_DAY_ONLY = re.compile(r"^\d{4}-\d{2}-\d{2}$|^\d{1,2}/\d{1,2}/\d{4}$")


def search_unified_audit_log(parameters: Record, situation: Situation) -> list[Record]:
    """Search-UnifiedAuditLog: one page of rows, none at the end."""
    size = _size(parameters)
    command = _command(parameters)
    wanted = search_of(parameters)
    if not situation.state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"]:
        return []
    session_id = str(parameters.get("SessionId") or "")
    if not session_id:
        return _rows(_begun(parameters, wanted, situation, command), size, situation)
    session = situation.memory.sessions.get(session_id)
    if session is None:
        session = situation.memory.open(session_id, _begun(parameters, wanted, situation, command))
    elif session.asked != _asked(parameters):
        situation.notes.append("other parameters in an open session: the first ones count")
    session.commands.add(command)
    if situation.fault.effect == "broken session":
        session.broken = True
        return _broken(session, size)
    return [] if session.broken else _rows(session, size, situation)


def search_of(parameters: Record) -> Search:
    """What the parameters look for. A day without a time begins at midnight, also as the end."""
    start, end = (moment_of_parameter(name, parameters[name]) for name in ("StartDate", "EndDate"))
    if start > end:
        raise refused("The start date must be before the end date.", INVALID)
    # Both ends count, to the second, unless they are the same day without a time: then there is nothing between.
    nothing = start == end and _DAY_ONLY.match(str(parameters["EndDate"]))
    return Search(
        start,
        end if nothing else end + timedelta(seconds=1),
        users=_names(parameters, "UserIds"),
        operations=_names(parameters, "Operations"),
        record_types=_record_types(parameters),
        addresses=_names(parameters, "IPAddresses"),
        objects=_names(parameters, "ObjectIds"),
        words=str(parameters.get("FreeText") or ""),
    )


def _begun(parameters: Record, wanted: Search, situation: Situation, command: str) -> AuditSession:
    memory = situation.memory
    kept_from = situation.now - timedelta(days=services(situation)["audit_days"])
    found = [
        entry
        for entry in memory.log.search(wanted, situation.state, situation.now, memory.delay)
        if moment_of(entry) >= kept_from
    ]
    lacks = 0 if switch(parameters, "HighCompleteness") else services(situation)["plain_search_lacks"]
    if lacks:
        found = [entry for entry in found if not DRAW.chance(lacks, "found by no plain search", entry.id)]
    if situation.fault.effect == "misses":
        part = found[:: max(2, situation.fault.amount)]
        if memory.may_withhold([entry.id for entry in part]):
            gone = {entry.id for entry in part}
            found = [entry for entry in found if entry.id not in gone]
    if command == LARGE:
        found = _unsorted(found)
    else:
        found.reverse()
    total = min(len(found), services(situation)["session_records"])
    return AuditSession(_asked(parameters), found, total)


def _unsorted(found: list[Entry]) -> list[Entry]:
    """In no order, and some of them twice."""
    again = [entry for entry in found if DRAW.chance(DOUBLES, "double", entry.id)]
    return sorted([*found, *again], key=lambda entry: entry.id[9:])


def _rows(session: AuditSession, size: int, situation: Situation) -> list[Record]:
    cap = BOTH_CAP if len(session.commands) > 1 else CAPS[next(iter(session.commands), PREVIEW)]
    cap = min(cap, services(situation)["session_records"])
    start = session.position
    page = session.found[start : min(start + size, cap)]
    effect, ids = situation.fault.effect, [entry.id for entry in page]
    if effect == "empty" and situation.memory.may_withhold(ids):
        return []
    if effect == "repeat" and session.last_page:
        first, last = session.last_page
        return _shown(session, first, session.found[first:last])
    session.position, session.last_page = start + len(page), (start, start + len(page))
    rows = _shown(session, start, page)
    if effect == "short":
        gone = ids[:: max(2, situation.fault.amount)]
        if situation.memory.may_withhold(gone):
            rows = [row for row in rows if row["Identity"] not in gone]
    return rows


def _shown(session: AuditSession, start: int, page: list[Entry]) -> list[Record]:
    more: Record = {"moreRecordsAvailable": start + len(page) < len(session.found)}
    return [
        _row(entry, number, session.total) | {"AuditSearchRequestMetadata": more}
        for number, entry in enumerate(page, start=start + 1)
    ]


def _broken(session: AuditSession, size: int) -> list[Record]:
    """A page of a session that broke: rows there are, but nothing is to be made of them."""
    return [_row(entry, -1, 0) for entry in session.found[session.position : session.position + size]]


def _row(entry: Entry, index: int, total: int) -> Record:
    return {
        "RecordType": RECORD_TYPE_NAMES[entry.record_type],
        "CreationDate@data.type": "System.DateTime",
        "CreationDate": stamp(moment_of(entry)),
        "UserIds": entry.user,
        "Operations": entry.operation,
        "AuditData": entry.text(),
        "ResultIndex": index,
        "ResultCount": total,
        "Identity": entry.id,
        "IsValid": True,
        "ObjectState": "Unchanged",
    }


def _asked(parameters: Record) -> Record:
    return {
        name: value for name, value in parameters.items() if name not in ("SessionId", "SessionCommand", "ResultSize")
    }


def _size(parameters: Record) -> int:
    size: Any = parameters.get("ResultSize", 100)
    if isinstance(size, bool) or not str(size).isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
        raise refused(f"The ResultSize must be between 1 and {LARGEST_PAGE}.", BAD_VALUE)
    return int(size)


def _command(parameters: Record) -> str:
    given = str(parameters.get("SessionCommand") or PREVIEW)
    for name in CAPS:
        if name.lower() == given.lower():
            return name
    raise refused(f"Cannot convert value '{given}' to type UnifiedAuditSessionCommand.", BAD_VALUE)


def _names(parameters: Record, name: str) -> frozenset[str]:
    """One text with commas, or a list of texts."""
    given = parameters.get(name) or []
    texts = given.split(",") if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise refused(f"Cannot convert the value of parameter '{name}' to the type System.String[].", BAD_VALUE)
    return frozenset(text.strip().lower() for text in texts if text.strip())


def _record_types(parameters: Record) -> frozenset[int]:
    name = str(parameters.get("RecordType") or "")
    if not name:
        return frozenset()
    number = record_types().get(name.lower())
    if number is None:
        raise refused(f"Cannot convert value '{name}' to type AuditRecordType.", BAD_VALUE)
    return frozenset({number})


@cache
def record_types() -> dict[str, int]:
    """The numbers of AuditLogRecordType by name in lower case; 0 for those in which nothing is ever recorded here."""
    with reference.path("audit_record_types.csv").open(encoding="utf-8", newline="") as rows:
        names: dict[str, int] = {row["name"].lower(): 0 for row in csv.DictReader(rows)}
    with reference.path("ual_record_types.csv").open(encoding="utf-8", newline="") as rows:
        return names | {row["name"].lower(): int(row["id"]) for row in csv.DictReader(rows)}


def moment_of_parameter(name: str, value: object) -> datetime:
    """A date as PowerShell takes it; without a zone it is UTC. Raises `Refused`."""
    text = str(value)
    for shape in ("%m/%d/%Y", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refused(f"Cannot convert the value '{text}' of parameter '{name}' to a date.", BAD_VALUE) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
