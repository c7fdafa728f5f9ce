"""New ways to pass multi-factor authentication: how an intruder stays after the password is changed.

Source: MITRE ATT&CK T1556.006 and T1098.005; operation names from Microsoft's audit reference.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement, Stage, lowered
from toolkit.detect.records import act, affected, changes, detailed, succeeded
from toolkit.detect.words import listed, short

REGISTERED = (
    "user registered security info",
    "user registered all required security info",
    "user changed default security info",
    "user updated security info",
    "admin registered security info",
    "admin updated security info",
    "security info saved for self-service password reset",
    "add fido2 security key",
    "add windows hello for business credential",
    "add passwordless phone sign-in credential",
    "add platform credential",
)
STRONG = ("StrongAuthenticationMethod", "StrongAuthenticationPhoneAppDetail", "StrongAuthenticationUserDetails")
METHODS = {
    0: "text message to a phone",
    1: "text message to a second phone",
    2: "call to a phone",
    3: "authenticator app (code)",
    4: "call to an office phone",
    5: "call to a second phone",
    6: "text message",
    7: "authenticator app",
}


def method_added(evidence: Evidence) -> ir.Table:
    """ID-01: security information registered, or methods of strong authentication changed; a group a user and day."""
    named = evidence.changes
    changed = ibis.literal(False)
    for name in STRONG:
        for place in (named.modified_properties, named.target, named.additional_details):
            changed = changed | place.contains(name).fill_null(False)
    rows = named.filter(named.name.isin(REGISTERED) | ((named.name == "update user") & changed), succeeded(named))
    rows = rows.mutate(user=affected(rows), actor=rows.user_principal_name.lower())
    first = evidence.successes.group_by("user", "ip_address").agg(first_address=evidence.successes.time.min())
    rows = rows.left_join(first, ["user", "ip_address"]).drop("user_right", "ip_address_right")
    places = evidence.addresses.select("ip_address", "subnet", "network_class", "organisation")
    rows = rows.left_join(places, "ip_address").drop("ip_address_right")
    edge = rows.time - ibis.interval(days=1) if evidence.cut is None else ibis.literal(evidence.cut)
    return rows.select(
        "row_id",
        "record_id",
        "time",
        "user",
        "actor",
        "name",
        "ip_address",
        "subnet",
        "session_id",
        "modified_properties",
        "target",
        "additional_details",
        owners=(rows.first_address < edge).fill_null(False),
        act=act(rows),
        group=rows.time.date().cast("string"),
        table=ibis.literal("audit"),
    )


def judge_method(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    added = [m for row in rows.itertuples() for m in added_by(row)]
    taken = rows[~rows.name.isin(REGISTERED)]
    if len(taken) == len(rows) and not added:
        return None  # a method was removed, not added
    user = rows.user.iloc[0]
    what = f": {listed(added)}" if added else ""
    summary = f"A way to pass multi-factor authentication was added{what}."
    others = [a for a in rows.actor.dropna().unique() if a != user and "@" in a]
    if others:
        summary += f" It was done by {listed(others)}."
    first = rows.time.iloc[0].to_pydatetime()
    within = timedelta(hours=evidence.settings.thresholds.after_high_hours)
    if evidence.intruder.knows(rows).any():
        return Judgement("high", summary + " It was done from an address of the intruder.", involved=tuple(others))
    if evidence.intruder.soon_after(user, first, within):
        after = f" It followed a suspicious sign-in by less than {within.total_seconds() / 3600:.0f} hours."
        return Judgement("high", summary + after, involved=tuple(others))
    own = rows[rows.ip_address.notna()]
    if len(own) and own.owners.all() and not others:
        known = " It was done from an address the user had used before: likely a new phone."
        return Judgement(lowered("medium"), summary + known)
    return Judgement("medium", summary, involved=tuple(others))


def added_by(row: Any) -> list[str]:
    """What the change added: devices by name, methods by kind."""
    found = []
    for name, new, old in [
        *changes(row.modified_properties),
        *changes(row.target),
        *detailed(row.additional_details),
    ]:
        if name == "strongauthenticationphoneappdetail":
            before = {_device(d) for d in _list(old)}
            found += [f"authenticator app on “{short(_device(d), 40)}”" for d in _list(new) if _device(d) not in before]
        elif name == "strongauthenticationmethod":
            kinds = {_kind(d) for d in _list(new)} - {_kind(d) for d in _list(old)}
            found += [METHODS.get(kind, f"method {kind}") for kind in sorted(k for k in kinds if k is not None)]
        elif name == "strongauthenticationuserdetails" and new and new != old:
            found.append("a phone number or address for verification")
    return found


def _list(value: str) -> list[dict[str, object]]:
    try:
        data = json.loads(value) if value else []
    except ValueError:
        return []
    return [d for d in data if isinstance(d, dict)] if isinstance(data, list) else []


def _device(detail: dict[str, object]) -> str:
    return str(detail.get("DeviceName") or detail.get("DeviceToken") or detail.get("Id") or "an unnamed device")


def _kind(method: dict[str, object]) -> int | None:
    kind = method.get("MethodType")
    return kind if isinstance(kind, int) else None


DETECTIONS = (
    Detection(
        id="ID-01",
        title="Way to pass multi-factor authentication added",
        technique="T1556.006",
        needs=("audit",),
        innocent="The owner has a new phone. Ask for its model and compare it with the name in the record.",
        source="https://attack.mitre.org/techniques/T1556/006/",
        candidates=method_added,
        judge=judge_method,
        operations=(*REGISTERED, "update user"),
        stage=Stage.INTRUDER,
    ),
)
