"""Lost answers, crashes, throttling and refusals: what is settled by reading, and what is never repeated."""

from __future__ import annotations

import time

import pytest

from tests.contain.room import Room
from toolkit import contain
from toolkit.errors import TenantUnreachable
from toolkit.tenant import Answer


def test_an_answer_lost_after_the_change_is_settled_by_reading(room: Room) -> None:
    room.service.drop_next("PATCH", done_before=True)
    assert room.run("block-sign-in").status == "done"
    assert len(room.writes()) == 1


def test_a_connection_that_broke_before_the_change_leaves_doubt_that_a_late_reading_settles(room: Room) -> None:
    room.service.drop_next("PATCH")
    outcome = room.run("block-sign-in", patience=0.0)
    assert outcome.status == "in doubt"
    assert "broke the connection" in outcome.text
    assert room.statuses()["block-sign-in"] == "in doubt"
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "in doubt"  # it may show yet
    room.service.clock.advance(600)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "not done"
    assert len(room.writes()) == 1
    assert room.statuses()["block-sign-in"] == "to do"
    assert room.run("block-sign-in").status == "done"


def crashed(room: Room, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call reaches the service, and the kernel dies before that is in the journal."""
    real = room.tenant.session.write

    def crash(*args: object, **how: object) -> Answer:
        real(*args, **how)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(room.tenant.session, "write", crash)
        with pytest.raises(KeyboardInterrupt):
            room.run(key)


def test_a_crash_while_the_change_does_not_show_yet_never_becomes_not_done(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading on reopening is still the old one: it is waited for, and tells the truth in the end."""
    room.service.delay_next_change(seconds=40)
    crashed(room, "require-mfa", monkeypatch)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "done"
    assert 40 <= sum(room.naps) <= 60
    assert room.statuses()["require-mfa"] == "done"
    assert room.undo("require-mfa").status == "done"
    assert len(room.writes()) == 2


def test_doubt_stays_while_the_change_may_still_show(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.service.delay_next_change(seconds=400)
    crashed(room, "require-mfa", monkeypatch)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "in doubt"
    room.service.clock.advance(400)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "done"
    step = room.plan().step("require-mfa")
    assert step.undo is not None


def test_what_was_settled_as_not_done_and_shows_after_all_is_corrected(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.service.delay_next_change(seconds=1200)
    crashed(room, "require-mfa", monkeypatch)
    room.service.clock.advance(700)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "not done"
    room.service.clock.advance(700)
    assert room.run("require-mfa").text.startswith("The call whose answer was lost did take effect")
    assert [e.fields["status"] for e in room.case.journal.entries("containment.settled")] == ["not done", "done"]
    assert len(room.writes()) == 1
    assert room.plan().step("require-mfa").undo is not None


def test_what_somebody_else_did_hours_later_is_not_taken_for_our_call(room: Room) -> None:
    room.service.drop_next("PATCH")
    assert room.run("require-mfa", patience=0.0).status == "in doubt"
    room.service.clock.advance(700)
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "not done"
    room.service.clock.advance(7200)
    room.service._store.state["mfa_requirements"][room.user()["id"]] = "enforced"
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "not done"
    assert contain.settle(room.case, room.tenant) == []  # that was the last word
    step = room.plan().step("require-mfa")
    assert (step.status, step.undo) == ("already so", None)


def test_an_undo_in_doubt_can_be_run_again_and_is_not_repeated_if_it_was_done(room: Room) -> None:
    assert room.run("require-mfa").status == "done"
    room.service.drop_next("PATCH")
    plan, yes = room.confirmed()
    assert contain.undo(plan, "require-mfa", yes, patience=0.0).status == "in doubt"
    assert room.statuses()["require-mfa"] == "in doubt"
    room.service.drop_next("PATCH", done_before=True)
    room.service.delay_next_change(seconds=30)
    plan, yes = room.confirmed()
    assert contain.undo(plan, "require-mfa", yes, patience=0.0).status == "in doubt"
    sent = len(room.writes())
    plan, yes = room.confirmed()
    assert contain.undo(plan, "require-mfa", yes).text.startswith("The undo whose answer was lost did take effect")
    assert len(room.writes()) == sent
    assert room.statuses()["require-mfa"] == "to do"


def test_a_reading_after_a_second_call_says_nothing_of_the_first(room: Room) -> None:
    """The first call never arrived; the second did: only of the second it is said that it was done."""
    room.service.drop_next("PATCH")
    assert room.run("require-mfa", patience=0.0).status == "in doubt"
    assert room.run("require-mfa").status == "done"
    contain.settle(room.case, room.tenant)
    first, second = contain.records(room.case)
    assert (first.status, second.status) == ("in doubt", "done")
    assert room.statuses()["require-mfa"] == "done"


def test_a_crash_between_call_and_journal_is_settled_by_reading_and_not_repeated(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("block-sign-in", "require-mfa", room.rule_key(".")):
        crashed(room, key, monkeypatch)
        assert room.statuses()[key] == "in doubt"
        sent = len(room.writes())
        assert room.run(key).text.startswith("The call whose answer was lost did take effect")
        assert len(room.writes()) == sent
        assert room.statuses()[key] == "done"
        if key != "block-sign-in":  # that is taken back by giving the account back
            assert room.undo(key).status == "done"


def test_doubt_about_an_account_that_is_gone_does_not_stand_in_the_way_of_others(room: Room) -> None:
    room.service.drop_next("PATCH")
    room.run("block-sign-in", patience=0.0)
    del room.service._store.state["users"][room.user()["id"]]
    [record] = contain.settle(room.case, room.tenant)
    assert record.status == "in doubt"
    assert room.plan("ana.petrovic@contoso.com").steps


def test_a_reset_whose_answer_was_lost_is_offered_again_and_never_counts(room: Room) -> None:
    room.service.drop_next("PATCH", done_before=True)
    outcome = room.run("reset-password")
    assert outcome.status == "in doubt"
    assert room.shown == []
    contain.settle(room.case, room.tenant)
    step = room.plan().step("reset-password")
    assert (step.status, step.can_run) == ("offered again", True)
    assert room.door("password").state == "open"
    assert room.run("reset-password").status == "done"
    assert room.door("password").state == "closed"


@pytest.mark.parametrize("how", ["told later", "raises"])
def test_a_password_that_nobody_saw_is_offered_again(room: Room, how: str) -> None:
    def show(secret: object, run: str) -> None:
        if how == "raises":
            raise RuntimeError("no screen")

    outcome = room.run("reset-password", show_secret=show)
    assert outcome.status == "done"
    assert room.statuses()["reset-password"] == "offered again"
    plan = room.plan()
    contain.record_shown(plan, outcome.run)
    assert room.statuses()["reset-password"] == "done"


def test_a_revocation_in_doubt_does_not_close_the_door(room: Room) -> None:
    room.service.drop_next("revokeSignInSessions", done_before=True)
    assert room.run("revoke-sessions").status == "in doubt"
    contain.settle(room.case, room.tenant)
    assert room.door("sessions").state == "open"
    assert room.plan().step("revoke-sessions").can_run


def test_a_throttled_change_is_sent_once_more_after_retry_after(room: Room) -> None:
    room.service.fail_next("PATCH", status=429, retry_after=7)
    assert room.run("block-sign-in").status == "done"
    assert [line["status"] for line in room.writes()] == [429, 204]
    assert room.naps[0] == 7.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_change_answered_with_a_server_error_is_not_repeated_and_is_read_back(room: Room, status: int) -> None:
    room.service.fail_next("PATCH", status=status)
    assert room.run("block-sign-in", patience=0.0).status == "in doubt"
    assert [line["status"] for line in room.writes()] == [status]


def test_a_change_whose_answer_never_comes_is_not_repeated(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.tenant.session, "_seconds", {"graph": 2.0, "exchange": 2.0})
    plan, yes = room.confirmed()
    real = room.service._store.log

    def slow(line: dict[str, object]) -> None:
        real(line)
        if line["kind"] == "write":
            time.sleep(4.0)

    monkeypatch.setattr(room.service._store, "log", slow)
    outcome = contain.run(plan, "block-sign-in", yes)
    assert outcome.status == "done"
    assert len(room.writes()) == 1


def test_a_refusal_by_the_service_is_told_in_one_sentence_and_can_be_tried_again(room: Room) -> None:
    body = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    room.service.fail_next("PATCH", status=403, body=body)
    outcome = room.run("block-sign-in")
    assert outcome.status == "refused"
    assert "403 Authorization_RequestDenied" in outcome.text
    assert "Insufficient privileges." in outcome.text
    assert room.statuses()["block-sign-in"] == "to do"


def test_an_expired_token_on_a_change_is_not_a_reason_to_send_it_twice(room: Room) -> None:
    room.service.fail_next("PATCH", status=401)
    assert room.run("block-sign-in").status == "refused"
    assert len(room.writes()) == 1
    assert room.run("block-sign-in").status == "done"


def test_a_tenant_that_is_gone_leaves_no_doubt_because_nothing_was_sent(room: Room) -> None:
    plan, yes = room.confirmed()
    room.service.stop()
    with pytest.raises(TenantUnreachable):
        contain.run(plan, "block-sign-in", yes)
    assert contain.records(room.case) == []
