"""Sign-ins by protocols that only know a password: no second factor can stop them.

Source: MITRE ATT&CK T1078.004; Microsoft's values of clientAppUsed.
"""

from __future__ import annotations

import csv
from functools import cache

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit import reference
from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import Detection, Judgement, Stage, lowered
from toolkit.detect.words import listed, network, place, plural, text

AGENTS = ("bav2ropc", "cbainprod", "cbaintar")  # the service signs in on behalf of such a client under these names


@cache
def _clients() -> tuple[str, ...]:
    with open(reference.path("legacy_clients.csv"), encoding="utf-8", newline="") as file:
        names = [row["client_app_used"].lower() for row in csv.DictReader(file) if row["basic_auth"] == "yes"]
    return (*names, "imap", "pop")


def legacy_protocol(evidence: Evidence) -> ir.Table:
    """SI-05: successes of a client that can send no more than name and password."""
    rows = evidence.successes
    client = rows.client_app.lower().fill_null("")
    agent = rows.user_agent.lower().fill_null("")
    old = client.isin(_clients()) | client.startswith("other clients")
    for name in AGENTS:
        old = old | agent.contains(name)
    found = rows.filter(old)
    fixed = ibis.interval(days=evidence.settings.thresholds.fixed_address_days)
    end = found.time if evidence.cut is None else ibis.least(found.time, ibis.literal(evidence.cut))
    # Only the same old client makes an address one of a machine: people sit there too.
    first = found.time.min().over(ibis.window(group_by=["user", "ip_address"]))
    return found.mutate(fixed=first <= end - fixed, group=found.time.date().cast("string"))


def judge_legacy(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    first = rows.iloc[0]
    how = listed(text(c) or text(a) for c, a in zip(rows.client_app, rows.user_agent, strict=True))
    summary = (
        f"Signed in with a password alone ({how}) from {place(first)}{network(first)}: this protocol knows "
        f"no second factor. {plural(len(rows), 'sign-in')} on this day."
    )
    if rows.ip_address.map(evidence.settings.allowed.network).all():
        return Judgement("low", summary + " The address is on the organisation's own list.")
    if rows.fixed.all():
        days = evidence.settings.thresholds.fixed_address_days
        known = f" It comes from one address for {days} days and more, as printers and scanners do."
        return Judgement(lowered("high", 2), summary + known)
    return Judgement("high", summary)


DETECTIONS = (
    Detection(
        id="SI-05",
        title="Sign-in by an old protocol",
        technique="T1078.004",
        needs=(LOGONS,),
        innocent="A printer, a scanner or an old program that sends mail, always from one address.",
        source="https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication",
        candidates=legacy_protocol,
        judge=judge_legacy,
        stage=Stage.HISTORY,
    ),
)
