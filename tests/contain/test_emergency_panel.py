"""The emergency panel of notebook 0, driven without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import VICTIM, Room
from toolkit.case import open_case
from toolkit.views.emergency import EmergencyPanel, emergency_stop


@pytest.fixture
def panel(unconfirmed_room: Room) -> EmergencyPanel:
    made = emergency_stop(unconfirmed_room.case, sleep=unconfirmed_room.sleep)
    made.secret.send = lambda content, buffers=None: made.messages.append(content)  # type: ignore[attr-defined]
    made.messages = []  # type: ignore[attr-defined]
    return made


def click(panel: EmergencyPanel, button: Any) -> None:
    button.click()
    panel.desk.wait()


def test_from_an_empty_case_to_a_stopped_intruder(unconfirmed_room: Room, panel: EmergencyPanel) -> None:
    room = unconfirmed_room
    panel.user.value = VICTIM
    click(panel, panel.look)
    assert "revokeSignInSessions" in panel.shown.value
    assert "<dt>now</dt><dd>accountEnabled: true</dd><dt>afterwards</dt><dd>accountEnabled: false</dd>" in (
        panel.shown.value
    )
    assert room.writes() == []
    panel.typed.value = VICTIM
    click(panel, panel.stop)
    assert len(room.writes()) == 3
    assert room.user()["accountEnabled"] is False
    assert panel.said.value.count("done: ") == 3
    [message] = panel.messages  # type: ignore[attr-defined]
    password = message["value"]
    assert len(password) == 24
    assert password not in panel.said.value + panel.shown.value
    files = [p for p in room.case.folder.rglob("*") if p.is_file()]
    assert [p for p in files if password.encode() in p.read_bytes()] == []


def test_another_name_does_nothing_and_says_what_to_type(unconfirmed_room: Room, panel: EmergencyPanel) -> None:
    panel.user.value = VICTIM
    click(panel, panel.look)
    panel.typed.value = "yes"
    click(panel, panel.stop)
    assert f"Type {VICTIM} exactly" in panel.said.value
    assert unconfirmed_room.writes() == []


def test_an_unknown_account_is_one_sentence(unconfirmed_room: Room, panel: EmergencyPanel) -> None:
    panel.user.value = "nobody@contoso.com"
    click(panel, panel.look)
    assert "no account named" in panel.said.value


def test_a_case_of_files_says_what_to_click_in_the_portal(tmp_path: Path) -> None:
    case = open_case(tmp_path / "files")
    made = emergency_stop(case)
    texts = "".join(getattr(child, "value", "") for child in made.widget.children)
    assert "Entra portal" in texts
    case.close()
