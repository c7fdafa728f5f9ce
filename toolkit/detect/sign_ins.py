"""Sign-ins that do not fit their user's own history of places and networks.

Source: MITRE ATT&CK T1078.004 and T1090.003.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import Detection, Judgement, Stage, lowered
from toolkit.detect.history import measured, thin
from toolkit.detect.words import CLASS_WORDS, network, place, plural
from toolkit.enrich.networks import HOW_TO

RIGHT_PASSWORD = ("success", "password_ok", "interrupt")


def new_country(evidence: Evidence) -> ir.Table:
    """SI-02: sign-ins with the right password from a country that the user's baseline does not have.

    The baseline of a country are the user's successes before its first one, and before the cut. A country that the
    owner says never to have been in is new however often it was seen.
    """
    history = evidence.successes.filter(evidence.successes.country.notnull())
    new = measured(history, evidence.successes, "country", evidence.cut)
    stays = ibis.interval(days=evidence.settings.thresholds.new_country_days)
    fresh = new.time < new.edge + stays
    if evidence.cut is not None:
        fresh = fresh | (new.first_country >= ibis.literal(evidence.cut))
    denied = ibis.literal(False)
    for user, facts in evidence.settings.owners.items():
        if facts.never_countries:
            denied = denied | ((new.user == user) & new.country.isin(sorted(facts.never_countries)))
    new = new.filter(denied | (fresh & (new.baseline_sign_ins > 0)))
    about = new.group_by("user", "country").agg(
        baseline_sign_ins=new.baseline_sign_ins.min(),
        baseline_days=new.baseline_days.min(),
        own_device=new.own_device.min(),
        from_time=new.time.min(),
        to_time=new.time.max(),
    )
    # What led to a success belongs to it: the prompt that was answered, the page that asked to stay signed in.
    near = evidence.logons.filter(evidence.logons.outcome.isin(RIGHT_PASSWORD), ~evidence.logons.microsoft)
    rows = near.inner_join(about, ["user", "country"])
    rows = rows.filter(rows.time >= rows.from_time - ibis.interval(minutes=30), rows.time <= rows.to_time)
    return rows.mutate(group=rows.country)


def judge_new_country(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    succeeded = rows[rows.outcome == "success"]
    if succeeded.empty:
        return None
    first = succeeded.iloc[0]
    settings = evidence.settings
    said = settings.owner(first.user).place(first.country, first.time.date())
    hosted = succeeded.network_class.isin(list(CLASS_WORDS)).any()
    severity = "high" if succeeded.by_claim.any() or hosted else "medium"
    summary = f"Signed in from {place(first)}{network(first)}"
    if said is False:
        return Judgement("high", summary + ", a country in which the owner says never to have been.")
    summary += ", where this user was never seen before"
    summary += ", with a sign-in that was already verified elsewhere." if succeeded.by_claim.any() else "."
    is_thin, long = thin(rows, settings.thresholds)
    severity = lowered(severity) if is_thin else severity
    summary += long
    if said:
        return Judgement("low", summary + " The owner says to have been there.")
    if succeeded.ip_address.map(settings.allowed.network).all():
        return Judgement("low", summary + " The address is on the organisation's own list.")
    devices = settings.owner(first.user).devices
    if rows.own_device.all() or (devices and succeeded.device_id.isin(devices).all()):
        return Judgement("low", summary + " The device is one the user had at home: likely travel.")
    return Judgement(severity, summary)


def hosting_network(evidence: Evidence) -> ir.Table:
    """SI-04: successes from a hosting, VPN or Tor network that the user's baseline does not have.

    `shared_by`: how many users of the tenant had the network in their baseline.
    """
    classed = evidence.successes.filter(evidence.successes.network_class.isin(list(CLASS_WORDS)))
    new = measured(classed, evidence.successes, "network", evidence.cut)
    old = evidence.successes
    if evidence.cut is not None:
        new = new.filter(new.first_network >= ibis.literal(evidence.cut))
        old = old.filter(old.time < ibis.literal(evidence.cut))
    else:
        stays = ibis.interval(days=evidence.settings.thresholds.new_country_days)
        new = new.filter(new.time < new.first_network + stays)
    shared = old.group_by("network").agg(shared_by=old.user.nunique())
    joined = new.left_join(shared, "network").drop("network_right")
    return joined.mutate(shared_by=joined.shared_by.fill_null(0), group=joined.network)


def judge_hosting(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    first = rows.iloc[0]
    settings = evidence.settings
    severity = "high" if (rows.network_class == "tor").any() else "medium"
    said = CLASS_WORDS[first.network_class]
    summary = f"Signed in from {said}, {first.organisation if isinstance(first.organisation, str) else first.network}"
    summary += f" ({place(first)}), which this user had not used before."
    is_thin, long = thin(rows, settings.thresholds)
    severity = lowered(severity) if is_thin and first.baseline_sign_ins else severity
    summary += long
    owner = settings.owner(first.user)
    if owner.network(first.ip_address, first.asn):
        return Judgement("low", summary + " The owner says it is a network of theirs.")
    if rows.ip_address.map(settings.allowed.network).all():
        return Judgement("low", summary + " The address is on the organisation's own list.")
    if first.shared_by >= settings.thresholds.shared_network_users:
        return Judgement("low", summary + f" {first.shared_by} others of the organisation had: likely its own VPN.")
    if rows.own_device.all():
        return Judgement("low", summary + " The device is one the user had before: likely a VPN on it.")
    return Judgement(severity, summary + f" {plural(len(rows), 'sign-in')} in all.")


def _no_classes(evidence: Evidence) -> str:
    return "" if evidence.network_classes else HOW_TO


DETECTIONS = (
    Detection(
        id="SI-02",
        title="Sign-in from a new country",
        technique="T1078.004",
        needs=(LOGONS,),
        innocent="The owner travelled. The same device as at home speaks for it; ask by phone.",
        source="https://attack.mitre.org/techniques/T1078/004/",
        candidates=new_country,
        judge=judge_new_country,
        stage=Stage.HISTORY,
        needs_history=True,
    ),
    Detection(
        id="SI-04",
        title="Sign-in from a hosting, VPN or Tor network",
        technique="T1090.003",
        needs=(LOGONS,),
        innocent="A company VPN, a cloud desktop, or a VPN the owner uses. Ask which, and look for others who use it.",
        source="https://attack.mitre.org/techniques/T1090/003/",
        candidates=hosting_network,
        judge=judge_hosting,
        stage=Stage.HISTORY,
        needs_history=True,
        cannot_run=_no_classes,
    ),
)
