"""The timeline counts a million events right, and sends little of them to the browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.story.million import COUNT, OPERATIONS, SECONDS_APART, write_many
from toolkit import open_case
from toolkit.story.timeline import FEW, Events
from toolkit.views.timeline import TimelinePanel

START = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Events:
    folder = tmp_path_factory.mktemp("million")
    write_many(folder / "audit.csv")
    case = open_case(folder / "case")
    case.load(folder / "audit.csv")
    return Events(case)


def test_bars_hold_every_event_and_their_counts_are_right(events: Events) -> None:
    found = events.window()
    assert found is not None
    assert found.points is None
    assert int(found.bars["count"].sum()) == found.total == events.total == COUNT
    assert found.bars.groupby("lane")["count"].sum().to_dict() == {
        "Reading and deleting mail": 2 * COUNT // len(OPERATIONS),
        "Sign-ins": COUNT // len(OPERATIONS),
        "Files and sharing": COUNT // len(OPERATIONS),
        "Sending": COUNT // len(OPERATIONS),
    }


@pytest.mark.parametrize("seconds", [600, 7000, 86_400, 30 * 86_400])
def test_a_window_holds_what_lies_in_it_bar_by_bar_or_point_by_point(events: Events, seconds: int) -> None:
    start = START + timedelta(days=9)
    found = events.window(start, start + timedelta(seconds=seconds))
    assert found is not None
    expected = len(range(-9 * 86_400 % SECONDS_APART, seconds, SECONDS_APART))
    assert found.total == int(found.bars["count"].sum()) == expected
    assert events.count(start, start + timedelta(seconds=seconds)) == expected
    assert (found.points is not None) == (expected <= FEW)
    assert found.points is None or len(found.points) == expected


def test_the_figure_stays_small_at_every_zoom(events: Events) -> None:
    found = events.window()
    assert found is not None
    panel = TimelinePanel(events, found, [], "Europe/Berlin")
    sizes = [len(panel.figure.to_json())]
    for seconds in (60 * 86_400, 86_400, FEW * SECONDS_APART, 60):
        closer = events.window(START, START + timedelta(seconds=seconds))
        assert closer is not None
        panel.drawn.show(closer, [])
        sizes.append(len(panel.figure.to_json()))
    assert max(sizes) < 1_000_000
    panel.drawn.show(found, [])


def test_a_search_counts_and_pages_the_events_that_hold_the_text(events: Events) -> None:
    start, end = START, START + timedelta(days=1)
    total = events.count(start, end, search="user7@")
    assert total == len(events.rows(start, end, search="user7@"))
    assert set(events.rows(start, end, search="user7@").user) == {"user7@contoso.com"}
    first = events.rows(start, end, limit=10)
    assert list(first.time) == sorted(first.time)
    assert len(events.rows(start, end, ["Sending"], limit=10, offset=5)) == 10
