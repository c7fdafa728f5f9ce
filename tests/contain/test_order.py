"""The order of a plan's steps: the playbook's, changed by a person as far as that is safe, and kept when read again."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.contain.order import check_order
from toolkit.errors import GuardRefused, PlanChanged


def keys(plan: contain.Plan) -> list[str]:
    return [step.action.key.partition(":")[0] for step in plan.steps]


def test_the_order_that_the_playbook_fixes_cannot_be_changed_and_the_reason_is_said(room: Room) -> None:
    plan = room.plan()
    with pytest.raises(GuardRefused, match=r"“Reset the password” has to come before “Revoke sessions”: whoever knows"):
        contain.moved(plan, "revoke-sessions", -1)
    with pytest.raises(GuardRefused, match="It is the first step"):
        contain.moved(plan, "block-sign-in", -1)
    first_rule = next(k for k in plan.order if k.startswith("disable-inbox-rule"))
    while plan.order.index(first_rule) > plan.order.index("revoke-sessions") + 1:
        plan = contain.moved(plan, first_rule, -1)
    with pytest.raises(GuardRefused, match="whoever still has a session puts back"):
        contain.moved(plan, first_rule, -1)


def test_a_moved_plan_is_confirmed_anew_and_runs_in_its_order(room: Room) -> None:
    plan = room.plan()
    yes = contain.confirm(plan, VICTIM)
    later = contain.moved(plan, "clear-forwarding", -1)
    assert keys(later).index("clear-forwarding") == keys(plan).index("clear-forwarding") - 1
    assert keys(plan) == keys(room.plan())  # the plan that was confirmed stands as it was
    with pytest.raises(PlanChanged):
        contain.run(later, "block-sign-in", yes)
    assert room.writes() == []
    assert contain.run(later, "block-sign-in", contain.confirm(later, VICTIM)).status == "done"


def test_what_a_person_arranged_stays_when_the_plan_is_read_again(room: Room) -> None:
    plan = contain.moved(room.plan(), "clear-forwarding", -1)
    again = room.plan(order=plan.order)
    assert again.order == plan.order
    more = room.plan(chosen=[*plan.chosen, "hold-mail"], order=plan.order)
    assert more.order[0] == "hold-mail"
    assert [key for key in more.order if key != "hold-mail"] == plan.order
    assert room.plan(order=list(reversed(plan.order))).order == room.plan().order  # an unsafe order is not taken


@pytest.mark.parametrize("seed", range(5))
def test_no_row_of_moves_leads_to_an_unsafe_order(room: Room, seed: int) -> None:
    plan = room.plan(chosen=[o.action.key for o in room.plan().offers])
    at_random = random.Random(seed)
    moves = 0
    for _ in range(200):
        key, by = at_random.choice(plan.order), at_random.choice((-1, 1))
        if not contain.why_not_moved(plan, key, by):
            plan, moves = contain.moved(plan, key, by), moves + 1
    assert moves > 50
    check_order([step.action for step in plan.steps])
    place = {key: number for number, key in enumerate(keys(plan))}
    for early, late in itertools.pairwise(("block-sign-in", "reset-password", "revoke-sessions", "remove-method")):
        assert place[early] < place[late]
    assert place["remove-method"] < place["revoke-sessions-again"]
    assert place["remove-method"] < place["require-mfa"]
    assert place["clear-outside-forwarding"] < place["clear-forwarding"]


def test_a_plan_file_may_be_shortened_and_arranged_but_not_into_an_unsafe_order(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    contain.write_plan(room.plan(), path)
    told = json.loads(path.read_text("utf-8"))
    steps = {step["key"]: step for step in told["steps"]}

    told["steps"] = [steps[key] for key in ("block-sign-in", "revoke-sessions", "close-protocols", "clear-forwarding")]
    plan = contain.approved_plan(room.case, room.tenant, told, contain.digest_of(told))
    assert keys(plan) == ["block-sign-in", "revoke-sessions", "close-protocols", "clear-forwarding"]

    told["steps"] = [steps[key] for key in ("clear-forwarding", "block-sign-in", "revoke-sessions")]
    with pytest.raises(GuardRefused, match="“Block sign-in” has to come before “Clear the mailbox's forwarding”"):
        contain.approved_plan(room.case, room.tenant, told, contain.digest_of(told))
