"""What of a window's pages no table takes in: its own line says so, and no other."""

from __future__ import annotations

from pathlib import Path

from tests.collect.pulling import asked_of, days_back
from tests.contain.room import VICTIM, Room
from toolkit.collect.ledger import COMPLETE, FAILED, PARTIAL, Line, line_of
from toolkit.collect.loading import Came, load
from toolkit.collect.pull import Pages
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.state import ORGANISATION, collect_state
from toolkit.collect.tasks import Task

ODD = b'{"value": [{"Odd": 1}]}\n'


def came(room: Room, day: int, more: bytes = b"", *, empty: bool = False) -> tuple[Task, Came]:
    """A day's pages of the audit log, with more behind them, and the line before they are loaded."""
    road, window = SearchLog(), days_back(room, day, day - 1)
    asked, path = asked_of(room, window), Path(room.case.folder) / f"{day}.json"
    pull = road.pull(room.tenant, asked, Pages(path), lambda: False)
    assert pull.received
    if empty:
        path.write_bytes(b"")
    with open(path, "ab") as file:
        file.write(more)
    line = line_of(road.source, VICTIM, window, road.name, room.service.clock.now(), pull, agreed=True)
    return Task(road, VICTIM, asked, path), (line, [])


def loaded(room: Room, *every: tuple[Task, Came]) -> list[Line]:
    return load(room.case, every)


def test_a_record_that_no_table_takes_in_is_of_its_window_alone_and_has_its_reason(room: Room) -> None:
    # Two answers had the same record: it is one.
    whole, lacking = loaded(room, came(room, 4), came(room, 3, ODD * 2))
    assert (whole.state, whole.reason, whole.rejected) == (COMPLETE, "", 0)
    assert (lacking.state, lacking.rejected) == (PARTIAL, 1)
    assert lacking.reason.startswith("1 record set aside: record ")
    assert "of a kind that the toolkit does not read (keys Odd" in lacking.reason
    assert whole.files == lacking.files
    assert len(room.case.rejected()) == 2
    assert room.case.sql("SELECT sum(rejected) AS n FROM coverage").n[0] == 1


def test_pages_of_which_nothing_can_be_read_are_no_window_that_came(room: Room) -> None:
    [line] = loaded(room, came(room, 3, ODD, empty=True))
    assert line.state == FAILED
    assert "what came cannot be read" in line.reason


def test_a_mailbox_of_the_system_without_an_answer_is_read_all_the_same(room: Room) -> None:
    told = collect_state(room.case, room.tenant, [], of=[ORGANISATION])
    [line] = [line for line in told if "auditing" in line.road and line.records == 10]
    assert (line.rejected, line.reason) == (0, "")
    rows = room.case.sql("SELECT identity, document FROM tenant_settings WHERE setting = 'audit bypass'")
    [system] = rows[rows.identity.str.startswith("SystemMailbox")].document
    assert '"AuditBypassEnabled":null' in system.replace(" ", "")
    assert len(rows) == line.records
    assert room.case.rejected().empty
