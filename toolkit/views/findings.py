"""Findings as plain HTML: worst first, each opening to the rows that prove it, and what could not be looked for.

Without a widget it reads the same reopened and exported; `findings_panel` is the same live, with verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.case.verdicts import Verdict, key_of, verdicts
from toolkit.detect import Finding, Triage, score
from toolkit.detect.catalogue import DETECTIONS
from toolkit.tables import TABLES
from toolkit.views.evidence_rows import EvidenceRows
from toolkit.views.look import SEVERITIES, as_text, box, html_table, prose, severity

ROWS = 20
TITLES = 3
TWINS = 60  # findings that a notebook file carries with their rows


def findings_html(case: Case, found: Triage, zone: tzinfo, zone_name: str) -> str:
    """All findings with the verdicts given."""
    given = verdicts(case)
    each = []
    for finding in found.findings[:TWINS]:
        verdict = given.get(key_of(finding.id, finding.user, finding.evidence))
        each.append(_finding(case, finding, zone, zone_name, f"{verdict.verdict} ({verdict.note})" if verdict else ""))
    return "".join(each)


def headline(found: Triage, *, clickable: bool = True, ledger: str = "") -> str:
    """How many findings there are, by severity; `ledger` is what the ledger says of what they rest on, plain text."""
    cited = f'<p class="toolkit-quiet">{prose(ledger)}</p>' if ledger else ""
    counts = {level: n for level in SEVERITIES if (n := sum(f.severity == level for f in found.findings))}
    if not found.findings:
        return box("Nothing was found by what could be run. That is not the same as a clean account.", "note") + cited
    said = ", ".join(f"{n} {level}" for level, n in counts.items())
    many = "1 finding" if len(found.findings) == 1 else f"{len(found.findings)} findings"
    click = " Click one to see the rows that prove it." if clickable else ""
    return f"<p>{many}: {escape(said)}.{click}</p>{cited}"


def not_run_html(found: Triage) -> str:
    """What could not be looked for, reasons that several detections share said once."""
    if not found.not_run:
        return ""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in found.not_run:
        by_reason[item.reason].append(escape(with_title(item.id)))
    listed = "".join(
        f'<li>{"<br>".join(names)}<br><span class="toolkit-quiet">{escape(reason)}</span></li>'
        for reason, names in by_reason.items()
    )
    return f"<h3>Not looked for</h3><ul>{listed}</ul>"


def with_title(detection: str) -> str:
    """A detection's code with its title, for people: `SI-01 Impossible travel`."""
    return f"{detection} {title_of(detection)}".rstrip()


def title_of(detection: str) -> str:
    """What the code of a detection stands for; "" for one that is not of the catalogue."""
    return next((d.title for d in DETECTIONS if d.id == detection), "")


def people(found: Triage, given: Mapping[str, Verdict]) -> pd.DataFrame:
    """Users by the points of their findings (`toolkit.detect.score`), most first; verdicts `given` count.

    Columns: `user`, `score`, `findings` (each severity, worst first, with how many), `first`, `last` (UTC), `titles`.
    """
    ranked = found.users(given)
    rows: list[dict[str, Any]] = []
    for user, points in zip(ranked.user, ranked.score, strict=True):
        own = [f for f in found.findings if f.user == user]
        rows.append(
            {
                "user": user or "no one account",
                "score": int(points),
                "findings": [(level, n) for level in SEVERITIES if (n := sum(f.severity == level for f in own))],
                "first": min((f.first for f in own if f.first), default=None),
                "last": max((f.last or f.first for f in own if f.first), default=None),
                "titles": _few(list(dict.fromkeys(f.title for f in own))),
            }
        )
    frame = pd.DataFrame(rows, columns=["user", "score", "findings", "first", "last", "titles"])
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def weight_in_words() -> str:
    """By which rule `people` ranks, with the numbers that are in use."""
    levels = [f"{points} ({level})" for level, points in score.POINTS.items()]
    return (
        "Weight orders the accounts and proves nothing: of each kind of finding the heaviest counts, and these are "
        f"added up. A finding weighs {', '.join(levels[:-1])} or {levels[-1]}; {score.INTRUDERS_PLACE} more if it was "
        f"done from an address or in a session of the intruder; {score.SECOND_FAMILY} more if the account has a "
        "finding of another family too, such as an inbox rule beside a sign-in, that was not judged the owner's; "
        f"{-score.OWNERS} less, but never below 0, if it was itself judged the owner's."
    )


def _few(titles: list[str]) -> str:
    more = f"; and {len(titles) - TITLES} more" if len(titles) > TITLES else ""
    return "; ".join(titles[:TITLES]) + more


def where_and_when(finding: Finding, zone: tzinfo, zone_name: str) -> str:
    """Whose finding it is and when, behind its title."""
    who = f"· {finding.user} " if finding.user else ""
    return f"{who}· {_when(finding, zone, zone_name)}"


def proofs(finding: Finding) -> dict[str, list[str]]:
    """The rows that prove it: table → their ids."""
    return {finding.table: finding.evidence, **finding.further}


def caption(table: str, row_ids: list[str], shown: int) -> str:
    """Of which table the rows are, how many, and how many of them are shown."""
    rows = f"{TABLES[table].title}: {len(row_ids):,} row{'s' if len(row_ids) != 1 else ''}"
    return rows + (f", the first {shown} of them." if len(row_ids) > shown else ".")


def facts(finding: Finding) -> list[str]:
    """What stands below the summary: how it could be innocent, notes, which detection it was."""
    innocent = [f"Could be innocent: {finding.innocent}"] if finding.innocent else []
    attack = f", ATT&CK {finding.technique}" if finding.technique else ""
    return [*innocent, *finding.notes, f"Detection {finding.id}{attack}"]


def _finding(case: Case, finding: Finding, zone: tzinfo, zone_name: str, verdict: str) -> str:
    line = (
        f"{severity(finding.severity)} <b>{escape(finding.title)}</b>"
        f" {escape(where_and_when(finding, zone, zone_name))}" + (f" · verdict: {escape(verdict)}" if verdict else "")
    )
    tables = []
    for table, row_ids in proofs(finding).items():
        source = EvidenceRows(case, table)
        rows = source.of(row_ids[:ROWS])
        said_of = caption(table, row_ids, len(rows))
        tables.append(html_table(rows, headings=source.headings(zone_name), caption=said_of, zone=zone, one_line=True))
    said = "".join(f'<p class="toolkit-quiet">{escape(fact)}</p>' for fact in facts(finding))
    return f"<details><summary>{line}</summary><p>{escape(finding.summary)}</p>{said}{''.join(tables)}</details>"


def _when(finding: Finding, zone: tzinfo, zone_name: str) -> str:
    if finding.first is None:
        return "no time"
    first = as_text(finding.first, zone=zone)
    if finding.last is None or finding.last == finding.first:
        return f"{first} {zone_name}"
    return f"{first} to {as_text(finding.last, zone=zone)} {zone_name}"
