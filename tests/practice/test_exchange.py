"""Exchange cmdlets as the practice tenant runs them."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock

FORCED: dict[str, Any] = {"Mailbox": VICTIM, "Confirm": False, "Force": True}

READ_ELSEWHERE = {"Enable-SweepRule", "Add-RoleGroupMember"}
"""Not in the contract; taken from Microsoft's reference itself."""
IDENTITY_OPTIONAL = {"Get-HostedOutboundSpamFilterPolicy"}
"""The reference shows an example without the parameter that it calls required."""


def text_of(answer: requests.Response) -> str:
    return str(answer.json()["error"]["innererror"]["internalexception"]["message"])


def test_hidden_rules_show_only_when_asked_for(client: Client) -> None:
    plain, all_of_them = set(client.rules(hidden=False)), set(client.rules())
    assert all_of_them - plain == {"Junk E-mail Rule", "Sync Settings"}
    assert {".", "..", "Supplier news"} <= plain


def test_answer_has_the_envelope_of_the_service(client: Client) -> None:
    body = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()
    assert body["@odata.context"].endswith("$metadata#Collection(Exchange.GenericHashTable)")
    assert body["@adminapi.warnings"] == []
    assert body["value"][0]["ForwardingSmtpAddress"] == "smtp:accounts@contoso-invoices.example"
    assert body["value"][0]["DeliverToMailboxAndForward"] is True


def test_lists_come_with_a_remark_of_their_type(client: Client) -> None:
    row = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()["value"][0]
    assert row["AuditOwner@odata.type"] == "#Collection(String)"
    assert not [name for name in row if name.endswith("@odata.type") and not isinstance(row[name.split("@")[0]], list)]


def test_rule_ids_are_numbers_beyond_what_a_signed_one_can_hold(client: Client) -> None:
    answer = client.cmdlet("Get-InboxRule", Mailbox=VICTIM, IncludeHidden=True)
    for rule in answer.json()["value"]:
        assert rule["RuleIdentity"] > 2**63 - 1
        assert f'"RuleIdentity":{rule["RuleIdentity"]},'.encode() in answer.content
        assert rule["Identity"].endswith(f"\\{rule['RuleIdentity']}")


def test_disabled_rule_stays_listed_and_can_be_enabled_again(client: Client) -> None:
    rule = client.rules()["Sync Settings"]
    assert client.cmdlet("Disable-InboxRule", Identity=rule["RuleIdentity"], **FORCED).json()["value"] == []
    assert client.rules()["Sync Settings"]["Enabled"] is False
    assert client.rules()["."]["Enabled"] is True
    assert client.cmdlet("Enable-InboxRule", Identity=rule["Identity"], **FORCED).status_code == 200
    assert client.rules()["Sync Settings"]["Enabled"] is True
    operations = [record["Operation"] for record in client.tenant.state()["audit"]]
    assert operations == ["Disable-InboxRule", "Enable-InboxRule"]


def test_any_rule_cmdlet_deletes_the_rules_that_only_outlook_runs(client: Client) -> None:
    rules = client.rules()
    assert "Ring for the managing director" in rules
    client.cmdlet("Disable-InboxRule", Identity=rules["."]["RuleIdentity"], **FORCED)
    assert set(rules) - set(client.rules()) == {"Ring for the managing director"}


def test_without_force_the_cmdlet_asks_and_changes_nothing(client: Client) -> None:
    before = client.tenant.state()
    number = client.rules()["."]["RuleIdentity"]
    answer = client.cmdlet("Disable-InboxRule", Mailbox=VICTIM, Identity=number, Confirm=False)
    assert answer.status_code == 400
    assert "only Outlook runs" in text_of(answer)
    assert client.tenant.state() == before


def test_without_client_only_rules_force_is_not_needed(client: Client) -> None:
    who = "sofia.marin@contoso.com"
    number = client.rules(who)["Newsletter"]["RuleIdentity"]
    assert client.cmdlet("Disable-InboxRule", Mailbox=who, Identity=number, Confirm=False).status_code == 200
    assert client.cmdlet("Enable-InboxRule", Mailbox=who, Identity=number).status_code == 400


