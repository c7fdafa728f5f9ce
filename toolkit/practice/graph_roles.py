"""Graph: directory roles, held and eligible, over `roleManagement`."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of
from toolkit.practice.directory_roles import GLOBAL_ADMINISTRATOR, assignment, definitions
from toolkit.practice.graph_users import DEFAULT_PROPERTIES, find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

_FILTERS = ("principalId", "roleDefinitionId", "directoryScopeId")
_ROOT = "roleManagement/directory"


def list_definitions(request: Request, situation: Situation, version: str) -> Answer:
    """GET /roleManagement/directory/roleDefinitions: takes no `$top`."""
    options = odata.only(request, ("$filter", "$select"))
    test = odata.test_of(options.get("$filter"), ("id", "displayName", "templateId"), kinds=False, entity="role")
    rows = [odata.select(row, options.get("$select"), row, "role") for row in definitions().values() if test(row)]
    context = f"{situation.base}/{version}/$metadata#{_ROOT}/roleDefinitions"
    return Answer(200, {"@odata.context": context, "value": rows})


def get_definition(request: Request, situation: Situation, version: str, role_id: str) -> Answer:
    """GET /roleManagement/directory/roleDefinitions/{id}"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#{_ROOT}/roleDefinitions/$entity"
    return Answer(200, {"@odata.context": context} | _definition(role_id))


def list_assignments(request: Request, situation: Situation, version: str) -> Answer:
    """GET /roleManagement/directory/roleAssignments"""
    return _listed(request, situation, version, "roleAssignments", situation.state["role_assignments"])


