"""Cmdlets for the rights of others as the practice tenant plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client
from tests.practice.test_exchange import text_of

FELIX = "felix.brandt@contoso.com"
FULL = {"Identity": VICTIM, "User": FELIX, "AccessRights": ["FullAccess"], "InheritanceType": "All"}
SEND_AS = {"Identity": VICTIM, "Trustee": FELIX, "AccessRights": ["SendAs"], "Confirm": False}


def holders(client: Client, who: str = VICTIM) -> dict[str, list[str]]:
    rows = client.cmdlet("Get-MailboxPermission", Identity=who).json()["value"]
    return {row["User"]: row["AccessRights"] for row in rows if not row["IsInherited"]}


def folder(client: Client, place: str) -> dict[str, list[str]]:
    answer = client.cmdlet("Get-MailboxFolderPermission", Identity=place)
    assert answer.status_code == 200, text_of(answer)
    return {row["User"]: row["AccessRights"] for row in answer.json()["value"]}


def test_full_access_is_removed_and_given_back(client: Client) -> None:
    assert holders(client)[FELIX] == ["FullAccess"]
    assert client.cmdlet("Remove-MailboxPermission", **FULL).status_code == 400
    answer = client.cmdlet("Remove-MailboxPermission", Confirm=False, **FULL)
    assert (answer.status_code, answer.json()["@adminapi.warnings"]) == (200, [])
    assert FELIX not in holders(client)
    assert client.cmdlet("Add-MailboxPermission", AutoMapping=False, **FULL).json()["value"][0]["User"] == FELIX
    assert holders(client)[FELIX] == ["FullAccess"]


def test_the_victims_account_was_given_another_mailbox(client: Client) -> None:
    assert VICTIM in holders(client, "miriam.hoffmann@contoso.com")


def test_right_that_is_not_there_or_there_already_is_a_warning(client: Client) -> None:
    again = client.cmdlet("Add-MailboxPermission", **FULL)
    assert "already present" in again.json()["@adminapi.warnings"][0]
    other = FULL | {"User": "ana.petrovic@contoso.com"}
    gone = client.cmdlet("Remove-MailboxPermission", Confirm=False, **other)
    assert (gone.status_code, "isn't present" in gone.json()["@adminapi.warnings"][0]) == (200, True)
    assert client.tenant.state()["changes"] == 0


def test_inherited_right_is_refused(client: Client) -> None:
    inherited = FULL | {"User": "EURPR01A003\\Administrator"}
    answer = client.cmdlet("Remove-MailboxPermission", Confirm=False, **inherited)
    assert (answer.status_code, "inherited" in text_of(answer)) == (400, True)


def test_send_as_is_removed_and_given_back(client: Client) -> None:
    reading = {"Identity": VICTIM, "Trustee": FELIX}
    assert len(client.cmdlet("Get-RecipientPermission", **reading).json()["value"]) == 1
    assert client.cmdlet("Remove-RecipientPermission", **SEND_AS).status_code == 200
    assert client.cmdlet("Get-RecipientPermission", **reading).json()["value"] == []
    gone = client.cmdlet("Remove-RecipientPermission", **SEND_AS)
    assert "isn't present" in gone.json()["@adminapi.warnings"][0]
    assert client.cmdlet("Add-RecipientPermission", **SEND_AS).status_code == 200
    assert "already present" in client.cmdlet("Add-RecipientPermission", **SEND_AS).json()["@adminapi.warnings"][0]
    assert client.cmdlet("Get-RecipientPermission", **reading).json()["value"][0]["AccessRights"] == ["SendAs"]


def test_inbox_was_opened_to_everybody_and_to_a_colleague(client: Client) -> None:
    inbox = folder(client, f"{VICTIM}:\\Inbox")
    assert inbox == {"Default": ["Reviewer"], "Anonymous": ["None"], "Felix Brandt": ["Owner"]}
    assert folder(client, f"{VICTIM}:\\Calendar")["Default"] == ["AvailabilityOnly"]


def test_folder_right_is_removed_and_given_back(client: Client) -> None:
    entry = {"Identity": f"{VICTIM}:\\Inbox", "User": FELIX}
    assert client.cmdlet("Remove-MailboxFolderPermission", Confirm=False, **entry).status_code == 200
    assert "Felix Brandt" not in folder(client, f"{VICTIM}:\\Inbox")
    gone = client.cmdlet("Remove-MailboxFolderPermission", Confirm=False, **entry)
    assert (gone.status_code, "no existing permission entry" in text_of(gone)) == (400, True)
    assert client.cmdlet("Add-MailboxFolderPermission", AccessRights=["Owner"], **entry).status_code == 200
    again = client.cmdlet("Add-MailboxFolderPermission", AccessRights=["Owner"], **entry)
    assert (again.status_code, "existing permission entry was found" in text_of(again)) == (400, True)


def test_default_can_only_be_set(client: Client) -> None:
    default = {"Identity": f"{VICTIM}:\\Inbox", "User": "Default"}
    assert client.cmdlet("Remove-MailboxFolderPermission", Confirm=False, **default).status_code == 400
    assert client.cmdlet("Set-MailboxFolderPermission", AccessRights=["None"], **default).status_code == 200
    assert folder(client, f"{VICTIM}:\\Inbox")["Default"] == ["None"]
    again = client.cmdlet("Set-MailboxFolderPermission", AccessRights="None", **default)
    assert "no settings of" in again.json()["@adminapi.warnings"][0]


def test_folders_are_found_by_path_and_by_id_in_any_language(client: Client) -> None:
    who = "tomas.novak@emea.contoso.com"
    rows = client.cmdlet("Get-MailboxFolderStatistics", Identity=who).json()["value"]
    inbox = next(row for row in rows if row["FolderType"] == "Inbox")
    assert inbox["FolderPath"] == "/Doručená pošta"
    assert folder(client, f"{who}:{inbox['FolderPath']}") == folder(client, f"{who}:{inbox['FolderId']}")
    assert folder(client, f"{who}:\\") == folder(client, f"{who}:\\Top of Information Store")
    assert client.cmdlet("Get-MailboxFolderPermission", Identity=f"{who}:\\Inbox").status_code == 400
    for row in rows:
        assert folder(client, f"{who}:{row['FolderPath']}")


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "text"),
    [
        ("Add-MailboxPermission", FULL | {"AccessRights": ["Everything"]}, "must be one of"),
        ("Add-MailboxPermission", FULL | {"User": "nobody@contoso.com"}, "couldn't be found"),
        ("Add-RecipientPermission", SEND_AS | {"AccessRights": ["FullAccess"]}, "must be one of"),
        ("Remove-MailboxPermission", {"Identity": VICTIM, "User": FELIX, "Confirm": False}, "missing mandatory"),
        ("Get-MailboxPermission", {}, "missing mandatory"),
    ],
)
def test_bad_right_is_refused(client: Client, cmdlet: str, parameters: dict[str, Any], text: str) -> None:
    answer = client.cmdlet(cmdlet, **parameters)
    assert answer.status_code == 400
    assert text in text_of(answer)
