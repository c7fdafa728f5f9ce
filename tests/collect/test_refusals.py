"""A service that keeps refusing, asks for long pauses, has no consent, or answers in another shape: bounded, told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.collect.pulling import days_back, pull, sent_to
from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.collect import asking
from toolkit.collect.calls import BESIDES, CALLS
from toolkit.collect.gather import gather
from toolkit.collect.ledger import FAILED, NOT_AVAILABLE, PARTIAL, UNASKED, Line
from toolkit.collect.marks import Mark
from toolkit.collect.profile import Profile
from toolkit.collect.roads import search_log
from toolkit.collect.roads.activity import FEEDS
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, NonInteractiveSignIns
from toolkit.collect.roads.message_trace import TraceCmdlet
from toolkit.collect.roads.risk import AccountRisk, RiskDetections
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.scores import SecureScore
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.work import pivot
from toolkit.errors import GuardRefused, SignInFailed, TenantAnswer
from toolkit.practice.faults import Fault
from toolkit.practice.http import Answer
from toolkit.tenant import connect
from toolkit.tenant.application import SECRET_VARIABLE, ApplicationTokenSource
from toolkit.tenant.clouds import practice_cloud
from toolkit.tenant.exchange import cmdlet_call
from toolkit.tenant.pace import Pace
from toolkit.tenant.paging import STALE_PAGES
from toolkit.tenant.person import PersonTokenSource

SEARCH = "Search-UnifiedAuditLog"
EVER = 100_000


def week(*roads: type[Road], twice: bool = True) -> Profile:
    return Profile("a week", (7,), twice=twice, roads=roads)


def collected(room: Room, *roads: type[Road], **how: Any) -> list[Line]:
    return collect.collect(room.case, room.tenant, [VICTIM], wanted=week(*roads), **how).lines


def searches(room: Room) -> int:
    return sum(r["cmdlet"] == SEARCH for r in room.service.requests())


@pytest.mark.parametrize("status", [503, 400, 500])
def test_a_service_that_only_refuses_is_not_asked_for_ever_smaller_windows(room: Room, status: int) -> None:
    room.service.fail_next(SEARCH, status=status, times=EVER)
    lines = collected(room, SearchLog, workers=1)
    assert {line.state for line in lines} == {FAILED}
    assert all(f"answered {status}" in line.reason for line in lines)
    assert sum(line.splits for line in lines) == 0
    assert searches(room) <= 3 * 2 * 4 * 5  # windows, pulls, sessions, attempts
    unasked = [line for line in lines if "not asked for in this run" in line.reason]
    assert unasked
    assert all(line.needs_asking for line in lines)


def test_what_was_left_when_a_service_refused_comes_when_it_is_asked_again(room: Room) -> None:
    room.service.fail_next(SEARCH, status=400, times=EVER)
    first = collected(room, SearchLog)
    room.service._faults._orders.clear()
    again = collect.collect(room.case, room.tenant, [VICTIM], wanted=week(SearchLog), refresh=True).lines
    assert {line.key for line in again} == {line.key for line in first}
    assert FAILED not in {line.state for line in again}


def test_a_road_that_works_again_between_is_asked_for_every_window(room: Room) -> None:
    times = 0

    def every_second(line: dict[str, Any]) -> bool:
        nonlocal times
        if line["cmdlet"] == SEARCH:
            times += 1
        return line["cmdlet"] == SEARCH and times % 9 < 3

    room.service._faults.order(Fault(every_second, Answer(400, {"error": {"code": "Bad", "message": "x"}}), times=EVER))
    assert not any("not asked for" in line.reason for line in collected(room, SearchLog, workers=1))


def test_a_split_window_that_is_refused_again_and_again_is_given_up(room: Room) -> None:
    asked = 0

    def only_the_first(line: dict[str, Any]) -> bool:
        nonlocal asked
        if line["cmdlet"] == SEARCH:
            asked += 1
        return line["cmdlet"] == SEARCH and asked % 2 == 0

    # The first page of every session comes, the second is refused, and so for good.
    room.service._faults.order(Fault(only_the_first, Answer(400, {"error": {"code": "Bad"}}), times=EVER))
    found, _ = pull(room, SearchLog(), days_back(room, 7, 1))
    assert (found.whole, found.hopeless) == (False, True)
    assert found.received == len(found.ids) > 0
    assert searches(room) < 60


def test_a_service_that_says_of_every_second_that_it_is_full_has_an_end(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_log, "SPLITS_AT_MOST", 20)
    row = {"ResultCount": 1e300, "ResultIndex": True, "AuditData": 5, "Identity": "x"}
    room.service.fail_next(SEARCH, status=200, body={"value": [row]}, times=EVER)
    found, _ = pull(room, SearchLog(), days_back(room, 7, 1))
    assert (found.whole, found.hopeless) == (False, True)
    assert searches(room) < 100


def test_a_long_pause_is_kept_by_all_that_ask_this_service_and_by_no_other(room: Room) -> None:
    room.service.fail_next(SEARCH, status=429, retry_after=300)
    lines = collected(room, SearchLog, InteractiveSignIns)
    assert FAILED not in {line.state for line in lines}
    assert 299 < sum(room.naps) < 600
    assert sum(line.throttled for line in lines if line.source == "audit log") > 299
    assert all(line.throttled < 299 for line in lines if line.source != "audit log")


def test_a_pause_longer_than_the_run_is_told_and_nothing_more_is_sent(room: Room) -> None:
    room.service.fail_next(SEARCH, status=429, retry_after=900, times=EVER)
    lines = collected(room, SearchLog, InteractiveSignIns, seconds=600, workers=1)
    audit = [line for line in lines if line.source == "audit log"]
    assert {line.state for line in audit} == {FAILED}
    assert all("asks for a pause of 900 seconds, which is longer than this run waits" in line.reason for line in audit)
    assert searches(room) == 1
    assert FAILED not in {line.state for line in lines if line.source != "audit log"}
    assert sum(room.naps) < 600


def test_pauses_without_an_answer_between_have_an_end(room: Room) -> None:
    room.service.fail_next(SEARCH, status=429, retry_after=1500, times=EVER)
    assert {line.state for line in collected(room, SearchLog)} == {FAILED}
    assert searches(room) <= 8  # four workers may have asked before anybody knew
    assert sum(room.naps) < 4 * 3600


def test_a_person_stops_while_a_service_is_waited_for(room: Room) -> None:
    room.service.fail_next(SEARCH, status=429, retry_after=3000, times=EVER)
    done = collect.collect(
        room.case, room.tenant, [VICTIM], wanted=week(SearchLog), halted=lambda: sum(room.naps) > 20, workers=1
    )
    assert done.stopped
    assert sum(room.naps) < 60


def test_a_service_that_nobody_consented_to_is_asked_for_once_and_beforehand(room: Room) -> None:
    for _ in range(100):
        room.service.login.refuse_next(65001)
    before = sum(r["path"].endswith("/devicecode") for r in room.service.requests())
    assert "app instructions" in room.tenant.ready_for(["graph", "management"])["management"]
    lines = collected(room, *FEEDS)
    codes = sum(r["path"].endswith("/devicecode") for r in room.service.requests()) - before
    assert codes == 1
    assert {line.state for line in lines} == {NOT_AVAILABLE}
    assert all("There is no sign-in to" in line.reason and "app instructions" in line.reason for line in lines)
    # It may have been consented to before a new run.
    room.service.login._refusals.clear()
    assert not any("no sign-in" in line.reason for line in collected(room, *FEEDS))


@pytest.mark.parametrize("body", [{"value": None}, {"value": {"id": 1}}, {}, {"value": 7}])
def test_a_page_of_another_shape_is_a_failed_window_and_the_rest_goes_on(room: Room, body: dict[str, Any]) -> None:
    room.service.fail_next("/auditLogs/signIns", status=200, body=body, times=EVER)
    room.service.fail_next(SEARCH, status=200, body=body, times=EVER)
    lines = collected(room, SearchLog, InteractiveSignIns, DirectoryChanges)
    for line in lines:
        assert (line.state == FAILED) == (line.source != "directory changes"), line
    assert all("has no list of records" in line.reason for line in lines if line.state == FAILED)


@pytest.mark.parametrize(
    ("road", "matcher", "body"),
    [
        (RiskDetections, "riskDetections", {"value": [None, 3, {"id": [1]}], "@odata.nextLink": 5}),
        (SecureScore, "secureScore", {"value": None}),
        (AccountRisk, "riskyUsers", {"value": "x", "id": {}}),
        (AuditSearch, "auditLog/queries", {"value": None, "id": 3, "status": ["x"]}),
        (TraceCmdlet, "Get-MessageTraceV2", {"value": [{"Received": []}], "@adminapi.warnings": 5}),
        (FEEDS[0], "subscriptions/content", [1]),
    ],
)
def test_no_shape_of_an_answer_ends_in_a_traceback(room: Room, road: type[Road], matcher: str, body: Any) -> None:
    room.service.fail_next(matcher, status=200, body=json.dumps(body).encode(), times=EVER)
    lines = collected(room, road, NonInteractiveSignIns)
    assert not any(line.state == "complete" for line in lines if line.source == road.source)
    assert FAILED not in {line.state for line in lines if line.source == NonInteractiveSignIns.source}
    assert all(line.reason for line in lines if line.state in (FAILED, PARTIAL))


def test_whatever_a_road_raises_is_told_by_its_type_alone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise KeyError("something that a tenant wrote")

    monkeypatch.setattr(InteractiveSignIns, "pull", broken)
    [*lines] = collected(room, InteractiveSignIns)
    assert {line.state for line in lines} == {FAILED}
    assert lines[0].reason == asking.ODD.format(kind="KeyError")


@pytest.mark.parametrize("road", [InteractiveSignIns, AuditSearch, AccountRisk, SecureScore])
def test_pages_that_bring_nothing_new_have_an_end(room: Room, road: type[Road]) -> None:
    number = 0
    matcher = {AuditSearch: "/records", AccountRisk: "/history", SecureScore: "/secureScores"}.get(road, "/signIns")
    rows = [{"id": "1", "createdDateTime": "2026-09-17T08:00:00Z", "auditLogRecordType": "ExchangeItem"}]

    class Endless(Answer):
        def __init__(self) -> None:
            super().__init__(200, {})

    def page(line: dict[str, Any]) -> bool:
        nonlocal number
        if matcher.lower() not in line["path"].lower():
            return False
        number += 1
        link = f"{room.service.url}{'/graph'}{line['path']}?$skiptoken=new{number}"
        answers.body = {"value": rows, "@odata.nextLink": link}
        return True

    answers = Endless()
    room.service._faults.order(Fault(page, answers, times=EVER))
    found, path = pull(room, road(), days_back(room, 7, 0))
    assert not found.whole
    assert found.hopeless
    assert f"{STALE_PAGES} pages" in found.reason
    assert number <= 2 * (STALE_PAGES + 2)
    assert path.stat().st_size < 100_000


def test_empty_pages_with_a_link_are_followed(room: Room) -> None:
    link = f"{room.service.url}/graph/beta/auditLogs/signIns?$skiptoken="
    pages = [{"value": [], "@odata.nextLink": f"{link}{number}"} for number in range(3 * STALE_PAGES)]
    for body in pages:
        room.service.fail_next("/auditLogs/signIns", status=200, body=body)
    room.service.fail_next("/auditLogs/signIns", status=200, body={"value": [{"id": "last"}]})
    found, _ = pull(room, InteractiveSignIns(), days_back(room, 7, 0))
    assert (found.whole, found.ids) == (True, {"last"})


def test_an_application_that_is_gone_signs_in_no_more_and_hides_no_other(room: Room) -> None:
    room.service.fail_next("/servicePrincipals/", status=404)
    found, _ = pull(room, ApplicationSignIns(), days_back(room, 7, 0))
    assert (found.whole, found.available) == (True, True)
    assert len(sent_to(room, "/servicePrincipals/")) == 1


def test_grants_that_may_not_be_read_are_not_available(room: Room) -> None:
    room.service.fail_next("/oauth2PermissionGrants", status=403, times=EVER)
    [*lines] = collected(room, ApplicationSignIns)
    assert {line.state for line in lines} == {NOT_AVAILABLE}
    assert "403" in lines[0].reason


def test_what_was_not_available_is_asked_for_again(room: Room) -> None:
    room.service.withhold(SEARCH)
    assert {line.state for line in collected(room, SearchLog)} == {NOT_AVAILABLE}
    room.service._tokens._withheld = frozenset()
    room.service.expire_tokens()
    assert NOT_AVAILABLE not in {line.state for line in collected(room, SearchLog)}


def test_more_records_that_the_service_promises_make_a_session_incomplete(room: Room) -> None:
    window = days_back(room, 2, 1)
    whole, _ = pull(room, SearchLog(), window)
    assert whole.whole
    more = {"AuditSearchRequestMetadata": {"moreRecordsAvailable": True}}
    rows = [{"AuditData": '{"Id": "a"}', "ResultIndex": 1, "ResultCount": 1, "RecordType": "ExchangeItem"} | more]
    pages = iter(range(EVER))
    answer = Answer(200, {"value": rows})

    def first_of_two(line: dict[str, Any]) -> bool:
        if line["cmdlet"] != SEARCH:
            return False
        answer.body = {"value": rows if next(pages) % 2 == 0 else []}
        return True

    room.service._faults.order(Fault(first_of_two, answer, times=EVER))
    tiny = days_back(room, 2, 1)
    found, _ = pull(room, SearchLog(), type(tiny)(tiny.start, tiny.start + timedelta(seconds=2)))
    assert not found.whole


def test_every_call_of_a_collection_can_be_found_in_the_case(room: Room) -> None:
    room.service.fail_next("/auditLogs/signIns", status=503, times=3)
    collected(room, InteractiveSignIns, SearchLog)
    sent = {
        r["client_request_id"]
        for r in room.service.requests()
        if r["cmdlet"] == SEARCH or "/auditLogs/signIns" in r["path"]
    }
    kept = {one for line in collect.lines(room.case) for one in line.request_ids}
    kept |= {one for entry in room.case.journal.entries(CALLS) for one in entry.fields["request_ids"]}
    assert sent
    assert sent <= kept


def test_calls_that_belong_to_no_window_can_be_found_in_the_case_too(room: Room) -> None:
    before = len(room.service.requests())
    gather(room.case, room.tenant, [VICTIM], wanted=week(SearchLog, twice=False))
    pivot(room.case, room.tenant, [Mark("address", "192.0.2.1")], wanted=week(SearchLog, twice=False))
    with pytest.raises(GuardRefused):
        collect.collect(room.case, room.tenant, ["nobody@contoso.com"])
    # What MSAL asks for tokens bears ids of its own.
    sent = [r for r in room.service.requests()[before:] if r["kind"] != "sign-in"]
    assert any(r["path"].endswith("nobody@contoso.com") for r in sent)
    kept = [one for line in collect.lines(room.case) for one in line.request_ids]
    for entry in room.case.journal.entries(CALLS):
        told = entry.fields["request_ids"]
        if entry.fields["source"] == BESIDES:
            assert not set(told) & set(kept)  # each only once
        kept += told
    assert {r["client_request_id"] for r in sent} <= set(kept)


def test_an_application_on_its_own_is_routed_by_the_system_mailbox(room: Room) -> None:
    place = practice_cloud(room.case.folder)
    secret = "canary~secret~42"
    room.service.login.credentials.register(secret=secret)
    source = ApplicationTokenSource(
        place, tenant=place.tenant_id, client_id=place.client_id, environ={SECRET_VARIABLE: secret}
    )
    tenant = connect(room.case, source, sleep=room.sleep)
    assert tenant.operator.is_application
    lines = collect.collect(room.case, tenant, [VICTIM], wanted=week(SearchLog, TraceCmdlet)).lines
    assert not {FAILED, NOT_AVAILABLE} & {line.state for line in lines}
    # The tenant refuses what names nobody's mailbox.
    wrong = cmdlet_call(tenant.cloud, tenant.tenant_id, "Get-Mailbox", {}, tenant.operator.user_principal_name)
    with pytest.raises(TenantAnswer, match="could not be located"):
        tenant.session.read(wrong)


def test_a_run_with_a_budget_ends_and_what_is_left_is_named(room: Room) -> None:
    done = gather(room.case, room.tenant, [VICTIM], wanted=week(SearchLog, InteractiveSignIns), seconds=0.0)
    assert done.stopped
    assert UNASKED in {line.state for line in collect.lines(room.case)}


def test_the_readings_of_a_state_keep_to_the_pace_and_their_calls_are_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pace(seconds: float | None = None, go_on: Callable[[], None] = lambda: None) -> Pace:
        # By the tenant's own clock: pauses that only move it count for both at the same moment.
        return Pace(sleep=room.sleep, now=lambda: room.service.clock.now().timestamp(), seconds=seconds, go_on=go_on)

    monkeypatch.setattr(room.tenant, "pace", pace)
    room.service.arrange(limits=True)
    gather(room.case, room.tenant, [VICTIM], wanted=week(InteractiveSignIns, twice=False))
    asked = [r for r in room.service.requests() if "conditionalAccess" in r["path"]]
    assert asked
    assert {r["status"] for r in asked} == {200}
    kept = {one for entry in room.case.journal.entries(CALLS) for one in entry.fields["request_ids"]}
    assert {r["client_request_id"] for r in asked} <= kept


def test_signing_out_ends_a_collection_and_nobody_is_asked_to_sign_in_anew(room: Room) -> None:
    source = room.tenant.tokens
    assert isinstance(source, PersonTokenSource)
    came: list[Line] = []

    def told(line: Line) -> None:
        came.append(line)
        if len(came) == 3:
            source.sign_out()

    with pytest.raises(SignInFailed, match="You have signed out"):
        gather(room.case, room.tenant, [VICTIM], wanted=week(SearchLog, InteractiveSignIns), told=told)
    assert source.times_asked == 1
    assert UNASKED in {line.state for line in collect.lines(room.case)}  # the next run goes on with these
