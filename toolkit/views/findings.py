"""Findings on the screen: worst first, each opening to the rows that prove it, and what could not be looked for.

Plain HTML without a widget: it reads the same live, reopened and exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from html import escape

from toolkit.case import Case
from toolkit.detect import Finding, Triage
from toolkit.views.evidence_rows import EvidenceRows
from toolkit.views.look import as_text, box, html_table, severity

ROWS = 20


def findings_html(case: Case, found: Triage, zone: tzinfo, zone_name: str) -> str:
    """All findings and what was not run."""
    counts: dict[str, int] = {}
    for finding in found.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    said = ", ".join(f"{n} {level}" for level, n in counts.items())
    head = f"<p>{len(found.findings)} findings: {escape(said)}. Click one to see the rows that prove it.</p>"
    if not found.findings:
        head = box("Nothing was found by what could be run. That is not the same as a clean account.", "note")
    each = "".join(_finding(case, finding, zone, zone_name) for finding in found.findings)
    return head + each + _not_run({item.id: item.reason for item in found.not_run})


def _finding(case: Case, finding: Finding, zone: tzinfo, zone_name: str) -> str:
    when = _when(finding, zone, zone_name)
    who = f" · {escape(finding.user)}" if finding.user else ""
    line = f"{severity(finding.severity)} <b>{escape(finding.title)}</b>{who} · {escape(when)}"
    source = EvidenceRows(case, finding.table)
    rows = source.of(finding.evidence[:ROWS])
    more = len(finding.evidence) - len(rows)
    caption = f"{finding.count:,} row{'s' if finding.count != 1 else ''}" + (
        f", the first {len(rows)} of them" if more > 0 else ""
    )
    table = html_table(rows, headings=source.headings(zone_name), caption=caption, zone=zone, one_line=True)
    facts = [
        f"<p>{escape(finding.summary)}</p>",
        f'<p class="toolkit-quiet">Could be innocent: {escape(finding.innocent)}</p>' if finding.innocent else "",
        *(f'<p class="toolkit-quiet">{escape(note)}</p>' for note in finding.notes),
        f'<p class="toolkit-quiet">Detection {escape(finding.id)}, ATT&amp;CK {escape(finding.technique)}</p>',
    ]
    return f"<details><summary>{line}</summary>{''.join(facts)}{table}</details>"


def _when(finding: Finding, zone: tzinfo, zone_name: str) -> str:
    if finding.first is None:
        return "no time"
    first = as_text(finding.first, zone=zone)
    if finding.last is None or finding.last == finding.first:
        return f"{first} {zone_name}"
    return f"{first} to {as_text(finding.last, zone=zone)} {zone_name}"


def _not_run(reasons: Mapping[str, str]) -> str:
    if not reasons:
        return ""
    listed = "".join(f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in reasons.items())
    return f"<h3>Not looked for</h3><ul>{listed}</ul>"
