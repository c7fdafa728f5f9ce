"""Reading how an account stands says what it is at: how long a list takes, and which service asks for a pause."""

from __future__ import annotations

import time

import pytest

from tests.contain.room import VICTIM, Room
from toolkit.collect.ticking import told_while
from toolkit.contain import resolve, snapshot
from toolkit.contain.readings import READINGS
from toolkit.tenant.pace import Pace

RULES = READINGS["inbox rules"].title


def said_while_reading(room: Room) -> list[str]:
    said: list[str] = []
    snapshot.look(
        room.case, room.tenant, resolve(room.tenant, VICTIM), readings=["inbox rules"], progress=said.append
    )  # fmt: skip
    return said


def test_a_list_that_takes_long_says_for_how_long_it_has(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LOOK", 0.1)
    monkeypatch.setattr(snapshot, "TELL", 1.0)
    assert said_while_reading(room) == [f"reading {RULES} (1 of 1)"]
    room.service.happen_next("Get-InboxRule", "slow answer", amount=3)
    assert said_while_reading(room)[:3] == [f"reading {RULES} (1 of 1){more}" for more in ("", ", 1 s", ", 2 s")]


def test_a_pause_that_a_service_asks_for_is_said_and_one_of_a_moment_is_not(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "LOOK", 0.1)
    exchange = f"{room.tenant.cloud.exchange}/adminapi/beta/x/InvokeCommand"
    for seconds, expected in ((1.0, ["Waiting: Exchange asks for a pause of 1 second"]), (0.6, [])):
        with room.tenant.session.paced(pace := Pace(sleep=time.sleep)):
            pace.hold(exchange, seconds, "Get-InboxRule")
            assert [text for text in said_while_reading(room) if text.startswith("Waiting")] == expected


def test_what_has_nothing_to_say_itself_says_how_long_it_has_been() -> None:
    told: list[float] = []
    with told_while(told.append, every=0.05):
        time.sleep(0.3)
    so_far = len(told)
    assert so_far >= 2
    assert sorted(told) == told
    time.sleep(0.12)
    assert len(told) == so_far
