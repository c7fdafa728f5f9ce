"""What a table looks like now: all its parts as one relation, merged rows in place of those they replace."""

from __future__ import annotations

from pathlib import Path

from toolkit import engine
from toolkit.case.catalog import Catalog
from toolkit.case.merge import KEYS
from toolkit.tables import BOOKKEEPING, Table


def select(table: Table, catalog: Catalog, folder: Path) -> str:
    """SELECT of the table's visible rows: `row_id`, `record_id`, `file`, `position`, `partial`, `conflict`, columns."""
    parts = catalog.parts.get(table.name, [])
    columns = ", ".join(table.names)
    if not parts:
        types = ", ".join(f"NULL::{c.type} AS {c.name}" for c in (*BOOKKEEPING, *table.columns))
        return f"SELECT {types} WHERE false"
    # Where a part does not number its rows, they stand in the order of the evidence file.
    rows = f"""SELECT {KEYS.replace("position", "coalesce(position, file_row_number + 1) AS position")},
        coalesce(_rev, 0) AS _rev, {columns}
        FROM read_parquet({_files([p.path for p in parts], folder)}, union_by_name = true, file_row_number = true)"""
    merged = [p.path for p in parts if p.merged]
    if not merged:
        return f"SELECT {KEYS}, {columns} FROM ({rows})"
    newest = f"SELECT record_id, max(_rev) AS newest FROM read_parquet({_files(merged, folder)}) GROUP BY record_id"
    return f"""SELECT {KEYS}, {columns} FROM ({rows}) LEFT JOIN ({newest}) USING (record_id)
        WHERE _rev >= coalesce(newest, 0)"""


def _files(paths: list[str], folder: Path) -> str:
    return "[" + ", ".join(engine.text(str(folder / p)) for p in paths) + "]"
