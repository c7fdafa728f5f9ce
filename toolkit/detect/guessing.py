"""Passwords guessed until one was right.

Source: MITRE ATT&CK T1110; codes by `reference/signin_error_groups.csv`.
"""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import Detection, Judgement, Stage, lowered
from toolkit.detect.words import network, place, plural

WRONG = ("bad_password", "lockout")
RIGHT = ("success", "password_ok")


def failures_then_success(evidence: Evidence) -> ir.Table:
    """SI-09: a burst of wrong passwords, then the right one from the same address, subnet, or network and client.

    One group for each day of a success; the burst's rows come with it. `owners`: the address had been the user's.
    """
    limits = evidence.settings.thresholds
    tries = evidence.logons.filter(evidence.logons.outcome.isin(WRONG), evidence.logons.ip_address.notnull())
    often = tries.group_by("user").agg(n=tries.count())
    tries = tries.semi_join(often.filter(often.n >= limits.guesses), "user")
    wrong = _contexts(tries)
    seconds = limits.guess_minutes * 60
    burst = ibis.range_window(group_by=["user", "context"], order_by=wrong.at, preceding=seconds, following=0)
    wrong = wrong.mutate(so_many=wrong.count().over(burst))
    full = wrong.filter(wrong.so_many >= limits.guesses).select(
        "user", "context", full_at=wrong.at, so_many=wrong.so_many
    )
    entries = evidence.logons.filter(evidence.logons.outcome.isin(RIGHT), evidence.logons.ip_address.notnull())
    right = _contexts(entries.semi_join(full, "user"))
    after = right.inner_join(full, ["user", "context"])
    later = after.at - after.full_at
    after = after.filter(later >= 0, later <= limits.guess_then_hours * 3600)
    hits = after.group_by("row_id", "user", "context", "at").agg(
        full_at=after.full_at.max(), guesses=after.so_many.max()
    )
    hits = hits.mutate(group=hits["at"].as_timestamp("s").date().cast("string"))
    led = wrong.inner_join(hits.select("user", "context", "group", "full_at", "guesses"), ["user", "context"])
    led = led.filter(led["at"] <= led.full_at, led["at"] >= led.full_at - seconds)
    chosen = hits.select("row_id", "group", "guesses").union(led.select("row_id", "group", "guesses"))
    chosen = chosen.group_by("row_id", "group").agg(guesses=chosen.guesses.max())
    rows = evidence.logons.inner_join(chosen, "row_id")
    known = evidence.successes
    first = known.group_by("user", "ip_address").agg(first_address=known.time.min())
    rows = rows.left_join(first, ["user", "ip_address"]).drop("user_right", "ip_address_right")
    # An address that first succeeded on the day of the guesses was not the user's before them.
    edge = rows.time - ibis.interval(days=1) if evidence.cut is None else ibis.literal(evidence.cut)
    return rows.mutate(owners=(rows.first_address < edge).fill_null(False))


def _contexts(rows: ir.Table) -> ir.Table:
    """Each row once for its address, its subnet, and its network with its client."""
    named = rows.select(
        "row_id",
        "user",
        at=rows.time.epoch_seconds(),
        address=rows.ip_address,
        subnet=rows.subnet,
        client=ibis.literal("AS") + rows.asn.cast("string") + " " + rows.user_agent,
    )
    kinds = [
        named.select("row_id", "user", "at", context=named[kind]).filter(ibis._.context.notnull())
        for kind in ("address", "subnet", "client")
    ]
    return reduce(lambda one, two: one.union(two), kinds)


def judge_failures(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    right, wrong = rows[rows.outcome.isin(RIGHT)], rows[rows.outcome.isin(WRONG)]
    first = right.iloc[0]
    got_in = (right.outcome == "success").any()
    end = "then signed in" if got_in else "then sent the right password and was stopped by a further check"
    summary = (
        f"{plural(len(wrong), 'wrong password')} from {wrong.time.iloc[0]:%Y-%m-%d %H:%M} UTC on, {end} from "
        f"{place(first)}{network(first)}."
    )
    if not got_in:
        summary += " The password is known to somebody and has to be changed."
    allowed = rows.ip_address.map(evidence.settings.allowed.network).all()
    if right.owners.all() or allowed:
        return Judgement(lowered("high"), summary + " The address had been the user's before: it may be mistyping.")
    return Judgement("high", summary)


DETECTIONS = (
    Detection(
        id="SI-09",
        title="Wrong passwords, then the right one",
        technique="T1110",
        needs=(LOGONS,),
        innocent="The owner mistyped, at home or after a change of password. Ask; look whether the device is theirs.",
        source="https://attack.mitre.org/techniques/T1110/",
        candidates=failures_then_success,
        judge=judge_failures,
        stage=Stage.HISTORY,
    ),
)
