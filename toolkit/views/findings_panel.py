"""Findings as a live panel: each opens to its rows and their records, and takes a verdict that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from toolkit.case import Case
from toolkit.case.verdicts import Verdict, give, key_of, take_back, verdicts
from toolkit.detect import Finding
from toolkit.errors import ToolkitError
from toolkit.views import look
from toolkit.views.background import InOrder
from toolkit.views.evidence_rows import EvidenceRows, one_line, record_text
from toolkit.views.findings import ROWS, caption, facts, proofs, where_and_when

HERE = Path(__file__).parent
SHOWN = 300  # findings; more are no list that a person reads, and `triage` has them all
STYLE = (
    look.STYLE
    + (HERE / "paged_table.css").read_text("utf-8")
    + """
.toolkit-decide { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 8px 0; }
.toolkit-decide.waiting { opacity: .5; }
.toolkit-decide button { padding: 3px 12px; border: 1px solid var(--jp-border-color1, #bbb); border-radius: 3px;
  background: var(--jp-layout-color2, #eee); color: inherit; font: inherit; cursor: pointer; white-space: nowrap; }
.toolkit-decide button.chosen { outline: 2px solid var(--jp-ui-font-color1, #222); font-weight: 600; }
.toolkit-decide input { flex: 1 1 220px; max-width: 420px; padding: 3px 8px; font: inherit; color: inherit;
  border: 1px solid var(--jp-border-color1, #bbb); border-radius: 3px; background: var(--jp-input-background, #fff); }
.toolkit-verdict { border: 1px solid; border-radius: 10px; padding: 0 9px; font-size: 12px; white-space: nowrap; }
.toolkit-findings tbody tr { cursor: pointer; }
.toolkit-findings tbody tr.open { background: var(--jp-layout-color3, #ddd); }
"""
)


class FindingsPanel(anywidget.AnyWidget):
    """The findings, worst first, with buttons for a verdict. All text reaches the page as text, never as markup."""

    _esm = HERE / "findings_panel.js"
    _css = STYLE
    findings: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    version = traitlets.Int(0).tag(sync=True)

    def __init__(self, case: Case, found: list[Finding], zone: tzinfo, zone_name: str) -> None:
        self._case = case
        self._found = {key_of(f.id, f.user, f.evidence): f for f in found[:SHOWN]}
        self._zone, self._zone_name = zone, zone_name
        self._work = InOrder(self._arrived)
        super().__init__(findings=self._described())
        self.on_msg(self._asked)

    def decide(self, key: str, verdict: str, note: str = "") -> None:
        """Write a verdict (empty: take it back) and show what the journal then says."""
        if verdict:
            give(self._case, key, verdict, note)
        else:
            take_back(self._case, key, note)

    def _asked(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        kind, key = message.get("kind"), str(message.get("key"))
        finding = self._found.get(key)
        if finding is None:
            return
        if kind == "rows":
            self._work.put(lambda: self._rows(key, finding))
        elif kind == "record":
            table, row = str(message.get("table")), str(message.get("row"))
            if table in proofs(finding):
                self._work.put(lambda: self._record(key, table, row))
        elif kind == "verdict":
            verdict, note = str(message.get("verdict", "")), str(message.get("note", ""))
            self._work.put(lambda: self._decided(key, verdict, note))

    def _arrived(self, result: Any) -> None:
        if isinstance(result, dict):
            self.send(result)
            return
        with self.hold_sync():
            self.problem = str(result) if isinstance(result, Exception) else ""
            if isinstance(result, list):
                self.findings = result
            self.version += 1

    def _decided(self, key: str, verdict: str, note: str) -> list[dict[str, Any]]:
        self.decide(key, verdict, note)
        return self._described()

    def _rows(self, key: str, finding: Finding) -> dict[str, Any]:
        tables = []
        for table, row_ids in proofs(finding).items():
            source = EvidenceRows(self._case, table)
            shown = source.of(row_ids[:ROWS])
            rows = [[one_line(look.as_text(v, zone=self._zone)) for v in row] for row in shown.itertuples(index=False)]
            said_of = caption(table, row_ids, len(rows)) + " Click a row for its record."
            headings = list(source.headings(self._zone_name).values())
            tables.append({"table": table, "caption": said_of, "headings": headings, "rows": rows})
        return {"kind": "rows", "key": key, "tables": tables}

    def _record(self, key: str, table: str, row: str) -> dict[str, Any]:
        try:
            title, text = f"The record {row}", record_text(self._case, table, row)
        except ToolkitError as error:
            title, text = "Not shown", str(error)
        return {"kind": "record", "key": key, "table": table, "row": row, "title": title, "text": text}

    def _described(self) -> list[dict[str, Any]]:
        given = verdicts(self._case)
        return [
            {
                "key": key,
                "severity": f.severity,
                "colour": look.SEVERITY_COLOURS.get(f.severity, look.SEVERITY_COLOURS["info"]),
                "title": one_line(f.title),
                "line": one_line(where_and_when(f, self._zone, self._zone_name)),
                "summary": one_line(f.summary, 2000),
                "facts": [one_line(fact, 2000) for fact in facts(f)],
                "verdict": _shown(given[key]) if key in given else None,
                "earlier": [f"On other rows of this: {said(v)}" for v in on_other_rows(f, key, given)],
            }
            for key, f in self._found.items()
        ]


def on_other_rows(finding: Finding, key: str, given: Mapping[str, Verdict]) -> list[Verdict]:
    """Verdicts on the same detection and user, from when the finding had other rows."""
    name = (finding.id, finding.user.lower())
    return [v for v in given.values() if v.key != key and (v.detection, v.user.lower()) == name]


def said(verdict: Verdict) -> str:
    """A verdict in words: what, when, by whom, and the note."""
    who = f" by {verdict.by}" if verdict.by else ""
    note = f": “{verdict.note}”" if verdict.note else ""
    return one_line(f"{verdict.verdict}, decided{who} at {verdict.time[:19].replace('T', ' ')} UTC{note}", 600)


def _shown(verdict: Verdict) -> dict[str, str]:
    return {"verdict": verdict.verdict, "note": verdict.note, "said": f"Verdict: {said(verdict)}"}
