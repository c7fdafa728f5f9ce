"""Notebook 2: the timeline as a panel; zooming reads the finer view, selecting lists the events below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from toolkit.case import Case
from toolkit.collect.marks import pivots_open
from toolkit.collect.said import open_sentence
from toolkit.detect import Finding
from toolkit.errors import UsageError
from toolkit.story.timeline import Events, Timeline
from toolkit.views import look
from toolkit.views.background import InOrder
from toolkit.views.event_rows import EventRows
from toolkit.views.notebook import case_from, findings_of, show, show_panel, zone_from
from toolkit.views.paged_table import PagedTable
from toolkit.views.timeline_figure import TimelineFigure, from_axis, in_words, key_html, on_axis
from toolkit.views.timeline_svg import svg

HOURS_BEFORE, HOURS_AFTER = timedelta(hours=6), timedelta(hours=18)
MARGIN = 0.01  # of the window, so that the first and last bar are not cut
ZOOM, SELECT = "zoom in", "list events"
CONFIG = {"displaylogo": False, "responsive": True, "doubleClick": "reset", "modeBarButtonsToRemove": ["lasso2d"]}
NOTHING = pd.DataFrame(columns=["lane", "time", "user", "what", "detail", "ip_address", "country", "count"])


def show_timeline(
    case: Case | str | None = None,
    users: str | Iterable[str] | None = None,
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    display_time_zone: str = "UTC",
) -> None:
    """Display the case's timeline; `start` and `end` are UTC where they name no zone.

    The axis shows `display_time_zone`; the hover text always has UTC too.

    Raises:
        UsageError: the time zone or a time cannot be read.
    """
    this = case_from(case)
    people = None if users is None else [users] if isinstance(users, str) else list(users)
    zone_from(display_time_zone)
    events = Events(this, people)
    found = events.window(moment(start), moment(end))
    if found is None:
        show(look.box("No event with a time is in this window. Widen `start`, `end` or `users` above.", "warning"))
        return
    result = findings_of(this, people)
    panel = TimelinePanel(events, found, result.findings, display_time_zone)
    twin = svg(
        events.window(moment(start), moment(end), few=0) or found, result.findings, panel.zone, display_time_zone
    )
    show(look.practice_banner(this.practice))
    if sentence := open_sentence(this, pivots_open(this, findings_of(this))):
        show(look.box(f"{sentence} Or by a click: notebook 0, “Collect from the tenant”.", "note"))
    show_panel(panel.panel, panel.summary(found) + key_html(result.findings) + twin)


def moment(value: str | datetime | None) -> datetime | None:
    """A time as the notebooks' parameters give it: ISO text or a datetime, UTC where no zone is named.

    Raises:
        UsageError: the text is no time.
    """
    if value is None or value == "":
        return None
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"“{value}” is no time; write it as in “2026-09-16” or “2026-09-16T08:30”.") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


class TimelinePanel:
    """The figure, what it shows in words, the buttons to look closer, and the table of the events selected."""

    def __init__(self, events: Events, found: Timeline, findings: list[Finding], zone_name: str) -> None:
        self.events, self.findings, self.zone_name = events, findings, zone_name
        self.zone = zone_from(zone_name)
        margin = (found.end - found.start) * MARGIN
        self.whole = (found.start - margin, found.end + margin)
        self.window = self.whole
        # Drawn whole before it is a widget: what is set later one by one gets lost in the browser (axis type, colours).
        self.drawn = TimelineFigure(go.Figure(), events.lanes, self.zone, zone_name)
        self.drawn.show(found, findings)
        self.drawn.figure.layout.xaxis.range = [on_axis(at, self.zone) for at in self.whole]
        self.figure = self.drawn.figure = go.FigureWidget(self.drawn.figure)
        self.figure._config = CONFIG
        self.said = widgets.HTML(look.page(self.summary(found)))
        # Of all findings, so that the figure below it stays where it is while the window changes.
        self.key = widgets.HTML(look.page(key_html(findings)))
        self.selected = widgets.HTML()
        fit = widgets.Layout(width="max-content")
        self.back = widgets.Button(description="Show all of it", layout=fit, disabled=True)
        self.worst = widgets.Button(description="Around the worst finding", layout=fit)
        self.mode = widgets.ToggleButtons(options=[ZOOM, SELECT], style={"button_width": "auto"})
        self.scope = widgets.ToggleButtons(options=["this lane", "all lanes"], style={"button_width": "auto"})
        self.table = PagedTable(EventRows(events, found.start, found.start), self.zone, zone_name, descending=False)
        self.below = widgets.VBox(
            [widgets.HBox([widgets.Label("Events of:"), self.scope]), self.selected, self.table],
            layout={"display": "none"},
        )
        self.panel = widgets.VBox(
            [
                self.said,
                widgets.HBox([self.back, self.worst, widgets.Label("Dragging:"), self.mode]),
                self.key,
                self.figure,
                self.below,
            ]
        )
        self.worst.disabled = self._worst() is None
        self._work = InOrder(self._arrived)
        self._asked = 0
        self._brush: tuple[datetime, datetime, str | None] | None = None
        self.back.on_click(lambda _button: self.go_to(*self.whole))
        self.worst.on_click(lambda _button: self._go_to_worst())
        self.mode.observe(lambda change: self._drag(change["new"]), "value")
        self.scope.observe(lambda _change: self._list_events(), "value")
        self.figure.layout.on_change(lambda _layout, shown: self._zoomed(shown), "xaxis.range")
        self.figure.layout.on_change(lambda _layout, auto: self._zoomed(None) if auto else None, "xaxis.autorange")
        # Read from the message: the figure itself drops the boxes that the browser reports.
        self.figure.observe(lambda change: self._brushed(change["new"]), "_js2py_relayout")

    def go_to(self, start: datetime, end: datetime) -> None:
        """Show this window (UTC)."""
        self.figure.layout.xaxis.range = [on_axis(at, self.zone) for at in (start, end)]

    def summary(self, found: Timeline) -> str:
        """What the figure shows, as HTML."""
        how = "each a point" if found.points is not None else f"counted in bars of {in_words(found.width)}"
        flags = sum(1 for f in self.findings if f.first and found.start <= f.first < found.end)
        span = f"{look.as_text(found.start, zone=self.zone)} to {look.as_text(found.end, zone=self.zone)}"
        events = "1 event" if found.total == 1 else f"{found.total:,} events"
        findings = "1 finding begins" if flags == 1 else f"{flags} findings begin"
        said = [f"{span} {self.zone_name}: {events}, {how}; {findings} here."]
        if found.undated:
            said.append(f"{found.undated:,} further events carry no time and cannot be shown here.")
        return "".join(f"<p>{escape(s)}</p>" for s in said)

    def _zoomed(self, shown: Any) -> None:
        start, end = (from_axis(at, self.zone) for at in shown) if shown else self.whole
        if (start, end) == self.window or end <= start:
            return
        self.window = (start, end)
        self._asked += 1
        mine = self._asked
        self.back.disabled = False
        self.said.value = look.page("<p>Reading the finer view …</p>")

        def read() -> Any:
            # Only the last of several quick zooms is read.
            return ("window", start, end, self.events.window(start, end)) if mine == self._asked else None

        self._work.put(read)

    def _arrived(self, result: Any) -> None:
        if isinstance(result, Exception):
            self.said.value = look.page(look.box(str(result), "error"))
            return
        _kind, start, end, found = result
        if found is None:
            span = f"{look.as_text(start, zone=self.zone)} to {look.as_text(end, zone=self.zone)} {self.zone_name}"
            said = f"<p>{escape(span)}: no events here. “Show all of it” leads back.</p>"
            found = Timeline(start, end, 0, 0, timedelta(hours=1), NOTHING, NOTHING)
        else:
            said = self.summary(found)
        self.drawn.show(found, self.findings)
        # Afterwards, so that the words never run ahead of the figure.
        self.said.value = look.page(said)

    def _drag(self, way: str) -> None:
        self.figure.layout.dragmode = "zoom" if way == ZOOM else "select"

    def _brushed(self, message: dict[str, Any] | None) -> None:
        boxes = ((message or {}).get("relayout_data") or {}).get("selections")
        box = boxes[-1] if boxes else {}
        if box.get("x0") is None or box.get("x1") is None:
            return
        start, end = sorted(from_axis(box[side], self.zone) for side in ("x0", "x1"))
        self._brush = (start, end, self.drawn.lane_of(str(box.get("yref") or "y")))
        self._list_events()

    def _list_events(self) -> None:
        if self._brush is None:
            return
        start, end, lane = self._brush
        hidden = self.drawn.hidden()
        only = lane is not None and self.scope.value == "this lane"
        lanes = [lane] if only and lane else [each for each in self.events.lanes if each not in hidden]
        span = f"{look.as_text(start, zone=self.zone)} to {look.as_text(end, zone=self.zone)} {self.zone_name}"
        what = lanes[0] if only else "all lanes shown"
        self.selected.value = look.page(f"<h3>{escape(what)}, {escape(span)}</h3>")
        self.below.layout.display = ""
        self.table.turn_to(EventRows(self.events, start, end, lanes))

    def _worst(self) -> Finding | None:
        return next((f for f in self.findings if f.first), None)

    def _go_to_worst(self) -> None:
        worst = self._worst()
        if worst and worst.first:
            self.go_to(worst.first - HOURS_BEFORE, worst.first + HOURS_AFTER)
