"""Everybody that a report on second factors is about: from the registration report, the list of accounts, the roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import short
from toolkit.harden.inputs import Input, Row, flag, input_of, record, text


@dataclass
class Person:
    """One account: its `row` of the report, ids, roles by id; `roles_known`: all its roles are told."""

    row: Row
    object_id: str
    user: str
    roles: dict[str, str] = field(default_factory=dict)
    enabled: bool | None = None
    in_report: bool = True
    roles_known: bool = False


def people_of(registered: list[Row], inputs: Mapping[str, Input], closer: Mapping[str, Snapshot]) -> list[Person]:
    """Everybody in the report, in the list of accounts, or with a role, each once."""
    found = [
        Person(row, text(row.get("id")).lower(), text(row.get("userPrincipalName")) or text(row.get("id")))
        for row in registered
    ]
    by_id = {person.object_id: person for person in found if person.object_id}
    by_name = {person.user.lower(): person for person in found}

    def person_of(key: str, name: str) -> Person:
        person = by_id.get(key.lower()) or by_name.get(name.lower())
        if person is None:
            person = Person({}, key.lower(), name or key, in_report=False)
            found.append(person)
            by_name[person.user.lower()] = person
        person.object_id = person.object_id or key.lower()
        if person.object_id:
            by_id[person.object_id] = person
        return person

    for row in inputs["accounts"].rows:
        person = person_of(text(row.get("id")), text(row.get("userPrincipalName")))
        person.enabled = flag(row.get("accountEnabled"))
        person.row = {"userType": row.get("userType")} | {k: v for k, v in person.row.items() if v is not None}
    for snapshot in closer.values():
        if (
            snapshot.target.object_id.lower() not in by_id
            and snapshot.target.user_principal_name.lower() not in by_name
        ):
            person_of(snapshot.target.object_id, snapshot.target.user_principal_name)
    for row in inputs["roles"].rows:
        _give_role(row, by_id, person_of)
    for person in found:
        person.roles_known = inputs["roles"].known and not any("RoleName" in row for row in inputs["roles"].rows)
    return found


def _give_role(row: Row, by_id: dict[str, Person], person_of: Callable[[str, str], Person]) -> None:
    if "RoleName" in row:
        if text(row.get("MemberType")).lower() in ("", "user"):
            person = person_of(text(row.get("MemberId")), text(row.get("MemberUPN")))
            person.roles[text(row.get("RoleId")).lower() or text(row["RoleName"])] = text(row["RoleName"])
            person.row.setdefault("userDisplayName", row.get("MemberDisplayName"))
        return
    principal = record(row.get("principal"))
    key, name = text(row.get("principalId")).lower(), text(principal.get("userPrincipalName"))
    if key in by_id or name:  # otherwise it may be a group or an application
        definition = record(row.get("roleDefinition"))
        role = text(row.get("roleDefinitionId")).lower()
        person_of(key, name).roles[role] = text(definition.get("displayName")) or f"role {short(role, 12)}"


def registration(case: Case, state: Snapshot | None) -> tuple[list[Row], str]:
    """The newest line of each account, and where it comes from or why there is none."""
    live = input_of(case, state, "registration")
    if live.known:
        made = max((text(r.get("lastUpdatedDateTime")) for r in live.rows), default="")
        age = f", last made {made[:16].replace('T', ' ')} UTC" if made else ""
        return live.rows, f"The registration report{age}, {live.told}."
    table = case.frame("mfa_registration")
    if table.empty:
        return [], live.missing
    rows: dict[str, Row] = {}
    # The one that was made last counts; where no line tells its time, none is newer than another.
    for row in table.sort_values(["time", "row_id"], na_position="first").to_dict("records"):
        key = (text(_filled(row["user_principal_name"])) or text(_filled(row["user_id"]))).lower()
        rows[key] = {**_as_graph(row), "_again": key in rows and bool(row["conflict"])}
    made = table.time.max()
    age = f" last made {made:%Y-%m-%d %H:%M} UTC" if pd.notna(made) else " that does not say when it was made"
    return list(rows.values()), f"A registration report{age}, from files of this case."


_COLUMNS = {
    "userPrincipalName": "user_principal_name",
    "id": "user_id",
    "userDisplayName": "user_display_name",
    "userType": "user_type",
    "isAdmin": "is_admin",
    "isMfaRegistered": "is_mfa_registered",
    "isMfaCapable": "is_mfa_capable",
    "methodsRegistered": "methods_registered",
}


def _as_graph(row: dict[Any, Any]) -> Row:
    shown: Row = {name: _filled(row[column]) for name, column in _COLUMNS.items()}
    return shown | {"lastUpdatedDateTime": "" if pd.isna(row["time"]) else row["time"].isoformat()}


def _filled(value: Any) -> Any:
    return None if value is None or value is pd.NA or (not isinstance(value, list) and pd.isna(value)) else value
