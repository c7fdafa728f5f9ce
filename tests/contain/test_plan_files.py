"""A plan as a file: approved by its digest, refused when anything in it or in the tenant is another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import BREAK_GLASS, DOMAIN, VICTIM, Room
from toolkit import contain, open_case
from toolkit.errors import GuardRefused, PlanChanged, UsageError
from toolkit.tenant import Tenant


@pytest.fixture
def file(room: Room, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    contain.write_plan(room.plan(), path)
    return path


def approved(room: Room, file: Path, digest: str = "", **how: Any) -> contain.Plan:
    told = contain.read_plan(file)
    return contain.approved_plan(room.case, room.tenant, told, digest or contain.digest_of(told), **how)


def bent(file: Path, **changes: Any) -> str:
    told = json.loads(file.read_text())
    told |= changes
    file.write_text(json.dumps(told))
    return contain.digest_of(told)


def test_an_approved_plan_runs_exactly_what_was_written(room: Room, file: Path) -> None:
    plan = approved(room, file)
    assert [s.action.key for s in plan.steps] == [s.action.key for s in room.plan().steps]
    yes = contain.confirm(plan, VICTIM)
    assert contain.run(plan, "block-sign-in", yes).status == "done"
    kinds = [e.kind for e in room.case.journal.entries()]
    assert kinds.index("containment.plan-written") < kinds.index("containment.plan-approved")
    [entry] = room.case.journal.entries("containment.plan-approved")
    assert entry.fields["plan"] == contain.digest_of(contain.read_plan(file))


def test_another_digest_is_refused(room: Room, file: Path) -> None:
    with pytest.raises(GuardRefused, match="not the digest"):
        approved(room, file, "0" * 64)


@pytest.mark.parametrize("part", ["call", "before", "about"])
def test_a_file_that_was_changed_has_another_digest_or_is_refused(room: Room, file: Path, part: str) -> None:
    told = contain.read_plan(file)
    digest = contain.digest_of(told)
    steps = json.loads(json.dumps(told["steps"]))
    steps[0][part] = {"call": {"method": "DELETE", "url": "https://x", "body": None}, "before": {}, "about": {"a": 1}}[
        part
    ]
    other = bent(file, steps=steps)
    assert other != digest
    with pytest.raises(GuardRefused, match="not the digest"):
        approved(room, file, digest)
    if part != "before":
        with pytest.raises((GuardRefused, UsageError)):
            approved(room, file, other)


def test_a_state_that_changed_since_the_file_was_written_stops_the_step(room: Room, file: Path) -> None:
    room.change_user(accountEnabled=None)
    plan = approved(room, file)
    with pytest.raises(PlanChanged, match="accountEnabled"):
        contain.run(plan, "block-sign-in", contain.confirm(plan, VICTIM))
    assert room.writes() == []


@pytest.fixture
def second(room: Room) -> Iterator[Tenant]:
    """Another administrator, signed in on the same case."""
    room.service.login.person = "break_glass"
    tenant = room.connect()
    room.service.login.person = "operator"
    assert tenant.operator.user_principal_name == BREAK_GLASS
    yield tenant
    tenant.close()


def planned_by(room: Room, tenant: Tenant, path: Path) -> str:
    return contain.write_plan(contain.make_plan(room.case, tenant, VICTIM), path)


def test_four_eyes_run_what_somebody_else_planned_and_the_journal_has_both(
    room: Room, second: Tenant, tmp_path: Path
) -> None:
    path = tmp_path / "second.json"
    digest = planned_by(room, second, path)
    plan = approved(room, path, digest, four_eyes=True)
    [entry] = room.case.journal.entries("containment.plan-approved")
    assert entry.fields["planner"]["object_id"] == second.operator.object_id
    assert entry.fields["approver_object_id"] == room.tenant.operator.object_id
    assert contain.run(plan, "block-sign-in", contain.confirm(plan, VICTIM)).status == "done"


def test_four_eyes_take_a_shortened_plan_of_somebody_else(room: Room, second: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "second.json"
    planned_by(room, second, path)
    digest = bent(path, steps=[s for s in contain.read_plan(path)["steps"] if s["key"] == "block-sign-in"])
    plan = approved(room, path, digest, four_eyes=True)
    assert [step.action.key for step in plan.steps] == ["block-sign-in"]


def test_who_planned_is_not_believed_from_the_file(room: Room, file: Path, second: Tenant) -> None:
    with pytest.raises(GuardRefused, match="somebody else has to approve"):
        approved(room, file, four_eyes=True)
    other = second.operator
    bent(file, planner={"object_id": other.object_id, "user_principal_name": other.user_principal_name})
    with pytest.raises(GuardRefused, match="somebody else has to approve"):
        approved(room, file, four_eyes=True)
    assert room.case.journal.entries("containment.plan-approved") == []


def test_four_eyes_refuse_a_step_that_the_second_person_did_not_plan(
    room: Room, second: Tenant, tmp_path: Path
) -> None:
    path, own = tmp_path / "second.json", tmp_path / "own.json"
    planned_by(room, second, path)
    everything = contain.make_plan(room.case, room.tenant, VICTIM)
    more = next(o.action.key for o in everything.left_out if o.action.kind == "disable-inbox-rule")
    # One's own plan has that step alone: with all of the other's steps it would say as much as the bent file does,
    # wherever both were previewed within one second of the tenant's clock.
    mine = contain.make_plan(room.case, room.tenant, VICTIM, also=[more])
    mine.steps = [step for step in mine.steps if step.action.key == more]
    contain.write_plan(mine, own)
    added = contain.read_plan(own)["steps"]
    assert [step["key"] for step in added] == [more]
    bent(path, steps=[*contain.read_plan(path)["steps"], *added])
    with pytest.raises(GuardRefused, match="cannot be verified"):
        approved(room, path, four_eyes=True)
    # Nor one whose preview was another: what a step may overwrite is what the planner saw.
    planned_by(room, second, path)
    steps = contain.read_plan(path)["steps"]
    next(step for step in steps if step["key"] == "block-sign-in")["before"] = {"accountEnabled": None}
    bent(path, steps=steps)
    with pytest.raises(GuardRefused, match="cannot be verified"):
        approved(room, path, four_eyes=True)


def test_four_eyes_refuse_steps_that_only_the_approver_planned_all_of(
    room: Room, second: Tenant, tmp_path: Path
) -> None:
    path, own = tmp_path / "second.json", tmp_path / "own.json"
    planned_by(room, second, path)
    more = next(o.action.key for o in room.plan().left_out if o.action.kind == "disable-inbox-rule")
    contain.write_plan(contain.make_plan(room.case, room.tenant, VICTIM, also=[more]), own)
    with pytest.raises(GuardRefused, match="somebody else has to approve"):
        approved(room, own, four_eyes=True)


def test_four_eyes_cannot_tell_who_planned_in_another_case(
    room: Room, second: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "second.json"
    elsewhere = open_case(tmp_path / "other", practice=True)
    monkeypatch.setattr(room, "case", elsewhere)
    contain.confirm_tenant(elsewhere, second, DOMAIN)
    planned_by(room, second, path)
    monkeypatch.undo()
    with pytest.raises(GuardRefused, match="cannot be verified: this case's journal has no plan"):
        approved(room, path, four_eyes=True)
    assert approved(room, path).steps  # by its digest alone it can be approved
    elsewhere.close()


def test_what_was_done_is_not_written_again(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    for key in ("block-sign-in", "reset-password", "revoke-sessions"):
        assert room.run(key).status == "done"
    contain.write_plan(room.plan(), path)
    keys = [step["key"] for step in contain.read_plan(path)["steps"]]
    assert not {"block-sign-in", "reset-password", "revoke-sessions"} & set(keys)
    assert "clear-forwarding" in keys


STEP = {"key": "x", "about": {}, "call": {"method": "GET", "url": "https://x", "body": None}, "before_date": None}
WHO = {"object_id": "a", "user_principal_name": "b"}
SAID = {"version": 1, "tenant_id": "t", "account": WHO, "planner": WHO}


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"version": 1, "steps": []}', "null",
        *(json.dumps(SAID | {"steps": [STEP | wrong]}) for wrong in ({"before": [7]}, {"before": {}, "about": 7}, {})),
    ],
)  # fmt: skip
def test_what_is_no_plan_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="plan file"):
        contain.read_plan(path)
