"""One case, several processes: loads wait for each other, readers wait for nobody."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

from tests.formats.exports import accounted, document, purview
from toolkit import open_case
from toolkit.case import Case
from toolkit.case.catalog import FileAccount

SPAWN = multiprocessing.get_context("spawn")


def load_all(folder: Path, paths: list[Path]) -> list[FileAccount]:
    case = open_case(folder)
    try:
        return [case.load(p).files[0] for p in paths]
    finally:
        case.close()


def overlapping(folder: Path, name: str, first: int, count: int) -> list[Path]:
    """Three exports, each of which repeats a part of the one before."""
    return [
        purview(
            folder / f"{name}{n}.csv", *[document(f"r{i}") for i in range(first + n * count, first + (n + 2) * count)]
        )
        for n in range(3)
    ]


def test_two_processes_loading_at_once_end_with_exact_accounting(tmp_path: Path) -> None:
    one, other = overlapping(tmp_path, "one", 0, 10), overlapping(tmp_path, "other", 25, 10)
    with SPAWN.Pool(2) as pool:
        jobs = [pool.apply_async(load_all, (tmp_path / "case", paths)) for paths in (one, other[::-1])]
        accounts = [accounted(a) for job in jobs for a in job.get(timeout=120)]
    case = open_case(tmp_path / "case")
    assert sum(a.read for a in accounts) == 120
    assert sum(a.rows for a in accounts) == case.count("audit") == 65
    assert case.frame("audit").row_id.is_unique
    assert case.verify() == []
    assert len(case.journal.entries("loaded")) == 6
    case.close()


def test_readers_see_whole_loads_only_while_a_writer_loads(case: Case, tmp_path: Path) -> None:
    files = [purview(tmp_path / f"{n}.csv", *[document(f"{n}-{i}") for i in range(50)]) for n in range(8)]
    writer = threading.Thread(target=case.load, args=(files,))
    seen = []
    reader = open_case(case.folder)
    writer.start()
    while writer.is_alive():
        seen.append(len(reader.frame("audit")))
        seen.append(case.sql("SELECT count(*) AS n FROM audit").n[0])
    writer.join()
    assert all(n % 50 == 0 for n in seen)
    assert len(reader.frame("audit")) == len(case.frame("audit")) == 400
    reader.close()


def test_a_table_asked_for_earlier_does_not_change_under_its_reader(case: Case, tmp_path: Path) -> None:
    case.load(purview(tmp_path / "1.csv", document("1")))
    frame = case.frame("audit")
    case.load(purview(tmp_path / "2.csv", document("2")))
    assert len(frame) == 1
    assert case.audit.count().execute() == 2
