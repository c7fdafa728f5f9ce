"""AuditData documents that Entra and SharePoint write: directory changes, sign-ins, files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from toolkit.practice.audit_records import DIRECTORY, SHAREPOINT_FILE, STS_LOGON, common
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, Person

Change = tuple[str, str, str]
"""Property name, new value, old value."""


def directory_record(
    actor: Person | str,
    target: Sequence[Record],
    moment: datetime,
    key: str,
    operation: str,
    *,
    object_id: str,
    changes: Sequence[Change] = (),
    details: Record | None = None,
    category: str = "User",
    address: str = "",
) -> Record:
    """A directory change (record type 8); `actor` is a person or the name of a Microsoft service."""
    service = isinstance(actor, str)
    principal = DRAW.uuid("service", actor) if isinstance(actor, str) else actor.id
    record = common(
        moment,
        key,
        operation,
        DIRECTORY,
        "AzureActiveDirectory",
        user_id=f"ServicePrincipal_{principal}" if isinstance(actor, str) else actor.upn,
        user_key="Not Available" if isinstance(actor, str) else f"{actor.puid}@contoso.onmicrosoft.com",
        user_type=4 if service else 0,
        result="Success",
    )
    extra: Record = {"ClientIP": address} if address else {}
    return (
        record
        | extra
        | {
            "ObjectId": object_id,
            "AzureActiveDirectoryEventType": 1,
            "ExtendedProperties": [
                {"Name": "additionalDetails", "Value": json.dumps(details or {}, separators=(",", ":"))},
                {"Name": "extendedAuditEventCategory", "Value": category},
            ],
            "ModifiedProperties": [{"Name": name, "NewValue": new, "OldValue": old} for name, new, old in changes],
            "Actor": _service(actor, principal) if isinstance(actor, str) else user_parts(actor, first=True),
            "ActorContextId": TENANT_ID,
            "ActorIpAddress": address,
            "InterSystemsId": DRAW.uuid("inter", key),
            "IntraSystemId": DRAW.uuid("intra", key),
            "SupportTicketId": "",
            "Target": list(target),
            "TargetContextId": TENANT_ID,
        }
    )


def user_parts(person: Person, *, first: bool = False) -> list[Record]:
    """The five entries by which Actor and Target name a user (types: 5 UPN, 3 PUID, 2 id)."""
    name = [{"ID": person.upn, "Type": 5}, {"ID": person.puid, "Type": 3}]
    ids = [
        {"ID": f"User_{person.id}", "Type": 2},
        {"ID": person.id, "Type": 2},
        {"ID": "User", "Type": 2},
    ]
    return name + ids if first else ids + name


def application_parts(name: str, app_id: str, principal: str) -> list[Record]:
    """How Target names an enterprise application."""
    return [
        {"ID": f"ServicePrincipal_{principal}", "Type": 2},
        {"ID": principal, "Type": 2},
        {"ID": "ServicePrincipal", "Type": 2},
        {"ID": name, "Type": 1},
        {"ID": app_id, "Type": 2},
        {"ID": app_id, "Type": 4},
    ]


def _service(name: str, principal: str) -> list[Record]:
    app_id = DRAW.uuid("service app", name)
    return [
        {"ID": name, "Type": 1},
        {"ID": app_id, "Type": 2},
        {"ID": f"ServicePrincipal_{principal}", "Type": 2},
        {"ID": principal, "Type": 2},
        {"ID": "ServicePrincipal", "Type": 2},
    ]


def logon_record(person: Person, moment: datetime, sign_in: Record) -> Record:
    """UserLoggedIn or UserLoginFailed: the unified log's copy of a sign-in, under the same id."""
    error = int(sign_in["status"]["errorCode"])
    record = common(
        moment,
        sign_in["id"],
        "UserLoginFailed" if error else "UserLoggedIn",
        STS_LOGON,
        "AzureActiveDirectory",
        user_id=person.sign_in_name,
        user_key=person.id,
        result="Failed" if error == 50126 else "Success",
    )
    device = sign_in["deviceDetail"]
    properties = [
        ("Id", device["deviceId"]),
        ("DisplayName", device["displayName"]),
        ("OS", device["operatingSystem"]),
        ("BrowserType", str(device["browser"]).split()[0]),
        ("TrustType", "0" if device["deviceId"] else ""),
        ("SessionId", sign_in["sessionId"]),
    ]
    record |= {
        "Id": sign_in["id"],
        "ClientIP": sign_in["ipAddress"],
        "ObjectId": sign_in["resourceId"],
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": [
            {"Name": "ResultStatusDetail", "Value": "UserError" if error else "Success"},
            {"Name": "UserAgent", "Value": sign_in["userAgent"]},
            {"Name": "RequestType", "Value": "Login:login" if error else "OAuth2:Authorize"},
        ],
        "ModifiedProperties": [],
        "Actor": [{"ID": person.id, "Type": 0}, {"ID": person.sign_in_name, "Type": 5}],
        "ActorContextId": TENANT_ID,
        "ActorIpAddress": sign_in["ipAddress"],
        "InterSystemsId": sign_in["correlationId"],
        "IntraSystemId": sign_in["id"],
        "SupportTicketId": "",
        "Target": [{"ID": sign_in["resourceId"], "Type": 0}],
        "TargetContextId": TENANT_ID,
        "ApplicationId": sign_in["appId"],
        "DeviceProperties": [{"Name": name, "Value": value} for name, value in properties if value],
        "ErrorNumber": str(error),
    }
    if error:
        names = {
            50126: "InvalidUserNameOrPassword",
            50074: "UserStrongAuthClientAuthNRequiredInterrupt",
        }
        record["LogonError"] = names[error]
    return record


def file_record(
    person: Person,
    moment: datetime,
    key: str,
    *,
    name: str,
    extension: str,
    address: str,
    session: str,
    agent: str,
    operation: str = "FileAccessed",
) -> Record:
    """A file operation in SharePoint (record type 6)."""
    site = "https://contoso.sharepoint.com/sites/Team/"
    record = common(
        moment,
        key,
        operation,
        SHAREPOINT_FILE,
        "SharePoint",
        user_id=person.upn,
        user_key=f"i:0h.f|membership|{person.puid.lower()}@live.com",
    )
    del record["ResultStatus"]
    path = f"Shared Documents/{name}.{extension}"
    return record | {
        "ClientIP": address,
        "ObjectId": site + path,
        "AppAccessContext": {"AADSessionId": session, "CorrelationId": DRAW.uuid("correlation", key)},
        "CorrelationId": DRAW.uuid("correlation", key),
        "EventSource": "SharePoint",
        "ItemType": "File",
        "ListId": DRAW.uuid("list"),
        "ListItemUniqueId": DRAW.uuid("file", name),
        "Site": DRAW.uuid("site"),
        "SiteUrl": site,
        "SourceFileExtension": extension,
        "SourceFileName": f"{name}.{extension}",
        "SourceRelativeUrl": "Shared Documents",
        "UserAgent": agent,
        "WebId": DRAW.uuid("web"),
    }
