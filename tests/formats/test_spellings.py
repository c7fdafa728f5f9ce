"""How one thing is written in many ways: times, addresses, numbers; through DuckDB as in a load."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from toolkit.formats import normalise


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    normalise.register(connection)
    yield connection
    connection.close()


def value(database: duckdb.DuckDBPyConnection, expression: str, text: str | None) -> str | None:
    """What the expression over column `x` makes of a text, as text; once alone and once among others."""
    alone, among = (
        database.execute(f"SELECT ({expression})::VARCHAR FROM (SELECT unnest(?::VARCHAR[]) AS x)", [texts]).fetchall()
        for texts in ([text], [None, text, "", "anything"])
    )
    assert alone[0] == among[1]
    found: str | None = alone[0][0]
    return found


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-24T06:54:24.0000000Z ", "2026-01-24 06:54:24+00"),
        ("2024-10-18T14:54:36.3616847", "2024-10-18 14:54:36.361684+00"),
        ("2022-12-12 15:57:57", "2022-12-12 15:57:57+00"),
        ("2022-12-12T15:57:57Z", "2022-12-12 15:57:57+00"),
        ("2019-10-18T04:45:48.0729893-05:00", "2019-10-18 09:45:48.072989+00"),
        ("2021-04-28T14:08:45.2213421+00:00", "2021-04-28 14:08:45.221342+00"),
        ("\\/Date(1728344797000)\\/", "2024-10-07 23:46:37+00"),
        ("/Date(1658751973240)/", "2022-07-25 12:26:13.24+00"),
        ("2026-01-24", "2026-01-24 00:00:00+00"),
    ],
)
def test_a_time_that_says_what_it_means_is_read_as_utc(
    database: duckdb.DuckDBPyConnection, text: str, utc: str
) -> None:
    assert value(database, normalise.time("x"), text) == utc


@pytest.mark.parametrize(
    "text",
    [None, "", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z", "2024-13-01T00:00:00Z", "/Date(x)/",
     "/Date(99999999999999999999)/", "2024-02-30 10:00:00", "3/12/2025 7:22:01 AM"],
)  # fmt: skip
def test_what_is_no_time_or_could_mean_two_becomes_null(database: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert value(database, normalise.time("x"), text) is None


@pytest.mark.parametrize(
    "text",
    [
        "9/20/2023 4:05:03 AM",
        "09/20/2023 04:05:03 AM",
        "9/20/2023 4:05:03",
        "09/20/2023 04:05:03",
        "9/20/2023, 4:05:03 AM",
        "9/20/2023, 4:05:03.000 AM",
        "9/20/2023T04:05:03",
        "9/20/2023 4:05:03.0000000",
        "9/20/2023 4:05:03Z",
        "9/20/2023 5:05:03 +01:00",
        "9/20/2023 6:05:03 AM +02:00",
        "9/20/2023 06:05:03+0200",
        "9/20/2023 06:05:03.000 +02:00",
    ],
)
def test_one_instant_in_local_spellings_is_one_instant(database: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(database, normalise.slash_time("x", "mdy"), text) == "2023-09-20 04:05:03+00"
    day_first = text.replace("9/20", "20/9").replace("020/9", "20/09")
    assert value(database, normalise.slash_time("x", "dmy"), day_first) == "2023-09-20 04:05:03+00"
    assert value(database, normalise.slash_time("x", "dmy"), text) is None


def test_noon_and_midnight_and_milliseconds_of_a_twelve_hour_clock(database: duckdb.DuckDBPyConnection) -> None:
    read = normalise.slash_time("x", "mdy")
    assert value(database, read, "4/28/2021, 2:54:37.120 PM") == "2021-04-28 14:54:37.12+00"
    assert value(database, read, "4/28/2021 12:00:00 AM") == "2021-04-28 00:00:00+00"
    assert value(database, read, "4/28/2021 12:00:00 PM") == "2021-04-28 12:00:00+00"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("80.114.221.214:52378", "80.114.221.214"),
        ("80.114.221.214", "80.114.221.214"),
        ("[2a01:110::5f1f]:36185", "2a01:110::5f1f"),
        ("2A01:0110:0000::5F1F", "2a01:110::5f1f"),
        ("::1", "::1"),
        ("::ffff:10.11.12.13", "10.11.12.13"),
        ("[::ffff:10.11.12.13]:12345", "10.11.12.13"),
        ("[10.11.12.13]:12345", "10.11.12.13"),
        ("::ffff:a0b:c0d", "10.11.12.13"),
        ("0.0.0.0", "0.0.0.0"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_bare_and_has_one_spelling(database: duckdb.DuckDBPyConnection, text: str, bare: str) -> None:
    assert value(database, normalise.ip("x"), text) == bare


@pytest.mark.parametrize(
    "text",
    [None, "", "localhost:12345", "host.local:12345", "<null>", "NOTANIPV4 (10.9000.0.1)", "10.9000.0.1", "256.1.1.1",
     "dead:beef", "[x]:1", "[", ":", "::ffff:999.1.1.1", "1.2.3.4:port", "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_what_is_no_address_becomes_null(database: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert value(database, normalise.ip("x"), text) is None


@pytest.mark.parametrize(
    ("kind", "text", "read"),
    [
        ("int", "2", "2"),
        ("int", "50126", "50126"),
        ("int", "14061.0", "14061"),
        ("int", "many", None),
        ("float", "37.5", "37.5"),
        ("float", "nan", None),
        ("float", "inf", None),
        ("bool", "True", "true"),
        ("bool", "FALSE", "false"),
        ("bool", "1", "true"),
        ("bool", "perhaps", None),
        ("bool", None, None),
    ],
)
def test_numbers_and_truth_written_as_text_are_read(
    database: duckdb.DuckDBPyConnection, kind: str, text: str | None, read: str | None
) -> None:
    assert value(database, normalise.KIND[kind]("x"), text) == read
