"""An evidence file opened for reading: a relation that DuckDB can select records from.

The fast way for CSV is DuckDB's own reader, in parallel and out of core. Files it refuses, and all JSON, are read
record by record into a scratch Parquet file, where what is broken is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit import engine
from toolkit.errors import EvidenceError
from toolkit.formats import csv_rows, json_records
from toolkit.formats.containers import mend_encoding, plain_text
from toolkit.formats.format import Format, Head
from toolkit.formats.recognise import head_of, recognise, recognise_record, shown

Report = Callable[[str, float], None]  # what is being done, and how much of it is (0 to 1)
BATCH = 5_000
LONG_LINE = 256 << 20
KEPT_OF_REJECTED = 20_000  # characters


def silent(_what: str, _share: float) -> None:
    """A `Report` for when nobody asks."""


@dataclass(frozen=True)
class Rejected:
    """A record that could not be used: which of the file, why, and its beginning."""

    position: int
    reason: str
    text: str


@dataclass
class Source:
    """`relation` stands behind FROM; `position` says that it numbers its records, else their order does."""

    format: Format
    head: Head
    relation: str = ""
    position: bool = False
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Names of the CSV columns in the relation, each once."""
        names: list[str] = []
        for header in self.head.header:
            name, n = header or "column", 2
            while name.lower() in {x.lower() for x in names}:
                name, n = f"{header} ({n})", n + 1
            names.append(name)
        return names


class Reader:
    """Opens one evidence file. A CSV has one kind of record, a JSON file may have several, told for each record.

    `report` is told how much of the file has been read where that is done record by record.

    Raises:
        EvidenceError: the file is empty, no text, or no known export.
    """

    def __init__(self, evidence: Path, scratch: Path, report: Callable[[float], None] = lambda _share: None) -> None:
        self.scratch = scratch
        self.report = report
        self.text = plain_text(evidence, scratch)
        self.head = head_of(self.text.path)
        # Of a JSON file it is the first record's; the others may be of another.
        self.format = recognise(self.head)
        self._unchecked = True

    @property
    def has_fast_way(self) -> bool:
        return self.head.container == "csv"

    def mend_encoding(self) -> bool:
        """Read the file as Windows-1252 from now on if it is not UTF-8; false if there is nothing to mend."""
        if not self._unchecked:
            return False
        self._unchecked = False
        return mend_encoding(self.text, self.scratch)

    def fast(self, *, long_lines: bool = False) -> Source:
        """DuckDB's CSV reader, strict: the query fails if any row of the file is broken."""
        source = Source(self.format, self.head, notes=list(self.text.notes))
        columns = ", ".join(f"{engine.text(c)}: 'VARCHAR'" for c in source.columns)
        longest = f", max_line_size = {LONG_LINE}" if long_lines else ""
        source.relation = (
            f"read_csv({engine.text(str(self.text.path))}, auto_detect = false, header = true,"
            f" skip = {self.head.blank_lines},"
            f" delim = {engine.text(self.head.delimiter)}, quote = '\"', escape = '\"',"
            f" columns = {{{columns}}}{longest})"
        )
        return source

    def careful(self) -> list[Source]:
        """Record by record, into a scratch file for each kind of record; broken records are set aside."""
        self.mend_encoding()
        notes = list(self.text.notes)
        if self.has_fast_way:
            source = Source(self.format, self.head, notes=notes)
            sheets = _Sheets(self.scratch, ["position", *source.columns])
            for position, *cells in self._rows(source):
                sheets.add(self.format, position, cells)
            found = {self.format.name: source}
        else:
            sheets = _Sheets(self.scratch, ["position", "document"])
            found = self._records(sheets, notes)
        sheets.close()
        for name, source in found.items():
            source.relation, source.position = sheets.relation(name), True
        return list(found.values())

    def all_records(self) -> Source:
        """A JSON file's records of every kind, as they stand in the file."""
        sheets = _Sheets(self.scratch, ["position", "document"])
        for record in self._json(json_records.Pages()):
            if not record.problem:
                sheets.add(self.format, record.position, [record.text])
        sheets.close()
        return Source(self.format, self.head, sheets.relation(self.format.name), position=True)

    def _records(self, sheets: _Sheets, notes: list[str]) -> dict[str, Source]:
        pages = json_records.Pages()
        rejected: list[Rejected] = []
        found = {self.format.name: Source(self.format, self.head, rejected=rejected, notes=notes)}
        fmt: Format | None = self.format
        for record in self._json(pages):
            if record.value:
                fmt = recognise_record(record.value, pages.context)
            problem = record.problem
            if not problem and fmt is None:
                some = ", ".join(shown(key) for key in sorted(record.value)[:4])
                problem = f"is of a kind that the toolkit does not read (keys {some} …)"
            if problem or fmt is None:
                kept = record.text[:KEPT_OF_REJECTED]
                rejected.append(Rejected(record.position, f"record {record.position} {problem}", kept))
                continue
            found.setdefault(fmt.name, Source(fmt, self.head))
            sheets.add(fmt, record.position, [record.text])
        if pages.more:
            notes.append("it names a next page: load that too, or records are missing")
        return found

    def _json(self, pages: json_records.Pages) -> Iterator[json_records.Record]:
        size, read = max(self.text.path.stat().st_size, 1), 0
        with open(self.text.path, encoding="utf-8-sig", errors="replace", newline="") as file:
            for record in json_records.records(file, pages):
                read += len(record.text)
                if record.position % BATCH == 0:
                    self.report(min(read / size, 1.0))
                yield record

    def _rows(self, source: Source) -> Iterator[tuple[Any, ...]]:
        with open(self.text.path, encoding="utf-8-sig", errors="replace", newline="") as file:
            for _ in range(self.head.blank_lines + 1):
                next(file)
            found = csv_rows.rows(file, len(self.head.header), self.head.delimiter)
            for position, row in enumerate(found, 1):
                if row.problem:
                    kept = "".join(row.cells)[:KEPT_OF_REJECTED]
                    source.rejected.append(Rejected(position, f"line {row.line} {row.problem}", kept))
                else:
                    yield position, *row.cells


class _Sheets:
    """Scratch Parquet files, one for each kind of record: a number and texts."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder, self._names = folder, names
        self._schema = pa.schema([(n, pa.string() if i else pa.int64()) for i, n in enumerate(names)])
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}

    def add(self, fmt: Format, position: int, texts: Iterable[str]) -> None:
        waiting = self._waiting.setdefault(fmt.name, [])
        waiting.append((position, *map(json_records.writable, texts)))
        if len(waiting) >= BATCH:
            self._flush(fmt.name)

    def close(self) -> None:
        for name in list(self._waiting):
            self._flush(name)
        for writer in self._writers.values():
            writer.close()

    def relation(self, name: str) -> str:
        """What stands behind FROM; with no row where no such record came."""
        if name not in self._writers:
            columns = ", ".join(
                f"NULL::{'VARCHAR' if i else 'BIGINT'} AS {engine.name(n)}" for i, n in enumerate(self._names)
            )
            return f"(SELECT {columns} WHERE false)"
        return f"read_parquet({engine.text(str(self._path(name)))})"

    def _path(self, name: str) -> Path:
        return self._folder / f"records-{name}.parquet"

    def _flush(self, name: str) -> None:
        if not self._waiting[name]:
            return
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._path(name), self._schema, compression="snappy")
        columns = zip(*self._waiting[name], strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writers[name].write_batch(pa.record_batch(arrays, schema=self._schema))
        self._waiting[name] = []


__all__ = ["EvidenceError", "Reader", "Rejected", "Source"]
