"""Cmdlets for the rights of others: full access, sending as the owner, single folders."""

from __future__ import annotations

from toolkit.practice.change_records import cmdlet_change
from toolkit.practice.cmdlet_arguments import (
    Check,
    limited,
    mailbox,
    not_found,
    one_of,
    recipient,
    refused,
    text,
    words,
)
from toolkit.practice.mailbox_folders import entry, folder_named
from toolkit.practice.mailbox_rights import mailbox_permission, recipient_permission
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

_RIGHTS = one_of("FullAccess", "ExternalAccount", "DeleteItem", "ReadPermission", "ChangePermission", "ChangeOwner")
_ROLES = one_of(
    *("None", "AvailabilityOnly", "LimitedDetails", "Reviewer", "Contributor", "Author", "NonEditingAuthor"),
    *("PublishingAuthor", "Editor", "PublishingEditor", "Owner", "ReadItems", "CreateItems", "EditOwnedItems"),
    *("DeleteOwnedItems", "EditAllItems", "DeleteAllItems", "CreateSubfolders", "FolderOwner", "FolderContact"),
    "FolderVisible",
)
_NO_ENTRY = "Microsoft.Exchange.Management.StoreTasks.UserNotFoundInPermissionEntryException"
_ENTRY_THERE = "Microsoft.Exchange.Management.StoreTasks.UserAlreadyExistsInPermissionEntryException"
_INHERITED = "Microsoft.Exchange.Management.RecipientTasks.CannotRemoveInheritedAceException"
_WELL_KNOWN = ("default", "anonymous")


def get_mailbox_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxPermission: inherited entries and the owner's own among them."""
    rows = _rows("mailbox_permissions", mailbox(parameters["Identity"], situation), situation)
    if parameters.get("User"):
        user = _user(parameters["User"], situation)
        rows = [row for row in rows if row["User"].lower() == user.lower()]
    return limited(rows, parameters)


def add_mailbox_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Add-MailboxPermission: a right that is there already is a warning."""
    box = mailbox(parameters["Identity"], situation)
    user, rights = _user(parameters["User"], situation), _all(_RIGHTS, "AccessRights", parameters["AccessRights"])
    rows = _rows("mailbox_permissions", box, situation)
    found = _own(rows, "User", user)
    if found and set(rights) <= set(found["AccessRights"]):
        situation.warnings.append(
            f'The appropriate access control entry is already present on the object "{box["Identity"]}" for '
            f'account "{user}".'
        )
        return []
    if found:
        found["AccessRights"] = [*found["AccessRights"], *(r for r in rights if r not in found["AccessRights"])]
    else:
        found = mailbox_permission(box["Identity"], user, rights)
        rows.append(found)
    cmdlet_change(situation, "Add-MailboxPermission", box["Identity"], parameters)
    return [found]


def remove_mailbox_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-MailboxPermission: an inherited right is refused, one that is not there is a warning."""
    box = mailbox(parameters["Identity"], situation)
    user, rights = _user(parameters["User"], situation), _all(_RIGHTS, "AccessRights", parameters["AccessRights"])
    rows = _rows("mailbox_permissions", box, situation)
    found = _own(rows, "User", user)
    if found is None and any(row["IsInherited"] and row["User"].lower() == user.lower() for row in rows):
        text = f'The access control entry on the object "{box["Identity"]}" for account "{user}" is inherited.'
        raise refused(f"{text} It can't be removed here.", _INHERITED)
    if found is None or not set(rights) & set(found["AccessRights"]):
        _not_present(box, user, situation)
        return []
    found["AccessRights"] = [right for right in found["AccessRights"] if right not in rights]
    if not found["AccessRights"]:
        rows.remove(found)
    cmdlet_change(situation, "Remove-MailboxPermission", box["Identity"], parameters)
    return []


def get_recipient_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Get-RecipientPermission"""
    if parameters.get("Identity"):
        rows = _rows("recipient_permissions", mailbox(parameters["Identity"], situation), situation)
    else:
        rows = [row for rows in situation.state["recipient_permissions"].values() for row in rows]
    if parameters.get("Trustee"):
        trustee = _user(parameters["Trustee"], situation)
        rows = [row for row in rows if row["Trustee"].lower() == trustee.lower()]
    return limited(rows, parameters)


def add_recipient_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Add-RecipientPermission"""
    box, trustee = _send_as(parameters, situation)
    rows = _rows("recipient_permissions", box, situation)
    if _own(rows, "Trustee", trustee):
        situation.warnings.append(f'The access control entry for "{trustee}" is already present.')
        return []
    made = recipient_permission(box["Identity"], trustee)
    rows.append(made)
    cmdlet_change(situation, "Add-RecipientPermission", box["Identity"], parameters)
    return [made]


def remove_recipient_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-RecipientPermission"""
    box, trustee = _send_as(parameters, situation)
    rows = _rows("recipient_permissions", box, situation)
    found = _own(rows, "Trustee", trustee)
    if found is None:
        _not_present(box, trustee, situation)
        return []
    rows.remove(found)
    cmdlet_change(situation, "Remove-RecipientPermission", box["Identity"], parameters)
    return []


def get_folder_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxFolderPermission: Default and Anonymous always have an entry."""
    _, rows = _folder_rows(parameters, situation)
    if parameters.get("User"):
        return [_entry(rows, _folder_user(parameters["User"], situation))]
    return limited(rows, parameters)


