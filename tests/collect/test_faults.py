"""Twenty plans of trouble over a mailbox of twenty thousand events: no window is called complete that lacks a record.

Sleeps only move the tenant's clock. `python -m benchmarks faults` does the same two hundred times, thirty days deep.
"""

from __future__ import annotations

import pytest

from tests.collect.room import lies
from tests.contain.room import VICTIM, Room
from toolkit import collect, practice
from toolkit.collect.ledger import COMPLETE, PROVISIONAL
from toolkit.collect.profile import Profile
from toolkit.collect.roads.search_log import SearchLog

WEEK = Profile("a week", (7,), twice=True, roads=(SearchLog,))


@pytest.mark.parametrize("seed", range(20))
def test_no_window_is_called_complete_that_lacks_a_record(busy_room: Room, seed: int) -> None:
    room = busy_room
    plan = practice.FaultPlan.collecting(seed, slowness=0.001)
    room.service.follow(plan)
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK)
    room.service.follow(None)

    assert lies(room) == []
    assert all(line.reason for line in done.lines if line.state not in {COMPLETE, PROVISIONAL})
    assert plan.happened, "the plan did nothing"
    assert room.case.verify() == []
    assert room.writes() == []

    # What trouble left open is asked for again, and only that; then the case has what the tenant has.
    open_before = {line.key for line in collect.lines(room.case) if line.needs_asking}
    again = collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK, refresh=True)
    assert {line.key for line in again.lines} == open_before
    assert lies(room) == []
