"""A table to page through, sort and search, whose rows stay in the kernel; a click shows the record itself."""

from __future__ import annotations

import json
from datetime import tzinfo
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from toolkit.case import Case
from toolkit.errors import ToolkitError
from toolkit.views.evidence_rows import EvidenceRows
from toolkit.views.look import as_text, html_table

HERE = Path(__file__).parent
PAGE = 25


class PagedTable(anywidget.AnyWidget):
    """Shows `source` a page at a time. Only the page on the screen leaves the kernel, as text."""

    _esm = HERE / "paged_table.js"
    _css = HERE / "paged_table.css"
    columns: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    rows: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    offset = traitlets.Int(0).tag(sync=True)
    size = traitlets.Int(PAGE).tag(sync=True)
    by = traitlets.Unicode("time").tag(sync=True)
    descending = traitlets.Bool(True).tag(sync=True)
    version = traitlets.Int(0).tag(sync=True)

    def __init__(self, source: EvidenceRows, zone: tzinfo, zone_name: str) -> None:
        self._source = source
        self._zone = zone
        headings = source.headings(zone_name)
        columns = [
            {
                "name": c.name,
                "heading": headings[c.name],
                "kind": "time" if c.name == "time" else "text",
                "sortable": c.sortable,
            }
            for c in source.columns
        ]
        super().__init__(columns=columns)
        self.turn_to()
        self.on_msg(self._asked)

    def turn_to(self, offset: int = 0, *, by: str = "time", descending: bool = True, search: str = "") -> None:
        """Show the page that begins at `offset` in that order."""
        found, total = self._source.page(offset, self.size, by=by, descending=descending, search=search)
        with self.hold_sync():
            self.rows = [[as_text(value, zone=self._zone) for value in row] for row in _tuples(found)]
            self.total, self.offset, self.by, self.descending = total, offset, by, descending
            # The page on the screen is drawn when this changes, once, after all of the above has arrived.
            self.version += 1

    def _asked(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        try:
            if message.get("kind") == "page":
                self.turn_to(
                    max(0, int(message["offset"])),
                    by=str(message["by"]),
                    descending=bool(message["descending"]),
                    search=str(message.get("search", "")),
                )
            elif message.get("kind") == "record":
                row = str(message["row"])
                text = record_text(self._source.case, self._source.table, row)
                self.send({"kind": "record", "row": row, "title": f"The record {row}", "text": text})
        except ToolkitError as error:
            self.send({"kind": "record", "row": str(message.get("row")), "title": "Not shown", "text": str(error)})


def twin(source: EvidenceRows, zone: tzinfo, zone_name: str) -> str:
    """The first page as HTML, for where the live table cannot be."""
    rows, total = source.page(0, PAGE)
    caption = f"The newest {len(rows)} of {total:,} rows." if total > len(rows) else ""
    return html_table(rows, headings=source.headings(zone_name), caption=caption, zone=zone, one_line=True)


def record_text(case: Case, table: str, row_id: str) -> str:
    """The record behind a row as it stands in the evidence, its JSON laid out for reading."""
    found = case.raw([row_id], table).get(row_id, "")
    try:
        return json.dumps(json.loads(found), indent=2, ensure_ascii=False)
    except ValueError:
        return found or "The evidence file that holds this record could not be read."


def _tuples(rows: pd.DataFrame) -> list[list[Any]]:
    return [list(row) for row in rows.itertuples(index=False, name=None)]