def test_mailbox_is_found_by_every_usual_name(client: Client) -> None:
    row = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()["value"][0]
    for name in ("ExternalDirectoryObjectId", "UserPrincipalName", "Alias", "Identity"):
        assert client.cmdlet("Get-Mailbox", Identity=row[name]).json()["value"] == [row]
    assert len(client.cmdlet("Get-Mailbox", ResultSize="Unlimited").json()["value"]) == 8
    assert len(client.cmdlet("Get-Mailbox", ResultSize=2).json()["value"]) == 2


def test_victim_is_restricted_and_unaudited(client: Client) -> None:
    assert [row["SenderAddress"] for row in client.cmdlet("Get-BlockedSenderAddress").json()["value"]] == [VICTIM]
    rows = client.cmdlet("Get-MailboxAuditBypassAssociation", ResultSize="Unlimited").json()["value"]
    assert [row["UserPrincipalName"] for row in rows if row.get("AuditBypassEnabled")] == [VICTIM]
    assert any("AuditBypassEnabled" not in row for row in rows)


@pytest.mark.parametrize("cmdlet", ["Get-TeapotRule", "Remove-Mailbox", "New-TransportRule"])
def test_cmdlet_that_may_not_be_run_looks_like_one_that_does_not_exist(client: Client, cmdlet: str) -> None:
    answer = client.cmdlet(cmdlet, Identity=VICTIM)
    assert answer.status_code == 403
    assert set(answer.content) == {0}


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "text"),
    [
        ("Get-InboxRule", {"Mailbox": VICTIM, "Colour": "red"}, "matches parameter name 'Colour'"),
        ("Disable-InboxRule", {"Mailbox": VICTIM}, "missing mandatory parameters: Identity"),
        ("Get-InboxRule", {"Mailbox": "nobody@contoso.com"}, "couldn't be found"),
        ("Disable-InboxRule", FORCED | {"Identity": "12"}, "couldn't be found"),
        ("Get-InboxRule", {"Mailbox": VICTIM, "IncludeHidden": "yes"}, "SwitchParameter"),
    ],
)
def test_error_text_sits_where_the_service_puts_it(
    client: Client, cmdlet: str, parameters: dict[str, Any], text: str
) -> None:
    answer = client.cmdlet(cmdlet, **parameters)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert text in text_of(answer)
    assert error["message"] == "Error executing cmdlet"
    number, kind, last = error["details"][0]["message"].split("|")
    assert number.startswith("Ex")
    assert kind == error["innererror"]["internalexception"]["type"]
    assert last == text_of(answer)


def test_service_tells_which_cmdlets_may_be_run(client: Client) -> None:
    def runnable() -> set[str]:
        answer = client.session.get(
            f"{client.about['exchange']}/adminapi/v1.0/{client.about['tenant_id']}/EXOModuleFile?Version=3.9.2",
            headers={"Authorization": f"Bearer {client.sign_in('exchange')['access_token']}", "CommandName": "*"},
            timeout=60,
        )
        return set(answer.json()["value"][0]["exportedCmdlets"].split(","))

    every = runnable()
    assert {"Get-Mailbox", "Set-Mailbox", "Remove-InboxRule"} <= every
    client.tenant.withhold("Set-Mailbox")
    assert every - runnable() == {"Set-Mailbox"}
    client.app.remove_account(client.app.get_accounts()[0])
    refused = client.cmdlet("Set-Mailbox", Identity=VICTIM, AuditEnabled=False)
    assert (refused.status_code, set(refused.content)) == (403, {0})


