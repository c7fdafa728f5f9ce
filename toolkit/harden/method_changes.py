"""Who registered, changed or removed a method while the intruder may have been inside: from the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.detect import Triage
from toolkit.detect.evidence import Evidence
from toolkit.detect.mfa import REGISTERED, added_by, method_added
from toolkit.detect.records import act, affected, succeeded
from toolkit.detect.words import plural, short
from toolkit.detect.words import text as said

DETECTION = "ID-01"
REMOVED = ("user deleted security info", "admin deleted security info")
NOT_CHECKED = "Changes of methods: not checked, as this case has no audit log; load it (Purview, or directory audits)."
WORDS = {
    "user deleted security info": "removed a method",
    "admin deleted security info": "an administrator removed one",
}


@dataclass(frozen=True)
class MethodChange:
    """One change: whose account, when (UTC), who did it, what, from which address; `severity` of its finding, or ""."""

    user: str
    time: datetime | None
    actor: str
    what: str
    ip_address: str
    severity: str = ""
    row_id: str = ""


@dataclass(frozen=True)
class MethodChanges:
    """What was found since `since` (UTC; None: all the log, as nothing tells when the incident began)."""

    checked: bool
    told: str
    since: datetime | None = None
    rows: list[MethodChange] = field(default_factory=list)

    def of(self, user: str) -> list[MethodChange]:
        return [row for row in self.rows if row.user == user.lower()]


def method_changes(case: Case, found: Triage) -> MethodChanges:
    """Registered, changed and removed methods, newest first, each with the finding it belongs to."""
    if not case.count("audit"):
        return MethodChanges(False, NOT_CHECKED)
    evidence = Evidence.of(case)
    frames = [method_added(evidence).execute(), _removed(evidence)]
    rows = pd.concat([frame for frame in frames if len(frame)], ignore_index=True) if any(map(len, frames)) else None
    since = found.cut
    if rows is None:
        return MethodChanges(
            True, "The audit log of this case tells of no registered, changed or removed method.", since
        )
    rows = rows.sort_values(["time", "row_id"]).drop_duplicates("act")
    if since is not None:
        rows = rows[rows.time.isna() | (rows.time >= since)]
    severities = {row: f.severity for f in found.findings if f.id == DETECTION for row in f.evidence}
    told_each = (_change(row, severities.get(row.row_id, "")) for row in rows.itertuples())
    changes = [change for change in told_each if change is not None]
    changes.sort(key=lambda c: (c.time is None, -(c.time.timestamp() if c.time else 0), c.user))
    when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "in all of the log: no severe finding tells a beginning"
    told = f"{plural(len(changes), 'change')} of methods {when}."
    return MethodChanges(True, told, since, changes)


def _removed(evidence: Evidence) -> pd.DataFrame:
    named = evidence.changes
    rows = named.filter(named.name.isin(REMOVED), succeeded(named))
    shown = rows.select(
        "row_id",
        "time",
        "name",
        "ip_address",
        user=affected(rows),
        actor=rows.user_principal_name.lower(),
        act=act(rows),
    )
    frame: pd.DataFrame = shown.execute()
    return frame


def _change(row: Any, severity: str) -> MethodChange | None:
    if row.name in REMOVED:
        what = WORDS[row.name]
    else:
        added = added_by(row)
        if row.name not in REGISTERED and not added:
            return None  # a change of the account that took a method away, told by its own record
        what = f"registered {', '.join(added)}" if added else said(row.name)
    time = None if pd.isna(row.time) else row.time.to_pydatetime()
    where = said(row.ip_address)
    return MethodChange(said(row.user), time, said(row.actor), short(what, 160), where, severity, said(row.row_id))
