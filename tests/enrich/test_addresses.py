"""Where addresses are and who announces them, from the tables that are shipped."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.formats.exports import document, purview, sign_in, written
from toolkit import reference
from toolkit.case import Case
from toolkit.enrich.addresses import addresses


def looked_up(case: Case) -> pd.DataFrame:
    return addresses(case).execute().set_index("ip_address")


def test_public_addresses_get_country_network_and_organisation(case: Case, tmp_path: Path) -> None:
    asked = ["8.8.8.8", "2001:4860:4860::8888", "[2001:4860:4860::8844]:443", "188.166.80.17:1", "37.120.200.44"]
    case.load(purview(tmp_path / "a.csv", *[document(f"a{n}", ClientIP=ip) for n, ip in enumerate(asked)]))
    found = looked_up(case)
    assert len(found) == 5
    google = found.loc["8.8.8.8"]
    assert (google.country, google.country_from, google.asn) == ("US", "registry", 15169)
    assert "google" in google.organisation.lower()
    assert found.loc["2001:4860:4860::8888"].asn == 15169
    assert found.loc["2001:4860:4860::8844"].country == "US"
    assert (found.loc["188.166.80.17"].asn, found.loc["37.120.200.44"].asn) == (14061, 9009)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "fe80::1", "fc00::1", "0.0.0.0", "192.0.2.1", "2001:db8::1",
     "255.255.255.255", "224.0.0.1"],
)  # fmt: skip
def test_addresses_of_nobody_are_nowhere(case: Case, tmp_path: Path, address: str) -> None:
    case.load(purview(tmp_path / "a.csv", document("a", ClientIP=address)))
    found = looked_up(case).loc[address]
    assert found[["country", "country_from", "asn", "organisation"]].isna().all(), found


def test_the_records_own_location_wins_and_the_network_is_still_named(case: Case, tmp_path: Path) -> None:
    case.load(written(tmp_path / "s.json", [sign_in("s", ipAddress="8.8.8.8", location={"countryOrRegion": "DE"})]))
    case.load(purview(tmp_path / "a.csv", document("a", ClientIP="8.8.8.8")))
    found = looked_up(case)
    assert len(found) == 1
    assert (found.country.iloc[0], found.country_from.iloc[0], found.asn.iloc[0]) == ("DE", "sign-in record", 15169)


def test_the_last_address_of_every_range_is_still_in_it_and_the_ends_hold(case: Case, tmp_path: Path) -> None:
    edges = ["1.0.0.0", "1.0.0.255", "223.255.255.255", "2001:200::", "2c0f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    case.load(purview(tmp_path / "a.csv", *[document(f"a{n}", ClientIP=ip) for n, ip in enumerate(edges)]))
    found = looked_up(case)
    assert found.loc["1.0.0.0"].asn == found.loc["1.0.0.255"].asn == 13335
    assert len(found) == 5


def test_of_ranges_inside_each_other_the_smallest_counts(case: Case, tmp_path: Path) -> None:
    told = {
        "2.58.197.14": "DE",
        "2.58.197.15": "BE",  # one address of a block of 512 in Germany
        "2.58.197.16": "DE",  # behind it the block goes on
        "3.2.35.40": "TR",  # two ranges of eight beside each other, inside a block of 64
        "3.2.35.48": "GR",
        "3.2.35.56": "DE",
    }
    records = [document(f"a{n}", ClientIP=address) for n, address in enumerate(told)]
    case.load(purview(tmp_path / "a.csv", *records))
    assert looked_up(case).country.to_dict() == told


@pytest.mark.parametrize("version", [4, 6])
def test_every_range_that_lies_in_another_is_found_at_both_its_ends_and_never_twice(
    case: Case, tmp_path: Path, version: int
) -> None:
    """Against the ranges gone through one by one: all that share addresses with others, and their neighbours."""
    made = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    ranges = _sharing(version)
    asked = {n for first, last, _ in ranges[::7] for n in (first - 1, first, last, last + 1)}
    told = {str(made(n)): _smallest(ranges, n) for n in asked if made(n).is_global}
    told = {address: countries for address, countries in told.items() if countries}
    records = [document(f"a{n}", ClientIP=address) for n, address in enumerate(told)]
    case.load(purview(tmp_path / "a.csv", *records))
    found = looked_up(case)
    assert len(found) == len(told) > 100
    assert {a: c for a, c in found.country.items() if c not in told[str(a)]} == {}


def _sharing(version: int) -> list[tuple[int, int, str]]:
    """All ranges that share addresses with another one."""
    wide = "(first_high::UHUGEINT << 64) + first_low", "(last_high::UHUGEINT << 64) + last_low"
    first, last = ("first", "last") if version == 4 else wide
    file = reference.path(f"ip/country-ipv{version}.parquet")
    query = f"SELECT ({first})::VARCHAR, ({last})::VARCHAR, country FROM read_parquet('{file}')"
    rows = sorted((int(a), int(b), c) for a, b, c in duckdb.execute(query).fetchall())
    sharing, reach, holder = set(), -1, None
    for row in rows:
        if row[0] <= reach:
            sharing |= {row, holder}
        if row[1] > reach:
            reach, holder = row[1], row
    return sorted(row for row in sharing if row)


def _smallest(ranges: list[tuple[int, int, str]], number: int) -> set[str]:
    """Countries of the smallest of these ranges that hold the number."""
    holding = [(last - first, country) for first, last, country in ranges if first <= number <= last]
    least = min((size for size, _ in holding), default=0)
    return {country for size, country in holding if size == least}


def test_a_case_without_addresses_has_none(case: Case, tmp_path: Path) -> None:
    assert looked_up(case).empty
    case.load(purview(tmp_path / "a.csv", document("a")))
    assert looked_up(case).empty
