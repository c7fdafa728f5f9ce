"""The events of a stretch of the timeline, a page at a time, for the table below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from toolkit.case import Case
from toolkit.story.timeline import Events
from toolkit.views.evidence_rows import Shown, record_text

COLUMNS = (
    Shown("time", "Time"),
    Shown("lane", "Kind"),
    Shown("user", "User"),
    Shown("what", "What"),
    Shown("detail", "Detail"),
    Shown("ip_address", "IP address"),
    Shown("country", "Country"),
)


@dataclass
class EventRows:
    """Events from `start` to before `end` in `lanes` (all without): a source for `PagedTable`."""

    events: Events
    start: datetime | None = None
    end: datetime | None = None
    lanes: Sequence[str] | None = None

    @property
    def case(self) -> Case:
        return self.events.case

    @property
    def columns(self) -> tuple[Shown, ...]:
        return COLUMNS

    def headings(self, zone_name: str) -> dict[str, str]:
        """The columns' headings; that of the time says in which zone it is shown."""
        return {c.name: f"{c.heading} ({zone_name})" if c.name == "time" else c.heading for c in COLUMNS}

    def page(
        self, offset: int = 0, limit: int = 25, *, by: str = "time", descending: bool = False, search: str = ""
    ) -> tuple[pd.DataFrame, int]:
        """Rows `offset` to `offset + limit` in that order, and how many there are in all."""
        total = self.events.count(self.start, self.end, self.lanes, search)
        rows = self.events.rows(
            self.start, self.end, self.lanes, search=search, by=by if by in {c.name for c in COLUMNS} else "time",
            descending=descending, limit=limit, offset=offset,
        )  # fmt: skip
        # The record's table travels with its id: the events come from several.
        rows["row_id"] = rows["table"] + ":" + rows["row_id"]
        return rows[["row_id", *(c.name for c in COLUMNS)]], total

    def record(self, row_id: str) -> str:
        """The record behind an event."""
        table, _, row = row_id.partition(":")
        return record_text(self.case, table, row)
