"""How fast each service is asked: every line of the limits, pauses that a service asks for, who is not held back."""

from __future__ import annotations

import threading
import time

import pytest

from tests.contain.room import VICTIM, Room
from toolkit.errors import TenantAnswer
from toolkit.tenant.exchange import cmdlet_call
from toolkit.tenant.graph import graph_call
from toolkit.tenant.pace import LIMITS, LONGEST_HOLD, Limit, Pace

GRAPH = "https://graph.microsoft.com"
INVOKE = "https://outlook.office365.com/adminapi/beta/t/InvokeCommand"
MINE = f"{GRAPH}/v1.0/users/a@b.example/mailFolders/inbox/messageRules"
CALLS = {
    "sign-ins and reports": (f"{GRAPH}/beta/auditLogs/signIns", ""),
    "identity protection": (f"{GRAPH}/v1.0/identity/conditionalAccess/policies", ""),
    "Secure Score": (f"{GRAPH}/v1.0/security/secureScores", ""),
    "audit search": (f"{GRAPH}/v1.0/security/auditLog/queries", ""),
    "message trace": (INVOKE, "Get-MessageTraceV2"),
    "Management Activity API": ("https://manage.office.com/api/v1.0/t/activity/feed/subscriptions/list", ""),
    "Log Analytics": ("https://api.loganalytics.azure.com/v1/workspaces/w/query", ""),
    "Search-UnifiedAuditLog": (INVOKE, "Search-UnifiedAuditLog"),
    "Exchange": (INVOKE, "Get-Mailbox"),
    "mailbox": (MINE, ""),
    "Microsoft Graph": (f"{GRAPH}/v1.0/users", ""),
}
each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)


@each_limit
def test_no_more_calls_go_out_than_a_service_allows_in_its_time(limit: Limit) -> None:
    naps: list[float] = []
    pace = Pace(sleep=naps.append, now=lambda: 0.0)
    assert pace.limit_of(*CALLS[limit.name]) is limit
    for _ in range(limit.calls):
        with pace.turn(*CALLS[limit.name]):
            pass
    assert naps == []
    with pace.turn(*CALLS[limit.name]):
        pass
    assert sum(naps) == pytest.approx(limit.seconds)


