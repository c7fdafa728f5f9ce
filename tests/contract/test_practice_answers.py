"""Every Graph answer of the practice tenant, and every exported page, against Microsoft's published contract.

A property that the schema does not name is an error too, except where a type is open and where the service is known
to send more than it documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.practice.scenario import CONTOSO_BEC, beginning

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "contoso-bec"
UNDOCUMENTED = {
    "microsoft.graph.controlScore": {"implementationStatus", "lastSynced", "on", "scoreInPercentage"},
    "microsoft.graph.averageComparativeScore": {"SeatSizeRangeLowerValue"},
}
"""Open in practice. Source: apis.md section 4 and formats.md, "Secure Score"."""
LEFT_OUT = {"microsoft.graph.iPv4CidrRange", "microsoft.graph.security.defaultAuditData"}
"""Subtypes of an open type that the contracts leave out."""
STATE = beginning(CONTOSO_BEC)


def first(collection: str, **wanted: object) -> dict[str, Any]:
    """The first object of the tenant's state with these properties."""
    rows = STATE[collection]
    for row in rows.values() if isinstance(rows, dict) else rows:
        if all(row[name] == value for name, value in wanted.items()):
            return dict(row)
    raise LookupError(collection)


WHO = first("users", userPrincipalName=VICTIM)["id"]
COLLEAGUE = first("users", displayName="Felix Brandt")["id"]
ROGUE = first("service_principals", displayName="Mail Archive Sync")["id"]
DEVICE = first("devices", displayName="DESKTOP-7K2QH9L")["id"]
GROUP = first("groups", displayName="Payment Approvals")["id"]
GRANT = first("grants", principalId=WHO)["id"]
ASSIGNED = first("app_role_assignments", principalId=WHO)["id"]
ROLE = first("role_assignments", principalId=WHO)
ELIGIBLE = first("role_eligibilities", principalId=WHO)
POLICY = first("conditional_access")["id"]
ROLES = "/roleManagement/directory"
AUTHENTICATION = "/users/{user-id}/authentication"
METHODS = {
    "emailMethods": VICTIM,
    "externalAuthenticationMethods": VICTIM,
    "fido2Methods": "emergency.access@contoso.onmicrosoft.com",
    "microsoftAuthenticatorMethods": VICTIM,
    "passwordMethods": VICTIM,
    "phoneMethods": VICTIM,
    "platformCredentialMethods": "miriam.hoffmann@contoso.com",
    "softwareOathMethods": "ana.petrovic@contoso.com",
    "temporaryAccessPassMethods": VICTIM,
    "windowsHelloForBusinessMethods": VICTIM,
}
"""Collections, and somebody who has something in them."""
READS = [
    *(("v1.0", f"{AUTHENTICATION}/{name}", f"/users/{who}/authentication/{name}") for name, who in METHODS.items()),
    ("beta", f"{AUTHENTICATION}/signInPreferences", f"/users/{VICTIM}/authentication/signInPreferences"),
    ("v1.0", "/users/{user-id}/registeredDevices", f"/users/{VICTIM}/registeredDevices"),
    ("v1.0", "/users/{user-id}/ownedDevices", f"/users/{VICTIM}/ownedDevices"),
    ("v1.0", "/devices", "/devices"),
    ("v1.0", "/devices", "/devices?$filter=displayName eq 'DESKTOP-7K2QH9L'"),
    ("v1.0", "/devices/{device-id}", f"/devices/{DEVICE}"),
    ("v1.0", "/devices/{device-id}/registeredOwners", f"/devices/{DEVICE}/registeredOwners"),
    ("v1.0", "/devices/{device-id}/registeredUsers", f"/devices/{DEVICE}/registeredUsers"),
    ("v1.0", "/users/{user-id}/oauth2PermissionGrants", f"/users/{VICTIM}/oauth2PermissionGrants"),
    ("v1.0", "/oauth2PermissionGrants", f"/oauth2PermissionGrants?$filter=principalId eq '{WHO}'"),
    ("v1.0", "/oauth2PermissionGrants/{oAuth2PermissionGrant-id}", f"/oauth2PermissionGrants/{GRANT}"),
    ("v1.0", "/users/{user-id}/appRoleAssignments", f"/users/{VICTIM}/appRoleAssignments"),
    ("v1.0", "/servicePrincipals", "/servicePrincipals"),
    ("v1.0", "/servicePrincipals/{servicePrincipal-id}", f"/servicePrincipals/{ROGUE}"),
    (
        "v1.0",
        "/servicePrincipals/{servicePrincipal-id}/oauth2PermissionGrants",
        f"/servicePrincipals/{ROGUE}/oauth2PermissionGrants",
    ),
    (
        "v1.0",
        "/servicePrincipals/{servicePrincipal-id}/appRoleAssignedTo",
        f"/servicePrincipals/{ROGUE}/appRoleAssignedTo",
    ),
    (
        "v1.0",
        "/servicePrincipals/{servicePrincipal-id}/appRoleAssignments",
        f"/servicePrincipals/{ROGUE}/appRoleAssignments",
    ),
    ("v1.0", f"{ROLES}/roleDefinitions", f"{ROLES}/roleDefinitions"),
    (
        "v1.0",
        f"{ROLES}/roleDefinitions/{{unifiedRoleDefinition-id}}",
        f"{ROLES}/roleDefinitions/{ROLE['roleDefinitionId']}",
    ),
    (
        "v1.0",
        f"{ROLES}/roleAssignments",
        f"{ROLES}/roleAssignments?$filter=principalId eq '{WHO}'&$expand=roleDefinition",
    ),
    ("v1.0", f"{ROLES}/roleAssignments", f"{ROLES}/roleAssignments?$expand=principal"),
    ("v1.0", f"{ROLES}/roleAssignments/{{unifiedRoleAssignment-id}}", f"{ROLES}/roleAssignments/{ROLE['id']}"),
    ("v1.0", f"{ROLES}/roleAssignmentScheduleInstances", f"{ROLES}/roleAssignmentScheduleInstances"),
    ("v1.0", f"{ROLES}/roleEligibilityScheduleInstances", f"{ROLES}/roleEligibilityScheduleInstances"),
    ("v1.0", "/directoryRoles", "/directoryRoles"),
    ("v1.0", "/users/{user-id}/memberOf", f"/users/{VICTIM}/memberOf"),
    ("v1.0", "/users/{user-id}/transitiveMemberOf", f"/users/{VICTIM}/transitiveMemberOf"),
    ("v1.0", "/users/{user-id}/ownedObjects", f"/users/{VICTIM}/ownedObjects"),
    ("v1.0", "/identityProtection/riskyUsers", "/identityProtection/riskyUsers"),
    ("v1.0", "/identityProtection/riskyUsers/{riskyUser-id}", f"/identityProtection/riskyUsers/{WHO}"),
    ("v1.0", "/identityProtection/riskyUsers/{riskyUser-id}/history", f"/identityProtection/riskyUsers/{WHO}/history"),
    ("v1.0", "/identity/conditionalAccess/policies", "/identity/conditionalAccess/policies"),
    ("v1.0", "/identity/conditionalAccess/namedLocations", "/identity/conditionalAccess/namedLocations"),
    (
        "v1.0",
        "/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}",
        f"/identity/conditionalAccess/policies/{POLICY}",
    ),
    (
        "v1.0",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
    ),
    (
        "v1.0",
        "/reports/authenticationMethods/userRegistrationDetails",
        "/reports/authenticationMethods/userRegistrationDetails",
    ),
    (
        "v1.0",
        "/reports/authenticationMethods/userRegistrationDetails/{userRegistrationDetails-id}",
        f"/reports/authenticationMethods/userRegistrationDetails/{WHO}",
    ),
    ("v1.0", "/users", "/users?$top=3"),
    ("v1.0", "/users", "/users?$select=id,proxyAddresses,assignedLicenses,assignedPlans,otherMails,userType"),
    ("v1.0", "/users/{user-id}", f"/users/{VICTIM}"),
    ("v1.0", "/users/{user-id}", f"/users/{VICTIM}?$select=id,signInSessionsValidFromDateTime,assignedPlans"),
    ("v1.0", "/users/{user-id}/authentication/methods", f"/users/{VICTIM}/authentication/methods"),
    (
        "v1.0",
        "/users/{user-id}/authentication/methods",
        "/users/emergency.access@contoso.onmicrosoft.com/authentication/methods",
    ),
    ("beta", "/users/{user-id}/authentication/requirements", f"/users/{VICTIM}/authentication/requirements"),
    ("v1.0", "/auditLogs/signIns", "/auditLogs/signIns"),
    ("beta", "/auditLogs/signIns", "/auditLogs/signIns"),
    ("beta", "/auditLogs/signIns", "/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'nonInteractiveUser')"),
    *(
        ("beta", "/auditLogs/signIns", f"/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq '{kind}')")
        for kind in ("servicePrincipal", "managedIdentity")
    ),
    ("v1.0", "/auditLogs/directoryAudits", "/auditLogs/directoryAudits"),
    ("v1.0", "/auditLogs/directoryAudits", f"/auditLogs/directoryAudits?$filter=initiatedBy/user/id eq '{WHO}'"),
    ("v1.0", "/identityProtection/riskDetections", f"/identityProtection/riskDetections?$filter=userId eq '{WHO}'"),
    ("v1.0", "/security/auditLog/queries", "/security/auditLog/queries"),
    ("v1.0", "/admin/exchange/tracing/messageTraces", "/admin/exchange/tracing/messageTraces"),
    ("beta", "/admin/exchange/tracing/messageTraces", "/admin/exchange/tracing/messageTraces?$top=5"),
    ("v1.0", "/security/secureScores", "/security/secureScores"),
    ("v1.0", "/security/secureScoreControlProfiles", "/security/secureScoreControlProfiles?$top=1000"),
    (
        "v1.0",
        "/security/secureScoreControlProfiles/{secureScoreControlProfile-id}",
        "/security/secureScoreControlProfiles/MFARegistrationV2",
    ),
    ("v1.0", "/organization", "/organization"),
    ("v1.0", "/subscribedSkus", "/subscribedSkus"),
    ("v1.0", "/domains", "/domains"),
]
VERSIONS = ("v1.0", "beta")
QUERY = {
    "displayName": "one account",
    "filterStartDateTime": "2026-09-10T00:00:00Z",
    "filterEndDateTime": "2026-09-18T14:00:00Z",
    "recordTypeFilters": ["ExchangeAdmin"],
    "userPrincipalNameFilters": [VICTIM],
    "operationFilters": ["New-InboxRule"],
    "serviceFilters": ["Exchange"],
}
CHANGES = [
    ("v1.0", "/users/{user-id}", "PATCH", f"/users/{VICTIM}", {"accountEnabled": False}),
    (
        "v1.0",
        "/users/{user-id}",
        "PATCH",
        f"/users/{VICTIM}",
        {"passwordProfile": {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}},
    ),
    ("v1.0", "/users/{user-id}/revokeSignInSessions", "POST", f"/users/{VICTIM}/revokeSignInSessions", None),
    *((version, "/security/auditLog/queries", "POST", "/security/auditLog/queries", QUERY) for version in VERSIONS),
    (
        "beta",
        "/users/{user-id}/authentication/requirements",
        "PATCH",
        f"/users/{VICTIM}/authentication/requirements",
        {"perUserMfaState": "enforced"},
    ),
    (
        "beta",
        "/users/{user-id}/invalidateAllRefreshTokens",
        "POST",
        f"/users/{VICTIM}/invalidateAllRefreshTokens",
        None,
    ),
    (
        "beta",
        f"{AUTHENTICATION}/signInPreferences",
        "PATCH",
        f"/users/{VICTIM}/authentication/signInPreferences",
        {"userPreferredMethodForSecondaryAuthentication": "sms"},
    ),
    (
        "v1.0",
        f"{AUTHENTICATION}/temporaryAccessPassMethods",
        "POST",
        f"/users/{VICTIM}/authentication/temporaryAccessPassMethods",
        {"lifetimeInMinutes": 60, "isUsableOnce": True},
    ),
    (
        "v1.0",
        f"{AUTHENTICATION}/phoneMethods",
        "POST",
        f"/users/{VICTIM}/authentication/phoneMethods",
        {"phoneNumber": "+49 1510000001", "phoneType": "alternateMobile"},
    ),
    (
        "v1.0",
        f"{AUTHENTICATION}/phoneMethods/{{phoneAuthenticationMethod-id}}",
        "DELETE",
        f"/users/{VICTIM}/authentication/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7",
        None,
    ),
    (
        "v1.0",
        f"{AUTHENTICATION}/methods/{{authenticationMethod-id}}/resetPassword",
        "POST",
        f"/users/{VICTIM}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword",
        {"newPassword": "Correct-Horse-7-Battery"},
    ),
    ("v1.0", "/devices/{device-id}", "PATCH", f"/devices/{DEVICE}", {"accountEnabled": False}),
    ("v1.0", "/devices/{device-id}", "DELETE", f"/devices/{DEVICE}", None),
    (
        "v1.0",
        "/oauth2PermissionGrants/{oAuth2PermissionGrant-id}",
        "PATCH",
        f"/oauth2PermissionGrants/{GRANT}",
        {"scope": "User.Read"},
    ),
    ("v1.0", "/oauth2PermissionGrants/{oAuth2PermissionGrant-id}", "DELETE", f"/oauth2PermissionGrants/{GRANT}", None),
    (
        "v1.0",
        "/oauth2PermissionGrants",
        "POST",
        "/oauth2PermissionGrants",
        {
            "clientId": ROGUE,
            "consentType": "AllPrincipals",
            "resourceId": first("grants")["resourceId"],
            "scope": "User.Read",
        },
    ),
    (
        "v1.0",
        "/users/{user-id}/appRoleAssignments/{appRoleAssignment-id}",
        "DELETE",
        f"/users/{VICTIM}/appRoleAssignments/{ASSIGNED}",
        None,
    ),
    (
        "v1.0",
        "/users/{user-id}/appRoleAssignments",
        "POST",
        f"/users/{VICTIM}/appRoleAssignments",
        {
            "principalId": WHO,
            "resourceId": first("service_principals", displayName="Payroll Export")["id"],
            "appRoleId": "00000000-0000-0000-0000-000000000000",
        },
    ),
    (
        "v1.0",
        "/servicePrincipals/{servicePrincipal-id}/appRoleAssignedTo/{appRoleAssignment-id}",
        "DELETE",
        f"/servicePrincipals/{ROGUE}/appRoleAssignedTo/{ASSIGNED}",
        None,
    ),
    (
        "v1.0",
        "/servicePrincipals/{servicePrincipal-id}",
        "PATCH",
        f"/servicePrincipals/{ROGUE}",
        {"accountEnabled": False},
    ),
    ("v1.0", "/servicePrincipals/{servicePrincipal-id}", "DELETE", f"/servicePrincipals/{ROGUE}", None),
    (
        "v1.0",
        f"{ROLES}/roleAssignments/{{unifiedRoleAssignment-id}}",
        "DELETE",
        f"{ROLES}/roleAssignments/{ROLE['id']}",
        None,
    ),
    (
        "v1.0",
        f"{ROLES}/roleAssignments",
        "POST",
        f"{ROLES}/roleAssignments",
        {"principalId": WHO, "roleDefinitionId": ELIGIBLE["roleDefinitionId"], "directoryScopeId": "/"},
    ),
    (
        "v1.0",
        f"{ROLES}/roleEligibilityScheduleRequests",
        "POST",
        f"{ROLES}/roleEligibilityScheduleRequests",
        {
            "action": "adminRemove",
            "principalId": WHO,
            "roleDefinitionId": ELIGIBLE["roleDefinitionId"],
            "directoryScopeId": "/",
        },
    ),
    (
        "v1.0",
        "/groups/{group-id}/members/{directoryObject-id}/$ref",
        "DELETE",
        f"/groups/{GROUP}/members/{WHO}/$ref",
        None,
    ),
    (
        "v1.0",
        "/groups/{group-id}/owners/{directoryObject-id}/$ref",
        "DELETE",
        f"/groups/{GROUP}/owners/{WHO}/$ref",
        None,
    ),
    (
        "v1.0",
        "/groups/{group-id}/members/$ref",
        "POST",
        f"/groups/{GROUP}/members/$ref",
        {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{COLLEAGUE}"},
    ),
    (
        "v1.0",
        "/identityProtection/riskyUsers/confirmCompromised",
        "POST",
        "/identityProtection/riskyUsers/confirmCompromised",
        {"userIds": [WHO]},
    ),
    (
        "v1.0",
        "/identityProtection/riskyUsers/dismiss",
        "POST",
        "/identityProtection/riskyUsers/dismiss",
        {"userIds": [WHO]},
    ),
    (
        "v1.0",
        "/identity/conditionalAccess/policies",
        "POST",
        "/identity/conditionalAccess/policies",
        {
            "displayName": "Require multifactor authentication for one account",
            "state": "enabledForReportingButNotEnforced",
            "conditions": {
                "users": {"includeUsers": [WHO]},
                "applications": {"includeApplications": ["All"]},
                "clientAppTypes": ["all"],
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        },
    ),
    (
        "v1.0",
        "/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}",
        "PATCH",
        f"/identity/conditionalAccess/policies/{POLICY}",
        {"state": "enabled"},
    ),
    (
        "v1.0",
        "/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}",
        "DELETE",
        f"/identity/conditionalAccess/policies/{POLICY}",
        None,
    ),
    (
        "v1.0",
        "/security/secureScoreControlProfiles/{secureScoreControlProfile-id}",
        "PATCH",
        "/security/secureScoreControlProfiles/IntegratedApps",
        {
            "state": "ThirdParty",
            "comment": "Done by a gateway.",
            "vendorInformation": {"vendor": "Microsoft", "provider": "SecureScore"},
        },
    ),
]
OWN_MAILBOX_ONLY = [
    ("GET", "/users/{user-id}/mailboxSettings", f"/users/{VICTIM}/mailboxSettings", None),
    (
        "PATCH",
        "/users/{user-id}/mailboxSettings",
        f"/users/{VICTIM}/mailboxSettings",
        {"automaticRepliesSetting": {"status": "disabled"}},
    ),
    ("GET", "/users/{user-id}/mailFolders", f"/users/{VICTIM}/mailFolders", None),
    ("GET", "/users/{user-id}/mailFolders/{mailFolder-id}", f"/users/{VICTIM}/mailFolders/inbox", None),
    (
        "GET",
        "/users/{user-id}/mailFolders/{mailFolder-id}/messageRules",
        f"/users/{VICTIM}/mailFolders/inbox/messageRules",
        None,
    ),
    (
        "POST",
        "/users/{user-id}/mailFolders/{mailFolder-id}/messageRules",
        f"/users/{VICTIM}/mailFolders/inbox/messageRules",
        {
            "displayName": "From partner",
            "sequence": 2,
            "isEnabled": True,
            "conditions": {"senderContains": ["adele"]},
            "actions": {
                "forwardTo": [{"emailAddress": {"name": "Alex Wilbur", "address": "alex@contoso.example"}}],
                "stopProcessingRules": True,
            },
        },
    ),
]
"""What a person's token reaches for her own mailbox only, and an application's for every one."""


class Contract:
    """One OpenAPI document; `check` says everything that is wrong with a value."""

    def __init__(self, shared: Path, version: str) -> None:
        file = shared / "contracts" / f"graph-{version}.subset.openapi.json"
        self.document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def operation(self, template: str, method: str) -> dict[str, Any]:
        return dict(self.document["paths"][template][method.lower()])

    def response(self, template: str, method: str) -> dict[str, Any] | None:
        responses = self.operation(template, method)["responses"]
        good = self.resolve(next(answer for status, answer in responses.items() if status.startswith("2")))
        content = good.get("content", {}).get("application/json")
        return dict(content["schema"]) if content else None

    def body(self, template: str, method: str) -> dict[str, Any]:
        asked = self.resolve(self.operation(template, method)["requestBody"])
        return dict(asked["content"]["application/json"]["schema"])

    def properties(self, schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """All named properties, inherited ones too, and whether the type is open."""
        schema = self.resolve(schema)
        named: dict[str, Any] = dict(schema.get("properties", {}))
        is_open = bool(schema.get("x-open-type"))
        for part in schema.get("allOf", []):
            more, also = self.properties(part)
            named |= more
            is_open |= also
        return named, is_open

    def check(self, value: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self.resolve(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                tried = [list(self.check(value, part, where)) for part in schema[key]]
                yield from min(tried, key=len)
                return
        if value is None:
            if not (schema.get("nullable") or None in schema.get("enum", [0])):
                yield f"{where}: null is not allowed"
            return
        if isinstance(value, dict):
            yield from self._object(value, schema, name, where)
        elif isinstance(value, list):
            if schema.get("type") != "array":
                yield f"{where}: a list is not expected"
                return
            for number, item in enumerate(value):
                yield from self.check(item, schema["items"], f"{where}[{number}]")
        else:
            plain = {key: schema[key] for key in ("type", "enum", "format") if key in schema}
            if plain.get("type") == "object" and "enum" in plain:
                yield f"{where}: {value!r} where only null fits"
            checker = jsonschema.Draft202012Validator(plain, format_checker=jsonschema.FormatChecker())
            yield from (f"{where}: {error.message}" for error in checker.iter_errors(value))

    def _object(self, value: dict[str, Any], schema: dict[str, Any], name: str, where: str) -> Iterator[str]:
        kind = value.get("@odata.type", "").removeprefix("#")
        if kind in LEFT_OUT:
            return
        if kind:
            name = kind
            schema = self.document["components"]["schemas"][kind]
        named, is_open = self.properties(schema)
        if not named and schema.get("type") not in ("object", None):
            yield f"{where}: an object is not expected"
        for key, part in value.items():
            if key.startswith("@odata.") or "@odata." in key:
                continue
            if key in named:
                yield from self.check(part, named[key], f"{where}.{key}")
            elif not is_open and key not in UNDOCUMENTED.get(name, set()):
                yield f"{where}.{key}: no such property in {name or 'the schema'}"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock()) as tenant:
        yield client_of(tenant)


@pytest.mark.parametrize(("version", "template", "path"), READS)
def test_every_answer_is_what_graph_promises(
    client: Client, shared: Path, version: str, template: str, path: str
) -> None:
    contract = Contract(shared, version)
    answer = client.graph("GET", f"/{version}{path}")
    assert answer.status_code == 200
    schema = contract.response(template, "GET")
    assert schema is not None
    assert list(contract.check(answer.json(), schema)) == []
    assert answer.json()["@odata.context"]


def test_single_domain_is_what_graph_promises(client: Client, shared: Path) -> None:
    body = client.graph("GET", "/v1.0/domains/emea.contoso.com").json()
    domain = {"$ref": "#/components/schemas/microsoft.graph.domain"}
    assert list(Contract(shared, "v1.0").check(body, domain)) == []


@pytest.mark.parametrize(("version", "template", "method", "path", "body"), CHANGES)
def test_every_change_is_one_that_graph_takes(
    client: Client, shared: Path, version: str, template: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    contract = Contract(shared, version)
    if body is not None:
        assert list(contract.check(body, contract.body(template, method))) == []
    answer = client.graph(method, f"/{version}{path}", json=body)
    if answer.status_code == 204:
        assert answer.content == b""
    else:
        schema = contract.response(template, method)
        assert schema is not None
        assert list(contract.check(answer.json(), schema)) == []
    assert client.tenant.state()["changes"] == 1


@pytest.mark.parametrize(("method", "template", "path", "body"), OWN_MAILBOX_ONLY)
def test_mailboxes_answer_an_application_as_graph_promises(
    client: Client, shared: Path, method: str, template: str, path: str, body: dict[str, Any] | None
) -> None:
    contract = Contract(shared, "v1.0")
    if body is not None:
        assert list(contract.check(body, contract.body(template, method))) == []
    answer = client.as_application(method, f"/v1.0{path}", json=body)
    assert answer.ok
    schema = contract.response(template, method)
    assert schema is not None
    assert list(contract.check(answer.json(), schema)) == []


def test_password_operation_is_what_graph_promises(client: Client, shared: Path) -> None:
    path = f"/v1.0/users/{VICTIM}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword"
    where = client.graph("POST", path).headers["Location"]
    body = client.graph("GET", where.removeprefix(client.about["graph"])).json()
    schema = Contract(shared, "v1.0").response(f"{AUTHENTICATION}/operations/{{longRunningOperation-id}}", "GET")
    assert schema is not None
    assert list(Contract(shared, "v1.0").check(body, schema)) == []


@pytest.mark.parametrize(
    ("pattern", "version", "template"),
    [
        ("signins-v1-*.json", "v1.0", "/auditLogs/signIns"),
        ("signins-beta-*.json", "beta", "/auditLogs/signIns"),
        ("secure-scores.json", "v1.0", "/security/secureScores"),
        ("secure-score-control-profiles.json", "v1.0", "/security/secureScoreControlProfiles"),
    ],
)
def test_exported_pages_are_what_graph_promises(shared: Path, pattern: str, version: str, template: str) -> None:
    contract = Contract(shared, version)
    schema = contract.response(template, "GET")
    assert schema is not None
    pages = sorted(SAMPLES.glob(pattern))
    assert pages
    for page in pages:
        body = json.loads(page.read_text(encoding="utf-8"))
        assert list(contract.check(body, schema)) == [], page.name


def test_the_check_notices_what_does_not_belong(shared: Path) -> None:
    contract = Contract(shared, "beta")
    schema = {"$ref": "#/components/schemas/microsoft.graph.signIn"}
    wrong = {
        "id": 7,
        "createdDateTime": None,
        "isInteractive": "yes",
        "riskState": "very",
        "shoeSize": 43,
        "location": {"village": "Aying"},
        "signInEventTypes": {},
    }
    found = [problem.split(":")[0] for problem in contract.check(wrong, schema)]
    assert found == [
        *(".id", ".createdDateTime", ".isInteractive", ".riskState", ".shoeSize", ".location.village"),
        ".signInEventTypes",
    ]
