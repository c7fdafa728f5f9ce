"""Answers of Exchange that are cut: the rest comes by the link, by smaller pages, by splitting, or is said to lack."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.collect.pulling import days_back, loaded, pull, truth
from tests.collect.room import audit_ids
from tests.contain.room import VICTIM, Room
from toolkit import collect, contain
from toolkit.collect.ledger import COMPLETE, FAILED, PARTIAL, UNCONFIRMED, Line
from toolkit.collect.profile import Profile
from toolkit.collect.roads.message_trace import TraceCmdlet
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.state import ACCOUNT, collect_state
from toolkit.collect.window import Window
from toolkit.contain.actions import RemoveFullAccess
from toolkit.contain.doors import doors_in
from toolkit.contain.snapshot import first_of, look, read_again
from toolkit.contain.suspicion import Suspicion
from toolkit.errors import TenantAnswer
from toolkit.practice.exchange_pages import MORE
from toolkit.tenant.exchange import own_anchor
from toolkit.tenant.paging import without_port

SEARCH = "Search-UnifiedAuditLog"
EVER = 100_000


def searches(room: Room) -> list[dict[str, Any]]:
    return [r for r in room.service.requests() if r["cmdlet"] == SEARCH]


def full_day(room: Room) -> Window:
    """A day of which the tenant has more than ten records of the victim."""
    days = (days_back(room, number, number - 1) for number in range(2, 30))
    return next(day for day in days if len(truth(room, day)) > 20)


@pytest.mark.parametrize("links", ["followed", "refused", "missing"])
def test_every_record_comes_although_every_answer_is_cut(room: Room, links: str) -> None:
    window = full_day(room)
    room.service.arrange(exchange_rows=10, exchange_links=links)
    found, path = pull(room, SearchLog(), window)
    assert (found.ids, found.whole, found.reason) == (truth(room, window), True, "")
    assert (found.splits > 0) == (links != "followed")
    assert sum(account.rows + account.duplicates for account in loaded(room, path)) >= len(found.ids)
    assert {one.lower() for one in audit_ids(room.case)} == found.ids
    if links == "followed":
        assert len(searches(room)) <= len(found.ids) // 10 + 3


def test_what_stays_cut_is_partial_with_as_many_as_the_case_holds(room: Room) -> None:
    window = full_day(room)
    room.service.warn_next(SEARCH, MORE, times=EVER)  # half of every answer, whatever is asked for
    wanted = Profile("a month", (30,), twice=True, roads=(SearchLog,))
    lines = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted).lines
    [line] = [one for one in lines if one.start[:10] == window.start.isoformat()[:10]]
    start, end = window.start.isoformat()[:19], window.end.isoformat()[:19]
    held = room.case.sql(
        f"SELECT count(*) AS n FROM audit WHERE lower(user_principal_name) = '{VICTIM}' "
        f"AND time >= '{start}+00:00'::TIMESTAMPTZ AND time < '{end}+00:00'::TIMESTAMPTZ"
    )
    assert (line.state, line.records) == (PARTIAL, int(held.n[0]))
    assert 0 < line.received <= line.records < len(truth(room, window))
    assert MORE.rstrip(".") in line.reason
    assert line.files
    assert {one.state for one in lines} <= {PARTIAL, FAILED}
    assert all(one.received == 0 for one in lines if one.state == FAILED)


def test_a_cut_answer_is_not_asked_for_again_as_it_is(room: Room) -> None:
    room.service.arrange(exchange_rows=10, exchange_links="missing")
    window = full_day(room)
    found, _ = pull(room, SearchLog(), window)
    # A session for each window on the way to those that fit; of those that fit a page, and the empty one.
    assert len(searches(room)) <= 3 * (found.splits + 1) + 6


def test_fewer_rows_are_asked_for_where_an_answer_is_cut_to_a_hundred_or_more(busy_room: Room) -> None:
    window = days_back(busy_room, 27, 20)
    expected = truth(busy_room, window)
    assert len(expected) > 300
    busy_room.service.arrange(exchange_rows=150, exchange_links="refused")
    found, _ = pull(busy_room, SearchLog(), window)
    assert (found.ids, found.whole, found.splits) == (expected, True, 0)


def test_a_service_that_warns_of_nothing_in_particular_is_not_split_into_seconds(room: Room) -> None:
    whole = {"ResultIndex": 1, "ResultCount": 1, "RecordType": "ExchangeItem", "AuditData": '{"Id": "a"}'}
    body = {"value": [whole], "@adminapi.warnings": ["This cmdlet will change."]}
    room.service.fail_next(SEARCH, status=200, body=body, times=EVER)
    found, _ = pull(room, SearchLog(), days_back(room, 3, 1))
    assert (found.whole, found.ids) == (False, {"a"})
    assert "This cmdlet will change" in found.reason
    assert len(searches(room)) <= 3


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/adminapi/beta/x/InvokeCommand?$skiptoken=1", "{url}/graph/v1.0/users/x/delete", 5, "{same}"],
)
def test_a_link_that_leads_elsewhere_or_back_is_not_followed(room: Room, link: Any) -> None:
    same = f"{room.tenant.cloud.exchange}/adminapi/beta/{room.tenant.tenant_id}/InvokeCommand"
    link = link.format(url=room.service.url, same=same) if isinstance(link, str) else link
    body = {"value": [{"Name": "a"}], "@odata.nextLink": link}
    room.service.fail_next("Get-TransportRule", status=200, body=body, times=2)
    anchor = own_anchor(room.tenant.operator)
    part = room.tenant.exchange.read_part("Get-TransportRule", {}, anchor)
    assert ([row["Name"] for row in part.rows], "incomplete list, of which 1 rows" in part.cut) == (["a"], True)
    with pytest.raises(TenantAnswer, match="incomplete list"):
        room.tenant.exchange.read("Get-TransportRule", {}, anchor)
    asked = [r for r in room.service.requests() if r["cmdlet"] or "delete" in r["path"]]
    assert [r["cmdlet"] for r in asked] == ["Get-TransportRule"] * 2
    assert not room.writes()


def test_a_link_with_the_port_that_https_has_anyway_is_followed() -> None:
    host = "https://outlook.office365.com"
    assert without_port(f"{host}:443/adminapi/beta/t/InvokeCommand?a=:443/") == (
        f"{host}/adminapi/beta/t/InvokeCommand?a=:443/"
    )
    for other in (f"{host}:4430/x", f"{host}/x:443", "http://outlook.office365.com:443/x", 5):
        assert without_port(other) == other


def test_long_lists_of_the_state_come_by_pages_and_say_nothing_of_it(room: Room) -> None:
    room.service.arrange(exchange_rows=1)
    lines = collect_state(room.case, room.tenant, [VICTIM])
    assert not {PARTIAL, FAILED} & {line.state for line in lines}
    by_road = {line.road: line for line in lines if line.source == ACCOUNT}
    assert by_road["Inbox rules"].records == len(room.rules()) > 3


def rules_line(lines: list[Line]) -> Line:
    [line] = [one for one in lines if one.road == "Inbox rules"]
    return line


def test_of_a_list_that_stays_cut_the_rows_are_kept_and_the_ledger_calls_it_partial(room: Room) -> None:
    room.service.arrange(exchange_rows=2, exchange_links="refused")
    line = rules_line(collect_state(room.case, room.tenant, [VICTIM]))
    assert (line.state, line.records, line.received) == (PARTIAL, 2, 2)
    assert "Expired or Invalid pagination request" in line.reason
    assert room.case.count("inbox_rules") == 2
    assert set(line.files) <= set(room.case.catalog.files)
    assert line.needs_asking


def test_a_door_is_never_closed_by_a_list_of_which_a_part_came(room: Room) -> None:
    """Nothing of what came is against the owner: still nobody knows what else there is."""
    target = contain.resolve(room.tenant, VICTIM)
    whole = look(room.case, room.tenant, target)
    assert not whole.parts
    room.service.change_behind(lambda state: state["inbox_rules"].update({target.object_id: harmless(room)}))
    assert room.door("inbox rules").state == "closed"
    room.service.arrange(exchange_rows=1, exchange_links="missing")
    assert room.door("inbox rules").state == "not checked"
    assert "incomplete list" in room.door("inbox rules").evidence


def harmless(room: Room) -> list[dict[str, Any]]:
    rule = dict(room.rules()["Supplier news"])
    quiet = {"Enabled": True, "DeleteMessage": False, "MoveToFolder": None, "ForwardTo": None, "RedirectTo": None}
    names = enumerate(("one", "two", "three"))
    return [rule | quiet | {"Name": name, "RuleIdentity": f"1234567890123456{number}"} for number, name in names]


def test_a_rule_in_the_part_that_came_opens_the_door_all_the_same(room: Room) -> None:
    few = list(room.rules()).index(".") + 1
    assert few < len(room.rules())
    room.service.arrange(exchange_rows=few, exchange_links="missing")
    assert room.door("inbox rules").state == "open"
    snapshot = look(room.case, room.tenant, contain.resolve(room.tenant, VICTIM))
    assert "inbox rules" in snapshot.problems
    assert "inbox rules" not in snapshot.found
    assert len(snapshot.rows("inbox rules")) == few
    assert [door.state for door in doors_in(snapshot, None, Suspicion()) if door.name == "inbox rules"] == ["open"]


def test_what_a_cut_first_snapshot_did_not_show_is_not_called_new(room: Room) -> None:
    target = contain.resolve(room.tenant, VICTIM)
    room.service.arrange(exchange_rows=1, exchange_links="missing")
    room.plan()
    room.service.arrange(exchange_rows=None)
    first = first_of(room.case, target)
    assert first is not None
    assert "inbox rules" not in first.found
    [entry] = room.case.journal.entries("containment.snapshot")
    kept = read_again(room.case, target, entry)
    assert kept is not None
    assert len(kept.parts["inbox rules"]) == 1
    assert "new since the first snapshot" not in room.door("inbox rules").evidence


def test_a_right_that_is_not_in_the_part_that_came_is_not_called_gone(room: Room) -> None:
    target = contain.resolve(room.tenant, VICTIM)
    rows = room.tenant.exchange.read("Get-MailboxPermission", {"Identity": target.object_id}, VICTIM).rows
    first, last = (RemoveFullAccess(RemoveFullAccess.identity_of(row)) for row in (rows[0], rows[-1]))
    assert first.key != last.key
    room.service.arrange(exchange_rows=1, exchange_links="missing")
    assert first.read(room.tenant, target).values["row"]
    with pytest.raises(TenantAnswer, match="incomplete list"):
        last.read(room.tenant, target)


def test_message_trace_goes_on_from_the_last_row_and_brings_all(room: Room) -> None:
    window = days_back(room, 8, 0)
    whole, _ = pull(room, TraceCmdlet(), window)
    room.service.arrange(exchange_rows=7)
    found, _ = pull(room, TraceCmdlet(), window)
    assert (found.ids, found.whole) == (whole.ids, True)


def twice(room: Room, days: int = 10) -> list[Line]:
    wanted = Profile("twice", (days,), twice=True, roads=(SearchLog,))
    return collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted).lines


def test_who_asks_again_asks_for_everything_and_so_finds_what_a_plain_search_lacks(room: Room) -> None:
    room.service.arrange(plain_search_lacks=30)
    lines = [line for line in twice(room) if line.state in {COMPLETE, UNCONFIRMED}]
    assert {line.state for line in lines} == {COMPLETE}
    start, end = min(line.start for line in lines), max(line.end for line in lines)
    held = audit_ids(room.case)
    span = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert truth(room, span) <= held
    asked = [("HighCompleteness" in r["fields"]) for r in searches(room)]
    assert (asked[0], any(asked)) == (False, True)


def test_where_high_completeness_is_refused_it_is_left_off_and_said(room: Room) -> None:
    room.service.refuse_next(
        lambda line: line["cmdlet"] == SEARCH and "HighCompleteness" in line["fields"],
        "A parameter cannot be found that matches parameter name 'HighCompleteness'.",
        times=EVER,
    )
    lines = [line for line in twice(room, 5) if line.state == COMPLETE]
    assert lines
    for line in lines:
        assert line.reason.startswith("asked again without HighCompleteness, since with it Exchange answered 400")
