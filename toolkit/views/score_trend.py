"""The trend of Secure Score as a small still picture (SVG), the same live, reopened and exported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from toolkit.harden.score import Day
from toolkit.views.look import BOX_COLOURS, as_text

WIDTH, HEIGHT = 720, 170
LEFT, RIGHT, TOP, BOTTOM = 48, 24, 14, 28
MOST_DAYS = 400  # days drawn; of more the newest
MARKED = 120  # days of which each gets a dot of its own


def trend_svg(days: Sequence[Day], *, zone: tzinfo, zone_name: str) -> str:
    """Each day's points in per cent of its own maximum. No script, no link, no font; "" for fewer than two days."""
    told = [(day, day.percent) for day in days[-MOST_DAYS:] if day.percent is not None]
    if len(told) < 2:
        return ""
    values = [percent for _, percent in told]
    low, high = _range(min(values), max(values))
    first, last = told[0][0].time, told[-1][0].time
    span = (last - first).total_seconds() or 1.0

    def x(day: Day) -> float:
        return LEFT + (day.time - first).total_seconds() / span * (WIDTH - LEFT - RIGHT)

    def y(percent: float) -> float:
        return TOP + (high - percent) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for n in range(3):
        level = low + (high - low) * n / 2
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}" stroke="#8886" />'
            f'<text x="{LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end">{level:.0f} %</text>'
        )
    line = " ".join(f"{x(day):.1f},{y(percent):.1f}" for day, percent in told)
    colour = BOX_COLOURS["note"]
    parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" />')
    dots = told if len(told) <= MARKED else [told[0], told[-1]]
    for day, percent in dots:
        hint = f"{as_text(day.time, zone=zone)[:10]}: {points(day.current)} of {points(day.maximum)} ({percent:.1f} %)"
        parts.append(
            f'<circle cx="{x(day):.1f}" cy="{y(percent):.1f}" r="3" fill="{colour}">'
            f"<title>{escape(hint)}</title></circle>"
        )
    for day, anchor in ((told[0][0], "start"), (told[-1][0], "end")):
        text = as_text(day.time, zone=zone)[:10]
        parts.append(f'<text x="{x(day):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(text)}</text>')
    since, until = (as_text(when, zone=zone)[:10] for when in (first, last))
    said = (
        f"Secure Score in per cent: {values[0]:.1f} on {since}, {values[-1]:.1f} on {until}, {len(told)} scores; "
        f"days are {zone_name}."
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}" style="width:100%;max-width:'
        f'{WIDTH}px;font:11px system-ui,sans-serif" fill="currentColor">{"".join(parts)}</svg>'
    )


def points(value: float | None) -> str:
    """Points as the portal writes them: 81.9, 131, with separators; “not told” for none."""
    return "not told" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _range(low: float, high: float) -> tuple[float, float]:
    """A range around the values that does not make a mountain of a small step."""
    middle, half = (low + high) / 2, max((high - low) * 0.7, 5.0)
    return max(0.0, middle - half), min(100.0, middle + half) if high <= 100 else middle + half
