"""Exchange at the scenario's beginning: mailboxes, inbox rules, restricted senders, audit bypass."""

from __future__ import annotations

from toolkit.practice.audit_records import directory_object
from toolkit.practice.background import INNOCENT_RULES
from toolkit.practice.intrusion import (
    BLOCK_REASON,
    BLOCKED_AT,
    BYPASSED_AT,
    DELETING_RULE,
    DROP_BOX,
    FINANCE_WORDS,
    FORWARD_TO,
    HIDDEN_RULE,
    HIDING_FOLDER,
    HIDING_RULE,
    WARNING_WORDS,
)
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Person, people

CLIENT_ONLY_RULE = "Ring for the managing director"
JUNK_RULE = "Junk E-mail Rule"
_OWNER = ("Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "UpdateFolderPermissions")
_OWNER_MORE = ("UpdateInboxRules", "UpdateCalendarDelegation", "MailItemsAccessed", "Send", "SearchQueryInitiated")


def mailboxes() -> dict[str, Record]:
    """`Get-Mailbox` rows by object id of the user."""
    return {person.id: _mailbox(person) for person in people().values() if person.has_mailbox}


def _mailbox(person: Person) -> Record:
    victim = person.key == "victim"
    actions = [*_OWNER, *_OWNER_MORE]
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
        "GrantSendOnBehalfTo": [],
        "HiddenFromAddressListsEnabled": False,
        "LitigationHoldEnabled": False,
        "AuditEnabled": True,
        "AuditLogAgeLimit": "90.00:00:00",
        "AuditOwner": actions,
        "AuditDelegate": ["Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "SendAs", "Create"],
        "AuditAdmin": ["Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "SendAs", "Create"],
        "DefaultAuditSet": ["Admin", "Delegate", "Owner"],
        "PersistedCapabilities": ["BPOS_S_EquivioAnalytics", "M365Auditing"],
        "WhenCreatedUTC": "2023-01-16T08:00:00Z",
    }


def inbox_rules() -> dict[str, list[Record]]:
    """Rules by object id of the user: what `Get-InboxRule` answers, plus `_hidden` and `_client_only`."""
    rules = {person.id: [_junk_rule(person)] for person in people().values() if person.has_mailbox}
    victim = people()["victim"]
    rules[victim.id] += [
        _rule(
            victim,
            "Supplier news",
            1,
            MoveToFolder="Supplier news",
            From=['"Trade fair" [SMTP:news@fair.example]'],
        ),
        _rule(
            victim,
            CLIENT_ONLY_RULE,
            2,
            client_only=True,
            From=['"Miriam Hoffmann" [EX:/o=ExchangeLabs/ou=hoffmann]'],
        ),
        _rule(
            victim,
            HIDDEN_RULE,
            3,
            hidden=True,
            SubjectContainsWords=list(FINANCE_WORDS),
            ForwardTo=[f'"{DROP_BOX}" [SMTP:{DROP_BOX}]'],
        ),
        _rule(
            victim,
            HIDING_RULE,
            4,
            SubjectOrBodyContainsWords=list(FINANCE_WORDS),
            MoveToFolder=HIDING_FOLDER,
            MarkAsRead=True,
            StopProcessingRules=True,
        ),
        _rule(
            victim,
            DELETING_RULE,
            5,
            SubjectOrBodyContainsWords=list(WARNING_WORDS),
            DeleteMessage=True,
            StopProcessingRules=True,
        ),
    ]
    for key, _, name, folder, words in INNOCENT_RULES:
        person = people()[key]
        rules[person.id].append(
            _rule(person, name, 1, FromAddressContainsWords=[words], MoveToFolder=folder, StopProcessingRules=True)
        )
    return rules


def _junk_rule(person: Person) -> Record:
    return _rule(person, JUNK_RULE, 0, hidden=True, StopProcessingRules=True)


def _rule(
    person: Person,
    name: str,
    priority: int,
    *,
    hidden: bool = False,
    client_only: bool = False,
    **parts: object,
) -> Record:
    # Exchange numbers rules with unsigned 64-bit values, most of them beyond a signed one.
    number = str(DRAW.number(2**63, 2**64 - 1, "rule", person.key, name))
    rule: Record = {
        "Name": name,
        "Identity": f"{person.id}\\{number}",
        "RuleIdentity@data.type": "System.UInt64",
        "RuleIdentity": number,
        "Priority": priority,
        "Enabled": True,
        "MailboxOwnerId": person.id,
        "InError": False,
        "IsValid": True,
        "SupportedByTask": not client_only,
        "From": None,
        "FromAddressContainsWords": None,
        "SubjectContainsWords": None,
        "BodyContainsWords": None,
        "SubjectOrBodyContainsWords": None,
        "HasAttachment": False,
        "MoveToFolder": None,
        "CopyToFolder": None,
        "DeleteMessage": False,
        "SoftDeleteMessage": False,
        "MarkAsRead": False,
        "ForwardTo": None,
        "ForwardAsAttachmentTo": None,
        "RedirectTo": None,
        "StopProcessingRules": False,
    }
    rule |= parts
    rule["Description"] = _description(rule, client_only)
    return rule | {"_hidden": hidden, "_client_only": client_only}


def _description(rule: Record, client_only: bool) -> str:
    conditions = [
        f"{words} " + " or ".join(f"'{word}'" for word in rule[name])
        for name, words in (
            ("From", "the message was received from"),
            ("FromAddressContainsWords", "the sender's address contains"),
            ("SubjectContainsWords", "the subject includes"),
            ("SubjectOrBodyContainsWords", "the subject or body includes"),
        )
        if rule[name]
    ]
    actions = [
        f"{words} '{rule[name] if isinstance(rule[name], str) else ', '.join(rule[name])}'"
        for name, words in (
            ("MoveToFolder", "move the message to folder"),
            ("ForwardTo", "forward the message to"),
        )
        if rule[name]
    ]
    actions += ["delete the message"] if rule["DeleteMessage"] else []
    actions += ["mark the message as read"] if rule["MarkAsRead"] else []
    actions += ["play a sound (client-only)"] if client_only else []
    actions += ["stop processing more rules on this message"] if rule["StopProcessingRules"] else []
    text = "If the message:\r\n\t" + " and ".join(conditions) + "\r\n" if conditions else ""
    return text + "Take the following actions:\r\n\t" + "\r\n\t".join(actions) + "\r\n"


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
