"""Saying something of a Secure Score control: previewed, typed, sent once, read back, journalled, undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.contain.room import DOMAIN, Room
from tests.contract.test_requests import closed, names_of, operation_of
from toolkit import contain, harden
from toolkit.contain.actions import action_named
from toolkit.contain.actions.secure_score import SetControlState
from toolkit.errors import GuardRefused, PlanChanged, UsageError

NOTE = "The gateway in front of Exchange does it."
SAID = SetControlState("IntegratedApps", "ThirdParty", NOTE, "Do not allow third party integrated applications")


def ready(room: Room, action: SetControlState = SAID) -> tuple[contain.Plan, contain.Confirmation]:
    plan = harden.hardening_plan(room.case, room.tenant, [action])
    return plan, contain.confirm(plan, DOMAIN)


def updates(room: Room, control: str = "IntegratedApps") -> list[dict[str, Any]]:
    found = room.tenant.graph.get(f"/security/secureScoreControlProfiles/{control}").data
    return list(found["controlStateUpdates"])


def test_it_is_previewed_sent_once_read_back_journalled_and_undone(room: Room) -> None:
    plan, yes = ready(room)
    step = plan.step(SAID.key)
    assert (step.status, step.action.before(step.before.values if step.before else {})) == (
        "to do",
        "state: Default; note: none",
    )
    assert room.writes() == []
    outcome = contain.run(plan, SAID.key, yes)
    assert outcome.status == "done", outcome.text
    assert [(u["state"], u["comment"]) for u in updates(room)] == [("ThirdParty", NOTE)]
    assert contain.run(plan, SAID.key, yes).status == "already so"
    [record] = contain.records(room.case)
    assert (record.status, record.action, record.about["note"]) == ("done", SAID.key, NOTE)
    assert [w["client_request_id"] for w in room.writes()] == [record.run]

    plan, yes = ready(room)
    assert plan.step(SAID.key).status == "done"
    assert contain.undo(plan, SAID.key, yes).status == "done"
    assert [u["state"] for u in updates(room)] == ["ThirdParty", "Default"]
    assert room.case.verify() == []


def test_undo_brings_back_what_somebody_else_had_said(room: Room) -> None:
    said = SetControlState("exo_outlookaddins", "Ignored", "Accepted by the management.")
    before = updates(room, "exo_outlookaddins")
    assert before[-1]["state"] == "Reviewed"
    plan, yes = ready(room, said)
    assert contain.run(plan, said.key, yes).status == "done"
    plan, yes = ready(room, said)
    assert contain.undo(plan, said.key, yes).status == "done"
    last = updates(room, "exo_outlookaddins")[-1]
    assert (last["state"], last["comment"]) == (before[-1]["state"], before[-1]["comment"])


def test_a_state_that_somebody_changed_since_the_preview_stops_it(room: Room) -> None:
    plan, yes = ready(room)
    other = SetControlState("IntegratedApps", "Reviewed", "A colleague was faster.")
    second, second_yes = ready(room, other)
    assert contain.run(second, other.key, second_yes).status == "done"
    with pytest.raises(PlanChanged, match="state was 'Default', is 'Reviewed'"):
        contain.run(plan, SAID.key, yes)
    assert len(room.writes()) == 1


def test_nothing_is_sent_without_the_typed_domain(room: Room) -> None:
    plan = harden.hardening_plan(room.case, room.tenant, [SAID])
    with pytest.raises(GuardRefused, match="exactly"):
        contain.confirm(plan, "contoso.example")
    assert room.writes() == []


def test_what_was_left_open_by_a_lost_answer_is_settled_by_reading(room: Room) -> None:
    plan, yes = ready(room)
    room.service.drop_next("PATCH", done_before=True)
    assert contain.run(plan, SAID.key, yes).status == "done"
    contain.settle(room.case, room.tenant)
    [record] = contain.records(room.case)
    assert record.status == "done"
    assert len(updates(room)) == 1


def test_without_the_permission_to_write_it_is_refused_and_told(room: Room) -> None:
    plan, yes = ready(room)
    room.service.withhold("SecurityEvents.ReadWrite.All")
    outcome = contain.run(plan, SAID.key, yes)
    assert (outcome.status, "403" in outcome.text) == ("refused", True), outcome.text
    assert room.service.state()["control_updates"] == {}


@pytest.mark.parametrize(
    ("control", "state", "note"),
    [("IntegratedApps", "Solved", "x"), ("", "Reviewed", "x"), ("a", "Reviewed", " "), ("a", "Reviewed", "x" * 1001)],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(control: str, state: str, note: str) -> None:
    with pytest.raises(UsageError, match=r"^.{20,}\.$"):
        SetControlState(control, state, note)


def test_a_control_whose_id_holds_signs_stays_one_part_of_the_address(room: Room) -> None:
    call = SetControlState("../users/x?y", "Reviewed", "x").call(room.tenant.cloud, room.plan().target)
    assert call.url.endswith("/v1.0/security/secureScoreControlProfiles/..%2Fusers%2Fx%3Fy")


def test_the_journal_finds_it_again() -> None:
    again = action_named(SAID.key, SAID.about)
    assert again is not None
    assert (again.key, again.title, again.about) == (SAID.key, SAID.title, SAID.about)


def test_the_request_is_one_that_graph_publishes(room: Room, shared: Path) -> None:
    spec = json.loads((shared / "contracts" / "graph-v1.0.subset.openapi.json").read_text("utf-8"))
    call = SAID.call(room.tenant.cloud, room.plan().target)
    path = call.url.partition("/v1.0")[2]
    operation = operation_of(spec, path, call.method)
    assert operation is not None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert call.body is not None
    jsonschema.validate(dict(call.body), closed(schema | {"components": spec["components"]}))
    example = json.loads((shared / "contracts/examples/securescorecontrolprofiles-update.json").read_text("utf-8"))
    # State and comment are in no schema, but in Microsoft's own example: the type is open.
    told = set(example["examples"][0]["request"]["body"]) | names_of(spec, schema)
    assert set(call.body) <= told
