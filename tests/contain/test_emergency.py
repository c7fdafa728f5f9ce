"""The emergency stop: an empty case, one typed name, three calls, a snapshot of what was so before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contain.room import BREAK_GLASS, FEDERATED, OPERATOR, SYNCED, VICTIM, Room
from toolkit import contain
from toolkit.contain.readings import READINGS
from toolkit.contain.snapshot import TIME_IS_UP, look
from toolkit.contain.target import Target
from toolkit.errors import GuardRefused
from toolkit.practice import graph_passwords
from toolkit.tenant import Rows, Tenant


def stopped(room: Room, user: str = VICTIM) -> contain.Stopped:
    plan = contain.stop_plan(room.case, room.tenant, user)
    return contain.stop(plan, plan.target.user_principal_name, show_secret=room.show)


def test_an_empty_case_and_one_typed_name_stop_the_intruder(unconfirmed_room: Room) -> None:
    room = unconfirmed_room
    result = stopped(room)
    assert {title: o.status for title, o in result.outcomes.items()} == {
        "Block sign-in": "done",
        "Reset the password": "done",
        "Revoke sessions": "done",
    }
    assert room.user()["accountEnabled"] is False
    assert len(room.shown) == 1
    assert len(room.writes()) == 3
    kinds = [e.kind for e in room.case.journal.entries()]
    assert (
        kinds.index("containment.confirmed") < kinds.index("containment.snapshot") < kinds.index("containment.sending")
    )
    assert {d.name: d.state for d in contain.doors(room.case, room.tenant, contain.resolve(room.tenant, VICTIM))}[
        "sessions"
    ] == "closed"


def test_the_snapshot_holds_what_will_be_changed_and_its_hash_is_in_the_journal(unconfirmed_room: Room) -> None:
    room = unconfirmed_room
    snapshot = stopped(room).snapshot
    assert snapshot is not None
    data = (room.case.folder / snapshot.file).read_bytes()
    [entry] = room.case.journal.entries("containment.snapshot")
    assert entry.fields["sha256"] == hashlib.sha256(data).hexdigest() == snapshot.sha256
    told = json.loads(data)
    assert "Sync Settings" in {rule["Name"] for rule in told["found"]["inbox rules"]}
    assert told["found"]["mailbox"][0]["ForwardingSmtpAddress"]
    assert room.shown[0] not in data.decode()


@pytest.mark.parametrize("typed", ["", "yes", VICTIM.upper(), f"{VICTIM} "])
def test_anything_but_the_exact_name_sends_nothing(unconfirmed_room: Room, typed: str) -> None:
    room = unconfirmed_room
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    with pytest.raises(GuardRefused):
        contain.stop(plan, typed, show_secret=room.show)
    assert room.writes() == []
    assert not room.case.journal.entries("containment.tenant-confirmed")


def test_the_guards_hold_in_an_emergency_too(room: Room) -> None:
    with pytest.raises(GuardRefused, match="signed in with"):
        contain.stop_plan(room.case, room.tenant, OPERATOR)
    with pytest.raises(GuardRefused, match="emergency-access"):
        contain.stop_plan(room.case, room.tenant, BREAK_GLASS, emergency=[BREAK_GLASS])


def test_a_step_that_fails_does_not_keep_the_next_from_being_run(room: Room) -> None:
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    room.service.fail_next("PATCH", status=403, body={"error": {"code": "Forbidden", "message": "no"}})
    result = contain.stop(plan, VICTIM, show_secret=room.show)
    assert [o.status for o in result.outcomes.values()] == ["refused", "done", "done"]


def test_without_a_screen_no_password_is_reset(room: Room) -> None:
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    result = contain.stop(plan, VICTIM, show_secret=None)
    assert [o.status for o in result.outcomes.values()] == ["done", "refused", "done"]
    assert "no screen" in result.outcomes["Reset the password"].text


def test_a_synchronised_account_is_reset_by_writeback_and_what_is_not_proven_is_said(room: Room) -> None:
    result = stopped(room, SYNCED)
    told = result.outcomes["Reset the password and write it back on premises"]
    assert "not confirmed on premises" in told.text
    assert len(room.shown) == 1


def test_a_snapshot_stops_when_its_time_is_up_and_says_what_was_not_read(room: Room) -> None:
    ticks = iter(range(0, 1000, 20))
    snapshot = look(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), seconds=60, now=lambda: next(ticks))
    assert len(snapshot.found) + len(snapshot.problems) > 10
    assert set(snapshot.problems.values()) >= {TIME_IS_UP}


def test_a_service_that_does_not_answer_in_time_keeps_nobody_from_stopping_the_intruder(room: Room) -> None:
    room.service.answer_late("Get-Mailbox", 4.0)
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    result = contain.stop(plan, VICTIM, show_secret=room.show, seconds=2.0)
    assert result.snapshot is not None
    why = result.snapshot.problems["mailbox"]
    assert why == TIME_IS_UP or "gave no answer within" in why
    assert [o.status for o in result.outcomes.values()] == ["done", "done", "done"]


def test_what_cannot_be_read_is_noted_and_stops_nothing(room: Room) -> None:
    room.service.fail_next("Get-Mailbox", status=403, body={"error": {"code": "Forbidden", "message": "no"}})
    plan = room.plan()
    assert any("Mailbox could not be read" in note for note in plan.notes)
    assert plan.step("block-sign-in").can_run


TWO_MINUTES = 120.0


@pytest.fixture
def timed(unconfirmed_room: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[contain.Stopped, float]]:
    """An emergency stop by the tenant's clock, which every pause moves on; says how many seconds it took."""
    room = unconfirmed_room
    monkeypatch.setattr(room.case, "clock", room.service.clock.now)
    room.tenant.close()
    room.tenant = room.connect()

    def stop(user: str) -> tuple[contain.Stopped, float]:
        plan = contain.stop_plan(room.case, room.tenant, user)
        began = room.service.clock.now()
        result = contain.stop(plan, plan.target.user_principal_name, show_secret=room.show)
        return result, (room.service.clock.now() - began).total_seconds()

    return stop


