"""An evidence file opened for reading: a relation that DuckDB can select records from.

The fast way for CSV is DuckDB's own reader, in parallel and out of core. Files it refuses, and all JSON, are read
record by record into a scratch Parquet file, where what is broken is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit import engine
from toolkit.errors import EvidenceError
from toolkit.formats import csv_rows, json_records
from toolkit.formats.containers import mend_encoding, plain_text
from toolkit.formats.format import Format, Head
from toolkit.formats.recognise import head_of, recognise

BATCH = 5_000
LONG_LINE = 256 << 20
KEPT_OF_REJECTED = 20_000  # characters


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
    """Opens one evidence file; `fast()` first, `careful()` where DuckDB refuses the file.

    Raises:
        EvidenceError: the file is empty, no text, or no known export.
    """

    def __init__(self, evidence: Path, scratch: Path) -> None:
        self.scratch = scratch
        self.text = plain_text(evidence, scratch)
        self.head = head_of(self.text.path)
        self.format = recognise(self.head)
        self._unchecked = True

    @property
    def has_fast_way(self) -> bool:
        return self.format.container == "csv"

    def mend_encoding(self) -> bool:
        """Read the file as Windows-1252 from now on if it is not UTF-8; false if there is nothing to mend."""
        if not self._unchecked:
            return False
        self._unchecked = False
        return mend_encoding(self.text, self.scratch)

    def _source(self) -> Source:
        return Source(self.format, self.head, notes=list(self.text.notes))

    def fast(self, *, long_lines: bool = False) -> Source:
        """DuckDB's CSV reader, strict: the query fails if any row of the file is broken."""
        source = self._source()
        columns = ", ".join(f"{engine.text(c)}: 'VARCHAR'" for c in source.columns)
        longest = f", max_line_size = {LONG_LINE}" if long_lines else ""
        source.relation = (
            f"read_csv({engine.text(str(self.text.path))}, auto_detect = false, header = true,"
            f" skip = {self.head.blank_lines},"
            f" delim = {engine.text(self.head.delimiter)}, quote = '\"', escape = '\"',"
            f" columns = {{{columns}}}{longest})"
        )
        return source

    def careful(self) -> Source:
        """Record by record, into a scratch file; broken records are set aside."""
        self.mend_encoding()
        source = self._source()
        target = self.scratch / "records.parquet"
        if self.format.container == "json":
            names, records = ["position", "document"], self._json(source)
        else:
            names, records = ["position", *source.columns], self._csv(source)
        _write(target, names, records)
        source.relation = f"read_parquet({engine.text(str(target))})"
        source.position = True
        return source

    def _json(self, source: Source) -> Iterator[tuple[object, ...]]:
        with open(self.text.path, encoding="utf-8-sig", errors="replace", newline="") as file:
            text = file.read()
        pages = json_records.Pages()
        for record in json_records.records(text, pages):
            if record.problem:
                kept = record.text[:KEPT_OF_REJECTED]
                source.rejected.append(Rejected(record.position, f"record {record.position} {record.problem}", kept))
            else:
                yield record.position, record.text
        if pages.more:
            source.notes.append("it names a next page: load that too, or records are missing")

    def _csv(self, source: Source) -> Iterator[tuple[object, ...]]:
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


def _write(target: Path, names: list[str], records: Iterable[tuple[object, ...]]) -> None:
    kinds = [pa.int64(), *[pa.string()] * (len(names) - 1)]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    iterator = iter(records)
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        while batch := list(islice(iterator, BATCH)):
            columns = [
                pa.array([_clean(v) for v in c], k) for c, k in zip(zip(*batch, strict=True), kinds, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _clean(value: object) -> object:
    return json_records.writable(value) if isinstance(value, str) else value


__all__ = ["EvidenceError", "Reader", "Rejected", "Source"]
