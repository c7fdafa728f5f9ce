"""Secure Score as a manager reads it: where we stand, what helps most after this incident, what would have stopped it.

All text of the service and of evidence is escaped; what it says about putting a control right is sanitised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Any

import pandas as pd

from toolkit.detect.words import short
from toolkit.harden import RankedControl, ScoreReport, WhatIf
from toolkit.harden.control import NOT_ASSESSED, NOT_TOLD, OFF, ON, PARTLY, Said
from toolkit.harden.licences import ANY
from toolkit.harden.licences import NOT_TOLD as LICENCE_NOT_TOLD
from toolkit.harden.remediation import text_without_markup
from toolkit.harden.score import NOT_SAID_OF_WHOM, Comparison, Day
from toolkit.harden.score_rows import text_of
from toolkit.harden.weights import HINDERS, STOPS
from toolkit.harden.what_if import Obstacle, WhatIfStep
from toolkit.views.look import BOX_COLOURS, as_text, box, figures, html_table
from toolkit.views.remediation import remediation_html
from toolkit.views.score_trend import MOST_DAYS, points, trend_svg

LAGS = (
    "The score follows a change after one or two days, and counts the whole organisation, not this account. Whether a "
    "repair works is seen on the setting itself, never on the score."
)
ORDER = (
    "In the order in which they help after this incident: how much a control matters to a taken mailbox, how much of "
    "it is open, whether it would have stopped what was found, and how much effort it takes. Points do not decide."
)
COLOURS = {ON: "done", PARTLY: "warning", OFF: "error", NOT_ASSESSED: "note", NOT_TOLD: "note"}
SAID = {
    "ignored": "risk accepted",
    "thirdparty": "done by something else",
    "reviewed": "reviewed",
    "default": "nothing said",
}
HEADINGS = {
    "place": "",
    "name": "What to do",
    "state": "Is it on?",
    "points": "Points",
    "why": "Why",
    "effort": "Effort",
}
MOST_OPEN, MOST_OTHERS = 100, 300
LONGEST = 500  # characters of one text


def score_html(
    report: ScoreReport, ranked: Sequence[RankedControl] = (), *, zone: tzinfo = UTC, zone_name: str = "UTC"
) -> str:
    """The total with its day and source, comparison, trend, categories, and the controls as `ranked_controls` has them.

    What to do for a control opens below its name. Days and times are in `zone`.
    """
    parts = [_headline(report, zone, zone_name)]
    parts += [box(text, "warning") for text in report.not_checked]
    trend = trend_svg(report.trend, zone=zone, zone_name=zone_name)
    if trend:
        told = [day for day in report.trend[-MOST_DAYS:] if day.percent is not None]
        first, last = (as_text(day.time, zone=zone)[:10] for day in (told[0], told[-1]))
        parts.append(f"<h3>The score from {escape(first)} to {escape(last)}</h3>{trend}")
    if report.categories:
        parts.append(_categories(report))
    if ranked:
        parts.append(_controls(ranked, report, zone))
    parts.append(_also_told(report))
    notes = [*report.notes, LAGS] if report.current is not None or ranked else report.notes
    parts += [f'<p class="toolkit-quiet">{escape(short(note, LONGEST))}</p>' for note in notes]
    return "".join(parts)


def what_if_html(result: WhatIf, *, zone: tzinfo = UTC, zone_name: str = "UTC") -> str:
    """The steps of what was found by time, with what would have stopped each and whether it is on."""
    notes = "".join(f'<p class="toolkit-quiet">{escape(short(note, LONGEST))}</p>' for note in result.notes)
    if not result.steps:
        return notes
    rows = [
        {
            "time": step.finding.first,
            "step": step,
            "would": [o for o in step.obstacles if o.how == STOPS],
            "could": [o for o in step.obstacles if o.how == HINDERS],
        }
        for step in result.steps
    ]
    frame = pd.DataFrame(rows, columns=["time", "step", "would", "could"])
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    headings = {
        "time": f"Time ({zone_name})",
        "step": "What happened",
        "would": "Would have stopped it",
        "could": "Could have stopped it, or shown it",
    }
    drawn: dict[str, Callable[[Any], str]] = {"step": _step, "would": _sure, "could": _unsure}
    return _summary(result) + html_table(frame, headings=headings, drawn=drawn, zone=zone) + notes


def _headline(report: ScoreReport, zone: tzinfo, zone_name: str) -> str:
    if report.current is None:
        return ""
    share = f" ({report.percent:.0f} %)" if report.percent is not None else ""
    tiles: list[tuple[str, Any]] = [
        ("Secure Score, points", f"{points(report.current)} of {points(report.maximum)}{share}")
    ]
    tiles += [(_of_whom(c), _average(c.average)) for c in report.comparisons if c.average is not None]
    tiles += _change(report.trend, zone)
    day = f"As of {as_text(report.day, zone=zone)[:10]} ({zone_name})" if report.day else "Of a day that is not told"
    silent = [c.named for c in report.comparisons if c.average is None]
    more = f" Not told: the average of {', '.join(silent)}." if silent else ""
    source = f'<p class="toolkit-quiet">{escape(short(f"{day}, from {report.source}.{more}", LONGEST))}</p>'
    return figures(tiles) + source


def _change(trend: Sequence[Day], zone: tzinfo) -> list[tuple[str, Any]]:
    """What became of the score since the first day: in points only where they are of the same total."""
    if len(trend) < 2:
        return []
    first, last = trend[0], trend[-1]
    since = as_text(first.time, zone=zone)[:10]
    if first.current is not None and last.current is not None and first.maximum == last.maximum:
        return [(f"points since {since}", _signed(last.current - first.current))]
    if first.percent is None or last.percent is None:
        return []
    change = _signed(round(last.percent - first.percent, 1))
    total = f"the total was {points(first.maximum)} then and is {points(last.maximum)}"
    return [(f"percentage points since {since}; {total}", change)]


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else '−' if change < 0 else '±'}{points(abs(change))}"


def _of_whom(one: Comparison) -> str:
    if one.group == NOT_SAID_OF_WHOM:
        return one.group
    return f"average, {short(one.named[:1].lower() + one.named[1:], 80)}"


def _average(value: float | None) -> str:
    if value is None:
        return ""
    return f"{points(value)} %" if value <= 100 else points(value)


def _categories(report: ScoreReport) -> str:
    frame = pd.DataFrame(
        [(c.name, points(c.reached), points(c.open), c.controls, c.untold) for c in report.categories],
        columns=["name", "reached", "open", "controls", "untold"],
    )
    headings = {"name": "Category", "reached": "Points reached", "open": "Points open", "controls": "Controls"}
    if frame.untold.any():
        headings["untold"] = "Of these, open points not told"
    caption = "Points of the single controls. They are not the total: that is the service's own number above."
    return f"<h3>By category</h3>{html_table(frame, headings=headings, caption=caption)}"


def _controls(ranked: Sequence[RankedControl], report: ScoreReport, zone: tzinfo) -> str:
    done = [r for r in ranked if r.control.state == ON]
    unknown = [r for r in ranked if r.weight is None and r.control.state != ON]
    first = [r for r in ranked if r.weight is not None and r.control.state != ON]
    parts = ["<h3>What to do, the most useful first</h3>", f"<p>{escape(ORDER)}</p>"]
    parts.append(_table(first, zone, MOST_OPEN) if first else "<p>None of the controls that matter here is open.</p>")
    for rows, title in (
        (unknown, "further {}, not known to matter to a taken mailbox, in Microsoft's own order"),
        (done, "{} counted as on"),
    ):
        if rows:
            body, told = _table(rows, zone, MOST_OTHERS), title.format("control" if len(rows) == 1 else "controls")
            parts.append(f"<details><summary>{len(rows):,} {escape(told)}</summary>{body}</details>")
    if report.deprecated:
        parts.append(f'<p class="toolkit-quiet">Left out: {report.deprecated:,} that Microsoft no longer counts.</p>')
    return "".join(parts)


def _table(rows: Sequence[RankedControl], zone: tzinfo, limit: int) -> str:
    frame = pd.DataFrame({
        "place": [r.place for r in rows],
        "name": list(rows),
        "state": list(rows),
        "points": [_points(r) for r in rows],
        "why": [f"{r.why} {r.limits}".strip() for r in rows],
        "effort": [_effort(r) for r in rows],
    })  # fmt: skip
    drawn: dict[str, Callable[[Any], str]] = {"name": lambda one: _name(one, zone), "state": _state_of}
    return html_table(frame, headings=HEADINGS, drawn=drawn, limit=limit)


def _name(one: RankedControl, zone: tzinfo) -> str:
    control = one.control
    lines = [f"<b>{escape(short(one.name, LONGEST))}</b>"]
    details = [remediation_html(control.remediation)]
    for label, text in (
        ("Effect on users", text_without_markup(control.effect)),
        ("The portal's list says" if control.listed else "The service says", control.status),
        ("Licence", _licence(one)),
        ("Protects against", ", ".join(control.threats)),
        ("Service", control.service),
    ):
        if text:
            details.append(f"<p>{escape(label)}: {escape(short(text, LONGEST))}</p>")
    if one.link:
        address = escape(one.link, quote=True)
        details.append(
            f'<p><a href="{address}" target="_blank" rel="noopener noreferrer nofollow">Open the setting</a></p>'
        )
    own = [control.id] if control.id != control.title else []
    names = [*own, *([f"rank {control.rank} of Microsoft"] if control.rank is not None else [])]
    details.append(f'<p class="toolkit-quiet">{escape(short(", ".join(names), 200))}{_further(one)}</p>')
    body = "".join(details)
    lines.append(f"<details><summary>How, and what it costs</summary>{body}</details>")
    if control.said:
        lines.append(f'<p class="toolkit-quiet">{escape(_said(control.said, zone))}</p>')
    return "".join(lines)


def _licence(one: RankedControl) -> str:
    if not one.licence or one.licence == ANY:
        return one.licensed
    told = "whether the organisation has it is not told" if one.licensed == LICENCE_NOT_TOLD else one.licensed
    return f"needs {one.licence}; {told}"


def _further(one: RankedControl) -> str:
    text = _in_words(one.control.further)
    return escape(short(f". Also told, as its source heads it: {text}", 2 * LONGEST)) if text else ""


def _in_words(further: Mapping[str, Any]) -> str:
    """Fields that we have no place for, as they came."""
    told = {
        k: v
        for k, v in further.items()
        if k != "vendorInformation" and (text_of(v) if isinstance(v, str) else v not in (None, []))
    }
    return "; ".join(f"{k}: {v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in told.items())


def _also_told(report: ScoreReport) -> str:
    """What the newest score says besides, of itself and of those it is compared with; folded away."""
    told = [(c.named, _in_words(c.further)) for c in report.comparisons]
    told.append(("The score", _in_words({k: v for k, v in report.further.items() if k != "id"})))
    rows = "".join(f"<li>{escape(short(f'{whose}: {text}', 2 * LONGEST))}</li>" for whose, text in told if text)
    return f"<details><summary>What the newest score tells besides</summary><ul>{rows}</ul></details>" if rows else ""


def _said(said: Said, zone: tzinfo) -> str:
    if said.state.lower() == "default":
        return f"The organisation notes: “{short(said.note, LONGEST)}”."
    by = f" by {short(said.by, 120)}" if said.by else ""
    when = f" on {as_text(said.time, zone=zone)[:10]}" if said.time else ""
    note = f": “{short(said.note, LONGEST)}”" if said.note else ""
    return f"The organisation says: {_word(said)}{by}{when}{note}."


def _word(said: Said) -> str:
    return SAID.get(said.state.lower(), short(said.state, 60))


def _points(one: RankedControl) -> str:
    control = one.control
    if control.points is None and control.maximum is None:
        return "not told" if control.percent is None else f"{points(control.percent)} %"
    return f"{points(control.points)} of {points(control.maximum)}"


def _effort(one: RankedControl) -> str:
    words = [w for w in (one.control.cost, one.control.impact) if w]
    if not words:
        return "not told"
    cost, impact = one.control.cost or "not told", one.control.impact or "not told"
    return short(f"{cost.lower()} to make, {impact.lower()} for users", 120)


def _state_of(one: RankedControl) -> str:
    control = one.control
    if control.state != NOT_TOLD or not control.status:
        return _state(control.state)
    return f'{_state(control.state)}<br><span class="toolkit-quiet">{escape(short(control.status, 200))}</span>'


def _state(state: str) -> str:
    colour = BOX_COLOURS[COLOURS.get(state, "note")]
    return f'<span class="toolkit-severity" style="border-left-color:{colour}">{escape(state)}</span>'


def _step(step: WhatIfStep) -> str:
    finding = step.finding
    who = f" · {escape(short(finding.user, 120))}" if finding.user else ""
    sure = "confirmed" if step.confirmed else "not judged yet"
    return (
        f"<b>{escape(short(finding.title, 200))}</b><br>"
        f'<span class="toolkit-quiet">{escape(finding.id)}{who} · {sure}</span><br>'
        f"{escape(short(finding.summary, 300))}"
    )


def _sure(obstacles: list[Obstacle]) -> str:
    return _obstacles(obstacles) or "<b>No control that we know</b>"


def _unsure(obstacles: list[Obstacle]) -> str:
    """Folded away: they are many, and none of them decides."""
    if not obstacles:
        return ""
    many = "1 control" if len(obstacles) == 1 else f"{len(obstacles)} controls"
    return f"<details><summary>{many}</summary>{_obstacles(obstacles)}</details>"


def _obstacles(obstacles: list[Obstacle]) -> str:
    shown = []
    for one in obstacles:
        words = [w for w in (one.note, f"The organisation says: {_word(one.said)}." if one.said else "") if w]
        more = f'<br><span class="toolkit-quiet">{escape(" ".join(words))}</span>' if words else ""
        hint = escape(one.limits, quote=True)
        shown.append(f'<p title="{hint}">{escape(one.name)}<br>{_state(one.state)}{more}</p>')
    return "".join(shown)


def _summary(result: WhatIf) -> str:
    total = len(result.steps)
    stopped = [s for s in result.steps if any(o.how == STOPS and o.state in (OFF, PARTLY) for o in s.obstacles)]
    never = len(result.unstopped)
    text = (
        f"{total:,} steps were found. {len(stopped):,} of them would have been stopped by a control that is off or "
        f"only partly on. For {never:,} no control of Secure Score is known that would surely have stopped them: there "
        "it takes somebody who looks."
    )
    return box(text, "warning" if stopped else "note", title="What would have stopped it?")
