"""How text becomes a value of a column's kind, as DuckDB expressions.

Spellings that occur in real exports: see the tests beside each function's name in `tests/formats`.
"""

from __future__ import annotations

import csv
import ipaddress
import json
from functools import cache

import duckdb
from duckdb.sqltypes import VARCHAR

from toolkit import engine, reference

# Times outside are mistakes of a writer, not events.
USER_TYPES = {
    "Regular": 0, "Reserved": 1, "Admin": 2, "DcAdmin": 3, "System": 4, "Application": 5, "ServicePrincipal": 6,
    "CustomPolicy": 7, "SystemPolicy": 8, "PartnerTechnician": 9, "Guest": 10,
}  # fmt: skip
LOGON_TYPES = {"Owner": 0, "Admin": 1, "Delegated": 2, "Delegate": 2}
EARLIEST, LATEST = "1990-01-01", "2100-01-01"

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
SLASH_DATE = r"^\d{1,2}/\d{1,2}/\d{4}[ ,T]"


def filled(expression: str) -> str:
    """The trimmed text, or null where there is none."""
    return f"nullif(trim({expression}), '')"


def time(expression: str) -> str:
    """UTC from ISO spellings (any number of digits, blank or T, zone or none = UTC) and `/Date(ms)/`."""
    digits = rf"regexp_extract({expression}, '^\\?/Date\((-?\d{{1,15}})\)\\?/$', 1)"
    return (
        f"CASE WHEN substr({expression}, 5, 1) = '-'"
        f" THEN {within(f'try_cast({expression} AS TIMESTAMPTZ)')}"
        f" WHEN contains({expression}, '/Date(')"
        f" THEN {within(f'try(to_timestamp(try_cast({digits} AS BIGINT) / 1000.0))')} END"
    )


def slash_time(expression: str, order: str) -> str:
    """UTC from `9/20/2023 4:05:03 AM`, `20/9/2023 06:05:03 +02:00`, `4/28/2021, 2:54:37.000 PM`; `order` mdy or dmy."""
    day = "%m/%d/%Y" if order == "mdy" else "%d/%m/%Y"
    clocks = ("%I:%M:%S.%f %p", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f", "%H:%M:%S", "%H:%M")
    spellings = ", ".join(f"'{day} {clock} %z'" for clock in clocks)
    one_gap = rf"regexp_replace(trim({expression}), '^([0-9/]+)[ ,T]+', '\1 ')"
    micros = rf"regexp_replace({one_gap}, '(\.\d{{6}})\d+', '\1')"
    zoned = rf"regexp_replace({micros}, '\s*([+-]\d\d:?\d\d)$', ' \1')"
    utc = rf"regexp_replace({zoned}, '(:\d\d(?:\.\d+)?|[AaPp][Mm])\s*Z?$', '\1 +00:00')"
    canonical = f"CASE WHEN regexp_matches({zoned}, ' [+-][0-9:]+$') THEN {zoned} ELSE {utc} END"
    parsed = f"try_strptime({canonical}, [{spellings}])"
    return f"CASE WHEN {is_slash_date(expression)} THEN {within(f'{parsed}::TIMESTAMPTZ')} END"


def is_slash_date(expression: str) -> str:
    return f"(contains({expression}, '/') AND regexp_matches({expression}, '{SLASH_DATE}'))"


def within(moment: str) -> str:
    return f"CASE WHEN {moment} BETWEEN TIMESTAMPTZ '{EARLIEST}' AND TIMESTAMPTZ '{LATEST}' THEN {moment} END"


def ip(expression: str) -> str:
    """The bare address: no port, no brackets, no `::ffff:`; null for what is no address."""
    v4 = f"nullif(regexp_extract({expression}, '^\\[?(?:::[fF]{{4}}:)?({_V4})\\]?(?::\\d+)?$', 1), '')"
    return f"coalesce({v4}, CASE WHEN contains({expression}, ':') THEN nullif(bare_ipv6({expression}), '') END)"


def integer(expression: str) -> str:
    return f"coalesce(try_cast({expression} AS BIGINT), try_cast(try_cast({expression} AS DOUBLE) AS BIGINT))"


def boolean(expression: str) -> str:
    return (
        f"CASE WHEN lower({expression}) IN ('true', '1', 'yes') THEN true"
        f" WHEN lower({expression}) IN ('false', '0', 'no') THEN false END"
    )


def number(expression: str) -> str:
    """A finite number: `nan` and `inf` are words, not measurements."""
    return f"CASE WHEN isfinite(try_cast({expression} AS DOUBLE)) THEN try_cast({expression} AS DOUBLE) END"


def _enumeration(expression: str, names: dict[str, int]) -> str:
    """The number of an enumeration's member that came as a number or as a name."""
    cases = " ".join(f"WHEN {engine.text(name.lower())} THEN {number}" for name, number in names.items())
    return f"coalesce(try_cast({expression} AS BIGINT), CASE lower({expression}) {cases} END)"


@cache
def _record_types() -> dict[str, int]:
    with open(reference.path("ual_record_types.csv"), encoding="utf-8", newline="") as file:
        return {row["name"]: int(row["id"]) for row in csv.DictReader(file)}


def record_type(expression: str) -> str:
    return _enumeration(expression, _record_types())


def user_type(expression: str) -> str:
    return f"coalesce(({_enumeration(expression, USER_TYPES)})::VARCHAR, {expression})"


def logon_type(expression: str) -> str:
    return _enumeration(expression, LOGON_TYPES)


def plain(expression: str) -> str:
    return expression


KIND = {
    "text": plain,
    "name": plain,
    "json": plain,
    "ip": ip,
    "time": time,
    "int": integer,
    "float": number,
    "bool": boolean,
    "record_type": record_type,
    "user_type": user_type,
    "logon_type": logon_type,
}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection `bare_ipv6`, called for the few texts that may be IPv6 (one spelling per address), and
    `same_json`, called where records come again."""
    connection.create_function("same_json", same_json, [VARCHAR], VARCHAR)
    connection.create_function("bare_ipv6", bare_ipv6, [VARCHAR], VARCHAR)


def bare_ipv6(text: str) -> str:
    """`[2A01:110::5F1F]:36185` → `2a01:110::5f1f`; `[::ffff:10.11.12.13]:12345` → `10.11.12.13`; "" for no address.

    Not None: DuckDB fails the whole query when a function of ours returns a null.
    """
    bare = text[1 : text.index("]")] if text.startswith("[") and "]" in text else text
    try:
        address = ipaddress.IPv6Address(bare.split("%")[0])
    except ValueError:
        return ""
    return str(address.ipv4_mapped or address)


def same_json(text: str) -> str:
    """One spelling for JSON texts that mean the same: blanks and the order of keys do not count."""
    try:
        return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=True)
    except (ValueError, RecursionError):
        return text
