"""The intruder who comes back: with what he still has he gets tokens, and with a live token he undoes the clean-up.

His doors, in the order in which he tries them: the stolen session (until sessions are revoked or the password is new),
the device he registered (outlives both, until it is disabled), the password with his own authenticator, and a reset of
the password by himself (with his authenticator and his mail address for recovery). An account that is blocked shuts
all of them. An access token lives 60 to 90 minutes; with continuous access evaluation it ends at once when the account
is blocked, the password is new, sessions are revoked or the user is confirmed compromised.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from toolkit.practice.directory_methods import kind_of
from toolkit.practice.intruder_acts import his_devices, his_methods, next_act
from toolkit.practice.intrusion import SESSION
from toolkit.practice.last_hour import RECOVERY_MAIL
from toolkit.practice.names import Draw, Record, utc
from toolkit.practice.people import people, places
from toolkit.practice.signin_records import apps, sign_in, stamp
from toolkit.practice.tenant_state import Situation

FIRST_SESSION = utc("2026-09-16 07:52:40")
_PAUSE = (120, 360)
"""Seconds between two moves of his, at least and at most."""
_GIVES_UP_FOR = timedelta(minutes=30)


def comes_back(state: Record, now: datetime, *, seed: int | str, continuous_access: bool) -> None:
    """From now on he acts. His access token is some minutes old."""
    user = state["users"][people()["victim"].id]
    draw = Draw(f"intruder {seed}")
    issued = now - timedelta(minutes=draw.number(5, 35, "issued"))
    state["intruder"] = {
        "seed": str(seed),
        "continuous_access": continuous_access,
        "password_of": user["lastPasswordChangeDateTime"],
        "session_from": FIRST_SESSION.isoformat(),
        "token": {"issued": issued.isoformat(), "until": (issued + _lifetime(draw, 0)).isoformat(), "door": "session"},
        "step": 0,
        "next": (now + timedelta(seconds=draw.number(*_PAUSE, "first"))).isoformat(),
        "last_error": 0,
        "acts": [],
    }


def moves(situation: Situation) -> list[Record]:
    """Lets him do what he would have done up to now; returns his acts, the vain ones among them."""
    his = situation.state.get("intruder")
    done: list[Record] = []
    while his and datetime.fromisoformat(his["next"]) <= situation.now:
        moment = datetime.fromisoformat(his["next"])
        draw = Draw(f"intruder {his['seed']}")
        his["step"] += 1
        act = _move(dataclasses.replace(situation, now=moment), his, draw)
        pause = timedelta(seconds=draw.number(*_PAUSE, his["step"]))
        his["next"] = (moment + (pause if _token_lives(situation.state, his, moment) else _GIVES_UP_FOR)).isoformat()
        if act:
            done.append({"time": stamp(moment)} | act)
    if his:
        his["acts"] += done
    return done


def _move(situation: Situation, his: Record, draw: Draw) -> Record | None:
    state, moment = situation.state, situation.now
    if not _token_lives(state, his, moment):
        door, error = _open_door(state, his)
        _leave_sign_in(situation, his, door, error)
        if error:
            repeated, his["last_error"] = his["last_error"] == error, error
            return None if repeated else {"door": "", "act": "is refused", "error": error}
        his["last_error"] = 0
        if door == "self-service reset":
            user = state["users"][people()["victim"].id]
            his["password_of"] = user["lastPasswordChangeDateTime"] = stamp(moment)
            situation.changed()
        if door != "session":
            his["session_from"] = moment.isoformat()
        until = moment + _lifetime(draw, his["step"])
        his["token"] = {"issued": moment.isoformat(), "until": until.isoformat(), "door": door}
        return {"door": door, "act": "gets a token", "error": 0}
    what = next_act(situation, his)
    return {"door": his["token"]["door"], "act": what, "error": 0} if what else None


def _token_lives(state: Record, his: Record, moment: datetime) -> bool:
    token = his["token"]
    if moment >= datetime.fromisoformat(token["until"]):
        return False
    if not his["continuous_access"]:
        return True
    user = state["users"].get(people()["victim"].id)
    if user is None or not user["accountEnabled"]:
        return False
    issued = datetime.fromisoformat(token["issued"])
    risk = state["risky_users"].get(user["id"], {})
    events = [user["lastPasswordChangeDateTime"], user["signInSessionsValidFromDateTime"]]
    if risk.get("riskState") == "confirmedCompromised":
        events.append(risk["riskLastUpdatedDateTime"])
    return all(datetime.fromisoformat(event) <= issued for event in events)


def _open_door(state: Record, his: Record) -> tuple[str, int]:
    """The first door that opens, or the error by which Entra shuts them all."""
    user = state["users"].get(people()["victim"].id)
    if user is None:
        return "", 50034
    if not user["accountEnabled"]:
        return "", 50057
    session = datetime.fromisoformat(his["session_from"])
    ends = (user["lastPasswordChangeDateTime"], user["signInSessionsValidFromDateTime"])
    if all(datetime.fromisoformat(end) <= session for end in ends):
        return "session", 0
    devices = his_devices(state)
    if any(device["accountEnabled"] for device in devices):
        return "device", 0
    methods = his_methods(state)
    if his["password_of"] == user["lastPasswordChangeDateTime"]:
        return ("password", 0) if methods else ("", 50074)
    everything = state["authentication_methods"][user["id"]]
    recovery = any(kind_of(m) == "email" and m["emailAddress"] == RECOVERY_MAIL for m in everything)
    if recovery and methods:
        return "self-service reset", 0
    return "", 135011 if devices else 50126


def _leave_sign_in(situation: Situation, his: Record, door: str, error: int) -> None:
    """A sign-in record, which arrives at once here; failures that repeat themselves leave one each."""
    place, victim = places()["reuse"], people()["victim"]
    fresh = door in ("password", "self-service reset") or error in (50126, 50074)
    record = sign_in(
        victim,
        situation.now,
        place,
        apps()["outlook_web"],
        key=f"intruder/{his['seed']}/{his['step']}",
        session=SESSION if door == "session" else f"{his['step']:08d}{SESSION[8:]}",
        interactive=fresh,
        error=error,
        mfa="push" if fresh else "claim",
        foreign_device=True,
    )
    if door == "device":
        used = next(device for device in his_devices(situation.state) if device["accountEnabled"])
        record["incomingTokenType"] = "primaryRefreshToken"
        detail = {"deviceId": used["deviceId"], "displayName": used["displayName"], "trustType": "Azure AD registered"}
        record["deviceDetail"] |= detail
    situation.state["sign_ins"].insert(0, record)


def _lifetime(draw: Draw, step: int) -> timedelta:
    return timedelta(minutes=draw.number(60, 90, "lifetime", step))
