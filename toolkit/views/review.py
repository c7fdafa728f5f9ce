"""Notebook 1: numbers, findings with the rows that prove them, sign-ins and mailbox activity to page through."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import Any

from toolkit import engine
from toolkit.case import Case
from toolkit.case.verdicts import verdicts
from toolkit.views.evidence_rows import EvidenceRows, window_from
from toolkit.views.findings import findings_html, headline, not_run_html, people, weight_in_words
from toolkit.views.findings_panel import SHOWN, FindingsPanel
from toolkit.views.handover_button import HandoverButton
from toolkit.views.ledger import behind_html, collected_sentence
from toolkit.views.look import box, figures, html_table, severity
from toolkit.views.notebook import case_from, findings_of, show, show_panel, zone_from
from toolkit.views.paged_table import PagedTable, twin
from toolkit.views.sign_in_places import sign_in_places_html

Source = Case | str | os.PathLike[str] | None
Users = str | Sequence[str] | None
PEOPLE = 25


def numbers(case: Source = None, *, users: Users = None, start: Any = None, end: Any = None) -> None:
    """Display how much there is: sign-ins (and failed ones), addresses, countries, audit records, people."""
    this = case_from(case)
    window = window_from(users, start, end)
    conditions, values = window.where()
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def ask(table: str, columns: str) -> tuple[Any, ...]:
        return engine.row(this.connection(), f"SELECT {columns} FROM {table}{where}", values)

    signins = ask(
        "signins",
        "count(*), count(*) FILTER (error_code <> 0), count(DISTINCT ip_address), count(DISTINCT nullif(country, ''))",
    )
    audit = ask("audit", "count(*), count(DISTINCT lower(user_principal_name)), count(DISTINCT operation)")
    labels = (
        *zip(("sign-ins", "of them failed", "addresses", "countries"), signins, strict=True),
        *zip(("audit records", "people and services", "kinds of operation"), audit, strict=True),
    )
    said = window.in_words()
    show(figures(labels), box(f"Shown: {said}.") if said else "", practice=this.practice)


def findings(case: Source = None, *, users: Users = None, display_time_zone: str = "UTC") -> None:
    """Display what looks like an intruder, worst first, each opening to its rows, and what was not looked for.

    All detections look at the whole case, whatever days are chosen: their baseline is the history before.
    """
    this = case_from(case)
    zone = zone_from(display_time_zone)
    wanted = window_from(users, None, None).users
    found = findings_of(this, wanted or None)
    over = len(found.findings) - SHOWN
    more = f"The {SHOWN} worst are shown; {over:,} more: set `users`, or `python -m toolkit triage`."
    show(
        headline(found, ledger=collected_sentence(this, wanted)),
        behind_html(this, found.findings, wanted or ()),
        box(more, "warning") if over > 0 else "",
        practice=this.practice,
    )
    if found.findings:
        panel = FindingsPanel(this, found.findings, zone, display_time_zone)
        show_panel(panel, findings_html(this, found, zone, display_time_zone))
    show(not_run_html(found))


def about(case: Source = None, *, users: Users = None, display_time_zone: str = "UTC") -> None:
    """Display who this is about: the users with findings, by their weight, which ranks and proves nothing."""
    this = case_from(case)
    ranked = people(findings_of(this, window_from(users, None, None).users or None), verdicts(this))
    if ranked.empty:
        show(box("No account has a finding. That says nothing of what is not in this case.", "note"))
        return
    headings = {
        "user": "User",
        "score": "Weight",
        "findings": "Findings",
        "first": "First",
        "last": "Last",
        "titles": "What was found",
    }
    zone = zone_from(display_time_zone)
    table = html_table(
        ranked,
        headings=headings,
        caption=f"Times are {display_time_zone}.",
        limit=PEOPLE,
        zone=zone,
        drawn={"findings": _counted},
    )
    show(f"<p>{escape(weight_in_words())}</p>", table)


def _counted(levels: list[tuple[str, int]]) -> str:
    lines = "<br>".join(f"{severity(level)} {n:,}" for level, n in levels)
    return f'<span style="white-space:nowrap">{lines}</span>'


def sign_ins(
    case: Source = None, *, users: Users = None, start: Any = None, end: Any = None, display_time_zone: str = "UTC"
) -> None:
    """Display the sign-ins, newest first: page, sort by a heading, search, click a row for its record."""
    _rows("signins", case, users, start, end, display_time_zone)


def mailbox_activity(
    case: Source = None, *, users: Users = None, start: Any = None, end: Any = None, display_time_zone: str = "UTC"
) -> None:
    """Display the audit log's records likewise: rules, mails opened, sent and deleted, settings changed."""
    _rows("audit", case, users, start, end, display_time_zone)


def sign_in_places(
    case: Source = None, *, users: Users = None, start: Any = None, end: Any = None, display_time_zone: str = "UTC"
) -> None:
    """Display sign-ins by country, network, application and client, each with when it was first and last seen."""
    this = case_from(case)
    if this.count("signins"):
        window = window_from(users, start, end)
        show(sign_in_places_html(this, window, zone_from(display_time_zone), display_time_zone))


def mailbox_changes(
    case: Source = None, *, users: Users = None, start: Any = None, end: Any = None, display_time_zone: str = "UTC"
) -> None:
    """Display what was changed, in words: rules, forwarding, access, sign-in methods, consents, auditing."""
    _rows("changes", case, users, start, end, display_time_zone)


def write_handover(case: Source = None, *, users: Users = None) -> None:
    """Display the button that writes the hand-over: a page for others to read, and CSV files."""
    this = case_from(case)
    wanted = window_from(users, None, None).users
    text = f'python -m toolkit handover --case "{this.folder}"'
    show_panel(HandoverButton(this, wanted or None).panel, f"<p>In a terminal: <code>{escape(text)}</code></p>")


def _rows(table: str, case: Source, users: Users, start: Any, end: Any, zone_name: str) -> None:
    this = case_from(case)
    zone = zone_from(zone_name)
    name = "sign-ins" if table == "signins" else "audit records"
    if not this.count("audit" if table == "changes" else table):
        show(box(f"There are no {name} in this case; 0-start.ipynb says where to get them.", "warning"))
        return
    source = EvidenceRows(this, table, window_from(users, start, end))
    show_panel(PagedTable(source, zone, zone_name), twin(source, zone, zone_name))
