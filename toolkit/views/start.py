"""Notebook 0: what this case is, what came in and what became of it, what is missing, and loading more."""

from __future__ import annotations

import os
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from toolkit.case import Case
from toolkit.case.evidence import find
from toolkit.collect.ledger import ASKED, lines
from toolkit.detect.words import plural
from toolkit.formats.source import Report
from toolkit.tables import TABLES
from toolkit.views.background import Background
from toolkit.views.coverage import counted, coverage_html, files_html
from toolkit.views.ledger import horizon_html, ledger_html
from toolkit.views.look import as_text, box, figures, html_table, page
from toolkit.views.notebook import case_from, show, show_panel, zone_from

HEADINGS = {
    "file": "File",
    "format": "Read as",
    "holds": "Holds",
    "read": "Records read",
    "rows": "New rows",
    "duplicates": "Already known",
    "rejected": "Rejected",
    "partial": "Partial rows",
    "sha256": "SHA-256",
}
COUNTED = {
    "signins": "sign-ins",
    "audit": "audit records",
    "risk": "risk detections",
    "risky_users": "entries on the risk of accounts",
    "messages": "messages traced",
    "inbox_rules": "inbox rules",
    "mailboxes": "mailboxes",
    "secure_scores": "Secure Scores",
    "secure_score_controls": "Secure Score controls",
    "tenant_settings": "settings of the organisation",
    "message_events": "details of traced messages",
    "mfa_registration": "accounts with their registered methods",
}
RULE = "Records read = new rows + already known + rejected."
REPORT_EVERY = 0.5  # seconds
DATED = ("signins", "audit", "risk", "messages")
NEXT_PAGE = "it names a next page"
WHICH_ORDER = (
    "Some dates, such as 3/12/2026, can be read both ways, and nothing in the file settles it. How was the computer"
    " set that wrote the export? In the United States the month comes first, in most of the world the day."
)
AMBIGUOUS = "month/day or day/month"
Source = Case | str | os.PathLike[str] | None


def overview(case: Source = None, *, display_time_zone: str = "UTC") -> None:
    """Display what the case is: its folder, tenant, days covered, and counts."""
    this = case_from(case)
    zone = zone_from(display_time_zone)
    numbers = [(label, counted(this, table)) for table, label in COUNTED.items()]
    held = [(label, number) for label, number in numbers if number]
    without = ", ".join(label for label, number in numbers if not number)
    covered = [
        (f"{COUNTED[table][0].upper()}{COUNTED[table][1:]} cover", _covered(this, table, zone, display_time_zone))
        for table in DATED
    ]
    about = pd.DataFrame(
        [
            ("Case folder", str(this.folder)),
            ("Tenant in the evidence", ", ".join(this.tenant_ids) or "not named by the evidence"),
            *covered,
            ("Journal head", this.journal.head),
        ],
        columns=["what", "is"],
    )
    show(
        f"<h3>{escape(this.name)}</h3>",
        figures(held),
        f'<p class="toolkit-quiet">None loaded: {escape(without)}.</p>' if without else "",
        html_table(about, headings={"what": "", "is": ""}),
        practice=this.practice,
    )


def missing(case: Source = None, *, display_time_zone: str = "UTC") -> None:
    """Display which question this evidence can answer, over which days, and how to get what is missing."""
    this = case_from(case)
    zone = zone_from(display_time_zone)
    parts = [coverage_html(this, zone, display_time_zone), files_html(this)]
    if lines(this):
        parts += ["<h3>What was collected from the tenant</h3>", ledger_html(this, zone, display_time_zone)]
        parts.append(horizon_html(this))
    show(*parts, practice=this.practice)


def came_in(case: Source = None) -> None:
    """Display the accounting: every evidence file and what became of each of its records."""
    this = case_from(case)
    show(_accounting(this), practice=False)


def load_more(case: Source = None) -> None:
    """Display the panel that takes in more evidence, by a path on this computer or by choosing files."""
    this = case_from(case)
    text = f'python -m toolkit load FILE… --case "{this.folder}"'
    frozen = f"<p>To load more here, run this cell; or in a terminal: <code>{escape(text)}</code></p>"
    show_panel(LoadMore(this).panel, frozen)


