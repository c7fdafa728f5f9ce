"""Graph: users, per-user MFA, passwords, sessions."""

from __future__ import annotations

import json
import re

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import FEDERATED_DOMAIN
from toolkit.practice.ranks import check_rank
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

DEFAULT_PROPERTIES = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What `GET /users` answers without `$select`. Source: Graph, "List users"."""
MFA_STATES = ("disabled", "enabled", "enforced")
_PASSWORD_PROFILE = {
    "password": str,
    "forceChangePasswordNextSignIn": bool,
    "forceChangePasswordNextSignInWithMfa": bool,
}
_WHOLE_USER = frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"})
_NEEDED = {
    "accountEnabled": _WHOLE_USER | {"User.EnableDisableAccount.All"},
    "passwordProfile": _WHOLE_USER | {"User-PasswordProfile.ReadWrite.All"},
}
"""What the operator may write, and a permission for it. Source: Graph, "Update user"."""
_FILTERS = ("id", "userPrincipalName", "mail", "displayName", "accountEnabled", "userType")


def list_users(request: Request, situation: Situation, version: str) -> Answer:
    """GET /users"""
    options = odata.only(request, ("$select", "$filter", "$top", "$skiptoken"))
    test = odata.test_of(options.get("$filter"), _FILTERS, kinds=False, entity="user")
    users = [_shown(user, options.get("$select")) for user in situation.state["users"].values() if test(user)]
    size = odata.top(options, 100, 999)
    return Answer(200, odata.page(users, situation.base, version, "users", options, size))


def get_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id or user principal name}"""
    options = odata.only(request, ("$select",))
    user = find_user(situation.state, user_id)
    wanted = options.get("$select")
    suffix = f"({wanted})" if wanted else ""
    context = f"{situation.base}/{version}/$metadata#users{suffix}/$entity"
    return Answer(200, {"@odata.context": context} | _shown(user, wanted))


def update_user(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """PATCH /users/{id}: `accountEnabled` and `passwordProfile`, each with a permission of its own."""
    user = find_user(situation.state, user_id)
    body = request.json_object()
    unknown = [name for name in body if name not in user and name != "passwordProfile"]
    if unknown:
        raise Refused(400, "Request_BadRequest", f"Invalid property '{unknown[0]}'.")
    if not body or set(body) - set(_NEEDED) or not all(situation.scopes & _NEEDED[name] for name in body):
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if not isinstance(body.get("accountEnabled", True), bool):
        raise Refused(400, "Request_BadRequest", "Invalid value specified for property 'accountEnabled'.")
    check_rank(situation, user, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if "passwordProfile" in body:
        _check_password(user, body["passwordProfile"])
    if "accountEnabled" in body:
        _set_enabled(situation, user, body["accountEnabled"])
    if "passwordProfile" in body:
        user["lastPasswordChangeDateTime"] = stamp(situation.now)
        user_change(situation, user, "Reset user password.")
    return Answer(204)


def revoke_sessions(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """POST /users/{id}/revokeSignInSessions"""
    user = find_user(situation.state, user_id)
    old = user["signInSessionsValidFromDateTime"]
    user["signInSessionsValidFromDateTime"] = stamp(situation.now)
    change = ("StsRefreshTokensValidFrom", f'["{stamp(situation.now)}"]', f'["{old}"]')
    user_change(situation, user, "Update StsRefreshTokenValidFrom Timestamp.", change)
    return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#Edm.Boolean", "value": True})


def invalidate_tokens(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """POST /users/{id}/invalidateAllRefreshTokens (beta): the older name of revoking."""
    revoke_sessions(request, situation, version, user_id)
    return Answer(204)


def get_requirements(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/authentication/requirements (beta)"""
    odata.only(request, ())
    user = find_user(situation.state, user_id)
    context = f"{situation.base}/{version}/$metadata#users('{user['id']}')/authentication/requirements"
    state = situation.state["mfa_requirements"][user["id"]]
    return Answer(200, {"@odata.context": context, "perUserMfaState": state})


def update_requirements(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """PATCH /users/{id}/authentication/requirements (beta)"""
    user = find_user(situation.state, user_id)
    body = request.json_object()
    if set(body) != {"perUserMfaState"} or body["perUserMfaState"] not in MFA_STATES:
        raise Refused(400, "BadRequest", "The request body must set perUserMfaState to a known state.")
    states = situation.state["mfa_requirements"]
    old, states[user["id"]] = states[user["id"]], body["perUserMfaState"]
    since = situation.now.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    change = ("StrongAuthenticationRequirement", _requirement(states[user["id"]], since), _requirement(old, since))
    user_change(situation, user, "Update user.", change)
    return Answer(204)


def find_user(state: Record, text: str) -> Record:
    """The user of that object id or user principal name. Raises `Refused` (404)."""
    wanted = text.lower()
    for user in state["users"].values():
        if wanted in (user["id"], user["userPrincipalName"].lower()):
            found: Record = user
            return found
    raise odata.missing(text)


def lives_elsewhere(user: Record) -> bool:
    """Whether another organisation or identity provider keeps the user's password."""
    name = str(user["userPrincipalName"]).lower()
    return name.endswith(f"@{FEDERATED_DOMAIN}") or user["userType"] == "Guest"


def too_simple(password: str) -> bool:
    """Whether a password breaks the rules of Entra: 8 to 256 characters of three classes."""
    classes = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    return not 8 <= len(password) <= 256 or classes < 3


def _shown(user: Record, wanted: str | None) -> Record:
    if wanted:
        return odata.select(user, wanted, user, "user")
    return {name: user[name] for name in DEFAULT_PROPERTIES}


def _check_password(user: Record, profile: object) -> None:
    if not isinstance(profile, dict) or any(
        name not in _PASSWORD_PROFILE or not isinstance(value, _PASSWORD_PROFILE[name])
        for name, value in profile.items()
    ):
        raise Refused(400, "Request_BadRequest", "Invalid value specified for property 'passwordProfile'.")
    if user["onPremisesSyncEnabled"]:
        raise Refused(
            400,
            "Request_BadRequest",
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
            "objects currently undergoing migration.",
        )
    if lives_elsewhere(user):
        raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if too_simple(str(profile.get("password", ""))):
        raise Refused(
            400,
            "Request_BadRequest",
            "The specified password does not comply with password complexity requirements. Please provide a "
            "different password.",
        )


def _set_enabled(situation: Situation, user: Record, enabled: bool) -> None:
    old, user["accountEnabled"] = user["accountEnabled"], enabled
    change = ("AccountEnabled", json.dumps([enabled]), json.dumps([old]))
    user_change(situation, user, "Enable account." if enabled else "Disable account.", change)


def _requirement(state: str, since: str) -> str:
    if state == "disabled":
        return "[]"
    number = MFA_STATES.index(state)
    return json.dumps([{"RelyingParty": "*", "State": number, "RememberDevicesNotIssuedBefore": since}])
