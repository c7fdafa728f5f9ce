"""Rights of others on the mailbox: whoever has them needs no password of its owner."""

from __future__ import annotations

from typing import Any, ClassVar

from toolkit.contain.action import State
from toolkit.contain.actions.mailbox import EXCHANGE
from toolkit.contain.actions.shapes import Removed, Row, cmdlet, listed
from toolkit.contain.readings import READINGS
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant

ADD, REMOVE = "add", "remove"
NOBODY = ("default", "anonymous")


class RemoveFullAccess(Removed):
    """`Remove-MailboxPermission … FullAccess`. Undo: Add-MailboxPermission as it stood."""

    kind = "remove-full-access"
    titled = "Take the whole mailbox away from {name}"
    reading = "full access"
    reason = "Whoever may open the whole mailbox reads on after the password is changed."
    effect = "That account no longer opens the mailbox."
    does_not = "It leaves rights on single folders, and what was copied."
    residual = "Outlook may show the mailbox up to an hour longer."
    permission, role = EXCHANGE
    undo_note = "Undo gives the same right again; in Outlook the mailbox may appear by itself then."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("User"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return cmdlet(
            cloud, target, "Remove-MailboxPermission", Identity=target.object_id, User=self.identity,
            AccessRights=["FullAccess"], InheritanceType="All", Confirm=False,
        )  # fmt: skip

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        rights = row.get("AccessRights") or ["FullAccess"]
        return cmdlet(
            cloud, target, "Add-MailboxPermission", Identity=target.object_id, User=self.identity,
            AccessRights=rights if isinstance(rights, list) else [str(rights)], InheritanceType="All", Confirm=False,
        )  # fmt: skip

    def in_words(self, row: Row) -> str:
        return f"{self.identity}: {listed(row.get('AccessRights'))}"


class RemoveSendAs(Removed):
    """`Remove-RecipientPermission … SendAs`. Undo: Add-RecipientPermission."""

    kind = "remove-send-as"
    titled = "Take the right to send as this account from {name}"
    reading = "send as"
    reason = "Mail that looks like the owner's can be sent without their account."
    effect = "That account no longer sends in the owner's name."
    does_not = "It leaves the right to send on behalf, and mail already sent."
    residual = "It takes up to an hour to work."
    permission, role = EXCHANGE
    undo_note = "Undo gives the same right again."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("Trustee"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._change(cloud, target, "Remove-RecipientPermission")

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        return self._change(cloud, target, "Add-RecipientPermission")

    def in_words(self, row: Row) -> str:
        return f"{self.identity}: {listed(row.get('AccessRights'))}"

    def _change(self, cloud: Cloud, target: Target, name: str) -> Call:
        return cmdlet(
            cloud, target, name, Identity=target.object_id, Trustee=self.identity, AccessRights=["SendAs"],
            Confirm=False,
        )  # fmt: skip


class RemoveSendOnBehalf(Removed):
    """`Set-Mailbox -GrantSendOnBehalfTo @{remove=…}`. Undo: add."""

    kind = "remove-send-on-behalf"
    titled = "Take the right to send on behalf from {name}"
    reading = "mailbox"
    reason = "Mail can be sent on the owner's behalf without their account."
    effect = "That account no longer sends on the owner's behalf."
    does_not = "It leaves the right to send as the owner, and mail already sent."
    residual = "It takes up to an hour to work."
    permission, role = EXCHANGE
    undo_note = "Undo gives the same right again."

    def read(self, tenant: Tenant, target: Target) -> State:
        found = READINGS[self.reading].read(tenant, target)
        held = [str(name) for row in found.rows[:1] for name in row.get("GrantSendOnBehalfTo") or []]
        return State({"row": {"GrantSendOnBehalfTo": self.identity} if self.identity in held else None}, found.date)

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("GrantSendOnBehalfTo"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._change(cloud, target, REMOVE)

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        return self._change(cloud, target, ADD)

    def in_words(self, row: Row) -> str:
        return f"{self.identity} may send on behalf"

    def _change(self, cloud: Cloud, target: Target, how: str) -> Call:
        change = {"@odata.type": "#Exchange.GenericHashTable", how: [self.identity]}
        return cmdlet(cloud, target, "Set-Mailbox", Identity=target.object_id, GrantSendOnBehalfTo=change)


class RemoveFolderRight(Removed):
    """`Remove-MailboxFolderPermission`; for everybody (Default, Anonymous) the right goes back to that of a new folder.

    That is free and busy times for Default on the calendar, else nothing. `folder_type` is the folder's `FolderType`,
    which is the same in every language.
    """

    kind = "remove-folder-right"
    titled = "Close the folder {name}"
    reading = "folder rights"
    reason = "A folder opened to others is read on after the password is changed."
    effect = "That person, or everybody, no longer opens the folder; of the calendar all see free and busy times."
    does_not = "It leaves the other folders, and what was copied."
    residual = "Outlook may show the folder up to an hour longer."
    permission, role = EXCHANGE
    undo_note = "Undo gives the same right on the folder again."

    def __init__(self, identity: str, name: str = "", why: str = "", folder_type: str = "") -> None:
        super().__init__(identity, name, why)
        self.folder_type = folder_type

    @property
    def about(self) -> dict[str, Any]:
        return super().about | {"folder_type": self.folder_type}

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return f"{row.get('Folder')}|{_person(row)}"

    @property
    def folder(self) -> str:
        return self.identity.rpartition("|")[0]

    @property
    def person(self) -> str:
        return self.identity.rpartition("|")[2]

    @property
    def at_first(self) -> str:
        """What everybody may do in such a folder of a new mailbox."""
        calendar = self.folder_type.lower() == "calendar" and self.person.lower() == NOBODY[0]
        return "AvailabilityOnly" if calendar else "None"

    def after(self) -> str:
        return "free and busy times only" if self.at_first != "None" else super().after()

    def call(self, cloud: Cloud, target: Target) -> Call:
        if self.person.lower() in NOBODY:
            return self._give(cloud, target, "Set-MailboxFolderPermission", [self.at_first])
        return cmdlet(
            cloud, target, "Remove-MailboxFolderPermission", Identity=self.folder, User=self.person, Confirm=False
        )

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        rights = row.get("AccessRights") or ["Reviewer"]
        name = "Set-MailboxFolderPermission" if self.person.lower() in NOBODY else "Add-MailboxFolderPermission"
        return self._give(cloud, target, name, rights if isinstance(rights, list) else [str(rights)])

    def read(self, tenant: Tenant, target: Target) -> State:
        rows = tenant.exchange.read(
            "Get-MailboxFolderPermission", {"Identity": self.folder}, target.user_principal_name
        )
        row = next((r for r in rows.rows if _person(r) == self.person and opens(r)), None)
        return State({"row": {k: v for k, v in row.items() if "@" not in k} if row else None}, rows.date)

    def in_words(self, row: Row) -> str:
        return f"{self.person}: {listed(row.get('AccessRights'))} on {self.folder.rpartition(':')[2]}"

    def _give(self, cloud: Cloud, target: Target, name: str, rights: list[Any]) -> Call:
        return cmdlet(cloud, target, name, Identity=self.folder, User=self.person, AccessRights=rights)


class _NotListed(Removed):
    """An entry of a list of the mailbox's junk mail settings that shall be gone. Undo: add."""

    reading = "junk list"
    field: ClassVar[str]
    effect = "The entry is gone from the list; mail is judged as the organisation judges it."
    does_not = "It leaves the other entries, and mail that was let in or set aside."
    residual = "Outlook may write its own list back once more: look again."
    permission, role = EXCHANGE
    undo_note = "Undo puts the entry back into the list."

    def read(self, tenant: Tenant, target: Target) -> State:
        found = READINGS[self.reading].read(tenant, target)
        held = [str(name) for row in found.rows[:1] for name in row.get(self.field) or []]
        return State({"row": {"entry": self.identity} if self.identity in held else None}, found.date)

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("entry"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._change(cloud, target, REMOVE)

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        return self._change(cloud, target, ADD)

    def in_words(self, row: Row) -> str:
        return f"{self.identity} is listed"

    def _change(self, cloud: Cloud, target: Target, how: str) -> Call:
        change = {"@odata.type": "#Exchange.GenericHashTable", how: [self.identity]}
        parameters = {"Identity": target.object_id, self.field: change}
        return cmdlet(cloud, target, "Set-MailboxJunkEmailConfiguration", **parameters)


class DistrustSender(_NotListed):
    """`Set-MailboxJunkEmailConfiguration -TrustedSendersAndDomains @{remove=…}`. Undo: add."""

    kind = "distrust-sender"
    titled = "Take {name} off the safe senders"
    field = "TrustedSendersAndDomains"
    reason = "What the intruder sends from there passes the junk filter."


class UnblockCorrespondent(_NotListed):
    """`Set-MailboxJunkEmailConfiguration -BlockedSendersAndDomains @{remove=…}`. Undo: add."""

    kind = "unblock-correspondent"
    titled = "Take {name} off the blocked senders"
    field = "BlockedSendersAndDomains"
    reason = "Warnings of colleagues and of the bank go to junk, and the owner does not see them."


def opens(row: Row) -> bool:
    """Whether a folder's entry lets somebody read more than free and busy times."""
    rights = {str(r).lower() for r in row.get("AccessRights") or []}
    return bool(rights - {"none", "availabilityonly", "foldervisible"})


def _person(row: Row) -> str:
    """Whom a folder's entry is about: the service writes it as text, or as an object with a display name."""
    user: Any = row.get("User")
    return str(user.get("DisplayName") or "") if isinstance(user, dict) else str(user or "")
