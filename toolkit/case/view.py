"""What a table looks like now: all its parts as one relation, merged rows in place of those they replace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from toolkit import engine
from toolkit.case.catalog import Catalog, Part
from toolkit.case.merge import KEYS
from toolkit.tables import BOOKKEEPING, Column, Table


def select(table: Table, catalog: Catalog, folder: Path) -> str:
    """SELECT of the table's visible rows: `row_id`, `record_id`, `file`, `position`, `partial`, `conflict`, columns."""
    parts = catalog.parts.get(table.name, [])
    columns = ", ".join(table.names)
    if not parts:
        return _nothing((*BOOKKEEPING, *table.columns))
    rows = f"SELECT {KEYS}, _rev, {columns} FROM ({_rows(table, parts, folder)})"
    merged = [p for p in parts if p.merged]
    if not merged:
        return f"SELECT {KEYS}, {columns} FROM ({rows})"
    newest = f"SELECT record_id, max(_rev) AS newest FROM read_parquet({_files(merged, folder)}) GROUP BY record_id"
    return f"""SELECT {KEYS}, {columns} FROM ({rows}) LEFT JOIN ({newest}) USING (record_id)
        WHERE _rev >= coalesce(newest, 0)"""


def said(table: Table, catalog: Catalog, folder: Path) -> str:
    """SELECT of all that records ever said, apart: `record_id`, `file`, `position`, `partial`, columns."""
    columns = f"record_id, file, position, partial, {', '.join(table.names)}"
    base = [p for p in catalog.parts.get(table.name, []) if not p.merged]
    again = catalog.again.get(table.name, [])
    found = []
    if base:
        found.append(f"SELECT {columns} FROM ({_rows(table, base, folder)})")
    if again:
        found.append(f"SELECT {columns} FROM ({_rows(table, again, folder)}) WHERE says")
    return " UNION ALL ".join(found) or _nothing((*BOOKKEEPING, *table.columns))


def places(table: Table, catalog: Catalog, folder: Path) -> str:
    """SELECT of every place where a record stands: `record_id`, `file`, `position`."""
    columns = "record_id, file, position"
    base = [p for p in catalog.parts.get(table.name, []) if not p.merged]
    again = catalog.again.get(table.name, [])
    found = [f"SELECT {columns} FROM ({_rows(table, base, folder)})"] if base else []
    if again:
        found.append(f"SELECT {columns} FROM read_parquet({_files(again, folder)})")
    return " UNION ALL ".join(found) or _nothing(BOOKKEEPING[1:4])


def _rows(table: Table, parts: Iterable[Part], folder: Path) -> str:
    """The rows of parts. Where a part does not number them, they stand in the order of the evidence file; a column
    that is younger than a part is empty there."""
    typed = _nothing((*BOOKKEEPING, Column("_rev", "int", ""), *table.columns))
    return f"""SELECT * REPLACE (coalesce(position, file_row_number + 1) AS position, coalesce(_rev, 0) AS _rev)
        FROM ({typed} UNION ALL BY NAME
        FROM read_parquet({_files(parts, folder)}, union_by_name = true, file_row_number = true))"""


def _nothing(columns: Iterable[Column]) -> str:
    return f"SELECT {', '.join(f'NULL::{c.type} AS {c.name}' for c in columns)} WHERE false"


def _files(parts: Iterable[Part], folder: Path) -> str:
    return "[" + ", ".join(engine.text(str(folder / p.path)) for p in parts) + "]"
