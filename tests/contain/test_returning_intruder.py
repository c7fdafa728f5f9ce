"""An intruder with a live token comes back during containment: the doors show it, and the whole plan keeps him out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contain.room import VICTIM, Room
from tests.contain.test_whole_plan import carry_out
from toolkit import contain

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))


def doors(room: Room) -> dict[str, contain.Door]:
    target = contain.resolve(room.tenant, VICTIM)
    return {d.name: d for d in contain.doors(room.case, room.tenant, target, INSIDE)}


def test_clearing_the_mailbox_while_his_session_lives_is_undone_by_him_and_the_doors_show_it(room: Room) -> None:
    room.plan(suspicion=INSIDE)  # the first snapshot
    room.service.let_intruder_return(seed=1)
    for key in [room.rule_key(name) for name in ("Sync Settings", ".", "..")] + ["clear-forwarding"]:
        assert room.run(key).status in ("done", "already so")
    assert doors(room)["inbox rules"].state == "closed"
    for look in contain.watch(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), suspicion=INSIDE):
        last = look
    acts = {act["act"] for act in room.service.intruder_acts()}
    assert acts, "he did something"
    opened = {d.name: d.evidence for d in last.doors if d.state == "open"}
    assert "devices" in opened
    assert "new since the first snapshot" in opened["devices"]
    told = [e.fields["opened"] for e in room.case.journal.entries("containment.doors")]
    assert len(told) == 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_the_whole_plan_he_is_refused_at_every_door(room: Room, seed: int) -> None:
    room.service.let_intruder_return(seed=seed)
    carry_out(room)
    target = contain.resolve(room.tenant, VICTIM)
    looks = list(contain.watch(room.case, room.tenant, target, suspicion=INSIDE))
    assert [look.opened for look in looks] == [[], [], []]
    late = [act for act in room.service.intruder_acts() if act["act"] != "is refused"]
    # What he did while the plan ran is closed as well, or shows as an open door.
    still_open = {d.name for d in looks[-1].doors if d.state == "open"} - {"mail flow of the organisation"}
    if still_open:
        carry_out(room)
        still_open = {n for n, d in doors(room).items() if d.state == "open"} - {"mail flow of the organisation"}
    assert still_open == set(), (late, still_open)


def test_an_emergency_stop_ends_his_session_within_a_minute(room: Room) -> None:
    room.service.let_intruder_return(seed=1)
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    contain.stop(plan, VICTIM, show_secret=room.show)
    before = len(room.service.intruder_acts())
    room.sleep(3600)
    room.tenant.graph.user(VICTIM)
    after = room.service.intruder_acts()[before:]
    assert {act["act"] for act in after} <= {"is refused"}, after
