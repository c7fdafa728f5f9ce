"""The timeline as a still picture (SVG): what is left of it without a kernel, and what the hand-over shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape

import pandas as pd

from toolkit.detect import Finding
from toolkit.story.timeline import LANES, Timeline
from toolkit.views import look
from toolkit.views.timeline_figure import FLAGS, LANE_COLOURS, in_words

LEFT, WIDTH, LANE, TOP, BOTTOM = 190, 1100, 46, 10, 34
RIGHT = 60
TICKS = 6


def svg(found: Timeline, findings: Sequence[Finding], zone: tzinfo, zone_name: str) -> str:
    """The window's counts in bars, lane by lane, with the findings as diamonds above. No script, no link, no font."""
    lanes = [lane for lane in LANES if (found.bars.lane == lane).any()]
    flags = [f for f in findings if f.first and found.start <= f.first < found.end]
    height = TOP + LANE * (len(lanes) + 1) + BOTTOM
    span = (found.end - found.start).total_seconds() or 1.0

    def x(moment: datetime | pd.Timestamp) -> float:
        part = (moment - found.start).total_seconds() / span
        return LEFT + min(max(part, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    parts = [_row(FLAGS, TOP)]
    for flag in reversed(flags):  # the worst are drawn last, over the others
        at, middle = x(flag.first or found.start), TOP + LANE / 2
        colour = look.SEVERITY_COLOURS.get(flag.severity, look.SEVERITY_COLOURS["info"])
        hint = escape(f"{flag.severity}: {flag.title} ({flag.user})"[:300])
        shape = f"{at:.1f},{middle - 8} {at + 7:.1f},{middle} {at:.1f},{middle + 8} {at - 7:.1f},{middle}"
        parts.append(f'<polygon points="{shape}" fill="{colour}" stroke="#fff"><title>{hint}</title></polygon>')
    for number, lane in enumerate(lanes, 1):
        top = TOP + LANE * number
        bars = found.bars[found.bars.lane == lane]
        most = int(bars["count"].max())
        parts.append(_row(lane, top))
        parts.append(f'<text x="{WIDTH - RIGHT + 6}" y="{top + 14}" font-size="11">{most:,}</text>')
        for time, count in zip(bars.time, bars["count"], strict=True):
            left, tall = x(time), max(1.5, (LANE - 8) * count / most)
            wide = max(1.5, x(time + found.width) - left - 0.5)
            hint = f"{lane}: {count:,} from {look.as_text(time, zone=zone)} {escape(zone_name)}"
            parts.append(
                f'<rect x="{left:.1f}" y="{top + LANE - 4 - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
                f' fill="{LANE_COLOURS[lane]}"><title>{hint}</title></rect>'
            )
    for n in range(TICKS + 1):
        moment = found.start + (found.end - found.start) * n / TICKS
        text = look.as_text(moment, zone=zone)
        text = text[:10] if span > 3 * 86400 else text[5:16]
        parts.append(
            f'<text x="{x(moment):.1f}" y="{height - 14}" font-size="11" text-anchor="middle">{escape(text)}</text>'
        )
    said = f"Events by kind of activity, counted in bars of {in_words(found.width)}. Times are {zone_name}."
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(said)}" style="width:100%;max-width:'
        f'{WIDTH}px;font:12px system-ui,sans-serif" fill="currentColor">{"".join(parts)}</svg>'
        f'<p class="toolkit-quiet">{escape(said)}</p>'
    )


def _row(title: str, top: int) -> str:
    return (
        f'<text x="{LEFT - 10}" y="{top + LANE / 2 + 4}" text-anchor="end">{escape(title)}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + LANE - 4}" y2="{top + LANE - 4}" stroke="#8888" />'
    )
