"""Graph: Entra's own log of changes, told from the directory records of the unified audit log.

Source: Microsoft Graph `directoryAudit`; how a record looks in both logs is the field's common knowledge.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

from toolkit.practice import odata
from toolkit.practice.audit_records import DIRECTORY
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record, utc
from toolkit.practice.services import services
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation
from toolkit.practice.unified_log import Search

PATH = "auditLogs/directoryAudits"
_FIELDS = (
    *("id", "activityDateTime", "activityDisplayName", "category", "correlationId", "loggedByService", "result"),
    *("initiatedBy/user/id", "initiatedBy/user/userPrincipalName", "initiatedBy/user/displayName"),
    *("initiatedBy/app/appId", "initiatedBy/app/displayName"),
)
_TARGET = re.compile(r"targetResources/any\(\s*(\w+)\s*:\s*\1/(id|displayName|userPrincipalName)\s+eq\s+'([^']*)'\s*\)")
_CATEGORIES = {
    "User": "UserManagement",
    "ServicePrincipal": "ApplicationManagement",
    "Application": "ApplicationManagement",
    "Group": "GroupManagement",
    "Role": "RoleManagement",
    "Device": "Device",
    "Policy": "Policy",
}
_TYPES = {"User", "ServicePrincipal", "Group", "Device", "Role", "Policy", "Application"}
_SECURITY_INFO = "User registered security info."


def list_audits(request: Request, situation: Situation, version: str) -> Answer:
    """GET /auditLogs/directoryAudits: newest first."""
    options = odata.only(request, ("$filter", "$top", "$skiptoken", "$orderby"))
    text, wanted = _without_target(options.get("$filter", ""))
    test = odata.test_of(text, _FIELDS, kinds=False, entity="directoryAudit")
    rows = [row for row in audits(situation) if test(row) and _about(row, wanted)]
    order = options.get("$orderby", "activityDateTime desc").split()
    if order[0] != "activityDateTime":
        raise odata.bad("Only activityDateTime can be ordered by.")
    if order[1:] != ["desc"]:
        rows.reverse()
    page = odata.page(rows, situation.base, version, PATH, options, odata.top(options, 1000, 1000))
    return Answer(200, page)


def get_audit(request: Request, situation: Situation, version: str, audit_id: str) -> Answer:
    """GET /auditLogs/directoryAudits/{id}"""
    odata.only(request, ())
    for row in audits(situation):
        if row["id"] == audit_id:
            context = f"{situation.base}/{version}/$metadata#{PATH}/$entity"
            return Answer(200, {"@odata.context": context} | row)
    raise Refused(404, "ResourceNotFound", f"The directory audit '{audit_id}' was not found.")


def audits(situation: Situation) -> list[Record]:
    """All `directoryAudit` objects that can be found at present, newest first."""
    days = services(situation)["sign_in_days"]
    start = situation.now - timedelta(days=days) if days else utc("2000-01-01 00:00:00")
    wanted = Search(start, situation.now + timedelta(seconds=1), record_types=frozenset({DIRECTORY}))
    memory = situation.memory
    found = memory.log.search(wanted, situation.state, situation.now, memory.delay)
    return [_audit(entry.document()) for entry in reversed(found)]


def audit_id(record: Record) -> str:
    """What a change is called in Entra's own log."""
    return f"Directory_{record['InterSystemsId']}_{record['IntraSystemId'][:5].upper()}"


def _audit(record: Record) -> Record:
    """One record in Entra's words; the two logs share no id."""
    said = {pair["Name"]: pair["Value"] for pair in record["ExtendedProperties"]}
    operation = record["Operation"]
    details = json.loads(said.get("additionalDetails") or "{}")
    by_methods = operation == _SECURITY_INFO
    return {
        "id": audit_id(record),
        "category": _CATEGORIES.get(said.get("extendedAuditEventCategory", ""), "Other"),
        "correlationId": record["InterSystemsId"],
        "result": "success" if record["ResultStatus"] == "Success" else "failure",
        "resultReason": "",
        "activityDisplayName": operation.removesuffix("."),
        "activityDateTime": stamp(utc(record["CreationTime"])),
        "loggedByService": "Authentication Methods" if by_methods else "Core Directory",
        "operationType": operation.split()[0],
        "initiatedBy": _initiator(record),
        "targetResources": [_target(record)],
        "additionalDetails": [{"key": key, "value": str(value)} for key, value in details.items()],
    }


def _initiator(record: Record) -> Record:
    parts = record["Actor"]
    name = next((part["ID"] for part in parts if part["Type"] in (1, 5)), None)
    ids = [part["ID"] for part in parts if part["Type"] == 2]
    if "ServicePrincipal" in ids:
        app: Record = {"appId": None, "displayName": name, "servicePrincipalName": None}
        return {"user": None, "app": app | {"servicePrincipalId": _bare(ids)}}
    address = record.get("ActorIpAddress") or None
    user: Record = {"id": _bare(ids), "displayName": None, "userPrincipalName": name, "ipAddress": address}
    return {"user": user, "app": None}


def _target(record: Record) -> Record:
    parts = record["Target"]
    ids = [part["ID"] for part in parts if part["Type"] == 2]
    kind = next((one for one in ids if one in _TYPES), "Other")
    return {
        "id": _bare(ids),
        "displayName": next((part["ID"] for part in parts if part["Type"] == 1), None),
        "type": kind,
        "userPrincipalName": next((part["ID"] for part in parts if part["Type"] == 5), None),
        "groupType": None,
        "modifiedProperties": [
            {"displayName": one["Name"], "oldValue": _json(one["OldValue"]), "newValue": _json(one["NewValue"])}
            for one in record["ModifiedProperties"]
        ],
    }


def _bare(ids: list[str]) -> str | None:
    return next((one for one in ids if "_" not in one and one not in _TYPES), None)


def _json(value: str) -> str | None:
    """JSON inside a string: what is no JSON yet is quoted."""
    if value == "":
        return None
    try:
        json.loads(value)
    except ValueError:
        return json.dumps(value)
    return value


def _without_target(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The filter without its conditions on the target, and those."""
    wanted = [(found[2], found[3]) for found in _TARGET.finditer(text)]
    rest = [part for part in re.split(r"\s+and\s+", _TARGET.sub("", text)) if part.strip()]
    return " and ".join(rest), wanted


def _about(row: Record, wanted: list[tuple[str, str]]) -> bool:
    return all(any(target[name] == value for target in row["targetResources"]) for name, value in wanted)
