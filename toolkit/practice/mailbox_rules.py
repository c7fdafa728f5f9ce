"""Inbox rules and Sweep rules at the scenario's beginning."""

from __future__ import annotations

import base64
import uuid

from toolkit.practice.background import INNOCENT_RULES
from toolkit.practice.intrusion import (
    DELETING_RULE,
    DROP_BOX,
    FINANCE_WORDS,
    HIDDEN_RULE,
    HIDING_FOLDER,
    HIDING_RULE,
    WARNING_WORDS,
)
from toolkit.practice.last_hour import SWEEP_RULE
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people

CLIENT_ONLY_RULE = "Ring for the managing director"
JUNK_RULE = "Junk E-mail Rule"


def inbox_rules() -> dict[str, list[Record]]:
    """Rules by object id of the user: what `Get-InboxRule` answers, plus `_hidden` and `_client_only`."""
    rules = {person.id: [_junk_rule(person)] for person in people().values() if person.has_mailbox}
    victim = people()["victim"]
    rules[victim.id] += [
        inbox_rule(
            victim,
            "Supplier news",
            1,
            MoveToFolder="Supplier news",
            From=['"Trade fair" [SMTP:news@fair.example]'],
        ),
        inbox_rule(
            victim,
            CLIENT_ONLY_RULE,
            2,
            client_only=True,
            From=['"Miriam Hoffmann" [EX:/o=ExchangeLabs/ou=hoffmann]'],
        ),
        inbox_rule(
            victim,
            HIDDEN_RULE,
            3,
            hidden=True,
            SubjectContainsWords=list(FINANCE_WORDS),
            ForwardTo=[f'"{DROP_BOX}" [SMTP:{DROP_BOX}]'],
        ),
        inbox_rule(
            victim,
            HIDING_RULE,
            4,
            SubjectOrBodyContainsWords=list(FINANCE_WORDS),
            MoveToFolder=HIDING_FOLDER,
            MarkAsRead=True,
            StopProcessingRules=True,
        ),
        inbox_rule(
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
            inbox_rule(person, name, 1, FromAddressContainsWords=[words], MoveToFolder=folder, StopProcessingRules=True)
        )
    return rules


def _junk_rule(person: Person) -> Record:
    return inbox_rule(person, JUNK_RULE, 0, hidden=True, StopProcessingRules=True)


def inbox_rule(
    person: Person,
    name: str,
    priority: int,
    *,
    hidden: bool = False,
    client_only: bool = False,
    key: str = "",
    **parts: object,
) -> Record:
    """One rule, with RuleIdentity as text; `key` tells rules of the same name apart."""
    # Exchange numbers rules with unsigned 64-bit values, most of them beyond a signed one.
    number = str(DRAW.number(2**63, 2**64 - 1, "rule", person.key, key or name))
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
        "_hidden": hidden,
        "_client_only": client_only,
    }
    return with_description(rule | parts)


def with_description(rule: Record) -> Record:
    """The rule with the sentence that Exchange makes of it."""
    return rule | {"Description": _description(rule, rule["_client_only"])}


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


def sweep_rules() -> dict[str, list[Record]]:
    """`Get-SweepRule` rows by object id of the user: one of the intruder, who clears away what IT writes."""
    everyone = people()
    rows: dict[str, list[Record]] = {person.id: [] for person in everyone.values() if person.has_mailbox}
    for key, name, sender in (("victim", SWEEP_RULE, "operator"), ("marketing", "Newsletters", "sales")):
        rows[everyone[key].id].append(_sweep_rule(everyone[key], name, everyone[sender]))
    return rows


def _sweep_rule(person: Person, name: str, sender: Person) -> Record:
    number = base64.b64encode(uuid.UUID(DRAW.uuid("sweep", person.key, name)).bytes).decode()
    return {
        "Name": name,
        "RuleId": number,
        "Identity": f"{person.id}\\{number}",
        "Enabled": True,
        "Provider": "Exchange16",
        "Sender": f'"{sender.display_name}" [EX:/o=ExchangeLabs/ou={sender.family.lower()}]',
        "SourceFolder": "Inbox",
        "DestinationFolder": "Deleted Items",
        "KeepForDays": None,
        "KeepLatest": 1,
        "SystemCategory": "NotDefined",
        "ExceptIfFlagged": False,
        "ExceptIfPinned": False,
        "MailboxOwnerId": person.id,
        "IsValid": True,
    }
