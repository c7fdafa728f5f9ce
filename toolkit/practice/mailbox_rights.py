"""Who may open a mailbox or send as its owner, at the scenario's beginning."""

from __future__ import annotations

from toolkit.practice.audit_records import directory_object
from toolkit.practice.last_hour import DELEGATE, DIRECTOR
from toolkit.practice.names import Record
from toolkit.practice.people import people

SELF = "NT AUTHORITY\\SELF"
ADMINISTRATORS = "EURPR01A003\\Administrator"


def mailbox_permissions() -> dict[str, list[Record]]:
    """`Get-MailboxPermission` rows by object id of the mailbox's owner, inherited ones among them."""
    everyone = people()
    rows = {
        person.id: [
            mailbox_permission(directory_object(person), SELF, ["FullAccess", "ReadPermission"]),
            mailbox_permission(directory_object(person), ADMINISTRATORS, ["FullAccess"]) | {"IsInherited": True},
        ]
        for person in everyone.values()
        if person.has_mailbox
    }
    for owner, user in (("victim", DELEGATE), (DIRECTOR, "victim"), ("director", "marketing")):
        box = everyone[owner]
        rows[box.id].append(mailbox_permission(directory_object(box), everyone[user].upn, ["FullAccess"]))
    return rows


def mailbox_permission(identity: str, user: str, rights: list[str]) -> Record:
    """One entry of a mailbox's rights."""
    return {
        "Identity": identity,
        "User": user,
        "AccessRights": rights,
        "IsInherited": False,
        "Deny": False,
        "InheritanceType": "All",
    }


def recipient_permissions() -> dict[str, list[Record]]:
    """`Get-RecipientPermission` rows by object id of the mailbox's owner."""
    everyone = people()
    rows = {
        person.id: [recipient_permission(directory_object(person), SELF)]
        for person in everyone.values()
        if person.has_mailbox
    }
    victim = everyone["victim"]
    rows[victim.id].append(recipient_permission(directory_object(victim), everyone[DELEGATE].upn))
    return rows


def recipient_permission(identity: str, trustee: str) -> Record:
    """The right to send as the owner."""
    return {
        "Identity": identity,
        "Trustee": trustee,
        "AccessControlType": "Allow",
        "AccessRights": ["SendAs"],
        "IsInherited": False,
        "InheritanceType": "None",
    }
