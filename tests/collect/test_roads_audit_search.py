"""Graph's audit search: every way in which a search can end, and what is kept of each."""

from __future__ import annotations

import pytest

from tests.collect.pulling import asked_of, changes, days_back, loaded, pull, sent_to, truth
from tests.collect.room import lies
from tests.contain.room import VICTIM, Room
from toolkit import collect, practice
from toolkit.collect.ledger import COMPLETE, NOT_AVAILABLE, PARTIAL, PROVISIONAL
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Pages, Stopped
from toolkit.collect.roads.audit_search import QUERIES, AuditSearch
from toolkit.collect.roads.search_log import SearchLog
from toolkit.practice.faults import Fault
from toolkit.tenant import preflight
from toolkit.tenant.clouds import CLOUDS
from toolkit.tenant.preflight import PARTLY

SEARCHES = "POST /v1.0/security/auditLog/queries"


def order(room: Room, effect: str, matcher: str = SEARCHES, *, times: int = 1, amount: int = 0) -> None:
    room.service._faults.order(Fault(matcher, effect=effect, amount=amount, times=times))


def test_a_search_brings_what_the_tenant_holds_and_is_loaded_as_audit_records(room: Room) -> None:
    window = days_back(room, 7, 1)
    found, path = pull(room, AuditSearch(), window)
    assert found.whole
    assert found.ids == truth(room, window)
    assert found.received == len(found.ids) > 10
    [account] = loaded(room, path)
    assert (account.table, account.rejected, account.rows) == ("audit", 0, found.received)
    assert {str(one).lower() for one in room.case.sql("SELECT record_id FROM audit").record_id} == found.ids
    assert changes(room) == []


@pytest.mark.parametrize("effect", ["failed search", "cancelled search"])
def test_a_search_that_ends_without_a_result_is_made_again(room: Room, effect: str) -> None:
    window = days_back(room, 3, 1)
    order(room, effect)
    found, _ = pull(room, AuditSearch(), window)
    assert found.whole
    assert found.ids == truth(room, window)
    assert len(sent_to(room, QUERIES, "POST")) == 2


def test_a_search_that_always_fails_says_how_it_ended(room: Room) -> None:
    order(room, "failed search", times=9)
    found, path = pull(room, AuditSearch(), days_back(room, 3, 1))
    assert not found.whole
    assert found.reason == "the search ended as failed"
    assert not path.exists()


def test_a_search_that_stopped_at_its_limit_is_split_until_it_fits(room: Room) -> None:
    window = days_back(room, 7, 1)
    held = truth(room, window)
    room.service.arrange(record_count_limit=len(held) // 3)
    found, _ = pull(room, AuditSearch(), window)
    assert found.whole
    assert found.splits > 1
    assert found.ids == held


def test_a_second_with_more_than_the_limit_is_called_incomplete(room: Room) -> None:
    room.service.arrange(record_count_limit=0)
    window = days_back(room, 2, 1)
    found, _ = pull(room, AuditSearch(), window)
    if truth(room, window):
        assert not found.whole
        assert "cannot be made smaller" in found.reason


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_does_not_lose_the_search(room: Room, done: bool) -> None:
    window = days_back(room, 3, 1)
    room.service.drop_next(SEARCHES, done_before=done)
    found, _ = pull(room, AuditSearch(), window)
    assert found.whole
    assert found.ids == truth(room, window)
    assert len(sent_to(room, QUERIES, "POST")) == (1 if done else 2)


def test_a_list_that_breaks_off_is_kept_and_searched_anew(room: Room) -> None:
    window = days_back(room, 30, 1)
    order(room, "rows end", "/records?")
    for _ in range(3):
        order(room, "rows end", "/records")
    found, _ = pull(room, AuditSearch(), window)
    assert found.whole
    assert found.ids == truth(room, window)


def test_a_search_that_misses_records_is_noticed_when_windows_are_asked_twice(room: Room) -> None:
    order(room, "misses", amount=2)
    wanted = Profile("by search", (7,), twice=True, roads=(AuditSearch,))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted, workers=1)
    assert {line.state for line in done.lines} <= {COMPLETE, PROVISIONAL}
    assert lies(room) == []


def test_a_token_that_ran_out_is_renewed_and_not_taken_for_a_missing_permission(room: Room) -> None:
    room.service.challenge_next(SEARCHES)
    window = days_back(room, 3, 1)
    found, _ = pull(room, AuditSearch(), window)
    assert found.available
    assert found.ids == truth(room, window)


