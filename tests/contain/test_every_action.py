"""Each action on what the scenario's intruder left: offered, previewed, run, read back, undone; and told as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room
from toolkit import contain
from toolkit.contain.actions import ACTIONS, KINDS, action_named
from toolkit.errors import ContainmentError, GuardRefused

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
# kind → can it be undone; offered by the scenario's mailbox
UNDONE = {
    "disable-device": True,
    "remove-method": False,
    "remove-consent": True,
    "remove-app-role": True,
    "disable-app": True,
    "disable-inbox-rule": True,
    "disable-sweep-rule": False,
    "clear-forwarding": True,
    "clear-outside-forwarding": True,
    "auto-reply-off": True,
    "signature-off": True,
    "remove-full-access": True,
    "remove-folder-right": True,
    "close-protocols": True,
    "remove-mobile-device": False,
    "disable-transport-rule": True,
    "hold-mail": True,
    "leave-role-group": False,
    "remove-ownership": False,
    "leave-group": True,
    "distrust-sender": True,
    "unblock-correspondent": True,
    "confirm-compromised": True,
}


def offered(room: Room, kind: str) -> str:
    found = [o.action.key for o in room.plan(suspicion=INSIDE).offers if o.action.kind == kind]
    assert found, f"nothing in the practice mailbox to {kind}"
    return found[0]  # of the sign-in methods the one that is asked for first stands last


def ready(room: Room, key: str) -> tuple[contain.Plan, contain.Confirmation]:
    plan = room.plan(chosen=[key], suspicion=INSIDE)
    yes = contain.confirm(plan, VICTIM)
    if plan.hits_everybody:
        yes.extend(plan, DOMAIN)
    return plan, yes


@pytest.mark.parametrize("kind", UNDONE)
def test_an_action_is_done_read_back_idempotent_and_undone(room: Room, kind: str) -> None:
    key = offered(room, kind)
    plan, yes = ready(room, key)
    before = plan.step(key).before
    outcome = contain.run(plan, key, yes)
    assert outcome.status == "done", outcome.text
    [record] = contain.records(room.case)
    assert (record.status, record.action, record.direction) == ("done", key, "do")
    assert [w["client_request_id"] for w in room.writes()] == [record.run]

    assert contain.run(plan, key, yes).status == "already so"
    assert len(room.writes()) == 1

    plan, yes = ready(room, key)
    step = plan.step(key)
    assert step.status == "done"
    assert (step.undo is not None) is UNDONE[kind]
    if step.undo is None:
        with pytest.raises(ContainmentError, match="nothing to undo"):
            contain.undo(plan, key, yes)
        return
    undone = contain.undo(plan, key, yes)
    assert undone.status == "done", undone.text
    after = room.plan(chosen=[key], suspicion=INSIDE).step(key)
    assert after.status == "to do"
    assert before is not None
    assert after.before is not None
    if kind != "confirm-compromised":  # a dismissed risk is not the risk that was there
        was, now = (step.action.before(state.values).partition(", since")[0] for state in (before, after.before))
        assert now == was
    assert [r.status for r in contain.records(room.case)] == ["done", "done"]
    assert room.case.verify() == []


@pytest.mark.parametrize("kind", UNDONE)
def test_the_journal_names_an_action_so_that_it_can_be_found_again(room: Room, kind: str) -> None:
    key = offered(room, kind)
    action = room.plan(chosen=[key], suspicion=INSIDE).step(key).action
    again = action_named(action.key, action.about)
    assert again is not None
    assert (again.key, again.title, again.about) == (action.key, action.title, action.about)


def test_every_action_says_what_it_needs_does_and_leaves() -> None:
    assert len(KINDS) == len(ACTIONS)
    for action in ACTIONS:
        for text in (action.reason, action.effect, action.does_not, action.residual, action.permission, action.role):
            assert text.strip(), action.kind
        assert action.undo_note.strip()
        assert action.live_verified == "never"
    assert action_named("format-the-disk", {}) is None
    assert action_named("disable-device:x", {"identity": "y"}) is None


def test_what_hits_everybody_waits_for_the_typed_domain(room: Room) -> None:
    key = offered(room, "disable-transport-rule")
    plan = room.plan(chosen=[key], suspicion=INSIDE)
    yes = contain.confirm(plan, VICTIM)
    with pytest.raises(GuardRefused, match="type the tenant's domain"):
        contain.run(plan, key, yes)
    with pytest.raises(GuardRefused, match="exactly"):
        yes.extend(plan, VICTIM)
    assert room.writes() == []
    yes.extend(plan, DOMAIN)
    assert contain.run(plan, key, yes).status == "done"


def test_nothing_that_hits_everybody_is_ever_suggested(room: Room) -> None:
    plan = room.plan(suspicion=INSIDE)
    assert not plan.hits_everybody
    assert {"disable-transport-rule", "disable-app"} <= {o.action.kind for o in plan.offers}


def test_what_was_made_since_the_intruder_came_is_suggested_with_the_time_and_the_rest_is_left_to_the_owner(
    room: Room,
) -> None:
    with_time = {o.action.kind for o in room.plan(suspicion=INSIDE).offers if o.chosen and "made at" in o.why}
    assert {"disable-device", "remove-method"} <= with_time
    without = room.plan().offers
    assert not [o for o in without if o.chosen and "made at" in o.why]


def test_the_plan_stands_in_the_order_of_the_playbook_and_ends_sessions_again(room: Room) -> None:
    kinds = [step.action.kind for step in room.plan(suspicion=INSIDE).steps]
    place = {kind: n for n, kind in enumerate(KINDS)}
    assert kinds == sorted(kinds, key=place.__getitem__)
    assert kinds.index("reset-password") < kinds.index("revoke-sessions") < kinds.index("remove-method")
    assert kinds.index("remove-method") < kinds.index("revoke-sessions-again") < kinds.index("disable-inbox-rule")
