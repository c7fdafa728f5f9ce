"""A table written to a file for other tools: CSV, JSON Lines, Parquet or XLSX."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pandas as pd
import xlsxwriter
import xlsxwriter.exceptions

from toolkit import engine
from toolkit.case.case import Case
from toolkit.errors import UsageError
from toolkit.tables import BOOKKEEPING, DERIVED, TABLES, Column

FORMATS = {".csv": "FORMAT csv, HEADER", ".jsonl": "FORMAT json", ".parquet": "FORMAT parquet", ".xlsx": ""}
# A cell that begins so is run as a formula by spreadsheet programs; evidence is written by attackers.
FORMULA = "^[\\s\\x00]*[=+\\-@＝＋－＠|%]"
# Excel's limits; what does not fit is cut and said so.
XLSX_ROWS, XLSX_CELL = 1_048_575, 32_767
BATCH = 10_000


def export(case: Case, table: str, to: str | os.PathLike[str]) -> int:
    """Write a table by time; returns the number of rows. Times are UTC. CSV and XLSX cells that a spreadsheet
    would run as a formula get a leading apostrophe.

    Raises:
        UsageError: no such table, the file's ending is not .csv, .jsonl, .parquet or .xlsx, the table has more
            rows than a sheet, or the file cannot be written.
    """
    target = _target(to)
    if table not in TABLES and table not in DERIVED:
        raise UsageError(f"There is no table {table!r}; there are {', '.join([*TABLES, *DERIVED])}.")
    columns = {c.name: "TIMESTAMP WITH TIME ZONE" if c.kind == "time" else c.type for c in _columns_of(table)}
    order = "ALL" if table in DERIVED else "time, row_id" if "time" in TABLES[table].names else "row_id"
    count = case.count(table)
    _write(case.connection(), columns, f"{table} ORDER BY {order}", count, target, table)
    return count


def write_frame(frame: pd.DataFrame, to: str | os.PathLike[str], *, sheet: str) -> int:
    """Write a DataFrame as it stands, in the same way; `sheet` is what the table is called.

    Raises:
        UsageError: as for `export`.
    """
    target = _target(to)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("frame", frame)
        columns = {str(d[0]): str(d[1]) for d in connection.execute("DESCRIBE frame").fetchall()}
        _write(connection, columns, "frame", len(frame), target, sheet)
    return len(frame)


def _columns_of(table: str) -> list[Column]:
    return list(DERIVED[table].columns) if table in DERIVED else [*BOOKKEEPING, *TABLES[table].columns]


def _target(to: str | os.PathLike[str]) -> Path:
    target = Path(to).expanduser()
    if target.suffix.lower() not in FORMATS:
        raise UsageError(f"{target.name} ends in {target.suffix or 'nothing'}; it may end in {', '.join(FORMATS)}.")
    return target


def _write(
    connection: duckdb.DuckDBPyConnection, columns: dict[str, str], rows: str, count: int, target: Path, title: str
) -> None:
    """Write `rows` (what follows FROM) to a scratch file beside the target, then put it in its place."""
    kind = target.suffix.lower()
    if kind == ".xlsx" and count > XLSX_ROWS:
        raise UsageError(f"{title} has {count:,} rows and a sheet holds {XLSX_ROWS:,}; write a .csv instead.")
    shown = ", ".join(
        _defused(engine.name(name))
        if kind in (".csv", ".xlsx") and type_ == "VARCHAR"
        else f"strftime({engine.name(name)}::TIMESTAMP, '%Y-%m-%d %H:%M:%S') AS {engine.name(name)}"
        if kind == ".xlsx" and type_ == "TIMESTAMP WITH TIME ZONE"
        else engine.name(name)
        for name, type_ in columns.items()
    )
    query = f"SELECT {shown} FROM {rows}"
    scratch = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        if kind == ".xlsx":
            _write_sheet(connection.execute(query), title, scratch)
        else:
            connection.execute(f"COPY ({query}) TO {engine.text(str(scratch))} ({FORMATS[kind]})")
        os.replace(scratch, target)
    except (duckdb.Error, OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise UsageError(f"{target} cannot be written: {str(error).splitlines()[0]}") from error


def _write_sheet(rows: duckdb.DuckDBPyConnection, title: str, target: Path) -> None:
    """One sheet, row by row. Nothing becomes a formula, a link or a number that was text."""
    plain = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    assert rows.description is not None
    with xlsxwriter.Workbook(str(target), plain) as book:
        sheet = book.add_worksheet(title[:31])
        sheet.write_row(0, 0, [d[0] for d in rows.description])
        sheet.freeze_panes(1, 0)
        number = 1
        while batch := rows.fetchmany(BATCH):
            for row in batch:
                sheet.write_row(number, 0, [_cell(value) for value in row])
                number += 1


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    # Control characters are not allowed in XML.
    text = "".join(c if c.isprintable() or c in "\n\t" else "·" for c in text)
    return text if len(text) <= XLSX_CELL else text[: XLSX_CELL - 7] + " …(cut)"


def _defused(column: str) -> str:
    return f"CASE WHEN regexp_matches({column}, '{FORMULA}') THEN '''' || {column} ELSE {column} END AS {column}"
