"""Graph: risky users and Conditional Access."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.change_records import object_change, parts_of, user_change
from toolkit.practice.graph_users import find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.protection import history_item, named_locations, policy
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

MOST_USERS = 60
"""Users of one call. Source: observed; not documented."""
STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")
_POLICY = ("displayName", "state", "conditions", "grantControls", "sessionControls")
_POLICIES = "identity/conditionalAccess/policies"


def list_risky(request: Request, situation: Situation, version: str) -> Answer:
    """GET /identityProtection/riskyUsers"""
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    fields = ("id", "riskState", "riskLevel", "userPrincipalName", "riskLastUpdatedDateTime", "isDeleted")
    test = odata.test_of(options.get("$filter"), fields, kinds=False, entity="riskyUser")
    rows = [_public(row) for row in situation.state["risky_users"].values() if test(row)]
    path, size = "identityProtection/riskyUsers", odata.top(options, 20, 500)
    return Answer(200, odata.page(rows, situation.base, version, path, options, size, context="riskyUsers"))


def get_risky(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /identityProtection/riskyUsers/{id}: 404 for a user who never was at risk."""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#riskyUsers/$entity"
    return Answer(200, {"@odata.context": context} | _public(_find_risky(situation.state, user_id)))


def list_history(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /identityProtection/riskyUsers/{id}/history"""
    odata.only(request, ())
    rows = _find_risky(situation.state, user_id)["_history"]
    context = f"{situation.base}/{version}/$metadata#riskyUsers('{user_id}')/history"
    return Answer(200, {"@odata.context": context, "value": rows})


def confirm_compromised(request: Request, situation: Situation, version: str) -> Answer:
    """POST /identityProtection/riskyUsers/confirmCompromised: risk becomes high."""
    return _set_risk(request, situation, "high", "confirmedCompromised", "adminConfirmedUserCompromised")


def dismiss(request: Request, situation: Situation, version: str) -> Answer:
    """POST /identityProtection/riskyUsers/dismiss"""
    return _set_risk(request, situation, "none", "dismissed", "adminDismissedAllRiskForUser")


def list_policies(request: Request, situation: Situation, version: str) -> Answer:
    """GET /identity/conditionalAccess/policies"""
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("id", "displayName", "state"), kinds=False, entity="policy")
    rows = [row for row in situation.state["conditional_access"].values() if test(row)]
    size = odata.top(options, 100, 999)
    context = "conditionalAccess/policies"
    return Answer(200, odata.page(rows, situation.base, version, _POLICIES, options, size, context=context))


def list_locations(request: Request, situation: Situation, version: str) -> Answer:
    """GET /identity/conditionalAccess/namedLocations"""
    options = odata.only(request, ("$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), ("id", "displayName"), kinds=False, entity="namedLocation")
    rows = [row for row in named_locations() if test(row)]
    size = odata.top(options, 100, 999)
    context = "conditionalAccess/namedLocations"
    path = "identity/conditionalAccess/namedLocations"
    return Answer(200, odata.page(rows, situation.base, version, path, options, size, context=context))


def get_policy(request: Request, situation: Situation, version: str, policy_id: str) -> Answer:
    """GET /identity/conditionalAccess/policies/{id}"""
    odata.only(request, ())
    return Answer(200, _context(situation, version) | _find_policy(situation.state, policy_id))


def create_policy(request: Request, situation: Situation, version: str) -> Answer:
    """POST /identity/conditionalAccess/policies: refused while security defaults are on."""
    body = request.json_object()
    conditions = body.get("conditions")
    if set(body) - set(_POLICY) or body.get("state") not in STATES or not body.get("displayName"):
        raise _bad("The policy must have a displayName and a known state.")
    if not isinstance(conditions, dict) or not conditions.get("users") or not conditions.get("applications"):
        raise _bad("1007: The policy conditions must name users and applications.")
    if not body.get("grantControls") and not body.get("sessionControls"):
        raise _bad("1011: The policy must have grant or session controls.")
    if situation.state["security_defaults"]["isEnabled"] and body["state"] == "enabled":
        raise _bad("Security Defaults is enabled in the tenant. You must disable Security defaults first.")
    made = policy(DRAW.uuid("policy", situation.key("policy")), body, stamp(situation.now))
    situation.state["conditional_access"][made["id"]] = made
    _recorded(situation, "Add conditional access policy.", made)
    return Answer(201, _context(situation, version) | made)


def update_policy(request: Request, situation: Situation, version: str, policy_id: str) -> Answer:
    """PATCH /identity/conditionalAccess/policies/{id}"""
    row = _find_policy(situation.state, policy_id)
    body = request.json_object()
    if not body or set(body) - set(_POLICY) or body.get("state", "disabled") not in STATES:
        raise _bad("The request names no property that can be changed, or an unknown state.")
    asked = {name: row[name] for name in _POLICY} | body
    asked["conditions"] = row["conditions"] | body.get("conditions", {})
    changed = policy(row["id"], asked, row["createdDateTime"])
    situation.state["conditional_access"][row["id"]] = changed | {"modifiedDateTime": stamp(situation.now)}
    _recorded(situation, "Update conditional access policy.", changed)
    return Answer(204)


def delete_policy(request: Request, situation: Situation, version: str, policy_id: str) -> Answer:
    """DELETE /identity/conditionalAccess/policies/{id}"""
    row = _find_policy(situation.state, policy_id)
    del situation.state["conditional_access"][row["id"]]
    situation.state["deleted"].append({"kind": "conditionalAccessPolicy", "id": row["id"]})
    _recorded(situation, "Delete conditional access policy.", row)
    return Answer(204)


def get_security_defaults(request: Request, situation: Situation, version: str) -> Answer:
    """GET /policies/identitySecurityDefaultsEnforcementPolicy"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#policies/identitySecurityDefaultsEnforcementPolicy"
    return Answer(200, {"@odata.context": context} | situation.state["security_defaults"])


def _set_risk(request: Request, situation: Situation, level: str, risk_state: str, detail: str) -> Answer:
    body = request.json_object()
    ids = body.get("userIds")
    if set(body) != {"userIds"} or not isinstance(ids, list) or not 1 <= len(ids) <= MOST_USERS:
        raise Refused(400, "BadRequest", f"userIds must be a list of 1 to {MOST_USERS} object ids.")
    users = [find_user(situation.state, str(one)) for one in ids]
    for user in users:
        rows = situation.state["risky_users"]
        row = rows.get(user["id"], {"_history": []}) | {
            "id": user["id"],
            "isDeleted": False,
            "isProcessing": False,
            "riskLastUpdatedDateTime": stamp(situation.now),
            "riskLevel": level,
            "riskState": risk_state,
            "riskDetail": detail,
            "userDisplayName": user["displayName"],
            "userPrincipalName": user["userPrincipalName"],
        }
        row["_history"] = [history_item(row, [], situation.operator.id), *row["_history"]]
        rows[user["id"]] = row
        user_change(situation, user, "Update user.")
    return Answer(204)


def _find_risky(state: Record, user_id: str) -> Record:
    found: Record | None = state["risky_users"].get(user_id.lower())
    if found is None:
        raise Refused(404, "ResourceNotFound", f"The risky user '{user_id}' was not found.")
    return found


def _find_policy(state: Record, policy_id: str) -> Record:
    found: Record | None = state["conditional_access"].get(policy_id.lower())
    if found is None:
        raise Refused(404, "ResourceNotFound", f"{policy_id} does not exist in the directory.")
    return found


def _public(row: Record) -> Record:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _context(situation: Situation, version: str) -> Record:
    return {"@odata.context": f"{situation.base}/{version}/$metadata#conditionalAccess/policies/$entity"}


def _recorded(situation: Situation, operation: str, row: Record) -> None:
    object_change(situation, operation, row["id"], parts_of("Policy", row["id"], row["displayName"]), category="Policy")


def _bad(text: str) -> Refused:
    return Refused(400, "BadRequest", text)