def add_folder_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Add-MailboxFolderPermission: a user who has an entry is refused."""
    folder, rows = _folder_rows(parameters, situation)
    user, rights = _folder_user(parameters["User"], situation), _all(_ROLES, "AccessRights", parameters["AccessRights"])
    if any(row["User"].lower() == user.lower() for row in rows):
        raise refused(f"An existing permission entry was found for user: {user}.", _ENTRY_THERE)
    made = entry(folder["Name"], user, rights, _flags(parameters))
    rows.append(made)
    cmdlet_change(situation, "Add-MailboxFolderPermission", folder["Identity"], parameters)
    return [made]


def set_folder_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Set-MailboxFolderPermission"""
    folder, rows = _folder_rows(parameters, situation)
    found = _entry(rows, _folder_user(parameters["User"], situation))
    rights = _all(_ROLES, "AccessRights", parameters["AccessRights"])
    flags = _flags(parameters) if "SharingPermissionFlags" in parameters else found["SharingPermissionFlags"]
    if (found["AccessRights"], found["SharingPermissionFlags"]) == (rights, flags):
        situation.warnings.append(
            f"The command completed successfully but no settings of '{folder['Identity']}' have been modified."
        )
        return []
    found |= {"AccessRights": rights, "SharingPermissionFlags": flags}
    cmdlet_change(situation, "Set-MailboxFolderPermission", folder["Identity"], parameters)
    return []


def remove_folder_permission(parameters: Record, situation: Situation) -> list[Record]:
    """Remove-MailboxFolderPermission: Default and Anonymous can only be set."""
    folder, rows = _folder_rows(parameters, situation)
    found = _entry(rows, _folder_user(parameters["User"], situation))
    if found["User"].lower() in _WELL_KNOWN:
        raise refused(f"The permission entry of {found['User']} can't be removed; set its rights to None.")
    rows.remove(found)
    cmdlet_change(situation, "Remove-MailboxFolderPermission", folder["Identity"], parameters)
    return []


def get_folders(parameters: Record, situation: Situation) -> list[Record]:
    """Get-MailboxFolderStatistics"""
    box = mailbox(parameters["Identity"], situation)
    rows: list[Record] = situation.state["folders"][box["ExternalDirectoryObjectId"]]
    scope = str(parameters.get("FolderScope") or "All").lower()
    if scope != "all":
        rows = [row for row in rows if row["FolderType"].lower() == scope]
    return limited(rows, parameters)


def _rows(name: str, box: Record, situation: Situation) -> list[Record]:
    rows: list[Record] = situation.state[name][box["ExternalDirectoryObjectId"]]
    return rows


def _own(rows: list[Record], key: str, who: str) -> Record | None:
    return next((row for row in rows if row[key].lower() == who.lower() and not row["IsInherited"]), None)


def _not_present(box: Record, who: str, situation: Situation) -> None:
    situation.warnings.append(
        f'Can\'t remove the access control entry on the object "{box["Identity"]}" for account "{who}" because the '
        "ACE isn't present."
    )


def _user(value: object, situation: Situation) -> str:
    """A user as an access control entry names him: the user principal name, or the name of a system account."""
    if "\\" in str(value):
        return str(value)
    found = recipient(value, situation.state)
    if found is None:
        raise not_found(str(value))
    return str(found["UserPrincipalName"])


def _send_as(parameters: Record, situation: Situation) -> tuple[Record, str]:
    if _all(one_of("SendAs"), "AccessRights", parameters["AccessRights"]) != ["SendAs"]:
        raise refused("The only right of a recipient permission is SendAs.")
    return mailbox(parameters["Identity"], situation), _user(parameters["Trustee"], situation)


def _folder_rows(parameters: Record, situation: Situation) -> tuple[Record, list[Record]]:
    who, _, path = str(parameters["Identity"]).partition(":")
    box = mailbox(who, situation)
    folder = folder_named(box, path, situation.state)
    rows = situation.state["folder_permissions"][box["ExternalDirectoryObjectId"]][folder["FolderId"]]
    return folder, rows


def _folder_user(value: object, situation: Situation) -> str:
    """A user as a folder names him: by display name."""
    if str(value).lower() in _WELL_KNOWN:
        return str(value).capitalize()
    found = recipient(value, situation.state)
    if found is None:
        raise refused(f'The user "{value}" is either not valid SMTP address, or there is no matching information.')
    return str(found["DisplayName"])


def _entry(rows: list[Record], user: str) -> Record:
    for row in rows:
        if row["User"].lower() == user.lower():
            return row
    raise refused(f"There is no existing permission entry found for user: {user}.", _NO_ENTRY)


def _flags(parameters: Record) -> str | None:
    value = text("SharingPermissionFlags", parameters.get("SharingPermissionFlags"))
    return None if value is None else str(value)


def _all(check: Check, name: str, value: object) -> list[str]:
    rights = [str(check(name, part)) for part in words(name, value)]
    if not rights:
        raise refused(f"The parameter '{name}' must name at least one right.")
    return rights
