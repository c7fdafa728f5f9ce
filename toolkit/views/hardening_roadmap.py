"""The roadmap as a checklist: what data says and what a person says, side by side."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from toolkit.detect.words import short
from toolkit.harden.roadmap import PHASES, Roadmap, RoadmapItem
from toolkit.views.look import box, figures, html_table

TITLES = {"first day": "First day", "30 days": "Within 30 days", "90 days": "Within 90 days", "beyond": "Beyond"}
HEADINGS = {
    "state": "State", "title": "What, and why", "data": "What data says", "hand": "What a person said",
    "benchmark": "CISA SCuBA",
}  # fmt: skip
DONE, OPEN, UNKNOWN = "#009e73", "#d55e00", "#999999"


def roadmap_html(roadmap: Roadmap) -> str:
    """The whole roadmap: how far it is, where data and people differ, and the points of each phase.

    HTML, every text escaped. What data ticks is never written over what a person said, nor the other way round.
    """
    tiles = [
        (TITLES[phase].lower(), f"{sum(i.done for i in roadmap.of(phase))} of {len(roadmap.of(phase))}")
        for phase in PHASES
    ]
    differing = "".join(box(short(note, 600), "warning", title="Data and a person differ") for note in roadmap.notes)
    phases = "".join(phase_html(roadmap, phase) for phase in PHASES)
    return f"<h3>Roadmap</h3><p>{escape(roadmap.told)}</p>{figures(tiles)}{differing}{phases}"


def phase_html(roadmap: Roadmap, phase: str) -> str:
    """The points of one phase as a table."""
    items = roadmap.of(phase)
    rows = pd.DataFrame([_row(item) for item in items], columns=list(HEADINGS))
    done = sum(item.done for item in items)
    open_now = " open" if phase in PHASES[:2] else ""
    table = html_table(rows, headings=HEADINGS, drawn={"state": str, "title": str, "hand": str})
    summary = f"<summary><b>{escape(TITLES[phase])}</b>: {done} of {len(items)} done</summary>"
    return f"<details{open_now}>{summary}{table}</details>"


def _row(item: RoadmapItem) -> tuple[Any, ...]:
    colour = DONE if item.done else UNKNOWN if item.state in ("not checked", "to do by hand") else OPEN
    state = f'<span class="toolkit-severity" style="border-left-color:{colour}">{escape(item.state)}</span>'
    title = f'{escape(item.title)}<br><span class="toolkit-quiet">{escape(item.why)}</span>'
    hand = ""
    if item.mark is not None:
        note = f"<br>“{escape(short(item.mark.note, 300))}”" if item.mark.note else ""
        hand = f"{escape(short(item.mark.said, 200))}{note}"
    return state, title, short(item.data.told, 400), hand, ", ".join(item.benchmark)