Timed = Callable[[str], tuple[contain.Stopped, float]]
ACCOUNTS = pytest.mark.parametrize("user", [VICTIM, SYNCED, FEDERATED])


@ACCOUNTS
def test_a_long_wait_with_one_call_does_not_hold_up_the_next_and_is_offered_again(
    timed: Timed, unconfirmed_room: Room, user: str
) -> None:
    room = unconfirmed_room
    room.service.fail_next("PATCH", status=429, retry_after=120)
    result, took = timed(user)
    assert took <= TWO_MINUTES
    block, *others = result.outcomes.values()
    assert block.status == "refused"
    assert block.text.startswith("Not done yet: asked to wait 120 s")
    assert [o.status for o in others] == ["done"] * len(others)
    again = contain.stop_plan(room.case, room.tenant, user)
    assert (again.steps[0].status, again.steps[0].can_run) == ("to do", True)
    result, _ = timed(user)
    assert result.outcomes["Block sign-in"].status == "done"
    assert room.user(user)["accountEnabled"] is False


def test_a_call_that_was_to_wait_is_made_at_the_end_where_there_is_time(timed: Timed, unconfirmed_room: Room) -> None:
    room = unconfirmed_room
    room.service.fail_next("PATCH", status=429, retry_after=40)
    result, took = timed(VICTIM)
    assert [o.status for o in result.outcomes.values()] == ["done", "done", "done"]
    assert 40 <= took <= TWO_MINUTES
    assert [(w["fields"], w["status"]) for w in room.writes()] == [
        (["accountEnabled"], 429), (["passwordProfile"], 204), ([], 200), (["accountEnabled"], 204),
    ]  # fmt: skip


@ACCOUNTS
def test_readings_that_are_throttled_leave_the_calls_their_time(
    timed: Timed, unconfirmed_room: Room, user: str
) -> None:
    room = unconfirmed_room
    room.service.fail_next(lambda line: str(line["cmdlet"]).startswith("Get-"), retry_after=25, times=100)
    result, took = timed(user)
    assert took <= TWO_MINUTES
    assert {o.status for o in result.outcomes.values()} == {"done"}
    assert result.snapshot is not None
    assert result.snapshot.problems


@ACCOUNTS
def test_slow_readings_end_after_a_minute(
    timed: Timed, unconfirmed_room: Room, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(tenant: Tenant, target: Target) -> Rows:
        tenant.sleep(8.0)
        return Rows([], None)

    for name, reading in list(READINGS.items()):
        monkeypatch.setitem(READINGS, name, replace(reading, ask=slow))
    result, took = timed(user)
    assert took <= TWO_MINUTES
    assert {o.status for o in result.outcomes.values()} == {"done"}
    assert result.snapshot is not None
    assert TIME_IS_UP in result.snapshot.problems.values()
    assert len(result.snapshot.found) < 10


@ACCOUNTS
def test_changes_that_do_not_show_and_readings_that_are_slow_are_told_within_two_minutes(
    timed: Timed, unconfirmed_room: Room, user: str
) -> None:
    room = unconfirmed_room
    room.service.delay_next_change(seconds=900)
    room.service.fail_next(lambda line: str(line["cmdlet"]).startswith("Get-"), retry_after=25, times=100)
    result, took = timed(user)
    assert took <= TWO_MINUTES
    assert {o.status for o in result.outcomes.values()} <= {"sent, not yet visible", "done"}
    assert len(room.writes()) == len(result.outcomes)
    room.service.clock.advance(3600)
    contain.settle(room.case, room.tenant)
    assert contain.records(room.case)[0].status == "done"


def test_a_writeback_that_does_not_end_is_asked_about_for_as_long_as_there_is_time(
    timed: Timed, unconfirmed_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = unconfirmed_room
    monkeypatch.setattr(graph_passwords, "ENDS_AFTER", timedelta(hours=1))
    room.service.fail_next(lambda line: str(line["cmdlet"]).startswith("Get-"), retry_after=25, times=100)
    result, took = timed(SYNCED)
    assert took <= TWO_MINUTES
    assert "has not said yet how it ended" in result.outcomes["Reset the password and write it back on premises"].text
    assert result.outcomes["Revoke sessions"].status == "done"


def test_everything_throttled_says_so_within_two_minutes(timed: Timed, unconfirmed_room: Room) -> None:
    room = unconfirmed_room
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    room.service.fail_next(lambda line: line["kind"] != "sign-in", retry_after=30, times=1000)
    began = room.service.clock.now()
    result = contain.stop(plan, VICTIM, show_secret=room.show)
    assert (room.service.clock.now() - began).total_seconds() <= TWO_MINUTES
    assert all(o.text.startswith("Not done yet: asked to wait 30 s") for o in result.outcomes.values())
    assert not [w for w in room.writes() if w["changed"]]
