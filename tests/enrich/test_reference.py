"""The data that is shipped: each with origin, licence and date, and nothing that may not be."""

from __future__ import annotations

import csv
import re
from datetime import date

import duckdb
import pytest

from tests.needs import ROOT
from toolkit import reference
from toolkit.tables import TABLES

FOLDER = ROOT / "toolkit" / "reference"
SHIPPED = sorted(
    p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")
)


def test_every_table_says_where_it_comes_from_and_when() -> None:
    assert sorted(reference.ORIGINS) == SHIPPED
    for name, (origin, day) in reference.ORIGINS.items():
        assert re.search(r"\b(MIT|CC BY 4\.0)\b", origin), name
        assert date(2025, 1, 1) < date.fromisoformat(day) < date(2100, 1, 1), name


def test_lists_of_others_are_not_shipped() -> None:
    others = {"first_party_apps", "huntress_rogueapps", "hosting_vpn_asns", "vpn_ipv4", "vpn_ipv6"}
    assert [p for p in ROOT.rglob("*") if p.is_file() and p.stem in others and ".git" not in p.parts] == []


def test_attribution_that_the_ip_data_asks_for_is_in_the_notice() -> None:
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert " ".join(reference.IP.split()) in notice
    assert "https://creativecommons.org/licenses/by/4.0/" in notice
    for licence in re.findall(r"licences/[\w.-]+\.txt", notice):
        assert (ROOT / licence).exists(), licence


@pytest.mark.parametrize("name", [n for n in SHIPPED if n.endswith(".csv")])
def test_every_csv_table_is_whole(name: str) -> None:
    with open(reference.path(name), encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert rows
    assert len(set(header)) == len(header)
    assert {len(r) for r in rows} == {len(header)}


@pytest.mark.parametrize("name", [n for n in SHIPPED if n.endswith(".parquet")])
def test_ip_ranges_are_whole_and_hardly_overlap(name: str) -> None:
    wide = "(first_high::UHUGEINT << 64) + first_low", "(last_high::UHUGEINT << 64) + last_low"
    first, last = ("first", "last") if "ipv4" in name else wide
    ranges = f"SELECT {first} AS a, {last} AS b FROM read_parquet('{reference.path(name)}')"
    found = duckdb.execute(
        f"""SELECT count(*), count(*) FILTER (b < a), count(*) FILTER (a <= before)
        FROM (SELECT a, b, lag(b) OVER (ORDER BY a, b) AS before FROM ({ranges}))"""
    ).fetchall()[0]
    assert found[0] > 10_000
    assert found[1] == 0
    # The registries' own files nest a few; a look-up takes the smallest that holds an address.
    assert found[2] < found[0] / 200


def test_the_schema_names_each_column_once_and_explains_it() -> None:
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert all(c.meaning and c.type for c in table.columns)
        assert set(table.tells) <= set(table.names)
