"""What the ledger may say of a window: nothing is called complete that only one answer said."""

from __future__ import annotations

import itertools
from dataclasses import replace
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
    Line,
    line_of,
    state_of,
    write,
)
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Pull
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.said import strips
from toolkit.collect.state import ACCOUNT
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


TEN = Pull({*"abcdefghij"}, 10, 12)


@pytest.mark.parametrize(
    ("first", "closed", "again", "state"),
    [
        (TEN, timedelta(hours=1), Pull.failed("answered 503"), PROVISIONAL),
        (TEN, timedelta(hours=1), Pull({"a"}, 1, whole=False, reason="answered 503"), PROVISIONAL),
        (replace(TEN, whole=False, reason="2 lack"), DAY, Pull.failed("answered 503", available=False), PARTIAL),
        (TEN, DAY, Pull.failed("answered 503"), UNCONFIRMED),
    ],
)
def test_asking_again_in_vain_takes_nothing_from_what_came(
    room: Room, first: Pull, closed: timedelta, again: Pull, state: str
) -> None:
    kept, later = NOON + closed, NOON + 2 * DAY
    brought = line_of("audit log", VICTIM, WINDOW, "a road", kept, first, agreed=False)
    write(room.case, replace(brought, files=["f" * 64]))
    for day in (later, later + DAY):
        write(room.case, line_of("audit log", VICTIM, WINDOW, "a road", day, again, agreed=False))
    [line] = collect.lines(room.case)
    assert (line.state, line.records, line.received, line.expected, line.files) == (state, 10, 10, 12, ["f" * 64])
    assert line.reason.startswith(first.reason)
    assert f"What came on {kept:%Y-%m-%d %H:%M} UTC is kept" in line.reason
    assert f"asked for again on {later + DAY:%Y-%m-%d %H:%M} UTC: " in line.reason
    assert line.reason.endswith("(answered 503).")
    [frame_row] = room.case.frame("coverage").to_dict("records")
    assert (frame_row["state"], frame_row["records"], frame_row["reason"]) == (state, 10, line.reason)
    # What comes after that counts as ever.
    write(room.case, line_of("audit log", VICTIM, WINDOW, "a road", later + 2 * DAY, TEN, agreed=True))
    [line] = collect.lines(room.case)
    assert (line.state, line.reason, line.records) == (COMPLETE, "", 10)


def test_a_list_of_a_state_that_could_not_be_read_again_is_as_it_was_and_not_whole(room: Room) -> None:
    read = Line(ACCOUNT, VICTIM, "2026-09-10", "2026-09-11", "Inbox rules", "2026-09-10T08:00:00Z", UNCONFIRMED)
    write(room.case, replace(read, received=2, records=2))
    write(room.case, replace(read, pulled="2026-09-10T09:00:00Z", state=FAILED, reason="answered 503"))
    [line] = collect.lines(room.case)
    assert (line.state, line.records, line.needs_asking) == (PARTIAL, 2, True)
    assert "What came on 2026-09-10 08:00 UTC is kept" in line.reason


def test_windows_that_are_refused_later_stay_as_they_came_and_their_files_are_known(room: Room) -> None:
    wanted = Profile("audit log", (4,), twice=True, roads=(SearchLog,))
    first = {line.key: line for line in collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted).lines}
    young = [line for line in first.values() if line.state == PROVISIONAL and line.records]
    assert young
    room.service.withhold("Search-UnifiedAuditLog")
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    now = {line.key: line for line in collect.lines(room.case)}
    for line in young:
        stands = now[line.key]
        assert (stands.state, stands.records, stands.files) == (PROVISIONAL, line.records, line.files)
        assert NOT_AVAILABLE in stands.reason
        assert "403" in stands.reason
    said = " ".join(reason for strip in strips(now.values()) for reason in strip.reasons)
    assert "403" in said


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
