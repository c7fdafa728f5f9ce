"""The record behind a row, as it stands in the evidence: read again from there when somebody asks."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from toolkit import engine
from toolkit.case.catalog import Catalog
from toolkit.errors import CaseDamaged
from toolkit.formats.source import Reader, Source


def records(
    connection: duckdb.DuckDBPyConnection, folder: Path, catalog: Catalog, table: str, row_ids: list[str]
) -> dict[str, str]:
    """`row_id` → the record's text. The first asking of a file writes its records into `raw/`; later ones are quick."""
    found = connection.execute(
        f"SELECT row_id, file, position FROM {table} WHERE row_id IN (SELECT unnest(?::VARCHAR[]))", [row_ids]
    ).fetchall()
    by_file: dict[str, dict[int, list[str]]] = {}
    for row_id, file, position in found:
        by_file.setdefault(file, {}).setdefault(position, []).append(row_id)
    texts: dict[str, str] = {}
    for file, rows in by_file.items():
        part = _part(connection, folder, catalog, file)
        hits = connection.execute(
            f"SELECT position, text FROM read_parquet({engine.text(str(part))})"
            " WHERE position IN (SELECT unnest(?::BIGINT[]))",
            [list(rows)],
        ).fetchall()
        texts |= {row_id: text for position, text in hits for row_id in rows[position]}
    return texts


def _part(connection: duckdb.DuckDBPyConnection, folder: Path, catalog: Catalog, file: str) -> Path:
    target = folder / "raw" / f"{file}.parquet"
    if target.exists():
        return target
    evidence = folder / "evidence" / catalog.files[file]["evidence"]
    if not evidence.exists():
        raise CaseDamaged(f"The evidence file {evidence.name} is gone from the case; its records cannot be shown.")
    target.parent.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="raw-", dir=folder / ".scratch"))
    try:
        reader = Reader(evidence, scratch)
        if not reader.has_fast_way:
            _write(connection, reader.all_records(), scratch / "raw.parquet")
        else:
            _write_csv(connection, reader, scratch / "raw.parquet")
        shutil.move(scratch / "raw.parquet", target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _write_csv(connection: duckdb.DuckDBPyConnection, reader: Reader, target: Path) -> None:
    for long_lines in (False, True):
        try:
            return _write(connection, reader.fast(long_lines=long_lines), target)
        except duckdb.Error:
            continue
    _write(connection, reader.careful()[0], target)


def _write(connection: duckdb.DuckDBPyConnection, source: Source, target: Path) -> None:
    if source.head.container == "json":
        text = "document"
    else:
        cells = ", ".join(f"{engine.name(c)} := {engine.name(c)}" for c in source.columns)
        text = f"to_json(struct_pack({cells}))::VARCHAR"
    position = "position" if source.position else "row_number() OVER () AS position"
    records = f"SELECT {position}, {text} AS text FROM {source.relation}"
    connection.execute(f"COPY ({records}) TO {engine.text(str(target))} (FORMAT parquet)")
