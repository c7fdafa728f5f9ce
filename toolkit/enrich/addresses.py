"""IP address → country and network, for the distinct addresses of a case.

Where an evidence record carries its own location (Entra sign-ins do), that one wins; the shipped tables fill what
is empty and name the network. A registry's country is not always the place of use. The class of a network
(hosting, vpn, tor) comes from `toolkit.enrich.networks`.
Source of the tables: `toolkit.reference.ORIGINS`.
"""

from __future__ import annotations

import ipaddress

import duckdb
import ibis.expr.types as ir
import pandas as pd

from toolkit import engine, reference
from toolkit.case import Case
from toolkit.enrich.networks import NetworkClasses, subnet

MICROSOFT_ASNS = (3598, 6584, 8068, 8069, 8070, 8071, 8072, 8073, 8074, 8075, 12076, 14719, 23468, 35106, 45139, 63314)
COLUMNS = ("ip_address", "country", "country_from", "asn", "organisation", "subnet", "network_class")


def addresses(case: Case) -> ir.Table:
    """One row for each distinct address in sign-ins and audit log.

    Columns: `ip_address`; `country` (ISO 3166-1 alpha-2) and `country_from` ("sign-in record" or "registry", null
    where unknown); `asn` and `organisation` of the network that announces it (null for private and unknown ones);
    `subnet` (its /24 or /64); `network_class` (hosting, vpn, tor or microsoft; null where that is not known).
    """
    connection = case.connection()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE _addresses AS SELECT ip_address, max(place) AS place, max(n) AS asn FROM (
            SELECT ip_address, arg_max(country, time) AS place, max(autonomous_system_number) AS n FROM signins
            WHERE ip_address IS NOT NULL GROUP BY ip_address
            UNION ALL SELECT DISTINCT ip_address, NULL, NULL FROM audit WHERE ip_address IS NOT NULL)
        GROUP BY ip_address"""
    )
    _number(connection)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE addresses AS
        SELECT ip_address, coalesce(place, looked.country) AS country,
            CASE WHEN place IS NOT NULL THEN 'sign-in record' WHEN looked.country IS NOT NULL THEN 'registry' END
                AS country_from,
            coalesce(looked.asn, _addresses.asn) AS asn, organisation
        FROM _addresses LEFT JOIN ({_looked_up(4)} UNION ALL {_looked_up(6)}) looked USING (ip_address)"""
    )
    _classify(connection, NetworkClasses.of(case.folder))
    return case.backend().table("addresses")


def _number(connection: duckdb.DuckDBPyConnection) -> None:
    """The addresses as numbers, for joins with the ranges."""
    found = [row[0] for row in connection.execute("SELECT ip_address FROM _addresses").fetchall()]
    parsed = [(text, address.version, str(int(address))) for text in found if (address := _public(text))]
    frame = pd.DataFrame(parsed, columns=["ip_address", "version", "n"]).astype(
        {"ip_address": "str", "version": "int64", "n": "str"}
    )
    connection.register("_numbers_frame", frame)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _numbers AS SELECT ip_address, version, n::UHUGEINT AS n FROM _numbers_frame"
    )
    connection.unregister("_numbers_frame")


def _classify(connection: duckdb.DuckDBPyConnection, classes: NetworkClasses) -> None:
    """Adds subnet and network class to each address."""
    rows = []
    for text, asn in connection.execute("SELECT ip_address, asn FROM addresses").fetchall():
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        said = "microsoft" if asn in MICROSOFT_ASNS else classes.of_address(address, asn) if classes.source else None
        rows.append((text, subnet(address), said or ""))
    frame = pd.DataFrame(rows, columns=["ip_address", "subnet", "network_class"]).astype("str")
    connection.register("_classes_frame", frame)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE addresses AS
        SELECT addresses.*, subnet, nullif(network_class, '') AS network_class
        FROM addresses LEFT JOIN _classes_frame USING (ip_address)"""
    ).fetchall()
    connection.unregister("_classes_frame")


def _public(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address if address.is_global else None


def _looked_up(version: int) -> str:
    return f"""SELECT ip_address, country, asn, organisation
        FROM (SELECT ip_address FROM _numbers WHERE version = {version})
        LEFT JOIN ({_smallest("country", version, "country")}) USING (ip_address)
        LEFT JOIN ({_smallest("asn", version, "asn, organisation")}) USING (ip_address)"""


def _smallest(kind: str, version: int, columns: str) -> str:
    """What the smallest range says that holds an address: the registries' own files nest some, and a few cross."""
    return f"""SELECT ip_address, {columns}
        FROM (SELECT ip_address, n FROM _numbers WHERE version = {version})
        JOIN ({_ranges(kind, version, columns)}) ON n BETWEEN range_first AND range_last
        QUALIFY row_number() OVER (
            PARTITION BY ip_address ORDER BY range_last - range_first, range_first DESC, {columns}) = 1"""


def _ranges(kind: str, version: int, columns: str) -> str:
    file = engine.text(str(reference.path(f"ip/{kind}-ipv{version}.parquet")))
    if version == 4:
        first, last = "first::UHUGEINT", "last::UHUGEINT"
    else:
        first, last = (f"({end}_high::UHUGEINT << 64) + {end}_low::UHUGEINT" for end in ("first", "last"))
    return f"SELECT {first} AS range_first, {last} AS range_last, {columns} FROM read_parquet({file})"
