"""A plan as a file: approved by its digest, refused when anything in it or in the tenant is another; as a script."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.errors import GuardRefused, PlanChanged, UsageError


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


def test_four_eyes_want_a_second_person(room: Room, file: Path) -> None:
    with pytest.raises(GuardRefused, match="somebody else"):
        approved(room, file, four_eyes=True)
    bent(file, planner={"object_id": "somebody-else", "user_principal_name": "second@contoso.com"})
    approved(room, file, four_eyes=True)
    [entry] = room.case.journal.entries("containment.plan-approved")
    assert entry.fields["planner"]["user_principal_name"] == "second@contoso.com"
    assert entry.fields["approver_object_id"] == room.tenant.operator.object_id


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1, "steps": []}', "null"])
def test_what_is_no_plan_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="plan file"):
        contain.read_plan(path)


def test_the_script_has_every_step_no_secret_and_nothing_that_an_attacker_named_as_code(room: Room) -> None:
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    rule = next(rule for rule in rules if rule["Name"] == ".")
    rule["Name"] = "x'\nRemove-Mailbox -Identity everybody\n#’; Stop-Computer"
    text = contain.script(room.plan())
    assert "Disable-InboxRule" in text
    assert "Read-Host -AsSecureString" in text
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    verbs = {re.split(r"[\s:]", line)[0] for line in commands}
    assert not verbs & {"Remove-Mailbox", "Stop-Computer"}
    assert all(line.count("'") % 2 == 0 for line in commands)
