"""Cmdlets for a mailbox and its settings as the practice tenant plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client
from tests.practice.test_exchange import text_of

SYNCED = "petra.lindner@contoso.com"
OUTSIDE = "smtp:accounts@contoso-invoices.example"
BOTH = {"ForwardingAddress": None, "ForwardingSmtpAddress": None, "DeliverToMailboxAndForward": False}


def change(**lists: list[str]) -> dict[str, Any]:
    return {"@odata.type": "#Exchange.GenericHashTable"} | lists


def row(client: Client, cmdlet: str, who: str = VICTIM, parameter: str = "Identity") -> dict[str, Any]:
    return dict(client.cmdlet(cmdlet, **{parameter: who}).json()["value"][0])


def test_both_kinds_of_forwarding_are_cleared_in_one_call(client: Client) -> None:
    client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingAddress="felix.brandt@contoso.com")
    assert (
        row(client, "Get-Mailbox")["ForwardingAddress"]
        == row(client, "Get-Mailbox", "felix.brandt@contoso.com")["Identity"]
    )
    assert client.cmdlet("Set-Mailbox", Identity=VICTIM, **BOTH).json()["value"] == []
    after = row(client, "Get-Mailbox")
    assert {name: after[name] for name in BOTH} == BOTH
    undo = {"ForwardingSmtpAddress": OUTSIDE, "DeliverToMailboxAndForward": True}
    assert client.cmdlet("Set-Mailbox", Identity=VICTIM, **undo).status_code == 200
    assert row(client, "Get-Mailbox")["ForwardingSmtpAddress"] == OUTSIDE


def test_while_both_are_set_only_the_inside_address_acts(client: Client) -> None:
    inside = row(client, "Get-Mailbox", "felix.brandt@contoso.com")["Identity"]
    assert client.tenant.forwards_to(VICTIM) == OUTSIDE
    client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingAddress=inside)
    assert client.tenant.forwards_to(VICTIM) == inside
    client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingAddress=None)
    assert client.tenant.forwards_to(VICTIM) == OUTSIDE


def test_call_with_both_fields_may_fail_as_a_whole(client: Client) -> None:
    both = {"ForwardingAddress", "ForwardingSmtpAddress"}
    client.tenant.refuse_next(lambda line: both <= set(line["fields"]), "The operation couldn't be completed.", times=9)
    before = row(client, "Get-Mailbox")
    assert client.cmdlet("Set-Mailbox", Identity=VICTIM, **BOTH).status_code == 400
    assert row(client, "Get-Mailbox") == before
    assert client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingSmtpAddress=None).status_code == 200
    assert row(client, "Get-Mailbox")["ForwardingSmtpAddress"] is None


def test_synchronised_mailbox_refuses_what_is_kept_on_premises(client: Client) -> None:
    client.cmdlet("Set-Mailbox", Identity=SYNCED, ForwardingSmtpAddress="a@b.example")
    for parameters in (BOTH, {"GrantSendOnBehalfTo": change(add=[VICTIM])}):
        answer = client.cmdlet("Set-Mailbox", Identity=SYNCED, **parameters)
        assert answer.status_code == 400
        assert "synchronized from your on-premises organization" in text_of(answer)
    assert row(client, "Get-Mailbox", SYNCED)["ForwardingSmtpAddress"] == "smtp:a@b.example"
    assert client.cmdlet("Set-Mailbox", Identity=SYNCED, ForwardingSmtpAddress=None).status_code == 200


def test_a_set_that_changes_nothing_succeeds_with_a_warning(client: Client) -> None:
    answer = client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingSmtpAddress=OUTSIDE)
    assert answer.status_code == 200
    (warning,) = answer.json()["@adminapi.warnings"]
    assert warning.startswith("The command completed successfully but no settings of")
    assert client.tenant.state()["changes"] == 0
    assert client.tenant.writes()[-1]["changed"] is False


def test_who_may_send_on_behalf_is_added_to_and_removed_from(client: Client) -> None:
    sales = row(client, "Get-Mailbox", "ana.petrovic@contoso.com")["Name"]
    felix = row(client, "Get-Mailbox", "felix.brandt@contoso.com")["Name"]
    assert row(client, "Get-Mailbox")["GrantSendOnBehalfTo"] == [sales, felix]
    removed = change(remove=["felix.brandt@contoso.com"])
    assert client.cmdlet("Set-Mailbox", Identity=VICTIM, GrantSendOnBehalfTo=removed).status_code == 200
    assert row(client, "Get-Mailbox")["GrantSendOnBehalfTo"] == [sales]
    client.cmdlet("Set-Mailbox", Identity=VICTIM, GrantSendOnBehalfTo=change(add=[felix]))
    assert row(client, "Get-Mailbox")["GrantSendOnBehalfTo"] == [sales, felix]
    client.cmdlet("Set-Mailbox", Identity=VICTIM, GrantSendOnBehalfTo=None)
    assert row(client, "Get-Mailbox")["GrantSendOnBehalfTo"] == []


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"ForwardingAddress": "accounts@contoso-invoices.example"}, "couldn't be found"),
        ({"ForwardingSmtpAddress": "not an address"}, "is not valid"),
        ({"DeliverToMailboxAndForward": None}, "System.Boolean"),
        ({"GrantSendOnBehalfTo": {"add": [VICTIM]}}, "multi-valued"),
        ({"GrantSendOnBehalfTo": change(put=[VICTIM])}, "Add and Remove"),
        ({"DefaultAuditSet": ["Everybody"]}, "DefaultAuditSet knows"),
    ],
)
def test_bad_value_is_refused_and_changes_nothing(client: Client, parameters: dict[str, Any], text: str) -> None:
    answer = client.cmdlet("Set-Mailbox", Identity=VICTIM, AuditEnabled=False, **parameters)
    assert answer.status_code == 400
    assert text in text_of(answer)
    assert client.tenant.state()["changes"] == 0


def test_hold_is_placed_and_lifted(client: Client) -> None:
    hold = {"LitigationHoldEnabled": True, "LitigationHoldDuration": "Unlimited"}
    answer = client.cmdlet("Set-Mailbox", Identity=VICTIM, **hold)
    assert "240 minutes" in answer.json()["@adminapi.warnings"][0]
    held = row(client, "Get-Mailbox")
    assert (held["LitigationHoldEnabled"], held["LitigationHoldOwner"]) == (True, "jonas.reuter@contoso.com")
    client.cmdlet("Set-Mailbox", Identity=VICTIM, LitigationHoldEnabled=False)
    assert row(client, "Get-Mailbox")["LitigationHoldDate"] is None


def test_default_audit_set_brings_back_lists_that_were_cut_by_hand(client: Client) -> None:
    before = row(client, "Get-Mailbox")
    assert (before["AuditOwner"], before["DefaultAuditSet"]) == (["MailboxLogin"], ["Admin", "Delegate"])
    every = ["Admin", "Delegate", "Owner"]
    client.cmdlet("Set-Mailbox", Identity=VICTIM, AuditEnabled=True, DefaultAuditSet=every)
    after = row(client, "Get-Mailbox")
    assert after["DefaultAuditSet"] == every
    assert "MailItemsAccessed" in after["AuditOwner"]
    client.cmdlet("Set-Mailbox", Identity=VICTIM, AuditDelegate=["SendAs"])
    assert row(client, "Get-Mailbox")["DefaultAuditSet"] == ["Admin", "Owner"]


def test_age_of_audit_records_is_stored_as_days_with_hours(client: Client) -> None:
    assert row(client, "Get-Mailbox", "sofia.marin@contoso.com")["AuditLogAgeLimit"] == "30.00:00:00"
    client.cmdlet("Set-Mailbox", Identity="sofia.marin@contoso.com", AuditLogAgeLimit="180")
    assert row(client, "Get-Mailbox", "sofia.marin@contoso.com")["AuditLogAgeLimit"] == "180.00:00:00"
    refused = client.cmdlet("Set-Mailbox", Identity=VICTIM, AuditLogAgeLimit="for ever")
    assert (refused.status_code, "EnhancedTimeSpan" in text_of(refused)) == (400, True)


def test_licences_are_those_of_the_people_with_a_mailbox(client: Client) -> None:
    (sku,) = client.graph("GET", "/v1.0/subscribedSkus").json()["value"]
    licensed = [u for u in client.tenant.state()["users"].values() if u["assignedLicenses"]]
    assert sku["consumedUnits"] == len(licensed)
    assert {one["skuId"] for user in licensed for one in user["assignedLicenses"]} == {sku["skuId"]}
    assert "M365_ADVANCED_AUDITING" in {plan["servicePlanName"] for plan in sku["servicePlans"]}


def test_protocols_keep_what_follows_the_organisation(client: Client) -> None:
    before = row(client, "Get-CASMailbox")
    assert (before["SmtpClientAuthenticationDisabled"], before["EwsEnabled"], before["ImapEnabled"]) == (
        None,
        None,
        True,
    )
    shut = {"ImapEnabled": False, "PopEnabled": False, "EwsEnabled": False, "SmtpClientAuthenticationDisabled": True}
    assert client.cmdlet("Set-CASMailbox", Identity=VICTIM, **shut).json()["@adminapi.warnings"] == []
    assert shut.items() <= row(client, "Get-CASMailbox").items()
    undo = {name: before[name] for name in shut}
    assert client.cmdlet("Set-CASMailbox", Identity=VICTIM, **undo).status_code == 200
    assert row(client, "Get-CASMailbox") == before
    assert client.cmdlet("Set-CASMailbox", Identity=VICTIM, ImapEnabled=None).status_code == 400


def test_phone_partnership_is_removed_without_a_wipe(client: Client) -> None:
    phones = {r["FriendlyName"]: r for r in client.cmdlet("Get-MobileDevice", Mailbox=VICTIM).json()["value"]}
    assert set(phones) == {"iPhone 15", "SM-A546B"}
    phone = phones["SM-A546B"]["Identity"]
    assert client.cmdlet("Remove-MobileDevice", Identity=phone).status_code == 400
    assert client.cmdlet("Remove-MobileDevice", Identity=phone, Confirm=False).status_code == 200
    assert len(client.cmdlet("Get-MobileDevice", Mailbox=VICTIM).json()["value"]) == 1
    assert client.tenant.state()["wipes"] == []


def test_a_wipe_of_the_whole_phone_is_recorded(client: Client) -> None:
    phones = {r["FriendlyName"]: r for r in client.cmdlet("Get-MobileDevice", Mailbox=VICTIM).json()["value"]}
    for name, how, whole in (
        ("SM-A546B", {"AccountOnly": True}, False),
        ("SM-A546B", {}, True),
        ("iPhone 15", {}, False),
    ):
        client.cmdlet("Clear-MobileDevice", Identity=phones[name]["Identity"], Confirm=False, **how)
        assert client.tenant.state()["wipes"][-1]["account_only"] is not whole
        assert client.tenant.writes()[-1]["notes"] == (["wipes the whole phone"] if whole else [])


def test_automatic_reply_is_turned_off_and_its_text_stays(client: Client) -> None:
    cmdlet = "Set-MailboxAutoReplyConfiguration"
    before = row(client, "Get-MailboxAutoReplyConfiguration")
    assert before["AutoReplyState"] == "Enabled"
    client.cmdlet(cmdlet, Identity=VICTIM, AutoReplyState="disabled")
    assert row(client, "Get-MailboxAutoReplyConfiguration") == before | {"AutoReplyState": "Disabled"}
    client.cmdlet(cmdlet, Identity=VICTIM, **{name: before[name] for name in ("AutoReplyState", "ExternalMessage")})
    assert row(client, "Get-MailboxAutoReplyConfiguration") == before
    assert client.cmdlet(cmdlet, Identity=VICTIM, AutoReplyState="Sometimes").status_code == 400
    assert client.cmdlet(cmdlet, Identity=VICTIM, EndTime="soon").status_code == 400


def test_junk_lists_lose_what_the_intruder_put_there(client: Client) -> None:
    cmdlet, reading = "Set-MailboxJunkEmailConfiguration", "Get-MailboxJunkEmailConfiguration"
    before = row(client, reading)
    assert "jonas.reuter@contoso.com" in before["BlockedSendersAndDomains"]
    trusted = change(remove=["contoso-invoices.example"])
    client.cmdlet(cmdlet, Identity=VICTIM, TrustedSendersAndDomains=trusted, BlockedSendersAndDomains=None)
    after = row(client, reading)
    assert (after["TrustedSendersAndDomains"], after["BlockedSendersAndDomains"]) == (["fair.example"], [])
    back = {name: before[name] for name in ("TrustedSendersAndDomains", "BlockedSendersAndDomains")}
    client.cmdlet(cmdlet, Identity=VICTIM, **back)
    assert row(client, reading) == before


def test_signature_with_a_new_bank_account_is_replaced(client: Client) -> None:
    cmdlet, reading = "Set-MailboxMessageConfiguration", "Get-MailboxMessageConfiguration"
    before = row(client, reading)
    assert "New bank account" in before["SignatureText"]
    client.cmdlet(cmdlet, Identity=VICTIM, AutoAddSignature=False, SignatureText="Katrin Vogel")
    assert row(client, reading) == before | {"AutoAddSignature": False, "SignatureText": "Katrin Vogel"}


def test_calendar_publishing_is_read_and_set(client: Client) -> None:
    place = f"{VICTIM}:\\Calendar"
    assert client.cmdlet("Get-MailboxCalendarFolder", Identity=place).json()["value"][0]["PublishEnabled"] is False
    client.cmdlet("Set-MailboxCalendarFolder", Identity=place, PublishEnabled=True)
    assert client.cmdlet("Get-MailboxCalendarFolder", Identity=place).json()["value"][0]["PublishEnabled"] is True
    assert client.cmdlet("Get-App", Mailbox=VICTIM).json()["value"] == []


def test_audit_bypass_is_ended_for_one_mailbox(client: Client) -> None:
    cmdlet = "Set-MailboxAuditBypassAssociation"
    assert client.cmdlet(cmdlet, Identity=VICTIM, AuditBypassEnabled=False).status_code == 200
    rows = client.cmdlet("Get-MailboxAuditBypassAssociation", ResultSize="Unlimited").json()["value"]
    assert not [r for r in rows if r.get("AuditBypassEnabled")]
    again = client.cmdlet(cmdlet, Identity=VICTIM, AuditBypassEnabled=False)
    assert "no settings of" in again.json()["@adminapi.warnings"][0]
