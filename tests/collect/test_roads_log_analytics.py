"""Log Analytics: fixed queries of a workspace that a person names, read as evidence like an export from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.collect.pulling import changes, days_back, loaded, pull, truth
from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.case import open_case
from toolkit.collect.ledger import COMPLETE, NOT_AVAILABLE, PROVISIONAL
from toolkit.collect.profile import Profile, profile
from toolkit.collect.pull import Asked
from toolkit.collect.roads.log_analytics import (
    NO_WORKSPACE,
    WorkspaceDirectoryChanges,
    WorkspaceNonInteractive,
    WorkspaceOfficeActivity,
    WorkspaceSignIns,
    literal,
    worded,
)
from toolkit.collect.roads.road import Options
from toolkit.collect.window import DAY, Window
from toolkit.practice.faults import Fault
from toolkit.practice.log_analytics import WORKSPACE

NAMED = Options(workspace=WORKSPACE)
ROADS = (WorkspaceSignIns, WorkspaceNonInteractive, WorkspaceDirectoryChanges, WorkspaceOfficeActivity)
DAY_ONE = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC))


def queries(room: Room) -> int:
    return sum(r["path"].endswith("/query") for r in room.service.requests())


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.table_name)
def test_each_table_is_fetched_and_read_like_an_export(room: Room, road: type[WorkspaceSignIns]) -> None:
    found, path = pull(room, road(NAMED), days_back(room, 9, 1))
    assert found.whole
    assert len(found.ids) > 3
    [account] = loaded(room, path)
    assert (account.table, account.rejected) == (road.table, 0)
    assert account.format.endswith("-json")
    assert account.read == found.received
    rows = room.case.frame(road.table)
    assert len(rows) == len(found.ids)
    assert rows.time.notna().all()
    assert {str(one).lower() for one in rows.record_id} == found.ids
    assert changes(room) == []
    assert room.case.raw([rows.row_id.iloc[0]], road.table)[rows.row_id.iloc[0]].startswith("{")


def test_office_activity_has_what_the_tenant_holds(room: Room) -> None:
    window = days_back(room, 9, 1)
    found, _ = pull(room, WorkspaceOfficeActivity(NAMED), window)
    assert found.ids <= truth(room, window)
    assert found.ids


def test_sign_ins_of_both_roads_are_one_row_each(room: Room) -> None:
    wanted = Profile("both", (3,), twice=False, roads=(*profile("quick").roads[:1], WorkspaceSignIns), options=NAMED)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    rows = room.case.frame("signins")
    assert rows.record_id.is_unique or rows.conflict.any()
    assert set(rows.user_principal_name.str.lower()) == {VICTIM}


def test_nobody_names_a_workspace_and_none_is_asked(room: Room) -> None:
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=Profile("none", (7,), twice=False, roads=ROADS))
    assert (done.lines, queries(room)) == ([], 0)


def test_a_workspace_in_a_profile_file(room: Room, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(f'days = [3]\ntwice = true\nworkspace = "{WORKSPACE}"\nroads = ["workspace-sign-ins"]\n')
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=str(mine))
    assert {line.road for line in done.lines} == {"Log Analytics"}
    assert {line.state for line in done.lines} <= {COMPLETE, PROVISIONAL}


def test_what_is_no_guid_is_not_sent(room: Room) -> None:
    found, _ = pull(room, WorkspaceSignIns(Options(workspace="../../../v1.0/users")), days_back(room, 1))
    assert (found.available, found.reason) == (False, NO_WORKSPACE)
    assert queries(room) == 0


def test_somebody_elses_workspace_or_a_missing_role_is_one_sentence(room: Room) -> None:
    elsewhere = Options(workspace="00000000-0000-0000-0000-00000000abcd")
    found, _ = pull(room, WorkspaceSignIns(elsewhere), days_back(room, 1))
    assert not found.available
    assert "Log Analytics answered 403 InsufficientAccessError" in found.reason


def test_a_table_that_is_not_there_is_a_source_that_is_not_connected(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.practice.log_analytics.tables", lambda situation: {})
    wanted = Profile("logs", (7,), twice=True, roads=ROADS, options=NAMED)
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert {line.state for line in done.lines} == {NOT_AVAILABLE}
    assert "The workspace has no table SigninLogs: this source is not connected to it." in {
        line.reason for line in done.lines
    }


def test_rows_left_out_beside_a_200_make_the_window_smaller(room: Room) -> None:
    window = days_back(room, 9, 1)
    whole, _ = pull(room, WorkspaceOfficeActivity(NAMED), window)
    room.service._faults.order(Fault("/query", effect="partial", amount=3))
    found, _ = pull(room, WorkspaceOfficeActivity(NAMED), window)
    assert (found.whole, found.ids, found.splits) == (True, whole.ids, 1)


def test_rows_that_are_always_left_out_make_it_partial_and_never_complete(room: Room) -> None:
    room.service.arrange(log_rows=0)
    found, _ = pull(room, WorkspaceOfficeActivity(NAMED), days_back(room, 2, 1))
    if found.splits:
        assert not found.whole
        assert found.reason == "Log Analytics left rows out (PartialError) of a window of a minute"


@pytest.mark.parametrize(
    "name",
    ['a"; SecurityEvent | take 5 //', "o'neil@contoso.com", "back\\slash\\", "line\nbreak", "{start}", "ä\u2028\x00"],
)
def test_no_name_can_end_its_literal(name: str) -> None:
    asked = Asked("id", name, DAY_ONE)
    text = worded("office-activity", asked)
    before, _, after = text.partition(literal(name))
    assert literal(name) in text
    assert before.count('"') == after.count('"') == 0
    inside = literal(name)[1:-1]
    assert all(" " <= c <= "~" for c in inside)
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")
    assert not inside.replace("\\\\", "").endswith("\\")
    assert json.loads(literal(name)) == name
    assert text.count("\n") == worded("office-activity", Asked("id", "x", DAY_ONE)).count("\n")


def test_a_window_is_half_open_in_every_query() -> None:
    asked = Asked("11111111-2222-3333-4444-555555555555", "a@b.example", Window(DAY_ONE.start, DAY_ONE.start + DAY))
    for road in ROADS:
        for query in road.queries:
            text = worded(query, asked)
            assert text.startswith(f"{road.table_name}\n")
            assert "TimeGenerated >= datetime(2026-09-01T00:00:00Z)" in text
            assert "TimeGenerated < datetime(2026-09-02T00:00:00Z)" in text
            assert "{" not in text


def test_answers_that_are_bent_are_set_aside_row_by_row(tmp_path: Path) -> None:
    columns = [
        {"name": name, "type": "string"} for name in ("OfficeWorkload", "Operation", "TimeGenerated", "OfficeId")
    ]
    good = ["Exchange", "Send", "2026-09-01T10:00:00Z", "6f0f8a1c-0000-4000-8000-000000000001"]
    answer = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [good, good[:2], "text", None, good]}]}
    page = tmp_path / "answer.json"
    page.write_text(json.dumps(answer) + "\n" + json.dumps(answer | {"error": {"code": "PartialError"}}))
    case = open_case(tmp_path / "case")
    [account] = case.load(page, report=lambda what, share: None).files
    assert (account.table, account.read, account.rows, account.rejected) == ("audit", 10, 1, 6)
    case.close()
