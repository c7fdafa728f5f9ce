"""The ledger of a collection as a strip per source over time, with words beside it: what came, what did not, and why.

A still picture (SVG) and plain HTML: the same live, reopened without its kernel, and exported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

import pandas as pd

from toolkit.case import Case
from toolkit.collect.horizon import OFF, horizon, sentences
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    PROVISIONAL,
    UNASKED,
    UNCONFIRMED,
    Line,
    lines,
)
from toolkit.collect.said import (
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
    COMPLETE: "every page came, and two answers agreed",
    UNCONFIRMED: "every page came, asked for once",
    PROVISIONAL: "reaches into the 24 hours before it was asked for: may still grow",
    PARTIAL: "something is missing",
    FAILED: "nothing came",
    NOT_AVAILABLE: "not offered by the service, or not by this tenant, licence or role",
    UNASKED: "planned, but the collection was stopped before it or is still going on",
}
HOLLOW = (FAILED, NOT_AVAILABLE, UNASKED)
BEHIND = "What the ledger says of the sources behind this"
WIDTH, LEFT, RIGHT, ROW, TOP, BAR = 1080, 300, 300, 26, 8, 16
MOST_ROWS = 40
MOST_WINDOWS = 400  # of one strip; of more the newest are drawn
MOST_REASONS = 5
MOST_DISAGREEING = 20
HEADINGS = {"source": "Source", "account": "Account", "road": "By", "words": "Windows", "records": "Records"}
NOTHING = "Nothing was collected from a tenant into this case; it holds what files brought."


def ledger_html(case: Case, zone: tzinfo = UTC, zone_name: str = "UTC") -> str:
    """The picture, the legend, why windows did not come whole, and the command that asks for them again."""
    told = lines(case)
    if not told:
        return f'<p class="toolkit-quiet">{NOTHING}</p>'
    found = strips(told)
    more = len(found) - MOST_ROWS
    cut = f'<p class="toolkit-quiet">… and {more:,} more strips; the table has them all.</p>' if more > 0 else ""
    return "".join([
        f"<p>{prose(collected_sentence(case))}</p>", ledger_svg(found, zone, zone_name), cut, _legend(found),
        _hindered(found), _disagreeing(told), _again(case, told), _table(found),
    ])  # fmt: skip


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
    last = max(datetime.fromisoformat(strip.end) for strip in shown)
    span = (last - first).total_seconds() or 1.0
    across = WIDTH - LEFT - RIGHT

    def x(moment: str) -> float:
        return LEFT + (datetime.fromisoformat(moment) - first).total_seconds() / span * across

    height = TOP + ROW * len(shown) + 26
    parts = []
    for number, strip in enumerate(shown):
        y = TOP + number * ROW
        name = strip.source + (f", {strip.road}" if _twice(strip, found) else "")
        whose = strip.account or "the organisation"
        parts.append(
            f'<g><text x="0" y="{y + 10}">{escape(_short(name, 46))}<title>{escape(f"{name}, {whose}")}</title></text>'
            f'<text x="0" y="{y + 21}" font-size="9.5" opacity=".7">{escape(_short(whose, 52))}</text>'
        )
        parts += [_window(line, x(line.start), x(line.end), y, zone, zone_name) for line in strip.lines[-MOST_WINDOWS:]]
        words = ", ".join(f"{n:,} {state}" for state, n in strip.counts.items())
        parts.append(
            f'<text x="{WIDTH - RIGHT + 10}" y="{y + 14}">{escape(_short(words, 48))}<title>{escape(words)}</title>'
            f"</text></g>"
        )
    parts.append(_axis(first, last, TOP + ROW * len(shown), zone))
    said = (
        f"{len(shown)} sources from {first:%Y-%m-%d} to {last:%Y-%m-%d}; the words beside each strip count its windows."
    )
    return (
        f'<svg class="toolkit-ledger" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(said)}" '
        f'style="width:100%;max-width:{WIDTH}px;font:11px system-ui,sans-serif" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def _window(line: Line, start: float, end: float, y: int, zone: tzinfo, zone_name: str) -> str:
    first, last = (as_text(datetime.fromisoformat(moment), zone=zone)[:16] for moment in (line.start, line.end))
    counted = f"{line.records:,} records" + (f" of {line.expected:,}" if line.expected is not None else "")
    hint = f"{first} to {last} {zone_name}: {line.state}, {counted}" + (f". {line.reason[:400]}" if line.reason else "")
    return f"{_mark(line.state, start, y, max(end - start - 0.6, 1.2), hint)}"


def _mark(state: str, x: float, y: float, width: float, hint: str = "") -> str:
    """A window: full where it came, half as high where only a part did, hollow where nothing did."""
    colour = COLOURS.get(state, "#888888")
    title = f"<title>{escape(hint)}</title>" if hint else ""
    top, high = (y + BAR / 2 + 2, BAR / 2) if state == PARTIAL else (y + 2, BAR)
    look = f'fill="none" stroke="{colour}"' if state in HOLLOW else f'fill="{colour}"'
    if state in HOLLOW:
        # A hollow box takes the pointer all the same.
        look += ' pointer-events="all"'
    dashed = {NOT_AVAILABLE: ' stroke-dasharray="2 2"', UNASKED: ' stroke-dasharray="6 3"'}.get(state, "")
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
    items = "".join(
        f'<span style="white-space:nowrap;margin-right:16px"><svg viewBox="0 0 16 20" style="width:16px;height:20px;'
        f'vertical-align:middle">{_mark(state, 1, 0, 13)}</svg> <b>{escape(state)}</b>: {MEANING[state]}</span> '
        for state in there
    )
    return f'<p class="toolkit-ledger-legend">{items}</p>'


def _hindered(found: Sequence[Strip]) -> str:
    items = []
    for strip in found:
        reasons = list(strip.reasons.items())
        if not reasons:
            continue
        what = "lists" if strip.of_state else "windows"
        told = "".join(
            f"<li>{f'{n:,} {what}: ' if n > 1 else ''}{escape(reason)}</li>" for reason, n in reasons[:MOST_REASONS]
        )
        over = len(reasons) - MOST_REASONS
        rest = f"<li>… and {over:,} other reasons</li>" if over > 0 else ""
        whose = f" of {strip.account}" if strip.account else ""
        items.append(f"<li>{escape(strip.source + whose)}<ul>{told}{rest}</ul></li>")
    return f"<h3>What did not come whole, and why</h3><ul>{''.join(items)}</ul>" if items else ""


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
        f"<p>To ask again for windows ({' and '.join(filter(None, what))}), and for no others: "
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


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
