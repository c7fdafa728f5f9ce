"""The way back: behind doors that are read again at the last moment, for every kind of account; the sender apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contain.room import FEDERATED, GUEST, SYNCED, VICTIM, Room
from tests.contain.test_whole_plan import carry_out
from toolkit import contain
from toolkit.errors import GuardRefused, UsageError

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
EVERYBODY = ("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector")


def run(room: Room, plan: contain.Plan, *kinds: str) -> list[str]:
    yes = contain.confirm(plan, plan.target.user_principal_name)
    steps = [s for s in plan.steps if not kinds or s.action.kind in kinds]
    return [contain.run(plan, s.action.key, yes, show_secret=room.show).status for s in steps]


def back(room: Room, user: str = VICTIM) -> contain.Plan:
    return contain.make_return_plan(room.case, room.tenant, user, suspicion=INSIDE)


def test_a_door_that_opened_since_the_preview_stops_the_last_step(room: Room) -> None:
    carry_out(room, also=EVERYBODY)
    plan = back(room)
    assert run(room, plan, "reset-password", "revoke-sessions-again", "issue-access-pass") == ["done"] * 3
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    next(rule for rule in rules if rule["Name"] == ".")["Enabled"] = True
    with pytest.raises(GuardRefused, match="inbox rules"):
        run(room, plan, "give-back")
    assert room.user()["accountEnabled"] is False


def test_our_own_pass_is_no_door_and_one_that_nobody_saw_is(room: Room) -> None:
    carry_out(room, also=EVERYBODY)
    run(room, back(room), "reset-password", "revoke-sessions-again", "issue-access-pass")
    assert back(room).returning  # laid out again although a pass is there now
    passes = room.tenant.graph.rows(f"/users/{room.user()['id']}/authentication/temporaryAccessPassMethods").rows
    assert passes
    methods = next(
        d for d in contain.doors(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), INSIDE)
        if d.name == "sign-in methods"
    )  # fmt: skip
    assert methods.state == "closed"
    assert "this case made it for the owner" in methods.evidence


def test_the_sender_waits_for_the_doors_and_comes_when_the_account_is_in_use_again(room: Room) -> None:
    with pytest.raises(GuardRefused, match="sender is not unblocked while a door is not closed"):
        contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    carry_out(room, also=EVERYBODY)
    assert run(room, back(room)) == ["done"] * 4
    room.sleep(3600)
    changed = room.service.clock.now() - timedelta(minutes=1)
    room.change_user(lastPasswordChangeDateTime=f"{changed:%Y-%m-%dT%H:%M:%SZ}")  # the owner had to choose a new one
    sender = contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    assert [s.action.kind for s in sender.steps] == ["unblock-sender"]
    assert run(room, sender) == ["done"]
    with pytest.raises(UsageError, match="it may send"):
        contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)


def test_watching_does_not_call_a_returned_account_an_intruder(room: Room) -> None:
    carry_out(room, also=EVERYBODY)
    looks = contain.watch(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), suspicion=INSIDE)
    assert next(looks).opened == []
    run(room, back(room))
    assert next(looks).opened == []


@pytest.mark.parametrize(
    ("user", "kinds"),
    [
        (SYNCED, ["reset-password-writeback", "revoke-sessions-again", "issue-access-pass", "give-back"]),
        (FEDERATED, ["revoke-sessions-again", "issue-access-pass", "give-back"]),
        (GUEST, ["give-back"]),
    ],
)
def test_every_kind_of_account_can_be_given_back(room: Room, user: str, kinds: list[str]) -> None:
    plan = room.plan(user, suspicion=INSIDE)
    everything = [o.action.key for o in plan.offers if o.suspected]
    plan = room.plan(user, suspicion=INSIDE, chosen=everything)
    yes = contain.confirm(plan, plan.target.user_principal_name)
    yes.extend(plan, room.tenant.domain)
    for step in plan.steps:
        outcome = contain.run(plan, step.action.key, yes, show_secret=room.show)
        assert outcome.status in ("done", "already so"), (step.action.title, outcome.text)
    plan = back(room, user)
    assert [s.action.kind for s in plan.steps] == kinds
    assert set(run(room, plan)) == {"done"}
    assert room.user(plan.target.user_principal_name)["accountEnabled"] is True


def test_what_is_behind_a_finding_is_not_undone_before_it_is_judged(room: Room) -> None:
    standing = contain.Suspicion(since=INSIDE.since, standing={"SI": "Impossible travel"})
    plan = room.plan(suspicion=standing)
    key = next(key for key in plan.order if key.startswith("disable-device"))
    yes = contain.confirm(plan, VICTIM)
    for step in ("block-sign-in", "reset-password", "revoke-sessions", key):
        contain.run(plan, step, yes, show_secret=room.show)
    plan = room.plan(suspicion=standing)
    with pytest.raises(GuardRefused, match="Impossible travel"):
        contain.undo(plan, key, contain.confirm(plan, VICTIM))
    plan = room.plan(suspicion=INSIDE)  # judged the owner's
    assert contain.undo(plan, key, contain.confirm(plan, VICTIM)).status == "done"


def test_blocking_and_the_per_user_factor_can_be_left_out_and_nothing_else_that_stops(room: Room) -> None:
    plan = room.plan(suspicion=INSIDE, without=["block-sign-in", "require-mfa", "reset-password"])
    assert "reset-password" in plan.order
    assert not {"block-sign-in", "require-mfa"} & set(plan.order)
