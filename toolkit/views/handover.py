"""The hand-over: one offline HTML page and CSV files with what was found, what was done and what was not covered."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from toolkit.case import Case
from toolkit.case.catalog import write_atomically
from toolkit.case.export import FORMULA
from toolkit.case.journal import iso
from toolkit.case.verdicts import OWNER, key_of, verdicts
from toolkit.collect.horizon import horizon
from toolkit.collect.ledger import ledger, lines
from toolkit.collect.marks import marks_of, named_marks, pivoted, touched
from toolkit.collect.said import collected_sentence, strips
from toolkit.contain.doors_known import doors_known
from toolkit.contain.ledger import Record, records
from toolkit.detect import Finding, Triage, triage
from toolkit.errors import UsageError
from toolkit.harden.roadmap import roadmap
from toolkit.story.indicators import indicators
from toolkit.story.timeline import Events
from toolkit.views import look
from toolkit.views.coverage import coverage
from toolkit.views.evidence_rows import one_line
from toolkit.views.findings import title_of
from toolkit.views.findings_panel import on_other_rows, said
from toolkit.views.ledger import behind_html, ledger_svg
from toolkit.views.timeline_svg import svg

AROUND = timedelta(days=1)
REASONS = 10  # of a source that the page names; ledger.csv has the reason of every window
MOST_EVENTS = 200_000  # rows of timeline.csv; what is beyond is said
MOST_PEOPLE = 50  # accounts named beside a mark
CELL = 2000  # characters of a cell on the page; the CSV files have all
CITING = ("findings", "not-run", "ledger")  # sections that say on what they rest
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """One part of the page: its `title`, a plain sentence `said`, and `body`, HTML that is escaped already."""

    title: str
    said: str
    body: Markup


def handover(case: Case, to: str | os.PathLike[str] | None = None, users: Iterable[str] | None = None) -> Path:
    """Write the hand-over into the folder `to` (default: `handover` in the case); returns the page's path.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = Path(to).expanduser() if to else case.folder / "handover"
    head = case.journal.head
    found = triage(case, users)
    tables = {
        "findings": _findings(case, found),
        "indicators": indicators(case, _not_the_owners(case, found)),
        "marks": _marks(case, found),
        "actions": _actions(case),
        "doors": doors_known(case, found.findings),
        "roadmap": _roadmap(case, found),
        "not-run": pd.DataFrame(
            [(n.id, title_of(n.id), n.reason) for n in found.not_run], columns=["detection", "title", "reason"]
        ),
        "coverage": coverage(case)[["question", "here", "rows", "first", "last", "command"]],
        "ledger": _ledger(case),
        "horizon": horizon(case),
        "files": _files(case),
    }
    picture, timeline, note = _timeline(case, found)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in {**tables, "timeline": timeline}.items():
            write_csv(frame, folder / f"{name}.csv")
        page = _page(case, head, tables, picture, note, found.findings)
        write_atomically(folder / "handover.html", page.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"The hand-over cannot be written to {folder}: {error.strerror or error}.") from error
    return folder / "handover.html"


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table as CSV with times in UTC; cells that a spreadsheet would run as a formula get an apostrophe."""
    with open(path, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(frame.columns)
        for row in frame.itertuples(index=False, name=None):
            writer.writerow([_defused(value) for value in row])


def _defused(value: Any) -> str:
    if value is None or (not isinstance(value, str | list) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return iso(value.to_pydatetime())
    text = str(value)
    return f"'{text}" if isinstance(value, str) and re.match(FORMULA, text) else text


def _page(
    case: Case, head: str, tables: dict[str, pd.DataFrame], picture: str, note: str, findings: Sequence[Finding]
) -> str:
    quiet = {
        "findings": "No finding by what could be run. That is not the same as a clean account.",
        "indicators": "None: there are no findings, or all of them were judged the owner's own.",
        "marks": "None: nothing was judged or named as the attacker's that could be looked for in other accounts.",
        "actions": "This case sent nothing to a tenant.",
        "doors": "No account has a severe finding, and nothing was done to one.",
        "not-run": "Every detection had the evidence it needs.",
        "ledger": "Nothing was collected from a tenant: the case holds what files brought.",
    }
    titles = {
        "findings": ("Findings", "Worst first, with the verdict of the person who reviewed them."),
        "indicators": ("Indicators", "What the rows of the findings name. The owner may use some of it too."),
        "marks": (
            "The attacker's marks",
            "What was judged or named as the attacker's, whether it was looked for in all accounts, and whose records "
            "in this case have it.",
        ),
        "actions": ("Actions", "Every call that was to change something, from the journal, with the server's answer."),
        "doors": (
            "Open doors",
            "As last read, in the tenant's time. “Not checked” means that nobody looked, not that it is closed.",
        ),
        "roadmap": (
            "Roadmap",
            "So that it does not happen again. “Data” is what was read of the organisation or stands in files of this "
            "case; a person's word stands beside it, and neither is written over the other.",
        ),
        "not-run": ("Not looked for", "Detections that could not run, and why."),
        "coverage": ("What the evidence covers", "Questions with no record are not answered by this page."),
        "ledger": (
            "What was collected from the tenant",
            "By the ledger, kept in the journal: what is not “complete” may lack records, for the reason beside it.",
        ),
        "horizon": (
            "How far back anything can be known",
            "What the services no longer keep, what was not asked for, and when nothing was recorded: no “nothing was "
            "found” of this page reaches into that.",
        ),
        "files": ("Evidence files", "Records read = rows + already known + rejected. SHA-256 of each file as it came."),
    }
    shown = tables | {"findings": _readable(tables["findings"]), "ledger": _by_source(case)}
    shown["horizon"] = _limits(tables["horizon"])
    cited = collected_sentence(case)
    sections = [
        Section(
            titles[name][0],
            " ".join([titles[name][1] if len(frame) else quiet.get(name, ""), cited if name in CITING else ""]).strip(),
            Markup(_before(case, findings, name)) + _table(frame),  # noqa: S704 (escaped where it is made)
        )
        for name, frame in shown.items()
    ]
    sections.insert(1, Section("Timeline", note, Markup(picture)))  # noqa: S704 (svg escapes)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True)
    environment.filters["prose"] = lambda text: Markup(look.prose(text))  # noqa: S704 (prose escapes)
    return environment.get_template(
        "handover.html.jinja"
    ).render(
        name=case.name,
        style=look.STYLE,
        banner=Markup(look.practice_banner(case.practice)),  # noqa: S704 (a constant)
        written=iso(case.clock())[:19].replace("T", " "),
        head=head,
        sections=sections,
        csv=[f"{name}.csv" for name in (*tables, "timeline")],
    )


def _table(frame: pd.DataFrame) -> Markup:
    if frame.empty:
        return Markup("")
    shown = frame.copy()
    for name in (n for n in shown.columns if not _number_or_time(shown[n])):
        shown[name] = [one_line(v, CELL) if isinstance(v, str) else v for v in shown[name]]
    headings = {name: name.replace("_", " ").capitalize() for name in shown.columns}
    return Markup(look.html_table(shown, headings=headings))  # noqa: S704 (html_table escapes every value)


def _number_or_time(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)


def _findings(case: Case, found: Triage) -> pd.DataFrame:
    given = verdicts(case)
    rows = []
    for f in found.findings:
        key = key_of(f.id, f.user, f.evidence)
        earlier = [f"on other rows: {said(v)}" for v in on_other_rows(f, key, given)]
        verdict = [said(given[key])] if key in given else ["not judged yet"]
        rows.append(
            (f.severity, f.title, f.user, f.first, f.last, f.count, f.summary, "; ".join([*verdict, *earlier]), f.id)
        )
    names = ["severity", "finding", "user", "first", "last", "rows", "summary", "verdict", "detection"]
    return _dated(pd.DataFrame(rows, columns=names))


def _readable(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings for the page: fewer columns, so that the summary has room; the CSV has all."""
    first, last = (findings[name].dt.strftime("%Y-%m-%d %H:%M").fillna("no time") for name in ("first", "last"))
    later = last.where(first.str[:10] != last.str[:10], last.str[11:])
    when = first.where(first == last, first + " to " + later)
    return findings.assign(when=when)[["severity", "finding", "user", "when", "summary", "verdict"]]


