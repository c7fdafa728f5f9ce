"""Graph: authentication methods of a user, each kind in its collection, and which second factor is the default."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from toolkit.practice import odata
from toolkit.practice.change_records import user_change
from toolkit.practice.directory_methods import PHONE_METHODS, kind_of, method, phone
from toolkit.practice.graph_users import find_user
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.ranks import check_rank
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

COLLECTIONS = {
    "emailMethods": "email",
    "externalAuthenticationMethods": "external",
    "fido2Methods": "fido2",
    "microsoftAuthenticatorMethods": "microsoftAuthenticator",
    "passwordMethods": "password",
    "phoneMethods": "phone",
    "platformCredentialMethods": "platformCredential",
    "softwareOathMethods": "softwareOath",
    "temporaryAccessPassMethods": "temporaryAccessPass",
    "windowsHelloForBusinessMethods": "windowsHelloForBusiness",
}
"""The collection of each kind; all but the password can be deleted there, none below `/methods`."""
SHORTEST_PASS, LONGEST_PASS, USUAL_PASS = 10, 43_200, 60
"""Minutes that a Temporary Access Pass may live. Source: Graph, "Create temporaryAccessPassMethod"."""
_SECOND_FACTORS = ("phone", "microsoftAuthenticator", "softwareOath")
_PREFERRED: dict[str, Callable[[Record], bool]] = {
    "push": lambda m: kind_of(m) == "microsoftAuthenticator",
    "oath": lambda m: kind_of(m) in ("softwareOath", "microsoftAuthenticator"),
    "sms": lambda m: m["id"] == PHONE_METHODS["mobile"],
    "voiceMobile": lambda m: m["id"] == PHONE_METHODS["mobile"],
    "voiceAlternateMobile": lambda m: m["id"] == PHONE_METHODS["alternateMobile"],
    "voiceOffice": lambda m: m["id"] == PHONE_METHODS["office"],
}
Handler = Callable[..., Answer]


def list_methods(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/authentication/methods"""
    return _listed(request, situation, version, user_id, "methods", lambda kind: True)


def get_method(request: Request, situation: Situation, version: str, user_id: str, method_id: str) -> Answer:
    """GET /users/{id}/authentication/methods/{id}"""
    return _one(request, situation, version, user_id, "methods", method_id, lambda kind: True)


