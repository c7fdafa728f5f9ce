"""Message trace, risk, sign-ins of applications: what comes, and what is said where a tenant does not offer it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.collect.pulling import days_back, loaded, pull, sent_to
from tests.contain.room import BREAK_GLASS, GUEST, VICTIM, Room
from toolkit import collect, practice
from toolkit.case import open_case
from toolkit.collect.ledger import COMPLETE, NOT_AVAILABLE, PARTIAL, PROVISIONAL, UNCONFIRMED
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Asked
from toolkit.collect.roads.app_sign_ins import NONE, ApplicationSignIns
from toolkit.collect.roads.graph_lists import MISSING_APP, TRACE_APP, MessageTrace
from toolkit.collect.roads.message_trace import EitherTrace, TraceCmdlet
from toolkit.collect.roads.risk import HIDDEN, AccountRisk, RiskDetections
from toolkit.collect.roads.road import Options, Road
from toolkit.collect.window import DAY, Window
from toolkit.practice.mail_traces import traces
from toolkit.tenant.clouds import CLOUDS

TRACES = "/messageTraces"
CMDLET = "Get-MessageTraceV2"


def held(room: Room, first: int, last: int) -> set[str]:
    """What the tenant has of the victim's messages: trace and recipient."""
    window = days_back(room, first, last)
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (window.start, window.end))
    return {
        f"{one.id}|{one.recipient}"
        for one in traces()
        if start <= one.received <= end and VICTIM in (one.sender.lower(), one.recipient.lower())
    }


def test_message_trace_by_graph_has_what_was_sent_and_what_was_received(room: Room) -> None:
    found, path = pull(room, MessageTrace(), days_back(room, 9, 1))
    assert found.whole
    assert found.ids == held(room, 9, 1)
    assert {account.table for account in loaded(room, path)} == {"messages"}
    rows = room.case.frame("messages")
    assert len(rows) == len(found.ids) > 5
    assert VICTIM in set(rows.sender_address)
    assert VICTIM in set(rows.recipient_address)
    # One value for each property, and not more than ten days: what the service silently ignores is not sent.
    for request in sent_to(room, TRACES):
        assert request["method"] == "GET"


