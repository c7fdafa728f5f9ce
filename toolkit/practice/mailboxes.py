"""Exchange at the scenario's beginning: mailboxes, restricted senders, audit bypass."""

from __future__ import annotations

from toolkit.practice.audit_records import directory_object
from toolkit.practice.intrusion import BLOCK_REASON, BLOCKED_AT, BYPASSED_AT, FORWARD_TO
from toolkit.practice.last_hour import DELEGATE
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Person, people

_OTHERS = ("Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "SendAs", "Create")
AUDITED = {
    "Admin": _OTHERS,
    "Delegate": _OTHERS,
    "Owner": (
        *("Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "UpdateFolderPermissions", "UpdateInboxRules"),
        *("UpdateCalendarDelegation", "MailItemsAccessed", "Send", "SearchQueryInitiated"),
    ),
}
"""What is audited by default for each kind of logon. Source: "Manage mailbox auditing", shortened."""
FLAG_OFF, KEPT_SHORT = "engineer", "marketing"
"""Mailboxes whose auditing was set up badly years ago; nobody meant harm, and the log does not reach back so far."""
SENDER = "sales"
"""Allowed by the victim herself, long ago, to send on her behalf."""


def mailboxes() -> dict[str, Record]:
    """`Get-Mailbox` rows by object id of the user."""
    return {person.id: _mailbox(person) for person in people().values() if person.has_mailbox}


def _mailbox(person: Person) -> Record:
    victim = person.key == "victim"
    # The intruder's last touch: of the owner's acts nothing but logging on is audited any more.
    audited = {kind: list(actions) for kind, actions in AUDITED.items()} | (
        {"Owner": ["MailboxLogin"]} if victim else {}
    )
    return {
        "Identity": directory_object(person),
        "Name": person.id,
        "DisplayName": person.display_name,
        "Alias": person.upn.split("@")[0],
        "UserPrincipalName": person.upn,
        "PrimarySmtpAddress": person.mail,
        "ExternalDirectoryObjectId": person.id,
        "ExchangeGuid": DRAW.uuid("mailbox", person.key),
        "RecipientType": "UserMailbox",
        "RecipientTypeDetails": "UserMailbox",
        "ForwardingAddress": None,
        "ForwardingSmtpAddress": f"smtp:{FORWARD_TO}" if victim else None,
        "DeliverToMailboxAndForward": victim,
        "GrantSendOnBehalfTo": [people()[key].id for key in (SENDER, DELEGATE)] if victim else [],
        "HiddenFromAddressListsEnabled": False,
        "LegacyExchangeDN": f"/o=ExchangeLabs/ou={person.family.lower()}",
        "IsDirSynced": person.synced,
        "LitigationHoldEnabled": False,
        "LitigationHoldDate": None,
        "LitigationHoldOwner": "",
        "LitigationHoldDuration": "Unlimited",
        "AuditEnabled": person.key != FLAG_OFF,
        "AuditLogAgeLimit": "30.00:00:00" if person.key == KEPT_SHORT else "90.00:00:00",
        **{f"Audit{kind}": actions for kind, actions in audited.items()},
        "DefaultAuditSet": ["Admin", "Delegate"] if victim else ["Admin", "Delegate", "Owner"],
        "PersistedCapabilities": ["BPOS_S_EquivioAnalytics", "M365Auditing"],
        "WhenCreatedUTC": "2023-01-16T08:00:00Z",
    }


def blocked_senders() -> list[Record]:
    """`Get-BlockedSenderAddress` rows: the victim, since the service stopped the burst."""
    moment = BLOCKED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        {
            "SenderAddress": people()["victim"].upn,
            "Reason": BLOCK_REASON,
            "CreatedDatetime": moment,
            "ChangedDatetime": moment,
            "IsExpired": False,
            "ExpiresOn": None,
            "TemporaryBlock": False,
        }
    ]


def audit_bypass() -> list[Record]:
    """`Get-MailboxAuditBypassAssociation` rows. One system row lacks the flag, as in real tenants."""
    system: list[Record] = [
        {"Identity": "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}", "AuditBypassEnabled": False},
        {"Identity": "SystemMailbox{1f05a927-89c0-4725-adca-4527114196a1}"},
    ]
    rows: list[Record] = [
        {
            "Identity": person.id,
            "Name": person.id,
            "ObjectId": person.id,
            "UserPrincipalName": person.upn,
            "AuditBypassEnabled": person.key == "victim",
            "WhenChangedUTC": _changed(person),
        }
        for person in people().values()
        if person.has_mailbox
    ]
    return rows + system


def _changed(person: Person) -> str:
    moment = BYPASSED_AT if person.key == "victim" else utc("2023-01-16 08:00:00")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
