"""Which question the evidence of a case can answer, from when to when, and how to get what is missing."""

from __future__ import annotations

import csv
from datetime import tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit import engine, reference
from toolkit.case import Case
from toolkit.collect.files import file_gaps
from toolkit.harden import audit_gaps, kept_state
from toolkit.tables import TABLES
from toolkit.views.hardening_auditing import gaps_html
from toolkit.views.look import as_text, html_table

HEADINGS = {"question": "Question", "here": "In this case", "span": "Covers", "how": "How to get it"}


def coverage(case: Case) -> pd.DataFrame:
    """One row a question: `question`, `rows` (0: missing), `first`, `last` (UTC), `portal`, `command`, `kept`."""
    with open(reference.path("evidence_sources.csv"), encoding="utf-8", newline="") as file:
        questions = list(csv.DictReader(file))
    found = []
    for asked in questions:
        counted = [_count(case, table, asked["operations"]) for table in asked["tables"].split(",")]
        firsts, lasts = ([c[n] for c in counted if c[n] is not None] for n in (1, 2))
        # The log covers its days even where it holds none of these records.
        log = None if any(c[0] for c in counted) or not asked["operations"] else _count(case, "audit", "")
        found.append(
            {
                **{name: asked[name] for name in ("id", "question", "portal", "command", "kept")},
                "rows": sum(c[0] for c in counted),
                "first": min(firsts, default=log[1] if log else None),
                "last": max(lasts, default=log[2] if log else None),
                "log": bool(log and log[0]),
            }
        )
    return pd.DataFrame(found)


def coverage_html(case: Case, zone: tzinfo, zone_name: str) -> str:
    """The same as a table: what is here, over which days, the way to what is missing, and when nothing was recorded."""
    shown = coverage(case)
    shown["here"] = [_here(int(n), log) for n, log in zip(shown.rows, shown.log, strict=True)]
    shown["span"] = [_span(row, zone, zone_name) for _, row in shown.iterrows()]
    shown["how"] = [
        f"<details><summary>{'how' if row.rows else '<b>get it</b>'}</summary><p>{escape(str(row.portal))}</p>"
        f"<p><code>{escape(str(row.command))}</code></p><p>Kept: {escape(str(row.kept))}</p></details>"
        for row in shown.itertuples()
    ]
    table = html_table(shown, headings=HEADINGS, drawn={"how": str, "here": _marked})
    gaps = gaps_html(audit_gaps(case, kept_state(case)), bool(case.count("audit")), zone, zone_name)
    return f"{table}<h3>Times without a record</h3>{gaps}"


def files_html(case: Case) -> str:
    """Files that lack records, or may, by what they tell themselves; "" where none does."""
    gaps = file_gaps(case)
    listed = "".join(f"<li>{escape(gap.file)}: {escape(gap.sentence)}</li>" for gap in gaps)
    return f"<h3>Files that lack records, or may</h3><ul>{listed}</ul>" if gaps else ""


def _count(case: Case, table: str, operations: str) -> tuple[int, Any, Any]:
    where = ""
    if operations and table == "audit":
        names = ", ".join(engine.text(name.lower()) for name in operations.split("|"))
        where = f" WHERE lower(operation) IN ({names})"
    times = "min(time), max(time)" if "time" in TABLES[table].names else "NULL, NULL"
    found = case.sql(f"SELECT count(*) AS n, {times} FROM {table}{where}").iloc[0]
    first, last = (None if pd.isna(moment) else moment for moment in found.iloc[1:3])
    return int(found.n), first, last


def _here(rows: int, log: bool) -> str:
    if rows:
        return f"{rows:,} records" if rows > 1 else "1 record"
    return "none in the audit log" if log else "missing"


def _marked(text: Any) -> str:
    return f"<b>{escape(text)}</b>" if text == "missing" else escape(str(text))


def _span(row: Any, zone: tzinfo, zone_name: str) -> str:
    if row["first"] is None or pd.isna(row["first"]):
        return "the state when it was exported" if row["rows"] else ""
    first, last = (as_text(row[name], zone=zone)[:16] for name in ("first", "last"))
    return f"{first} to {last} {zone_name}"
