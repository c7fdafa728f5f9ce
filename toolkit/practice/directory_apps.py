"""Enterprise applications at the scenario's beginning: what they may do, and for whom. One is the intruder's."""

from __future__ import annotations

import base64
import uuid

from toolkit.practice.intrusion import GRANT, ROGUE_APP, ROGUE_PRINCIPAL, SCOPES
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, TENANT_ID, facts, people
from toolkit.practice.signin_records import MICROSOFT_TENANT, stamp

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
MANAGEMENT_APP = "c5393580-f805-4401-95e8-94b7a6ef2fc2"
LOG_ANALYTICS_APP = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"
EXCHANGE_APP = "00000002-0000-0ff1-ce00-000000000000"
PLANNER = "Trade Fair Planner"
PAYROLL = "Payroll Export"
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The app role of an assignment that gives no role. Source: Graph, appRoleAssignment."""
CONSENTED = utc("2026-09-16 08:19:44")
_GRAPH_SCOPES = {
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "Mail.Read": "570282fd-fa5c-430d-a7fd-fc8dc98a9dca",
    "Calendars.Read": "465a38f9-76ea-45b9-9f34-9e8b0d4b0b42",
    "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
}
_GRAPH_ROLES = {
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
}
"""Ids of a few of Microsoft Graph's permissions. Source: Graph permissions reference."""


def principal_of(app_id: str) -> str:
    """The object id of a Microsoft service's principal in this tenant."""
    return DRAW.uuid("resource", app_id)


def joined(*ids: str) -> str:
    """Ids put together as the directory does it for the ids of grants and assignments."""
    return base64.urlsafe_b64encode(b"".join(uuid.UUID(part).bytes_le for part in ids)).decode().rstrip("=")


def grants() -> list[Record]:
    """`oAuth2PermissionGrant` objects: the intruder's first, and an administrator's for everybody."""
    planner = DRAW.uuid("principal", PLANNER)
    return [
        {
            "id": GRANT,
            "clientId": ROGUE_PRINCIPAL,
            "consentType": "Principal",
            "principalId": people()["victim"].id,
            "resourceId": principal_of(GRAPH_APP),
            "scope": f" {SCOPES}",
        },
        {
            "id": joined(planner, principal_of(GRAPH_APP)),
            "clientId": planner,
            "consentType": "AllPrincipals",
            "principalId": None,
            "resourceId": principal_of(GRAPH_APP),
            "scope": "User.Read Calendars.Read",
        },
    ]


def service_principals() -> dict[str, Record]:
    """`servicePrincipal` objects by object id."""
    rows = [
        _principal(principal_of(GRAPH_APP), GRAPH_APP, "Microsoft Graph", MICROSOFT_TENANT)
        | {
            "appRoles": _offered("graph", "role", _GRAPH_ROLES),
            "oauth2PermissionScopes": _offered("graph", "scope", _GRAPH_SCOPES),
        },
        _principal(principal_of(EXCHANGE_APP), EXCHANGE_APP, "Office 365 Exchange Online", MICROSOFT_TENANT)
        | {"appRoles": _offered("exchange", "role"), "oauth2PermissionScopes": _offered("exchange", "scope")},
        _principal(principal_of(MANAGEMENT_APP), MANAGEMENT_APP, "Office 365 Management APIs", MICROSOFT_TENANT)
        | {"appRoles": _offered("management", "role"), "oauth2PermissionScopes": _offered("management", "scope")},
        _principal(principal_of(LOG_ANALYTICS_APP), LOG_ANALYTICS_APP, "Log Analytics API", MICROSOFT_TENANT)
        | {"appRoles": _offered("log-analytics", "role"), "oauth2PermissionScopes": _offered("log-analytics", "scope")},
        _principal(ROGUE_PRINCIPAL, ROGUE_APP.app_id, ROGUE_APP.name, DRAW.uuid("rogue app's tenant"))
        | {"replyUrls": ["https://mail-archive-sync.example/callback"]},
    ]
    rows += [
        _principal(DRAW.uuid("principal", name), DRAW.uuid("app", name), name, TENANT_ID) for name in (PLANNER, PAYROLL)
    ]
    return {row["id"]: row for row in rows}


def app_role_assignments() -> list[Record]:
    """`appRoleAssignment` objects: who may use an application, and what an application may do by itself."""
    victim, marketing = people()["victim"], people()["marketing"]
    payroll = DRAW.uuid("principal", PAYROLL)
    return [
        assignment(
            victim.id, victim.display_name, "User", ROGUE_PRINCIPAL, ROGUE_APP.name, DEFAULT_ACCESS, stamp(CONSENTED)
        ),
        assignment(
            marketing.id,
            marketing.display_name,
            "User",
            DRAW.uuid("principal", PLANNER),
            PLANNER,
            DEFAULT_ACCESS,
            "2025-05-06T09:12:00Z",
        ),
        assignment(
            payroll,
            PAYROLL,
            "ServicePrincipal",
            principal_of(GRAPH_APP),
            "Microsoft Graph",
            _GRAPH_ROLES["User.Read.All"],
            "2025-05-06T09:20:00Z",
        ),
    ]


def assignment(
    principal: str, principal_name: str, kind: str, resource: str, resource_name: str, role: str, created: str
) -> Record:
    """One `appRoleAssignment`; its id begins with the principal's."""
    return {
        "id": joined(principal, DRAW.uuid("assignment", principal, resource, role, created)),
        "deletedDateTime": None,
        "appRoleId": role,
        "createdDateTime": created,
        "principalDisplayName": principal_name,
        "principalId": principal,
        "principalType": kind,
        "resourceDisplayName": resource_name,
        "resourceId": resource,
    }


def own_principal(object_id: str, app_id: str, name: str) -> Record:
    """A `servicePrincipal` of an application that this tenant registered."""
    return _principal(object_id, app_id, name, TENANT_ID)


def _offered(resource: str, kind: str, known: dict[str, str] | None = None) -> list[Record]:
    """The permissions of a resource (`facts/offered_permissions.csv`).

    All but a few `known` ones have ids of this tenant's own making: who has ids written down is refused.
    """
    make = _role if kind == "role" else _scope
    rows = [row["name"] for row in facts("offered_permissions") if (row["resource"], row["kind"]) == (resource, kind)]
    numbers = dict(known or {})
    for name in rows:
        numbers.setdefault(name, DRAW.uuid("permission", resource, kind, name))
    return [make(name, number) for name, number in numbers.items()]


def _principal(object_id: str, app_id: str, name: str, owner: str) -> Record:
    return {
        "id": object_id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeNames": [],
        "appDisplayName": name,
        "appDescription": None,
        "appId": app_id,
        "applicationTemplateId": None,
        "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": False,
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": name,
        "homepage": None,
        "loginUrl": None,
        "logoutUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "replyUrls": [],
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "tags": [] if owner == MICROSOFT_TENANT else ["WindowsAzureActiveDirectoryIntegratedApp"],
        "tokenEncryptionKeyId": None,
        "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
        "addIns": [],
        "appRoles": [],
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
    }


def _role(name: str, number: str) -> Record:
    return {
        "allowedMemberTypes": ["Application"],
        "description": name,
        "displayName": name,
        "id": number,
        "isEnabled": True,
        "origin": "Application",
        "value": name,
    }


def _scope(name: str, number: str) -> Record:
    return {
        "adminConsentDescription": name,
        "adminConsentDisplayName": name,
        "id": number,
        "isEnabled": True,
        "type": "User",
        "userConsentDescription": name,
        "userConsentDisplayName": name,
        "value": name,
    }