@each_limit
def test_no_more_calls_are_under_way_than_a_service_allows(limit: Limit) -> None:
    pace, over = Pace(scale=0.0), threading.Event()
    inside: list[int] = []

    def call() -> None:
        with pace.turn(*CALLS[limit.name]):
            inside.append(1)
            over.wait(10)

    threads = [threading.Thread(target=call) for _ in range(limit.at_once + 2)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 5
    while len(inside) < limit.at_once and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(inside) == limit.at_once
    over.set()
    for thread in threads:
        thread.join()
    assert len(inside) == limit.at_once + 2


def test_both_message_traces_share_a_limit_and_each_mailbox_has_one_of_its_own() -> None:
    pace = Pace()
    trace = pace.limit_of(*CALLS["message trace"])
    assert pace.limit_of(f"{GRAPH}/v1.0/admin/exchange/tracing/messageTraces") is trace
    assert pace.hold(MINE, 60) is True
    with pace.turn(MINE.replace("a@b", "c@d")) as paused:
        assert paused == 0.0


def test_a_search_of_the_audit_log_counts_among_the_cmdlets_and_keeps_their_pauses() -> None:
    naps: list[float] = []
    pace = Pace(sleep=naps.append, now=lambda: 0.0)
    search, mailbox = CALLS["Search-UnifiedAuditLog"], CALLS["Exchange"]
    for number in range(pace.limit_of(*mailbox).calls):
        with pace.turn(*(search if number % 2 else mailbox)):
            pass
    assert naps == []
    with pace.turn(*mailbox):
        pass
    assert sum(naps) == pytest.approx(pace.limit_of(*mailbox).seconds)
    pace.hold(search[0], 40, search[1])
    assert pace.waiting == "Exchange asks for a pause of 40 seconds"
    with pace.turn(*mailbox) as paused:
        assert paused == pytest.approx(40)


def test_calls_and_pauses_of_a_part_count_for_the_whole_and_its_end_is_its_own() -> None:
    naps: list[float] = []
    pace = Pace(sleep=naps.append, now=lambda: 0.0)
    url = CALLS["identity protection"][0]
    part = pace.within(60)
    with part.turn(url):
        pass
    with pace.turn(url):
        pass
    assert sum(naps) == pytest.approx(1)
    assert part.hold(url, 90) is False
    with pytest.raises(TenantAnswer, match="Not sent"), part.turn(url):
        pass
    with pace.turn(url) as paused:  # the whole has time to wait
        assert paused == pytest.approx(90)


def test_a_pause_is_kept_by_everybody_and_has_an_end() -> None:
    naps: list[float] = []
    pace = Pace(sleep=naps.append, now=lambda: 0.0)
    url = CALLS["Exchange"][0]
    assert pace.hold(url, 300) is True
    assert pace.waiting == "Exchange asks for a pause of 300 seconds"
    with pace.turn(url) as paused:
        assert paused == pytest.approx(300)
    assert pace.waiting == ""
    assert pace.hold(url, LONGEST_HOLD - 10) is False  # both together are too much
    with pytest.raises(TenantAnswer, match="Not sent: Exchange asks for a pause"), pace.turn(url):
        pass
    pace.answered(url)
    assert Pace(seconds=100, now=lambda: 0.0).hold(url, 101) is False


def test_who_is_not_in_a_run_is_not_held_back_by_one(room: Room) -> None:
    call = graph_call(room.tenant.cloud, "GET", "/users")
    pace = room.tenant.pace()
    with room.tenant.session.paced(pace):
        pace.hold(call.url, 3000)
    room.tenant.session.read(call)
    assert sum(room.naps) == 0


def test_retry_after_may_be_a_date(room: Room) -> None:
    room.service.happen_next("GET /v1.0/users", "429 storm with a date", amount=23)
    room.tenant.graph.user(VICTIM)
    assert room.naps == [pytest.approx(23, abs=2)]


def test_a_name_that_a_header_cannot_carry_is_routed_by_the_system_mailbox(room: Room) -> None:
    call = cmdlet_call(room.tenant.cloud, "tenant", "Get-Mailbox", {}, "jörg@contoso.com")
    assert call.headers["X-AnchorMailbox"] == "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@tenant"
    assert cmdlet_call(room.tenant.cloud, "tenant", "Get-Mailbox", {}, VICTIM).headers["X-AnchorMailbox"] == (
        f"UPN:{VICTIM}"
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"value": [', "not whole JSON"),
        (b'{"value": [], "@odata.nextLink": "https://evil.example/"}', "another host"),
        (b'{"value": null}', "no list"),
    ],
)
def test_what_is_wrong_with_an_answer_cites_the_call(room: Room, body: bytes, why: str) -> None:
    room.service.fail_next("GET /v1.0/users", status=200, body=body, times=9)
    with pytest.raises(TenantAnswer, match=f"{why}.*client-request-id [0-9a-f-]{{36}}"):
        room.tenant.graph.users()


def test_an_answer_that_is_cut_or_too_large_cites_the_call(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.service.warn_next("Get-Mailbox", "There are more results")
    with pytest.raises(TenantAnswer, match=r"incomplete list.*client-request-id [0-9a-f-]{36}"):
        room.tenant.exchange.read("Get-Mailbox", {"Identity": VICTIM}, VICTIM)
    monkeypatch.setattr("toolkit.tenant.session.LONGEST_ANSWER", 64)
    with pytest.raises(TenantAnswer, match=r"more than.*client-request-id [0-9a-f-]{36}"):
        room.tenant.graph.user(VICTIM)
