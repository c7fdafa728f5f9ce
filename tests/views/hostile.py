"""A case whose every text is an attack on whoever reads it: markup, scripts, formulas, gigantic names."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from toolkit import open_case

MARK = "toolkitHit"
IMAGE = f"<img src=x onerror=window.{MARK}=1>"
SCRIPT = f"<script>window.{MARK}=2;alert(2)</script>"
LINK = f"javascript:window.{MARK}=3"
FORMULA = "=cmd|' /C calc'!A0"
ESCAPE = f"\"'></td></script></svg>{IMAGE}"
FILE_NAME = f"{IMAGE}.csv"
USER = "anna@contoso.com"


def hostile_case(folder: Path) -> Path:
    """Make it; returns the case's folder."""
    files = folder / "exports"
    files.mkdir(parents=True)
    rules = (IMAGE, SCRIPT, FORMULA, ESCAPE, LINK, IMAGE + "A" * 100_000)
    with open(files / FILE_NAME, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData"])
        for number, name in enumerate(rules):
            for operation, more in (
                ("New-InboxRule", {"Parameters": [
                    {"Name": "Name", "Value": name},
                    {"Name": "ForwardTo", "Value": f"evil@attacker.example{IMAGE}"},
                    {"Name": "DeleteMessage", "Value": "True"},
                    {"Name": "SubjectContainsWords", "Value": "invoice;" + SCRIPT},
                ]}),
                ("Send", {"Item": {"Subject": name, "Id": "x"}}),
            ):  # fmt: skip
                record = {
                    "Id": f"{number:08x}-{len(operation):04x}-4000-8000-000000000000",
                    "CreationTime": f"2026-09-1{number}T08:00:0{number}", "Operation": operation, "UserId": USER,
                    "RecordType": 1, "Workload": "Exchange", "ClientIP": "203.0.113.9", "UserAgent": name,
                    "ClientInfoString": name, "ObjectId": name, **more,
                }  # fmt: skip
                writer.writerow([record["Id"], record["CreationTime"], 1, operation, USER, json.dumps(record)])
    signins = [
        {
            "id": f"s{number}", "createdDateTime": f"2026-09-1{number}T07:00:00Z", "userPrincipalName": USER,
            "userId": "u1", "appDisplayName": text, "appId": "a1", "ipAddress": "198.51.100.7", "userAgent": text,
            "clientAppUsed": text, "isInteractive": True,
            "status": {"errorCode": 50126, "failureReason": text},
            "location": {"city": text, "countryOrRegion": "NG"}, "deviceDetail": {"browser": text},
        }
        for number, text in enumerate((IMAGE, SCRIPT, FORMULA, ESCAPE))
    ]  # fmt: skip
    context = "https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns"
    (files / "signins.json").write_text(json.dumps({"@odata.context": context, "value": signins}), "utf-8")
    (files / f"{SCRIPT.replace('/', '')}.txt").write_text("no export", "utf-8")
    case = open_case(folder / "case")
    loading = case.load(files)
    assert {a.table: a.rows for a in loading.files if a.rows} == {"audit": 2 * len(rules), "signins": len(signins)}
    case.close()
    return folder / "case"
