"""Each action on a real connection: previewed, run, read back, journalled, undone."""

from __future__ import annotations

import json
import re

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.contain.actions.password import LENGTH, new_password
from toolkit.errors import ContainmentError

KEYS = ["block-sign-in", "reset-password", "revoke-sessions", "require-mfa"]


def test_a_preview_names_the_exact_calls_by_object_id_and_sends_nothing_that_changes(room: Room) -> None:
    plan = room.plan()
    user_id = room.user()["id"]
    kinds = [step.action.kind for step in plan.steps]
    assert kinds[:3] == ["block-sign-in", "reset-password", "revoke-sessions"]
    assert kinds.count("disable-inbox-rule") == 3
    assert {"clear-forwarding", "require-mfa"} <= set(kinds)
    texts = [contain.call_text(step.call) for step in plan.steps if step.action.kind in (*KEYS, "disable-inbox-rule")]
    assert texts[0].startswith("PATCH ")
    assert '{"accountEnabled":false}' in texts[0]
    assert "<made when the call is sent, shown once>" in texts[1]
    assert texts[2].endswith("/revokeSignInSessions")
    assert all(user_id in text for text in texts)
    assert all(VICTIM not in text for text in texts)
    assert all(step.action.live_verified == "never" for step in plan.steps)
    assert room.writes() == []


def test_block_sign_in_is_read_back_and_journalled_and_no_undo_goes_past_the_doors(room: Room) -> None:
    outcome = room.run("block-sign-in")
    assert outcome.status == "done"
    assert room.user()["accountEnabled"] is False
    assert room.door("sign-in").state == "closed"
    kinds = [e.kind for e in room.case.journal.entries() if e.fields.get("run") == outcome.run]
    assert kinds == ["containment.sending", "containment.answered", "containment.read-back"]
    assert [line["client_request_id"] for line in room.writes()] == [outcome.run]
    assert room.statuses()["block-sign-in"] == "done"

    assert room.plan().step("block-sign-in").undo is None
    with pytest.raises(ContainmentError, match="nothing to undo"):
        room.undo("block-sign-in")
    assert room.user()["accountEnabled"] is False
    assert room.case.journal.verify() == []


def test_an_account_that_was_blocked_by_somebody_else_is_left_alone_and_offers_no_undo(room: Room) -> None:
    room.change_user(accountEnabled=False)
    step = room.plan().step("block-sign-in")
    assert (step.status, step.undo, step.can_run) == ("already so", None, False)
    assert room.run("block-sign-in").status == "already so"
    assert room.writes() == []


def test_a_reset_password_is_strong_shown_once_and_counts_by_its_own_later_read_back(room: Room) -> None:
    before = room.user()["lastPasswordChangeDateTime"]
    assert room.door("password").state == "open"
    assert room.run("reset-password").status == "done"
    assert room.user()["lastPasswordChangeDateTime"] > before
    assert [len(text) for text in room.shown] == [LENGTH]
    assert room.door("password").state == "closed"
    step = room.plan().step("reset-password")
    assert (step.status, step.undo) == ("done", None)


def test_a_password_changed_by_somebody_else_does_not_close_the_door(room: Room) -> None:
    room.change_user(lastPasswordChangeDateTime="2026-09-18T13:59:59Z")
    assert room.door("password").state == "open"
    room.run("reset-password")
    room.change_user(lastPasswordChangeDateTime="2026-09-18T15:30:00Z")
    assert room.door("password").state == "not checked"


def test_passwords_hold_all_four_kinds_and_differ() -> None:
    made = {new_password().reveal() for _ in range(50)}
    assert len(made) == 50
    assert all(len(p) >= 20 and any(c.isdigit() for c in p) and any(c.isupper() for c in p) for p in made)


def test_sessions_revoked_before_the_last_reset_have_to_be_revoked_again(room: Room) -> None:
    assert room.run("revoke-sessions").status == "done"
    assert room.door("sessions").state == "closed"
    room.run("reset-password")
    assert room.door("sessions").state == "open"
    assert room.run("revoke-sessions").status == "done"
    assert room.door("sessions").state == "closed"


