"""Files that lack records say so themselves: by the indices that the service wrote, or by a count that is a cap."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import collect, open_case
from toolkit.case import Case
from toolkit.collect.files import file_gaps
from toolkit.collect.profile import Profile
from toolkit.collect.roads.search_log import SearchLog

HEADER = ["RecordType", "CreationDate", "UserIds", "Operations", "AuditData", "ResultIndex", "ResultCount", "Identity"]


def rows(indices: list[int], count: int, *, first: int = 0) -> list[list[object]]:
    found = []
    for number, index in enumerate(indices, first):
        identity = f"{number:08x}-0000-4000-8000-000000000000"
        record = {
            "Id": identity, "CreationTime": f"2026-09-10T08:{number // 60 % 60:02}:{number % 60:02}",
            "Operation": "Send", "UserId": "anna@contoso.com", "RecordType": 2, "Workload": "Exchange",
        }  # fmt: skip
        when = record["CreationTime"]
        found.append([2, when, "anna@contoso.com", "Send", json.dumps(record), index, count, identity])
    return found


def as_csv(path: Path, told: list[list[object]]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *told])
    return path


def as_json(path: Path, told: list[list[object]]) -> Path:
    path.write_text(json.dumps([dict(zip(HEADER, row, strict=True)) for row in told]), "utf-8")
    return path


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


@pytest.mark.parametrize("write", [as_csv, as_json])
def test_records_that_the_service_counted_and_the_file_lacks_are_named(
    case: Case, tmp_path: Path, write: object
) -> None:
    assert callable(write)
    case.load(write(tmp_path / "log.export", rows([1, 2, 3, 7, 8], 8)))
    (gap,) = file_gaps(case)
    assert (gap.file, gap.lacks) == ("log.export", 3)
    assert "3 of the 8 records that the service counted are not in it" in gap.sentence


def test_a_file_with_every_index_is_whole_even_if_its_count_is_a_cap(case: Case, tmp_path: Path) -> None:
    case.load(as_csv(tmp_path / "whole.csv", rows(list(range(1, 101)), 100)))
    assert file_gaps(case) == []


def test_two_searches_in_one_file_are_looked_at_by_themselves(case: Case, tmp_path: Path) -> None:
    told = rows([1, 2], 2) + rows([1, 3], 3, first=10)
    case.load(as_csv(tmp_path / "both.csv", told))
    assert [gap.lacks for gap in file_gaps(case)] == [1]


def test_two_days_with_as_many_records_each_are_two_searches(case: Case, tmp_path: Path) -> None:
    told = rows([1, 2, 3], 3) + rows([1], 3, first=10)
    case.load(as_csv(tmp_path / "days.csv", told))
    (gap,) = file_gaps(case)
    assert gap.lacks == 2
    assert "2 of the 6 records that the service counted" in gap.sentence


@pytest.mark.parametrize("second", [range(1, 51), range(51, 101)])
def test_two_halves_of_two_searches_are_no_whole(case: Case, tmp_path: Path, second: range) -> None:
    """Newest first, as the service gives them: of both searches a half, the second of a later day."""
    first, later = rows(list(range(1, 51))[::-1], 100), rows(list(second)[::-1], 100, first=200)
    case.load(as_csv(tmp_path / "halves.csv", [*first[::-1], *later[::-1]]))
    (gap,) = file_gaps(case)
    assert gap.lacks == 100


def test_a_page_that_came_twice_is_no_search_of_its_own(case: Case, tmp_path: Path) -> None:
    told = rows([1, 2, 3, 4], 4)
    case.load(as_json(tmp_path / "twice.json", [*told, *told[2:]]))
    assert file_gaps(case) == []


def test_a_file_that_was_sorted_since_is_counted_without_its_order(case: Case, tmp_path: Path) -> None:
    told = rows([1, 2, 3, 4, 5, 6], 6) + rows([1, 2, 3, 4, 6], 6, first=10)
    mixed = sorted(told, key=lambda row: str(row[7])[::-1] + str(row[5]), reverse=True)
    mixed = [mixed[(7 * n) % len(mixed)] for n in range(len(mixed))]
    case.load(as_csv(tmp_path / "sorted.csv", mixed))
    (gap,) = file_gaps(case)
    assert gap.lacks == 1


def test_a_search_that_broke_off_says_that_nobody_knows_how_many(case: Case, tmp_path: Path) -> None:
    case.load(as_csv(tmp_path / "broken.csv", [*rows([1, 2], 2), *rows([-1, -1], 0, first=10)]))
    (gap,) = file_gaps(case)
    assert "broke off" in gap.sentence
    assert gap.lacks is None


@pytest.mark.parametrize("number", [100, 5_000])
def test_a_count_that_is_a_cap_is_a_doubt_where_no_index_tells_more(case: Case, tmp_path: Path, number: int) -> None:
    case.load(as_csv(tmp_path / "cut.csv", [[*row[:5], "", "", row[7]] for row in rows([0] * number, 0)]))
    (gap,) = file_gaps(case)
    assert f"exactly {number:,} records" in gap.sentence
    assert "may be cut off" in gap.sentence
    assert gap.lacks is None


def test_a_portal_export_of_fifty_thousand_may_be_cut_off(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "portal.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData"])
        for row in rows([0] * 50_000, 0):
            writer.writerow([row[7], row[1], 2, "Send", "anna@contoso.com", row[4]])
    case.load(path)
    (gap,) = file_gaps(case)
    assert "exactly 50,000 records" in gap.sentence


def test_pages_that_a_collection_brought_are_left_to_the_ledger(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=Profile("week", (7,), twice=False, roads=(SearchLog,)))
    assert room.case.count("audit")
    assert file_gaps(room.case) == []
