"""Sign-in records in the shape of Graph's `signIn`: beta whole, v1.0 as the part of it that v1.0 serves."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, Person, Place, facts

MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_FAILURES = {
    0: ("Other.", None),
    50126: (
        "Error validating credentials due to invalid username or password.",
        "The user didn't enter the right credentials.\u00a0It's expected to see some number of these errors in "
        "your logs due to users making mistakes.",
    ),
    50074: (
        "Strong Authentication is required.",
        "The user was presented with a multi-factor authentication request.",
    ),
    50034: ("The user account does not exist in the directory.", None),
    50057: ("The user account is disabled.", None),
    135011: ("The device used during the authentication is disabled.", None),
}
V1_PROPERTIES = (
    "id",
    "createdDateTime",
    "userDisplayName",
    "userPrincipalName",
    "userId",
    "appId",
    "appDisplayName",
    "ipAddress",
    "clientAppUsed",
    "correlationId",
    "conditionalAccessStatus",
    "isInteractive",
    "riskDetail",
    "riskLevelAggregated",
    "riskLevelDuringSignIn",
    "riskState",
    "riskEventTypes",
    "riskEventTypes_v2",
    "resourceDisplayName",
    "resourceId",
    "status",
    "deviceDetail",
    "location",
    "appliedConditionalAccessPolicies",
)
"""What v1.0 answers, in its order. Source: Graph v1.0 metadata and documentation examples of `signIn`."""


@dataclass(frozen=True)
class App:
    """A client application, the resource it asks a token for, and the tenant the application comes from."""

    app_id: str
    name: str
    resource_id: str
    resource_name: str
    client_app: str
    owner_tenant: str = MICROSOFT_TENANT


@cache
def apps() -> dict[str, App]:
    """The applications people of the scenario use, by key."""
    return {
        row["app"]: App(row["app_id"], row["name"], row["resource_id"], row["resource_name"], row["client_app"])
        for row in facts("apps")
    }


def stamp(moment: datetime) -> str:
    """`2026-09-16T07:41:31Z`, the way Graph writes times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_in(
    person: Person,
    moment: datetime,
    place: Place,
    app: App,
    *,
    key: str,
    session: str,
    interactive: bool = True,
    error: int = 0,
    mfa: str = "claim",
    address: str | None = None,
    foreign_device: bool = False,
) -> Record:
    """One beta `signIn`.

    `mfa` is "claim" (satisfied by a claim in the token), "push" (the phone was asked) or "none".
    With `foreign_device` the record names no device of the person: that is what a relay looks like.
    """
    sign_in_id = DRAW.uuid("sign-in", key)
    failure, details = _FAILURES[error]
    if error == 0 and mfa != "none":
        details = "MFA requirement satisfied by claim in the token" if mfa == "claim" else None
    guest = person.user_type == "Guest"
    home = DRAW.uuid("partner tenant") if guest else TENANT_ID
    known = not foreign_device and bool(person.device)
    return {
        "id": sign_in_id,
        "createdDateTime": stamp(moment),
        "userDisplayName": person.display_name,
        "userPrincipalName": person.sign_in_name,
        "userId": person.id,
        "appId": app.app_id,
        "appDisplayName": app.name,
        "ipAddress": address or place.address(person.key),
        "ipAddressFromResourceProvider": None,
        "clientAppUsed": app.client_app,
        "userAgent": _FOREIGN_AGENT if foreign_device else person.user_agent,
        "correlationId": DRAW.uuid("correlation", key),
        "conditionalAccessStatus": "notApplied",
        "originalRequestId": sign_in_id,
        "isInteractive": interactive,
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "clientCredentialType": "none",
        "processingTimeInMilliseconds": DRAW.number(60, 900, "milliseconds", key),
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes_v2": [],
        "resourceDisplayName": app.resource_name,
        "resourceId": app.resource_id,
        "resourceTenantId": TENANT_ID,
        "homeTenantId": home,
        "homeTenantName": "",
        "appOwnerTenantId": app.owner_tenant,
        "resourceOwnerTenantId": MICROSOFT_TENANT,
        "authenticationMethodsUsed": [],
        "authenticationRequirement": "singleFactorAuthentication" if mfa == "none" else "multiFactorAuthentication",
        "signInIdentifier": person.sign_in_name if interactive else "",
        "signInIdentifierType": None,
        "servicePrincipalName": None,
        "signInEventTypes": ["interactiveUser" if interactive else "nonInteractiveUser"],
        "servicePrincipalId": "",
        "federatedCredentialId": "",
        "userType": "guest" if guest else "member",
        "flaggedForReview": False,
        "isTenantRestricted": False,
        "autonomousSystemNumber": place.asn,
        "crossTenantAccessType": "b2bCollaboration" if guest else "none",
        "servicePrincipalCredentialKeyId": None,
        "servicePrincipalCredentialThumbprint": "",
        "uniqueTokenIdentifier": token_identifier(sign_in_id),
        "sessionId": session,
        "incomingTokenType": "none" if interactive else "primaryRefreshToken" if known else "refreshToken",
        "authenticationProtocol": "none",
        "originalTransferMethod": "none",
        "isThroughGlobalSecureAccess": False,
        "globalSecureAccessIpAddress": "",
        "resourceServicePrincipalId": DRAW.uuid("resource", app.resource_id),
        "mfaDetail": {"authMethod": "Mobile app notification", "authDetail": ""} if mfa == "push" else None,
        "status": {"errorCode": error, "failureReason": failure, "additionalDetails": details},
        "deviceDetail": {
            "deviceId": person.device_id if known else "",
            "displayName": person.device if known else "",
            "operatingSystem": "Windows 10" if foreign_device else person.os,
            "browser": "Chrome 138.0.0" if foreign_device else person.browser,
            "isCompliant": known,
            "isManaged": known,
            "trustType": _trust(person) if known else "",
        },
        "location": {
            "city": place.city,
            "state": place.state,
            "countryOrRegion": place.country,
            "geoCoordinates": {
                "altitude": None,
                "latitude": place.latitude,
                "longitude": place.longitude,
            },
        },
        "appliedConditionalAccessPolicies": [],
        "authenticationContextClassReferences": [],
        "authenticationProcessingDetails": [],
        "networkLocationDetails": [],
        "authenticationDetails": _steps(stamp(moment), error, mfa) if interactive else [],
        "authenticationRequirementPolicies": [],
        "sessionLifetimePolicies": [],
    }


