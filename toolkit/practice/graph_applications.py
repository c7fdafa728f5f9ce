"""Graph: registrations of applications, and the service principals that are made of them.

What was made is not everywhere at once: for a moment no list has it, and other objects cannot name it yet. Source:
Graph, "application-post-applications", "serviceprincipal-post-serviceprincipals", "application-delete"; the refusals
in words that operators published (`NoBackingApplicationObject`, `Request_MultipleObjectsWithSameKeyValue`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of
from toolkit.practice.directory_apps import own_principal
from toolkit.practice.graph_apps import LISTED_AFTER, app_change, forget_principal
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, INITIAL_DOMAIN
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")
_GIVEN: dict[str, type] = {
    "displayName": str,
    "signInAudience": str,
    "isFallbackPublicClient": bool,
    "publicClient": dict,
    "requiredResourceAccess": list,
    "keyCredentials": list,
    "tags": list,
    "notes": str,
}
"""The properties that a new application may be given here, and their types."""


def list_applications(request: Request, situation: Situation, version: str) -> Answer:
    """GET /applications: `$filter` by id, appId, displayName."""
    options = odata.only(request, ("$select", "$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("id", "appId", "displayName"), kinds=False, entity="application")
    everything = situation.state["applications"].values()
    rows = [row for row in everything if test(row) and situation.is_older(row["id"], LISTED_AFTER)]
    shown = [odata.select(row, options.get("$select"), row, "application") for row in rows]
    size = odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, "applications", options, size))


def get_application(request: Request, situation: Situation, version: str, application_id: str) -> Answer:
    """GET /applications/{id}"""
    options = odata.only(request, ("$select",))
    row = _find(situation.state, application_id)
    context = f"{situation.base}/{version}/$metadata#applications/$entity"
    return Answer(200, {"@odata.context": context} | odata.select(row, options.get("$select"), row, "application"))


def create_application(request: Request, situation: Situation, version: str) -> Answer:
    """POST /applications: the name is all that must be given, and several may have the same."""
    body = request.json_object()
    for name, value in body.items():
        if name not in _GIVEN or not isinstance(value, _GIVEN[name]):
            raise _bad(f"Invalid value specified for property '{name}' of resource 'Application'.")
    if not body.get("displayName", "").strip():
        raise _bad("A value is required for property 'displayName' of resource 'Application'.")
    if body.get("signInAudience", _AUDIENCES[0]) not in _AUDIENCES:
        raise _bad("Invalid value specified for property 'signInAudience' of resource 'Application'.")
    _check_access(situation.state, body.get("requiredResourceAccess", []))
    made = _application(body, situation)
    situation.state["applications"][made["id"]] = made
    situation.state["made"][made["id"]] = stamp(situation.now)
    _change(situation, "Add application.", made)
    return Answer(201, {"@odata.context": f"{situation.base}/{version}/$metadata#applications/$entity"} | made)


def delete_application(request: Request, situation: Situation, version: str, application_id: str) -> Answer:
    """DELETE /applications/{id}: its service principal goes with it, and that one's grants."""
    row = _find(situation.state, application_id)
    del situation.state["applications"][row["id"]]
    situation.state["deleted"].append({"kind": "application", "id": row["id"]})
    _change(situation, "Delete application.", row)
    for principal in [p for p in situation.state["service_principals"].values() if p["appId"] == row["appId"]]:
        forget_principal(situation, principal)
    return Answer(204)


