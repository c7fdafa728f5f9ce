"""Rows of a tenant's state for tests, as Graph writes them."""

from __future__ import annotations

from typing import Any

from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import Target

TENANT = "11111111-2222-3333-4444-555555555555"


def state(**found: list[dict[str, Any]]) -> Snapshot:
    """A state in which these readings worked; blanks in their names are written as `_`."""
    rows = {name.replace("_", " "): list(value) for name, value in found.items()}
    return Snapshot(Target(TENANT, TENANT, "contoso.example"), "2026-09-18T14:00:00.000000Z", rows)


def registered(user: str, *methods: str, **more: Any) -> dict[str, Any]:
    """A line of the registration report."""
    strong = [m for m in methods if m != "email"]
    return {
        "id": f"id-{user}", "userPrincipalName": f"{user}@contoso.example", "userDisplayName": user.title(),
        "userType": "member", "isAdmin": False, "isMfaRegistered": bool(strong), "isMfaCapable": bool(strong),
        "methodsRegistered": list(methods), "lastUpdatedDateTime": "2026-09-18T09:00:00Z", **more,
    }  # fmt: skip


def policy(
    name: str = "MFA for all", *, state: str = "enabled", users: Any = None, **conditions: Any
) -> dict[str, Any]:
    """A Conditional Access policy; `grant` may stand among the conditions."""
    grant = conditions.pop("grant", {"operator": "OR", "builtInControls": ["mfa"]})
    return {
        "id": f"id-{name}", "displayName": name, "state": state, "grantControls": grant,
        "conditions": {
            "users": {"includeUsers": ["All"]} if users is None else users,
            "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"], **conditions,
        },
    }  # fmt: skip


OFF = [{"id": "0-5", "displayName": "Security Defaults", "isEnabled": False}]
ON = [{"id": "0-5", "displayName": "Security Defaults", "isEnabled": True}]
