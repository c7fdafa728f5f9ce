"""The doors: each read again, open while what the intruder made still stands or something new came; watching them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.errors import GuardRefused

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))


def states(room: Room) -> dict[str, str]:
    target = contain.resolve(room.tenant, VICTIM)
    return {d.name: d.state for d in contain.doors(room.case, room.tenant, target, INSIDE)}


def run_all(room: Room) -> None:
    plan = room.plan(suspicion=INSIDE)
    yes = contain.confirm(plan, VICTIM)
    for step in plan.steps:
        outcome = contain.run(plan, step.action.key, yes, show_secret=room.show)
        assert outcome.status in ("done", "already so"), (step.action.title, outcome.text)


def test_the_whole_plan_closes_every_door_but_what_no_call_sees(room: Room) -> None:
    before = states(room)
    assert {n for n, s in before.items() if s == "open"} >= {
        "sign-in", "password", "sessions", "inbox rules", "forwarding", "devices", "sign-in methods", "applications",
    }  # fmt: skip
    run_all(room)
    after = states(room)
    assert after.pop("app passwords") == "not checked"
    flow = after.pop("mail flow of the organisation")  # hits everybody: only a person's own choice closes it
    assert flow == "open"
    assert set(after.values()) == {"closed"}, after


def test_the_account_is_given_back_only_behind_closed_doors(room: Room) -> None:
    with pytest.raises(GuardRefused, match="sign-in"):
        contain.make_return_plan(room.case, room.tenant, VICTIM)


def test_a_thing_that_was_not_in_the_first_snapshot_opens_its_door(room: Room) -> None:
    run_all(room)
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    again = next(rule for rule in rules if rule["Name"] == ".")
    again["Enabled"] = True
    assert states(room)["inbox rules"] == "open"


def test_watching_looks_again_and_names_what_opened(room: Room) -> None:
    run_all(room)
    target = contain.resolve(room.tenant, VICTIM)
    looks = contain.watch(room.case, room.tenant, target, suspicion=INSIDE)
    assert next(looks).opened == []
    room.service._store.state["users"][room.user()["id"]]["accountEnabled"] = True
    second = next(looks)
    assert (second.minutes, second.opened) == (15, ["sign-in"])
    assert next(looks).minutes == 60
    assert sum(room.naps) >= 3600
    told = room.case.journal.entries("containment.doors")
    assert [e.fields["opened"] for e in told] == [[], ["sign-in"], []]
