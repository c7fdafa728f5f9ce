"""The ledger of a collection as a strip per source over time, with words beside it: what came, what did not, and why.

A still picture (SVG) and plain HTML: the same live, reopened without its kernel, and exported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from textwrap import wrap

import pandas as pd

from toolkit.case import Case
from toolkit.collect.horizon import OFF, horizon, sentences
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    PROVISIONAL,
    STATES,
    UNASKED,
    UNCONFIRMED,
    Line,
    lines,
)
from toolkit.collect.said import (
    WHOLE,
    Strip,
    again,
    collected_sentence,
    disagreements,
    finding_sentences,
    ledger_sentence,
    sources_sentences,
    strips,
)
from toolkit.detect.finding import Finding
from toolkit.detect.words import plural
from toolkit.views.look import as_text, html_table, prose

__all__ = ["behind_html", "collected_sentence", "horizon_html", "ledger_html", "ledger_sentence", "ledger_svg"]

# From a palette that colour-blind readers can tell apart; the shape says the same.
COLOURS = {
    COMPLETE: "#009e73",
    UNCONFIRMED: "#56b4e9",
    PROVISIONAL: "#0072b2",
    PARTIAL: "#e69f00",
    FAILED: "#d55e00",
    NOT_AVAILABLE: "#888888",
    UNASKED: "#888888",
}
MEANING = {
    COMPLETE: "every page came, and two answers agreed, 24 hours or more after it ended",
    UNCONFIRMED: "every page came, asked for once",
    PROVISIONAL: "reaches into the 24 hours before it was asked for: may still grow",
    PARTIAL: "something is missing",
    FAILED: "nothing came",
    NOT_AVAILABLE: "not offered by the service, or not by this tenant, licence or role",
    UNASKED: "planned, but the collection was stopped before it or is still going on",
}
PALE = "; of a list over many days, the pale part is older than that"
HOLLOW = (FAILED, NOT_AVAILABLE, UNASKED)
BEHIND = "What the ledger says of the sources behind this"
WIDTH, LEFT, RIGHT, ROW, TOP, BAR = 1080, 300, 300, 26, 8, 16
LINE = 12  # from one line of a name to the next
MOST_LINES = 4
ACROSS, NARROW = 52, 14  # characters of a line beside the bars; the width up to which a dashed box is none any more
DAY = timedelta(days=1)
MOST_ROWS = 40
MOST_WINDOWS = 400  # of one strip; of more the newest are drawn
MOST_REASONS = 5
MOST_DISAGREEING = 20
HEADINGS = {"source": "Source", "account": "Account", "road": "By", "words": "Windows", "records": "Records"}
NOTHING = "Nothing was collected from a tenant into this case; it holds what files brought."


def ledger_html(case: Case, zone: tzinfo = UTC, zone_name: str = "UTC", *, running: bool = False) -> str:
    """The picture, the legend, why windows did not come whole, and the command that asks for them again.

    While a collection is `running`, what it did not ask for yet is counted, and is neither a reason nor a doubt.
    """
    told = lines(case)
    if not told:
        return f'<p class="toolkit-quiet">{NOTHING}</p>'
    found = strips(told)
    more = len(found) - MOST_ROWS
    cut = f'<p class="toolkit-quiet">… and {more:,} more strips; the table has them all.</p>' if more > 0 else ""
    sentence = _so_far(told) if running else collected_sentence(case)
    return "".join([
        f"<p>{prose(sentence)}</p>", ledger_svg(found, zone, zone_name), cut, _legend(found),
        _hindered(found, running=running), _disagreeing(told), "" if running else _again(case, told), _table(found),
    ])  # fmt: skip


def _so_far(told: Sequence[Line]) -> str:
    """How a collection that is going on stands, in windows and lists."""
    whole, left = sum(line.state in WHOLE for line in told), sum(line.state == UNASKED for line in told)
    hindered = len(told) - whole - left
    broken = f"; {hindered:,} did not come whole" if hindered else ""
    return f"As it stands now: {whole:,} came whole{broken}; still to ask: {left:,}."


def behind_html(case: Case, findings: Sequence[Finding], accounts: Collection[str] = ()) -> str:
    """What the ledger says of each source that findings rest on, or, where there is none, of each that was looked at.

    "" where nothing was collected.
    """
    told = finding_sentences(case, findings) if findings else sources_sentences(case, accounts)
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in told)
    return f'<details class="toolkit-behind"><summary>{BEHIND}</summary><ul>{items}</ul></details>' if items else ""


def horizon_html(case: Case) -> str:
    """What nobody can know from the services any more, or was not asked for; "" where nothing is to be said.

    Times when auditing was off are left to the page's part about those.
    """
    frame = horizon(case)
    told = sentences(frame[frame.kind != OFF])
    listed = "".join(f"<li>{escape(sentence)}</li>" for sentence in told)
    return f"<h3>How far back anything can be known</h3><ul>{listed}</ul>" if told else ""


def ledger_svg(found: Sequence[Strip], zone: tzinfo = UTC, zone_name: str = "UTC") -> str:
    """A row for each strip: its name, its windows over time, how many are in which state. No script, no link."""
    shown = list(found[:MOST_ROWS])
    if not shown:
        return ""
    first = min(datetime.fromisoformat(strip.start) for strip in shown)
    last = max(_until(line) for strip in shown for line in strip.lines)
    span = (last - first).total_seconds() or 1.0
    across = WIDTH - LEFT - RIGHT

    def x(moment: datetime) -> float:
        return LEFT + (moment - first).total_seconds() / span * across

    parts, y = [], TOP
    for strip in shown:
        name = strip.source + (f", {strip.road}" if _twice(strip, found) else "")
        whose = strip.account or "the organisation"
        words = ", ".join(f"{n:,} {state}{_as_of(strip, state, zone, zone_name)}" for state, n in strip.counts.items())
        names, counted = _lines(name), _lines(words)
        parts.append(
            f"<g>{_text(names, 0, y + 10)}<title>{escape(f'{name}, {whose}')}</title></text>"
            f'<text x="0" y="{y + 10 + LINE * len(names)}" font-size="9.5" opacity=".7">{escape(_short(whose, 52))}'
            f"</text>"
        )
        parts += [_drawn(group, x, y, zone, zone_name) for group in _groups(strip)]
        parts.append(f"{_text(counted, WIDTH - RIGHT + 10, y + 14)}<title>{escape(words)}</title></text></g>")
        y += ROW + LINE * max(len(names) - 1, len(counted) - 2, 0)
    parts.append(_axis(first, last, y, zone))
    said = (
        f"{len(shown)} sources from {first:%Y-%m-%d} to {last:%Y-%m-%d}; the words beside each strip count its windows."
    )
    return (
        f'<svg class="toolkit-ledger" viewBox="0 0 {WIDTH} {y + 26}" role="img" aria-label="{escape(said)}" '
        f'style="width:100%;max-width:{WIDTH}px;font:11px system-ui,sans-serif" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def _lines(text: str) -> list[str]:
    """A name or a count in as many lines as it takes, up to a bound."""
    return wrap(text, ACROSS, max_lines=MOST_LINES, placeholder=" …") or [""]


def _text(told: Sequence[str], x: float, y: float) -> str:
    """A text of several lines, left open for its title."""
    rest = "".join(f'<tspan x="{x:.0f}" dy="{LINE}">{escape(line)}</tspan>' for line in told[1:])
    return f'<text x="{x:.0f}" y="{y:.0f}">{escape(told[0])}{rest}'


def _until(line: Line) -> datetime:
    """Up to where a window says anything: its end, or when it was asked for, if that was before."""
    start, end, pulled = (datetime.fromisoformat(moment) for moment in (line.start, line.end, line.pulled))
    return pulled if start < pulled < end else end


def _listed(line: Line) -> bool:
    """Whether it is one list over many days as of now, such as the Secure Score, and not the newest day or two."""
    return line.state == PROVISIONAL and _until(line) - datetime.fromisoformat(line.start) > 2 * DAY


def _as_of(strip: Strip, state: str, zone: tzinfo, zone_name: str) -> str:
    listed = [line for line in strip.lines if line.state == state and _listed(line)]
    return f" (as of {_minute(_until(listed[-1]), zone)} {zone_name})" if listed else ""


def _groups(strip: Strip) -> list[list[Line]]:
    """The windows to draw, the newest of very many: what nothing came of is one box as long as it says the same.

    What stands over another, as the lists of a state do, is drawn the worst last.
    """
    groups: list[list[Line]] = []
    order = {state: place for place, state in enumerate(STATES)}
    newest = strip.lines[-MOST_WINDOWS:]
    for line in sorted(newest, key=lambda line: (order.get(line.state, 0), line.start)) if strip.of_state else newest:
        before = groups[-1][-1] if groups else None
        same = before and (before.state, before.reason) == (line.state, line.reason) and line.start <= before.end
        if same and line.state in HOLLOW:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _drawn(group: Sequence[Line], x: Callable[[datetime], float], y: int, zone: tzinfo, zone_name: str) -> str:
    line, until = group[0], max(_until(one) for one in group)
    start, end = x(datetime.fromisoformat(line.start)), x(until)
    first, last = (_minute(moment, zone) for moment in (datetime.fromisoformat(line.start), until))
    records = sum(one.records for one in group)
    counted = f"{records:,} records" + (f" of {line.expected:,}" if line.expected is not None else "")
    many = f"{len(group):,} times " if len(group) > 1 else ""
    hint = f"{first} to {last} {zone_name}: {many}{line.state}, {counted}"
    if _listed(line):
        hint += f". One list as of {last} {zone_name}: what is newer than 24 hours then may still grow"
    if line.reason:
        hint += f". {line.reason[:400]}"
    width = max(end - start - 0.6, 1.2)
    pale = max(x(until - DAY) - start, 0.0) if _listed(line) else 0.0
    return _mark(line.state, start, y, width, hint, pale)


def _mark(state: str, x: float, y: float, width: float, hint: str = "", pale: float = 0.0) -> str:
    """A window: full where it came, half as high where only a part did, hollow where nothing did.

    So much of its width is drawn `pale`, from its beginning.
    """
    colour = COLOURS.get(state, "#888888")
    title = f"<title>{escape(hint)}</title>" if hint else ""
    top, high = (y + BAR / 2 + 2, BAR / 2) if state == PARTIAL else (y + 2, BAR)
    look = f'fill="none" stroke="{colour}"' if state in HOLLOW else f'fill="{colour}"'
    if state in HOLLOW:
        # A hollow box takes the pointer all the same.
        look += ' pointer-events="all"'
    dashed = {NOT_AVAILABLE: ' stroke-dasharray="2 2"', UNASKED: ' stroke-dasharray="6 3"'}.get(state, "")
    if width < NARROW and hint:
        dashed = ' stroke-width="0.8"' if dashed else ""
    if pale:
        faint = _mark(state, x, y, pale, hint).replace("<rect ", '<rect opacity=".35" ', 1)
        return faint + _mark(state, x + pale, y, max(width - pale, 1.2), hint)
    return f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{high:.0f}" {look}{dashed}>{title}</rect>'


def _axis(first: datetime, last: datetime, y: int, zone: tzinfo) -> str:
    parts = []
    days = max((last - first) / timedelta(days=1), 1.0)
    across, ticks = WIDTH - LEFT - RIGHT, min(4, int(days))
    for n in range(ticks + 1):
        place = LEFT + across * n / ticks
        text = as_text(first + (last - first) * n / ticks, zone=zone)[:10]
        anchor = "start" if n == 0 else "end" if n == ticks else "middle"
        parts.append(
            f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{y}" y2="{y + 5}" stroke="currentColor" opacity=".5" />'
            f'<text x="{place:.1f}" y="{y + 17}" text-anchor="{anchor}">{text}</text>'
        )
    return "".join(parts)


def _legend(found: Sequence[Strip]) -> str:
    there = [state for state in COLOURS if any(state in strip.counts for strip in found)]
    listed = any(_listed(line) for strip in found for line in strip.lines)
    items = "".join(
        f'<span style="white-space:nowrap;margin-right:16px"><svg viewBox="0 0 16 20" style="width:16px;height:20px;'
        f'vertical-align:middle">{_mark(state, 1, 0, 13)}</svg> <b>{escape(state)}</b>: {MEANING[state]}'
        f"{PALE if state == PROVISIONAL and listed else ''}</span> "
        for state in there
    )
    return f'<p class="toolkit-ledger-legend">{items}</p>'


def _hindered(found: Sequence[Strip], *, running: bool) -> str:
    items, unasked = [], []
    for strip in found:
        left = strip.counts.get(UNASKED, 0)
        name = strip.source + (f" of {strip.account}" if strip.account else "")
        name += f", by {strip.road}" if strip.road else ""
        if left:
            unasked.append(f"<li>{escape(name)}: {_many(strip, left)}</li>")
        asked = replace(strip, lines=tuple(line for line in strip.lines if line.state != UNASKED))
        reasons = asked.hindered
        if not reasons:
            continue
        told = "".join(
            f"<li>{one.days}{f' ({_many(strip, one.many)})' if one.many > 1 else ''}: {prose(one.reason)}</li>"
            for one in reasons[:MOST_REASONS]
        )
        over = len(reasons) - MOST_REASONS
        rest = f"<li>… and {over:,} other reasons</li>" if over > 0 else ""
        items.append(f"<li>{escape(name)}<ul>{told}{rest}</ul></li>")
    if unasked and not running:
        fold = f"<details><summary>Planned, and not asked for yet</summary><ul>{''.join(unasked)}</ul></details>"
        items.append(f"<li>{fold}</li>")
    return f"<h3>What did not come whole, and why</h3><ul>{''.join(items)}</ul>" if items else ""


def _many(strip: Strip, number: int) -> str:
    return plural(number, "list" if strip.of_state else "window")


def _disagreeing(told: Sequence[Line]) -> str:
    sentences = disagreements(told)
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences[:MOST_DISAGREEING])
    more = len(sentences) - MOST_DISAGREEING
    rest = f"<li>… and {more:,} more windows: `coverage --json` has them all</li>" if more > 0 else ""
    head = "<h3>Where two answers or roads disagree, and which ids only one had</h3>"
    return f"{head}<ul>{items}{rest}</ul>" if items else ""


def _again(case: Case, told: Sequence[Line]) -> str:
    command = again(case, told)
    if not command:
        return ""
    young = sum(line.state == PROVISIONAL for line in told)
    unasked = sum(line.state == UNASKED for line in told)
    broken = sum(line.needs_asking for line in told) - young - unasked
    what = [
        f"{young:,} that may still grow" if young else "",
        f"{broken:,} that did not come whole" if broken else "",
        f"{unasked:,} that were not asked for yet" if unasked else "",
    ]
    return (
        f"<p>To ask for what is left ({', '.join(filter(None, what))}), and for nothing else: "
        f"<code>{escape(command)}</code></p>"
    )


def _table(found: Sequence[Strip]) -> str:
    rows = pd.DataFrame(
        [(s.source, s.account or "the organisation", s.road, s.in_words, s.records) for s in found],
        columns=list(HEADINGS),
    )
    return f"<details><summary>The same as a table</summary>{html_table(rows, headings=HEADINGS)}</details>"


def _twice(strip: Strip, found: Sequence[Strip]) -> bool:
    return sum((s.source, s.account) == (strip.source, strip.account) for s in found) > 1


def _minute(moment: datetime, zone: tzinfo) -> str:
    return as_text(moment, zone=zone)[:16]


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
