"""The tables of the practice workspace: what Entra and the audit log export into Log Analytics.

Dynamic columns come as JSON text; the non-interactive table has them as plain text. Source: Azure Monitor's table
reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from toolkit.practice.graph_directory_audits import audits
from toolkit.practice.kql import Table
from toolkit.practice.names import Record, utc
from toolkit.practice.people import TENANT_ID
from toolkit.practice.tenant_state import Situation
from toolkit.practice.unified_log import Search, bare_address

_SIGN_INS = {
    "TimeGenerated": "datetime",
    "TenantId": "string",
    "Id": "string",
    "CorrelationId": "string",
    "CreatedDateTime": "datetime",
    "UserId": "string",
    "UserPrincipalName": "string",
    "UserDisplayName": "string",
    "AppId": "string",
    "AppDisplayName": "string",
    "ResourceDisplayName": "string",
    "IPAddress": "string",
    "Location": "string",
    "ResultType": "string",
    "ResultDescription": "string",
    "ClientAppUsed": "string",
    "UserAgent": "string",
    "IsInteractive": "bool",
    "ConditionalAccessStatus": "string",
    "AuthenticationRequirement": "string",
    "AuthenticationProtocol": "string",
    "AutonomousSystemNumber": "string",
    "IncomingTokenType": "string",
    "OriginalRequestId": "string",
    "SessionId": "string",
    "UniqueTokenIdentifier": "string",
    "RiskLevelDuringSignIn": "string",
    "RiskState": "string",
    "DeviceDetail": "dynamic",
    "LocationDetails": "dynamic",
    "Status": "dynamic",
    "AuthenticationDetails": "dynamic",
    "Type": "string",
}
COLUMNS: dict[str, dict[str, str]] = {
    "SigninLogs": _SIGN_INS,
    "AADNonInteractiveUserSignInLogs": {
        name: "string" if kind == "dynamic" else kind for name, kind in _SIGN_INS.items()
    },
    "AuditLogs": {
        "TimeGenerated": "datetime",
        "TenantId": "string",
        "Id": "string",
        "CorrelationId": "string",
        "ActivityDateTime": "datetime",
        "ActivityDisplayName": "string",
        "OperationName": "string",
        "Category": "string",
        "Result": "string",
        "ResultReason": "string",
        "LoggedByService": "string",
        "InitiatedBy": "dynamic",
        "TargetResources": "dynamic",
        "AdditionalDetails": "dynamic",
        "Type": "string",
    },
    "OfficeActivity": {
        "TimeGenerated": "datetime",
        "TenantId": "string",
        "OfficeId": "string",
        "RecordType": "string",
        "OfficeWorkload": "string",
        "Operation": "string",
        "OrganizationId": "string",
        "UserType": "string",
        "UserKey": "string",
        "UserId": "string",
        "ResultStatus": "string",
        "OfficeObjectId": "string",
        "ClientIP": "string",
        "Client_IPAddress": "string",
        "ClientInfoString": "string",
        "ClientAppId": "string",
        "LogonType": "string",
        "MailboxOwnerUPN": "string",
        "MailboxGuid": "string",
        "SessionId": "string",
        "Item": "string",
        "AffectedItems": "string",
        "Folders": "string",
        "OperationProperties": "string",
        "OperationCount": "int",
        "Parameters": "string",
        "SourceFileName": "string",
        "SiteUrl": "string",
        "UserAgent": "string",
        "Type": "string",
    },
}
"""Columns and their types. Tables that are not here are not connected to the workspace."""
_CAMEL = {
    "Id": "id",
    "CorrelationId": "correlationId",
    "CreatedDateTime": "createdDateTime",
    "UserId": "userId",
    "UserPrincipalName": "userPrincipalName",
    "UserDisplayName": "userDisplayName",
    "AppId": "appId",
    "AppDisplayName": "appDisplayName",
    "ResourceDisplayName": "resourceDisplayName",
    "IPAddress": "ipAddress",
    "ClientAppUsed": "clientAppUsed",
    "UserAgent": "userAgent",
    "IsInteractive": "isInteractive",
    "ConditionalAccessStatus": "conditionalAccessStatus",
    "AuthenticationRequirement": "authenticationRequirement",
    "AuthenticationProtocol": "authenticationProtocol",
    "IncomingTokenType": "incomingTokenType",
    "OriginalRequestId": "originalRequestId",
    "SessionId": "sessionId",
    "UniqueTokenIdentifier": "uniqueTokenIdentifier",
    "RiskLevelDuringSignIn": "riskLevelDuringSignIn",
    "RiskState": "riskState",
}


def tables(situation: Situation) -> Mapping[str, Table]:
    """Makes each table's rows, oldest first, when a query asks for it."""
    return {
        "SigninLogs": lambda: _sign_ins(situation, "SigninLogs", interactive=True),
        "AADNonInteractiveUserSignInLogs": lambda: _sign_ins(
            situation, "AADNonInteractiveUserSignInLogs", interactive=False
        ),
        "AuditLogs": lambda: _audits(situation),
        "OfficeActivity": lambda: _activity(situation),
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _sign_ins(situation: Situation, table: str, *, interactive: bool) -> list[Record]:
    found = [*situation.state["sign_ins"], *situation.scenario.sign_ins]
    rows = []
    for record in sorted(found, key=lambda row: (row["createdDateTime"], row["id"])):
        if record["isInteractive"] is not interactive:
            continue
        row: Record = {name: record[of] for name, of in _CAMEL.items()}
        row |= {
            "TimeGenerated": record["createdDateTime"],
            "TenantId": TENANT_ID,
            "Location": record["location"]["countryOrRegion"],
            "ResultType": str(record["status"]["errorCode"]),
            "ResultDescription": record["status"]["failureReason"],
            "AutonomousSystemNumber": str(record["autonomousSystemNumber"]),
            "DeviceDetail": _json(record["deviceDetail"]),
            "LocationDetails": _json(record["location"]),
            "Status": _json(record["status"]),
            "AuthenticationDetails": _json(record["authenticationDetails"]),
            "Type": table,
        }
        rows.append(row)
    return rows


def _audits(situation: Situation) -> list[Record]:
    return [
        {
            "TimeGenerated": record["activityDateTime"],
            "TenantId": TENANT_ID,
            "Id": record["id"],
            "CorrelationId": record["correlationId"],
            "ActivityDateTime": record["activityDateTime"],
            "ActivityDisplayName": record["activityDisplayName"],
            "OperationName": record["activityDisplayName"],
            "Category": record["category"],
            "Result": record["result"],
            "ResultReason": record["resultReason"],
            "LoggedByService": record["loggedByService"],
            "InitiatedBy": _json(record["initiatedBy"]),
            "TargetResources": _json(record["targetResources"]),
            "AdditionalDetails": _json(record["additionalDetails"]),
            "Type": "AuditLogs",
        }
        for record in reversed(audits(situation))
    ]


_OFFICE = ("Exchange", "SharePoint", "OneDrive", "MicrosoftTeams")


def _activity(situation: Situation) -> list[Record]:
    """Exchange and SharePoint only; the address of mail that was read stands in a column of its own."""
    memory = situation.memory
    wanted = Search(utc("2000-01-01 00:00:00"), situation.now)
    rows = []
    for entry in memory.log.search(wanted, situation.state, situation.now, memory.delay):
        record = entry.document()
        if record["Workload"] not in _OFFICE:
            continue
        address = bare_address(record)
        row: Record = {name: record.get(name) for name in COLUMNS["OfficeActivity"] if name in record}
        row |= {
            "TimeGenerated": record["CreationTime"] + "Z",
            "TenantId": TENANT_ID,
            "OfficeId": record["Id"],
            "RecordType": str(record["RecordType"]),
            "OfficeWorkload": record["Workload"],
            "UserType": "Admin" if record["UserType"] == 2 else "Regular",
            "OfficeObjectId": record.get("ObjectId"),
            "ClientIP": "" if entry.operation == "MailItemsAccessed" else address,
            "Client_IPAddress": address if "ClientIPAddress" in record else "",
            "LogonType": str(record.get("LogonType", "")),
            "Type": "OfficeActivity",
        }
        for name in ("Item", "AffectedItems", "Folders", "OperationProperties", "Parameters"):
            row[name] = _json(record[name]) if name in record else ""
        rows.append(row)
    return rows