def create_principal(request: Request, situation: Situation, version: str) -> Answer:
    """POST /servicePrincipals: of an application of this tenant's own."""
    state, body = situation.state, request.json_object()
    app_id, required = body.get("appId"), body.get("appRoleAssignmentRequired", False)
    if set(body) - {"appId", "appRoleAssignmentRequired"} or not isinstance(required, bool):
        raise _bad("Invalid value specified for a property of resource 'ServicePrincipal'.")
    if not isinstance(app_id, str) or not app_id:
        raise _bad("A value is required for property 'appId' of resource 'ServicePrincipal'.")
    if any(row["appId"] == app_id for row in state["service_principals"].values()):
        raise Refused(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use.",
        )
    application = next((row for row in state["applications"].values() if row["appId"] == app_id), None)
    if application is None or not situation.is_older(application["id"]):
        raise Refused(
            400,
            "NoBackingApplicationObject",
            f"The appId '{app_id}' of the service principal does not reference a valid application object.",
        )
    made = own_principal(DRAW.uuid("principal", app_id), app_id, application["displayName"]) | {
        "appRoleAssignmentRequired": required,
        "replyUrls": list(application["publicClient"]["redirectUris"]),
        "signInAudience": application["signInAudience"],
        "tags": list(application["tags"]),
    }
    state["service_principals"][made["id"]] = made
    state["made"][made["id"]] = stamp(situation.now)
    app_change(situation, "Add service principal.", made)
    return Answer(201, {"@odata.context": f"{situation.base}/{version}/$metadata#servicePrincipals/$entity"} | made)


def _application(body: Record, situation: Situation) -> Record:
    key = situation.key("application")
    public = body.get("publicClient", {}).get("redirectUris", [])
    return {
        "id": DRAW.uuid("application", key),
        "deletedDateTime": None,
        "appId": DRAW.uuid("application's client id", key),
        "applicationTemplateId": None,
        "createdDateTime": stamp(situation.now),
        "disabledByMicrosoftStatus": None,
        "displayName": body["displayName"],
        "description": None,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": body.get("isFallbackPublicClient"),
        "notes": body.get("notes"),
        "publisherDomain": INITIAL_DOMAIN,
        "signInAudience": body.get("signInAudience", _AUDIENCES[0]),
        "tags": list(body.get("tags", [])),
        "tokenEncryptionKeyId": None,
        "addIns": [],
        "appRoles": [],
        "keyCredentials": [_credential(one, key) for one in body.get("keyCredentials", [])],
        "passwordCredentials": [],
        "publicClient": {"redirectUris": list(public)},
        "requiredResourceAccess": body.get("requiredResourceAccess", []),
    }


def _credential(given: Any, key: str) -> Record:
    """A certificate as answers show it: without the key itself."""
    if not isinstance(given, dict) or (given.get("type"), given.get("usage")) != ("AsymmetricX509Cert", "Verify"):
        raise _bad("Key credential type or usage is invalid.")
    try:
        own = x509.load_der_x509_certificate(base64.b64decode(given.get("key", ""), validate=True))
    except (ValueError, TypeError, binascii.Error):
        raise _bad("New key credential values must be a certificate in Base64.") from None
    thumbprint = hashlib.sha1(own.public_bytes(Encoding.DER)).digest()  # noqa: S324 - what a thumbprint is
    return {
        "customKeyIdentifier": base64.b64encode(thumbprint).decode(),
        "displayName": given.get("displayName"),
        "endDateTime": stamp(own.not_valid_after_utc),
        "key": None,
        "keyId": DRAW.uuid("key", key),
        "startDateTime": stamp(own.not_valid_before_utc),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _check_access(state: Record, wanted: list[Any]) -> None:
    """Stricter than the service may be: a permission that the resource does not offer is a mistake of the caller's."""
    resources = {row["appId"]: row for row in state["service_principals"].values()}
    for one in wanted:
        resource = resources.get(one.get("resourceAppId")) if isinstance(one, dict) else None
        if resource is None:
            raise _bad("Invalid value specified for property 'resourceAppId' of resource 'RequiredResourceAccess'.")
        offered = {("Scope", row["id"]) for row in resource["oauth2PermissionScopes"]}
        offered |= {("Role", row["id"]) for row in resource["appRoles"]}
        for access in one.get("resourceAccess", []):
            if (access.get("type"), access.get("id")) not in offered:
                raise _bad(f"Invalid value '{access.get('id')}' specified for property 'resourceAccess'.")


def _find(state: Record, text: str) -> Record:
    found: Record | None = state["applications"].get(text.lower())
    if found is None:
        raise odata.missing(text)
    return found


def _change(situation: Situation, operation: str, row: Record) -> None:
    target = parts_of("Application", row["id"], row["displayName"])
    object_change(situation, operation, f"Application_{row['id']}", target, category="Application")


def _bad(text: str) -> Refused:
    return Refused(400, "Request_BadRequest", text)
