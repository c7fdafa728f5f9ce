"""Graph as the practice tenant answers it: users, passwords, sessions, reports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client, Clock

GOOD = {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}
PEOPLE = {
    "synced": "petra.lindner@contoso.com",
    "federated": "tomas.novak@emea.contoso.com",
    "guest": "lena.fischer_fabrikam.example%23EXT%23@contoso.onmicrosoft.com",
}
NON_INTERACTIVE = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"


def user(client: Client, select: str, who: str = VICTIM) -> dict[str, Any]:
    return dict(client.graph("GET", f"/v1.0/users/{who}?$select={select}").json())


def pages(client: Client, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    link: str | None = client.about["graph"] + path
    while link:
        page = client.graph("GET", link.removeprefix(client.about["graph"])).json()
        rows += page["value"]
        link = page.get("@odata.nextLink")
    return rows


def test_user_is_found_by_id_and_by_name(client: Client) -> None:
    by_name = client.graph("GET", f"/v1.0/users/{VICTIM.upper()}").json()
    assert client.graph("GET", f"/v1.0/users/{by_name['id']}").json()["displayName"] == "Katrin Vogel"
    assert client.graph("GET", f"/v1.0/users/{PEOPLE['guest']}?$select=userType").json()["userType"] == "Guest"


def test_unselected_properties_are_absent_not_null(client: Client) -> None:
    assert "accountEnabled" not in client.graph("GET", f"/v1.0/users/{VICTIM}").json()
    assert set(user(client, "id,onPremisesSyncEnabled")) == {"@odata.context", "id", "onPremisesSyncEnabled"}
    assert client.graph("GET", f"/v1.0/users/{VICTIM}?$select=id,shoeSize").status_code == 400


def test_users_are_listed_page_by_page(client: Client) -> None:
    assert len({row["id"] for row in pages(client, "/v1.0/users?$top=3")}) == 10
    found = pages(client, f"/v1.0/users?$filter=userPrincipalName eq '{VICTIM}'")
    assert [row["displayName"] for row in found] == ["Katrin Vogel"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1.0/users/nobody@contoso.com", 404, "Request_ResourceNotFound"),
        ("GET", "/v1.0/teapots", 404, "ResourceNotFound"),
        ("DELETE", f"/v1.0/users/{VICTIM}", 405, "Request_BadRequest"),
        ("GET", f"/v1.0/users/{VICTIM}/revokeSignInSessions", 405, "Request_BadRequest"),
        ("GET", f"/v1.0/users/{VICTIM}/authentication/requirements", 404, "ResourceNotFound"),
        ("GET", "/v1.0/users?$search=%22a%22", 400, "BadRequest"),
        ("GET", "/v1.0/auditLogs/signIns?$top=5000", 400, "BadRequest"),
        ("GET", "/v1.0/auditLogs/signIns?$filter=shoeSize eq 1", 400, "BadRequest"),
        ("GET", "/v1.0/auditLogs/signIns?$filter=createdDateTime ge '2026-09-01T00:00:00Z'", 400, "BadRequest"),
    ],
)
def test_what_graph_refuses_is_refused(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.graph(method, path, headers={"client-request-id": "mine"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    inner = answer.json()["error"]["innerError"]
    assert inner["client-request-id"] == answer.headers["client-request-id"] == "mine"
    assert inner["request-id"] == answer.headers["request-id"]


def test_sign_in_is_blocked_and_allowed_again(client: Client) -> None:
    for wanted in (False, True):
        assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": wanted}).status_code == 204
        assert user(client, "accountEnabled")["accountEnabled"] is wanted
    operations = [record["Operation"] for record in client.tenant.state()["audit"]]
    assert operations == ["Disable account.", "Enable account."]


def test_blocking_a_synchronised_user_is_undone_by_the_next_cycle(client: Client) -> None:
    who = PEOPLE["synced"]
    assert client.graph("PATCH", f"/v1.0/users/{who}", json={"accountEnabled": False}).status_code == 204
    assert user(client, "accountEnabled", who)["accountEnabled"] is False
    client.tenant.synchronise()
    assert user(client, "accountEnabled", who)["accountEnabled"] is True


def test_new_password_moves_its_time_and_nothing_else(client: Client, clock: Clock) -> None:
    before = user(client, "lastPasswordChangeDateTime,signInSessionsValidFromDateTime")
    clock.seconds += 30
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"passwordProfile": GOOD}).status_code == 204
    after = user(client, "lastPasswordChangeDateTime,signInSessionsValidFromDateTime")
    assert after["lastPasswordChangeDateTime"] == "2026-09-18T14:00:30Z"
    assert after["signInSessionsValidFromDateTime"] == before["signInSessionsValidFromDateTime"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 403),
        ({"shoeSize": 43}, 400),
        ({"displayName": "Somebody else"}, 403),
        ({"accountEnabled": "false"}, 400),
        ({"passwordProfile": {"password": "short"}}, 400),
        ({"passwordProfile": {"password": "alllowercaseletters"}}, 400),
        ({"passwordProfile": {"secret": GOOD["password"]}}, 400),
        ({"passwordProfile": "text"}, 400),
        ([], 400),
    ],
)
def test_bad_change_is_refused_and_changes_nothing(client: Client, body: object, status: int) -> None:
    before = client.tenant.state()
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json=body).status_code == status
    assert client.tenant.state() == before


@pytest.mark.parametrize(("who", "status"), [("synced", 400), ("federated", 403), ("guest", 403)])
def test_password_that_lives_elsewhere_cannot_be_set_here(client: Client, who: str, status: int) -> None:
    answer = client.graph("PATCH", f"/v1.0/users/{PEOPLE[who]}", json={"passwordProfile": GOOD})
    assert answer.status_code == status
    assert client.tenant.state()["changes"] == 0


def test_one_refused_part_refuses_the_whole_change(client: Client) -> None:
    body = {"accountEnabled": False, "passwordProfile": GOOD}
    assert client.graph("PATCH", f"/v1.0/users/{PEOPLE['synced']}", json=body).status_code == 400
    assert user(client, "accountEnabled", PEOPLE["synced"])["accountEnabled"] is True


def test_revoking_moves_the_valid_from_time(client: Client, clock: Clock) -> None:
    clock.seconds += 90
    answer = client.graph("POST", f"/v1.0/users/{VICTIM}/revokeSignInSessions")
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    times = user(client, "signInSessionsValidFromDateTime")
    assert times["signInSessionsValidFromDateTime"] == "2026-09-18T14:01:30Z"


def test_per_user_mfa_is_read_and_set(client: Client) -> None:
    path = f"/beta/users/{VICTIM}/authentication/requirements"
    assert client.graph("GET", path).json()["perUserMfaState"] == "disabled"
    assert client.graph("PATCH", path, json={"perUserMfaState": "enforced"}).status_code == 204
    assert client.graph("GET", path).json()["perUserMfaState"] == "enforced"
    assert client.graph("PATCH", path, json={"perUserMfaState": "sometimes"}).status_code == 400


def test_intruders_authenticator_is_among_the_methods(client: Client) -> None:
    methods = client.graph("GET", f"/v1.0/users/{VICTIM}/authentication/methods").json()["value"]
    assert [
        m["displayName"] for m in methods if m["@odata.type"].endswith("microsoftAuthenticatorAuthenticationMethod")
    ] == [
        "Katrin's phone",
        "SM-A546B",
    ]


def test_domains_tell_who_is_federated(client: Client) -> None:
    assert client.graph("GET", "/v1.0/domains/emea.contoso.com").json()["authenticationType"] == "Federated"
    assert client.graph("GET", "/v1.0/domains/contoso.com").json()["authenticationType"] == "Managed"
    assert client.graph("GET", "/v1.0/domains/fabrikam.example").status_code == 404


def test_v1_sign_ins_are_interactive_and_know_no_session(client: Client) -> None:
    rows = pages(client, "/v1.0/auditLogs/signIns?$top=100")
    assert all(row["isInteractive"] for row in rows)
    assert not {"sessionId", "autonomousSystemNumber", "signInEventTypes"} & set(rows[0])
    refused = client.graph("GET", f"/v1.0/auditLogs/signIns?$filter={NON_INTERACTIVE}")
    assert refused.status_code == 400
    assert "Could not find a property named 'signInEventTypes'" in refused.json()["error"]["message"]


def test_beta_sign_ins_of_both_kinds_add_up(client: Client) -> None:
    interactive = pages(client, "/beta/auditLogs/signIns")
    others = pages(client, f"/beta/auditLogs/signIns?$filter={NON_INTERACTIVE}&$top=100")
    assert {row["signInEventTypes"][0] for row in interactive} == {"interactiveUser"}
    assert {row["signInEventTypes"][0] for row in others} == {"nonInteractiveUser"}
    times = [row["createdDateTime"] for row in others]
    assert times == sorted(times, reverse=True)
    assert len({row["id"] for row in others}) == len(others) > 300


def test_sign_ins_are_filtered_by_user_and_half_open_time(client: Client) -> None:
    victim = user(client, "id")["id"]
    path = (
        f"/beta/auditLogs/signIns?$filter=userId eq '{victim}' and createdDateTime ge 2026-09-16T00:00:00Z"
        f" and createdDateTime lt 2026-09-17T00:00:00Z and ({NON_INTERACTIVE})"
    )
    rows = pages(client, path)
    assert rows
    assert {row["userPrincipalName"] for row in rows} == {VICTIM}
    assert {row["createdDateTime"][:10] for row in rows} == {"2026-09-16"}
    assert pages(client, f"/v1.0/auditLogs/signIns?$filter=userPrincipalName eq '{VICTIM}'")
    assert not pages(client, f"/v1.0/auditLogs/signIns?$filter=userPrincipalName eq '{VICTIM.upper()}'")


def test_quotes_in_a_filter_are_doubled(client: Client) -> None:
    assert client.graph("GET", "/v1.0/users?$filter=displayName eq 'O''Brien and sons'").json()["value"] == []


def test_secure_scores_come_newest_first(client: Client) -> None:
    assert len(client.graph("GET", "/v1.0/security/secureScores?$top=1").json()["value"]) == 1
    days = [row["createdDateTime"] for row in pages(client, "/v1.0/security/secureScores")]
    assert days == sorted(days, reverse=True)
    known = {row["id"] for row in pages(client, "/v1.0/security/secureScoreControlProfiles")}
    newest = client.graph("GET", "/v1.0/security/secureScores").json()["value"][0]
    assert {control["controlName"] for control in newest["controlScores"]} <= known