PAGED = {"Prefer": "odata.maxpagesize=3"}
ALL: dict[str, Any] = {"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"ResultSize": "Unlimited"}}}


def invoke(client: Client, url: str = "", body: Any = None, **headers: str) -> requests.Response:
    place = f"{client.about['exchange']}/adminapi/beta/{client.about['tenant_id']}/InvokeCommand"
    told = {"Authorization": f"Bearer {client.token('exchange')}", "X-AnchorMailbox": f"UPN:{VICTIM}"} | headers
    return client.session.post(url or place, json=body or ALL, headers=told, timeout=60)


def test_long_list_comes_by_pages_of_the_size_that_is_preferred(client: Client) -> None:
    whole = invoke(client).json()
    assert "@odata.nextLink" not in whole
    answer, pages = invoke(client, **PAGED).json(), []
    pages.append(answer["value"])
    while link := answer.get("@odata.nextLink"):
        assert link.startswith(f"{client.about['exchange']}/adminapi/beta/")
        again = invoke(client, link, **PAGED).json()
        assert again["value"] == invoke(client, link, **PAGED).json()["value"]  # who lost an answer may ask again
        answer = again
        pages.append(answer["value"])
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [row for page in pages for row in page] == whole["value"]
    assert answer["@adminapi.warnings"] == []


def test_page_is_given_for_the_same_body_and_anchor_and_for_half_an_hour(client: Client, clock: Clock) -> None:
    link = invoke(client, **PAGED).json()["@odata.nextLink"]
    other = {"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"ResultSize": 5}}}
    refused = [
        invoke(client, link, other, **PAGED),
        invoke(client, link, **PAGED | {"X-AnchorMailbox": "UPN:sofia.marin@contoso.com"}),
        invoke(client, link.partition("=")[0] + "=1", **PAGED),
    ]
    assert invoke(client, link, **PAGED).status_code == 200
    clock.seconds += 31 * 60
    for answer in (*refused, invoke(client, link, **PAGED)):
        assert answer.status_code == 400
        assert text_of(answer) == "Expired or Invalid pagination request. Default Expiry time is 00:30:00"


@pytest.mark.parametrize("links", ["followed", "refused", "missing"])
def test_every_answer_is_cut_as_arranged(client: Client, links: str) -> None:
    client.tenant.arrange(exchange_rows=3, exchange_links=links)
    answer = invoke(client).json()
    assert (len(answer["value"]), len(answer["@adminapi.warnings"])) == (3, 1)
    assert ("@odata.nextLink" in answer) == (links != "missing")
    if links != "missing":
        assert invoke(client, answer["@odata.nextLink"]).status_code == (200 if links == "followed" else 400)
    # Message trace has no pages, whatever is preferred.
    trace = client.cmdlet("Get-MessageTraceV2", ResultSize=5000).json()
    assert ("@odata.nextLink" in trace, len(trace["value"])) == (False, 3)


def test_other_tenants_and_versions_have_no_such_address(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token('exchange')}"}
    body = {"CmdletInput": {"CmdletName": "Get-Mailbox"}}
    for version, tenant, status in (("v1.0", None, 405), ("beta", "fabrikam.example", 404)):
        url = f"{client.about['exchange']}/adminapi/{version}/{tenant or client.about['tenant_id']}/InvokeCommand"
        assert client.session.post(url, json=body, headers=headers, timeout=60).status_code == status


def test_cmdlets_and_parameters_are_those_of_exchange_online(shared: Path) -> None:
    published = json.loads((shared / "contracts/exchange-cmdlets.json").read_text(encoding="utf-8"))["cmdlets"]
    table = files("toolkit.practice").joinpath("facts", "cmdlets.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        if row["cmdlet"] in READ_ELSEWHERE:
            continue
        known = published[row["cmdlet"]]["parameters"]
        online = {name for name, facts in known.items() if facts["online"]}
        # Of several parameter sets the contract names what any of them requires.
        required = {name for name, facts in known.items() if facts["required"]}
        named = set(filter(None, row["required"].split(";")))
        assert named <= required, row["cmdlet"]
        assert "Identity" not in required - named or row["cmdlet"] in IDENTITY_OPTIONAL
        assert set(filter(None, row["optional"].split(";"))) <= online, row["cmdlet"]