def _roadmap(case: Case, found: Triage) -> pd.DataFrame:
    """What data and people say about each point of the roadmap; nothing is asked of a tenant for it."""
    frame = roadmap(case, found=found).to_frame()
    return frame[["phase", "title", "state", "data", "by_hand", "note", "benchmark"]]


def _not_the_owners(case: Case, found: Triage) -> list[Finding]:
    owners = {key for key, verdict in verdicts(case).items() if verdict.verdict == OWNER}
    return [f for f in found.findings if key_of(f.id, f.user, f.evidence) not in owners]


def _marks(case: Case, found: Triage) -> pd.DataFrame:
    """What is marked as the attacker's. A hand-over about some accounts has the marks of their findings only."""
    named, looked, marks = named_marks(case), pivoted(case), marks_of(case, found)
    people = touched(case, marks)
    rows = []
    for mark in marks:
        own = people[(people.kind == mark.kind) & (people.value == mark.value)]
        whose = [account or "no account named" for account in own.account]
        more = f" and {len(whose) - MOST_PEOPLE:,} more" if len(whose) > MOST_PEOPLE else ""
        rows.append(
            (mark.kind, mark.value, "named by hand" if mark in named else "by a verdict",
             "yes" if mark in looked else "not yet", int(own.records.sum()), ", ".join(whose[:MOST_PEOPLE]) + more)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["kind", "value", "marked", "looked_for_in_all", "records", "in_records_of"])


