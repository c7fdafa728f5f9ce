"""What protects sign-ins and sending, as files: told by content, nothing dropped, nothing added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit.case import Case

# As the Entra admin centre writes it: no flag for "registered" or "administrator", methods as a JSON list.
PORTAL = (
    "userPrincipalName,userDisplayName,isMfaCapable,isPasswordlessCapable,isSsprCapable,defaultMfaMethod,"
    "methodsRegistered,lastUpdatedDateTime\r\n"
    "anna@contoso.example,Anna,False,False,False,none,[],2026-09-22T18:49:13.142503Z\r\n"
    'bert@contoso.example,Bert,True,False,True,mobilePhone,"[""mobilePhone"",""email""]",2026-09-22T18:49:13.9174556Z\r\n'
)
POLICY = {
    "id": "p1",
    "displayName": "MFA for all",
    "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


def test_the_portals_registration_details_keep_what_they_say_and_no_more(case: Case, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(PORTAL, "utf-8")
    account = case.load(tmp_path / "export.csv").files[0]
    assert (account.format, account.read, account.rows, account.rejected) == ("registration-details-csv", 2, 2, 0)
    anna, bert = (row for _, row in case.frame("mfa_registration").sort_values("user_principal_name").iterrows())
    assert anna.time.isoformat().startswith("2026-09-22T18:49:13")
    assert (anna.is_mfa_capable, anna.methods_registered) == (False, "[]")
    assert (bert.is_mfa_capable, bert.methods_registered) == (True, '["mobilePhone","email"]')
    assert pd.isna(bert.is_mfa_registered), "the portal does not say"
    assert pd.isna(bert.is_admin), "the portal does not say"


def test_graph_pages_with_unknown_properties_and_flags_as_text_are_read(case: Case, tmp_path: Path) -> None:
    row = {
        "id": "u1",
        "userPrincipalName": "anna@contoso.example",
        "isMfaRegistered": "true",
        "isAdmin": None,
        "methodsRegistered": ["thoughtTransfer"],
        "shoeSize": 43,
        "lastUpdatedDateTime": "2026-09-18T09:00:00Z",
    }
    (tmp_path / "page.json").write_text(json.dumps({"value": [row, row]}), "utf-8")
    account = case.load(tmp_path / "page.json").files[0]
    assert (account.read, account.rows, account.duplicates) == (2, 1, 1)
    said = case.frame("mfa_registration").iloc[0]
    assert (bool(said.is_mfa_registered), said.methods_registered) == (True, '["thoughtTransfer"]')
    assert "shoeSize" in next(iter(case.raw([said.row_id], "mfa_registration").values()))


def test_published_report_and_roles_of_a_small_tenant_are_taken_in_whole(case: Case, shared: Path) -> None:
    sample = shared / "samples" / "m365-assess"
    accounts = case.load(sample / "03-MFA-Report.csv", sample / "04-Admin-Roles.csv").files
    assert [(a.read, a.rows, a.rejected) for a in accounts] == [(4, 4, 0), (5, 5, 0)]
    assert set(case.frame("tenant_settings").identity) == {"Global Administrator", "Compliance Administrator"}
    registered = case.frame("mfa_registration")
    assert registered.is_mfa_registered.tolist().count(True) == 2
    assert registered.is_admin.all()


SETTINGS: list[tuple[str, Any, str, str, str]] = [
    ("policies", {"value": [POLICY]}, "graph-conditional-access-policies", "conditional access", "MFA for all"),
    (
        "security defaults",
        {"id": "0-5", "displayName": "Security Defaults", "description": "x", "isEnabled": True},
        "graph-security-defaults",
        "security defaults",
        "Security Defaults",
    ),
    (
        "role assignments",
        [{"id": "a", "principalId": "u1", "roleDefinitionId": "r1", "roleDefinition": {"displayName": "Reader"}}],
        "graph-role-assignments",
        "roles",
        "Reader",
    ),
    (
        "outbound spam policy",
        [{"Name": "Default", "AutoForwardingMode": "Automatic", "RecipientLimitPerDay": 0}],
        "get-hostedoutboundspamfilterpolicy-json",
        "outbound spam policy",
        "Default",
    ),
    (
        "remote domain",
        [{"Name": "Default", "DomainName": "*", "AutoForwardEnabled": True}],
        "get-remotedomain-json",
        "remote domains",
        "Default",
    ),
    (
        "mail flow for everybody",
        [{"Name": "Transport Settings", "SmtpClientAuthenticationDisabled": True, "JournalingReportNdrTo": "<>"}],
        "get-transportconfig-json",
        "mail flow settings",
        "Transport Settings",
    ),
    (
        "mark on mail from outside",
        [{"Identity": "contoso.example", "Enabled": False, "AllowList": []}],
        "get-externalinoutlook-json",
        "external mark",
        "contoso.example",
    ),
    (
        "restricted sender",
        [{"SenderAddress": "anna@contoso.example", "Reason": "OutboundSpamLast24Hours=9"}],
        "get-blockedsenderaddress-json",
        "restricted senders",
        "anna@contoso.example",
    ),
    (
        "accounts",
        {"value": [{"id": "u1", "userPrincipalName": "anna@contoso.example", "accountEnabled": False}]},
        "graph-users",
        "accounts",
        "anna@contoso.example",
    ),
]


@pytest.mark.parametrize(
    ("content", "name", "setting", "identity"), [s[1:] for s in SETTINGS], ids=[s[0] for s in SETTINGS]
)
def test_a_setting_is_recognised_and_kept_whole(
    content: Any, name: str, setting: str, identity: str, case: Case, tmp_path: Path
) -> None:
    (tmp_path / "file.json").write_text(json.dumps(content), "utf-8")
    account = case.load(tmp_path / "file.json").files[0]
    assert (account.format, account.rows, account.rejected) == (name, 1, 0)
    row = case.frame("tenant_settings").iloc[0]
    assert (row.setting, row.identity) == (setting, identity)
    record = content.get("value", [content])[0] if isinstance(content, dict) else content[0]
    assert json.loads(row.document) == record


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('"Name","AutoForwardingMode","RecipientLimitPerDay"\r\n"Default","Off","0"\r\n', "outbound spam policy"),
        ('"Name","DomainName","AutoForwardEnabled"\r\n"Default","*","True"\r\n', "remote domains"),
        ('"SmtpClientAuthenticationDisabled","AllowLegacyTLSClients"\r\n"True",""\r\n', "mail flow settings"),
        ('"Identity","Enabled","AllowList"\r\n"x","True",""\r\n', "external mark"),
        ('"SenderAddress","Reason"\r\n"anna@contoso.example","spam"\r\n', "restricted senders"),
    ],
)
def test_the_same_settings_as_csv(text: str, setting: str, case: Case, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text(text, "utf-8")
    assert case.load(tmp_path / "file.csv").files[0].rows == 1
    assert case.frame("tenant_settings").setting.tolist() == [setting]


def test_details_of_a_trace_keep_the_bounce(case: Case, tmp_path: Path) -> None:
    fail = "Reason: [{LED=550 5.1.8 Access denied, bad outbound sender AS(42004)}]"
    cmdlet = [{"MessageTraceId": "t", "Date": "2026-09-18T09:00:00", "Event": "Fail", "Action": "", "Detail": fail}]
    (tmp_path / "details.json").write_text(json.dumps(cmdlet), "utf-8")
    account = case.load(tmp_path / "details.json").files[0]
    assert (account.format, account.rows) == ("get-messagetracedetail-json", 1)
    assert case.frame("message_events").description[0] == fail
