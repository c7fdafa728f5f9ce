"""Directory roles at the scenario's beginning: who holds one, who may activate one (`facts/roles.csv`)."""

from __future__ import annotations

from functools import cache

from toolkit.practice.directory_apps import joined
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, facts, people

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Built-in roles have the same id in every tenant. Source: Entra, "Built-in roles"."""


@cache
def definitions() -> dict[str, Record]:
    """`unifiedRoleDefinition` objects by id."""
    return {
        row["template"]: {
            "id": row["template"],
            "description": row["description"],
            "displayName": row["role"],
            "isBuiltIn": True,
            "isEnabled": True,
            "resourceScopes": ["/"],
            "templateId": row["template"],
            "version": "1",
            "rolePermissions": [],
        }
        for row in facts("roles")
    }


def activated(template: str) -> Record:
    """The `directoryRole` object of a built-in role, under an id of this tenant."""
    row = definitions()[template]
    return {
        "id": DRAW.uuid("directory role", template),
        "deletedDateTime": None,
        "description": row["description"],
        "displayName": row["displayName"],
        "roleTemplateId": template,
    }


def assignment(role: str, principal: str) -> Record:
    """One `unifiedRoleAssignment` over the whole directory."""
    return {
        "id": f"{joined(role, principal)}-1",
        "principalId": principal,
        "directoryScopeId": "/",
        "roleDefinitionId": role,
    }


def assignments() -> list[Record]:
    """The roles that people hold, as the table of people names them."""
    named = {row["role"]: row["template"] for row in facts("roles")}
    return [assignment(named[person.role], person.id) for person in people().values() if person.role]


def eligibilities() -> list[Record]:
    """`unifiedRoleEligibilityScheduleInstance` objects: roles that may be activated, the victim's among them."""
    named = {row["role"]: row["template"] for row in facts("roles")}
    return [
        {
            "id": f"{joined(named[role], people()[key].id)}-1-e",
            "principalId": people()[key].id,
            "roleDefinitionId": named[role],
            "directoryScopeId": "/",
            "appScopeId": None,
            "startDateTime": "2026-07-20T08:00:00Z",
            "endDateTime": None,
            "memberType": "Direct",
            "roleEligibilityScheduleId": DRAW.uuid("eligibility", key, role),
        }
        for key, role in (("victim", "Groups Administrator"), ("engineer", "Security Reader"))
    ]
