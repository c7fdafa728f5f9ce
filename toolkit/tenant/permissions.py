"""The permissions that a sign-in asks for, and the table of what each source and action needs (`needs`)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from toolkit.tenant.clouds import Cloud, lacks
from toolkit.tenant.needs import ACTIONS, NEEDS, REGISTERING, SOURCES, STATES, Need

if TYPE_CHECKING:
    import pandas as pd

EVIDENCE = "evidence"
CONTAINMENT = "containment"
PURPOSES = (EVIDENCE, CONTAINMENT)
REGISTRATION = "registration"
ASKED_FOR = (EVIDENCE, REGISTRATION, CONTAINMENT)
"""What a sign-in asks for permissions for, each with all that the one before it has."""
EXCHANGE_REMARK = (
    "Exchange has no permission that only reads: what you may read or change there is decided by your directory role, "
    "and this toolkit sends nothing that changes anything before you have typed the account's name."
)
AUDIT_SEARCH = "AuditLogsQuery.Read.All"
AUDIT_WORKLOADS = ("Exchange", "Entra", "SharePoint", "OneDrive", "Endpoint", "CRM")
"""What the permissions `AuditLogsQuery-….Read.All` show, each of them alone."""
_WITHIN_DIRECTORY_READ = frozenset(
    {"Application.Read.All", "Device.Read.All", "Domain.Read.All", "Organization.Read.All", "User.Read.All"}
)


def needs_for(purpose: str) -> tuple[Need, ...]:
    """The rows of `evidence` (sources and states); of `containment` the actions besides, because acting needs reading;
    of `registration` only those that register an application."""
    if purpose == EVIDENCE:
        return (*SOURCES, *STATES)
    if purpose == REGISTRATION:
        return (*SOURCES, *STATES, *REGISTERING)
    return tuple(need for need in NEEDS if need not in REGISTERING)


def delegated_permissions(resource: str, purpose: str = EVIDENCE, cloud: Cloud | None = None) -> list[str]:
    """All permissions that a person's sign-in asks for: sorted, without those that another one contains.

    With a `cloud` those that only serve for what it lacks are left out: its Graph may not know them.
    """
    return _union(need.delegated for need in _served(resource, purpose, cloud))


def application_permissions(resource: str, purpose: str = EVIDENCE, cloud: Cloud | None = None) -> list[str]:
    """All permissions that an app needs to work on its own: sorted, without those that another one contains.

    `cloud` as for `delegated_permissions`.
    """
    return _union(need.application for need in _served(resource, purpose, cloud))


def _served(resource: str, purpose: str, cloud: Cloud | None) -> list[Need]:
    """The rows of a service of which the cloud has at least one call."""
    return [
        need
        for need in needs_for(purpose)
        if need.resource == resource and (cloud is None or not all(lacks(cloud, call) for call in need.operations))
    ]


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether one of the permissions held is `wanted` or contains it, as writing contains reading."""
    wider = {wanted, _writing(wanted)}
    if wanted in _WITHIN_DIRECTORY_READ:
        wider |= {"Directory.Read.All", "Directory.ReadWrite.All"}
    return bool(wider & set(held))


def audit_workloads(held: Iterable[str]) -> tuple[str, ...] | None:
    """The workloads whose audit records Graph's audit search shows with these permissions; None for all of them."""
    names = set(held)
    if AUDIT_SEARCH in names:
        return None
    return tuple(one for one in AUDIT_WORKLOADS if f"AuditLogsQuery-{one}.Read.All" in names)


def permissions_frame() -> pd.DataFrame:
    """The whole table: `kind` (source, state, action), `what`, `calls`, `delegated`, `app_only`, `role`, `licence`,
    `note`. Text throughout; several permissions are all needed, one of several roles is enough."""
    import pandas as pd

    rows = [
        {
            "kind": need.key.partition(":")[0],
            "what": need.what,
            "calls": ", ".join(need.operations),
            "delegated": " and ".join(need.delegated) or "not possible",
            "app_only": " and ".join(need.application) or "not possible",
            "role": " or ".join(need.roles),
            "licence": need.licence,
            "note": need.note,
        }
        for need in NEEDS
    ]
    return pd.DataFrame(rows)


def permissions_markdown() -> str:
    """The table as Markdown for the README; sources and actions that need the same share a line."""
    lines = [
        "| what | a person signs in with | an app on its own | directory role (one of) | licence |",
        "|---|---|---|---|---|",
    ]
    for kind in (SOURCES, STATES, ACTIONS):
        ordered = sorted(kind, key=lambda need: _first_like(kind, need))
        for _, group in groupby(ordered, key=_same):
            alike = list(group)
            need = alike[0]
            what = "; ".join([alike[0].what, *(other.what[0].lower() + other.what[1:] for other in alike[1:])])
            cells = (
                what + (f" ({need.note})" if need.note else ""),
                ", ".join(need.delegated) or "not possible",
                ", ".join(need.application) or "not possible",
                ", ".join(need.roles) or "none stated",
                need.licence or "any",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _same(need: Need) -> tuple[object, ...]:
    return (need.delegated, need.application, need.roles, need.licence, need.note)


def _first_like(kind: tuple[Need, ...], need: Need) -> int:
    return next(place for place, other in enumerate(kind) if _same(other) == _same(need))


def _writing(name: str) -> str:
    return name.replace(".Read.", ".ReadWrite.")


def _union(groups: Iterable[tuple[str, ...]]) -> list[str]:
    names = {name for group in groups for name in group}
    return sorted(name for name in names if _writing(name) == name or _writing(name) not in names)
