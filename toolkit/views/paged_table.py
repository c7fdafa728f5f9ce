"""A table to page through, sort and search, whose rows stay in the kernel; a click shows the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from toolkit.errors import ToolkitError
from toolkit.views.background import InOrder
from toolkit.views.event_rows import EventRows
from toolkit.views.evidence_rows import EvidenceRows, one_line
from toolkit.views.look import as_text, html_table

HERE = Path(__file__).parent
PAGE = 25


Source = EvidenceRows | EventRows


@dataclass(frozen=True)
class Page:
    """What a table shows at once: `rows` as text, the first of each its id."""

    source: Source
    rows: list[list[str]]
    total: int
    offset: int
    by: str
    descending: bool


class PagedTable(anywidget.AnyWidget):
    """Shows `source` a page at a time. Only the page on the screen leaves the kernel, as text.

    `descending` is the order by time at first.
    """

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

    def __init__(self, source: Source, zone: tzinfo, zone_name: str, *, descending: bool = True) -> None:
        self._source = source
        self._zone = zone
        self._newest_first = descending
        self._work = InOrder(self._arrived)
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
        self._arrived(self.read(source, descending=descending))
        self.on_msg(self._asked)

    def read(
        self, source: Source, offset: int = 0, *, by: str = "time", descending: bool = True, search: str = ""
    ) -> Page:
        """A page of `source`: work that may take its time, and touches no widget."""
        found, total = source.page(offset, self.size, by=by, descending=descending, search=search)
        rows = [[str(row[0]), *(one_line(as_text(v, zone=self._zone)) for v in row[1:])] for row in _tuples(found)]
        return Page(source, rows, total, offset, by, descending)

    def turn_to(self, source: Source) -> None:
        """Show the first page of another source with the same columns, as soon as it is read."""
        self._work.put(lambda: self.read(source, descending=self._newest_first))

    def _asked(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        if message.get("kind") == "page":
            offset, by = max(0, int(message["offset"])), str(message["by"])
            order, search = bool(message["descending"]), str(message.get("search", ""))
            self._work.put(lambda: self.read(self._source, offset, by=by, descending=order, search=search))
        elif message.get("kind") == "record":
            row = str(message["row"])
            self._work.put(lambda: self._record(row))

    def _record(self, row: str) -> dict[str, str]:
        try:
            title, text = f"The record {row}", self._source.record(row)
        except ToolkitError as error:
            title, text = "Not shown", str(error)
        return {"kind": "record", "row": row, "title": title, "text": text}

    def _arrived(self, result: Any) -> None:
        if isinstance(result, Page):
            self._source = result.source
            with self.hold_sync():
                self.rows, self.total, self.offset = result.rows, result.total, result.offset
                self.by, self.descending = result.by, result.descending
                # The page on the screen is drawn when this changes, once, after all of the above has arrived.
                self.version += 1
        elif isinstance(result, dict):
            self.send(result)
        else:
            self.send({"kind": "problem", "text": str(result)})


def twin(source: Source, zone: tzinfo, zone_name: str) -> str:
    """The first page as HTML, for where the live table cannot be."""
    rows, total = source.page(0, PAGE)
    caption = f"The newest {len(rows)} of {total:,} rows." if total > len(rows) else ""
    return html_table(rows, headings=source.headings(zone_name), caption=caption, zone=zone, one_line=True)


def _tuples(rows: pd.DataFrame) -> list[list[Any]]:
    return [list(row) for row in rows.itertuples(index=False, name=None)]
