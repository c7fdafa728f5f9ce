"""Twenty seeded plans of what can go wrong: every kind of action, its undo and the way back, each told as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room
from tests.contain.test_every_action import INSIDE, UNDONE, offered
from tests.contain.truth import tells_the_truth
from toolkit import contain
from toolkit.errors import ToolkitError, UsageError
from toolkit.practice.fault_plans import MISHAPS, FaultPlan

SEEDS = 20
KINDS_OF = {seed: [k for n, k in enumerate(UNDONE) if n % (SEEDS - 1) == seed] for seed in range(SEEDS - 1)}
FIRST = ("block-sign-in", "reset-password", "revoke-sessions", "require-mfa")
TRIES = 10


def faults(seed: int, *, percent: int = 20, without: tuple[str, ...] = ("late",)) -> FaultPlan:
    """Everything that can go wrong, but what only makes the test wait."""
    return FaultPlan(f"containment {seed}", percent=percent, kinds=[kind for kind in MISHAPS if kind not in without])


def tried(room: Room, key: str, *, undo: bool = False) -> str:
    """Plan and run a step, or its undo, as a person would who does not give up; returns what it came to."""
    status = "never planned"
    for _ in range(TRIES):
        try:
            contain.settle(room.case, room.tenant)
            last = [r for r in contain.records(room.case) if r.action == key][-1:]
            if undo and [(r.direction, r.status) for r in last] == [("undo", "done")]:
                return "done"
            plan = room.plan(suspicion=INSIDE, chosen=[key])
            yes = contain.confirm(plan, VICTIM)
            if plan.hits_everybody:
                yes.extend(plan, DOMAIN)
            if undo:
                status = contain.undo(plan, key, yes).status
            else:
                status = contain.run(plan, key, yes, show_secret=room.show).status
        except ToolkitError as error:  # among them: not offered, because a list could not be read
            status = str(error)
        tells_the_truth(room)
        if status in ("done", "already so"):
            break
        room.service.clock.advance(60)
    return status


@pytest.mark.parametrize("seed", range(SEEDS - 1))
def test_each_action_and_its_undo_are_told_as_they_are(room: Room, seed: int) -> None:
    keys = [*(offered(room, kind) for kind in KINDS_OF[seed]), FIRST[seed % len(FIRST)]]
    room.service.follow(faults(seed))
    for key in keys:
        assert tried(room, key) in ("done", "already so"), key
        if UNDONE.get(key.partition(":")[0]):
            assert tried(room, key, undo=True) == "done", key
    room.service.follow(None)
    room.service.clock.advance(900)
    contain.settle(room.case, room.tenant)
    tells_the_truth(room)
    assert room.case.verify() == []


def test_every_kind_has_its_seed() -> None:
    assert sorted(k for kinds in KINDS_OF.values() for k in kinds) == sorted(UNDONE)


def carried_out(room: Room, make: Callable[[], contain.Plan]) -> bool:
    """Run every step of a plan that is still to do; says whether all of it is done."""
    said: set[str] = set()
    try:
        contain.settle(room.case, room.tenant)
        plan = make()
        yes = contain.confirm(plan, VICTIM)
        if plan.hits_everybody:
            yes.extend(plan, DOMAIN)
        for step in plan.steps:
            if step.status in ("done", "already so") and not plan.returning:
                continue
            try:
                said.add(contain.run(plan, step.action.key, yes, show_secret=room.show).status)
            except ToolkitError as error:
                said.add(str(error))
            tells_the_truth(room)
    except UsageError:  # the sender is not restricted any more
        return True
    except ToolkitError as error:
        said.add(str(error))
    return said <= {"done", "already so"}


def test_a_whole_plan_and_the_way_back_are_told_as_they_are(room: Room) -> None:
    """Without mishaps that only a refusal to read can follow: behind a door that is not read nothing is given back."""
    also = ("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector")
    plan = room.plan(suspicion=INSIDE)
    keys = [o.action.key for o in plan.offers if o.chosen or o.action.kind in also]
    room.service.follow(faults(SEEDS - 1, percent=10, without=("late", "NUL body", "warning")))
    assert any(carried_out(room, lambda: room.plan(chosen=keys, suspicion=INSIDE)) for _ in range(TRIES))
    for make in (contain.make_sender_plan, contain.make_return_plan):
        last = partial(make, room.case, room.tenant, VICTIM, suspicion=INSIDE)
        for _ in range(TRIES):
            if carried_out(room, last):
                break
            carried_out(room, lambda: room.plan(suspicion=INSIDE))  # such as a pass that nobody saw
            room.service.clock.advance(60)
    room.service.follow(None)
    room.service.clock.advance(900)
    contain.settle(room.case, room.tenant)
    tells_the_truth(room)
    assert room.user()["accountEnabled"] is True
    assert room.service.state()["blocked_senders"] == []
    assert room.case.verify() == []
