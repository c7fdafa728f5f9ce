"""Small exports for tests, written as the services write them (facts: formats.md and the published samples)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from toolkit.case.catalog import FileAccount

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "contoso-bec"

PURVIEW = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames"
PURVIEW_OLD = "CreationDate,UserIds,Operations,AuditData"
SEARCH = (
    "PSComputerName,RunspaceId,PSShowComputerName,RecordType,CreationDate,UserIds,Operations,AuditData,ResultIndex,"
    "ResultCount,Identity,IsValid,ObjectState"
)
V1 = "https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns"
BETA = "https://graph.microsoft.com/beta/$metadata#auditLogs/signIns"


def document(record_id: str, operation: str = "Send", **more: Any) -> dict[str, Any]:
    """An AuditData document."""
    return {
        "CreationTime": "2026-03-04T05:06:07",
        "Id": record_id,
        "Operation": operation,
        "OrganizationId": "8d4121ed-0008-406d-bff9-0d5bb312183c",
        "RecordType": 2,
        "ResultStatus": "Succeeded",
        "UserId": "Adele@contoso.com",
        "UserType": 0,
        "Workload": "Exchange",
        **more,
    }


def named(**values: str) -> list[dict[str, str]]:
    """Parameters or properties as the log has them: a list of names and values."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def row(record: dict[str, Any] | str, record_id: str = "", **cells: str) -> list[str]:
    """A Purview row; `record` may be the bare text of its AuditData cell."""
    known = record if isinstance(record, dict) else {}
    return [
        cells.get("RecordId", record_id or str(known.get("Id", ""))),
        cells.get("CreationDate", "2026-03-04T05:06:07.0000000Z "),
        cells.get("RecordType", "2"),
        cells.get("Operation", str(known.get("Operation", "Send"))),
        cells.get("UserId", str(known.get("UserId", "adele@contoso.com"))),
        record if isinstance(record, str) else json.dumps(record),
        "",
        "",
    ]


def csv_text(header: str, rows: Iterable[Sequence[str]], end: str = "\r\n", delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


def purview(path: Path, *records: dict[str, Any] | str | list[str]) -> Path:
    """A Purview CSV of documents, bare AuditData texts or whole rows."""
    rows = [r if isinstance(r, list) else row(r) for r in records]
    path.write_bytes(csv_text(PURVIEW, rows).encode("utf-8", "surrogatepass"))
    return path


def sign_in(record_id: str, **more: Any) -> dict[str, Any]:
    """A sign-in of Graph v1.0."""
    return {
        "id": record_id,
        "createdDateTime": "2026-03-04T05:06:07Z",
        "userDisplayName": "Adele Vance",
        "userPrincipalName": "Adele@contoso.com",
        "userId": "26be570a-ae82-4189-b4e2-a37c6808512d",
        "appId": "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
        "appDisplayName": "Graph explorer",
        "ipAddress": "192.0.2.7",
        "status": {"errorCode": 0, "failureReason": None, "additionalDetails": None},
        "location": {"city": "Redmond", "state": "Washington", "countryOrRegion": "US"},
        **more,
    }


def page(*records: Any, context: str = V1, more: str = "") -> dict[str, Any]:
    link = {"@odata.nextLink": more} if more else {}
    return {"@odata.context": context, **link, "value": list(records)}


def written(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def accounted(account: FileAccount) -> FileAccount:
    """The account, after the promise that holds for every file was checked."""
    assert account.read == account.rows + account.duplicates + account.rejected, account
    assert account.partial <= account.rows, account
    return account
