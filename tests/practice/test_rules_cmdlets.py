"""Cmdlets for inbox rules and Sweep rules as the practice tenant plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client
from tests.practice.test_exchange import text_of

FORCED: dict[str, Any] = {"Mailbox": VICTIM, "Confirm": False, "Force": True}
RINGS = "Ring for the managing director"


def sweep(client: Client) -> dict[str, dict[str, Any]]:
    return {row["Name"]: row for row in client.cmdlet("Get-SweepRule", Mailbox=VICTIM).json()["value"]}


def test_rule_is_removed_and_made_again_from_what_was_read(client: Client) -> None:
    old = client.rules()["."]
    assert client.cmdlet("Remove-InboxRule", Identity=str(old["RuleIdentity"]), **FORCED).json()["value"] == []
    assert set(client.rules()) == {"Junk E-mail Rule", "Supplier news", "Sync Settings", ".."}
    kept = ("Name", "SubjectOrBodyContainsWords", "MoveToFolder", "MarkAsRead", "StopProcessingRules")
    answer = client.cmdlet("New-InboxRule", **{name: old[name] for name in kept}, Mailbox=VICTIM)
    assert answer.status_code == 200
    made = client.rules()["."]
    assert answer.json()["value"] == [made]
    assert made["RuleIdentity"] != old["RuleIdentity"]
    assert {name: made[name] for name in kept} == {name: old[name] for name in kept}
    assert made["Description"] == old["Description"]


def test_hidden_rule_is_removed_by_its_id(client: Client) -> None:
    number = str(client.rules()["Sync Settings"]["RuleIdentity"])
    assert client.cmdlet("Remove-InboxRule", Identity=number, **FORCED).status_code == 200
    assert "Sync Settings" not in client.rules()


@pytest.mark.parametrize(
    ("cmdlet", "parameters"),
    [
        ("New-InboxRule", {"Name": "New", "DeleteMessage": True}),
        ("Set-InboxRule", {"Identity": ".", "MarkAsRead": False}),
        ("Remove-InboxRule", {"Identity": ".", "Confirm": False}),
    ],
)
def test_every_change_of_rules_deletes_those_of_outlook_and_asks_first(
    client: Client, cmdlet: str, parameters: dict[str, Any]
) -> None:
    refused = client.cmdlet(cmdlet, Mailbox=VICTIM, **parameters)
    assert refused.status_code == 400
    assert "only Outlook runs" in text_of(refused)
    assert RINGS in client.rules()
    assert client.cmdlet(cmdlet, Mailbox=VICTIM, AlwaysDeleteOutlookRulesBlob=True, **parameters).status_code == 200
    assert RINGS not in client.rules()


def test_new_rule_comes_first_and_names_people_as_rules_do(client: Client) -> None:
    client.cmdlet(
        "New-InboxRule",
        Name="Copies",
        ForwardTo=["felix.brandt@contoso.com", "somebody@elsewhere.example"],
        SubjectContainsWords="budget",
        **{name: FORCED[name] for name in ("Mailbox", "Force")},
    )
    rules = client.rules()
    assert rules["Copies"]["ForwardTo"] == [
        '"Felix Brandt" [EX:/o=ExchangeLabs/ou=brandt]',
        '"somebody@elsewhere.example" [SMTP:somebody@elsewhere.example]',
    ]
    assert rules["Copies"]["SubjectContainsWords"] == ["budget"]
    assert (rules["Copies"]["Priority"], rules["Supplier news"]["Priority"]) == (1, 2)
    row = client.cmdlet("Get-Recipient", Identity="/o=ExchangeLabs/ou=brandt").json()["value"][0]
    assert row["PrimarySmtpAddress"] == "f.brandt@contoso.com"  # not what he signs in by


def test_rule_is_changed_or_a_warning_says_that_it_was_not(client: Client) -> None:
    number = str(client.rules()["."]["RuleIdentity"])
    for _ in range(2):
        answer = client.cmdlet("Set-InboxRule", Mailbox=VICTIM, Identity=number, MarkAsRead=False, Force=True)
        assert answer.status_code == 200
    assert client.rules()["."]["MarkAsRead"] is False
    assert "no settings of" in answer.json()["@adminapi.warnings"][0]
    assert client.tenant.state()["changes"] == 1


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"Name": "Nothing"}, "at least one action"),
        ({"Name": "Nowhere", "MoveToFolder": f"{VICTIM}:\\Nowhere"}, "couldn't be found"),
        ({"Name": "Nobody", "ForwardTo": "nobody"}, "Couldn't find object"),
        ({"Name": "Text", "DeleteMessage": "yes"}, "System.Boolean"),
        ({"Name": "Late", "DeleteMessage": True, "Priority": "first"}, "System.Int32"),
    ],
)
def test_rule_that_makes_no_sense_is_refused(client: Client, parameters: dict[str, Any], text: str) -> None:
    answer = client.cmdlet("New-InboxRule", Mailbox=VICTIM, Force=True, **parameters)
    assert answer.status_code == 400
    assert text in text_of(answer)
    assert RINGS in client.rules()


def test_what_if_checks_and_changes_nothing(client: Client) -> None:
    before = client.tenant.state()
    number = str(client.rules()["."]["RuleIdentity"])
    assert (
        client.cmdlet("Remove-InboxRule", Mailbox=VICTIM, Identity=number, Force=True, WhatIf=True).status_code == 200
    )
    assert client.cmdlet("Remove-InboxRule", Mailbox=VICTIM, Identity="9", Force=True, WhatIf=True).status_code == 400
    assert client.tenant.state() == before


def test_sweep_rule_is_disabled_enabled_and_removed(client: Client) -> None:
    rule = sweep(client)["Cleanup"]
    assert (rule["Sender"], rule["DestinationFolder"]) == (
        '"Jonas Reuter" [EX:/o=ExchangeLabs/ou=reuter]',
        "Deleted Items",
    )
    assert "Cleanup" not in client.rules()
    for cmdlet, enabled in (("Disable-SweepRule", False), ("Enable-SweepRule", True)):
        answer = client.cmdlet(cmdlet, Mailbox=VICTIM, Identity=rule["RuleId"], Confirm=False)
        assert (answer.status_code, answer.json()["@adminapi.warnings"]) == (200, [])
        assert sweep(client)["Cleanup"]["Enabled"] is enabled
    assert client.cmdlet("Remove-SweepRule", Mailbox=VICTIM, Identity=rule["RuleId"]).status_code == 400
    assert client.cmdlet("Remove-SweepRule", Mailbox=VICTIM, Identity=rule["RuleId"], Confirm=False).status_code == 200
    assert sweep(client) == {}
    assert RINGS in client.rules()
