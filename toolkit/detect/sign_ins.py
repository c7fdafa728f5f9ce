"""Sign-ins that do not fit their user's own history.

Source: MITRE ATT&CK T1078.004.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement, lowered
from toolkit.enrich.addresses import MICROSOFT_ASNS

STAY = ibis.interval(days=7)  # a country that was new stays worth showing for so long
THIN_SIGN_INS, THIN_DAYS = 10, 5
BY_CLAIM = "satisfied by claim in the token"


def successes(evidence: Evidence) -> ir.Table:
    """Successful sign-ins of people with a known country, not from Microsoft's own networks."""
    signins = evidence.signins.filter(
        evidence.signins.error_code == 0,
        evidence.signins.user_principal_name.notnull(),
        evidence.signins.time.notnull(),
        evidence.signins.row_id == evidence.signins.record_id,  # records that contradict each other count once
    )
    places = evidence.addresses.select("ip_address", place="country", asn="asn", organisation="organisation")
    joined = signins.left_join(places, "ip_address")
    ours = joined.filter(~joined.asn.fill_null(0).isin(MICROSOFT_ASNS))
    claimed = ours.status_details.fill_null("") + ours.authentication_details.fill_null("")
    return ours.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "device_id",
        "city",
        "asn",
        "organisation",
        "app_display_name",
        by_claim=claimed.contains(BY_CLAIM),
        country=ibis.coalesce(ours.country, ours.place),
        user=ours.user_principal_name.lower(),
        table=ibis.literal("signins"),
    ).filter(lambda t: t.country.notnull())


def new_country(evidence: Evidence) -> ir.Table:
    """SI-02: successes from a country that the user's baseline does not have.

    The baseline of a country are the user's successes before its first one, and before the cut. What follows
    carries with it how good that baseline is (`baseline_sign_ins`, `baseline_days`) and whether the device was in
    it (`known_device`).
    """
    rows = successes(evidence)
    by_country = ibis.window(group_by=["user", "country"])
    first = rows.mutate(edge=rows.time.min().over(by_country))
    after_cut = ibis.literal(False)
    if evidence.cut is not None:
        cut = ibis.literal(evidence.cut)
        after_cut = first.edge >= cut
        first = first.mutate(edge=ibis.least(first.edge, cut))
    candidates = first.filter(after_cut | (first.time < first.edge + STAY))
    history = rows.select("user", then="time", then_device="device_id")
    pairs = candidates.select("row_id", "user", "edge", "device_id").left_join(
        history, [candidates.user == history.user, history.then < candidates.edge]
    )
    same = (pairs.then_device == pairs.device_id) & (pairs.device_id.fill_null("") != "")
    baseline = pairs.group_by("row_id").agg(
        baseline_sign_ins=pairs.then.count(),
        baseline_days=pairs.then.truncate("D").nunique(),
        known_device=same.fill_null(False).any(),
    )
    joined = candidates.join(baseline, "row_id")
    return joined.filter(joined.baseline_sign_ins > 0).mutate(group=joined.country)


def judge_new_country(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    first = rows.iloc[0]
    severity = "high" if rows.by_claim.any() else "medium"
    network = f" ({first.organisation})" if isinstance(first.organisation, str) else ""
    city = f"{first.city}, " if isinstance(first.city, str) else ""
    summary = f"Signed in from {city}{first.country}{network}, where this user was never seen before"
    summary += ", with a sign-in that was already verified elsewhere." if severity == "high" else "."
    if first.baseline_sign_ins < THIN_SIGN_INS or first.baseline_days < THIN_DAYS:
        severity = lowered(severity)
        summary += f" The history is thin: {first.baseline_sign_ins} sign-ins on {first.baseline_days} days."
    else:
        summary += f" The history has {first.baseline_sign_ins} sign-ins on {first.baseline_days} days."
    if rows.known_device.all():
        return Judgement("low", summary + " The device is one the user had at home: likely travel.")
    return Judgement(severity, summary)


DETECTIONS = (
    Detection(
        id="SI-02",
        title="Sign-in from a new country",
        technique="T1078.004",
        needs=("signins",),
        innocent="The owner travelled. The same device as at home speaks for it; ask by phone.",
        source="https://attack.mitre.org/techniques/T1078/004/",
        candidates=new_country,
        judge=judge_new_country,
        baseline=True,
    ),
)