def list_eligibilities(request: Request, situation: Situation, version: str) -> Answer:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances"""
    rows = situation.state["role_eligibilities"]
    return _listed(request, situation, version, "roleEligibilityScheduleInstances", rows)


def list_instances(request: Request, situation: Situation, version: str) -> Answer:
    """GET /roleManagement/directory/roleAssignmentScheduleInstances: here all roles are held for good."""
    rows = [
        row
        | {
            "appScopeId": None,
            "startDateTime": None,
            "endDateTime": None,
            "assignmentType": "Assigned",
            "memberType": "Direct",
            "roleAssignmentOriginId": row["id"],
            "roleAssignmentScheduleId": row["id"],
        }
        for row in situation.state["role_assignments"]
    ]
    return _listed(request, situation, version, "roleAssignmentScheduleInstances", rows)


def get_assignment(request: Request, situation: Situation, version: str, assignment_id: str) -> Answer:
    """GET /roleManagement/directory/roleAssignments/{id}"""
    options = odata.only(request, ("$expand",))
    row = _expanded(_assignment(situation.state, assignment_id), options.get("$expand"), situation.state)
    context = f"{situation.base}/{version}/$metadata#{_ROOT}/roleAssignments/$entity"
    return Answer(200, {"@odata.context": context} | row)


def create_assignment(request: Request, situation: Situation, version: str) -> Answer:
    """POST /roleManagement/directory/roleAssignments"""
    body = {name: value for name, value in request.json_object().items() if name != "@odata.type"}
    if set(body) != {"principalId", "roleDefinitionId", "directoryScopeId"} or body["directoryScopeId"] != "/":
        raise _bad("The request must name principalId, roleDefinitionId and the directoryScopeId '/'.")
    made = give_role(situation, str(body["roleDefinitionId"]), str(body["principalId"]))
    context = f"{situation.base}/{version}/$metadata#{_ROOT}/roleAssignments/$entity"
    return Answer(201, {"@odata.context": context} | made)


def delete_assignment(request: Request, situation: Situation, version: str, assignment_id: str) -> Answer:
    """DELETE /roleManagement/directory/roleAssignments/{id}: not the last Global Administrator's, not one's own."""
    take_role(situation, _assignment(situation.state, assignment_id))
    return Answer(204)


def request_eligibility(request: Request, situation: Situation, version: str) -> Answer:
    """POST /roleManagement/directory/roleEligibilityScheduleRequests: `adminRemove` only."""
    body = request.json_object()
    wanted = (body.get("principalId"), body.get("roleDefinitionId"), body.get("directoryScopeId"))
    if body.get("action") != "adminRemove":
        raise _bad("The practice tenant takes away eligible roles only.")
    rows = situation.state["role_eligibilities"]
    found = [row for row in rows if (row["principalId"], row["roleDefinitionId"], row["directoryScopeId"]) == wanted]
    if not found:
        raise Refused(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    rows.remove(found[0])
    _recorded(situation, "Remove eligible member from role.", found[0])
    made = {
        "id": DRAW.uuid("role request", situation.key("request")),
        "status": "Revoked",
        "createdDateTime": stamp(situation.now),
        "completedDateTime": None,
        "approvalId": None,
        "customData": None,
        "action": "adminRemove",
        "principalId": wanted[0],
        "roleDefinitionId": wanted[1],
        "directoryScopeId": wanted[2],
        "appScopeId": None,
        "isValidationOnly": False,
        "targetScheduleId": None,
        "justification": body.get("justification"),
        "scheduleInfo": None,
        "createdBy": {
            "application": None,
            "device": None,
            "user": {"displayName": None, "id": situation.operator.id},
        },
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None},
    }
    context = f"{situation.base}/{version}/$metadata#{_ROOT}/roleEligibilityScheduleRequests/$entity"
    return Answer(201, {"@odata.context": context} | made)


def _listed(request: Request, situation: Situation, version: str, name: str, rows: list[Record]) -> Answer:
    options = odata.only(request, ("$filter", "$expand", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), _FILTERS, kinds=False, entity="unifiedRoleAssignment")
    shown = [_expanded(row, options.get("$expand"), situation.state) for row in rows if test(row)]
    path, size = f"{_ROOT}/{name}", odata.top(options, 100, 999)
    return Answer(200, odata.page(shown, situation.base, version, path, options, size))


def _expanded(row: Record, wanted: str | None, state: Record) -> Record:
    shown = dict(row)
    for name in filter(None, (wanted or "").split(",")):
        if name == "roleDefinition":
            shown[name] = _definition(row["roleDefinitionId"])
        elif name == "principal" and row["principalId"] in state["users"]:
            user = state["users"][row["principalId"]]
            shown[name] = {"@odata.type": "#microsoft.graph.user"} | {key: user[key] for key in DEFAULT_PROPERTIES}
        elif name != "principal":
            raise odata.bad(
                f"Could not find a property named '{name}' on type 'microsoft.graph.unifiedRoleAssignment'."
            )
    return shown


def give_role(situation: Situation, role: str, principal: str) -> Record:
    """Gives a role and returns the assignment. Raises `Refused` if it is held already."""
    user = find_user(situation.state, principal)
    made = assignment(_definition(role)["id"], user["id"])
    if any(row["id"] == made["id"] for row in situation.state["role_assignments"]):
        raise _bad(
            "A conflicting object with one or more of the specified property values is present in the directory."
        )
    situation.state["role_assignments"].append(made)
    _recorded(situation, "Add member to role.", made)
    return made


def take_role(situation: Situation, row: Record) -> None:
    """Takes a role away; not the last Global Administrator's, not one's own. Raises `Refused`."""
    rows = situation.state["role_assignments"]
    users = situation.state["users"]
    if row["roleDefinitionId"] == GLOBAL_ADMINISTRATOR:
        active = [
            one["principalId"]
            for one in rows
            if one["roleDefinitionId"] == GLOBAL_ADMINISTRATOR
            and one["principalId"] in users
            and users[one["principalId"]]["accountEnabled"]
        ]
        if active == [row["principalId"]]:
            raise _bad("The last Global Administrator of a tenant cannot be removed from the role.")
        if row["principalId"] == situation.operator.id:
            raise _bad("Removing self from Global Administrator built-in role is not allowed")
    rows.remove(row)
    _recorded(situation, "Remove member from role.", row)


def _assignment(state: Record, assignment_id: str) -> Record:
    for row in state["role_assignments"]:
        if row["id"] == assignment_id:
            found: Record = row
            return found
    raise odata.missing(assignment_id)


def _definition(role: str) -> Record:
    if role not in definitions():
        raise odata.missing(role)
    return definitions()[role]


def _recorded(situation: Situation, operation: str, row: Record) -> None:
    name = _definition(row["roleDefinitionId"])["displayName"]
    target = parts_of("Role", row["roleDefinitionId"], name)
    change = ("Role.DisplayName", name, "") if operation.startswith("Add") else ("Role.DisplayName", "", name)
    object_change(situation, operation, row["principalId"], target, change, category="Role")


def _bad(text: str) -> Refused:
    return Refused(400, "Request_BadRequest", text)
