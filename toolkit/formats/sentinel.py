"""Log Analytics and Sentinel: the audit log as the flat table OfficeActivity, as CSV and as JSON rows.

Source: Azure Monitor table reference, `OfficeActivity`.
"""

from __future__ import annotations

from toolkit.formats.format import Format, Head, joined, moved
from toolkit.formats.unified_audit import AUDIT_DATA, LISTS

SOURCE = "https://learn.microsoft.com/azure/azure-monitor/reference/tables/officeactivity"
# AuditData property → column of OfficeActivity, where they differ
_NAMES = {
    "CreationTime": "TimeGenerated",
    "Workload": "OfficeWorkload",
    "ObjectId": "OfficeObjectId",
    "Id": "OfficeId",
    "ClientIPAddress": "Client_IPAddress",
    "LogonType": "Logon_Type",
    "ApplicationId": "AzureADAppId",
}
# Columns whose JSON text has the values: AuditData.Item.Subject is `Subject` in the text of `Item`.
_NESTED = ("Item", "Folder", "Folders", "AppAccessContext")


def _cell(name: str, rest: str) -> str:
    if rest:
        return f"{name}:${rest}"
    return f"cell:{_NAMES.get(name, name)}"


def _key(name: str, rest: str) -> str:
    if rest:
        return f"{name}:${rest}"
    return f"doc:$.{_NAMES.get(name, name)}"


def _recognise(columns: set[str]) -> bool:
    return {"officeworkload", "operation"} <= columns


_FURTHER = {"user_principal_name": ("{}UserId_",), "ip_address": ("{}ClientIP_",), "operation": ()}


def _further(prefix: str) -> dict[str, tuple[str, ...]]:
    return {column: tuple(p.format(prefix) for p in places) for column, places in _FURTHER.items()}


CSV = Format(
    name="sentinel-officeactivity-csv",
    table="audit",
    title="Sentinel OfficeActivity, CSV",
    source=SOURCE,
    container="csv",
    recognise=lambda head: _recognise(head.cells),
    record_id=("cell:OfficeId", "cell:SourceRecordId"),
    date_order="mdy",
    lists={name: moved({"x": (place,)}, _cell)["x"][0] for name, place in LISTS.items()},
    json_texts={name: (f"cell:{name}",) for name in _NESTED},
    columns=joined(moved(AUDIT_DATA, _cell), _further("cell:")),
)


def _json_rows(head: Head) -> bool:
    return _recognise({key.lower() for key in head.keys})


JSON = Format(
    name="sentinel-officeactivity-json",
    table="audit",
    title="Sentinel OfficeActivity, JSON rows",
    source=SOURCE,
    container="json",
    recognise=_json_rows,
    record_id=("doc:$.OfficeId", "doc:$.SourceRecordId"),
    lists={name: moved({"x": (place,)}, _key)["x"][0] for name, place in LISTS.items()},
    json_texts={name: (f"doc:$.{name}",) for name in _NESTED},
    columns=joined(moved(AUDIT_DATA, _key), _further("doc:$.")),
)

FORMATS = (CSV, JSON)
