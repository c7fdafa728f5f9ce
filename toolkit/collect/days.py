"""Which days windows lie in, in words: neighbours together, e.g. “2–3 and 7 September”."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from toolkit.collect.ledger import Line

MOST = 12
"""So many spans of days are named."""
_DAY = timedelta(days=1)
Days = tuple[date, date]


def days_of(told: Iterable[Line]) -> list[Days]:
    """The days (UTC) that windows lie in, as spans from the first to the last of neighbours, oldest first."""
    spans: list[Days] = []
    for first, last in sorted(map(_days, told)):
        if spans and first <= spans[-1][1] + _DAY:
            spans[-1] = spans[-1][0], max(spans[-1][1], last)
        else:
            spans.append((first, last))
    return spans


def days_said(told: Iterable[Line]) -> str:
    """The days of windows in words, with the year where they are not all of one; of many spans the newest are named."""
    spans = days_of(told)
    if not spans:
        return ""
    years = {day.year for span in spans for day in span}
    shown = spans[-MOST:]
    texts = [_span(span, following, with_year=len(years) > 1) for span, following in _pairs(shown)]
    if len(spans) > MOST:
        return f"{len(spans) - MOST:,} earlier times, {', '.join(texts)}"
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _days(line: Line) -> Days:
    start, end = datetime.fromisoformat(line.start), datetime.fromisoformat(line.end)
    return start.date(), (max(end, start + timedelta(microseconds=1)) - timedelta(microseconds=1)).date()


def _pairs(spans: list[Days]) -> Iterable[tuple[Days, Days | None]]:
    return zip(spans, [*spans[1:], None], strict=True)


def _span(span: Days, following: Days | None, *, with_year: bool) -> str:
    """One span; its month is left to the next one where that begins and this one stays in the same."""
    first, last = span
    shared = following is not None and {_month(day) for day in (*span, following[0], following[1])} == {_month(first)}
    end = f"{last.day}" if shared else _date(last, with_year=with_year)
    if first == last:
        return end
    if _month(first) == _month(last):
        return f"{first.day}–{end}"
    return f"{_date(first, with_year=with_year and first.year != last.year)} – {end}"


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _date(day: date, *, with_year: bool) -> str:
    return f"{day.day} {day:%B}" + (f" {day.year}" if with_year else "")
