"""The ledger as a table of the case: in SQL, as a frame, and written to a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from tests.contain.room import VICTIM, Room
from tests.formats.conftest import case
from toolkit import collect
from toolkit.case import Case
from toolkit.case.export import export
from toolkit.cli import cli
from toolkit.collect.ledger import COMPLETE, PARTIAL, Line, write
from toolkit.collect.profile import Profile
from toolkit.collect.roads.graph_lists import InteractiveSignIns
from toolkit.collect.roads.search_log import SearchLog

__all__ = ["case"]
# As the ledger is described: what each window of a collection is told with.
COLUMNS = [
    "source", "account", "window_start", "window_end", "road", "expected", "received", "duplicates", "rejected",
    "splits", "retries", "throttled_seconds", "state", "reason",
]  # fmt: skip
DAY = ("2026-09-10T00:00:00Z", "2026-09-11T00:00:00Z")


def test_it_has_the_ledgers_columns_and_follows_the_journal(case: Case) -> None:
    assert case.sql("SELECT * FROM coverage").empty
    write(case, Line("audit log", VICTIM, *DAY, "a road", DAY[1], PARTIAL, "one did not come", 3, 2, 2, throttled=1.5))
    told = case.sql("SELECT * FROM Coverage WHERE state = 'partial'")
    assert list(told.columns)[: len(COLUMNS)] == COLUMNS
    [row] = told.to_dict("records")
    assert (row["expected"], row["received"], row["throttled_seconds"]) == (3, 2, 1.5)
    assert row["window_end"] == pd.Timestamp(datetime(2026, 9, 11, tzinfo=UTC))
    write(case, Line("audit log", VICTIM, *DAY, "a road", "2026-09-12T00:00:00Z", COMPLETE))
    frame = case.frame("coverage")
    assert list(frame.state) == [COMPLETE]  # the newest line of the window
    assert pd.isna(frame.expected[0])


def test_it_is_written_to_a_file_and_listed(case: Case, tmp_path: Path) -> None:
    write(case, Line("audit log", VICTIM, *DAY, "=cmd()", DAY[1], PARTIAL))
    for name in ("c.csv", "c.xlsx", "c.jsonl", "c.parquet"):
        assert export(case, "coverage", tmp_path / name) == 1
    lines = (tmp_path / "c.csv").read_text("utf-8").splitlines()
    assert lines[0].split(",")[: len(COLUMNS)] == COLUMNS
    assert "'=cmd()" in lines[1]
    done = CliRunner().invoke(cli, ["tables", "--case", str(case.folder), "--json"])
    assert {"table": "coverage", "rows": 1, "first": None, "last": None} in json.loads(done.stdout)["tables"]


def test_a_second_pull_is_no_duplicate(room: Room) -> None:
    wanted = Profile("twice", (4,), twice=True, roads=(SearchLog, InteractiveSignIns))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    told = room.case.sql("SELECT * FROM coverage")
    assert (told.state == COMPLETE).any()
    assert told.received.sum() > 0
    assert list(told.received) == list(told.records + told.duplicates)
    assert told.duplicates.sum() < 5  # what the service itself gives twice