def collection(name: str) -> tuple[tuple[str, str, dict[str, Handler]], ...]:
    """The two routes of one kind of method: the list and the single method."""
    wanted = COLLECTIONS[name]

    def listed(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
        return _listed(request, situation, version, user_id, name, lambda kind: kind == wanted)

    def one(request: Request, situation: Situation, version: str, user_id: str, method_id: str) -> Answer:
        return _one(request, situation, version, user_id, name, method_id, lambda kind: kind == wanted)

    def deleted(request: Request, situation: Situation, version: str, user_id: str, method_id: str) -> Answer:
        return _delete(situation, user_id, method_id, wanted)

    many: dict[str, Handler] = {"GET": listed}
    single: dict[str, Handler] = {"GET": one}
    if wanted != "password":
        single["DELETE"] = deleted
    if wanted == "phone":
        many["POST"] = add_phone
    if wanted == "temporaryAccessPass":
        many["POST"] = issue_pass
    path = f"users/{{id}}/authentication/{name}"
    return ("", path, many), ("", f"{path}/{{id}}", single)


def add_phone(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """POST /users/{id}/authentication/phoneMethods: one number of each kind, the mobile one first."""
    user = _changeable(situation, user_id)
    body = request.json_object()
    number, kind = body.get("phoneNumber"), body.get("phoneType")
    if set(body) != {"phoneNumber", "phoneType"} or kind not in PHONE_METHODS or not isinstance(number, str):
        raise _bad("The request must name a phoneNumber and a known phoneType.")
    methods = situation.state["authentication_methods"][user["id"]]
    there = {m["id"] for m in methods}
    if PHONE_METHODS[kind] in there:
        raise _bad(f"The user already has a phone of the type '{kind}'.")
    if kind == "alternateMobile" and PHONE_METHODS["mobile"] not in there:
        raise _bad("An alternate mobile phone needs a mobile phone first.")
    added = phone(kind, number, stamp(situation.now))
    methods.append(added)
    user_change(situation, user, "Admin registered security info.")
    return Answer(201, {"@odata.context": _context(situation, version, user, "phoneMethods") + "/$entity"} | added)


def issue_pass(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """POST /users/{id}/authentication/temporaryAccessPassMethods: the pass is in this answer and nowhere else."""
    user = _changeable(situation, user_id)
    body = request.json_object()
    if set(body) - {"@odata.type", "startDateTime", "lifetimeInMinutes", "isUsableOnce"}:
        raise _bad("The request names a property that a Temporary Access Pass does not take.")
    minutes, once = body.get("lifetimeInMinutes", USUAL_PASS), body.get("isUsableOnce", False)
    if type(minutes) is not int or not SHORTEST_PASS <= minutes <= LONGEST_PASS or not isinstance(once, bool):
        raise _bad(f"lifetimeInMinutes must be between {SHORTEST_PASS} and {LONGEST_PASS}, isUsableOnce true or false.")
    start = _moment(body.get("startDateTime")) or situation.now
    methods = situation.state["authentication_methods"][user["id"]]
    earlier = [m for m in methods if kind_of(m) == "temporaryAccessPass"]
    if any(_usability(m, situation.now)["methodUsabilityReason"] != "Expired" for m in earlier):
        raise _bad("The user already has a Temporary Access Pass. Delete it before creating another one.")
    issued = method(
        "temporaryAccessPass",
        DRAW.uuid("pass", situation.key(user["id"])),
        stamp(situation.now),
        temporaryAccessPass=None,
        startDateTime=stamp(start),
        lifetimeInMinutes=minutes,
        isUsableOnce=once,
    )
    situation.state["authentication_methods"][user["id"]] = [m for m in methods if m not in earlier] + [issued]
    user_change(situation, user, "Admin registered security info.")
    context = _context(situation, version, user, "temporaryAccessPassMethods") + "/$entity"
    told = _shown(issued, situation.now) | {"temporaryAccessPass": secrets.token_urlsafe(9)}
    return Answer(201, {"@odata.context": context} | told)


def get_preferences(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """GET /users/{id}/authentication/signInPreferences (beta)"""
    odata.only(request, ())
    user = find_user(situation.state, user_id)
    context = f"{_context(situation, version, user, 'signInPreferences')}"
    return Answer(200, {"@odata.context": context} | situation.state["sign_in_preferences"][user["id"]])


def update_preferences(request: Request, situation: Situation, version: str, user_id: str) -> Answer:
    """PATCH /users/{id}/authentication/signInPreferences (beta)"""
    user = _changeable(situation, user_id)
    preferences = situation.state["sign_in_preferences"][user["id"]]
    body = request.json_object()
    wanted = body.get("userPreferredMethodForSecondaryAuthentication")
    if not body or set(body) - set(preferences):
        raise _bad("The request names a property that the sign-in preferences do not have.")
    if wanted is not None:
        methods = situation.state["authentication_methods"][user["id"]]
        if wanted not in _PREFERRED or not any(_PREFERRED[wanted](m) for m in methods):
            raise _bad(f"The user has no method for '{wanted}'.")
    preferences |= body
    user_change(situation, user, "Update user.")
    return Answer(204)


def default_method(state: Record, user_id: str) -> Record | None:
    """The method that is asked for first as second factor: the oldest one of the preferred kind."""
    preferred = state["sign_in_preferences"][user_id]["userPreferredMethodForSecondaryAuthentication"]
    fits = _PREFERRED.get(preferred)
    return next((m for m in state["authentication_methods"][user_id] if fits and fits(m)), None)


def _delete(situation: Situation, user_id: str, method_id: str, kind: str) -> Answer:
    user = _changeable(situation, user_id)
    methods = situation.state["authentication_methods"][user["id"]]
    found = _find(methods, method_id, lambda other: other == kind)
    others = [m for m in methods if kind_of(m) in _SECOND_FACTORS and m is not found]
    is_default = found is default_method(situation.state, user["id"])
    if is_default and others:
        # Text observed; the documentation says it of phones only.
        raise _bad(
            "Cannot delete default method with other methods configured. Please change default method before deletion."
        )
    if found["id"] == PHONE_METHODS["mobile"] and PHONE_METHODS["alternateMobile"] in {m["id"] for m in others}:
        raise _bad("A mobile phone cannot be deleted while there is an alternate mobile phone.")
    if is_default:
        situation.state["sign_in_preferences"][user["id"]]["userPreferredMethodForSecondaryAuthentication"] = None
    methods.remove(found)
    user_change(situation, user, "Admin deleted security info.")
    return Answer(204)


def _changeable(situation: Situation, user_id: str) -> Record:
    """The user, whose methods the caller may change. Raises `Refused` (404, 403)."""
    user = find_user(situation.state, user_id)
    check_rank(situation, user, "accessDenied", "Request Authorization failed")
    return user


def _listed(
    request: Request, situation: Situation, version: str, user_id: str, name: str, wanted: Callable[[str], bool]
) -> Answer:
    odata.only(request, ())
    user = find_user(situation.state, user_id)
    methods = situation.state["authentication_methods"][user["id"]]
    rows = [_shown(m, situation.now) for m in methods if wanted(kind_of(m))]
    return Answer(200, {"@odata.context": _context(situation, version, user, name), "value": rows})


def _one(
    request: Request,
    situation: Situation,
    version: str,
    user_id: str,
    name: str,
    method_id: str,
    wanted: Callable[[str], bool],
) -> Answer:
    odata.only(request, ())
    user = find_user(situation.state, user_id)
    found = _find(situation.state["authentication_methods"][user["id"]], method_id, wanted)
    context = _context(situation, version, user, name) + "/$entity"
    return Answer(200, {"@odata.context": context} | _shown(found, situation.now))


def _find(methods: list[Record], method_id: str, wanted: Callable[[str], bool]) -> Record:
    for found in methods:
        if found["id"] == method_id and wanted(kind_of(found)):
            return found
    raise Refused(404, "resourceNotFound", "The requested authentication method was not found.")


def _shown(found: Record, now: datetime) -> Record:
    return found | _usability(found, now) if kind_of(found) == "temporaryAccessPass" else found


def _usability(issued: Record, now: datetime) -> Record:
    start = datetime.fromisoformat(issued["startDateTime"])
    if now < start:
        reason = "NotYetValid"
    elif now >= start + timedelta(minutes=issued["lifetimeInMinutes"]):
        reason = "Expired"
    else:
        reason = "EnabledByPolicy"
    return {"isUsable": reason == "EnabledByPolicy", "methodUsabilityReason": reason}


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _bad("startDateTime must be a time with its zone.")
    return moment


def _context(situation: Situation, version: str, user: Record, name: str) -> str:
    return f"{situation.base}/{version}/$metadata#users('{user['id']}')/authentication/{name}"


def _bad(text: str) -> Refused:
    return Refused(400, "badRequest", text)
