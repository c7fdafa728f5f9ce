"""Auditing as a manager reads it: is it on, for whom not, what that means, and since when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit.detect.words import short
from toolkit.harden import AuditingReport, AuditRow
from toolkit.harden.audit_gaps import LOOKS_BACK, gap_lines
from toolkit.harden.audit_table import KEPT, NOT_CHECKED, OFF, ON, PARTLY, RESOURCES, mailboxes_said
from toolkit.harden.audit_turns import EVERYBODY
from toolkit.views.look import BOX_COLOURS, as_text, box, html_table

HEADINGS = {
    "check": "What",
    "scope": "For whom",
    "verdict": "Is it on?",
    "meaning": "What that means",
    "repair": "What sets it right",
    "read": "What was read",
}
COLOURS = {ON: "done", OFF: "error", PARTLY: "warning", NOT_CHECKED: "note"}
LONGEST = 600  # characters of one cell
MOST_ROWS = 200
MOST_GAPS = 30


def auditing_html(
    report: AuditingReport, mailboxes: Sequence[str] = (), *, zone: tzinfo = UTC, zone_name: str = "UTC"
) -> str:
    """The truth table, a sentence for each of `mailboxes` (those of the case), and the gaps.

    Of the mailboxes only the rows that are not as they should be are shown; the others are counted. Times in `zone`.
    """
    at = _at(zone, zone_name)
    everybody = [row for row in report.rows if row.scope == EVERYBODY]
    single = [row for row in report.rows if row.scope != EVERYBODY]
    shown = [row for row in single if row.verdict != ON or row.repair is not None]
    accounts = {row.scope for row in shown}
    well = {row.scope for row in single} - accounts
    verdicts = {row.verdict for row in report.rows if row.check not in (RESOURCES, KEPT)}
    kind = next((COLOURS[verdict] for verdict in (OFF, PARTLY, NOT_CHECKED) if verdict in verdicts), "done")
    parts = [box(report.sentence, kind, title="Is what happens in mailboxes recorded?")]
    parts += [_mailbox(report, name, at) for name in mailboxes]
    parts.append(_table(everybody, "The organisation", without=("scope",)))
    if shown:
        parts.append(_table(shown, "Mailboxes and accounts that are not as they should be"))
    if well:
        which = f"{mailboxes_said(len(well))} {'is' if len(well) == 1 else 'are'} audited as they should be"
        parts.append(f'<p class="toolkit-quiet">{escape(which)}.</p>')
    own = [report.scope_of(name) for name in mailboxes]
    told = gaps_html(report.gaps, report.log is not None, zone, zone_name, own)
    parts += ["<h3>Times without a record</h3>", told]
    return "".join(parts)


def _mailbox(report: AuditingReport, name: str, at: Callable[[Any], str]) -> str:
    """Whether one mailbox's log is to be trusted, the first words of the answer in bold."""
    head, dot, rest = report.now(name).partition(". ")
    since = short(report.since(name, at), 2 * LONGEST)
    return (
        f"<h3>{escape(short(name, 120))}</h3>"
        f"<p>Is its audit log trustworthy? <b>{escape(short(head, LONGEST))}{dot.strip()}</b> "
        f"{escape(short(rest, 2 * LONGEST))}</p>"
        f"<p>Since when? {escape(since)}</p>"
    )


def gaps_html(
    gaps: pd.DataFrame, log: bool, zone: tzinfo = UTC, zone_name: str = "UTC", accounts: Iterable[str] = ()
) -> str:
    """Rows of `harden.audit_gaps` as sentences, those of `accounts` first, then dated ones; like gaps are one line.

    `log` says whether the case has an audit log that could tell some.
    """
    if gaps.empty:
        nothing = (
            "No record here switches auditing off; that holds for the days and the accounts that were exported."
            if log
            else "Whether auditing was off at some time is not checked: this case has no audit log that would tell."
        )
        return f"<p>{escape(nothing)}</p>"
    at = _at(zone, zone_name)
    lines = gap_lines(gaps, accounts, at)
    told = "".join(
        f'<li>{escape(short(sentence, LONGEST))} <span class="toolkit-quiet">'
        f"How it is known: {escape(short(how, LONGEST))}.</span></li>"
        for sentence, how, _ in lines[:MOST_GAPS]
    )
    over = sum(number for _, _, number in lines[MOST_GAPS:])
    more = f'<p class="toolkit-quiet">… and {over:,} more.</p>' if over else ""
    return f"<ul>{told}</ul>{more}<p><b>{escape(LOOKS_BACK)}</b></p>"


def _table(rows: list[AuditRow], caption: str, without: tuple[str, ...] = ()) -> str:
    told = [
        {
            "check": f"{row.check[:1].upper()}{row.check[1:]}",
            "scope": short(row.scope, 120),
            "verdict": row.verdict,
            "meaning": short(row.meaning, LONGEST),
            "repair": short(row.repair.title, 200) if row.repair else "",
            "read": short(row.read, LONGEST),
        }
        for row in rows
    ]
    headings = {name: label for name, label in HEADINGS.items() if name not in without}
    frame = pd.DataFrame(told, columns=list(HEADINGS))
    return html_table(frame, headings=headings, caption=caption, limit=MOST_ROWS, drawn={"verdict": _verdict})


def _verdict(verdict: Any) -> str:
    """The word beside its colour."""
    colour = BOX_COLOURS[COLOURS[str(verdict)]]
    return f'<span class="toolkit-severity" style="border-left-color:{colour}">{escape(str(verdict))}</span>'


def _at(zone: tzinfo, zone_name: str) -> Callable[[Any], str]:
    return lambda time: f"{as_text(time, zone=zone)[:16]} {zone_name}"
