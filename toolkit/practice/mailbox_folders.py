"""Folders of the mailboxes and who else may read them. Names are in the language of the mailbox."""

from __future__ import annotations

from toolkit.practice.audit_records import folder
from toolkit.practice.background import INNOCENT_RULES
from toolkit.practice.http import Refused
from toolkit.practice.intrusion import HIDING_FOLDER
from toolkit.practice.last_hour import READ_BY_ALL
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people

ROOT = "Top of Information Store"
_FOLDER_NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
_KINDS = ("Root", "Inbox", "SentItems", "DeletedItems", "Drafts", "JunkEmail", "Archive", "Calendar", "Contacts")
_ENGLISH = (ROOT, "Inbox", "Sent Items", "Deleted Items", "Drafts", "Junk Email", "Archive", "Calendar", "Contacts")
_CZECH = (
    *(ROOT, "Doručená pošta", "Odeslaná pošta", "Odstraněná pošta", "Koncepty"),
    *("Nevyžádaná pošta", "Archiv", "Kalendář", "Kontakty"),
)


def folders() -> dict[str, list[Record]]:
    """`Get-MailboxFolderStatistics` rows by object id of the user."""
    return {person.id: _folders(person) for person in people().values() if person.has_mailbox}


def _folders(person: Person) -> list[Record]:
    names = _CZECH if person.key == "federated" else _ENGLISH
    rows = [_folder(person, name, kind) for name, kind in zip(names, _KINDS, strict=True)]
    if person.key == "victim":
        rows += [_folder(person, name, "User Created") for name in (HIDING_FOLDER, "Supplier news")]
    rows += [_folder(person, name, "User Created") for key, _, _, name, _ in INNOCENT_RULES if key == person.key]
    return rows


def _folder(person: Person, name: str, kind: str) -> Record:
    items = 0 if kind == "Root" else DRAW.number(3, 900, "items", person.key, name)
    size = items * DRAW.number(30_000, 90_000, "item size", person.key, name)
    classes = {"Calendar": "IPF.Appointment", "Contacts": "IPF.Contact"}
    shown = f"{size / 1_048_576:.4g} MB ({size:,} bytes)"
    return {
        "Name": name,
        "Identity": f"{person.upn}\\{name}",
        "FolderPath": f"/{name}",
        "FolderId": folder(person, name)["Id"],
        "FolderType": kind,
        "ContainerClass": classes.get(kind, "IPF.Note"),
        "ItemsInFolder": items,
        "ItemsInFolderAndSubfolders": items,
        "FolderSize": shown,
        "FolderAndSubfolderSize": shown,
        "VisibleItemsInFolder": items,
        "HiddenItemsInFolder": 0,
    }


def permissions() -> dict[str, dict[str, list[Record]]]:
    """`Get-MailboxFolderPermission` rows by object id of the user and folder id.

    Only the calendar shows the organisation anything, until the intruder opened the victim's inbox to everybody.
    """
    rights: dict[str, dict[str, list[Record]]] = {}
    for person in people().values():
        if person.has_mailbox:
            rights[person.id] = {
                row["FolderId"]: [
                    entry(row["Name"], "Default", _default(person, row)),
                    entry(row["Name"], "Anonymous", ["None"]),
                ]
                for row in _folders(person)
            }
    victim = people()["victim"]
    calendar = folder(victim, "Calendar")["Id"]
    rights[victim.id][calendar].append(entry("Calendar", people()["marketing"].display_name, ["Editor"]))
    inbox = folder(victim, "Inbox")["Id"]
    rights[victim.id][inbox].append(entry("Inbox", people()["engineer"].display_name, ["Owner"]))
    return rights


def _default(person: Person, row: Record) -> list[str]:
    if person.key == "victim" and row["Name"] == READ_BY_ALL:
        return ["Reviewer"]
    return ["AvailabilityOnly"] if row["FolderType"] == "Calendar" else ["None"]


def entry(folder_name: str, user: str, rights: list[str], flags: str | None = None) -> Record:
    """One entry of a folder's rights; `user` is a display name, Default or Anonymous."""
    return {
        "Identity": user,
        "FolderName": folder_name,
        "User": user,
        "AccessRights": rights,
        "SharingPermissionFlags": flags,
        "IsValid": True,
    }


def folder_named(box: Record, path: str, state: Record) -> Record:
    """The folder of a mailbox by path (`\\Inbox`) or by FolderId; the empty path is the root. Raises `Refused`."""
    wanted = path.replace("/", "\\").strip("\\").lower()
    for row in state["folders"][box["ExternalDirectoryObjectId"]]:
        if path == row["FolderId"] or wanted == row["Name"].lower() or (not wanted and row["FolderType"] == "Root"):
            found: Record = row
            return found
    raise Refused(
        400,
        "BadRequest",
        f"The operation couldn't be performed because '{box['UserPrincipalName']}:{path}' couldn't be found.",
        kind=_FOLDER_NOT_FOUND,
    )
