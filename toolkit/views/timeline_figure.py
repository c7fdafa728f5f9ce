"""The timeline as one figure that is updated in place: lanes, bars that become points, findings as flags above.

All lanes share one time axis, so that there is one range to follow. All text from evidence is escaped: plotly
reads hover text as HTML.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from toolkit.detect import Finding
from toolkit.story.timeline import LANES, Timeline
from toolkit.views import look

LANE_HEIGHT, FLAGS_HEIGHT, GAP, TOP, BOTTOM = 58, 100, 8, 24, 96
COLOURS = (
    "#d55e00", "#cc79a7", "#e69f00", "#882255", "#0072b2", "#56b4e9", "#009e73", "#7f7f7f", "#a6761d", "#332288",
    "#999",
)  # fmt: skip
LANE_COLOURS = dict(zip(LANES, COLOURS, strict=True))
FLAGS = "Findings"
FLAGS_ACROSS = 12  # flags closer than a twelfth of the window share one
FLAGS_NAMED = 4  # ids in one flag's label; the hover text has all
IDS_ACROSS = 18  # ids that stand beside each other on the axis
POINTS_ROWS = 7  # that points of one lane are spread over, so that neighbours do not hide each other
GRID = "rgba(128,128,128,.2)"
# An empty trace would lose its entry in the legend, and its axis the memory that it shows dates: the browser drops
# what it takes for a default, and numbers would bring back a linear axis. So times are texts, even where none is.
NOWHERE, NOTHING = ["2026-01-01"], [None]


class TimelineFigure:
    """`figure` with a flags row and a row for each of `lanes`; `show(window, flags)` draws what a window holds."""

    def __init__(self, figure: Any, lanes: Sequence[str], zone: tzinfo, zone_name: str) -> None:
        self.figure = figure
        self.lanes = list(lanes)
        self.zone = zone
        self._lay_out(zone_name)

    def show(self, found: Timeline, findings: Sequence[Finding]) -> None:
        """Draw the window's bars or points, and the flags of the findings that began in it."""
        with self.figure.batch_update():
            self._draw_flags([f for f in findings if f.first and found.start <= f.first < found.end], found)
            for row, lane in enumerate(self.lanes, 2):
                self._draw_lane(lane, row, found)

    def lane_of(self, yref: str) -> str | None:
        """The lane whose row has this y axis, e.g. `y3`; None for the row of flags."""
        number = int(yref.removeprefix("y") or 1) if yref.removeprefix("y").isdigit() or yref == "y" else 1
        return self.lanes[number - 2] if 2 <= number < len(self.lanes) + 2 else None

    def hidden(self) -> list[str]:
        """Lanes that were switched off in the legend."""
        return [lane for at, lane in enumerate(self.lanes) if self.figure.data[2 * at + 1].visible == "legendonly"]

    def _lay_out(self, zone_name: str) -> None:
        heights = [FLAGS_HEIGHT, *[LANE_HEIGHT] * len(self.lanes)]
        whole = sum(heights) + GAP * (len(heights) - 1)
        top = 1.0
        axes: dict[str, Any] = {}
        for row, (title, height) in enumerate(zip([FLAGS, *self.lanes], heights, strict=True), 1):
            bottom = max(0.0, top - height / whole)
            axes[f"yaxis{row if row > 1 else ''}"] = {
                "domain": [bottom, top], "fixedrange": True, "side": "right", "showgrid": False, "zeroline": False,
                "anchor": "x", "showline": False,
            }  # fmt: skip
            self.figure.add_annotation(
                text=title, x=-0.008, xref="paper", xanchor="right", y=(top + bottom) / 2, yref="paper",
                showarrow=False, align="right", font={"size": 12},
            )  # fmt: skip
            top = bottom - GAP / whole
        self.figure.update_layout(
            **axes,
            xaxis={"type": "date", "anchor": f"y{len(heights)}", "showgrid": True, "gridcolor": GRID,
                   "title": {"text": f"Time ({zone_name})", "standoff": 8}},
            height=whole + TOP + BOTTOM, margin={"l": 175, "r": 70, "t": TOP, "b": BOTTOM},
            paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(128,128,128,.05)", font={"color": "#777"},
            hoverlabel={"align": "left"}, hovermode="closest", bargap=0.05, barmode="overlay",
            autosize=True, modebar={"bgcolor": "rgba(0,0,0,0)", "color": "#999", "activecolor": "#0072b2"},
            dragmode="zoom", selectdirection="h", newselection={"line": {"color": "#0072b2", "dash": "solid"}},
            legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -70 / whole, "yanchor": "top",
                    "font": {"size": 11}, "tracegroupgap": 0},
        )  # fmt: skip
        self.figure.add_trace(go.Scatter(
            x=[], y=[], mode="markers+text", hoverinfo="text", name=FLAGS, cliponaxis=False, showlegend=False,
            unselected={"marker": {"opacity": 1}, "textfont": {"color": "#777"}},
        ))  # fmt: skip
        for row, lane in enumerate(self.lanes, 2):
            shared = {
                "yaxis": f"y{row}",
                "xaxis": "x",
                "name": lane,
                "legendgroup": lane,
                "hoverinfo": "text",
                "unselected": {"marker": {"opacity": 0.75}},
            }
            colour = LANE_COLOURS[lane]
            self.figure.add_trace(
                go.Bar(x=NOWHERE, y=NOTHING, marker={"color": colour, "line": {"width": 0}}, **shared)
            )
            points = {"mode": "markers", "marker": {"size": 6, "color": colour, "opacity": 0.75}, "showlegend": False}
            self.figure.add_trace(go.Scatter(x=NOWHERE, y=NOTHING, **points, **shared))

    def _draw_lane(self, lane: str, row: int, found: Timeline) -> None:
        bar, point = self.figure.data[2 * row - 3], self.figure.data[2 * row - 2]
        axis = self.figure.layout[f"yaxis{row}"]
        if found.points is not None:
            points = found.points[found.points.lane == lane]
            bar.update(x=NOWHERE, y=NOTHING, hovertext=None)
            point.update(
                x=_places(points.time, self.zone) or NOWHERE,
                y=[n % POINTS_ROWS for n in range(len(points))] or NOTHING,
                hovertext=[_point_text(event, self.zone) for event in points.itertuples()],
                # Each its colour: the browser forgets the colour of a trace that once held nothing.
                marker={"color": [LANE_COLOURS[lane]] * max(1, len(points))},
            )
            axis.update(range=[-1, POINTS_ROWS], showticklabels=False)
            return
        bars = found.bars[found.bars.lane == lane]
        most = max(1, int(bars["count"].max())) if len(bars) else 1
        point.update(x=NOWHERE, y=NOTHING, hovertext=None)
        bar.update(
            x=_places(bars.time + found.width / 2, self.zone) or NOWHERE,
            y=[int(n) for n in bars["count"]] or NOTHING,
            width=found.width.total_seconds() * 1000,
            marker={"color": [LANE_COLOURS[lane]] * max(1, len(bars))},
            hovertext=[
                f"<b>{lane}: {n:,}</b><br>in {in_words(found.width)} from {_when(t, self.zone)}"
                for t, n in zip(bars.time, bars["count"], strict=True)
            ],
        )
        axis.update(
            range=[0, most * 1.1], showticklabels=True, tickvals=[0, most] if len(bars) else [],
            ticktext=["0", f"{most:,}"] if len(bars) else [],
        )  # fmt: skip

    def _draw_flags(self, findings: list[Finding], found: Timeline) -> None:
        levels = [level for level in reversed(look.SEVERITIES) if any(f.severity == level for f in findings)]
        rows = [_near(findings, level, found) for level in levels]
        groups = [(y, group) for y, row in enumerate(rows) for group in row]
        labels = [label for row in rows for label in _labels(row, found)]
        colours = [look.SEVERITY_COLOURS[g[0].severity] for _, g in groups]
        self.figure.data[0].update(
            x=_places(pd.Series([g[0].first for _, g in groups], dtype="datetime64[us, UTC]"), self.zone),
            y=[y for y, _ in groups],
            text=[text for _, text in labels],
            textposition=[side for side, _ in labels] or "middle left",
            marker={"symbol": "diamond", "size": 12, "color": colours},
            hovertext=["<br><br>".join(_flag_text(f, self.zone) for f in g[:5]) for _, g in groups],
        )  # fmt: skip
        self.figure.layout.yaxis.update(
            range=[-0.6, max(1, len(levels)) - 0.4], tickvals=list(range(len(levels))), ticktext=levels
        )


