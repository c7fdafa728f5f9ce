"""Roads that lead to one source: where two of them brought the same, a window is complete; where not, which ids only
one of them has.

Compared are, of an account or of a mark of the attacker's: the audit log (`Search-UnifiedAuditLog`, Graph's audit
search, the activity feeds, Log Analytics), sign-ins and directory changes (Graph, Log Analytics). A road counts as
having a record when a page of it is in the evidence, whenever it was fetched. The feeds tell by when records became
available, of everybody: they cover a time of events when all of them came whole from its beginning until a day after
its end. Log Analytics has a part of the audit log (`OFFICE`): of that its windows are compared, but it confirms nobody,
and is never complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from toolkit.collect.marks import ADDRESS, kind_of
from toolkit.collect.roads.activity import FEEDS
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.by_others import SOURCE as BY_OTHERS
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, NonInteractiveSignIns
from toolkit.collect.roads.log_analytics import WorkspaceOfficeActivity
from toolkit.collect.roads.parts import UNPROVEN
from toolkit.collect.roads.search_log import SearchLog

SOURCE = SearchLog.source
FEED = "the activity feeds"
WORKSPACE = WorkspaceOfficeActivity.name
# Source → the roads to it that are compared, and the table that they fill.
COMPARED: dict[str, tuple[tuple[str, ...], str]] = {
    SOURCE: ((SearchLog.name, AuditSearch.name, WORKSPACE), SearchLog.table),
    BY_OTHERS: ((SearchLog.name, AuditSearch.name), SearchLog.table),
    InteractiveSignIns.source: ((InteractiveSignIns.name, WORKSPACE), InteractiveSignIns.table),
    NonInteractiveSignIns.source: ((NonInteractiveSignIns.name, WORKSPACE), NonInteractiveSignIns.table),
    ApplicationSignIns.source: ((ApplicationSignIns.name, WORKSPACE), ApplicationSignIns.table),
    DirectoryChanges.source: ((DirectoryChanges.name, WORKSPACE), DirectoryChanges.table),
}
# Sources whose records do not name the account that they were asked for about.
BY_QUESTION = (DirectoryChanges.source, ApplicationSignIns.source, BY_OTHERS)
OFFICE = {"exchange", "sharepoint", "onedrive", "microsoftteams"}
"""Workloads of the audit log that Microsoft Sentinel's connector brings into a workspace, at most."""
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
    """Records by source and road: columns `source`, `road`, `about` (the account or mark that was asked for), `id`,
    `time` (UTC), `account` and `address` (lower case), `workload`, `feed`."""

    frame: pd.DataFrame

    def within(self, line: Line, road: str | None = None, *, but: str = "") -> pd.DataFrame:
        """The records of what a line is about, in its half-open window, of one road or of all but one.

        Where the line's own road has some workloads only, those of others are left out.
        """
        span, account, frame = _span(line), line.account.lower(), self.frame
        here = frame[(frame.source == line.source) & (frame.time >= span[0]) & (frame.time < span[1])]
        if kind := kind_of(account):
            fed = (here.road == FEED) & (here.address == account.partition(" ")[2]) & (kind == ADDRESS)
            here = here[(here.about == account) | fed]
        elif line.source in BY_QUESTION:
            here = here[here.about == account]
        else:
            here = here[here.account == account]
        if line.source == SOURCE and line.road == WORKSPACE:
            here = here[here.workload.isin(OFFICE)]
        return here[here.road == road] if road is not None else here[here.road != but]


def agree(case: Case) -> list[Line]:
    """Compare the roads to each source and write anew the lines of which more, or less, may be said now.

    A line becomes complete where another road covers its window, both came whole, the window was closed a day before
    either was asked, and both have the same records. It becomes partial, with at most twenty ids, where another road
    has records that it lacks. Nothing is fetched. Gives the lines that were written.
    """
    written: dict[tuple[str, str, str, str, str], Line] = {}
    every = lines(case)
    for source, (roads, table) in COMPARED.items():
        known = [line for line in every if line.source == source]
        if len({_road(line) for line in known if line.files or line.state in WHOLE}) < 2:
            continue
        held = _held(case, source, table)
        feeds = _feed_spans(known, held) if source == SOURCE else []
        for line in known:
            if line.road in roads and _comparable(line) and line.state in WHOLE | {PARTIAL}:
                told = _judged(line, known, held, feeds)
                if told != line:
                    written[told.key] = told
        for told in _feeds_lacking(known, held, feeds):
            written[told.key] = told
    for told in written.values():
        write(case, told)
    return list(written.values())


