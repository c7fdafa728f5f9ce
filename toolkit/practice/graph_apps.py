"""Graph: enterprise applications and app role assignments."""

from __future__ import annotations

from datetime import timedelta

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of
from toolkit.practice.directory_apps import DEFAULT_ACCESS, assignment
from toolkit.practice.graph_users import find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

_ASSIGNMENT = frozenset({"principalId", "resourceId", "appRoleId"})
LISTED_AFTER = timedelta(seconds=1)
_PRINCIPAL_CHANGES = ("accountEnabled", "appRoleAssignmentRequired")


def list_principals(request: Request, situation: Situation, version: str) -> Answer:
    """GET /servicePrincipals"""
    options = odata.only(request, ("$select", "$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("id", "appId", "displayName"), kinds=False, entity="servicePrincipal")
    everything = situation.state["service_principals"].values()
    rows = [row for row in everything if test(row) and situation.is_older(row["id"], LISTED_AFTER)]
    shown = [odata.select(row, options.get("$select"), row, "servicePrincipal") for row in rows]
    size = odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, "servicePrincipals", options, size))


def get_principal(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """GET /servicePrincipals/{id}"""
    options = odata.only(request, ("$select",))
    row = find_principal(situation.state, principal_id)
    context = f"{situation.base}/{version}/$metadata#servicePrincipals/$entity"
    shown = odata.select(row, options.get("$select"), row, "servicePrincipal")
    return Answer(200, {"@odata.context": context} | shown)


def update_principal(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """PATCH /servicePrincipals/{id}: whether it may be used at all, and whether only by assigned users."""
    row = find_principal(situation.state, principal_id)
    body = request.json_object()
    unknown = [name for name in body if name not in row]
    if unknown:
        raise _bad(f"Invalid property '{unknown[0]}'.")
    if not body or set(body) - set(_PRINCIPAL_CHANGES):
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if not all(isinstance(value, bool) for value in body.values()):
        raise _bad("Invalid value specified for a property.")
    row |= body
    app_change(situation, "Update service principal.", row)
    return Answer(204)


def delete_principal(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """DELETE /servicePrincipals/{id}: its grants and assignments go with it."""
    forget_principal(situation, find_principal(situation.state, principal_id))
    return Answer(204)


def forget_principal(situation: Situation, row: Record) -> None:
    """Takes a service principal out of the directory, with what was given to it and to others on it."""
    del situation.state["service_principals"][row["id"]]
    for name, ends in (("grants", ("clientId", "resourceId")), ("app_role_assignments", ("principalId", "resourceId"))):
        kept = [other for other in situation.state[name] if row["id"] not in (other[end] for end in ends)]
        situation.state[name] = kept
    situation.state["deleted"].append({"kind": "servicePrincipal", "id": row["id"]})
    app_change(situation, "Remove service principal.", row)


def assignments_of_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/appRoleAssignments: the applications that the user may use."""
    user = find_user(situation.state, user_id)
    return _assignments(request, situation, version, f"users('{user['id']}')/appRoleAssignments", "principalId", user)


def assign_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """POST /users/{id}/appRoleAssignments"""
    user = find_user(situation.state, user_id)
    body = request.json_object()
    if body.get("principalId") != user["id"]:
        raise _bad("principalId must be the user of the address.")
    return _assign(situation, version, body, f"users('{user['id']}')/appRoleAssignments")


def unassign_user(request: Request, situation: Situation, version: str, user_id: str, assignment_id: str) -> Answer:
    """DELETE /users/{id}/appRoleAssignments/{id}"""
    return _unassign(situation, assignment_id, "principalId", find_user(situation.state, user_id)["id"])


def assigned_to(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """GET /servicePrincipals/{id}/appRoleAssignedTo: who may use the application."""
    row = find_principal(situation.state, principal_id)
    path = f"servicePrincipals('{row['id']}')/appRoleAssignedTo"
    return _assignments(request, situation, version, path, "resourceId", row)


def assign_to(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """POST /servicePrincipals/{id}/appRoleAssignedTo"""
    row = find_principal(situation.state, principal_id)
    body = request.json_object()
    if body.get("resourceId") != row["id"]:
        raise _bad("resourceId must be the application of the address.")
    return _assign(situation, version, body, f"servicePrincipals('{row['id']}')/appRoleAssignedTo")


def unassign_to(request: Request, situation: Situation, version: str, principal_id: str, assignment_id: str) -> Answer:
    """DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}"""
    return _unassign(situation, assignment_id, "resourceId", find_principal(situation.state, principal_id)["id"])


def assignments_of_principal(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """GET /servicePrincipals/{id}/appRoleAssignments: what the application may do by itself."""
    row = find_known(situation, principal_id)
    return _assignments(request, situation, version, "appRoleAssignments", "principalId", row)


def unassign_principal(
    request: Request, situation: Situation, version: str, principal_id: str, assignment_id: str
) -> Answer:
    """DELETE /servicePrincipals/{id}/appRoleAssignments/{id}"""
    return _unassign(situation, assignment_id, "principalId", find_principal(situation.state, principal_id)["id"])


def find_principal(state: Record, text: str) -> Record:
    """The service principal of that object id. Raises `Refused` (404)."""
    found: Record | None = state["service_principals"].get(text.lower())
    if found is None:
        raise odata.missing(text)
    return found


def find_known(situation: Situation, text: str) -> Record:
    """The same, once all of the directory knows it. Raises `Refused` (404)."""
    found = find_principal(situation.state, text)
    if not situation.is_older(found["id"]):
        raise odata.missing(text)
    return found


def _assignments(request: Request, situation: Situation, version: str, context: str, end: str, row: Record) -> Answer:
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("resourceId", "principalId"), kinds=False, entity="appRoleAssignment")
    rows = [one for one in situation.state["app_role_assignments"] if one[end] == row["id"] and test(one)]
    path, size = request.path.strip("/").partition("/")[2], odata.top(options, 100, 999)
    return Answer(200, odata.page(rows, situation.base, version, path, options, size, context=context))


def _assign(situation: Situation, version: str, body: Record, path: str) -> Answer:
    state = situation.state
    if set(body) != _ASSIGNMENT or not all(isinstance(value, str) for value in body.values()):
        raise _bad("The request must name principalId, resourceId and appRoleId.")
    resource = find_principal(state, body["resourceId"])
    kind, principal = _principal_of(state, body["principalId"])
    if kind == "ServicePrincipal":
        find_known(situation, principal["id"])
    role = body["appRoleId"]
    if role != DEFAULT_ACCESS and role not in {known["id"] for known in resource["appRoles"]}:
        raise _bad("Permission being assigned was not found on application.")
    same = (principal["id"], resource["id"], role)
    if same in {(one["principalId"], one["resourceId"], one["appRoleId"]) for one in state["app_role_assignments"]}:
        raise _bad("Permission being assigned already exists on the object")
    made = assignment(
        principal["id"],
        principal["displayName"],
        kind,
        resource["id"],
        resource["displayName"],
        role,
        stamp(situation.now),
    )
    state["app_role_assignments"].append(made)
    whom = "to service principal" if kind == "ServicePrincipal" else "grant to user"
    app_change(situation, f"Add app role assignment {whom}.", resource)
    return Answer(201, {"@odata.context": f"{situation.base}/{version}/$metadata#{path}/$entity"} | made)


def _unassign(situation: Situation, assignment_id: str, end: str, owner: str) -> Answer:
    for one in situation.state["app_role_assignments"]:
        if one["id"] == assignment_id and one[end] == owner:
            situation.state["app_role_assignments"].remove(one)
            resource = find_principal(situation.state, one["resourceId"])
            whom = "service principal" if one["principalType"] == "ServicePrincipal" else "user"
            app_change(situation, f"Remove app role assignment from {whom}.", resource)
            return Answer(204)
    raise odata.missing(assignment_id)


def _principal_of(state: Record, object_id: str) -> tuple[str, Record]:
    if object_id in state["service_principals"]:
        return "ServicePrincipal", state["service_principals"][object_id]
    if object_id in state["groups"]:
        return "Group", state["groups"][object_id]
    return "User", find_user(state, object_id)


def app_change(situation: Situation, operation: str, row: Record) -> None:
    """Counts a change of an application and writes it into the audit log."""
    target = parts_of("ServicePrincipal", row["id"], row["displayName"])
    object_change(situation, operation, f"ServicePrincipal_{row['id']}", target, category="ServicePrincipal")


def _bad(text: str) -> Refused:
    return Refused(400, "Request_BadRequest", text)
