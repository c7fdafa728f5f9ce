"""What the ledger may say of a window: nothing is called complete that only one answer said."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    PROVISIONAL,
    UNCONFIRMED,
    line_of,
    state_of,
    write,
)
from toolkit.collect.pull import Pull
from toolkit.collect.window import DAY, Window

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)
WINDOW = Window(NOON - DAY, NOON)
WHOLE = Pull({"a"}, 1, 1)


@pytest.mark.parametrize(
    ("pull", "closed", "agreed", "state"),
    [
        (WHOLE, timedelta(hours=24), True, COMPLETE),
        (WHOLE, timedelta(hours=24), False, UNCONFIRMED),
        (WHOLE, timedelta(hours=23, minutes=59), True, PROVISIONAL),
        (Pull(), timedelta(hours=24), True, COMPLETE),  # nothing, said twice
        (Pull({"a"}, 1, 2, whole=False, reason="1 did not come"), timedelta(days=9), True, PARTIAL),
        (Pull.failed("no answer"), timedelta(days=9), False, FAILED),
        (Pull.failed("no licence", available=False), timedelta(days=9), False, NOT_AVAILABLE),
    ],
)
def test_a_window_is_called_what_its_answers_allow(pull: Pull, closed: timedelta, agreed: bool, state: str) -> None:
    assert state_of(pull, WINDOW, NOON + closed, agreed=agreed) == state


def test_the_newest_line_of_a_window_counts_and_all_stay_in_the_journal(room: Room) -> None:
    for pull in (Pull.failed("no answer"), WHOLE):
        write(room.case, line_of("audit log", VICTIM, WINDOW, "a road", NOON + 2 * DAY, pull, agreed=True))
    [line] = collect.lines(room.case)
    assert (line.state, line.received) == (COMPLETE, 1)
    assert len(room.case.journal.entries("collect.window")) == 2
    frame = collect.ledger(room.case)
    assert str(frame.start.dtype).endswith("UTC]")
    assert frame.end[0] == NOON


def test_windows_are_cut_at_midnights_newest_first_and_leave_nothing_out() -> None:
    whole = Window(NOON - 3 * DAY, NOON)
    pieces = whole.cut(DAY)
    assert [p.start.hour for p in pieces] == [0, 0, 0, 12]
    assert pieces[0].end == NOON
    assert all(early.end == late.start for late, early in itertools.pairwise(pieces))
    early, late = WINDOW.halves()
    assert (early.start, early.end, late.end) == (WINDOW.start, late.start, WINDOW.end)


def test_a_window_left_open_is_settled_by_a_wider_one_that_came_whole_later(room: Room) -> None:
    day = Window(NOON - DAY, NOON)
    week = Window(NOON - 7 * DAY, NOON)
    for window, pulled in ((day, NOON), (week, NOON + 2 * DAY)):
        write(room.case, line_of("sign-ins", VICTIM, window, "a road", pulled, WHOLE, agreed=True))
    [line] = collect.lines(room.case)
    assert (line.state, datetime.fromisoformat(line.start)) == (COMPLETE, week.start)


def test_what_is_new_is_cut_into_days_and_the_rest_into_weeks() -> None:
    pieces = Window(NOON - 20 * DAY, NOON).cut(7 * DAY, 2 * DAY)
    assert [piece.length <= DAY for piece in pieces[:3]] == [True, True, True]
    assert max(piece.length for piece in pieces) == 7 * DAY
    assert all(early.end == late.start for late, early in itertools.pairwise(pieces))
    assert (pieces[-1].start, pieces[0].end) == (NOON - 20 * DAY, NOON)
