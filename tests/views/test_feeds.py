"""The audit log's feeds in notebook 0, driven without a browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ipywidgets import Widget

from tests.contain.room import DOMAIN, Room, room, unconfirmed_room
from tests.views.test_collecting import settled, signed_in, words
from toolkit import open_case
from toolkit.practice.log_analytics import WORKSPACE
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


def test_a_passphrase_is_asked_for_and_no_widget_keeps_it(room: Room, tmp_path: Path) -> None:
    real = open_case(tmp_path / "real")
    row = signing_in.SignIn(real)
    sent: list[dict[str, object]] = []
    row.secret.send = lambda content, buffers=None: sent.append(content)
    held: list[str] = []
    row.desk.start(lambda emit: held.append(row._asked("Passphrase of app (not shown)").reveal()))
    until_sent = time.monotonic() + 20
    while not sent and time.monotonic() < until_sent:
        row.desk.drain()
        time.sleep(0.02)
    assert sent == [{"type": "ask", "question": "Passphrase of app (not shown)"}]
    row.secret._handle_custom_msg({"type": "given", "value": "hunter2-secret"}, [])
    row.desk.wait(20)
    assert held == ["hunter2-secret"]
    states = json.dumps([each.get_state() for each in vars(row).values() if isinstance(each, Widget)], default=str)
    assert "hunter2" not in states
    # The cache is opt-in, and only a person's sign-in can be kept.
    assert row.keep.value is False
    row.way.value = "certificate"
    assert row.keep.layout.display == "none"
    assert row.way.layout.display is None


def test_a_workspace_is_named_in_notebook_0_and_nonsense_is_told(room: Room) -> None:
    panel = signed_in(room)
    panel.more.value = WORKSPACE
    settled(panel)
    assert "Sentinel and Log Analytics" in words(panel.expected.value)
    assert panel._asked == (("graph", "exchange", "log-analytics"), WORKSPACE)
    panel.more.value = "nonsense"
    panel.desk.drain()
    assert "There is no profile 'nonsense'" in words(panel.message.value)