class LoadMore:
    """The panel: a path or chosen files, a Load button, progress by file, Stop, and the accounts at the end."""

    def __init__(self, case: Case) -> None:
        self.case = case
        wide = widgets.Layout(width="560px")
        fit = widgets.Layout(width="max-content")
        self.path = widgets.Text(
            placeholder="A file or a folder on this computer, e.g. C:\\exports or /home/me/exports", layout=wide
        )
        self.load = widgets.Button(description="Load from this path", layout=fit, button_style="primary")
        self.upload = widgets.FileUpload(multiple=True, description="Choose files…", layout=fit)
        self.stop = widgets.Button(description="Stop after this file", layout=fit, disabled=True)
        self.progress = widgets.FloatProgress(min=0, max=1, layout=widgets.Layout(width="240px", visibility="hidden"))
        self.said = widgets.HTML()
        self.month_first = widgets.Button(description="Month first: 3/12 is 12 March", layout=fit)
        self.day_first = widgets.Button(description="Day first: 3/12 is 3 December", layout=fit)
        self.question = widgets.VBox(
            [
                widgets.HTML(page(box(WHICH_ORDER, "warning", title="Month or day first?"))),
                widgets.HBox([self.month_first, self.day_first]),
            ],
            layout={"display": "none"},
        )
        self.panel = widgets.VBox(
            [
                widgets.HBox([self.path, self.load]),
                widgets.HBox([self.upload, self.stop, self.progress]),
                self.question,
                self.said,
            ]
        )
        self.ask_about_dates()
        self.month_first.on_click(lambda _button: self._again("mdy"))
        self.day_first.on_click(lambda _button: self._again("dmy"))
        self.work = Background(self._event, self._ended)
        self._loaded: list[dict[str, Any]] = []
        self._done = 0
        self.load.on_click(lambda _button: self.start_path())
        self.stop.on_click(lambda _button: self.work.stop())
        self.upload.observe(lambda change: self.start_upload(change["new"]), "value")

    def start_path(self) -> None:
        """Load the file, or every file of the folder, named in the path field."""
        path = Path(self.path.value.strip().strip("\"'")).expanduser()
        if not self.path.value.strip() or not path.exists():
            self.said.value = page(box(f"There is no file or folder “{self.path.value}”.", "error"))
            return
        files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
        self._start([f for f in files if not f.name.startswith(".")])

    def start_upload(self, chosen: Any) -> None:
        """Load the files that were chosen in the browser."""
        if chosen:
            self._start([(str(f["name"]), bytes(f["content"])) for f in chosen])

    def ask_about_dates(self) -> None:
        """Show the question of the date's order while a file of the case leaves it open."""
        self.question.layout.display = "" if ambiguous(self.case) else "none"

    def _again(self, order: str) -> None:
        self._start([(name, kept.read_bytes()) for name, kept in ambiguous(self.case)], order)

    def _start(self, files: list[Any], date_order: str = "") -> None:
        if not files:
            self.said.value = page(box("The folder holds no files.", "warning"))
            return
        if not self.work.start(lambda say, stopped: _load_each(self.case, files, say, stopped, date_order)):
            return
        self._loaded, self._done = [], 0
        self.progress.max, self.progress.value, self.progress.layout.visibility = len(files), 0, "visible"
        self.load.disabled, self.stop.disabled = True, False

    def _event(self, event: Any) -> None:
        kind, value = event
        if kind == "begin":
            self._say(f"Reading {value} …")
        elif kind == "share":
            what, share = value
            self._say(f"{what} … {share:.0%}")
            # Copying is quick; most of the time goes into reading.
            self.progress.value = self._done + (share if what.startswith("Reading") else 0)
        else:
            self._loaded += value
            self._done += 1
            self.progress.value = self._done

    def _say(self, what: str) -> None:
        done = f"{self._done} of {self.progress.max:.0f} files done. "
        self.said.value = page(f"<p>{done}{escape(what)}</p>")

    def _ended(self, error: Exception | None) -> None:
        self.load.disabled, self.stop.disabled = False, True
        self.progress.layout.visibility = "hidden"
        self.upload.value = ()
        parts = [box(str(error), "error")] if error else []
        if self._loaded:
            rows = sum(a["rows"] for a in self._loaded)
            kind, more = (
                ("done", "Run the cells above and the other notebooks again to see them.") if rows else ("note", "")
            )
            parts.append(box(f"{as_text(rows)} new rows from {len(self._loaded)} files. {more}", kind))
            parts.append(_accounts(self._loaded))
        self.said.value = page(*parts)
        self.ask_about_dates()


def ambiguous(case: Case) -> list[tuple[str, Path]]:
    """Files whose dates may be month/day or day/month, and are not settled yet: their name, and where they are kept."""
    last = {e.fields["sha256"]: e.fields for e in case.journal.entries("loaded", "not loaded")}
    open_ones = [f for f in last.values() if any(AMBIGUOUS in note for note in f["notes"])]
    kept = [(Path(str(f["path"])).name, find(case.folder / "evidence", f["sha256"])) for f in open_ones]
    return [(name, path) for name, path in kept if path is not None]


def _load_each(case: Case, files: list[Any], say: Any, stopped: Any, date_order: str = "") -> None:
    report = _now_and_then(lambda what, share: say(("share", (what, share))))
    for file in files:
        if stopped():
            return
        if isinstance(file, Path):
            say(("begin", file.name))
            accounts = case.load(file, date_order=date_order, report=report).files
        else:
            name, content = file
            say(("begin", name))
            with tempfile.TemporaryDirectory(prefix="toolkit-upload-") as folder:
                # The browser gives a bare name; anything else would be a path out of the folder.
                path = Path(folder) / (Path(name).name or "upload")
                path.write_bytes(content)
                accounts = case.load(path, date_order=date_order, report=report).files
        say(("done", [account.to_dict() for account in accounts]))


