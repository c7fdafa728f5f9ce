"""Which permissions a Graph operation needs (`facts/permissions.csv`), and whether a caller has one of them."""

from __future__ import annotations

import re
from functools import cache

from toolkit.practice import exchange_roles
from toolkit.practice.http import Refused
from toolkit.practice.people import facts
from toolkit.practice.tenant_state import Situation

_FROM_REFERENCE = {
    ("POST", "applications"): "application-post-applications",
    ("DELETE", "applications/{id}"): "application-delete",
    ("POST", "servicePrincipals"): "serviceprincipal-post-serviceprincipals",
}
"""Operations that the permission file of the contracts does not hold, and the page of Graph's reference on each; all
three want the same."""


@cache
def needed(method: str, template: str, app_only: bool) -> frozenset[str] | None:
    """The permissions of which one is enough; None for an operation of which none are published."""
    path = re.sub(r"{\w+}", "{id}", template)
    for row in facts("permissions"):
        if (row["method"], row["path"]) == (method, path):
            return frozenset(filter(None, row["application" if app_only else "delegated"].split(";")))
    if (method, path) in _FROM_REFERENCE:
        return frozenset({"Application.ReadWrite.All"} | ({"Application.ReadWrite.OwnedBy"} if app_only else set()))
    return None


def check(method: str, template: str, situation: Situation) -> None:
    """Raises `Refused` (403) if the token carries none of the permissions that the operation needs.

    A person whose directory roles only read changes nothing, whatever the permissions.
    """
    changes = method not in ("GET", "HEAD") and not template.startswith("security/auditLog/")
    if changes and situation.roles is not None and exchange_roles.only_reads(situation.roles):
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    wanted = needed(method, template, situation.app_only)
    if wanted is None or any(_wider(name) & situation.scopes for name in wanted):
        return
    if "/authentication/" in template:
        raise Refused(403, "accessDenied", "Request Authorization failed")
    raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


@cache
def _wider(name: str) -> frozenset[str]:
    """The permission and those that contain it: who may write may read, who may for all may for one."""
    names = {name, re.sub(r"\.Read\b", ".ReadWrite", name)}
    return frozenset(names | {f"{one}.All" for one in names if not one.endswith(".All")})
