"""Risk, Conditional Access and a mailbox over Graph as the practice tenant plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client

POLICIES = "/v1.0/identity/conditionalAccess/policies"
RISKY = "/v1.0/identityProtection/riskyUsers"
SETTINGS = f"/v1.0/users/{VICTIM}/mailboxSettings"
RULES = f"/v1.0/users/{VICTIM}/mailFolders/inbox/messageRules"
REPORT_ONLY = "enabledForReportingButNotEnforced"


def object_id(client: Client, name: str = VICTIM) -> str:
    return str(client.graph("GET", f"/v1.0/users/{name}").json()["id"])


def policy(client: Client, state: str = REPORT_ONLY) -> dict[str, Any]:
    return {
        "displayName": "MFA for one account",
        "state": state,
        "conditions": {
            "users": {"includeUsers": [object_id(client)]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }


def test_risk_is_confirmed_and_dismissed(client: Client) -> None:
    who = object_id(client)
    assert client.graph("GET", f"{RISKY}/{who}").json()["riskLevel"] == "medium"
    for action, level, state in (
        ("confirmCompromised", "high", "confirmedCompromised"),
        ("dismiss", "none", "dismissed"),
    ):
        assert client.graph("POST", f"{RISKY}/{action}", json={"userIds": [who]}).status_code == 204
        row = client.graph("GET", f"{RISKY}?$filter=id eq '{who}'").json()["value"][0]
        assert (row["riskLevel"], row["riskState"]) == (level, state)
    history = client.graph("GET", f"{RISKY}/{who}/history").json()["value"]
    assert [row["riskState"] for row in history] == ["dismissed", "confirmedCompromised", "atRisk"]


def test_user_who_never_was_at_risk_has_no_entry(client: Client) -> None:
    other = object_id(client, "ana.petrovic@contoso.com")
    assert client.graph("GET", f"{RISKY}/{other}").status_code == 404
    assert client.graph("POST", f"{RISKY}/confirmCompromised", json={"userIds": [other]}).status_code == 204
    assert client.graph("GET", f"{RISKY}/{other}").json()["riskState"] == "confirmedCompromised"


@pytest.mark.parametrize("body", [{}, {"userIds": []}, {"userIds": "x"}, {"userIds": ["x"] * 61}])
def test_bad_list_of_users_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert client.graph("POST", f"{RISKY}/dismiss", json=body).status_code == 400


def test_one_policy_reports_only_and_leaves_the_emergency_account_out(client: Client) -> None:
    (found,) = client.graph("GET", POLICIES).json()["value"]
    assert found["state"] == REPORT_ONLY
    assert found["conditions"]["users"]["excludeUsers"] == [
        object_id(client, "emergency.access@contoso.onmicrosoft.com")
    ]
    defaults = client.graph("GET", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy").json()
    assert defaults["isEnabled"] is False


def test_policy_is_made_switched_on_and_deleted(client: Client) -> None:
    made = client.graph("POST", POLICIES, json=policy(client))
    assert made.status_code == 201
    path = f"{POLICIES}/{made.json()['id']}"
    assert client.graph("GET", path).json()["conditions"]["users"]["excludeUsers"] == []
    assert client.graph("PATCH", path, json={"state": "enabled"}).status_code == 204
    changed = client.graph("GET", path).json()
    assert (changed["state"], changed["grantControls"]["builtInControls"]) == ("enabled", ["mfa"])
    assert client.graph("DELETE", path).status_code == 204
    assert client.graph("GET", path).status_code == 404


def test_half_a_policy_is_refused(client: Client) -> None:
    whole = policy(client)
    for without in whole:
        body = {name: value for name, value in whole.items() if name != without}
        assert client.graph("POST", POLICIES, json=body).status_code == 400, without
    assert client.graph("POST", POLICIES, json=whole | {"state": "on"}).status_code == 400


def test_security_defaults_stand_in_the_way_of_a_policy(client: Client) -> None:
    client.tenant.change_behind(lambda state: state["security_defaults"].update(isEnabled=True))
    answer = client.graph("POST", POLICIES, json=policy(client, "enabled"))
    assert answer.status_code == 400
    assert "Security Defaults is enabled" in answer.json()["error"]["message"]


def test_a_person_reaches_her_own_mailbox_only(client: Client) -> None:
    for method, path in (("GET", SETTINGS), ("PATCH", SETTINGS), ("GET", RULES)):
        answer = client.graph(method, path, json={"automaticRepliesSetting": {"status": "disabled"}})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert client.graph("GET", SETTINGS.replace(VICTIM, "jonas.reuter@contoso.com")).status_code == 200


def test_automatic_replies_are_the_same_over_both_roads(client: Client) -> None:
    shown = client.as_application("GET", SETTINGS).json()["automaticRepliesSetting"]
    assert shown["status"] == "alwaysEnabled"
    assert "bank account has changed" in shown["externalReplyMessage"]
    body = {"automaticRepliesSetting": {"status": "Disabled"}}
    answer = client.as_application("PATCH", SETTINGS, json=body)
    assert (answer.status_code, answer.json()["automaticRepliesSetting"]["status"]) == (200, "disabled")
    row = client.cmdlet("Get-MailboxAutoReplyConfiguration", Identity=VICTIM).json()["value"][0]
    assert (row["AutoReplyState"], "bank account" in row["ExternalMessage"]) == ("Disabled", True)


def test_settings_that_make_no_sense_are_refused(client: Client) -> None:
    for body in ({}, {"timeZone": "UTC"}, {"automaticRepliesSetting": {"status": "sometimes"}}):
        assert client.as_application("PATCH", SETTINGS, json=body).status_code == 400
    guest = "lena.fischer_fabrikam.example%23EXT%23@contoso.onmicrosoft.com"
    assert client.as_application("GET", SETTINGS.replace(VICTIM, guest)).status_code == 404


def test_hidden_rules_are_not_in_graph_and_outlooks_own_are_read_only(client: Client) -> None:
    rows = {row["displayName"]: row for row in client.as_application("GET", RULES).json()["value"]}
    assert set(rows) == {"Supplier news", "Ring for the managing director", ".", ".."}
    assert [name for name, row in rows.items() if row["isReadOnly"]] == ["Ring for the managing director"]
    assert rows["Ring for the managing director"]["conditions"]["fromAddresses"] == [
        {"emailAddress": {"name": "Miriam Hoffmann", "address": "miriam.hoffmann@contoso.com"}}
    ]
    for method, body in (("PATCH", {"isEnabled": False}), ("DELETE", None)):
        path = f"{RULES}/{rows['Ring for the managing director']['id']}"
        assert client.as_application(method, path, json=body).status_code == 403


def test_rule_over_graph_leaves_the_rules_of_outlook_alone(client: Client) -> None:
    rows = {row["displayName"]: row for row in client.as_application("GET", RULES).json()["value"]}
    path = f"{RULES}/{rows['.']['id']}"
    answer = client.as_application("PATCH", path, json={"isEnabled": False})
    assert (answer.status_code, answer.json()["isEnabled"]) == (200, False)
    rules = client.rules()
    assert rules["."]["Enabled"] is False
    assert "Ring for the managing director" in rules
    assert client.as_application("DELETE", path).status_code == 204
    assert client.as_application("GET", path).status_code == 404
    body = {name: rows["."][name] for name in ("displayName", "sequence", "isEnabled", "conditions", "actions")}
    again = client.as_application("POST", RULES, json=body)
    assert (again.status_code, again.json()["actions"]) == (201, rows["."]["actions"])
    assert again.json()["id"] != rows["."]["id"]
    assert client.rules()["."]["MoveToFolder"] == "RSS-Abonnements"


def test_folders_have_the_ids_that_cmdlets_show(client: Client) -> None:
    path = f"/v1.0/users/{VICTIM}/mailFolders"
    shown = {row["displayName"]: row["id"] for row in client.as_application("GET", f"{path}?$top=50").json()["value"]}
    rows = client.cmdlet("Get-MailboxFolderStatistics", Identity=VICTIM).json()["value"]
    assert shown.items() <= {row["Name"]: row["FolderId"] for row in rows}.items()
    assert client.as_application("GET", f"{path}/inbox").json()["id"] == shown["Inbox"]
    assert client.as_application("GET", f"{path}/nothing").status_code == 404
    assert client.as_application("GET", f"{path}/sentitems/messageRules").status_code == 400
