"""Risk and Conditional Access at the scenario's beginning."""

from __future__ import annotations

from toolkit.practice.intrusion import METHOD_ADDED
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people
from toolkit.practice.signin_records import stamp

POLICY = "Require multifactor authentication for all users"


def risky_users() -> dict[str, Record]:
    """`riskyUser` objects by object id: users who never were at risk have none. `_history` is newest first."""
    return {person.id: _risk(person) for person in (people()["victim"],)}


def _risk(person: Person) -> Record:
    row: Record = {
        "id": person.id,
        "isDeleted": False,
        "isProcessing": False,
        "riskLastUpdatedDateTime": stamp(METHOD_ADDED),
        "riskLevel": "medium",
        "riskState": "atRisk",
        "riskDetail": "none",
        "userDisplayName": person.display_name,
        "userPrincipalName": person.upn,
    }
    return row | {"_history": [history_item(row, ["anomalousToken"], None)]}


def history_item(row: Record, events: list[str], by: str | None) -> Record:
    """A `riskyUserHistoryItem`: what changed a user's risk."""
    public = {name: value for name, value in row.items() if not name.startswith("_")}
    number = DRAW.uuid("risk", row["id"], row["riskLastUpdatedDateTime"], row["riskDetail"])
    activity = {"riskEventTypes": events, "detail": row["riskDetail"]}
    return public | {"id": number, "userId": row["id"], "initiatedBy": by, "activity": activity}


def named_locations() -> list[Record]:
    """`namedLocation` objects: the office, trusted, and a list of countries that no policy uses."""
    made = "2025-11-03T10:00:00Z"
    return [
        {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "id": DRAW.uuid("location", "office"),
            "displayName": "Office",
            "createdDateTime": made,
            "modifiedDateTime": made,
            "isTrusted": True,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/28"}],
        },
        {
            "@odata.type": "#microsoft.graph.countryNamedLocation",
            "id": DRAW.uuid("location", "countries"),
            "displayName": "Where we work",
            "createdDateTime": made,
            "modifiedDateTime": made,
            "countriesAndRegions": ["DE", "AT"],
            "includeUnknownCountriesAndRegions": False,
            "countryLookupMethod": "clientIpAddress",
        },
    ]


def policies() -> dict[str, Record]:
    """`conditionalAccessPolicy` objects by id: one, in report-only; the emergency account is left out."""
    conditions: Record = {
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"], "excludeUsers": [people()["break_glass"].id]},
    }
    made = policy(
        DRAW.uuid("policy", POLICY),
        {
            "displayName": POLICY,
            "state": "enabledForReportingButNotEnforced",
            "conditions": conditions,
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        },
        "2026-06-02T08:30:00Z",
    )
    return {made["id"]: made}


def policy(policy_id: str, asked: Record, created: str) -> Record:
    """A policy as the service stores it: what was not asked for is empty or null."""
    conditions = asked["conditions"]
    empty: Record = {
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "platforms": None,
        "locations": None,
        "devices": None,
    }
    people_lists = ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles")
    applications = ("includeApplications", "excludeApplications", "includeUserActions")
    grant = asked.get("grantControls")
    return {
        "id": policy_id,
        "templateId": None,
        "displayName": asked["displayName"],
        "createdDateTime": created,
        "modifiedDateTime": None,
        "state": asked["state"],
        "conditions": empty
        | {"clientAppTypes": ["all"]}
        | conditions
        | {
            "applications": {name: [] for name in applications} | (conditions.get("applications") or {}),
            "users": {name: [] for name in people_lists} | (conditions.get("users") or {}),
        },
        "grantControls": None
        if grant is None
        else {"customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": None} | grant,
        "sessionControls": asked.get("sessionControls"),
    }


def security_defaults() -> Record:
    """The `identitySecurityDefaultsEnforcementPolicy`: off, since Conditional Access is in use."""
    return {
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "Security defaults is a set of basic identity security mechanisms recommended by Microsoft.",
        "isEnabled": False,
    }
