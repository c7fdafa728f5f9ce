"""Cmdlets for mail flow, restricted senders, auditing and role groups as the practice tenant plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client, Clock
from tests.practice.test_exchange import text_of

AUDIT_ANCHOR = "SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}@contoso.onmicrosoft.com"


def rows(client: Client, cmdlet: str, key: str = "Name", **parameters: Any) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in client.cmdlet(cmdlet, **parameters).json()["value"]}


def test_transport_rule_of_the_window_is_disabled_and_enabled(client: Client, clock: Clock) -> None:
    rule = rows(client, "Get-TransportRule")["Mail archive"]
    assert (rule["BlindCopyTo"], rule["WhenChanged"]) == (
        ["k.vogel.archive@mail-collector.example"],
        "2026-09-18T13:29:33Z",
    )
    assert client.cmdlet("Disable-TransportRule", Identity=rule["Guid"]).status_code == 400
    clock.seconds += 60
    for cmdlet, state in (("Disable-TransportRule", "Disabled"), ("Enable-TransportRule", "Enabled")):
        assert client.cmdlet(cmdlet, Identity=rule["Guid"], Confirm=False).status_code == 200
        assert rows(client, "Get-TransportRule")["Mail archive"]["State"] == state
    again = client.cmdlet("Enable-TransportRule", Identity="Mail archive")
    assert "no settings of" in again.json()["@adminapi.warnings"][0]
    assert set(rows(client, "Get-TransportRule", State="Enabled")) == {"Mark mail from outside", "Mail archive"}


@pytest.mark.parametrize(
    ("reading", "setting", "name"),
    [
        ("Get-InboundConnector", "Set-InboundConnector", "Scanner relay"),
        ("Get-OutboundConnector", "Set-OutboundConnector", "To the bank"),
    ],
)
def test_connector_is_switched_off_and_on(client: Client, reading: str, setting: str, name: str) -> None:
    for enabled in (False, True):
        assert client.cmdlet(setting, Identity=name, Enabled=enabled).json()["@adminapi.warnings"] == []
        assert rows(client, reading)[name]["Enabled"] is enabled
    assert "no settings of" in client.cmdlet(setting, Identity=name, Enabled=True).json()["@adminapi.warnings"][0]
    assert client.cmdlet(setting, Identity="Nothing", Enabled=True).status_code == 400


def test_restricted_sender_is_lifted_under_the_listed_name_only(client: Client) -> None:
    wrong = client.cmdlet("Remove-BlockedSenderAddress", SenderAddress="k.vogel@contoso.com")
    assert (wrong.status_code, "couldn't be found" in text_of(wrong)) == (400, True)
    answer = client.cmdlet("Remove-BlockedSenderAddress", SenderAddress=VICTIM, Reason="Account is contained.")
    assert (answer.status_code, answer.json()["value"]) == (200, [])
    assert client.cmdlet("Get-BlockedSenderAddress").json()["value"] == []


def test_unblocking_is_rationed(client: Client) -> None:
    row = client.cmdlet("Get-BlockedSenderAddress").json()["value"][0]
    for _ in range(3):
        assert client.cmdlet("Remove-BlockedSenderAddress", SenderAddress=VICTIM).status_code == 200
        client.tenant.change_behind(lambda state: state["blocked_senders"].append(row))
    refused = client.cmdlet("Remove-BlockedSenderAddress", SenderAddress=VICTIM)
    assert (refused.status_code, "too many times" in text_of(refused)) == (400, True)
    assert len(client.cmdlet("Get-BlockedSenderAddress").json()["value"]) == 1


def test_auditing_of_the_tenant_is_switched_back_on(client: Client) -> None:
    client.tenant.change_behind(lambda state: state["organization_config"].update(AuditDisabled=True))
    assert client.cmdlet("Set-OrganizationConfig", AuditDisabled=False).status_code == 200
    assert client.cmdlet("Get-OrganizationConfig").json()["value"][0]["AuditDisabled"] is False


def test_unified_auditing_wants_a_mailbox_of_its_own_as_anchor(client: Client) -> None:
    off = {"UnifiedAuditLogIngestionEnabled": False}
    client.tenant.change_behind(lambda state: state["admin_audit_log_config"].update(off))
    on = {"UnifiedAuditLogIngestionEnabled": True}
    assert client.cmdlet("Set-AdminAuditLogConfig", **on).status_code == 400
    assert client.cmdlet("Set-AdminAuditLogConfig", anchor=AUDIT_ANCHOR, **on).status_code == 200
    row = client.cmdlet("Get-AdminAuditLogConfig").json()["value"][0]
    assert row["UnifiedAuditLogIngestionEnabled"] is True


def test_role_group_loses_and_gets_back_a_member(client: Client) -> None:
    group = {"Identity": "Discovery Management", "Member": VICTIM}
    assert set(rows(client, "Get-RoleGroupMember", "DisplayName", Identity="Discovery Management")) == {"Katrin Vogel"}
    assert client.cmdlet("Remove-RoleGroupMember", Confirm=False, **group).status_code == 200
    assert rows(client, "Get-RoleGroupMember", Identity="Discovery Management") == {}
    gone = client.cmdlet("Remove-RoleGroupMember", Confirm=False, **group)
    assert (gone.status_code, "isn't a member" in text_of(gone)) == (400, True)
    assert client.cmdlet("Add-RoleGroupMember", **group).status_code == 200
    assert "already a member" in text_of(client.cmdlet("Add-RoleGroupMember", **group))
    assert "_members" not in rows(client, "Get-RoleGroup")["Discovery Management"]


def test_domains_and_policies_are_read(client: Client) -> None:
    assert set(rows(client, "Get-AcceptedDomain", "DomainName")) == {
        *("contoso.com", "contoso.onmicrosoft.com", "emea.contoso.com")
    }
    assert rows(client, "Get-RemoteDomain")["Default"]["AutoForwardEnabled"] is True
    assert rows(client, "Get-HostedOutboundSpamFilterPolicy")["Default"]["AutoForwardingMode"] == "On"
