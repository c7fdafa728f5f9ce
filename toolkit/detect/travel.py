"""Sign-ins that one person cannot have made: too far apart for the time between them.

Source: MITRE ATT&CK T1078.004. Distances on a sphere, from the sign-ins' own coordinates or country centres.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import Detection, Judgement, Stage
from toolkit.detect.history import measured
from toolkit.detect.words import network, place

EARTH_KM = 6371.0
DAY = ibis.interval(days=1)


def impossible_travel(evidence: Evidence) -> ir.Table:
    """SI-01: consecutive successes of a user that no aeroplane can join; both ends of each jump are rows.

    Interactive sign-ins; others only from addresses without an interactive one a day around.
    """
    limits = evidence.settings.thresholds
    rows = _placed(_telling(evidence), evidence)
    before = ibis.window(group_by="user", order_by=[rows.time, rows.row_id])
    rows = rows.mutate(
        from_id=rows.row_id.lag().over(before),
        from_time=rows.time.lag().over(before),
        from_country=rows.country.lag().over(before),
        from_network=rows.network.lag().over(before),
        from_latitude=rows.latitude.lag().over(before),
        from_longitude=rows.longitude.lag().over(before),
        from_centre_latitude=rows.centre_latitude.lag().over(before),
        from_centre_longitude=rows.centre_longitude.lag().over(before),
    )
    jumps = rows.filter(rows.from_id.notnull(), rows.network != rows.from_network)
    exact = jumps.latitude.notnull() & jumps.from_latitude.notnull()
    jumps = jumps.mutate(
        hours=ibis.greatest((jumps.time.epoch_seconds() - jumps.from_time.epoch_seconds()) / 3600, 1 / 3600),
        km=exact.ifelse(
            _km(jumps.from_latitude, jumps.from_longitude, jumps.latitude, jumps.longitude),
            _km(
                jumps.from_centre_latitude,
                jumps.from_centre_longitude,
                jumps.centre_latitude,
                jumps.centre_longitude,
            ),
        ),
        exact=exact,
    )
    fast = jumps.exact & (jumps.km > limits.travel_km) & (jumps.km / jumps.hours > limits.travel_kmh)
    far = (
        ~jumps.exact
        & (jumps.country != jumps.from_country)
        & (jumps.km > limits.travel_country_km)
        & (jumps.hours < limits.travel_country_hours)
        & (jumps.km / jumps.hours > limits.travel_kmh)
    )
    jumps = jumps.filter((fast | far).fill_null(False)).mutate(group=jumps.time.date().cast("string"))
    arrivals = jumps.mutate(arrives=ibis.literal(True), group=jumps.group)
    names = [*rows.columns[: rows.columns.index("centre_latitude")], "group", "arrives", "km", "hours", "from_id"]
    starts = jumps.select(start_id=jumps.from_id, group=jumps.group)
    departures = rows.inner_join(starts, rows.row_id == starts.start_id).mutate(
        arrives=ibis.literal(False), km=ibis.literal(None, "float64"), hours=ibis.literal(None, "float64")
    )
    return arrivals.select(*names).union(departures.select(*names))


def _telling(evidence: Evidence) -> ir.Table:
    """Successes that show where a person is, with whether network and device are the owner's."""
    rows = evidence.successes.filter(evidence.successes.country.notnull())
    seen = rows.filter(rows.interactive).group_by("user", "ip_address")
    around = seen.agg(earliest=rows.time.min() - DAY, latest=rows.time.max() + DAY)
    rows = rows.left_join(around, ["user", "ip_address"]).drop("user_right", "ip_address_right")
    covered = ((rows.time >= rows.earliest) & (rows.time <= rows.latest)).fill_null(False)
    rows = rows.filter(rows.interactive | ~covered).drop("earliest", "latest")
    rows = measured(rows, evidence.successes, "network", evidence.cut)
    settled = rows.time - DAY if evidence.cut is None else ibis.literal(evidence.cut)
    known = (rows.first_device < settled).fill_null(False) | rows.own_device
    return rows.mutate(owners=rows.first_network < settled, own_device=known & rows.device_id.notnull())


def _placed(rows: ir.Table, evidence: Evidence) -> ir.Table:
    """Adds the centre of each row's country."""
    return rows.left_join(evidence.centres, rows.country == evidence.centres.code).drop("code")


def _km(from_latitude: ir.Value, from_longitude: ir.Value, latitude: ir.Value, longitude: ir.Value) -> ir.FloatingValue:
    """Great-circle distance (haversine)."""
    one, two = from_latitude.radians(), latitude.radians()
    across = ((two - one) / 2).sin() ** 2 + one.cos() * two.cos() * (
        (longitude.radians() - from_longitude.radians()) / 2
    ).sin() ** 2
    return ibis.least(across, 1.0).sqrt().asin() * (2 * EARTH_KM)


def judge_travel(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    by_id = rows[~rows.arrives].drop_duplicates("row_id").set_index("row_id")
    arrivals = rows[rows.arrives]
    jump = arrivals.iloc[0]
    start = (
        by_id.loc[jump.from_id] if jump.from_id in by_id.index else arrivals[arrivals.row_id == jump.from_id].iloc[0]
    )
    minutes = jump.hours * 60
    after = f"{minutes:.0f} minutes" if minutes < 120 else f"{jump.hours:.0f} hours"
    summary = (
        f"Signed in from {place(start)}{network(start)}, and {after} later from "
        f"{place(jump)}{network(jump)}: {jump.km:,.0f} km, faster than any aeroplane."
    )
    if len(arrivals) > 1:
        summary += f" {len(arrivals)} such jumps on this day."
    owner = evidence.settings.owner(jump.user)
    allowed = rows.ip_address.map(evidence.settings.allowed.network)
    told = [owner.network(row.ip_address, row.asn) for row in rows.itertuples()]
    vouched = allowed | pd.Series(told, index=rows.index)
    if (vouched | rows.owners).all() and vouched.any():
        return Judgement("low", summary + " The network is on the owner's or the organisation's list.")
    strange = rows[~rows.owners]
    if rows.own_device.all() or (len(strange) and strange.own_device.all()):
        return Judgement("low", summary + " Both are devices the user had before: likely a VPN or a phone abroad.")
    if rows.owners.all():
        return Judgement("medium", summary + " Both networks are in the user's history.")
    classed = rows.network_class.isin(["hosting", "vpn"]).any()
    return Judgement("medium" if classed else "high", summary + (" One side may be a VPN." if classed else ""))


DETECTIONS = (
    Detection(
        id="SI-01",
        title="Impossible travel",
        technique="T1078.004",
        needs=(LOGONS,),
        innocent="A VPN, a company proxy, or a phone whose carrier leads it out in another country.",
        source="https://attack.mitre.org/techniques/T1078/004/",
        candidates=impossible_travel,
        judge=judge_travel,
        stage=Stage.HISTORY,
        seeds=True,
    ),
)
