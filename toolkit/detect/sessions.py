"""One session in several places: what a stolen token looks like.

Source: MITRE ATT&CK T1539 and T1550.004.
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import Detection, Judgement, Stage
from toolkit.detect.words import CLASS_WORDS, listed, network, place, plural, text
from toolkit.enrich.addresses import MICROSOFT_ASNS

NOBODY = "00000000-0000-0000-0000-000000000000"
_COLUMNS = (
    "row_id",
    "record_id",
    "time",
    "user",
    "ip_address",
    "session_id",
    "table",
    "device_id",
    "system",
    "browser",
)
_PLACE = ("city", "country", "asn", "organisation", "network_class", "network", "subnet")


def session_in_places(evidence: Evidence) -> ir.Table:
    """TK-01: sessions seen in two countries, in a hosting or new network besides another, or on two systems."""
    rows = _rows(evidence)
    rows = rows.left_join(_known(evidence), ["user", "network"]).drop("user_right", "network_right")
    edge = rows.time.min().over(ibis.window(group_by=["user", "session_id"])) - ibis.interval(days=1)
    if evidence.cut is not None:
        edge = ibis.least(edge, ibis.literal(evidence.cut))
    rows = rows.mutate(owners=(rows.first_network < edge).fill_null(False), classed=rows.network_class.isin(_CLASSES))
    devices = evidence.successes.filter(evidence.successes.device_id.notnull())
    seen = devices.group_by("user", "device_id").agg(
        first_device=devices.time.min(), introduced=devices.introduced.max()
    )
    rows = rows.left_join(seen, ["user", "device_id"]).drop("user_right", "device_id_right")
    rows = rows.mutate(own_device=((rows.first_device < edge) | rows.introduced).fill_null(False))
    per = rows.group_by("user", "session_id").agg(
        countries=rows.country.nunique(),
        networks=rows.network.nunique(),
        systems=rows.system.nunique(),
        browsers=rows.browser.nunique(),
        classed=rows.classed.max(),
        strange=(~rows.owners).max(),
        usual=rows.owners.max(),
    )
    two = per.networks >= 2
    told = per.filter(
        (two & ((per.countries >= 2) | per.classed | (per.strange & per.usual)))
        | (per.systems >= 2)
        | (two & (per.browsers >= 2))
    )
    return rows.semi_join(told, ["user", "session_id"]).mutate(group=rows.session_id)


_CLASSES = tuple(CLASS_WORDS)


def _rows(evidence: Evidence) -> ir.Table:
    """Sign-ins and audit records that name session and address, with their places."""
    entries = evidence.logons.filter(evidence.logons.session_id.notnull(), evidence.logons.session_id != NOBODY)
    names = ["entry", *_COLUMNS, *_PLACE]
    entries = entries.filter(~entries.microsoft, entries.ip_address.notnull())
    entries = entries.mutate(entry=ibis.literal(True)).select(*names)
    audit = evidence.audit
    acts = audit.filter(
        ~audit.operation.lower().isin(["userloggedin", "userloginfailed"]),
        audit.session_id.nullif("").notnull(),
        audit.session_id != NOBODY,
        audit.ip_address.notnull(),
        audit.user_principal_name.notnull(),
        audit.row_id == audit.record_id,
    )
    # Only sessions that sign-ins know: Exchange writes ids of its own for connections that are none.
    acts = acts.semi_join(entries, "session_id")
    acts = acts.left_join(evidence.addresses, "ip_address").drop("ip_address_right")
    acts = acts.filter(
        ~acts.asn.fill_null(0).isin(MICROSOFT_ASNS),
        acts.asn.notnull() | acts.country.notnull(),  # an address of nowhere is not another place
    )
    nothing = ibis.literal(None, "string")
    acts = acts.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "session_id",
        "country",
        "asn",
        "organisation",
        "network_class",
        "subnet",
        user=acts.user_principal_name.lower(),
        table=ibis.literal("audit"),
        entry=ibis.literal(False),
        device_id=nothing,
        system=nothing,
        browser=nothing,
        city=nothing,
        network=ibis.coalesce(ibis.literal("AS") + acts.asn.cast("string"), acts.subnet, acts.ip_address),
    )
    return entries.union(acts.select(*names))


def _known(evidence: Evidence) -> ir.Table:
    """When each user first succeeded from, or worked in, a network."""
    entries = evidence.successes.select("user", "network", "time")
    audit = evidence.audit
    acts = audit.filter(audit.ip_address.notnull(), audit.operation.lower() != "userloginfailed")
    acts = acts.group_by(user=acts.user_principal_name.lower(), ip_address=acts.ip_address).agg(time=acts.time.min())
    placed = acts.inner_join(evidence.addresses, "ip_address")
    network = ibis.coalesce(ibis.literal("AS") + placed.asn.cast("string"), placed.subnet, placed.ip_address)
    both = entries.union(placed.select("user", "time", network=network).select("user", "network", "time"))
    return both.group_by("user", "network").agg(first_network=both.time.min())


def judge_session(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    entries = rows[rows.entry]
    places = rows.drop_duplicates("network")
    systems = set(rows.system.dropna())
    apart = len(places) >= 2 and rows.country.nunique() >= 2
    # A tablet that asks for desktop pages says to be a Mac.
    two_systems = len(systems) >= 2 and systems != {"iOS", "macOS"}
    strange = places[~places.owners.astype(bool)]
    if not (apart or two_systems or len(places) >= 2):
        return None
    said = listed((f"{place(row)}{network(row)}" for row in places.itertuples()), 4)
    summary = f"One sign-in session was used from {plural(len(places), 'network')}: {said}"
    summary += f", on {listed(sorted(systems))}." if two_systems else "."
    summary += f" {plural(len(entries), 'sign-in')}"
    others = len(rows) - len(entries)
    summary += f" and {plural(others, 'further act')} carry it." if others else " carry it."
    owner = evidence.settings.owner(rows.user.iloc[0])
    every: list[Any] = list(rows.itertuples())
    fine = [
        bool(row.owners)
        or owner.place(row.country, row.time.date())
        or owner.network(row.ip_address, row.asn)
        or evidence.settings.allowed.network(row.ip_address)
        for row in every
    ]
    if all(fine) and not two_systems:
        return Judgement("low", summary + " All of the networks are the user's own or vouched for.")
    away = entries[~entries.owners.astype(bool)]
    own = len(away) and away.own_device.all() and entries.device_id.notna().all()
    same_browser = set(away.browser.dropna()) <= set(entries[entries.owners.astype(bool)].browser.dropna())
    hidden = strange.network_class.isin(["hosting", "tor"]).any()
    if not two_systems and own:
        if not apart and not strange.network_class.isin(_CLASSES).any():
            return None  # one computer that moved between the networks of a town
        why = " It is the device the user had before: likely a trip or a VPN; a session stolen from that very device"
        like = hidden and not same_browser
        return Judgement("medium" if like else "low", summary + why + " would look the same.")
    if apart or two_systems or hidden or strange.network_class.map(text).eq("vpn").any():
        return Judgement("high", summary)
    return Judgement("medium", summary + " All of it is in one country: it may be another network of the owner.")


DETECTIONS = (
    Detection(
        id="TK-01",
        title="One session in several places",
        technique="T1539",
        needs=(LOGONS,),
        innocent="A VPN that takes part of the traffic, a phone between carrier and house, a privacy relay.",
        source="https://attack.mitre.org/techniques/T1539/",
        candidates=session_in_places,
        judge=judge_session,
        stage=Stage.HISTORY,
        seeds=True,
    ),
)
