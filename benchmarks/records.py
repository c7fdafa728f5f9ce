"""Audit records to measure with: mixed operations, nested arrays, about 1.5 kB each, the same for the same seed."""

from __future__ import annotations

import csv
import json
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HEADER = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames"
# operation → how many of ten records
MIX = {"MailItemsAccessed": 5, "Send": 1, "New-InboxRule": 1, "UserLoggedIn": 1, "FileAccessed": 1, "SoftDelete": 1}
# As a tenant writes them: rules are rare
EVERYDAY = MIX | {
    "MailItemsAccessed": 5_000,
    "Send": 1_500,
    "UserLoggedIn": 1_500,
    "FileAccessed": 2_000,
    "SoftDelete": 500,
}
START = datetime(2026, 8, 1, tzinfo=UTC)


def write_purview_csv(path: Path, count: int, seed: int = 1, mix: Mapping[str, int] = MIX) -> None:
    """A Purview export of `count` records; `mix` says how often each operation comes."""
    dice = random.Random(seed)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER.split(","))
        for number in range(count):
            data = _record(number, dice, mix)
            text = json.dumps(data, separators=(",", ":"))
            time = data["CreationTime"] + ".0000000Z"
            writer.writerow([data["Id"], time, data["RecordType"], data["Operation"], data["UserId"], text, "", ""])


def _guid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128)))


def _record(number: int, dice: random.Random, mix: Mapping[str, int]) -> dict[str, Any]:
    operation = dice.choices(list(mix), list(mix.values()))[0]
    user = f"user{dice.randrange(200)}@contoso.com"
    address = f"203.0.113.{dice.randrange(256)}"
    data: dict[str, Any] = {
        "CreationTime": (START + timedelta(seconds=7 * number)).strftime("%Y-%m-%dT%H:%M:%S"),
        "Id": _guid(dice),
        "Operation": operation,
        "OrganizationId": "8d4121ed-0008-406d-bff9-0d5bb312183c",
        "RecordType": 50,
        "ResultStatus": "Succeeded",
        "UserKey": "1003200280FF7557",
        "UserType": 0,
        "Version": 1,
        "Workload": "Exchange",
        "ClientIPAddress": address,
        "UserId": user,
        "AppId": "00000002-0000-0ff1-ce00-000000000000",
        "ClientInfoString": "Client=REST;Client=RESTSystem;;",
        "ExternalAccess": False,
        "InternalLogonType": 0,
        "LogonType": 0,
        "LogonUserSid": f"S-1-5-21-{dice.getrandbits(64)}",
        "MailboxGuid": _guid(dice),
        "MailboxOwnerSid": f"S-1-5-21-{dice.getrandbits(64)}",
        "MailboxOwnerUPN": user,
        "OrganizationName": "contoso.onmicrosoft.com",
        "OriginatingServer": "AM9PR06MB8000 (15.20.4200.000)\r\n",
        "SessionId": _guid(dice),
    }
    if operation == "New-InboxRule":
        names = ("AlwaysDeleteOutlookRulesBlob", "Force", "Name", "SubjectContainsWords", "MoveToFolder", "MarkAsRead")
        data["Parameters"] = [{"Name": name, "Value": "invoice payment transfer"} for name in names]
    elif operation == "UserLoggedIn":
        agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"
        data["ExtendedProperties"] = [{"Name": n, "Value": agent} for n in ("UserAgent", "RequestType", "ResultStatus")]
        data["DeviceProperties"] = [{"Name": n, "Value": _guid(dice)} for n in ("OS", "BrowserType", "SessionId")]
    else:
        data["OperationProperties"] = [
            {"Name": "MailAccessType", "Value": "Bind"},
            {"Name": "IsThrottled", "Value": "False"},
        ]
        items = [
            {"InternetMessageId": f"<{_guid(dice)}@contoso.com>", "SizeInBytes": dice.randrange(100_000)}
            for _ in range(dice.randrange(2, 9))
        ]
        data["Folders"] = [{"Id": "LgAAAAB" + _guid(dice) * 2, "Path": "\\Inbox", "FolderItems": items}]
    return data


PLACES = (("DE", "Berlin", 52.5, 13.4), ("AT", "Vienna", 48.2, 16.4), ("CH", "Bern", 46.9, 7.4))


def write_sign_in_pages(path: Path, count: int, seed: int = 2) -> None:
    """Graph sign-ins (beta), one JSON document a line; every fiftieth failed, a few users travel."""
    dice = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            user = dice.randrange(200)
            country, city, latitude, longitude = PLACES[0] if user % 20 or dice.random() < 0.9 else dice.choice(PLACES)
            sign_in = {
                "id": _guid(dice),
                "createdDateTime": (START + timedelta(seconds=14 * number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "userPrincipalName": f"user{user}@contoso.com",
                "userId": str(uuid.UUID(int=user)),
                "appId": "00000002-0000-0ff1-ce00-000000000000",
                "appDisplayName": "Office 365 Exchange Online",
                "ipAddress": f"198.51.100.{user % 250}",
                "clientAppUsed": "Browser",
                "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0",
                "isInteractive": number % 3 == 0,
                "signInEventTypes": ["interactiveUser" if number % 3 == 0 else "nonInteractiveUser"],
                "sessionId": str(uuid.UUID(int=user * 1000 + number // 5000)),
                "status": {"errorCode": 0 if number % 50 else 50126},
                "deviceDetail": {
                    "deviceId": f"device-{user}",
                    "operatingSystem": "Windows 10",
                    "browser": "Chrome 140",
                },
                "location": {
                    "city": city,
                    "countryOrRegion": country,
                    "geoCoordinates": {"latitude": latitude, "longitude": longitude},
                },
            }
            file.write(json.dumps(sign_in) + "\n")
