"""The doors of the hand-over: what the last reading of the tenant said and when, and which were not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contain.room import VICTIM, Room, room, unconfirmed_room
from toolkit import contain
from toolkit.contain.doors_known import doors_known
from toolkit.contain.snapshot import take

__all__ = ["room", "unconfirmed_room"]
INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
YEAR = "2026-09"  # the practice tenant's time, wherever this computer's clock stands


def known(room: Room) -> dict[str, tuple[str, str]]:
    frame = doors_known(room.case, [])
    assert set(frame.account) <= {VICTIM}
    return {row.door: (row.state, row.evidence) for row in frame.itertuples()}


def look(room: Room) -> list[contain.Door]:
    return contain.look_at_doors(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), INSIDE)


def test_an_open_door_that_was_read_is_open_in_the_hand_over_and_says_when(room: Room) -> None:
    doors = look(room)
    told = known(room)
    assert {name: state for name, (state, _) in told.items()} == {d.name: d.state for d in doors}
    for name in ("sign-in", "inbox rules", "forwarding", "sign-in methods", "devices"):
        assert told[name][0] == "open"
        assert f"(read {YEAR}" in told[name][1]
    assert "by hand" not in " ".join(evidence for _, evidence in told.values())


def test_a_call_after_the_last_look_is_told_and_a_look_after_it_too(room: Room) -> None:
    look(room)
    room.run("block-sign-in")
    assert known(room)["sign-in"][0] == "closed"
    assert "not read again since" in known(room)["sign-in"][1]
    room.change_user(accountEnabled=True)
    look(room)
    assert known(room)["sign-in"][0] == "open"


def test_a_snapshot_alone_tells_what_it_shows_and_of_the_rest_how_to_read_it(room: Room) -> None:
    take(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), readings=("inbox rules", "devices", "mailbox"))
    told = known(room)
    assert told["inbox rules"][0] == told["forwarding"][0] == "open"
    assert f"(read {YEAR}" in told["forwarding"][1]
    for name in ("sign-in", "sign-in methods", "old protocols"):
        assert told[name][0] == "not checked"
        assert told[name][1].startswith("not read in this case")
        assert f"contain --account {VICTIM}" in told[name][1]


@pytest.mark.parametrize("door", ["sign-in", "devices", "mail flow of the organisation"])
def test_all_doors_of_a_look_are_dated_by_the_tenant_not_by_this_computer(room: Room, door: str) -> None:
    room.case.clock = lambda: datetime(2031, 1, 1, tzinfo=UTC)
    found = {d.name: d for d in look(room)}
    assert f"(read {YEAR}" in found[door].evidence
    read = found[door].read
    assert read is not None
    assert read.isoformat().startswith(YEAR)