def test_auditing_that_is_off_is_one_sentence_and_no_empty_answer(room: Room) -> None:
    room.service.change_behind(
        lambda state: state["admin_audit_log_config"].update(UnifiedAuditLogIngestionEnabled=False)
    )
    found, _ = pull(room, AuditSearch(), days_back(room, 3, 1))
    assert (found.available, found.whole) == (False, False)
    assert found.reason == "Auditing is switched off for the whole organisation, so there is nothing to search."
    assert len(sent_to(room, QUERIES, "POST")) == 1


def test_a_cloud_without_it_names_another_road_and_is_not_asked(room: Room) -> None:
    before = len(room.service.requests())
    room.tenant.cloud = CLOUDS["gcc-high"]
    found, _ = pull(room, AuditSearch(), days_back(room, 3, 1))
    assert not found.available
    assert "use Search-UnifiedAuditLog" in found.reason
    assert len(room.service.requests()) == before


def test_a_tenant_without_it_or_without_the_permission_is_a_line_and_no_abort(room: Room) -> None:
    room.service.arrange(lacks=["graph audit search"])
    wanted = Profile("by search", (7,), twice=False, roads=(AuditSearch,))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert {line.state for line in done.lines} == {NOT_AVAILABLE}
    assert all("404" in line.reason for line in done.lines)


def test_a_search_that_takes_too_long_is_given_up_and_said(room: Room) -> None:
    room.service.arrange(search_seconds=100_000)
    found, _ = pull(room, AuditSearch(), days_back(room, 3, 1))
    assert not found.whole
    assert found.reason == "the search was not done after 2 hours"


def test_a_person_stops_while_a_search_runs(room: Room) -> None:
    room.service.arrange(search_seconds=100_000)
    asked = iter([False] * 6 + [True] * 100)
    pages = Pages(room.case.folder / "pulled.json")
    with pytest.raises(Stopped):
        AuditSearch().pull(room.tenant, asked_of(room, days_back(room, 3, 1)), pages, lambda: next(asked))
    assert sum(room.naps) < 60


@pytest.mark.parametrize("seed", range(6))
def test_no_window_is_called_complete_that_lacks_a_record(room: Room, seed: int) -> None:
    plan = practice.FaultPlan.collecting(seed, slowness=0.001)
    room.service.follow(plan)
    wanted = Profile("by search", (7, 30), twice=True, roads=(AuditSearch,))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    room.service.follow(None)
    assert lies(room) == []
    assert all(line.reason for line in done.lines if line.state not in {COMPLETE, PROVISIONAL})
    assert plan.happened
    assert changes(room) == []


ONE_WORKLOAD = "AuditLogsQuery-Exchange.Read.All"


@pytest.fixture
def exchange_only(room: Room) -> Room:
    """Whoever signed in may search what Exchange recorded, and nothing else."""
    room.service.consent(ONE_WORKLOAD)
    room.service.withhold("AuditLogsQuery.Read.All")
    room.tenant = room.connect()
    return room


def test_a_token_for_one_workload_sees_that_only_and_the_ledger_says_which(exchange_only: Room) -> None:
    room = exchange_only
    window = days_back(room, 20, 1)
    found, _ = pull(room, AuditSearch(), window)
    assert found.ids < truth(room, window)
    assert found.narrow
    done = collect.collect(
        room.case, room.tenant, [VICTIM], wanted=Profile("search", (20,), twice=True, roads=(AuditSearch,))
    )
    assert {line.state for line in done.lines} == {PARTIAL}
    assert all("The token may see Exchange only" in line.reason for line in done.lines)
    assert set(room.case.sql("SELECT DISTINCT workload AS w FROM audit").w) == {"Exchange"}
    # It is asked for twice, as always, and not five times: to ask once more would bring nothing.
    assert len(sent_to(room, QUERIES, "POST")) <= 1 + 2 * len(done.lines)


def test_the_other_road_is_not_made_complete_by_a_part_of_it(exchange_only: Room) -> None:
    room = exchange_only
    both = Profile("both", (7,), twice=False, roads=(SearchLog, AuditSearch))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=both)
    assert COMPLETE not in {line.state for line in collect.lines(room.case)}


def test_that_it_is_a_part_is_known_before_the_first_search(exchange_only: Room) -> None:
    check = preflight(exchange_only.tenant).of("source:audit-search")
    assert check.answer == PARTLY
    assert check.why == "only what Exchange recorded; missing permission AuditLogsQuery.Read.All for all"
