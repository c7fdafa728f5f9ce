"""Which question the evidence of a case can answer, from when to when, and how to get what is missing."""

from __future__ import annotations

import csv
from datetime import tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit import engine, reference
from toolkit.case import Case
from toolkit.case.journal import Entry
from toolkit.collect.files import file_gaps
from toolkit.collect.ledger import PARTIAL, lines
from toolkit.collect.said import WHOLE
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.contain import readings as account_readings
from toolkit.contain.snapshot import TAKEN as OF_ACCOUNT
from toolkit.harden import audit_gaps, kept_state
from toolkit.harden import readings as organisation_readings
from toolkit.harden.state import TAKEN as OF_ORGANISATION
from toolkit.tables import TABLES
from toolkit.views.hardening_auditing import gaps_html
from toolkit.views.look import as_text, html_table

ONCE = {
    **dict.fromkeys(("inbox_rules", "mailboxes", "tenant_settings"), "count(DISTINCT record_id)"),
    "mfa_registration": "count(DISTINCT lower(coalesce(user_id, user_principal_name)))",
}
"""How a state is counted: what was read several times is there once."""
HEADINGS = {"question": "Question", "here": "In this case", "span": "Covers", "how": "How to get it"}


def coverage(case: Case) -> pd.DataFrame:
    """One row a question: `question`, `rows`, `first`, `last` (UTC), `here`, `read`, `portal`, `command`, `kept`.

    `here` says in words what there is, "missing" only where nobody looked; `read` when the tenant was last asked for
    it (UTC), None where that was never.
    """
    with open(reference.path("evidence_sources.csv"), encoding="utf-8", newline="") as file:
        questions = list(csv.DictReader(file))
    found, asked_for = [], _asked_for(case)
    for asked in questions:
        counted = [_count(case, table, asked["operations"]) for table in asked["tables"].split(",")]
        firsts, lasts = ([c[n] for c in counted if c[n] is not None] for n in (1, 2))
        # The log covers its days even where it holds none of these records.
        log = None if any(c[0] for c in counted) or not asked["operations"] else _count(case, "audit", "")
        rows, (told, read) = sum(c[0] for c in counted), _read(asked["collected"], asked_for)
        found.append(
            {
                **{name: asked[name] for name in ("id", "question", "portal", "command", "kept")},
                "rows": rows,
                "here": _here(rows, bool(log and log[0]), told, read),
                "read": read,
                "first": min(firsts, default=log[1] if log else None),
                "last": max(lasts, default=log[2] if log else None),
            }
        )
    return pd.DataFrame(found)


def coverage_html(case: Case, zone: tzinfo, zone_name: str) -> str:
    """The same as a table: what is here, over which days, the way to what is missing, and when nothing was recorded."""
    shown = coverage(case)
    shown["span"] = [_span(row, zone, zone_name) for _, row in shown.iterrows()]
    shown["how"] = [
        f"<details><summary>{'how' if row.rows else '<b>get it</b>'}</summary><p>{escape(str(row.portal))}</p>"
        f"<p><code>{escape(str(row.command))}</code></p><p>Kept: {escape(str(row.kept))}</p></details>"
        for row in shown.itertuples()
    ]
    table = html_table(shown, headings=HEADINGS, drawn={"how": str, "here": _marked})
    own = [str(entry.fields["target"].get("user_principal_name")) for entry in case.journal.entries(OF_ACCOUNT)]
    gaps = gaps_html(audit_gaps(case, kept_state(case)), bool(case.count("audit")), zone, zone_name, own)
    return f"{table}<h3>Times without a record</h3>{gaps}"


def counted(case: Case, table: str) -> int:
    """How many things the case has in a table; where it has none, how many its snapshots and readings have.

    A rule, mailbox, setting or account that several readings show, each as it stood then, is one.
    """
    if rows := _count(case, table, "")[0]:
        return rows
    with open(reference.path("evidence_sources.csv"), encoding="utf-8", newline="") as file:
        asked = [row["collected"] for row in csv.DictReader(file) if row["tables"] == table and not row["operations"]]
    known = _asked_for(case)
    return max((_read(names, known)[0] for names in asked), default=0)


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
    found = case.sql(f"SELECT {ONCE.get(table, 'count(*)')} AS n, {times} FROM {table}{where}").iloc[0]
    first, last = (None if pd.isna(moment) else moment for moment in found.iloc[1:3])
    return int(found.n), first, last


def _asked_for(case: Case) -> dict[str, tuple[int, str]]:
    """What the tenant was asked for, by source or list: how many records it has, and when it was last asked (UTC)."""
    found: dict[str, tuple[int, str]] = {}
    latest: dict[tuple[str, str], Entry] = {}
    for kind in (OF_ACCOUNT, OF_ORGANISATION):
        for entry in case.journal.entries(kind):
            latest[kind, str(entry.fields["target"].get("object_id"))] = entry
    for entry in latest.values():
        for name, many in entry.fields["read"].items():
            before, when = found.get(name, (0, ""))
            # By the services' clock, as everything else of theirs.
            found[name] = before + int(many), max(when, str(entry.fields.get("taken") or entry.time))
    titles = {(ACCOUNT, one.title): name for name, one in account_readings.READINGS.items()}
    titles |= {(ORGANISATION, one.title): name for name, one in organisation_readings.READINGS.items()}
    for line in lines(case):
        if line.state in (*WHOLE, PARTIAL):
            state = line.source in (ACCOUNT, ORGANISATION)
            name = titles.get((line.source, line.road), "") if state else line.source
            before, when = found.get(name, (0, ""))
            # The whole lists of a state are counted by its snapshot, which may have said the same for days.
            counts = not state or line.state == PARTIAL
            found[name] = before + (line.records if counts else 0), max(when, line.pulled)
    return found


def _read(names: str, asked_for: dict[str, tuple[int, str]]) -> tuple[int, str | None]:
    """Of `names` (a;b: all of them, a|b: the first that is there) how many records, and the time of the last."""
    every = [next((asked_for[n] for n in one.split("|") if n in asked_for), None) for one in names.split(";")]
    known = [one for one in every if one]
    return sum(many for many, _ in known), max((when for _, when in known), default=None)


def _here(rows: int, log: bool, told: int, read: str | None) -> str:
    if rows:
        return f"{rows:,} records" if rows > 1 else "1 record"
    if read and told:
        return f"{told:,} read on {_minute(read)}, kept beside the tables"
    if read:
        return f"none when the tenant was asked on {_minute(read)}"
    return "none in the audit log" if log else "missing"


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _marked(text: Any) -> str:
    return f"<b>{escape(text)}</b>" if text == "missing" else escape(str(text))


def _span(row: Any, zone: tzinfo, zone_name: str) -> str:
    if row["first"] is None or pd.isna(row["first"]):
        read = row["read"]
        return (f"the state of {_minute(read)}" if read else "the state when it was exported") if row["rows"] else ""
    first, last = (as_text(row[name], zone=zone)[:16] for name in ("first", "last"))
    return f"{first} to {last} {zone_name}"
