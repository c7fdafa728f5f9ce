"""A case of very many events, written by the database itself in a few seconds: what a large tenant's export is."""

from __future__ import annotations

from pathlib import Path

import duckdb

COUNT = 1_000_000
OPERATIONS = ("MailItemsAccessed", "UserLoggedIn", "FileAccessed", "SoftDelete", "Send")
SECONDS_APART = 7


def write_many(path: Path, count: int = COUNT) -> None:
    """A Purview export of `count` short records, `SECONDS_APART` from each other, the operations in turn."""
    names = ", ".join(f"'{o}'" for o in OPERATIONS)
    duckdb.execute(
        f"""COPY (SELECT id AS RecordId, moment AS CreationDate, 50 AS RecordType, op AS Operation, who AS UserId,
            '{{"CreationTime":"' || moment || '","Id":"' || id || '","Operation":"' || op || '","UserId":"' || who
            || '","RecordType":50,"Workload":"Exchange","ClientIPAddress":"203.0.113.' || n % 250 || '"}}' AS AuditData,
            '' AS AssociatedAdminUnits, '' AS AssociatedAdminUnitsNames
        FROM (SELECT range AS n, printf('%08x-0000-4000-8000-000000000000', range) AS id,
            [{names}][range % {len(OPERATIONS)} + 1] AS op, 'user' || range % 50 || '@contoso.com' AS who,
            strftime(TIMESTAMP '2026-08-01' + to_seconds({SECONDS_APART} * range), '%Y-%m-%dT%H:%M:%S') AS moment
            FROM range({count}))) TO '{path}' (HEADER)"""
    )
