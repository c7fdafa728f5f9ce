"""Indicators: addresses, sessions, apps, rules and forward targets seen in what the findings rest on."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from toolkit import engine
from toolkit.case import Case
from toolkit.detect import Finding
from toolkit.tables import TABLES

# kind → table → columns that hold it
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "address": {"signins": ("ip_address",), "audit": ("ip_address",)},
    "session": {"signins": ("session_id",), "audit": ("session_id",)},
    "app": {"signins": ("app_id",), "audit": ("app_id",)},
    "user agent": {"signins": ("user_agent",), "audit": ("user_agent",)},
    "inbox rule": {"audit": ("rule_name",), "inbox_rules": ("rule_name",)},
    "forward target": {
        "audit": ("rule_forward_to", "forwarding_smtp_address", "forwarding_address"),
        "inbox_rules": ("forward_to",),
        "mailboxes": ("forwarding_smtp_address", "forwarding_address"),
    },
}
COLUMNS = ["kind", "value", "first", "last", "events", "users", "findings"]


def indicators(case: Case, findings: Iterable[Finding]) -> pd.DataFrame:
    """What the rows behind these findings name, and when the whole case saw it first and last (UTC).

    Columns: `kind`, `value`, `first`, `last`, `events` (rows of the case with it), `users` (how many), `findings`
    (ids of the detections whose rows name it). An address or app that the owner uses too is listed as well.
    """
    named: dict[tuple[str, str], set[str]] = {}
    for finding in findings:
        for kind, tables in KINDS.items():
            for value in _values(case, finding, tables.get(finding.table, ())):
                named.setdefault((kind, value), set()).add(finding.id)
    rows = []
    for kind in KINDS:
        values = [value for k, value in named if k == kind]
        seen = _seen(case, KINDS[kind], values) if values else {}
        rows += [
            (kind, value, *seen.get(value, (None, None, 0, 0)), ", ".join(sorted(named[kind, value])))
            for value in values
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _values(case: Case, finding: Finding, columns: tuple[str, ...]) -> list[str]:
    known = [c for c in columns if c in TABLES[finding.table].names]
    if not known or not finding.evidence:
        return []
    marks = ", ".join("?" * len(finding.evidence))
    parts = [f"SELECT {c} AS value FROM {finding.table} WHERE row_id IN ({marks})" for c in known]
    query = f"SELECT DISTINCT value FROM ({' UNION ALL '.join(parts)}) WHERE value <> '' ORDER BY value"
    found = case.connection().execute(query, finding.evidence * len(known)).fetchall()
    return [row[0] for row in found]


def _seen(case: Case, tables: dict[str, tuple[str, ...]], values: list[str]) -> dict[str, tuple[object, ...]]:
    parts = []
    for table, columns in tables.items():
        names = TABLES[table].names
        time = "time" if "time" in names else "NULL::TIMESTAMPTZ"
        user = next((n for n in ("user_principal_name", "mailbox") if n in names), "NULL")
        parts += [
            f"SELECT {c} AS value, {time} AS time, lower({user}) AS who FROM {table}" for c in columns if c in names
        ]
    marks = ", ".join(engine.text(value) for value in values)
    frame = case.sql(
        f"SELECT value, min(time) AS first, max(time) AS last, count(*) AS n, count(DISTINCT who) AS users"
        f" FROM ({' UNION ALL '.join(parts)}) WHERE value IN ({marks}) GROUP BY value"
    )
    return {str(value): tuple(rest) for value, *rest in frame.itertuples(index=False, name=None)}
