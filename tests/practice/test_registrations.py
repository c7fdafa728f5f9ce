"""Registering applications as the practice tenant's Graph plays it: what it takes, refuses, and shows how soon."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

import pytest

from tests.practice.analyst import Client, Clock
from toolkit.tenant.clouds import CLOUDS
from toolkit.tenant.registration import Registration

GRAPH = "00000003-0000-0000-c000-000000000000"
NAME = "Mailbox response: evidence"


def post(client: Client, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = client.graph("POST", f"/v1.0/{path}", json=body)
    return answer.status_code, answer.json()


def named(client: Client, path: str, field: str, value: str) -> list[dict[str, Any]]:
    return list(client.graph("GET", f"/v1.0/{path}?$filter={field} eq '{value}'").json()["value"])


def resource(client: Client) -> dict[str, Any]:
    return named(client, "servicePrincipals", "appId", GRAPH)[0]


@pytest.fixture
def made(client: Client) -> dict[str, Any]:
    code, application = post(client, "applications", {"displayName": NAME, "tags": ["mine"]})
    assert code == 201
    return application


def test_a_new_application_is_listed_after_a_moment_and_can_be_named_after_some_more(
    client: Client, clock: Clock, made: dict[str, Any]
) -> None:
    assert named(client, "applications", "displayName", NAME) == []
    clock.seconds += 1.5
    assert [row["appId"] for row in named(client, "applications", "displayName", NAME)] == [made["appId"]]
    code, refused = post(client, "servicePrincipals", {"appId": made["appId"]})
    assert (code, refused["error"]["code"]) == (400, "NoBackingApplicationObject")
    clock.seconds += 2
    code, principal = post(client, "servicePrincipals", {"appId": made["appId"], "appRoleAssignmentRequired": True})
    assert (code, principal["tags"], principal["appRoleAssignmentRequired"]) == (201, ["mine"], True)
    grant = {
        "clientId": principal["id"],
        "consentType": "AllPrincipals",
        "resourceId": resource(client)["id"],
        "scope": "User.Read",
    }
    role = {
        "principalId": principal["id"],
        "resourceId": resource(client)["id"],
        "appRoleId": resource(client)["appRoles"][0]["id"],
    }
    given = f"servicePrincipals/{role['resourceId']}/appRoleAssignedTo"
    assert post(client, "oauth2PermissionGrants", grant)[0] == post(client, given, role)[0] == 404
    clock.seconds += 3
    assert post(client, "oauth2PermissionGrants", grant)[0] == post(client, given, role)[0] == 201
    assert post(client, "oauth2PermissionGrants", grant)[0] == 409
    assert post(client, given, role)[0] == 400
    code, refused = post(client, "servicePrincipals", {"appId": made["appId"]})
    assert (code, refused["error"]["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")

    assert client.graph("DELETE", f"/v1.0/applications/{made['id']}").status_code == 204
    state = client.tenant.state()
    assert (state["applications"], principal["id"] in state["service_principals"]) == ({}, False)
    assert principal["id"] not in str(state["grants"]) + str(state["app_role_assignments"])
    assert client.graph("GET", f"/v1.0/applications/{made['id']}").status_code == 404
    operations = [record["Operation"] for record in state["audit"]]
    assert operations[0] == "Add application."
    assert {"Add service principal.", "Delete application.", "Remove service principal."} <= set(operations)


def test_two_applications_may_have_the_same_name(client: Client, clock: Clock, made: dict[str, Any]) -> None:
    assert post(client, "applications", {"displayName": NAME})[1]["appId"] != made["appId"]
    clock.seconds += 2
    assert len(named(client, "applications", "displayName", NAME)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": " "},
        {"displayName": NAME, "shoeSize": 43},
        {"displayName": NAME, "signInAudience": "Everybody"},
        {"displayName": NAME, "isFallbackPublicClient": "yes"},
        {"displayName": NAME, "keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "bm8="}]},
        {"displayName": NAME, "keyCredentials": [{"type": "Symmetric", "usage": "Verify", "key": "bm8="}]},
        {"displayName": NAME, "requiredResourceAccess": [{"resourceAppId": "nobody", "resourceAccess": []}]},
        {
            "displayName": NAME,
            "requiredResourceAccess": [
                {"resourceAppId": GRAPH, "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d"}]}
            ],
        },
    ],
)
def test_what_is_no_application_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert post(client, "applications", body)[0] == 400
    assert client.tenant.state()["applications"] == {}


def test_without_the_permission_nothing_is_registered(client: Client) -> None:
    client.tenant.withhold("Application.ReadWrite.All")
    assert post(client, "applications", {"displayName": NAME})[0] == 403
    assert post(client, "servicePrincipals", {"appId": "x"})[0] == 403
    assert client.graph("GET", "/v1.0/applications").status_code == 200  # by Directory.Read.All


def test_the_services_offer_every_permission_that_the_registrations_want() -> None:
    text = files("toolkit.practice").joinpath("facts", "offered_permissions.csv").read_text("utf-8")
    offered = {(row["resource"], row["kind"], row["name"]) for row in csv.DictReader(text.splitlines())}
    wanted = {
        (service, "role" if app_only else "scope", name)
        for purpose in ("evidence", "containment")
        for app_only in (False, True)
        for service, names in Registration(purpose, app_only, CLOUDS["global"]).permissions.items()
        for name in names
    }
    assert offered == wanted
