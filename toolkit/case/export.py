"""A table written to a file for other tools: CSV, JSON Lines, Parquet or XLSX."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import xlsxwriter
import xlsxwriter.exceptions

from toolkit import engine
from toolkit.case.case import Case
from toolkit.errors import UsageError
from toolkit.tables import BOOKKEEPING, TABLES

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
    target = Path(to).expanduser()
    kind = target.suffix.lower()
    if kind not in FORMATS:
        raise UsageError(f"{target.name} ends in {target.suffix or 'nothing'}; it may end in {', '.join(FORMATS)}.")
    if table not in TABLES:
        raise UsageError(f"There is no table {table!r}; there are {', '.join(TABLES)}.")
    if kind == ".xlsx" and case.count(table) > XLSX_ROWS:
        raise UsageError(
            f"{table} has {case.count(table):,} rows and a sheet holds {XLSX_ROWS:,}; write a .csv instead."
        )
    columns = ", ".join(
        _defused(c.name)
        if kind in (".csv", ".xlsx") and c.type == "VARCHAR"
        else f"strftime({c.name}::TIMESTAMP, '%Y-%m-%d %H:%M:%S') AS {c.name}"
        if kind == ".xlsx" and c.kind == "time"
        else c.name
        for c in (*BOOKKEEPING, *TABLES[table].columns)
    )
    order = "time, row_id" if "time" in TABLES[table].names else "row_id"
    query = f"SELECT {columns} FROM {table} ORDER BY {order}"
    scratch = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        if kind == ".xlsx":
            _write_sheet(case, query, table, scratch)
        else:
            case.connection().execute(f"COPY ({query}) TO {engine.text(str(scratch))} ({FORMATS[kind]})")
        os.replace(scratch, target)
    except (duckdb.Error, OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise UsageError(f"{target} cannot be written: {str(error).splitlines()[0]}") from error
    return case.count(table)


def _write_sheet(case: Case, query: str, table: str, target: Path) -> None:
    """One sheet, row by row. Nothing becomes a formula, a link or a number that was text."""
    plain = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    rows = case.connection().execute(query)
    assert rows.description is not None
    with xlsxwriter.Workbook(str(target), plain) as book:
        sheet = book.add_worksheet(table[:31])
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
