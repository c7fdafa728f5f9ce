"""What happened on one axis: sign-ins, audit records and risk detections as events in lanes by kind of activity.

Many events are counted in bars, few are shown as points: a million points are a solid block whatever they cost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
    "Risk that Entra noticed": (),
    "Other": (),
}
FEW = 1500  # events; up to here each is shown as a point, above bars tell more
BARS = 160
_MINUTES = (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7 * 1440, 14 * 1440, 30 * 1440, 120 * 1440, 360 * 1440)
WIDTHS = (*(timedelta(seconds=s) for s in (1, 5, 15)), *(timedelta(minutes=m) for m in _MINUTES))
SEARCHED = ("time", "lane", "user", "what", "detail", "ip_address", "country")
_numbers = itertools.count(1)


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
    risk = case.table("risk")
    noticed = risk.filter(risk.row_id == risk.record_id).select(
        time=ibis.coalesce(risk.time, risk.detected),
        lane=ibis.literal("Risk that Entra noticed"),
        user=ibis.coalesce(risk.user_principal_name, risk.user_id).lower(),
        what=ibis.literal("risk noticed: ") + ibis.coalesce(risk.risk_event_type, "type not told"),
        detail=ibis.literal("level ")
        + ibis.coalesce(risk.risk_level, "not told")
        + ibis.coalesce(ibis.literal(", ") + risk.risk_state, ""),
        ip_address=risk.ip_address,
        country=risk.country,
        row_id=risk.row_id,
        table=ibis.literal("risk"),
    )
    return entries.union(acts, noticed)


class Events:
    """The events of these users (all without), as they were when this was made: quick to count again and again.

    Any thread of the case may use it. `first` and `last` are the times (UTC) of the first and last event, None if
    there is none; `lanes` those that have events; `total` counts events with a time, `undated` those without one.
    """

    def __init__(self, case: Case, users: Iterable[str] | None = None) -> None:
        self.case = case
        self.users = None if users is None else sorted({u.lower() for u in users})
        self._counted = f"timeline_{next(_numbers)}"
        lanes = engine.name("lane")
        names = ", ".join(engine.text(lane) for lane in LANES)
        # Only what counting needs, so that a million events are a few megabytes and a zoom is a moment.
        case.connection().execute(
            f"""CREATE TABLE {self._counted} AS
            SELECT epoch_ms(time) AS ms, {lanes}::ENUM ({names}) AS lane FROM ({self._sql()})"""
        )
        found = self._ask("SELECT min(ms), max(ms), count(ms), count(*) - count(ms)")[0]
        self.first, self.last = _moment(found[0]), _moment(found[1])
        self.total, self.undated = int(found[2]), int(found[3])
        present = {row[0] for row in self._ask("SELECT DISTINCT lane::VARCHAR", "WHERE ms IS NOT NULL")}
        self.lanes = [lane for lane in LANES if lane in present]

    def window(self, start: datetime | None = None, end: datetime | None = None, few: int = FEW) -> Timeline | None:
        """What is from `start` to before `end` (with zone; else all of it); None if that holds no event."""
        within = f"WHERE {_within(start, end)}"
        low, high, total = self._ask("SELECT min(ms), max(ms), count(*)", within)[0]
        if not total:
            return None
        begins = start or _moment(low) or datetime.min.replace(tzinfo=UTC)
        ends = end or (_moment(high) or begins) + timedelta(milliseconds=1)
        width = next((w for w in WIDTHS if (ends - begins) / w <= BARS), WIDTHS[-1])
        ms = width // timedelta(milliseconds=1)
        counted = self._ask(
            f"SELECT lane::VARCHAR, ms // {ms} * {ms} AS bar, count(*)", f"{within} GROUP BY ALL ORDER BY 2, 1"
        )
        bars = pd.DataFrame(counted, columns=["lane", "time", "count"])
        bars["time"] = pd.to_datetime(bars.time, unit="ms", utc=True)
        points = self.rows(start, end, limit=few) if total <= few else None
        return Timeline(begins, ends, int(total), self.undated, width, bars, points)

    def rows(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        lanes: Iterable[str] | None = None,
        *,
        search: str = "",
        by: str = "time",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> pd.DataFrame:
        """Events of the window one a row, columns as `events`; `search` keeps those with that text in any column."""
        order = f"{engine.name(by)} {'DESC' if descending else 'ASC'} NULLS LAST, time, row_id"
        wanted, values = self._chosen(start, end, lanes, search)
        cut = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else ""
        return self.case.connection().execute(f"SELECT * FROM ({wanted}) ORDER BY {order} {cut}", values).df()

    def count(
        self, start: datetime | None, end: datetime | None, lanes: Iterable[str] | None = None, search: str = ""
    ) -> int:
        """How many events `rows` would give without a limit."""
        if not search.strip():
            return int(self._ask("SELECT count(*)", f"WHERE {_within(start, end)}{_of(lanes)}")[0][0])
        wanted, values = self._chosen(start, end, lanes, search)
        return int(engine.row(self.case.connection(), f"SELECT count(*) FROM ({wanted})", values)[0])

    def _chosen(
        self, start: datetime | None, end: datetime | None, lanes: Iterable[str] | None, search: str
    ) -> tuple[str, list[Any]]:
        conditions = [f"time IS NOT NULL{_of(lanes)}"]
        values: list[Any] = []
        for sign, moment in ((">=", start), ("<", end)):
            if moment is not None:
                conditions.append(f"time {sign} ?")
                values.append(moment)
        if search.strip():
            texts = " || ' ' || ".join(f"coalesce({engine.name(c)}::VARCHAR, '')" for c in SEARCHED)
            conditions.append(f"contains(lower({texts}), ?)")
            values.append(search.strip().lower())
        return f"SELECT * FROM ({self._sql()}) WHERE {' AND '.join(conditions)}", values

    def _ask(self, select: str, rest: str = "") -> list[Any]:
        return self.case.connection().execute(f"{select} FROM {self._counted} {rest}").fetchall()

    def _sql(self) -> str:
        chosen = events(self.case)
        if self.users is not None:
            chosen = chosen.filter(chosen.user.isin(self.users))
        return str(ibis.to_sql(chosen, dialect="duckdb"))


def timeline(
    case: Case,
    users: Iterable[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    few: int = FEW,
) -> Timeline | None:
    """The events of these users (all without) from `start` to before `end` (with zone); None if there are none."""
    return Events(case, users).window(start, end, few)


def _within(start: datetime | None, end: datetime | None) -> str:
    conditions = ["ms IS NOT NULL"]
    conditions += [f"ms >= {_milliseconds(start)}"] if start else []
    conditions += [f"ms < {_milliseconds(end)}"] if end else []
    return " AND ".join(conditions)


def _of(lanes: Iterable[str] | None) -> str:
    return "" if lanes is None else f" AND lane IN ({', '.join(engine.text(lane) for lane in lanes) or 'NULL'})"


def _milliseconds(moment: datetime) -> int:
    return -((datetime(1970, 1, 1, tzinfo=UTC) - moment) // timedelta(milliseconds=1))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


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
