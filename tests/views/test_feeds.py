"""The audit log's feeds in notebook 0, driven without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contain.room import DOMAIN, Room, room, unconfirmed_room
from tests.views.test_collecting import settled, signed_in, words
from toolkit.views import signing_in

__all__ = ["room", "unconfirmed_room"]


@pytest.fixture(autouse=True)
def nobody_is_signed_in() -> Iterator[None]:
    yield
    signing_in._signed.clear()


def test_feeds_are_previewed_confirmed_started_and_stopped_from_notebook_0(room: Room) -> None:
    panel = signed_in(room)
    repairs = panel.feeds.repairs
    panel.feeds.choice.ticks["Audit.General"].value = False
    repairs.preview.click()
    repairs.desk.wait(60)
    assert len(repairs.cards) == 3
    shown = words("".join(str(card._html.value) for card in repairs.cards.values()))
    assert "/subscriptions/start?contentType=Audit.Exchange" in shown
    repairs.run_all.click()
    repairs.desk.wait(60)
    assert room.writes() == []
    repairs.typed.value = DOMAIN
    repairs.confirm.click()
    repairs.desk.wait(60)
    repairs.run_all.click()
    repairs.desk.wait(120)
    assert [w["path"].rpartition("/")[2] for w in room.writes()] == ["start"] * 3
    repairs.undo("start-activity-subscription:Audit.Exchange")
    repairs.desk.wait(60)
    assert room.writes()[-1]["path"].endswith("/subscriptions/stop")
    settled(panel)
