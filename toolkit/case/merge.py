"""One row per record: how records that come again, fuller or different, become the rows that are seen.

For each record id and column the distinct values are collected. Where every column has at most one, the record
is one row, filled from all that was seen of it. Where a column has several, the records conflict: as many rows
are kept (`id`, `id~2`, …) as the column has values. The rows so made hold all values, so merging again, in any
order, comes to the same.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from toolkit import engine
from toolkit.case.stage import Staged
from toolkit.tables import Column, Table

KEYS = "row_id, record_id, file, position, partial, conflict"


def merged(table: Table, relation: str) -> str:
    """SELECT of the rows that the records of `relation` come to; its ids have all their records in it."""
    one_spelling = ", ".join(f"{_spelling(c)} AS {c.name}" for c in table.columns)
    values = ", ".join(
        f"list_sort(list(DISTINCT {c.name}) FILTER ({c.name} IS NOT NULL)) AS {c.name}" for c in table.columns
    )
    counts = ", ".join(f"len({c.name})" for c in table.columns)
    picked = ", ".join(f"coalesce({c.name}[k], {c.name}[1]) AS {c.name}" for c in table.columns)
    return f"""
WITH spelled AS (SELECT record_id, file, position, partial, {one_spelling} FROM {relation}),
grouped AS (
    SELECT record_id, min(struct_pack(f := file, p := position)) AS place, bool_and(partial) AS partial, {values}
    FROM spelled GROUP BY record_id),
counted AS (SELECT *, greatest(1, {counts}) AS n FROM grouped),
numbered AS (SELECT *, unnest(range(1, n + 1)) AS k FROM counted)
SELECT CASE WHEN k = 1 THEN record_id ELSE record_id || '~' || k END AS row_id, record_id,
    place.f AS file, place.p AS position, partial, n > 1 AS conflict, {picked}
FROM numbered"""


def _spelling(column: Column) -> str:
    """The column with one spelling for values that mean the same."""
    if column.kind == "name":
        return f"min({column.name}) OVER (PARTITION BY record_id, lower({column.name}))"
    if column.kind == "json":
        return f"min({column.name}) OVER (PARTITION BY record_id, same_json({column.name}))"
    if column.kind == "time":
        # Some exports cut the fraction of the second off.
        second = f"date_trunc('second', {column.name})"
        return f"max({column.name}) OVER (PARTITION BY record_id, {second})"
    return column.name


class Merging:
    """The rows of a file some of whose records come twice, or are in the case (`visible`) already."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, staged: Staged, visible: str, revision: int) -> None:
        self.connection, self.revision = connection, revision
        columns = ", ".join(staged.table.names)
        self._rows = f"{KEYS}, {columns}"
        record = f"record_id, file, position, partial, {columns}"
        says = f"row_id, record_id, partial, conflict, {columns}"
        repeated = (
            "SELECT record_id FROM arrived GROUP BY record_id HAVING count(*) > 1 UNION SELECT record_id FROM seen"
        )
        both = f"SELECT {record} FROM arrived SEMI JOIN repeated USING (record_id) UNION ALL SELECT {record} FROM seen"
        for name, query in {
            "arrived": f"SELECT {self._rows} FROM {staged.relation} WHERE {staged.good}",
            "seen": f"SELECT {self._rows} FROM ({visible}) SEMI JOIN arrived USING (record_id)",
            "repeated": repeated,
            "became": merged(staged.table, f"({both})"),
            # Only what says something else than before is written again; where it stands does not count.
            "changed": f"SELECT DISTINCT record_id FROM (SELECT {says} FROM became EXCEPT SELECT {says} FROM seen)",
        }.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def counts(self) -> tuple[int, int, int]:
        """Rows that are new, those of them that are partial, and records that are duplicates."""
        once, fresh = "arrived ANTI JOIN repeated USING (record_id)", "became ANTI JOIN seen USING (record_id)"
        arrived, rows, partial = engine.row(
            self.connection,
            f"""SELECT (SELECT count(*) FROM arrived),
                (SELECT count(*) FROM {once}) + (SELECT count(*) FROM became) - (SELECT count(*) FROM seen),
                (SELECT count(*) FROM {once} WHERE partial) + (SELECT count(*) FROM {fresh} WHERE partial)""",
        )
        return rows, partial, arrived - rows

    def write_new(self, target: Path) -> bool:
        """Rows of records that the case did not have; false if there are none."""
        return self._write(
            target,
            f"""SELECT {self._rows}, 0 AS _rev FROM arrived ANTI JOIN repeated USING (record_id)
            UNION ALL SELECT {self._rows}, 0 AS _rev FROM became ANTI JOIN seen USING (record_id) ORDER BY position""",
        )

    def write_changed(self, target: Path) -> bool:
        """Rows that replace earlier ones of the same record: filled, or in conflict now; false if there are none."""
        return self._write(
            target,
            f"""SELECT {self._rows}, {self.revision} AS _rev FROM became
            SEMI JOIN changed USING (record_id) SEMI JOIN seen USING (record_id) ORDER BY row_id""",
        )

    def write_positions(self, target: Path) -> bool:
        """Where the records that came again stand: the row itself names only the first place."""
        return self._write(
            target,
            "SELECT record_id, file, position FROM arrived SEMI JOIN repeated USING (record_id) ORDER BY position",
        )

    def _write(self, target: Path, query: str) -> bool:
        return bool(engine.row(self.connection, f"COPY ({query}) TO {engine.text(str(target))} (FORMAT parquet)")[0])
