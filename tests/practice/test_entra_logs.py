"""Directory audits, sign-ins of every kind and risk detections of the practice tenant."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.practice.analyst import VICTIM, Client, Clock

AUDITS = "/v1.0/auditLogs/directoryAudits"
RISK = "/v1.0/identityProtection/riskDetections"


def rows(client: Client, path: str, text: str = "", **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = "&".join([f"$filter={quote(text)}"] * bool(text) + [f"${name}={value}" for name, value in options.items()])
    link: str | None = f"{path}?{query}"
    while link:
        answer = client.graph("GET", link.removeprefix(client.about["graph"]))
        assert answer.status_code == 200, answer.text
        found += answer.json()["value"]
        link = answer.json().get("@odata.nextLink")
    return found


def who(client: Client) -> str:
    return str(client.graph("GET", f"/v1.0/users/{VICTIM}").json()["id"])


def test_directory_audits_by_actor_and_by_target_are_two_questions(client: Client) -> None:
    user = who(client)
    by = {row["activityDisplayName"] for row in rows(client, AUDITS, f"initiatedBy/user/id eq '{user}'")}
    about = {row["activityDisplayName"] for row in rows(client, AUDITS, f"targetResources/any(t: t/id eq '{user}')")}
    assert "Consent to application" in by - about
    assert "Update user" in about - by
    assert "User registered security info" in by & about


def test_directory_audits_page_newest_first(client: Client) -> None:
    everything = rows(client, AUDITS)
    assert rows(client, AUDITS, top=2) == everything
    times = [row["activityDateTime"] for row in everything]
    assert times == sorted(times, reverse=True)
    late = rows(client, AUDITS, "activityDateTime ge 2026-09-16T08:10:00Z and activityDateTime lt 2026-09-16T08:20:00Z")
    assert {row["activityDisplayName"] for row in late} == {
        *("Consent to application", "Add delegated permission grant", "Add service principal")
    }


def test_change_made_at_run_time_is_in_the_directory_audits(client: Client, clock: Clock) -> None:
    clock.seconds += 5
    client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False})
    newest = rows(client, AUDITS)[0]
    assert newest["activityDisplayName"].startswith("Disable account")
    assert newest["initiatedBy"]["user"]["userPrincipalName"] == "jonas.reuter@contoso.com"
    changed = newest["targetResources"][0]["modifiedProperties"]
    assert {"displayName": "AccountEnabled", "oldValue": "[true]", "newValue": "[false]"} in changed


def test_one_directory_audit(client: Client) -> None:
    row = rows(client, AUDITS)[0]
    body = client.graph("GET", f"{AUDITS}/{row['id']}").json()
    assert {name: body[name] for name in row} == row
    assert client.graph("GET", f"{AUDITS}/none").status_code == 404


@pytest.mark.parametrize("kind", ["interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity"])
def test_each_kind_of_sign_in_by_itself(client: Client, kind: str) -> None:
    found = rows(client, "/beta/auditLogs/signIns", f"signInEventTypes/any(t: t eq '{kind}')")
    assert found
    assert all(row["signInEventTypes"] == [kind] for row in found)
    assert (
        client.graph("GET", f"/v1.0/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq '{kind}')").status_code
        == 400
    )


def test_rogue_app_signed_in_without_a_person(client: Client) -> None:
    found = rows(client, "/beta/auditLogs/signIns", "signInEventTypes/any(t: t eq 'servicePrincipal')")
    assert {row["ipAddress"] for row in found if row["appDisplayName"] == "Mail Archive Sync"} == {"37.120.200.44"}


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_tenant_without_p1_has_no_sign_ins(client: Client, version: str) -> None:
    client.tenant.arrange(lacks=["p1"])
    answer = client.graph("GET", f"/{version}/auditLogs/signIns")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    assert client.graph("GET", AUDITS).status_code == 200


def test_entra_logs_reach_back_as_far_as_arranged(client: Client) -> None:
    client.tenant.arrange(sign_in_days=1)
    assert min(row["createdDateTime"] for row in rows(client, "/v1.0/auditLogs/signIns")) >= "2026-09-17T14:00:00Z"
    assert rows(client, AUDITS) == []


def test_risk_detections_of_the_account(client: Client) -> None:
    found = rows(client, RISK, f"userId eq '{who(client)}'", top=2)
    assert {row["riskEventType"] for row in found} == {"maliciousIPAddress", "anomalousToken"}
    assert {row["userPrincipalName"] for row in found} == {VICTIM}
    assert {row["detectionTimingType"] for row in found} == {"realtime", "offline"}
    assert rows(client, RISK, "riskEventType eq 'leakedCredentials'") == []
    assert client.graph("GET", f"{RISK}?$top=501").status_code == 400


def test_without_p2_the_type_of_a_risk_is_hidden(client: Client) -> None:
    client.tenant.arrange(lacks=["p2"])
    assert {row["riskEventType"] for row in rows(client, RISK)} == {"generic"}