def test_the_cmdlet_brings_the_same_although_it_has_no_pages(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.collect.roads.message_trace.PAGE", 7)
    found, path = pull(room, TraceCmdlet(), days_back(room, 9, 1))
    assert found.whole
    assert {one.lower() for one in found.ids} == {one.lower() for one in held(room, 9, 1)}
    assert len([r for r in room.service.requests() if r["cmdlet"] == CMDLET]) > 4
    loaded(room, path)
    assert room.case.count("messages") == len(found.ids)


def held_by(address: str) -> set[str]:
    """What the tenant has of the messages of one address: trace and recipient."""
    return {f"{one.id}|{one.recipient}" for one in traces() if address in (one.sender, one.recipient)}


@pytest.mark.parametrize("road", [MessageTrace, TraceCmdlet, EitherTrace])
@pytest.mark.parametrize(
    ("account", "addresses"),
    [
        ("sofia.marin@contoso.com", ["sofia.marin@contoso.com", "press@contoso.com"]),
        ("felix.brandt@contoso.com", ["felix.brandt@contoso.com", "f.brandt@contoso.com"]),
    ],
)
def test_mail_of_every_address_of_an_account_comes_and_the_ledger_says_which(
    room: Room, road: type[Road], account: str, addresses: list[str]
) -> None:
    wanted = Profile("trace", (60,), twice=False, roads=(road,))
    done = collect.collect(room.case, room.tenant, [account], wanted=wanted)
    assert {line.state for line in done.lines} <= {UNCONFIRMED, PROVISIONAL}
    assert {line.reason for line in done.lines} == {f"asked for {', '.join(addresses)}"}
    rows = room.case.frame("messages")
    came = set(rows.message_trace_id + "|" + rows.recipient_address)
    of_other = held_by(addresses[1])
    assert any(one.sender == addresses[1] for one in traces())
    assert len(of_other) > 3
    assert came == of_other | held_by(addresses[0])


def test_more_addresses_than_are_asked_for_are_named_and_the_window_is_not_complete(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.collect.roads.addresses.MOST", 1)
    wanted = Profile("trace", (30,), twice=True, roads=(EitherTrace,))
    done = collect.collect(room.case, room.tenant, ["sofia.marin@contoso.com"], wanted=wanted)
    assert {line.state for line in done.lines} == {PARTIAL}
    assert {line.reason for line in done.lines} == {
        "only 1 of the account's 2 addresses were asked for; not press@contoso.com"
    }
    rows = room.case.frame("messages")
    assert len(rows) > 3
    assert "press@contoso.com" not in {*rows.sender_address, *rows.recipient_address}


def test_an_account_without_a_mail_address_is_said_to_be_asked_for_by_its_name(room: Room) -> None:
    found, _ = pull(room, MessageTrace(), days_back(room, 9, 1), BREAK_GLASS)
    assert found.whole
    assert found.reason == (
        f"Entra names no mail address of this account; it was asked for by its user principal name, {BREAK_GLASS}, "
        "alone"
    )


def test_a_guest_is_looked_for_by_the_address_at_home_too(room: Room) -> None:
    found, _ = pull(room, EitherTrace(), days_back(room, 9, 1), GUEST)
    assert found.whole
    assert found.reason == f"asked for {GUEST.lower()}, lena.fischer@fabrikam.example"


def test_an_answer_that_warns_and_brings_nothing_new_is_called_incomplete(room: Room) -> None:
    room.service.warn_next(CMDLET, "There are more results.", times=50)
    found, _ = pull(room, TraceCmdlet(), days_back(room, 9, 1))
    assert not found.whole
    assert found.reason == "Get-MessageTraceV2 says that there is more and gives nothing new"


def test_without_microsofts_application_graph_says_what_an_administrator_does_and_the_cmdlet_helps(room: Room) -> None:
    room.service.arrange(lacks=["message trace"])
    alone, _ = pull(room, MessageTrace(), days_back(room, 9, 1))
    assert (alone.available, alone.reason) == (False, MISSING_APP)
    assert TRACE_APP in alone.reason
    found, _ = pull(room, EitherTrace(), days_back(room, 9, 1))
    assert found.whole
    assert {one.lower() for one in found.ids} == {one.lower() for one in held(room, 9, 1)}
    assert found.reason == f"by {CMDLET}; {MISSING_APP}"


def test_in_a_government_cloud_graph_is_not_even_asked(room: Room) -> None:
    room.tenant.cloud = CLOUDS["gcc-high"]
    alone, _ = pull(room, MessageTrace(), days_back(room, 9, 1))
    assert not alone.available
    assert "use Get-MessageTraceV2" in alone.reason
    assert sent_to(room, TRACES) == []


def test_where_neither_is_offered_the_line_gives_both_reasons(room: Room) -> None:
    room.service.arrange(lacks=["message trace"])
    room.service.withhold(CMDLET)
    wanted = Profile("trace", (7,), twice=False, roads=(EitherTrace,))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert {line.state for line in done.lines} == {NOT_AVAILABLE}
    assert all(TRACE_APP in line.reason and "403" in line.reason for line in done.lines)


def test_ninety_days_of_messages_are_not_refused(room: Room) -> None:
    wanted = Profile("trace", (90,), twice=False, roads=(EitherTrace, TraceCmdlet))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert {line.state for line in done.lines} <= {COMPLETE, PROVISIONAL, "complete but unconfirmed"}


def test_risk_detections_and_the_risk_of_the_account_become_tables(room: Room) -> None:
    found, path = pull(room, RiskDetections(), days_back(room, 30))
    assert found.whole
    assert len(found.ids) > 0
    [account] = loaded(room, path)
    assert (account.table, account.rejected) == ("risk", 0)
    rows = room.case.frame("risk")
    assert set(rows.user_principal_name) == {VICTIM}
    assert "anomaloustoken" in {kind.lower() for kind in rows.risk_event_type}
    assert rows.time.notna().all()
    state, path = pull(room, AccountRisk(), days_back(room, 30))
    assert state.whole
    if path.exists():
        assert {account.table for account in loaded(room, path)} == {"risky_users"}
        assert set(room.case.frame("risky_users").user_id) == {room.user()["id"]}


def test_an_account_that_never_was_at_risk_is_no_error(room: Room) -> None:
    found, path = pull(room, AccountRisk(), days_back(room, 30), "jonas.reuter@contoso.com")
    assert found.whole
    assert found.available
    assert "never at risk" in found.reason
    assert not path.exists()


def test_without_p2_the_ledger_says_that_the_types_are_hidden(room: Room) -> None:
    room.service.arrange(lacks=["p2"])
    found, _ = pull(room, RiskDetections(), days_back(room, 30))
    assert found.whole
    assert found.reason == HIDDEN


def test_a_missing_permission_for_risk_is_one_line_each(room: Room) -> None:
    room.service.withhold("IdentityRiskEvent.Read.All", "IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All")
    wanted = Profile("risk", (7, 30), twice=True, roads=(RiskDetections, AccountRisk))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert [line.state for line in done.lines] == [NOT_AVAILABLE] * 2
    assert all("403" in line.reason for line in done.lines)


def test_applications_are_those_that_the_account_consented_to_or_that_are_named(room: Room) -> None:
    consented, path = pull(room, ApplicationSignIns(), days_back(room, 9))
    assert consented.whole
    assert len(consented.ids) == 1  # the rogue application once signed in without a person
    loaded(room, path)
    rows = room.case.frame("signins")
    assert set(rows.sign_in_event_types) == {"servicePrincipal"}
    other, _ = pull(
        room, ApplicationSignIns(Options(apps=("00000000-0000-0000-0000-000000000000",))), days_back(room, 9)
    )
    assert other.ids == set()
    nothing, _ = pull(room, ApplicationSignIns(), days_back(room, 9), "emergency.access@contoso.onmicrosoft.com")
    assert (nothing.whole, nothing.reason) == (True, NONE)


def test_names_with_quotes_stay_in_their_filter() -> None:
    road = ApplicationSignIns(Options(apps=("a' or appId ne '",)))
    start = datetime(2026, 9, 1, tzinfo=UTC)
    [text] = road.filters(Asked("x", "o'neil@contoso.com", Window(start, start + DAY)))
    assert text.startswith("appId eq 'a'' or appId ne ''' and ")
    sender, recipient = MessageTrace().filters(Asked("x", "o'neil@contoso.com", Window(start, start + DAY)))
    assert sender.startswith("senderAddress eq 'o''neil@contoso.com' and receivedDateTime ge ")
    assert " or " not in sender + recipient


@pytest.mark.parametrize("seed", range(4))
def test_trouble_never_makes_a_list_complete_that_lacks_something(room: Room, seed: int) -> None:
    plan = practice.FaultPlan.collecting(seed, slowness=0.001)
    room.service.follow(plan)
    wanted = Profile("lists", (7, 30), twice=True, roads=(EitherTrace, RiskDetections, ApplicationSignIns))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    room.service.follow(None)
    assert plan.happened
    assert all(line.reason for line in done.lines if line.state not in {COMPLETE, PROVISIONAL})
    ids = {str(one).lower() for one in room.case.sql("SELECT record_id FROM messages").record_id}
    for line in done.lines:
        if line.source == "message trace" and line.state == COMPLETE:
            start, end = line.start[:19] + "Z", line.end[:19] + "Z"
            there = {
                f"{one.id}|{one.recipient}".lower()
                for one in traces()
                if start <= one.received < end and VICTIM in (one.sender.lower(), one.recipient.lower())
            }
            assert there <= ids


@pytest.mark.parametrize("part", ["riskdetection", "riskyuser"])
def test_every_published_sample_of_risk_is_read(tmp_path: Path, shared: Path, part: str) -> None:
    samples = sorted((shared / "samples" / "graph-docs").glob(f"*{part}*.json"))
    assert samples
    case = open_case(tmp_path / "case")
    for sample in samples:
        [account] = case.load(sample, report=lambda what, share: None).files
        assert account.table == ("risk" if part == "riskdetection" else "risky_users"), sample.name
        assert account.rejected == 0
        assert account.rows + account.duplicates == account.read > 0
    case.close()


def test_type_names_in_place_of_values_are_read_as_nothing_more(tmp_path: Path, shared: Path) -> None:
    case = open_case(tmp_path / "case")
    for name in ("riskyusers-list", "riskyusers-history-list"):
        told = json.loads((shared / "contracts" / "examples" / f"{name}.json").read_text("utf-8"))
        page = tmp_path / f"{name}.json"
        page.write_text(json.dumps(told["examples"][0]["response"]["body"]))
        [account] = case.load(page, report=lambda what, share: None).files
        assert (account.table, account.rejected) == ("risky_users", 0)
    rows = case.frame("risky_users")
    assert len(rows) == 2
    assert rows.time.isna().all()
    assert sorted(rows.is_history) == [False, True]
    case.close()
