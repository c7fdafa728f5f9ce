"""The organisation is read whole, kept in the case, and what could not be read is said."""

from __future__ import annotations

from tests.contain.room import Room
from toolkit import harden
from toolkit.harden.readings import READINGS
from toolkit.harden.state import TAKEN


def test_every_reading_answers_on_the_practice_tenant_and_the_case_keeps_it(room: Room) -> None:
    state = harden.read_state(room.case, room.tenant)

    assert state.problems == {}
    assert set(state.found) == set(READINGS)
    assert room.writes() == []
    again = harden.kept_state(room.case)
    assert again is not None
    assert again.found == state.found

    harden.read_state(room.case, room.tenant)
    assert len(room.case.journal.entries(TAKEN)) == 1  # it said the same
