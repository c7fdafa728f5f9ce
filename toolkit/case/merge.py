"""One row per record: how records that come again, fuller or different, become the rows that are seen.

For each record id and column the distinct values are collected. Where every column has at most one, the record
is one row, filled from all that was seen of it. Where a column has several, the records conflict: as many rows
are kept (`id`, `id~2`, …) as the column has values. The rows so made hold all values, so merging again, in any
order, comes to the same.
"""

from __future__ import annotations

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
        same = f"CASE WHEN json_valid({column.name}) THEN json({column.name})::VARCHAR ELSE {column.name} END"
        return f"min({column.name}) OVER (PARTITION BY record_id, {same})"
    return column.name
