"""Graph: the daily scores of Secure Score, its controls, and what the organisation says of them."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

STATES = ("Default", "Ignored", "ThirdParty", "Reviewed")
"""Source: "Update secureScoreControlProfile"."""
_CHANGEABLE = ("assignedTo", "comment", "state", "vendorInformation")
_PROFILES = "security/secureScoreControlProfiles"


def list_scores(request: Request, situation: Situation, version: str) -> Answer:
    """GET /security/secureScores: newest first."""
    options = odata.only(request, ("$top", "$skiptoken"))
    records, path = situation.scenario.secure_scores, "security/secureScores"
    return Answer(200, odata.page(records, situation.base, version, path, options, odata.top(options, 90, 1000)))


def list_profiles(request: Request, situation: Situation, version: str) -> Answer:
    """GET /security/secureScoreControlProfiles"""
    options = odata.only(request, ("$top", "$skiptoken"))
    records = [_as_it_is(profile, situation) for profile in situation.scenario.control_profiles]
    size = odata.top(options, 20, 1000)
    return Answer(200, odata.page(records, situation.base, version, _PROFILES, options, size))


def get_profile(request: Request, situation: Situation, version: str, control: str) -> Answer:
    """GET /security/secureScoreControlProfiles/{id}"""
    odata.only(request, ())
    return Answer(200, _context(situation, version) | _as_it_is(_find(situation, control), situation))


def update_profile(request: Request, situation: Situation, version: str, control: str) -> Answer:
    """PATCH /security/secureScoreControlProfiles/{id}: the history grows; the score itself moves another day.

    Refused without `vendorInformation`. With `Prefer: return=representation` the control comes back.
    """
    profile = _find(situation, control)
    body = request.json_object()
    vendor = body.get("vendorInformation")
    if not isinstance(vendor, dict) or not vendor.get("vendor") or not vendor.get("provider"):
        raise _bad("vendorInformation with vendor and provider is required.")
    if set(body) - set(_CHANGEABLE):
        raise _bad("The request names a property that cannot be changed.")
    known = {state.lower(): state for state in STATES}
    state = known.get(str(body.get("state", "Default")).lower())
    if state is None:
        raise _bad(f"The state '{body.get('state')}' is not known.")
    said = {
        "assignedTo": body.get("assignedTo") or None,
        "comment": body.get("comment") or None,
        "state": state,
        "updatedBy": situation.operator.upn,
        "updatedDateTime": stamp(situation.now),
    }
    situation.state["control_updates"].setdefault(profile["id"], []).append(said)
    situation.changed()
    if "return=representation" in request.headers.get("prefer", "").replace(" ", "").lower():
        return Answer(200, _context(situation, version) | _as_it_is(profile, situation))
    return Answer(204)


def _find(situation: Situation, control: str) -> Record:
    for profile in situation.scenario.control_profiles:
        if profile["id"].lower() == control.lower():
            return profile
    raise Refused(404, "ResourceNotFound", f"The control '{control}' was not found.")


def _as_it_is(profile: Record, situation: Situation) -> Record:
    more = situation.state["control_updates"].get(profile["id"], [])
    return profile | {"controlStateUpdates": [*profile["controlStateUpdates"], *more]}


def _context(situation: Situation, version: str) -> Record:
    return {"@odata.context": f"{situation.base}/{version}/$metadata#{_PROFILES}/$entity"}


def _bad(text: str) -> Refused:
    return Refused(400, "BadRequest", text)
