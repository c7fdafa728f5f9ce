"""Roads that lead to one source: where two of them brought the same, a window is complete; where not, which ids only
one of them has.

The audit log is compared: `Search-UnifiedAuditLog`, Graph's audit search, the activity feeds. A road counts as having a
record when a page of it is in the evidence, whenever it was fetched. The feeds tell by when records became available,
of everybody: they cover a time of events when all of them came whole from its beginning until a day after its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.collect.ledger import (
    ASKED,
    CLOSED_AFTER,
    COMPLETE,
    PARTIAL,
    PROVISIONAL,
    SAID,
    UNCONFIRMED,
    Line,
    lines,
    write,
)
from toolkit.collect.roads.activity import FEEDS
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.search_log import SearchLog

SOURCE = SearchLog.source
FEED = "the activity feeds"
COMPARED = (SearchLog.name, AuditSearch.name)
WHOLE = {COMPLETE, UNCONFIRMED, PROVISIONAL}
# Workload of a record → the feed that it comes by; anything else is general.
_FEED_OF = {
    "azureactivedirectory": "Audit.AzureActiveDirectory",
    "exchange": "Audit.Exchange",
    "sharepoint": "Audit.SharePoint",
    "onedrive": "Audit.SharePoint",
}
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class _Held:
    """Records of the audit log by road: columns `road`, `id`, `time` (UTC), `account` (lower case), `feed`."""

    frame: pd.DataFrame

    def within(self, span: Span, account: str, road: str | None = None, *, but: str = "") -> pd.DataFrame:
        """The records of an account and a half-open span, of one road or of all but one."""
        frame = self.frame
        here = frame[(frame.account == account) & (frame.time >= span[0]) & (frame.time < span[1])]
        return here[here.road == road] if road is not None else here[here.road != but]


def agree(case: Case) -> list[Line]:
    """Compare the roads to the audit log and write anew the lines of which more, or less, may be said now.

    A line becomes complete where another road covers its window, both came whole, the window was closed a day before
    either was asked, and both have the same records. It becomes partial, with at most twenty ids, where another road
    has records that it lacks. Nothing is fetched. Gives the lines that were written.
    """
    known = [line for line in lines(case) if line.source == SOURCE]
    roads = {_road(line) for line in known}
    if len(roads) < 2:
        return []
    held = _held(case)
    feeds = _feed_spans(known, held)
    written: dict[tuple[str, str, str, str, str], Line] = {}
    for line in known:
        if line.road in COMPARED and "@" in line.account and line.state in WHOLE | {PARTIAL}:
            told = _judged(line, known, held, feeds)
            if told != line:
                written[told.key] = told
    for told in _feeds_lacking(known, held, feeds):
        written[told.key] = told
    for told in written.values():
        write(case, told)
    return list(written.values())


def _judged(line: Line, known: list[Line], held: _Held, feeds: list[Span]) -> Line:
    """The line as it stands after a look at the other roads."""
    span, account = _span(line), line.account.lower()
    ours = set(held.within(span, account, line.road).id)
    others = held.within(span, account, but=line.road)
    lacking = sorted(set(others.id) - ours)
    if line.state == PROVISIONAL or (line.state == PARTIAL and not line.only_there):
        return line
    if lacking:
        names = ", ".join(sorted(set(others[others.id.isin(lacking)].road)))
        count = f"{len(lacking):,} record{'s' if len(lacking) != 1 else ''}"
        reason = f"{names} has {count} of this window that this road does not have"
        further = sorted(ours - set(others.id))[:SAID] if _covered(span, account, line.road, known, feeds) else []
        return replace(line, state=PARTIAL, reason=reason, only_here=further, only_there=lacking[:SAID])
    if line.state != UNCONFIRMED or not _closed(line):
        return line
    for road in _covered(span, account, line.road, known, feeds):
        if set(held.within(span, account, road).id) == ours:
            return replace(line, state=COMPLETE, reason=f"{road} has the same records")
    return line


def _covered(span: Span, account: str, road: str, known: list[Line], feeds: list[Span]) -> list[str]:
    """The other roads that have the whole span, each with the windows closed for a day."""
    found = []
    for other in COMPARED:
        if other == road:
            continue
        spans = [
            _span(line)
            for line in known
            if line.road == other and line.account.lower() == account and line.state in WHOLE and _closed(line)
        ]
        if _covers(spans, span):
            found.append(other)
    if _covers(feeds, span):
        found.append(FEED)
    return found


def _feeds_lacking(known: list[Line], held: _Held, feeds: list[Span]) -> Iterable[Line]:
    """Lines of a feed for days of which another road has records that never became available in it."""
    have = set(held.frame[held.frame.road == FEED].id)
    others = held.frame[(held.frame.road != FEED) & ~held.frame.id.isin(have)]
    inside = [others[(others.time >= start) & (others.time < end)] for start, end in feeds]
    missing = pd.concat(inside) if inside else others.iloc[:0]
    for kind in FEEDS:
        for line in known:
            start, end = _span(line)
            if line.road != kind.name or line.state not in {COMPLETE, UNCONFIRMED}:
                continue
            here = missing[(missing.feed == kind.content_type) & (missing.time >= start) & (missing.time < end)]
            if len(here):
                lacking = sorted(set(here.id))
                reason = f"{len(lacking):,} records of that time, which another road has, did not come by this feed"
                yield replace(line, state=PARTIAL, reason=reason, only_there=lacking[:SAID])


def _feed_spans(known: list[Line], held: _Held) -> list[Span]:
    """The times of events that all feeds cover: from the first record that came by them, each availability until a day
    later."""
    times = held.frame[held.frame.road == FEED].time
    if times.empty:
        return []
    spans: list[Span] | None = None
    for kind in FEEDS:
        own = [
            (start, min(end, datetime.fromisoformat(line.pulled)))
            for line in known
            if line.road == kind.name and line.state in WHOLE
            for start, end in [_span(line)]
            if start < datetime.fromisoformat(line.pulled)
        ]
        spans = _merged(own) if spans is None else _both(spans, _merged(own))
    first = times.min().to_pydatetime()
    late = [(max(start, first), end - CLOSED_AFTER) for start, end in spans or []]
    return [(start, end) for start, end in late if start < end]


def _held(case: Case) -> _Held:
    """Which road has which record, from every page that was ever loaded."""
    road_of: dict[str, set[str]] = {}
    for entry in case.journal.entries(ASKED):
        if entry.fields.get("source") == SOURCE:
            for sha256 in entry.fields.get("files", []):
                road_of.setdefault(str(sha256), set()).add(_road_named(str(entry.fields["road"])))
    files = pd.DataFrame(
        [(sha256, road) for sha256, names in road_of.items() for road in names], columns=["file", "road"]
    )
    places = case.positions("audit").merge(files, on="file")[["record_id", "road"]].drop_duplicates()
    rows = case.sql(
        "SELECT DISTINCT record_id, time, lower(user_principal_name) AS account, lower(workload) AS workload "
        "FROM audit WHERE time IS NOT NULL"
    )
    found = places.merge(rows, on="record_id")
    frame = pd.DataFrame(
        {
            "road": found.road,
            "id": found.record_id.str.lower(),
            "time": found.time,
            "account": found.account,
            "feed": [_feed_of(workload) for workload in found.workload],
        }
    )
    return _Held(frame)


def _feed_of(workload: Any) -> str:
    return _FEED_OF.get(workload if isinstance(workload, str) else "", "Audit.General")


def _road(line: Line) -> str:
    return _road_named(line.road)


def _road_named(name: str) -> str:
    """The feeds count as one road."""
    return FEED if name in {kind.name for kind in FEEDS} else name


def _span(line: Line) -> Span:
    return datetime.fromisoformat(line.start), datetime.fromisoformat(line.end)


def _closed(line: Line) -> bool:
    return datetime.fromisoformat(line.pulled) - datetime.fromisoformat(line.end) >= CLOSED_AFTER


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _both(one: list[Span], other: list[Span]) -> list[Span]:
    """What is in both."""
    pairs = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return [(start, end) for start, end in pairs if start < end]


def _covers(spans: Iterable[Span], wanted: Span) -> bool:
    return any(start <= wanted[0] and wanted[1] <= end for start, end in _merged(spans))
