"""A table written to a file for other tools: CSV, JSON Lines or Parquet."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from toolkit import engine
from toolkit.case.case import Case
from toolkit.errors import UsageError
from toolkit.tables import BOOKKEEPING, TABLES

FORMATS = {".csv": "FORMAT csv, HEADER", ".jsonl": "FORMAT json", ".parquet": "FORMAT parquet"}
# A cell that begins so is run as a formula by spreadsheet programs; evidence is written by attackers.
FORMULA = "^[\\s\\x00]*[=+\\-@＝＋－＠|%]"


def export(case: Case, table: str, to: str | os.PathLike[str]) -> int:
    """Write a table by time; returns the number of rows. Times are UTC. CSV cells that a spreadsheet would run as
    a formula get a leading apostrophe.

    Raises:
        UsageError: no such table, or the file's ending is not .csv, .jsonl or .parquet, or it cannot be written.
    """
    target = Path(to).expanduser()
    options = FORMATS.get(target.suffix.lower())
    if options is None:
        raise UsageError(f"{target.name} ends in {target.suffix or 'nothing'}; it may end in {', '.join(FORMATS)}.")
    if table not in TABLES:
        raise UsageError(f"There is no table {table!r}; there are {', '.join(TABLES)}.")
    columns = ", ".join(
        _defused(c.name) if target.suffix.lower() == ".csv" and c.type == "VARCHAR" else c.name
        for c in (*BOOKKEEPING, *TABLES[table].columns)
    )
    order = "time, row_id" if "time" in TABLES[table].names else "row_id"
    scratch = target.with_name(f".{target.name}.part")
    try:
        case.connection().execute(
            f"COPY (SELECT {columns} FROM {table} ORDER BY {order}) TO {engine.text(str(scratch))} ({options})"
        )
        os.replace(scratch, target)
    except (duckdb.Error, OSError) as error:
        raise UsageError(f"{target} cannot be written: {str(error).splitlines()[0]}") from error
    return case.count(table)


def _defused(column: str) -> str:
    return f"CASE WHEN regexp_matches({column}, '{FORMULA}') THEN '''' || {column} ELSE {column} END AS {column}"
