"""Each action on what the scenario's intruder left: offered, previewed, run, read back, undone; and told as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contain.room import DOMAIN, FEDERATED, VICTIM, Room
from toolkit import contain
from toolkit.contain.actions import ACTIONS, KINDS, action_named
from toolkit.errors import ContainmentError, GuardRefused, UsageError

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
# kind → can it be undone; offered by the scenario's mailbox
UNDONE = {
    "disable-device": True,
    "remove-method": False,
    "remove-consent": True,
    "remove-app-role": True,
    "remove-consent-of-everybody": True,
    "disable-app": True,
    "disable-inbox-rule": True,
    "disable-sweep-rule": False,
    "clear-forwarding": True,
    "clear-outside-forwarding": True,
    "auto-reply-off": True,
    "signature-off": True,
    "remove-full-access": True,
    "remove-send-as": True,
    "remove-send-on-behalf": True,
    "remove-role": True,
    "remove-folder-right": True,
    "close-protocols": True,
    "remove-mobile-device": False,
    "disable-transport-rule": True,
    "disable-inbound-connector": True,
    "disable-outbound-connector": True,
    "hold-mail": True,
    "leave-role-group": False,
    "remove-ownership": False,
    "leave-group": True,
    "distrust-sender": True,
    "unblock-correspondent": True,
    "confirm-compromised": True,
}


def is_write(line: dict[str, Any]) -> bool:
    return bool(line["kind"] == "write")


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
    room.service.refuse_next(is_write, "Not allowed.", status=403, code="Forbidden")
    outcome = contain.run(plan, key, yes)
    assert outcome.status == "refused"
    assert plan.step(key).action.role in outcome.text
    assert "403" in outcome.text

    outcome = contain.run(plan, key, yes)
    assert outcome.status == "done", outcome.text
    refused, record = contain.records(room.case)
    assert refused.status == "refused"
    assert (record.status, record.action, record.direction) == ("done", key, "do")
    assert [w["client_request_id"] for w in room.writes()] == [refused.run, record.run]

    assert contain.run(plan, key, yes).status == "already so"
    assert len(room.writes()) == 2

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
    assert [r.status for r in contain.records(room.case)] == ["refused", "done", "done"]
    assert room.case.verify() == []


# Kinds that are steps of every plan, of a last one, or of another room's plans; tested where that plan is.
ELSEWHERE = {
    *("block-sign-in", "reset-password", "revoke-sessions", "require-mfa"),  # test_actions.py
    *("reset-password-writeback", "revoke-sessions-again"),  # test_emergency.py, test_whole_plan.py
    *("issue-access-pass", "give-back", "unblock-sender"),  # below
    *("set-control-state", "start-activity-subscription", "create-application", "create-service-principal"),
    *("grant-consent", "grant-app-role", "remove-application"),
    *("audit-organisation", "audit-unified-log", "end-audit-bypass", "audit-mailbox"),
    *("restore-audit-actions", "restore-audit-age"),
}


def test_no_kind_of_action_is_left_untested() -> None:
    assert set(UNDONE) | ELSEWHERE == set(KINDS)


def test_the_last_steps_are_done_read_back_and_idempotent(room: Room) -> None:
    also = ("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector")
    plan = room.plan(suspicion=INSIDE)
    plan = room.plan(
        chosen=[*plan.chosen, *(o.action.key for o in plan.offers if o.action.kind in also)], suspicion=INSIDE
    )
    yes = contain.confirm(plan, VICTIM)
    yes.extend(plan, DOMAIN)
    for key in plan.order:
        contain.run(plan, key, yes, show_secret=room.show)

    sender = contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    [step] = sender.steps
    yes = contain.confirm(sender, VICTIM)
    room.service.refuse_next("Remove-BlockedSenderAddress", "Too many times.", status=403)
    assert contain.run(sender, step.action.key, yes).status == "refused"
    assert contain.run(sender, step.action.key, yes).status == "done"
    sent = len(room.writes())
    assert contain.run(sender, step.action.key, yes).status == "already so"
    assert step.undo is None
    with pytest.raises(UsageError, match="not on the list"):
        contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)

    back = contain.make_return_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    yes = contain.confirm(back, VICTIM)
    assert contain.run(back, "issue-access-pass", yes, show_secret=room.show).status == "done"
    made = room.shown[-1]
    back = contain.make_return_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    yes = contain.confirm(back, VICTIM)
    again = contain.run(back, "issue-access-pass", yes, show_secret=room.show)
    assert again.status == "refused"
    assert "already has a Temporary Access Pass" in again.text
    assert room.shown[-1] == made

    assert contain.run(back, "give-back", yes).status == "done"
    assert room.user()["accountEnabled"] is True
    assert contain.run(back, "give-back", yes).status == "already so"
    assert len(room.writes()) == sent + 3
    assert contain.records(room.case)[-1].status == "done"


def test_the_calendar_goes_back_to_free_and_busy_times_in_every_language(room: Room) -> None:
    """Everybody sees them by default; in other folders nothing. The folder is told by its type, not by its name."""

    def open_to_all(state: dict[str, Any]) -> None:
        for folder in state["folders"][owner]:
            for row in state["folder_permissions"][owner][folder["FolderId"]]:
                row["AccessRights"] = ["Reviewer"] if folder["FolderType"] in ("Calendar", "Contacts") else ["None"]

    owner = room.user(FEDERATED)["id"]
    room.service.change_behind(open_to_all)
    plan = room.plan(FEDERATED)
    keys = [o.action.key for o in plan.offers if o.action.kind == "remove-folder-right"]
    assert len(keys) == 4
    plan = room.plan(FEDERATED, chosen=keys)
    yes = contain.confirm(plan, FEDERATED)
    for key in keys:
        assert contain.run(plan, key, yes).status == "done"

    def rights() -> dict[tuple[str, str], list[str]]:
        state = room.service.state()
        return {
            (folder["Name"], row["User"]): row["AccessRights"]
            for folder in state["folders"][owner]
            for row in state["folder_permissions"][owner][folder["FolderId"]]
            if folder["FolderType"] in ("Calendar", "Contacts")
        }

    assert rights() == {
        ("Kalendář", "Default"): ["AvailabilityOnly"],
        ("Kalendář", "Anonymous"): ["None"],
        ("Kontakty", "Default"): ["None"],
        ("Kontakty", "Anonymous"): ["None"],
    }
    plan = room.plan(FEDERATED, chosen=keys)
    yes = contain.confirm(plan, FEDERATED)
    for key in keys:
        assert contain.undo(plan, key, yes).status == "done"
    assert {tuple(r) for r in rights().values()} == {("Reviewer",)}


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


def test_what_was_made_since_the_intruder_came_is_suggested_with_the_time_and_where_no_finding_tells_it_that_is_said(
    room: Room,
) -> None:
    with_time = {o.action.kind for o in room.plan(suspicion=INSIDE).offers if o.chosen and "made at" in o.why}
    assert {"disable-device", "remove-method"} <= with_time
    without = [o for o in room.plan().offers if o.chosen and "made at" in o.why]
    assert without
    assert all("no finding tells since when" in o.why for o in without)


def test_the_plan_stands_in_the_order_of_the_playbook_and_ends_sessions_again(room: Room) -> None:
    kinds = [step.action.kind for step in room.plan(suspicion=INSIDE).steps]
    place = {kind: n for n, kind in enumerate(KINDS)}
    assert kinds == sorted(kinds, key=place.__getitem__)
    assert kinds.index("reset-password") < kinds.index("revoke-sessions") < kinds.index("remove-method")
    assert kinds.index("remove-method") < kinds.index("revoke-sessions-again") < kinds.index("disable-inbox-rule")
