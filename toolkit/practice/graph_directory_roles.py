"""Graph: directory roles over the older `directoryRoles`, which shows those that somebody holds."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.directory_roles import activated, definitions
from toolkit.practice.graph_references import delete_object, referred_to
from toolkit.practice.graph_roles import give_role, take_role
from toolkit.practice.graph_users import DEFAULT_PROPERTIES
from toolkit.practice.http import Answer, Request
from toolkit.practice.tenant_state import Situation


def list_roles(request: Request, situation: Situation, version: str) -> Answer:
    """GET /directoryRoles: those that somebody holds, under ids of this tenant."""
    odata.only(request, ())
    held = {row["roleDefinitionId"] for row in situation.state["role_assignments"]}
    rows = [activated(role) for role in definitions() if role in held]
    return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#directoryRoles", "value": rows})


def get_role(request: Request, situation: Situation, version: str, role_id: str) -> Answer:
    """GET /directoryRoles/{id}"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#directoryRoles/$entity"
    return Answer(200, {"@odata.context": context} | activated(_template(role_id)))


def list_members(request: Request, situation: Situation, version: str, role_id: str) -> Answer:
    """GET /directoryRoles/{id}/members"""
    odata.only(request, ())
    template, users = _template(role_id), situation.state["users"]
    ids = [row["principalId"] for row in situation.state["role_assignments"] if row["roleDefinitionId"] == template]
    rows = [
        {"@odata.type": "#microsoft.graph.user"} | {name: users[one][name] for name in DEFAULT_PROPERTIES}
        for one in ids
        if one in users
    ]
    return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#directoryObjects", "value": rows})


def add_member(request: Request, situation: Situation, version: str, role_id: str) -> Answer:
    """POST /directoryRoles/{id}/members/$ref"""
    give_role(situation, _template(role_id), referred_to(request))
    return Answer(204)


def remove_member(request: Request, situation: Situation, version: str, role_id: str, member_id: str) -> Answer:
    """DELETE /directoryRoles/{id}/members/{id}/$ref"""
    template = _template(role_id)
    for row in situation.state["role_assignments"]:
        if (row["roleDefinitionId"], row["principalId"]) == (template, member_id.lower()):
            take_role(situation, row)
            return Answer(204)
    raise odata.missing(member_id)


def delete_person(request: Request, situation: Situation, version: str, role_id: str, member_id: str) -> Answer:
    """DELETE /directoryRoles/{id}/members/{id} without `$ref`: nobody means that."""
    _template(role_id)
    delete_object(situation, member_id)
    return Answer(204)


def _template(role_id: str) -> str:
    for template in definitions():
        if role_id.lower() in (activated(template)["id"], f"roletemplateid={template}"):
            return template
    raise odata.missing(role_id)
