"""AuditData documents of the unified audit log: mailbox, Exchange admin, Entra, sign-in and file records."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime

from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, INITIAL_DOMAIN, TENANT_ID, Person
from toolkit.practice.signin_records import token_identifier

EXCHANGE_ADMIN = 1
EXCHANGE_ITEM = 2
EXCHANGE_ITEM_GROUP = 3
SHAREPOINT_FILE = 6
DIRECTORY = 8
STS_LOGON = 15
MAIL_ITEMS_ACCESSED = 50
HYGIENE_EVENT = 51
RECORD_TYPE_NAMES = {
    EXCHANGE_ADMIN: "ExchangeAdmin",
    EXCHANGE_ITEM: "ExchangeItem",
    EXCHANGE_ITEM_GROUP: "ExchangeItemGroup",
    SHAREPOINT_FILE: "SharePointFileOperation",
    DIRECTORY: "AzureActiveDirectory",
    STS_LOGON: "AzureActiveDirectoryStsLogon",
    MAIL_ITEMS_ACCESSED: "ExchangeItemAggregated",
    HYGIENE_EVENT: "HygieneEvent",
}
"""Numbers and names of AuditLogRecordType. Source: Office 365 Management Activity API schema."""
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"


def common(
    moment: datetime,
    key: str,
    operation: str,
    record_type: int,
    workload: str,
    *,
    user_id: str,
    user_key: str,
    user_type: int = 0,
    result: str = "Succeeded",
) -> Record:
    """The properties that every record begins with. CreationTime is UTC and has no zone."""
    return {
        "CreationTime": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "Id": DRAW.uuid("audit", key),
        "Operation": operation,
        "OrganizationId": TENANT_ID,
        "RecordType": record_type,
        "ResultStatus": result,
        "UserKey": user_key,
        "UserType": user_type,
        "Version": 1,
        "Workload": workload,
        "UserId": user_id,
    }


def mailbox_record(
    person: Person,
    moment: datetime,
    key: str,
    operation: str,
    record_type: int,
    *,
    address: str,
    session: str,
    client: str,
    app_id: str = EXCHANGE_ONLINE,
    client_app_id: str = "",
    extra: Record,
) -> Record:
    """A record of mailbox auditing (owner's logon); `session` is the Entra session that the token came from."""
    record = common(moment, key, operation, record_type, "Exchange", user_id=person.upn, user_key=person.puid)
    record |= {
        "ClientIP": address,
        "AppAccessContext": {
            "AADSessionId": session,
            "ClientAppId": client_app_id or app_id,
            "IssuedAtTime": moment.strftime("%Y-%m-%dT%H:00:00"),
            "UniqueTokenId": token_identifier(DRAW.uuid("token", key)),
        },
        "AppId": app_id,
        "ClientAppId": client_app_id,
        "ClientIPAddress": address,
        "ClientInfoString": client,
        "ExternalAccess": False,
        "InternalLogonType": 0,
        "LogonType": 0,
        "LogonUserSid": _sid(person),
        "MailboxGuid": DRAW.uuid("mailbox", person.key),
        "MailboxOwnerSid": _sid(person),
        "MailboxOwnerUPN": person.upn,
        "OrganizationName": INITIAL_DOMAIN,
        "OriginatingServer": "FR3P281MB2512 (15.20.9094.021)\r\n",
        "SessionId": session,
    }
    return record | extra


def message(key: str, subject: str) -> Record:
    """An item as Send and the move operations name it."""
    return {
        "Id": identifier("RgAAAA", f"item {key}"),
        "InternetMessageId": f"<{DRAW.hexadecimal(24, 'message', key)}@FR3P281MB2512.DEUP281.PROD.OUTLOOK.COM>",
        "Subject": subject,
    }


def folder(person: Person, name: str) -> Record:
    """A folder of the mailbox: id and path."""
    return {"Id": identifier("LgAAAA", f"folder {person.key} {name}"), "Path": f"\\{name}"}


def accessed(person: Person, key: str, folders: dict[str, int], kind: str = "Bind") -> Record:
    """What MailItemsAccessed adds; `folders` gives the number of messages per folder (Bind) or is only names."""
    content: Record = {
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": kind},
            {"Name": "IsThrottled", "Value": "False"},
        ],
    }
    if kind == "Sync":
        name = next(iter(folders))
        place = folder(person, name)
        return content | {"Item": {"ParentFolder": place | {"Name": name}}}
    return content | {
        "Folders": [
            {
                "FolderItems": [
                    {
                        "InternetMessageId": message(f"{key} {name} {number}", "")["InternetMessageId"],
                        "SizeInBytes": DRAW.number(9_000, 180_000, "size", key, name, number),
                    }
                    for number in range(count)
                ],
                **folder(person, name),
            }
            for name, count in folders.items()
        ],
        "OperationCount": sum(folders.values()),
    }


def cmdlet_record(
    person: Person,
    moment: datetime,
    key: str,
    operation: str,
    *,
    address: str,
    object_id: str,
    parameters: Sequence[tuple[str, str]],
    session: str,
    pool: str = "MSExchangeOWAAppPool",
    app_id: str = EXCHANGE_ONLINE,
) -> Record:
    """A cmdlet run in Exchange (record type 1). ClientIP carries the port, as the service writes it."""
    record = common(
        moment,
        key,
        operation,
        EXCHANGE_ADMIN,
        "Exchange",
        user_id=person.upn,
        user_key=person.puid,
        user_type=2,
        result="True",
    )
    port = DRAW.number(1100, 64000, "port", key)
    return record | {
        "ClientIP": f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
        "ObjectId": object_id,
        "AppAccessContext": {"AADSessionId": session, "UniqueTokenId": ""},
        "AppId": app_id,
        "AppPoolName": pool,
        "ClientAppId": "",
        "CorrelationID": "",
        "ExternalAccess": False,
        "OrganizationName": INITIAL_DOMAIN,
        "OriginatingServer": "FR3P281MB2512 (15.20.9094.021)",
        "Parameters": [{"Name": name, "Value": value} for name, value in parameters],
        "RequestId": DRAW.uuid("request", key),
        "SessionId": session,
    }


def directory_object(person: Person) -> str:
    """How Exchange names a recipient inside the organisation."""
    return f"EURP281A003.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{INITIAL_DOMAIN}/{person.id}"


def identifier(prefix: str, key: str) -> str:
    """An entry id that looks like Exchange's and depends on the key only."""
    return prefix + base64.b64encode(hashlib.sha256(key.encode()).digest() * 2).decode()[:58]


def _sid(person: Person) -> str:
    number = DRAW.number(10_000_000, 49_999_999, "sid", person.key)
    return f"S-1-5-21-2143512744-1822073358-3092164411-{number}"