def test_a_second_call_within_the_same_second_is_told_apart_by_waiting(room: Room) -> None:
    room.run("revoke-sessions")
    room.naps.clear()
    assert room.run("revoke-sessions").status == "done"
    assert room.naps == [1.1]


def test_per_user_mfa_is_enforced_and_brought_back_to_the_stored_state(room: Room) -> None:
    states = room.service._store.state["mfa_requirements"]
    user_id = room.user()["id"]
    states[user_id] = "enabled"
    assert room.run("require-mfa").status == "done"
    assert states[user_id] == "enforced"
    assert room.door("multi-factor requirement").state == "closed"
    assert room.undo("require-mfa").status == "done"
    assert states[user_id] == "enabled"


def test_disabling_a_rule_warns_of_client_side_rules_backs_all_up_and_tells_what_was_lost(room: Room) -> None:
    key = room.rule_key(".")
    step = room.plan().step(key)
    assert step.call.body is not None
    assert step.call.body["CmdletInput"]["Parameters"]["Identity"] == room.rules()["."]["RuleIdentity"]
    assert "“Ring for the managing director”" in " ".join(
        step.action.warnings(step.before.values if step.before else {})
    )
    outcome = room.run(key)
    assert outcome.status == "done"
    assert "Ring for the managing director" in outcome.text
    assert room.rules()["."]["Enabled"] is False
    assert room.rules()["Supplier news"]["Enabled"] is True
    [backup] = room.case.journal.entries("containment.rules-backup")
    kept = json.loads((room.case.folder / backup.fields["file"]).read_text())
    assert "Ring for the managing director" in [rule["Name"] for rule in kept["rules"]]
    assert room.undo(key).status == "done"
    assert room.rules()["."]["Enabled"] is True


def test_only_rules_that_hide_forward_or_delete_are_chosen_until_a_person_chooses(room: Room) -> None:
    rules = [o for o in room.plan().offers if o.group == "inbox rules"]
    assert {o.row["Name"] for o in rules if o.chosen} == {"Sync Settings", ".", ".."}
    assert {o.row["Name"] for o in rules if o.text.startswith("hidden")} == {"Sync Settings"}
    one = room.plan(chosen=[room.rule_key("..")])
    assert [s.action.title for s in one.steps if "inbox rule" in s.action.title] == ["Disable the inbox rule “..”"]


def test_the_rules_door_stays_open_while_one_of_them_is_enabled(room: Room) -> None:
    for name in ("Sync Settings", ".", ".."):
        assert room.door("inbox rules").state == "open"
        room.run(room.rule_key(name))
    assert room.door("inbox rules").state == "closed"


def test_what_was_never_run_cannot_be_undone(room: Room) -> None:
    plan, yes = room.confirmed()
    for key in KEYS:
        with pytest.raises(ContainmentError, match="nothing to undo"):
            contain.undo(plan, key, yes)


def test_a_change_that_shows_late_is_waited_for(room: Room) -> None:
    room.service.delay_next_change(3)
    assert room.run("block-sign-in").status == "done"
    assert room.naps == [0.5, 1.0, 2.0]


def test_a_change_that_does_not_show_in_time_is_sent_and_settled_by_a_later_reading(room: Room) -> None:
    room.service.delay_next_change(2)
    assert room.run("block-sign-in", patience=0.0).status == "sent, not yet visible"
    contain.settle(room.case, room.tenant)
    contain.settle(room.case, room.tenant)
    assert room.statuses()["block-sign-in"] == "done"
    assert len(room.writes()) == 1


def test_the_words_that_promise_too_much_are_never_said(room: Room) -> None:
    for key in KEYS:
        room.run(key)
    said = str(contain.doors(room.case, room.tenant, room.plan().target)) + room.case.journal.path.read_text()
    assert not re.search(r"\b(contained|clean)\b", said.lower())