def _actions(case: Case) -> pd.DataFrame:
    rows = [
        (
            r.started[:19].replace("T", " "), r.title, r.direction, _account(r), r.status,
            f"{r.call.get('method', '')} {r.call.get('url', '')}", r.http_status, r.read_date, r.operator, r.text,
        )
        for r in records(case)
    ]  # fmt: skip
    names = ["time", "action", "direction", "account", "result", "call", "answer", "read_back", "operator", "said"]
    frame = pd.DataFrame(rows, columns=names)
    frame["read_back"] = pd.to_datetime(frame["read_back"], utc=True)
    return frame


def _account(record: Record) -> str:
    return str(record.target.get("user_principal_name") or record.target.get("object_id") or "")


def _ledger(case: Case) -> pd.DataFrame:
    """Every window, for the CSV file."""
    names = ["source", "account", "road", "start", "end", "state", "reason", "expected", "received", "records",
             "duplicates", "rejected", "splits", "retries", "throttled", "pulled"]  # fmt: skip
    return ledger(case)[names]


def _by_source(case: Case) -> pd.DataFrame:
    """The ledger for the page: a line for each source of each account."""
    rows = [
        (s.source, s.account or "the organisation", s.road, f"{s.start[:10]} to {s.end[:10]}", s.records, s.in_words,
         "; ".join([f"{one.days}: {one.reason}" for one in s.hindered[:REASONS]] + ["…"] * (len(s.hindered) > REASONS)))
        for s in strips(lines(case))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["source", "account", "by", "days", "records", "windows", "why_not_whole"])


def _limits(frame: pd.DataFrame) -> pd.DataFrame:
    """The horizon for the page: a sentence each, which names the times; the CSV file has them apart too."""
    told = frame.drop_duplicates("sentence").rename(columns={"kind": "what", "sentence": "cannot_be_known"})
    return told.assign(account=told.account.replace("", "everybody"))[["what", "account", "cannot_be_known"]]


def _before(case: Case, findings: Sequence[Finding], section: str) -> str:
    """What stands before a section's table: the ledger's picture, or its word on the sources behind the findings."""
    if section == "ledger":
        return ledger_svg(strips(lines(case)))
    return behind_html(case, findings) if section == "findings" else ""


def _files(case: Case) -> pd.DataFrame:
    last = {(e.fields["sha256"], e.fields["format"]): e for e in case.journal.entries("loaded", "not loaded")}
    rows = [
        (
            Path(str(e.fields["path"])).name, e.fields["format"] or "not recognised", e.fields["read"],
            e.fields["rows"], e.fields["duplicates"], e.fields["rejected"], e.time[:19].replace("T", " "),
            e.fields["sha256"],
        )
        for e in last.values()
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["file", "read_as", "read", "rows", "already_known", "rejected", "loaded", "sha256"]
    )


def _timeline(case: Case, found: Triage) -> tuple[str, pd.DataFrame, str]:
    """The picture, the events of the accounts with findings around those, and what was left out."""
    people = sorted({f.user for f in found.findings if f.user}) or None
    events = Events(case, people)
    dated = [f for f in found.findings if f.first]
    start = min((f.first for f in dated if f.first), default=None)
    end = max((f.last or f.first for f in dated if f.first), default=None)
    low, high = (start - AROUND if start else None), (end + AROUND if end else None)
    window = events.window(low, high, few=0)
    rows = events.rows(low, high, limit=MOST_EVENTS)
    who = (
        f"of {len(people)} account(s) with findings, from a day before the first to a day after the last"
        if people
        else ""
    )
    total = events.count(low, high)
    cut = f"; timeline.csv has the first {MOST_EVENTS:,}" if total > MOST_EVENTS else ""
    note = f"{total:,} events {who}{cut}."
    return (svg(window, found.findings, UTC, "UTC") if window else ""), rows, note


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame
