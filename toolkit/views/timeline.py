"""The timeline as a figure: lanes by kind of activity, bars that become points, findings as flags above."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from toolkit.case import Case
from toolkit.detect import Finding, Triage, triage
from toolkit.errors import UsageError
from toolkit.story.timeline import LANES, Timeline, timeline
from toolkit.views import look
from toolkit.views.notebook import show, zone_from

LANE_HEIGHT, FLAGS_HEIGHT, MARGIN = 62, 110, 110
LANE_COLOURS = (
    "#d55e00",
    "#cc79a7",
    "#e69f00",
    "#882255",
    "#0072b2",
    "#56b4e9",
    "#009e73",
    "#4d4d4d",
    "#a6761d",
    "#999",
)
FLAGS = "Findings"
HOURS_BEFORE, HOURS_AFTER = timedelta(hours=6), timedelta(hours=18)
FLAGS_ACROSS = 12  # flags closer than a twelfth of the window share one
POINTS_JITTER = 7  # rows that points of one lane are spread over, so that neighbours do not hide each other


def show_timeline(
    case: Case,
    users: Iterable[str] | None = None,
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    display_time_zone: str = "UTC",
) -> go.Figure | None:
    """Draw the case's timeline; `start` and `end` are UTC where they name no zone. None if nothing is in it.

    The axis shows `display_time_zone`; the hover text always has UTC too.

    Raises:
        UsageError: the time zone or a time cannot be read.
    """
    people = None if users is None else [users] if isinstance(users, str) else list(users)
    zone = zone_from(display_time_zone)
    found = timeline(case, people, moment(start), moment(end))
    if found is None:
        show(look.box("No event with a time is in this window. Widen `start`, `end` or `users` above.", "warning"))
        return None
    result = triage(case, people)
    drawn = figure(found, result, zone, display_time_zone)
    show(_said(found, result, display_time_zone), practice=case.practice)
    return drawn


def show_worst_hours(
    case: Case, users: Iterable[str] | None = None, display_time_zone: str = "UTC"
) -> go.Figure | None:
    """Draw the hours around the worst finding, for its account alone; None if there is no finding with a time.

    Raises:
        UsageError: the time zone cannot be read.
    """
    worst = next((f for f in triage(case, users).findings if f.first), None)
    if worst is None or worst.first is None:
        show(look.box("There is no finding to look closer at. That says nothing of what is not in this case."))
        return None
    return show_timeline(case, [worst.user], worst.first - HOURS_BEFORE, worst.first + HOURS_AFTER, display_time_zone)


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


def figure(found: Timeline, result: Triage, zone: tzinfo, zone_name: str) -> go.Figure:
    """The figure alone. All text from evidence is escaped: plotly reads hover text as HTML."""
    lanes = [lane for lane in LANES if (found.bars.lane == lane).any()]
    flags = [f for f in result.findings if f.first and found.start <= f.first <= found.end]
    heights = [FLAGS_HEIGHT, *[LANE_HEIGHT] * len(lanes)]
    drawn = make_subplots(rows=len(heights), shared_xaxes=True, vertical_spacing=0.012, row_heights=heights)
    _draw_flags(drawn, flags, found, zone)
    for row, lane in enumerate(lanes, 2):
        colour = LANE_COLOURS[list(LANES).index(lane)]
        if found.points is not None:
            _draw_points(drawn, found.points[found.points.lane == lane], lane, row, colour, zone)
        else:
            _draw_bars(drawn, found, lane, row, colour, zone)
    for row, title in enumerate([FLAGS, *lanes], 1):
        drawn.add_annotation(
            text=title, x=-0.008, xref="paper", xanchor="right", y=0.5, yref=f"y{row if row > 1 else ''} domain",
            showarrow=False, align="right", font={"size": 12},
        )  # fmt: skip
        points = row > 1 and found.points is not None
        drawn.update_yaxes(
            row=row, col=1, showticklabels=not points, nticks=3, fixedrange=True, side="right", showgrid=False,
            zeroline=False,
        )  # fmt: skip
        if points:
            drawn.update_yaxes(row=row, col=1, range=[-1, POINTS_JITTER])
        elif row > 1:
            most = int(found.bars[found.bars.lane == title]["count"].max())
            drawn.update_yaxes(row=row, col=1, range=[0, most * 1.1], tickvals=[0, most])
        drawn.update_xaxes(row=row, col=1, showgrid=True, gridcolor="rgba(128,128,128,.2)", type="date")
    drawn.update_layout(
        height=sum(heights) + MARGIN, margin={"l": 175, "r": 70, "t": 20, "b": 60}, showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(128,128,128,.05)", font={"color": "#777"},
        hoverlabel={"align": "left"}, hovermode="closest", bargap=0.05, dragmode="zoom",
    )  # fmt: skip
    drawn.update_xaxes(title_text=f"Time ({zone_name})", row=len(heights), col=1)
    return drawn


def _draw_flags(drawn: go.Figure, flags: list[Finding], found: Timeline, zone: tzinfo) -> None:
    """One flag for findings of a severity that lie close together: their labels would cover each other."""
    levels = [level for level in reversed(look.SEVERITIES) if any(f.severity == level for f in flags)]
    near = (found.end - found.start) / FLAGS_ACROSS
    for y, level in enumerate(levels):
        groups: list[list[Finding]] = []
        for finding in sorted((f for f in flags if f.severity == level), key=_first):
            if groups and _first(finding) - _first(groups[-1][0]) < near:
                groups[-1].append(finding)
            else:
                groups.append([finding])
        drawn.add_trace(
            go.Scatter(
                x=_epoch_ms(pd.Series([_first(g[0]) for g in groups]), zone),
                y=[y] * len(groups),
                mode="markers+text",
                text=[", ".join(dict.fromkeys(f.id for f in g)) for g in groups],
                textposition="middle left",
                marker={"symbol": "diamond", "size": 12, "color": look.SEVERITY_COLOURS[level]},
                hovertext=["<br><br>".join(_flag_text(f, zone) for f in g[:5]) for g in groups],
                hoverinfo="text",
                name=level,
                cliponaxis=False,
            ),
            row=1,
            col=1,
        )
    drawn.update_yaxes(
        range=[-0.6, len(levels) - 0.4], tickvals=list(range(len(levels))), ticktext=levels, row=1, col=1
    )


def _first(finding: Finding) -> datetime:
    return finding.first or datetime.max.replace(tzinfo=UTC)


def _flag_text(finding: Finding, zone: tzinfo) -> str:
    lines = [f"<b>{escape(finding.severity)}: {escape(finding.title)}</b>", escape(finding.user)]
    lines += [escape(line) for line in textwrap.wrap(finding.summary, 70)[:6]]
    return "<br>".join([*lines, _when(finding.first, zone)])


def _draw_points(drawn: go.Figure, points: pd.DataFrame, lane: str, row: int, colour: str, zone: tzinfo) -> None:
    where = points.ip_address.fillna("") + points.country.map(lambda c: f" ({c})" if isinstance(c, str) else "")
    texts = [
        "<br>".join(
            [
                f"<b>{_short(what)}</b>",
                *([_short(detail)] if isinstance(detail, str) and detail else []),
                _short(user) + (f" from {_short(place)}" if place else ""),
                _when(time, zone),
            ]
        )
        for what, detail, user, place, time in zip(
            points.what, points.detail, points.user, where, points.time, strict=True
        )
    ]
    drawn.add_trace(
        go.Scattergl(
            x=_epoch_ms(points.time, zone),
            y=[n % POINTS_JITTER for n in range(len(points))],
            mode="markers",
            marker={"size": 6, "color": colour, "opacity": 0.75},
            hovertext=texts,
            hoverinfo="text",
            name=lane,
        ),
        row=row,
        col=1,
    )


def _draw_bars(drawn: go.Figure, found: Timeline, lane: str, row: int, colour: str, zone: tzinfo) -> None:
    bars = found.bars[found.bars.lane == lane]
    drawn.add_trace(
        go.Bar(
            x=_epoch_ms(bars.time + found.width / 2, zone),
            y=bars["count"],
            width=found.width.total_seconds() * 1000,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=[
                f"<b>{lane}: {n:,}</b><br>in {_in_words(found)} from {_when(t, zone)}"
                for t, n in zip(bars.time, bars["count"], strict=True)
            ],
            hoverinfo="text",
            name=lane,
        ),
        row=row,
        col=1,
    )  # fmt: skip


def _epoch_ms(times: pd.Series[Any], zone: tzinfo) -> list[int]:
    """Milliseconds as plotly's date axis reads them. It knows no zones: local times are given as if they were UTC."""
    local = pd.to_datetime(times, utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    return [int(v) for v in local.astype("datetime64[ms]").astype("int64")]


def _when(time: Any, zone: tzinfo) -> str:
    utc = f"{time:%Y-%m-%d %H:%M:%S} UTC"
    return utc if zone == UTC or str(zone) == "UTC" else f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S} · {utc}"


def _short(text: Any, length: int = 90) -> str:
    clean = " ".join(str(text).split()) if isinstance(text, str) else ""
    return escape(clean if len(clean) <= length else clean[: length - 1] + "…")


def _said(found: Timeline, result: Triage, zone_name: str) -> str:
    how = "each a point" if found.points is not None else f"counted in bars of {_in_words(found)}"
    said = [f"{found.total:,} events, {how}; {len(result.findings)} findings. Times are {zone_name}."]
    if found.undated:
        said.append(f"{found.undated:,} further events carry no time and cannot be shown here.")
    said += [f"Not looked for: {n.id} ({n.reason})." for n in result.not_run]
    return "".join(f"<p>{escape(s)}</p>" for s in said)


def _in_words(found: Timeline) -> str:
    minutes = int(found.width.total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour")):
        if minutes % size == 0:
            n = minutes // size
            return f"{n} {name}s" if n > 1 else f"a {name}"
    return f"{minutes} minutes" if minutes > 1 else "a minute"
