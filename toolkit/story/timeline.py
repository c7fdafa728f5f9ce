"""What happened on one axis: sign-ins and audit records as events in lanes by kind of activity.

Many events are counted in bars, few are shown as points: a million points are a solid block whatever they cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit import engine, reference
from toolkit.case import Case

# lane → families of `reference/audit_operations.csv`; lanes from what concerns a takeover most.
LANES: dict[str, tuple[str, ...]] = {
    "Rules and forwarding": ("rule", "forwarding", "mailflow"),
    "Identity and MFA": ("identity", "mfa", "device", "role", "policy", "containment"),
    "Apps and consent": ("consent",),
    "Auditing and permissions": ("audit", "delegate", "ediscovery", "alert", "protocol"),
    "Sending": ("send", "deception"),
    "Reading and deleting mail": ("read", "item", "delete", "search"),
    "Files and sharing": ("file", "sharing", "teams", "automation"),
    "Sign-ins": ("signin",),
    "Sign-ins that failed": (),
    "Other": (),
}
FEW = 500  # events; up to here each is shown as a point, above bars tell more
BARS = 160
WIDTHS = tuple(
    timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7 * 1440, 14 * 1440, 30 * 1440)
)


@dataclass(frozen=True)
class Timeline:
    """What the window holds: `total` events, counted in `bars` or, where they are few, each in `points`.

    `bars`: `lane`, `time` (start of the bar, UTC), `count`; `width` is how long a bar is.
    `points`: `lane`, `time` (UTC), `user`, `what`, `detail`, `ip_address`, `row_id`, `table`.
    `undated`: events of these users that carry no time and can't be shown.
    """

    start: datetime
    end: datetime
    total: int
    undated: int
    width: timedelta
    bars: pd.DataFrame
    points: pd.DataFrame | None


def events(case: Case) -> ir.Table:
    """All events: `time`, `lane`, `user` (lower case), `what`, `detail`, `ip_address`, `country`, `row_id`, `table`."""
    signins = case.signins
    failed = signins.error_code.fill_null(0) != 0
    entries = signins.filter(signins.row_id == signins.record_id).select(
        "time",
        lane=failed.ifelse("Sign-ins that failed", "Sign-ins"),
        user=ibis.coalesce(signins.user_principal_name, signins.service_principal_id, signins.user_id).lower(),
        what=failed.ifelse(
            ibis.literal("sign-in failed: ") + ibis.coalesce(signins.failure_reason, "no reason given"), "signed in"
        ),
        detail=ibis.coalesce(signins.app_display_name, signins.app_id),
        ip_address=signins.ip_address,
        country=signins.country,
        row_id=signins.row_id,
        table=ibis.literal("signins"),
    )
    audit = case.audit
    kinds = _kinds(case)
    name = audit.operation.lower().re_replace(r"\.$", "")
    labelled = audit.filter(audit.row_id == audit.record_id).mutate(name=name).left_join(kinds, "name")
    other = labelled.filter(labelled.row_id.notnull())
    acts = other.select(
        "time",
        lane=(other.name == "userloginfailed").ifelse("Sign-ins that failed", ibis.coalesce(other.lane, "Other")),
        user=ibis.coalesce(other.user_principal_name, other.mailbox_owner_upn).lower(),
        what=ibis.coalesce(other.label, other.operation),
        detail=ibis.coalesce(
            other.rule_forward_to, other.rule_move_to, other.forwarding_smtp_address, other.subject, other.object_id
        ),
        ip_address=other.ip_address,
        country=ibis.literal(None, "string"),
        row_id=other.row_id,
        table=ibis.literal("audit"),
    )
    return entries.union(acts)


def timeline(
    case: Case,
    users: Iterable[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    few: int = FEW,
) -> Timeline | None:
    """The events of these users (all without) from `start` to before `end` (with zone); None if there are none."""
    chosen = events(case)
    if users is not None:
        chosen = chosen.filter(chosen.user.isin([u.lower() for u in users]))
    undated = int(chosen.filter(chosen.time.isnull()).count().execute())
    if start is not None:
        chosen = chosen.filter(chosen.time >= ibis.literal(start))
    if end is not None:
        chosen = chosen.filter(chosen.time < ibis.literal(end))
    span = chosen.agg(first=chosen.time.min(), last=chosen.time.max(), total=chosen.time.count()).execute().iloc[0]
    if not span.total:
        return None
    begins = start or span["first"].to_pydatetime()
    ends = end or span["last"].to_pydatetime()
    width = next((w for w in WIDTHS if (ends - begins) / w <= BARS), WIDTHS[-1])
    seconds = int(width.total_seconds())
    bin_start = (chosen.time.epoch_seconds() // seconds) * seconds
    counted = chosen.filter(chosen.time.notnull()).group_by("lane", bin=bin_start).agg(count=ibis._.count())
    bars = counted.order_by("bin", "lane").execute()
    bars["time"] = pd.to_datetime(bars.pop("bin"), unit="s", utc=True)
    points = None
    if span.total <= few:
        points = chosen.filter(chosen.time.notnull()).order_by("time", "row_id").execute()
    return Timeline(begins, ends, int(span.total), undated, width, bars[["lane", "time", "count"]], points)


def _kinds(case: Case) -> ir.Table:
    """`name` of an operation (lower case) → `lane` and `label`. A table, since ibis drops its own memtables when
    Python collects garbage, which may be in the middle of another query of the connection."""
    lanes = " ".join(
        f"WHEN family IN ({', '.join(engine.text(f) for f in families)}) THEN {engine.text(lane)}"
        for lane, families in LANES.items()
        if families
    )
    file = engine.text(str(reference.path("audit_operations.csv")))
    case.connection().execute(
        f"""CREATE OR REPLACE TEMP TABLE operation_kinds AS
        SELECT lower(operation) AS name, any_value(CASE {lanes} ELSE 'Other' END) AS lane, any_value(label) AS label
        FROM read_csv({file}, header = true, all_varchar = true) GROUP BY lower(operation)"""
    )
    return case.backend().table("operation_kinds")
