"""kill -9 between any two entries of the journal: what is opened again tells the truth, and goes on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.contain.room import VICTIM, Room
from tests.needs import ROOT
from toolkit import contain

KEYS = ["block-sign-in", "reset-password", "revoke-sessions", "require-mfa"]


def killed_after(room: Room, entries: int) -> int:
    told = [sys.executable, "-m", "tests.contain.killed", str(room.case.folder), VICTIM, str(entries), *KEYS]
    return subprocess.run(told, cwd=ROOT, check=False, timeout=120, capture_output=True).returncode


@pytest.mark.parametrize("entries", range(1, 14))
def test_what_a_killed_run_left_is_told_as_it_is_and_gone_on_with(room: Room, entries: int) -> None:
    # Sending, answered and read back for each step; one more for the password that was shown.
    assert killed_after(room, entries) == -signal.SIGKILL
    assert room.case.journal.verify() == []
    written = {line["client_request_id"] for line in room.writes()}
    contain.settle(room.case, room.tenant)
    found = contain.records(room.case)
    for record in found:
        if record.status == "done":
            assert record.run in written
        if record.status == "not done":
            assert record.run not in written
    # What was sent and not answered for cannot be settled where only a time moves: it is offered again.
    for record in found:
        if record.status == "in doubt":
            assert record.action in ("reset-password", "revoke-sessions")
    before = len(room.writes())
    for key in KEYS:
        step = room.plan().step(key)
        if step.status in ("to do", "offered again", "in doubt", "not done"):
            assert room.run(key).status == "done"
    assert room.user()["accountEnabled"] is False
    assert {room.statuses()[key] for key in KEYS} == {"done"}
    # Nothing that was done before the kill, and seen to be, was sent again.
    done = {r.action for r in found if r.status == "done" and not r.to_offer_again}
    again = [r.action for r in contain.records(room.case)[len(found) :]]
    assert not done & set(again), (done, again)
    assert len(room.writes()) == before + len(again)
    assert room.case.verify() == []
