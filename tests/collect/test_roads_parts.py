"""A second with more records than a session gives: by record type, by operation, never complete on a guess."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.collect.pulling import pull, sent_to, truth
from tests.collect.room import audit_ids, lies
from tests.contain.room import DOMAIN, VICTIM, Room
from toolkit import collect, contain, practice
from toolkit.case import open_case
from toolkit.collect.agreement import agree
from toolkit.collect.ledger import COMPLETE, PARTIAL, UNCONFIRMED, Line, lines
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Asked, Pages
from toolkit.collect.roads import parts, search_log
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.parts import OPERATIONS, UNPROVEN, known_record_types, parts_of
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.window import Window
from toolkit.practice.faults import Fault

EVENTS = practice.Events(200, same_second=400, days=20)
CROWDED = Window(EVENTS.crowded_second, EVENTS.crowded_second + timedelta(seconds=2))
AROUND = Window(CROWDED.start - timedelta(seconds=30), CROWDED.end + timedelta(seconds=30))
SOME = ("ExchangeAdmin", "ExchangeItem", "ExchangeItemGroup", "AzureActiveDirectory", "MicrosoftTeams", "Sway")


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """Four hundred records in one second (184, 96, 80 and 40 by record type or so), and sessions of 250."""
    monkeypatch.setattr(parts, "known_record_types", lambda: SOME)
    case = open_case(tmp_path / "case", practice=True)
    with practice.start(case.folder / "practice", events=EVENTS) as service:
        room = Room(case, service)
        contain.confirm_tenant(case, room.tenant, DOMAIN)
        capped(room, monkeypatch, 250)
        yield room
        room.tenant.close()
    case.close()


def capped(room: Room, monkeypatch: pytest.MonkeyPatch, records: int) -> None:
    room.service.arrange(session_records=records)
    monkeypatch.setattr(search_log, "CAP", records)


def by_type(room: Room) -> int:
    asked = [r for r in room.service.requests() if r["cmdlet"] == "Search-UnifiedAuditLog"]
    return sum("RecordType" in r["fields"] for r in asked)


def day_of(room: Room, *roads: type[SearchLog] | type[AuditSearch]) -> list[Line]:
    back = (room.service.clock.now() - CROWDED.start).days + 2
    wanted = Profile("crowded", (back,), twice=True, roads=roads)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    start = CROWDED.start.isoformat()[:10]
    return [line for line in lines(room.case) if line.start[:10] <= start < line.end[:10]]


def test_every_record_of_a_crowded_second_comes_and_the_splits_are_counted(crowded: Room) -> None:
    found, _ = pull(crowded, SearchLog(), AROUND)
    assert truth(crowded, AROUND) == found.ids
    assert len(found.ids) >= 400
    assert found.whole
    # A minute and two seconds in halves down to two seconds, and these by record type.
    assert 5 <= found.splits <= 12
    assert by_type(crowded) > len(SOME)


def test_that_no_other_record_type_is_there_nobody_says_so_asking_twice_does_not_make_it_complete(
    crowded: Room,
) -> None:
    [line] = day_of(crowded, SearchLog)
    assert (line.state, line.reason) == (UNCONFIRMED, UNPROVEN)
    assert line.splits > 10
    assert truth(crowded, AROUND) <= audit_ids(crowded.case)
    assert lies(crowded) == []


def test_a_second_road_that_gives_them_at_once_makes_it_complete(crowded: Room) -> None:
    day_of(crowded, SearchLog, AuditSearch)
    agree(crowded.case)
    found = {line.road: line for line in lines(crowded.case) if line.start[:10] == CROWDED.start.isoformat()[:10]}
    assert found[SearchLog.name].state == COMPLETE
    assert lies(crowded) == []


def test_a_record_type_that_no_list_knows_is_asked_for_once_a_row_showed_it(
    crowded: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "known_record_types", lambda: ("Sway",))
    found, _ = pull(crowded, SearchLog(), CROWDED)
    assert truth(crowded, CROWDED) <= found.ids
    assert found.whole


def test_a_name_that_the_service_does_not_have_hides_nothing(crowded: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "known_record_types", lambda: (*SOME, "OfTomorrow"))
    found, _ = pull(crowded, SearchLog(), CROWDED)
    assert (found.whole, found.proven) == (True, False)
    assert truth(crowded, CROWDED) <= found.ids


def test_where_a_record_type_alone_is_too_much_it_is_said_as_partial(
    crowded: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    capped(crowded, monkeypatch, 150)  # fewer than the readings of mail in that second
    [line] = day_of(crowded, SearchLog)
    assert line.state == PARTIAL
    assert line.reason == "more than 150 records within two seconds, which one session does not give"
    assert not truth(crowded, AROUND) <= audit_ids(crowded.case)
    assert lies(crowded) == []


def test_operations_bring_what_a_record_type_alone_does_not_and_prove_nothing(
    crowded: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = pull(crowded, SearchLog(), CROWDED)
    capped(crowded, monkeypatch, 70)
    asked = Asked(crowded.user()["id"], VICTIM, CROWDED, record_types=("ExchangeItem",))
    pages = Pages(Path(crowded.case.folder) / "pulled.json")
    found = SearchLog().pull(crowded.tenant, asked, pages, lambda: False)
    assert 70 < len(found.ids) < len(whole.ids)
    assert found.ids < whole.ids
    assert (found.whole, found.reason) == (False, OPERATIONS)
    assert any("Operations" in r["fields"] for r in crowded.service.requests())


def test_sessions_that_never_agree_are_settled_by_what_the_service_counts(crowded: Room) -> None:
    quiet = Window(CROWDED.start - timedelta(days=3), CROWDED.start - timedelta(days=2))
    expected = truth(crowded, quiet)
    assert expected
    crowded.service._faults.order(Fault("Search-UnifiedAuditLog", effect="broken session", times=7))
    found, _ = pull(crowded, SearchLog(), quiet)
    assert found.ids == expected
    assert found.whole


@pytest.mark.parametrize("limit", [250, 150])
def test_graphs_search_is_split_the_same_way(crowded: Room, limit: int) -> None:
    crowded.service.arrange(record_count_limit=limit)
    found, _ = pull(crowded, AuditSearch(), CROWDED)
    if limit == 250:
        assert truth(crowded, CROWDED) == found.ids
        assert (found.whole, found.proven, found.reason) == (True, False, UNPROVEN)
    else:
        assert not found.whole
        assert found.reason == "the search stopped at its limit, and the window cannot be made smaller"
    bodies = [r for r in sent_to(crowded, "/auditLog/queries", "POST") if "recordTypeFilters" in r["fields"]]
    assert bodies


def test_a_list_of_record_types_with_one_unknown_is_asked_for_without_it(
    crowded: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "known_record_types", lambda: (*SOME, "OfTomorrow"))
    crowded.service.arrange(record_count_limit=250)
    found, _ = pull(crowded, AuditSearch(), CROWDED)
    assert truth(crowded, CROWDED) == found.ids
    assert found.whole


def test_the_parts_cover_every_record_type_that_is_known() -> None:
    assert len(known_record_types()) > 400
    asked = Asked("id", "a@b.example", CROWDED)
    seen = {"ExchangeItem": {"Send"}, "987": {"New"}}
    for lists in (True, False):
        split = parts_of(asked, seen, known=True, lists=lists)
        named = [name for part in split for name in part.record_types]
        assert sorted(named) == sorted({*known_record_types(), "987"})
    assert not parts_of(Asked("id", "a", CROWDED, operations=("Send",)), seen, known=True, lists=True)