def _now_and_then(report: Report) -> Report:
    """The report, not oftener than a browser can follow."""
    last = time.monotonic()

    def told(what: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last > REPORT_EVERY:
            last = time.monotonic()
            report(what, share)

    return told


def _accounting(case: Case) -> str:
    # A file with records of several tables has a line for each; loaded again in another way, the last counts.
    entries = case.journal.entries("loaded", "not loaded")
    latest = {(e.fields["sha256"], e.fields["format"]): e.fields for e in entries}
    known = {sha for sha, read_as in latest if read_as}
    latest = {key: fields for key, fields in latest.items() if key[1] or key[0] not in known}
    if not latest:
        return box("Nothing has been loaded into this case yet. Load files with the panel below.", "note")
    every = list(latest.values())
    source_of = _collected(case)
    loaded = [account for account in every if account["sha256"] not in source_of]
    by_source: dict[str, list[dict[str, Any]]] = {}
    for account in every:
        if source := source_of.get(account["sha256"]):
            by_source.setdefault(source, []).append(account)
    parts = [_table(loaded, RULE)] if loaded else []
    if by_source:
        about = f"Collected from the tenant, by source. {'' if loaded else RULE}"
        parts.append(f'<p class="toolkit-quiet">{about}</p>')
    for source, own in sorted(by_source.items()):
        shown = " open" if any(account["rejected"] for account in own) else ""
        parts.append(f"<details{shown}><summary>{escape(_in_short(source, own))}</summary>{_table(own)}</details>")
    return "".join(parts) + _notes(every)


def _collected(case: Case) -> dict[str, str]:
    """Of each file (SHA-256) that a collection brought, from which source, by every line that the ledger ever had."""
    return {
        str(sha): str(entry.fields["source"])
        for entry in case.journal.entries(ASKED)
        for sha in entry.fields.get("files") or []
    }


def _in_short(source: str, accounts: list[dict[str, Any]]) -> str:
    """E.g. “audit log: 24 files; 310 records read, 290 new rows, 20 already known, 0 rejected”."""
    files = len({account["sha256"] for account in accounts})
    numbers = {
        name: sum(int(account[name]) for account in accounts) for name in ("read", "rows", "duplicates", "rejected")
    }
    told = ", ".join(f"{numbers[name]:,} {HEADINGS[name].lower()}" for name in numbers)
    return f"{source}: {plural(files, 'file')}; {told}"


def _accounts(accounts: list[dict[str, Any]]) -> str:
    return _table(accounts, RULE) + _notes(accounts)


def _table(accounts: list[dict[str, Any]], caption: str = "") -> str:
    rows = pd.DataFrame(accounts)
    rows["file"] = [Path(str(p)).name for p in rows["path"]]
    rows["format"] = [text or "not recognised" for text in rows["format"]]
    rows["holds"] = [TABLES[t].title if t in TABLES else "" for t in rows["table"]]
    table = html_table(rows, headings=HEADINGS, caption=caption, drawn={"sha256": _short_hash})
    return f'<div class="toolkit-files">{table}</div>'


def _short_hash(value: Any) -> str:
    """The beginning of a hash; the whole shows when the pointer rests on it."""
    whole = escape(str(value))
    return f'<code title="{whole}">{whole[:10]}…</code>'


def _notes(accounts: list[dict[str, Any]]) -> str:
    notes = calm_notes(accounts)
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h3>What to know about these files</h3><ul>{listed}</ul>" if notes else ""


def calm_notes(accounts: list[dict[str, Any]]) -> list[str]:
    """The files' notes; of pages that name a next one only that much is said as is true of all files together."""
    notes = [note for account in accounts for note in account["notes"] if NEXT_PAGE not in note]
    kinds = {a["format"]: [b for b in accounts if b["format"] == a["format"]] for a in accounts}
    for kind, pages in kinds.items():
        open_ended = [Path(str(p["path"])).name for p in pages if any(NEXT_PAGE in note for note in p["notes"])]
        if not open_ended:
            continue
        names = ", ".join(open_ended[:5]) + (" …" if len(open_ended) > 5 else "")
        if len(pages) > len(open_ended):
            notes.append(
                f"{kind}: {names} go on in a next page. Last pages are here too; see that none between is left out."
            )
        else:
            notes.append(
                f"{kind}: {names} name a next page, and no last page is here: load the rest, or records are missing."
            )
    return notes


def _covered(case: Case, table: str, zone: Any, zone_name: str) -> str:
    found = case.sql(f"SELECT min(time) AS first, max(time) AS last FROM {table}")
    first, last = found.iloc[0]
    if pd.isna(first):
        return "nothing"
    return f"{as_text(first, zone=zone)} to {as_text(last, zone=zone)} {zone_name}"
