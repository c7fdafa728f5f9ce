"""Graph: searches of the unified audit log, which run by themselves and are asked for their records later.

Source: Microsoft Graph `auditLogQuery`, `auditLogRecord`; limits and errors are observed (`apis.md`, section 6).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from toolkit.practice import odata
from toolkit.practice.audit_records import RECORD_TYPE_NAMES
from toolkit.practice.audit_search import record_types
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, people
from toolkit.practice.services import lacks, services
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation
from toolkit.practice.unified_log import Entry, Search, bare_address, moment_of

PATH = "security/auditLog/queries"
PAGE, LARGEST_PAGE = 150, 1000
KEPT = timedelta(days=30)
_LISTS = (
    *("recordTypeFilters", "operationFilters", "userPrincipalNameFilters", "ipAddressFilters", "objectIdFilters"),
    *("administrativeUnitIdFilters", "serviceFilters"),
)
_TIMES = ("filterStartDateTime", "filterEndDateTime")
_TEXTS = ("displayName", "keywordFilter")
_USER_TYPES = {0: "Regular", 1: "Reserved", 2: "Admin", 3: "DcAdmin", 4: "System", 5: "Application"}
_WORKLOADS = {
    "AuditLogsQuery-Exchange.Read.All": ("exchange",),
    "AuditLogsQuery-Entra.Read.All": ("azureactivedirectory",),
    "AuditLogsQuery-SharePoint.Read.All": ("sharepoint",),
    "AuditLogsQuery-OneDrive.Read.All": ("onedrive",),
    "AuditLogsQuery-Endpoint.Read.All": ("endpoint",),
    "AuditLogsQuery-CRM.Read.All": ("crm",),
}
_FAILURES = {"failed search": "failed", "cancelled search": "cancelled"}


def create_query(request: Request, situation: Situation, version: str) -> Answer:
    """POST /security/auditLog/queries: 201 and a search that has not begun."""
    _offered(situation)
    body = request.json_object()
    if not situation.state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"]:
        # Observed: JSON as text inside the message.
        said = {"Status": "AuditingDisabledTenant", "Message": "Auditing is disabled for the tenant."}
        raise Refused(400, "UnknownError", json.dumps(said))
    asked = _checked(body)
    running = [row for row in _queries(situation) if _status(row, situation.now) in ("notStarted", "running")]
    if len(running) >= services(situation)["searches_at_once"]:
        raise Refused(429, "TooManyRequests", "Too many audit log searches are running. Please try again later.")
    effect = situation.fault.effect
    made: Record = {
        "id": DRAW.uuid("audit query", situation.key("query")),
        **asked,
        "_made": situation.now.isoformat(),
        "_ends": (situation.now + timedelta(seconds=services(situation)["search_seconds"])).isoformat(),
        "_fails": _FAILURES.get(effect, ""),
        "_keeps": situation.fault.amount if effect == "cut search" else 0,
        "_misses": situation.fault.amount if effect == "misses" else 0,
        "_sees": _sees(situation),
        "_by": situation.operator.id,
    }
    situation.state.setdefault("audit_queries", {})[made["id"]] = made
    situation.changed()
    return Answer(201, _context(situation, version) | _shown(made, situation))


def list_queries(request: Request, situation: Situation, version: str) -> Answer:
    """GET /security/auditLog/queries: newest first."""
    _offered(situation)
    options = odata.only(request, ("$top", "$skiptoken", "$filter"))
    test = odata.test_of(options.get("$filter"), ("id", "displayName", "status"), kinds=False, entity="auditLogQuery")
    rows = [_shown(row, situation) for row in reversed(_queries(situation))]
    size = odata.top(options, 100, 1000)
    return Answer(200, odata.page([row for row in rows if test(row)], situation.base, version, PATH, options, size))


def get_query(request: Request, situation: Situation, version: str, query_id: str) -> Answer:
    """GET /security/auditLog/queries/{id}"""
    odata.only(request, ())
    return Answer(200, _context(situation, version) | _shown(_find(query_id, situation), situation))


def list_records(request: Request, situation: Situation, version: str, query_id: str) -> Answer:
    """GET /security/auditLog/queries/{id}/records: nothing until the search has succeeded."""
    query = _find(query_id, situation)
    options = odata.only(request, ("$top", "$skiptoken"))
    size = odata.top(options, PAGE, LARGEST_PAGE)
    rows = _found(query, situation) if _status(query, situation.now) == "succeeded" else []
    path = f"{PATH}/{query['id']}/records"
    context = f"security/auditLog/queries('{query['id']}')/records"
    page = odata.page(rows, situation.base, version, path, options, size, context=context)
    return Answer(200, page | {"value": [_record(entry) for entry in page["value"]]})


def _sees(situation: Situation) -> list[str] | None:
    """The workloads whose records the caller's permissions show; None for all. Nothing tells of the others."""
    if "AuditLogsQuery.Read.All" in situation.scopes:
        return None
    return sorted({one for name, workloads in _WORKLOADS.items() if name in situation.scopes for one in workloads})


def _offered(situation: Situation) -> None:
    if lacks(situation, "graph audit search"):
        raise Refused(404, "ResourceNotFound", "Resource not found for the segment 'auditLog'.")


def _queries(situation: Situation) -> list[Record]:
    rows = situation.state.get("audit_queries", {}).values()
    return [row for row in rows if datetime.fromisoformat(row["_made"]) > situation.now - KEPT]


def _find(query_id: str, situation: Situation) -> Record:
    _offered(situation)
    for row in _queries(situation):
        if row["id"] == query_id:
            return row
    raise Refused(404, "UnknownError", "")


def _status(query: Record, now: datetime) -> str:
    """By the tenant's clock: a sixth of the time it waits, then it runs."""
    made, ends = (datetime.fromisoformat(query[name]) for name in ("_made", "_ends"))
    if now >= ends:
        return str(query["_fails"] or "succeeded")
    return "notStarted" if now < made + (ends - made) / 6 else "running"


def _shown(query: Record, situation: Situation) -> Record:
    status = _status(query, situation.now)
    shown = {name: value for name, value in query.items() if not name.startswith("_")} | {"status": status}
    limit = services(situation)["record_count_limit"]
    if limit is None and not query["_keeps"]:
        return shown
    # Optional: only where there is a limit does the service tell of it.
    found = len(_found(query, situation)) if status == "succeeded" else 0
    counts: Record = {
        "recordCountLimit": limit or found,
        "approximateReturnedRecordCount": found,
        "isRecordCountLimitExceeded": status == "succeeded" and query.get("_exceeded", False),
    }
    return shown | counts


def _found(query: Record, situation: Situation) -> list[Entry]:
    """What the search found when it ended; later records are not in it."""
    memory = situation.memory
    if query["id"] not in memory.results:
        ended = datetime.fromisoformat(query["_ends"])
        kept_from = ended - timedelta(days=services(situation)["audit_days"])
        rows = memory.log.search(_search(query), situation.state, ended, memory.delay)
        rows = [entry for entry in rows if moment_of(entry) >= kept_from]
        rows.reverse()
        gone = rows[:: max(2, query["_misses"])] if query["_misses"] else []
        if memory.may_withhold([entry.id for entry in gone]):
            rows = [entry for entry in rows if entry not in gone]
        limit = services(situation)["record_count_limit"]
        limit = len(rows) // query["_keeps"] if query["_keeps"] else limit
        query["_exceeded"] = limit is not None and len(rows) > limit
        memory.results[query["id"]] = rows[:limit]
    return memory.results[query["id"]]


def _search(query: Record) -> Search:
    def names(name: str) -> frozenset[str]:
        return frozenset(text.lower() for text in query[name])

    start, end = (query[name] for name in _TIMES)
    made = datetime.fromisoformat(query["_made"])
    wanted = names("serviceFilters")
    seen = query.get("_sees")
    if seen is not None:
        wanted = (frozenset(seen) & wanted if wanted else frozenset(seen)) or frozenset({"none"})
    kinds = {record_types().get(name, 0) for name in names("recordTypeFilters")}
    return Search(
        datetime.fromisoformat(start) if start else made - timedelta(days=365),
        datetime.fromisoformat(end) if end else made,
        users=names("userPrincipalNameFilters"),
        operations=names("operationFilters"),
        record_types=frozenset(kinds),
        addresses=names("ipAddressFilters"),
        objects=names("objectIdFilters"),
        workloads=wanted,
        words=query["keywordFilter"] or "",
    )


def _checked(body: Record) -> Record:
    """The query as it is stored: what was not asked for is empty. Raises `Refused` for what the service refuses."""
    unknown = set(body) - {*_LISTS, *_TIMES, *_TEXTS, "@odata.type", "id", "status"}
    if unknown:
        raise odata.bad(f"The property '{sorted(unknown)[0]}' does not exist on type 'auditLogQuery'.")
    for name in _LISTS:
        if not _texts(body.get(name, [])):
            raise odata.bad(f"The property '{name}' is not a list of texts.")
    unknown = {name for name in body.get("recordTypeFilters", []) if name.lower() not in record_types()}
    if unknown:
        raise odata.bad(f"Requested value '{sorted(unknown)[0]}' was not found in auditLogRecordType.")
    start, end = (_moment(name, body.get(name)) for name in _TIMES)
    if start and end and start >= end:
        raise odata.bad("The filterStartDateTime must be before the filterEndDateTime.")
    asked: Record = {name: body.get(name) for name in (*_TEXTS, *_TIMES)}
    return asked | {name: body.get(name, []) for name in _LISTS}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _moment(name: str, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise odata.bad(f"Cannot convert the literal '{value}' of '{name}' to the expected type 'Edm.DateTimeOffset'.")
    return moment


def _context(situation: Situation, version: str) -> Record:
    return {"@odata.context": f"{situation.base}/{version}/$metadata#{PATH}/$entity"}


def _record(entry: Entry) -> Record:
    """One `auditLogRecord`: `userId` is an object id where there is one, and the name stands beside it."""
    found = entry.document()
    known = {person.upn: person.id for person in people().values()}
    return {
        "id": entry.id,
        "createdDateTime": stamp(moment_of(entry)),
        "auditLogRecordType": RECORD_TYPE_NAMES[entry.record_type],
        "operation": entry.operation,
        "organizationId": TENANT_ID,
        "userType": _USER_TYPES.get(found.get("UserType", 0), "Regular"),
        "userId": known.get(entry.user, entry.user),
        "service": found.get("Workload"),
        "objectId": found.get("ObjectId"),
        "userPrincipalName": entry.user,
        "clientIp": bare_address(found) or None,
        "administrativeUnits": [""],
        "auditData": {"@odata.type": "#microsoft.graph.security.defaultAuditData"} | found,
    }