def key_html(findings: Sequence[Finding]) -> str:
    """The codes that the flags carry, worst first: each with its title and the severities it was found in."""
    by_id: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.first:
            by_id[finding.id].append(finding)
    if not by_id:
        return ""
    told = [([s for s in look.SEVERITIES if any(f.severity == s for f in own)], own[0]) for own in by_id.values()]
    told.sort(key=lambda each: (look.SEVERITIES.index(each[0][0]), each[1].id))
    row = "display:grid;grid-template-columns:52px minmax(0,1fr) auto;padding:1px 0;break-inside:avoid"
    lines = "".join(
        f'<li style="{row}"><b>{_short(one.id)}</b> <span>{_short(one.title)}</span>'
        f" <span>{' '.join(look.severity(level) for level in levels)}</span></li>"
        for levels, one in told
    )
    style = "columns:2 400px;column-gap:32px;list-style:none;margin:0;padding:0"
    return (
        "<p>Codes of the findings, with what was found and how severe it is:</p>"
        f'<ul class="toolkit-key" style="{style}">{lines}</ul>'
    )


def on_axis(moment: datetime, zone: tzinfo) -> str:
    """A time as a place on the date axis, in words: of a number in its range plotly makes a linear axis."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def from_axis(value: Any, zone: tzinfo) -> datetime:
    """A place on the date axis, as the browser reports it, in UTC."""
    local = pd.Timestamp(value, unit="ms") if isinstance(value, int | float) else pd.Timestamp(str(value))
    if local.tzinfo is not None:
        local = local.tz_localize(None)
    moment: datetime = (
        local.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC").to_pydatetime()
    )
    return moment


def in_words(width: timedelta) -> str:
    """How long a bar is: `a day`, `6 hours`, `15 seconds`."""
    seconds = int(width.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            n = seconds // size
            return f"{n} {name}s" if n > 1 else f"{'an' if name == 'hour' else 'a'} {name}"
    return f"{seconds} seconds"


def _near(findings: list[Finding], level: str, found: Timeline) -> list[list[Finding]]:
    """Findings of one severity, those close together as one flag: their labels would cover each other."""
    near = (found.end - found.start) / FLAGS_ACROSS
    groups: list[list[Finding]] = []
    for finding in sorted((f for f in findings if f.severity == level), key=_first):
        if groups and _first(finding) - _first(groups[-1][0]) < near:
            groups[-1].append(finding)
        else:
            groups.append([finding])
    return groups


def _labels(groups: list[list[Finding]], found: Timeline) -> list[tuple[str, str]]:
    """Where the label of each flag of a row stands, and what it says: as many ids as there is room for.

    It stands to the left, unless the row's title or another label is there.
    """
    span = max(found.end - found.start, timedelta(seconds=1))
    at = [(_first(group[0]) - found.start) / span for group in groups]
    right: list[bool] = []
    for n, place in enumerate(at):
        right.append(place < 1 / 4 or (n > 0 and right[-1] and place - at[n - 1] < 2 / FLAGS_ACROSS))
    labels = []
    for n, group in enumerate(groups):
        beside = n + 1 if right[n] else n - 1
        room = 1.0
        if 0 <= beside < len(at):
            room = abs(at[beside] - at[n]) / (2 if right[beside] != right[n] else 1)
        labels.append(("middle right" if right[n] else "middle left", _label(group, room)))
    return labels


def _label(group: list[Finding], room: float) -> str:
    ids = list(dict.fromkeys(f.id for f in group))
    named = max(1, min(FLAGS_NAMED, int(room * IDS_ACROSS)))
    more = f" +{len(ids) - named}" if len(ids) > named else ""
    return escape(", ".join(ids[:named]) + more)


def _first(finding: Finding) -> datetime:
    return finding.first or datetime.max.replace(tzinfo=UTC)


def _flag_text(finding: Finding, zone: tzinfo) -> str:
    lines = [f"<b>{escape(finding.severity)}: {_short(finding.title)}</b>", _short(finding.user)]
    lines += [escape(line) for line in textwrap.wrap(finding.summary[:2000], 70)[:6]]
    return "<br>".join([*lines, _when(finding.first, zone)])


def _point_text(event: Any, zone: tzinfo) -> str:
    place = _short(event.ip_address) + (f" ({_short(event.country)})" if isinstance(event.country, str) else "")
    detail = _short(event.detail)
    lines = [
        f"<b>{_short(event.what)}</b>",
        *([detail] if detail else []),
        _short(event.user) + (f" from {place}" if place else ""),
        _when(event.time, zone),
    ]
    return "<br>".join(lines)


def _places(times: pd.Series[Any], zone: tzinfo) -> list[str]:
    """Times as plotly's date axis reads them. It knows no zones: local times are given as if they were UTC."""
    local = pd.to_datetime(times, utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    return [text[:-3] for text in local.dt.strftime("%Y-%m-%d %H:%M:%S.%f")]


def _short(text: Any, length: int = 90) -> str:
    clean = " ".join(str(text).split()) if isinstance(text, str) else ""
    return escape(clean if len(clean) <= length else clean[: length - 1] + "…")


def _when(time: Any, zone: tzinfo) -> str:
    utc = f"{time:%Y-%m-%d %H:%M:%S} UTC"
    return utc if zone == UTC or str(zone) == "UTC" else f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S} · {utc}"
