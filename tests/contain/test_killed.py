"""kill -9 between any two entries of the journal, and between call and entry: what is opened again tells the truth."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.contain.killed import FOR_EVERYBODY, REACHED, the_plan
from tests.contain.room import VICTIM, Room
from tests.contain.truth import tells_the_truth
from tests.needs import ROOT
from toolkit import contain
from toolkit.errors import GuardRefused, UsageError

COLLEAGUE = "ana.petrovic@contoso.com"
SENDING, ANSWERED, READ_BACK = (f"containment.{name}" for name in ("sending", "answered", "read-back"))
SHOWN = "containment.password-shown"


@dataclass
class Killing:
    """A room, and the process in which runs are killed; `met` are the points at which one was."""

    room: Room
    process: subprocess.Popen[str]
    dice: random.Random
    met: set[tuple[str, str]] = field(default_factory=set)
    torn: bool = False

    def run(self, do: str, entry: str = "", key: str = "", *, user: str = VICTIM, torn: bool = False) -> bool:
        """Let a run be killed at a point; says whether the point was met. Then looks whether all is told as it is."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"do": do, "entry": entry, "key": key, "user": user, "torn": torn}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        killed = bool(told["signal"] == signal.SIGKILL)
        assert killed or told == {"signal": 0, "code": 0}, (order, told)
        self.torn |= torn
        self.tells_the_truth()
        if killed:
            self.met.add((entry, key.partition(":")[0]))
            if self.dice.random() < 0.5:
                self.room.service.clock.advance(600)
            if self.dice.random() < 0.1:  # killed again, while it is settled
                self.dice = random.Random(self.dice.random())
                self.run("settle", "containment.settled")
        contain.settle(self.room.case, self.room.tenant)
        self.tells_the_truth()
        return killed

    def tells_the_truth(self) -> None:
        """What the journal says of each call is what the service took; and no call was sent twice."""
        for problem in self.room.case.journal.verify():
            assert self.torn  # until the next entry
            assert "the last line was cut" in problem
        tells_the_truth(self.room)


@pytest.fixture
def killing(unconfirmed_room: Room) -> Iterator[Killing]:
    told = [sys.executable, "-m", "tests.contain.killed", str(unconfirmed_room.case.folder)]
    process = subprocess.Popen(told, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Killing(unconfirmed_room, process, random.Random(20))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def test_a_killed_emergency_stop_is_told_as_it_is_and_gone_on_with(killing: Killing) -> None:
    kill = killing.run
    for entry in ("containment.confirmed", "containment.tenant-confirmed", "containment.snapshot"):
        assert kill("stop", entry, user=COLLEAGUE)
        assert killing.room.writes() == []
    for entry in (SENDING, REACHED):
        assert kill("stop", entry, "block-sign-in", user=COLLEAGUE)
    for entry in (SENDING, REACHED, ANSWERED, SHOWN, READ_BACK):
        assert kill("stop", entry, "reset-password", user=COLLEAGUE)
    for entry in (REACHED, READ_BACK):
        assert kill("stop", entry, "revoke-sessions", user=COLLEAGUE)
    assert not kill("stop", user=COLLEAGUE)
    assert killing.room.user(COLLEAGUE)["accountEnabled"] is False
    plan = contain.stop_plan(killing.room.case, killing.room.tenant, COLLEAGUE)
    assert {s.status for s in plan.steps} == {"done"}
    assert killing.room.case.verify() == []


def test_a_killed_plan_undo_and_way_back_are_told_as_they_are_and_gone_on_with(killing: Killing) -> None:
    room, kill, dice = killing.room, killing.run, killing.dice
    contain.confirm_tenant(room.case, room.tenant, room.tenant.domain)
    for entry in ("containment.snapshot", "containment.confirmed"):
        assert kill("plan", entry)
    for key in [k for k in the_plan(room.case, room.tenant, VICTIM, "everybody").order if k.startswith(FOR_EVERYBODY)]:
        for entry in (SENDING, REACHED):
            assert kill("everybody", entry, key)
    keys = [key for key in the_plan(room.case, room.tenant, VICTIM).order if not key.startswith(FOR_EVERYBODY)]
    kinds: set[str] = set()
    for key in keys:
        kind = key.partition(":")[0]
        if kind == "disable-inbox-rule" and kind not in kinds:
            assert kill("plan", "containment.rules-backup")
        if kind in kinds:
            continue
        if dice.random() < 0.15:
            assert kill("plan", SENDING, key, torn=dice.random() < 0.3)
        if dice.random() < 0.3:  # while the directory still shows the old state
            room.service.delay_next_change(seconds=40)
        assert kill("plan", REACHED, key)
        if kind == "reset-password":
            for entry in (ANSWERED, SHOWN, READ_BACK):
                kill("plan", entry, key, torn=entry == ANSWERED)
        kinds.add(kind)
    assert not kill("plan", user=VICTIM)
    steps = the_plan(room.case, room.tenant, VICTIM).steps
    assert {s.status for s in steps} <= {"done", "already so"}, [(s.action.key, s.status) for s in steps]

    back = [s.action.key for s in steps if s.undo is not None]
    assert len(back) >= 8
    for key, point in zip(dice.sample(back, 5), (SENDING, REACHED, ANSWERED, READ_BACK, REACHED), strict=True):
        assert kill("undo", point, key), (point, key)
        if point == SENDING:
            assert kill("undo", READ_BACK, key)
    assert not kill("plan")
    assert {s.status for s in the_plan(room.case, room.tenant, VICTIM).steps} <= {"done", "already so"}

    _the_way_back(killing)
    assert {e for e, _ in killing.met} >= {SENDING, REACHED, ANSWERED, SHOWN, READ_BACK, "containment.settled"}
    assert {k for _, k in killing.met} >= {*kinds, "issue-access-pass", "give-back", "unblock-sender"}
    assert room.case.verify() == []


def _the_way_back(killing: Killing) -> None:
    room, kill = killing.room, killing.run
    assert kill("return", "containment.doors")
    assert kill("return", REACHED, "issue-access-pass")
    # A pass that nobody saw is an open door: it is taken away, and the next one is the owner's.
    with pytest.raises(GuardRefused, match="not closed"):
        the_plan(room.case, room.tenant, VICTIM, "return")
    assert not kill("plan")
    assert kill("return", ANSWERED, "issue-access-pass")
    room.service.clock.advance(3700)  # until it has run out, for the service makes no second one before
    assert kill("return", SHOWN, "issue-access-pass")
    for entry in (SENDING, REACHED):
        assert kill("return", entry, "give-back")
    assert room.user()["accountEnabled"] is True
    [step] = the_plan(room.case, room.tenant, VICTIM, "sender").steps
    for entry in (SENDING, REACHED):
        assert kill("sender", entry, step.action.key)
    with pytest.raises(UsageError, match="not on the list"):
        the_plan(room.case, room.tenant, VICTIM, "sender")
