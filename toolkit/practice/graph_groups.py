"""Graph: groups of a user, what a user owns, members and owners."""

from __future__ import annotations

from typing import Literal

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of
from toolkit.practice.directory_roles import activated
from toolkit.practice.graph_references import delete_object, referred_to
from toolkit.practice.graph_users import DEFAULT_PROPERTIES, find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

Side = Literal["members", "owners"]
_OPERATIONS = {
    ("members", True): "Add member to group.",
    ("members", False): "Remove member from group.",
    ("owners", True): "Add owner to group.",
    ("owners", False): "Remove owner from group.",
}


def member_of(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/memberOf and /users/{id}/transitiveMemberOf: groups and directory roles."""
    options = odata.only(request, ("$top", "$skiptoken", "$select"))
    user = find_user(situation.state, user_id)
    groups = [_typed(g) for g in situation.state["groups"].values() if user["id"] in g["_members"]]
    held = [row["roleDefinitionId"] for row in situation.state["role_assignments"] if row["principalId"] == user["id"]]
    roles = [{"@odata.type": "#microsoft.graph.directoryRole"} | activated(role) for role in held]
    return _listed(request, situation, version, groups + roles, options)


def owned_objects(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/ownedObjects"""
    options = odata.only(request, ("$top", "$skiptoken", "$select"))
    user = find_user(situation.state, user_id)
    groups = [_typed(g) for g in situation.state["groups"].values() if user["id"] in g["_owners"]]
    return _listed(request, situation, version, groups, options)


def list_groups(request: Request, situation: Situation, version: str) -> Answer:
    """GET /groups"""
    options = odata.only(request, ("$select", "$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("id", "displayName", "mail"), kinds=False, entity="group")
    rows = [_public(group) for group in situation.state["groups"].values() if test(group)]
    shown = [odata.select(row, options.get("$select"), row, "group") for row in rows]
    size = odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, "groups", options, size))


def get_group(request: Request, situation: Situation, version: str, group_id: str) -> Answer:
    """GET /groups/{id}"""
    options = odata.only(request, ("$select",))
    row = _public(_find(situation.state, group_id))
    context = f"{situation.base}/{version}/$metadata#groups/$entity"
    return Answer(200, {"@odata.context": context} | odata.select(row, options.get("$select"), row, "group"))


def list_members(request: Request, situation: Situation, version: str, group_id: str) -> Answer:
    """GET /groups/{id}/members"""
    return _people(request, situation, version, group_id, "members")


def list_owners(request: Request, situation: Situation, version: str, group_id: str) -> Answer:
    """GET /groups/{id}/owners"""
    return _people(request, situation, version, group_id, "owners")


def add_member(request: Request, situation: Situation, version: str, group_id: str) -> Answer:
    """POST /groups/{id}/members/$ref"""
    return _add(request, situation, group_id, "members")


def add_owner(request: Request, situation: Situation, version: str, group_id: str) -> Answer:
    """POST /groups/{id}/owners/$ref"""
    return _add(request, situation, group_id, "owners")


def remove_member(request: Request, situation: Situation, version: str, group_id: str, user_id: str) -> Answer:
    """DELETE /groups/{id}/members/{id}/$ref"""
    return _remove(situation, group_id, user_id, "members")


def remove_owner(request: Request, situation: Situation, version: str, group_id: str, user_id: str) -> Answer:
    """DELETE /groups/{id}/owners/{id}/$ref: not the last one of a Microsoft 365 group."""
    return _remove(situation, group_id, user_id, "owners")


def delete_person(request: Request, situation: Situation, version: str, group_id: str, user_id: str) -> Answer:
    """DELETE /groups/{id}/members/{id} or /owners/{id} without `$ref`: nobody means that."""
    _find(situation.state, group_id)
    delete_object(situation, user_id)
    return Answer(204)


def _people(request: Request, situation: Situation, version: str, group_id: str, side: Side) -> Answer:
    options = odata.only(request, ("$top", "$skiptoken", "$select"))
    users = situation.state["users"]
    rows = [
        {"@odata.type": "#microsoft.graph.user"} | {name: users[one][name] for name in DEFAULT_PROPERTIES}
        for one in _find(situation.state, group_id)[f"_{side}"]
        if one in users
    ]
    return _listed(request, situation, version, rows, options)


def _add(request: Request, situation: Situation, group_id: str, side: Side) -> Answer:
    group = _changeable(situation.state, group_id, side)
    user = find_user(situation.state, referred_to(request))
    if user["id"] in group[f"_{side}"]:
        text = f"One or more added object references already exist for the following modified properties: '{side}'."
        raise Refused(400, "Request_BadRequest", text)
    group[f"_{side}"].append(user["id"])
    _recorded(situation, _OPERATIONS[side, True], group, user)
    return Answer(204)


def _remove(situation: Situation, group_id: str, user_id: str, side: Side) -> Answer:
    group = _changeable(situation.state, group_id, side)
    if user_id.lower() not in group[f"_{side}"]:
        raise odata.missing(user_id)
    if side == "owners" and "Unified" in group["groupTypes"] and len(group["_owners"]) == 1:
        text = "The group must have at least one owner, hence this owner cannot be removed."
        raise Refused(400, "Request_BadRequest", text)
    group[f"_{side}"].remove(user_id.lower())
    _recorded(situation, _OPERATIONS[side, False], group, find_user(situation.state, user_id))
    return Answer(204)


def _changeable(state: Record, group_id: str, side: Side) -> Record:
    group = _find(state, group_id)
    if side == "members" and "DynamicMembership" in group["groupTypes"]:
        raise Refused(400, "Request_BadRequest", "Cannot update the members of a group with dynamic membership.")
    if group["onPremisesSyncEnabled"]:
        raise Refused(
            400,
            "Request_BadRequest",
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
            "objects currently undergoing migration.",
        )
    return group


def _find(state: Record, group_id: str) -> Record:
    found: Record | None = state["groups"].get(group_id.lower())
    if found is None:
        raise odata.missing(group_id)
    return found


def _public(group: Record) -> Record:
    return {name: value for name, value in group.items() if not name.startswith("_")}


def _typed(group: Record) -> Record:
    return {"@odata.type": "#microsoft.graph.group"} | _public(group)


def _listed(
    request: Request, situation: Situation, version: str, rows: list[Record], options: dict[str, str]
) -> Answer:
    wanted = options.get("$select")
    known = {name for row in rows for name in row}
    shown = [
        {name: value for name, value in row.items() if name == "@odata.type"}
        | odata.select(row, wanted, known, "directoryObject")
        for row in rows
    ]
    path, size = request.path.strip("/").partition("/")[2], odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, path, options, size, context="directoryObjects"))


def _recorded(situation: Situation, operation: str, group: Record, user: Record) -> None:
    target = parts_of("Group", group["id"], group["displayName"])
    change = ("Group.DisplayName", group["displayName"], "")
    object_change(situation, operation, user["userPrincipalName"], target, change, category="Group")
