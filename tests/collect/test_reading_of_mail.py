"""Whichever road the audit log came by, the messages that were read are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.collect.pulling import days_back, loaded, pull
from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.collect.profile import Profile
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.log_analytics import WorkspaceOfficeActivity
from toolkit.collect.roads.road import Options
from toolkit.collect.roads.search_log import SearchLog
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.story.exposure import messages_read
from toolkit.tenant.clouds import CLOUDS

FAR = Profile("far", (7, 30), twice=False, roads=(SearchLog,), options=Options(workspace=WORKSPACE))


def named(case: Any) -> list[tuple[str, str]]:
    told = messages_read(case, VICTIM)
    return sorted((row.message_id, row.folder) for row in told.messages.itertuples())


@pytest.mark.parametrize("road", [SearchLog, AuditSearch, WorkspaceOfficeActivity], ids=lambda road: road.name)
def test_messages_that_were_read_are_named(room: Room, road: Any) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=replace(FAR, roads=(road,)))
    told = messages_read(room.case, VICTIM)
    assert len(told.messages) > 20
    assert told.messages.message_id.str.match("<.+@.+>").all()
    assert told.messages.folder.str.startswith("\\").all()
    assert told.messages.session_id.notna().any()
    assert any("downloaded whole folders" in why for why in told.assume)  # the intruder's mail program did


def test_two_roads_name_each_reading_once(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=FAR)
    before = named(room.case)
    _, path = pull(room, AuditSearch(), days_back(room, 31, -1))
    loaded(room, path)
    assert named(room.case) == before


def test_in_china_the_empty_answer_of_the_cmdlet_is_not_believed(room: Room) -> None:
    room.tenant.cloud = CLOUDS["china"]
    found, _ = pull(room, SearchLog(), days_back(room, 3, 1))
    assert (found.available, found.whole) == (False, False)
    assert "use an export from the Purview portal" in found.reason
