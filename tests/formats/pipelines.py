"""One record as the different pipelines write it: by which tests merge exports that overlap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.formats.exports import csv_text, page, purview, written

Record = dict[str, Any]
Writer = Callable[[Path, list[Record]], Path]
_RECORD_TYPES = {1: "ExchangeAdmin", 2: "ExchangeItem"}


def lowered(value: Any) -> Any:
    """A document whose keys are in lower case at every depth."""
    if isinstance(value, dict):
        return {k.lower(): lowered(v) for k, v in value.items()}
    return [lowered(v) for v in value] if isinstance(value, list) else value


def lowered_on_top(record: Record) -> Record:
    return {k.lower(): v for k, v in record.items()}


def _sentinel(record: Record) -> Record:
    renamed = {"CreationTime": "TimeGenerated", "Workload": "OfficeWorkload", "ObjectId": "OfficeObjectId"}
    renamed |= {"Id": "OfficeId", "ClientIPAddress": "Client_IPAddress", "LogonType": "Logon_Type"}
    row = {renamed.get(k, k): json.dumps(v) if isinstance(v, list | dict) else v for k, v in record.items()}
    return row | {"TimeGenerated": record["CreationTime"] + "Z", "RecordType": _RECORD_TYPES[record["RecordType"]]}


def _search(record: Record) -> Record:
    return {
        "RecordType": _RECORD_TYPES[record["RecordType"]],
        "CreationDate": record["CreationTime"] + "Z",
        "UserIds": record["UserId"],
        "Operations": record["Operation"],
        "AuditData": json.dumps(record),
        "Identity": record["Id"],
    }


def _graph(record: Record) -> Record:
    return {
        "id": record["Id"],
        "createdDateTime": record["CreationTime"] + "Z",
        "operation": record["Operation"],
        "service": record["Workload"],
        "userPrincipalName": record["UserId"],
        "auditData": record,
    }


def _hunting(record: Record) -> Record:
    return {"Timestamp": record["CreationTime"] + "Z", "ActionType": record["Operation"], "RawEventData": record}


def _json(shaped: Callable[[Record], Record], wrap: Callable[[list[Record]], Any] = list) -> Writer:
    return lambda path, records: written(path, wrap([shaped(r) for r in records]))


def _lines(shaped: Callable[[Record], Record]) -> Writer:
    return lambda path, records: written(path, "\n".join(json.dumps(shaped(r)) for r in records))


AUDIT: dict[str, Writer] = {
    "Purview CSV": lambda path, records: purview(path, *records),
    "Search-UnifiedAuditLog JSON": _json(_search),
    "Management Activity API": _json(dict),
    "Management Activity API, JSON Lines": _lines(dict),
    "lower-cased keys": _lines(lowered_on_top),
    "lower-cased keys throughout": _lines(lowered),
    "Graph audit search": _json(_graph, lambda records: {"value": records}),
    "Sentinel": _json(_sentinel),
    "advanced hunting": _json(_hunting),
}


def _v1(record: Record) -> Record:
    return {k: v for k, v in record.items() if k not in ("sessionId", "uniqueTokenIdentifier")}


def _log_analytics(record: Record) -> Record:
    return {
        "TimeGenerated": record["createdDateTime"],
        "Id": record["id"],
        "UserPrincipalName": record["userPrincipalName"].lower(),
        "AppId": record["appId"],
        "AppDisplayName": record["appDisplayName"],
        "IPAddress": record["ipAddress"],
        "ResultType": str(record["status"]["errorCode"]),
        "LocationDetails": json.dumps(record["location"]),
        "SessionId": record["sessionId"],
    }


def _envelope(record: Record) -> Record:
    return {"time": record["createdDateTime"], "category": "SignInLogs", "properties": record}


def _portal(path: Path, records: Iterable[Record]) -> Path:
    header = "Date (UTC),Request ID,Username,Application ID ,Application,IP address,Location,Status,Sign-in error code"
    rows = []
    for r in records:
        where, code = r["location"], r["status"]["errorCode"]
        place = ", ".join(str(where[k]) for k in ("city", "state", "countryOrRegion"))
        cells = [r[k] for k in ("createdDateTime", "id", "userPrincipalName", "appId", "appDisplayName", "ipAddress")]
        rows.append([*cells, place, "Failure" if code else "Success", str(code or "")])
    return written(path, csv_text(header, rows))


SIGN_INS: dict[str, Writer] = {
    "Graph v1.0": lambda path, records: written(path, page(*map(_v1, records))),
    "Graph beta": _json(dict, lambda records: page(*records)),
    "diagnostic settings": _lines(_envelope),
    "Log Analytics": _json(_log_analytics),
    "Entra portal CSV": _portal,
}
