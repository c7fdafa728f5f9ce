"""Why mails did not go out: the details of failed messages are collected, and lead to the case of the bounce."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.collect.pulling import days_back, loaded, pull, sent_to
from tests.contain.room import VICTIM, Room
from toolkit import collect, harden
from toolkit.collect.ledger import NOT_AVAILABLE
from toolkit.collect.profile import NAMES, Profile, profile
from toolkit.collect.roads.graph_lists import TRACE_APP
from toolkit.collect.roads.message_trace import CMDLET, EitherTrace
from toolkit.collect.roads.trace_details import DETAIL, NONE, TraceDetails
from toolkit.practice.mail_traces import traces
from toolkit.views.coverage import coverage

DETAILS = "getDetailsByRecipient"


def failed() -> list[str]:
    """The trace ids of what the victim sent and did not arrive, a recipient each, the newest first."""
    return [one.id for one in traces() if one.sender == VICTIM and one.status == "failed"]


def told(ids: set[str]) -> set[str]:
    return {one.split("|")[0].lower() for one in ids}


def test_a_collected_case_names_the_code_of_what_did_not_go_out(room: Room) -> None:
    wanted = Profile("trace", (30,), twice=False, roads=(EitherTrace, TraceDetails))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    (line,) = (line for line in done.lines if line.source == "message trace details")
    assert line.records == room.case.count("message_events") > len(failed()) > 3
    report = harden.sending(room.case).bounces
    assert report.checked
    (bounce,) = report.bounces
    assert (bounce.code, bounce.kind.group) == ("5.1.8", "account")
    assert VICTIM in bounce.people
    assert not any("details" in note for note in report.notes)
    assert room.writes() == []
    rows = coverage(room.case)
    assert rows.set_index("id").loc["bounces", "rows"] > 0


def test_only_messages_that_failed_are_asked_for(room: Room) -> None:
    found, path = pull(room, TraceDetails(), days_back(room, 60, -1))
    assert (found.whole, told(found.ids)) == (True, set(failed()))
    assert len(sent_to(room, DETAILS)) == len(failed())
    assert {account.table for account in loaded(room, path)} == {"message_events"}


def test_what_failed_of_an_alias_is_asked_for_with_the_rest_the_newest_first(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("sofia.marin@contoso.com", "press@contoso.com")
    own = [one for one in traces() if one.sender in both]
    bounced = tuple(replace(one, status="failed", sender=both[n % 2]) for n, one in enumerate(own))
    for module in ("graph_traces", "cmdlets_trace"):
        monkeypatch.setattr(f"toolkit.practice.{module}.traces", lambda: bounced)
    monkeypatch.setattr("toolkit.collect.roads.trace_details.MOST", 5)
    for lacks in ([], ["message trace"]):
        room.service.arrange(lacks=lacks)
        found, _ = pull(room, TraceDetails(), days_back(room, 60, -1), both[0])
        assert told(found.ids) == {one.id for one in bounced[:5]}
        assert "only of the newest 5 failed messages; there are more; asked for " in found.reason


def test_without_graph_the_cmdlets_bring_the_same(room: Room) -> None:
    room.service.arrange(lacks=["message trace"])
    found, path = pull(room, TraceDetails(), days_back(room, 60, -1))
    assert (found.whole, told(found.ids)) == (True, set(failed()))
    assert (found.reason.startswith(f"by {DETAIL}; "), TRACE_APP in found.reason) == (True, True)
    loaded(room, path)
    assert [b.code for b in harden.bounces(room.case).bounces] == ["5.1.8"]


def test_a_cut_list_of_what_failed_is_no_whole_one(room: Room) -> None:
    room.service.arrange(lacks=["message trace"], exchange_rows=2)
    found, _ = pull(room, TraceDetails(), days_back(room, 60, -1))
    assert (found.whole, "gave a part of a list only" in found.reason) == (False, True)
    assert told(found.ids) < set(failed())


def test_more_than_the_bound_is_said(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.collect.roads.trace_details.MOST", 2)
    found, _ = pull(room, TraceDetails(), days_back(room, 60, -1))
    assert (found.whole, found.reason) == (False, "only of the newest 2 failed messages; there are more")
    assert told(found.ids) <= set(failed()[:2])
    assert len(sent_to(room, DETAILS)) == 2


def test_an_account_whose_mail_all_went_out_is_no_gap(room: Room) -> None:
    found, path = pull(room, TraceDetails(), days_back(room, 60, -1), "jonas.reuter@contoso.com")
    assert (found.whole, found.reason, path.exists()) == (True, NONE, False)


def test_a_tenant_that_offers_neither_says_so(room: Room) -> None:
    room.service.arrange(lacks=["message trace"])
    room.service.withhold(CMDLET)
    wanted = Profile("trace", (7,), twice=False, roads=(TraceDetails,))
    assert {line.state for line in collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted).lines} == {
        NOT_AVAILABLE
    }


def test_the_profiles_have_it_where_they_have_the_trace() -> None:
    for name in NAMES:
        roads = profile(name).roads
        assert (TraceDetails in roads) == (EitherTrace in roads), name