_FOREIGN_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
)


def _trust(person: Person) -> str:
    return "Azure AD registered" if person.os == "MacOs" else "Azure AD joined"


def token_identifier(sign_in_id: str) -> str:
    """`uniqueTokenIdentifier`: today's tokens carry the id of the request that issued them, in base64url."""
    packed = bytes.fromhex(sign_in_id.replace("-", ""))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _steps(moment: str, error: int, mfa: str) -> list[Record]:
    def step(method: str, detail: str | None, passed: bool, result: str, requirement: str) -> Record:
        return {
            "authenticationStepDateTime": moment,
            "authenticationMethod": method,
            "authenticationMethodDetail": detail,
            "succeeded": passed,
            "authenticationStepResultDetail": result,
            "authenticationStepRequirement": requirement,
        }

    if error == 50126:
        wrong = "Invalid username or password or Invalid on-premise username or password."
        return [step("Password", "Password in the cloud", False, wrong, "Primary authentication")]
    if mfa == "claim":
        passed = "First factor requirement satisfied by claim in the token"
        second = "MFA requirement satisfied by claim in the token"
        return [
            step("Previously satisfied", None, True, passed, "Primary authentication"),
            step("Previously satisfied", None, True, second, "Multifactor authentication"),
        ]
    first = step("Password", "Password in the cloud", True, "Correct password", "Primary authentication")
    if error == 50074:
        waiting = "Authentication in progress"
        phone = step("Mobile app notification", "", False, waiting, "Multifactor authentication")
    else:
        done = "MFA completed in Azure AD"
        phone = step("Mobile app notification", "", True, done, "Multifactor authentication")
    return [first, phone] if mfa == "push" else [first]


def as_v1(record: Record) -> Record:
    """The v1.0 view of a beta record: no session, token, network or authentication detail."""
    return {name: [] if name == "riskEventTypes" else record[name] for name in V1_PROPERTIES}
