"""Roads that agree and roads that do not: what the ledger says of a window that two of them cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.collect.pulling import changes
from tests.collect.room import lies
from tests.contain.room import VICTIM, Room
from toolkit import collect, contain, harden, practice
from toolkit.collect.agreement import FEED, agree
from toolkit.collect.ledger import COMPLETE, PARTIAL, PROVISIONAL, UNCONFIRMED, Line, lines, write
from toolkit.collect.profile import Profile
from toolkit.collect.roads.activity import FEEDS
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns
from toolkit.collect.roads.log_analytics import WorkspaceDirectoryChanges, WorkspaceOfficeActivity, WorkspaceSignIns
from toolkit.collect.roads.parts import UNPROVEN
from toolkit.collect.roads.road import Options
from toolkit.collect.roads.search_log import SearchLog
from toolkit.contain.actions import StartActivitySubscription
from toolkit.practice import log_analytics
from toolkit.practice.faults import Fault
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant.activity import CONTENT_TYPES

ONCE = Profile("once", (7,), twice=False, roads=(SearchLog, AuditSearch))


def by_road(room: Room) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines(room.case):
        found.setdefault(line.road, []).append(line)
    return found


def test_windows_that_two_roads_agree_on_are_complete_although_each_was_asked_once(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    agree(room.case)
    found = by_road(room)
    closed = [line for line in found[SearchLog.name] if line.state != PROVISIONAL]
    assert {line.state for line in closed} == {COMPLETE}
    assert {line.reason for line in closed} == {f"{AuditSearch.name} has the same records"}
    whole = [line for line in found[AuditSearch.name] if line.state != PROVISIONAL]
    assert {line.state for line in whole} <= {COMPLETE, UNCONFIRMED}
    assert lies(room) == []
    assert changes(room) == []
    assert agree(room.case) == []  # nothing more to say
    assert room.case.verify() == []


def test_a_road_that_lacks_records_is_partial_and_names_them(room: Room) -> None:
    room.service._faults.order(Fault("POST /v1.0/security/auditLog", effect="misses", amount=2, times=9))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    agree(room.case)
    found = by_road(room)
    lacking = [line for line in found[AuditSearch.name] if line.state == PARTIAL]
    assert lacking
    for line in lacking:
        assert line.only_there
        assert len(line.only_there) <= 20
        assert line.reason.startswith(f"{SearchLog.name} has ")
        start, end = (datetime.fromisoformat(text) for text in (line.start, line.end))
        assert set(line.only_there) <= {one.lower() for one in room.service.truth(VICTIM, start, end)}
    # The road that has everything is not blamed, and what they agree on is complete.
    assert PARTIAL not in {line.state for line in found[SearchLog.name]}
    assert lies(room) == []
    # Asked again, it has them, and then both agree.
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE, refresh=True)
    agree(room.case)
    assert PARTIAL not in {line.state for line in lines(room.case)}


def test_a_window_that_closed_less_than_a_day_before_stays_provisional(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    before = {line.key for line in lines(room.case) if line.state == PROVISIONAL}
    agree(room.case)
    assert before
    assert before == {line.key for line in lines(room.case) if line.state == PROVISIONAL}


def test_one_road_alone_proves_nothing(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=replace(ONCE, roads=(SearchLog,)))
    assert agree(room.case) == []
    assert {line.state for line in lines(room.case)} == {UNCONFIRMED, PROVISIONAL}


def test_a_window_that_the_other_road_covers_in_part_is_not_confirmed(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    oldest = by_road(room)[SearchLog.name][0]
    write(room.case, replace(oldest, state=PARTIAL, reason="one did not come"))
    write(room.case, replace(by_road(room)[AuditSearch.name][0], state=UNCONFIRMED, reason=""))
    agree(room.case)
    first = by_road(room)[AuditSearch.name][0]
    assert datetime.fromisoformat(first.start) <= datetime.fromisoformat(oldest.start)
    assert first.state == UNCONFIRMED


def test_the_feeds_confirm_a_day_that_they_saw_whole(room: Room) -> None:
    plan = harden.hardening_plan(room.case, room.tenant, [StartActivitySubscription(one) for one in CONTENT_TYPES])
    yes = contain.confirm(plan, room.tenant.domain)
    for step in plan.steps:
        contain.run(plan, step.action.key, yes)
    room.service.clock.advance(5 * 86_400)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=replace(ONCE, roads=(SearchLog, *FEEDS)))
    agree(room.case)
    searched = by_road(room)[SearchLog.name]
    assert lies(room) == []
    agreed = [line for line in searched if line.state == COMPLETE]
    assert agreed
    assert {line.reason for line in agreed} == {f"{FEED} has the same records"}
    assert PARTIAL not in {line.state for line in searched}


@pytest.mark.parametrize("seed", range(4))
def test_no_two_roads_talk_each_other_into_a_lie(room: Room, seed: int) -> None:
    plan = practice.FaultPlan.collecting(seed, slowness=0.001)
    room.service.follow(plan)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    room.service.follow(None)
    assert plan.happened
    assert lies(room) == []
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE, refresh=True)
    assert lies(room) == []


LOGS = Options(workspace=WORKSPACE)


def without(monkeypatch: pytest.MonkeyPatch, table: str, key: str, times: int = 3) -> list[str]:
    """Every so-and-so-many-th row of a table never reached the workspace; gives their ids, as they are asked for."""
    whole, gone = log_analytics.tables, []

    def tables(situation: object) -> dict[str, object]:
        found = dict(whole(situation))  # type: ignore[arg-type]
        rows = found[table]()
        gone.extend(str(row[key]).lower() for row in rows[::times])
        return found | {table: lambda: [row for number, row in enumerate(rows) if number % times]}

    monkeypatch.setattr(log_analytics, "tables", tables)
    return gone


@pytest.mark.parametrize(
    ("graph", "workspace"), [(InteractiveSignIns, WorkspaceSignIns), (DirectoryChanges, WorkspaceDirectoryChanges)]
)
def test_a_workspace_that_has_the_same_makes_sign_ins_and_directory_changes_complete(
    room: Room, graph: type[InteractiveSignIns], workspace: type[WorkspaceSignIns]
) -> None:
    wanted = replace(ONCE, days=(30,), roads=(graph, workspace), options=LOGS)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    found = by_road(room)
    closed = [line for line in found[graph.name] if line.state != PROVISIONAL]
    assert {(line.state, line.reason) for line in closed} == {(COMPLETE, "Log Analytics has the same records")}
    assert sum(line.records for line in closed) > 0
    assert {line.state for line in found["Log Analytics"]} == {COMPLETE, PROVISIONAL}


def test_sign_ins_that_never_reached_the_workspace_are_named(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = without(monkeypatch, "SigninLogs", "Id")
    wanted = replace(ONCE, days=(30,), roads=(InteractiveSignIns, WorkspaceSignIns), options=LOGS)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    found = by_road(room)
    lacking = [line for line in found["Log Analytics"] if line.state == PARTIAL]
    assert lacking
    for line in lacking:
        assert line.reason.startswith("Microsoft Graph has ")
        assert set(line.only_there) <= set(gone)
    assert {line.state for line in found["Microsoft Graph"]} <= {UNCONFIRMED, COMPLETE, PROVISIONAL}


def test_office_activity_is_a_part_of_the_log_and_makes_nothing_complete(room: Room) -> None:
    wanted = replace(ONCE, roads=(SearchLog, WorkspaceOfficeActivity), options=LOGS)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    found = by_road(room)
    assert COMPLETE not in {line.state for line in lines(room.case)}
    reason = f"{SearchLog.name} has the same records, of the workloads that a workspace can have"
    assert (UNCONFIRMED, reason) in {(line.state, line.reason) for line in found["Log Analytics"]}
    assert PARTIAL not in {line.state for line in lines(room.case)}


def test_audit_records_that_only_the_workspace_has_are_named(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.service._faults.order(Fault("Search-UnifiedAuditLog", effect="misses", amount=2, times=99))
    gone = without(monkeypatch, "OfficeActivity", "OfficeId")
    wanted = replace(ONCE, roads=(SearchLog, WorkspaceOfficeActivity), options=LOGS)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    for line in by_road(room)["Log Analytics"]:
        assert line.state in {UNCONFIRMED, PROVISIONAL} or set(line.only_there) <= set(gone)
    blamed = [line for line in by_road(room)[SearchLog.name] if line.state == PARTIAL]
    assert all(line.only_there for line in blamed)
    assert lies(room) == []


def test_two_roads_that_rest_on_the_same_list_of_record_types_do_not_confirm_each_other(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=ONCE)
    for line in lines(room.case):
        if line.state != PROVISIONAL:
            write(room.case, replace(line, state=UNCONFIRMED, reason=UNPROVEN))
    assert agree(room.case) == []
