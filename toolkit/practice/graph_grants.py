"""Graph: delegated grants, the consents of users and of administrators for everybody."""

from __future__ import annotations

from collections.abc import Callable, Collection

from toolkit.practice import odata
from toolkit.practice.directory_apps import joined
from toolkit.practice.graph_apps import app_change, find_known, find_principal
from toolkit.practice.graph_users import find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

_FILTERS = ("clientId", "consentType", "principalId", "resourceId")


def list_grants(request: Request, situation: Situation, version: str) -> Answer:
    """GET /oauth2PermissionGrants"""
    return _grants(request, situation, version, "oauth2PermissionGrants", lambda grant: True, _FILTERS)


def grants_of_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/oauth2PermissionGrants: those for everybody are not among them."""
    user = find_user(situation.state, user_id)
    path = f"users/{user['id']}/oauth2PermissionGrants"
    return _grants(request, situation, version, path, lambda grant: grant["principalId"] == user["id"])


def grants_of_principal(request: Request, situation: Situation, version: str, principal_id: str) -> Answer:
    """GET /servicePrincipals/{id}/oauth2PermissionGrants: what the application was given."""
    row = find_principal(situation.state, principal_id)
    path = f"servicePrincipals/{row['id']}/oauth2PermissionGrants"
    return _grants(request, situation, version, path, lambda grant: grant["clientId"] == row["id"])


def get_grant(request: Request, situation: Situation, version: str, grant_id: str) -> Answer:
    """GET /oauth2PermissionGrants/{id}"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#oauth2PermissionGrants/$entity"
    return Answer(200, {"@odata.context": context} | _grant(situation.state, grant_id))


def create_grant(request: Request, situation: Situation, version: str) -> Answer:
    """POST /oauth2PermissionGrants"""
    body = request.json_object()
    kind, who = body.get("consentType"), body.get("principalId")
    named = {"clientId", "consentType", "principalId", "resourceId", "scope"}
    if set(body) - named or kind not in ("Principal", "AllPrincipals") or not isinstance(body.get("scope"), str):
        raise _bad("The request must name clientId, consentType, resourceId and scope.")
    if (who is None) is (kind == "Principal"):
        raise _bad("principalId belongs to a grant of consentType Principal, and to no other.")
    state = situation.state
    client = find_known(situation, str(body.get("clientId")))
    resource = find_principal(state, str(body.get("resourceId")))
    user = find_user(state, str(who))["id"] if who else None
    made = {
        "id": joined(client["id"], resource["id"], *([user] if user else [])),
        "clientId": client["id"],
        "consentType": kind,
        "principalId": user,
        "resourceId": resource["id"],
        "scope": body["scope"],
    }
    same = ("clientId", "resourceId", "principalId", "consentType")
    if any(all(other[name] == made[name] for name in same) for other in state["grants"]):
        raise Refused(409, "Request_BadRequest", "Permission entry already exists.")
    state["grants"].append(made)
    app_change(situation, "Add delegated permission grant.", client)
    context = f"{situation.base}/{version}/$metadata#oauth2PermissionGrants/$entity"
    return Answer(201, {"@odata.context": context} | made)


def update_grant(request: Request, situation: Situation, version: str, grant_id: str) -> Answer:
    """PATCH /oauth2PermissionGrants/{id}: narrows or widens the scope."""
    grant = _grant(situation.state, grant_id)
    body = request.json_object()
    if set(body) != {"scope"} or not isinstance(body["scope"], str):
        raise _bad("Only the scope of a grant can be changed.")
    grant["scope"] = body["scope"]
    app_change(situation, "Update delegated permission grant.", find_principal(situation.state, grant["clientId"]))
    return Answer(204)


def delete_grant(request: Request, situation: Situation, version: str, grant_id: str) -> Answer:
    """DELETE /oauth2PermissionGrants/{id}"""
    grant = _grant(situation.state, grant_id)
    situation.state["grants"].remove(grant)
    app_change(situation, "Remove delegated permission grant.", find_principal(situation.state, grant["clientId"]))
    return Answer(204)


def _grant(state: Record, grant_id: str) -> Record:
    for grant in state["grants"]:
        if grant["id"] == grant_id:
            found: Record = grant
            return found
    raise odata.missing(grant_id)


def _grants(
    request: Request,
    situation: Situation,
    version: str,
    path: str,
    belongs: Callable[[Record], bool],
    filters: Collection[str] = (),
) -> Answer:
    options = odata.only(request, ("$top", "$skiptoken", *(("$filter",) if filters else ())))
    test = odata.test_of(options.get("$filter"), filters, kinds=False, entity="oAuth2PermissionGrant")
    rows = [grant for grant in situation.state["grants"] if belongs(grant) and test(grant)]
    return Answer(200, odata.page(rows, situation.base, version, path, options, odata.top(options, 100, 999)))


def _bad(text: str) -> Refused:
    return Refused(400, "Request_BadRequest", text)
