"""The owner's history: for each successful sign-in, when its place, network, address and device were first seen.

What lies before the cut is the owner's baseline. Without a cut, what came before a place's own first appearance is.
"""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.case import Case
from toolkit.detect.kept import kept
from toolkit.detect.settings import Thresholds

SETTLED = ibis.interval(days=1)  # a network in use for so long counts as the owner's when a device is introduced


def successes(case: Case, logons: ir.Table) -> ir.Table:
    """Successful sign-ins not made by Microsoft's own services, with what came before them.

    `first_country`, `first_network`, `first_address`, `first_device`: when the user first succeeded with each.
    `nth_country` / `days_country` (and `…_network`): sign-ins and days of the user before that first time.
    `introduced`: the device's own first sign-in came from a network that had been the owner's for a day and more.
    """
    rows = logons.filter(logons.outcome == "success", ~logons.microsoft)
    whole = ibis.window(group_by="user", order_by=[rows.time, rows.row_id])
    rows = rows.mutate(nth=ibis.row_number().over(whole), before=rows.time.lag().over(whole))
    new_day = rows.before.isnull() | (rows.before.truncate("D") != rows.time.truncate("D"))
    rows = rows.mutate(new_day=new_day.cast("int64"))
    sofar = ibis.window(group_by="user", order_by=[rows.time, rows.row_id], preceding=None, following=0)
    rows = rows.mutate(days=rows.new_day.sum().over(sofar) - rows.new_day)
    by = {name: ibis.window(group_by=["user", name]) for name in ("country", "network", "ip_address", "device_id")}
    rows = rows.mutate(
        first_country=rows.time.min().over(by["country"]),
        nth_country=rows.nth.min().over(by["country"]),
        days_country=rows.days.min().over(by["country"]),
        first_network=rows.time.min().over(by["network"]),
        nth_network=rows.nth.min().over(by["network"]),
        days_network=rows.days.min().over(by["network"]),
        first_address=rows.time.min().over(by["ip_address"]),
        first_device=rows.device_id.isnull().ifelse(None, rows.time.min().over(by["device_id"])),
    )
    settled = (rows.time == rows.first_device) & (rows.first_network < rows.time - SETTLED)
    introduced = settled.fill_null(False).cast("int8").max().over(by["device_id"]) == 1
    rows = rows.mutate(introduced=introduced & rows.device_id.notnull())
    return kept(case, "successes", rows.drop("before", "new_day", "nth", "days"))


def baselines(rows: ir.Table, cut: datetime) -> ir.Table:
    """How many sign-ins on how many days each user had before the cut."""
    old = rows.filter(rows.time < ibis.literal(cut))
    return old.group_by("user").agg(cut_sign_ins=old.count(), cut_days=old.time.truncate("D").nunique())


def measured(rows: ir.Table, history: ir.Table, what: str, cut: datetime | None) -> ir.Table:
    """Rows with how good the history is against which their `what` (country or network) is new.

    Adds `edge` (where that history ends), `baseline_sign_ins`, `baseline_days` and `own_device` (the device was in
    that history, or was introduced from a network of the owner).
    """
    first, nth, days = rows[f"first_{what}"], rows[f"nth_{what}"], rows[f"days_{what}"]
    if cut is None:
        added = rows.mutate(edge=first, baseline_sign_ins=nth, baseline_days=days)
    else:
        at = ibis.literal(cut)
        joined = rows.left_join(baselines(history, cut), "user").drop("user_right")
        later = joined[f"first_{what}"] >= at
        added = joined.mutate(
            edge=ibis.least(joined[f"first_{what}"], at),
            baseline_sign_ins=later.ifelse(joined.cut_sign_ins.fill_null(0), joined[f"nth_{what}"]),
            baseline_days=later.ifelse(joined.cut_days.fill_null(0), joined[f"days_{what}"]),
        ).drop("cut_sign_ins", "cut_days")
    return added.mutate(own_device=own_device(added))


def own_device(rows: ir.Table) -> ir.BooleanValue:
    """The row's device had signed in before the row's `edge`, or was introduced from a network of the owner."""
    return (rows.first_device < rows.edge).fill_null(False) | rows.introduced


def thin(rows: pd.DataFrame, thresholds: Thresholds) -> tuple[bool, str]:
    """Whether the history of judged rows is thin, and the sentence that says how long it is."""
    sign_ins, days = int(rows.baseline_sign_ins.min()), int(rows.baseline_days.min())
    long = f"{sign_ins} sign-in{'s' if sign_ins != 1 else ''} on {days} day{'s' if days != 1 else ''}"
    if sign_ins < thresholds.thin_sign_ins or days < thresholds.thin_days:
        return True, f" The history is thin: {long}."
    return False, f" The history has {long}."
