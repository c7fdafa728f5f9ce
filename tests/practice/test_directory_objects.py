"""Devices, applications, consents, roles and groups as the practice tenant's Graph plays them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client

ROLES = "/v1.0/roleManagement/directory"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
BREAK_GLASS = "emergency.access@contoso.onmicrosoft.com"


def rows(client: Client, path: str) -> list[dict[str, Any]]:
    return list(client.graph("GET", f"/v1.0/{path}").json()["value"])


def object_id(client: Client, name: str = VICTIM) -> str:
    return str(client.graph("GET", f"/v1.0/users/{name}").json()["id"])


def named(client: Client, path: str, name: str) -> dict[str, Any]:
    return next(row for row in rows(client, path) if row["displayName"] == name)


def test_intruders_device_stands_beside_the_victims_own(client: Client) -> None:
    devices = {row["displayName"]: row for row in rows(client, f"users/{VICTIM}/registeredDevices")}
    assert set(devices) == {"LT-CTS-0141", "DESKTOP-7K2QH9L"}
    assert rows(client, f"users/{VICTIM}/ownedDevices") == list(devices.values())
    found = devices["DESKTOP-7K2QH9L"]
    assert (found["trustType"], found["registrationDateTime"]) == ("Workplace", "2026-09-18T13:04:12Z")
    assert [row["userPrincipalName"] for row in rows(client, f"devices/{found['id']}/registeredOwners")] == [VICTIM]


def test_device_is_disabled_enabled_and_deleted_by_object_id(client: Client) -> None:
    found = named(client, f"users/{VICTIM}/registeredDevices", "DESKTOP-7K2QH9L")
    assert client.graph("GET", f"/v1.0/devices/{found['deviceId']}").status_code == 404
    for enabled in (False, True):
        path = f"/v1.0/devices/{found['id']}"
        assert client.graph("PATCH", path, json={"accountEnabled": enabled}).status_code == 204
        assert client.graph("GET", f"{path}?$select=accountEnabled").json()["accountEnabled"] is enabled
    assert client.graph("PATCH", path, json={"displayName": "x"}).status_code == 400
    assert client.graph("DELETE", path).status_code == 204
    assert client.graph("GET", path).status_code == 404
    assert client.tenant.state()["deleted"] == [{"kind": "device", "id": found["id"]}]


def test_device_is_found_by_the_id_that_sign_ins_name(client: Client) -> None:
    wanted = named(client, f"users/{VICTIM}/registeredDevices", "LT-CTS-0141")
    assert [row["id"] for row in rows(client, f"devices?$filter=deviceId eq '{wanted['deviceId']}'")] == [wanted["id"]]


def test_consent_is_removed_and_given_back_under_a_new_id(client: Client) -> None:
    (grant,) = rows(client, f"users/{VICTIM}/oauth2PermissionGrants")
    assert grant["scope"] == " User.Read Mail.Read offline_access"
    path = f"/v1.0/oauth2PermissionGrants/{grant['id']}"
    assert client.graph("DELETE", path).status_code == 204
    assert rows(client, f"users/{VICTIM}/oauth2PermissionGrants") == []
    body = {name: grant[name] for name in ("clientId", "consentType", "principalId", "resourceId", "scope")}
    again = client.graph("POST", "/v1.0/oauth2PermissionGrants", json=body)
    assert again.status_code == 201
    assert again.json()["id"] != grant["id"]
    assert client.graph("POST", "/v1.0/oauth2PermissionGrants", json=body).status_code == 409


def test_consent_can_be_narrowed(client: Client) -> None:
    (grant,) = rows(client, f"users/{VICTIM}/oauth2PermissionGrants")
    path = f"/v1.0/oauth2PermissionGrants/{grant['id']}"
    assert client.graph("PATCH", path, json={"scope": "User.Read"}).status_code == 204
    assert client.graph("GET", path).json()["scope"] == "User.Read"
    assert client.graph("PATCH", path, json={"consentType": "AllPrincipals"}).status_code == 400


def test_consent_for_everybody_is_not_found_with_the_user(client: Client) -> None:
    everybody = [grant for grant in rows(client, "oauth2PermissionGrants") if grant["consentType"] == "AllPrincipals"]
    assert [grant["principalId"] for grant in everybody] == [None]
    mine = rows(client, f"oauth2PermissionGrants?$filter=principalId eq '{object_id(client)}'")
    assert [grant["consentType"] for grant in mine] == ["Principal"]
    client_of_all = everybody[0]["clientId"]
    assert rows(client, f"servicePrincipals/{client_of_all}/oauth2PermissionGrants") == everybody


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"clientId": "x", "consentType": "Everyone", "resourceId": "y", "scope": "User.Read"},
        {"clientId": "x", "consentType": "Principal", "resourceId": "y", "scope": "User.Read"},
        {"clientId": "x", "consentType": "AllPrincipals", "principalId": "z", "resourceId": "y", "scope": "User.Read"},
    ],
)
def test_half_a_consent_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert client.graph("POST", "/v1.0/oauth2PermissionGrants", json=body).status_code == 400


def test_app_assignment_is_taken_away_and_given_back(client: Client) -> None:
    (assigned,) = rows(client, f"users/{VICTIM}/appRoleAssignments")
    assert (assigned["resourceDisplayName"], assigned["appRoleId"]) == ("Mail Archive Sync", DEFAULT_ACCESS)
    path = f"/v1.0/users/{VICTIM}/appRoleAssignments"
    assert client.graph("DELETE", f"{path}/{assigned['id']}").status_code == 204
    assert client.graph("DELETE", f"{path}/{assigned['id']}").status_code == 404
    body = {name: assigned[name] for name in ("principalId", "resourceId", "appRoleId")}
    assert client.graph("POST", path, json=body).status_code == 201
    assert client.graph("POST", path, json=body).status_code == 400
    assert client.graph("POST", path, json=body | {"principalId": body["resourceId"]}).status_code == 400
    (again,) = rows(client, f"servicePrincipals/{assigned['resourceId']}/appRoleAssignedTo")
    assert again["id"] != assigned["id"]
    shared = f"/v1.0/servicePrincipals/{assigned['resourceId']}/appRoleAssignedTo"
    assert client.graph("DELETE", f"{shared}/{again['id']}").status_code == 204


def test_what_an_application_may_do_by_itself_is_told_apart(client: Client) -> None:
    payroll = named(client, "servicePrincipals", "Payroll Export")
    (role,) = rows(client, f"servicePrincipals/{payroll['id']}/appRoleAssignments")
    assert (role["resourceDisplayName"], role["principalType"]) == ("Microsoft Graph", "ServicePrincipal")
    path = f"/v1.0/servicePrincipals/{payroll['id']}/appRoleAssignments/{role['id']}"
    assert client.graph("DELETE", path).status_code == 204
    assert rows(client, f"servicePrincipals/{payroll['id']}/appRoleAssignments") == []


def test_enterprise_application_is_disabled_and_enabled(client: Client) -> None:
    rogue = named(client, "servicePrincipals", "Mail Archive Sync")
    path = f"/v1.0/servicePrincipals/{rogue['id']}"
    for enabled in (False, True):
        assert client.graph("PATCH", path, json={"accountEnabled": enabled}).status_code == 204
        assert client.graph("GET", path).json()["accountEnabled"] is enabled
    assert client.graph("PATCH", path, json={"shoeSize": 43}).status_code == 400
    assert client.graph("PATCH", path, json={"displayName": "Innocent"}).status_code == 403
    assert client.graph("PATCH", path, json={"accountEnabled": "no"}).status_code == 400


def test_deleted_application_takes_its_grants_along(client: Client) -> None:
    rogue = named(client, "servicePrincipals", "Mail Archive Sync")
    assert client.graph("DELETE", f"/v1.0/servicePrincipals/{rogue['id']}").status_code == 204
    assert rows(client, f"users/{VICTIM}/oauth2PermissionGrants") == []
    assert rows(client, f"users/{VICTIM}/appRoleAssignments") == []


def test_role_is_taken_and_given_back(client: Client) -> None:
    path = f"roleManagement/directory/roleAssignments?$filter=principalId eq '{object_id(client)}'"
    (held,) = rows(client, f"{path}&$expand=roleDefinition")
    assert held["roleDefinition"]["displayName"] == "Exchange Administrator"
    assert client.graph("DELETE", f"{ROLES}/roleAssignments/{held['id']}").status_code == 204
    assert rows(client, path) == []
    body = {name: held[name] for name in ("principalId", "roleDefinitionId", "directoryScopeId")}
    assert client.graph("POST", f"{ROLES}/roleAssignments", json=body).json()["id"] == held["id"]
    assert client.graph("POST", f"{ROLES}/roleAssignments", json=body).status_code == 400


def test_last_global_administrator_keeps_the_role(client: Client) -> None:
    path = f"roleManagement/directory/roleAssignments?$filter=roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"
    held = {row["principalId"]: row["id"] for row in rows(client, path)}
    assert set(held) == {object_id(client, "jonas.reuter@contoso.com"), object_id(client, BREAK_GLASS)}
    own = held[object_id(client, "jonas.reuter@contoso.com")]
    refused = client.graph("DELETE", f"{ROLES}/roleAssignments/{own}")
    assert (refused.status_code, "self" in refused.json()["error"]["message"]) == (400, True)
    other = held[object_id(client, BREAK_GLASS)]
    assert client.graph("DELETE", f"{ROLES}/roleAssignments/{other}").status_code == 204
    refused = client.graph("DELETE", f"{ROLES}/roleAssignments/{own}")
    assert (refused.status_code, "last" in refused.json()["error"]["message"]) == (400, True)


def test_eligible_role_is_taken_by_a_request(client: Client) -> None:
    path = f"roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId eq '{object_id(client)}'"
    (eligible,) = rows(client, path)
    body = {name: eligible[name] for name in ("principalId", "roleDefinitionId", "directoryScopeId")}
    ask = f"{ROLES}/roleEligibilityScheduleRequests"
    assert client.graph("POST", ask, json=body | {"action": "adminAssign"}).status_code == 400
    answer = client.graph("POST", ask, json=body | {"action": "adminRemove"})
    assert (answer.status_code, answer.json()["status"]) == (201, "Revoked")
    assert rows(client, path) == []
    assert client.graph("POST", ask, json=body | {"action": "adminRemove"}).status_code == 400


def test_older_directory_roles_tell_the_same(client: Client) -> None:
    role = named(client, "directoryRoles", "Exchange Administrator")
    assert [row["userPrincipalName"] for row in rows(client, f"directoryRoles/{role['id']}/members")] == [VICTIM]
    path = f"/v1.0/directoryRoles/{role['id']}/members"
    assert client.graph("DELETE", f"{path}/{object_id(client)}/$ref").status_code == 204
    assert rows(client, f"roleManagement/directory/roleAssignments?$filter=principalId eq '{object_id(client)}'") == []
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id(client)}"}
    assert client.graph("POST", f"{path}/$ref", json=body).status_code == 204
    assert client.graph("DELETE", f"{path}/{object_id(client, BREAK_GLASS)}/$ref").status_code == 404


def test_memberships_are_groups_and_roles(client: Client) -> None:
    found = {row["displayName"]: row["@odata.type"] for row in rows(client, f"users/{VICTIM}/memberOf")}
    assert found == {
        **dict.fromkeys(
            ("All Employees", "Finance", "Accounts Payable", "Payment Approvals"), "#microsoft.graph.group"
        ),
        "Exchange Administrator": "#microsoft.graph.directoryRole",
    }
    owned = {row["displayName"] for row in rows(client, f"users/{VICTIM}/ownedObjects")}
    assert owned == {"Accounts Payable", "Payment Approvals"}


@pytest.mark.parametrize("side", ["members", "owners"])
def test_membership_is_removed_and_given_back(client: Client, side: str) -> None:
    group = named(client, "groups", "Payment Approvals")["id"]
    path = f"/v1.0/groups/{group}/{side}"
    reference = {"@odata.id": f"{client.about['graph']}/v1.0/directoryObjects/{object_id(client)}"}
    assert client.graph("DELETE", f"{path}/{object_id(client)}/$ref").status_code == 204
    assert VICTIM not in {row["userPrincipalName"] for row in rows(client, f"groups/{group}/{side}")}
    assert client.graph("DELETE", f"{path}/{object_id(client)}/$ref").status_code == 404
    assert client.graph("POST", f"{path}/$ref", json={"@odata.id": "nothing"}).status_code == 400
    assert client.graph("POST", f"{path}/$ref", json=reference).status_code == 204
    assert client.graph("POST", f"{path}/$ref", json=reference).status_code == 400
    assert VICTIM in {row["userPrincipalName"] for row in rows(client, f"groups/{group}/{side}")}


def test_last_owner_of_a_microsoft_365_group_stays(client: Client) -> None:
    group = named(client, "groups", "Payment Approvals")["id"]
    path = f"/v1.0/groups/{group}/owners"
    assert client.graph("DELETE", f"{path}/{object_id(client)}/$ref").status_code == 204
    last = object_id(client, "miriam.hoffmann@contoso.com")
    assert client.graph("DELETE", f"{path}/{last}/$ref").status_code == 400


@pytest.mark.parametrize("name", ["All Employees", "Finance"])
def test_dynamic_and_synchronised_groups_are_refused(client: Client, name: str) -> None:
    group = named(client, "groups", name)["id"]
    assert client.graph("DELETE", f"/v1.0/groups/{group}/members/{object_id(client)}/$ref").status_code == 400
    assert client.tenant.state()["changes"] == 0


@pytest.mark.parametrize("side", ["members", "owners", "role"])
def test_without_ref_the_user_is_deleted_and_the_log_says_so(client: Client, side: str) -> None:
    who = object_id(client)
    group = named(client, "groups", "Payment Approvals")["id"]
    role = named(client, "directoryRoles", "Exchange Administrator")["id"]
    path = f"directoryRoles/{role}/members" if side == "role" else f"groups/{group}/{side}"
    assert client.graph("DELETE", f"/v1.0/{path}/{who}").status_code == 204
    assert client.graph("GET", f"/v1.0/users/{who}").status_code == 404
    assert client.tenant.state()["deleted"] == [{"kind": "user", "id": who}]
    assert client.tenant.writes()[-1]["notes"] == ["without $ref: this deletes the user, not the membership"]


def test_without_ref_a_caller_who_may_not_delete_users_is_refused(client: Client) -> None:
    group = named(client, "groups", "Payment Approvals")["id"]
    answer = client.as_application("DELETE", f"/v1.0/groups/{group}/members/{object_id(client)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert client.graph("GET", f"/v1.0/users/{VICTIM}").status_code == 200
    assert client.tenant.writes()[-1]["notes"] == ["without $ref: this deletes the user, not the membership"]


@pytest.mark.parametrize("path", ["devices/x", "servicePrincipals/x", "oauth2PermissionGrants/x", "groups/x"])
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    answer = client.graph("GET", f"/v1.0/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")