def by_another(lacking: Sequence[Line], told: Iterable[Line]) -> list[Line]:
    """Those of some lines whose whole window came by another road to the same source, about the same account or mark.

    A feed has everybody's records: of it another road has all that was asked for, where it has its window of each
    account and mark. The feeds bring nobody's window whole for the others, nor does a part of the audit log.
    """
    own = [line for line in told if line.source in COMPARED]
    spans: dict[tuple[str, str], dict[str, list[Span]]] = {}
    for line in own:
        part = line.source == SOURCE and line.road not in (SearchLog.name, AuditSearch.name)
        if line.state in WHOLE and not part:
            spans.setdefault((line.source, line.account.lower()), {}).setdefault(line.road, []).append(_span(line))
    everybody = {line.account.lower() for line in own if line.source == SOURCE and line.account}
    found = []
    for line in lacking:
        whose = {line.account.lower()} if line.account or _road(line) != FEED else everybody
        by_road = [spans.get((line.source, account), {}) for account in whose]
        if whose and all(
            any(road != line.road and _covers(parts, _span(line)) for road, parts in roads.items()) for roads in by_road
        ):
            found.append(line)
    return found


def _judged(line: Line, known: list[Line], held: _Held, feeds: list[Span]) -> Line:
    """The line as it stands after a look at the other roads."""
    ours = set(held.within(line, line.road).id)
    others = held.within(line, but=line.road)
    lacking = sorted(set(others.id) - ours)
    if line.state == PROVISIONAL or (line.state == PARTIAL and not line.only_there):
        return line
    if lacking:
        names = ", ".join(sorted(set(others[others.id.isin(lacking)].road)))
        count = f"{len(lacking):,} record{'s' if len(lacking) != 1 else ''}"
        reason = f"{names} has {count} of this window that this road does not have"
        further = sorted(ours - set(others.id))[:SAID] if _covered(line, known, feeds) else []
        return replace(line, state=PARTIAL, reason=reason, only_here=further, only_there=lacking[:SAID])
    if line.state != UNCONFIRMED or not _closed(line):
        return line
    for road in _covered(line, known, feeds):
        if line.source == SOURCE and road == WORKSPACE:
            continue  # it has some workloads only
        if set(held.within(line, road).id) == ours:
            if line.source == SOURCE and line.road == WORKSPACE:
                return replace(line, reason=f"{road} has the same records, of the workloads that a workspace can have")
            return replace(line, state=COMPLETE, reason=f"{road} has the same records")
    return line


def _covered(line: Line, known: list[Line], feeds: list[Span]) -> list[str]:
    """The other roads that have the whole window, each with the windows closed for a day.

    What was asked for by record type on both roads rests on the same list of them: neither confirms the other.
    """
    found, account, span = [], line.account.lower(), _span(line)
    for other in COMPARED[line.source][0]:
        if other == line.road:
            continue
        spans = [
            _span(one)
            for one in known
            if one.road == other and one.account.lower() == account and one.state in WHOLE and _closed(one)
            and not (one.reason == UNPROVEN == line.reason)
        ]  # fmt: skip
        if _covers(spans, span):
            found.append(other)
    if kind_of(account) in ("", ADDRESS) and _covers(feeds, span):
        found.append(FEED)
    return found


def _comparable(line: Line) -> bool:
    return "@" in line.account or bool(kind_of(line.account.lower()))


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


def _held(case: Case, source: str, table: str) -> _Held:
    """Which road has which record of a source, from every page that was ever loaded."""
    asked = {
        (str(sha256), _road_named(str(entry.fields["road"])), str(entry.fields["account"]).lower())
        for entry in case.journal.entries(ASKED)
        if entry.fields.get("source") == source
        for sha256 in entry.fields.get("files", [])
    }
    files = pd.DataFrame(sorted(asked), columns=["file", "road", "about"])
    places = case.positions(table).merge(files, on="file")[["record_id", "road", "about"]].drop_duplicates()
    workload = "lower(workload)" if table == SearchLog.table else "''"
    rows = case.sql(
        f"SELECT DISTINCT record_id, time, lower(user_principal_name) AS account, {workload} AS workload, "
        f"lower(ip_address) AS address FROM {table} WHERE time IS NOT NULL"
    )
    found = places.merge(rows, on="record_id")
    found["source"], found["id"] = source, found.record_id.str.lower()
    found["feed"] = [_feed_of(workload) for workload in found.workload]
    return _Held(found)


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
