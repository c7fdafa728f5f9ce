"""A source read into a scratch Parquet file, in the source's order, with what is wrong with each record beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit import engine
from toolkit.case.progress import watched
from toolkit.formats import normalise
from toolkit.formats.extract import Extraction
from toolkit.formats.json_records import repaired
from toolkit.formats.source import KEPT_OF_REJECTED, Reader, Rejected, Source
from toolkit.tables import Table

AMBIGUOUS = "its date may be month/day or day/month; say which with --date-order mdy or --date-order dmy"


@dataclass
class Staged:
    """The scratch file and its counts.

    `count` records; of them `problems` tell nothing, `partial` lost their document, `failed` have one that DuckDB
    refused, `dated` have a local-format date only, `undated` no time at all; `ids` distinct record ids.
    """

    source: Source
    extraction: Extraction
    path: Path
    count: int = 0
    problems: int = 0
    partial: int = 0
    failed: int = 0
    dated: int = 0
    undated: int = 0
    ids: int = 0
    untouched: bool = True  # just as it was read: can become a part of the table without being written again

    @property
    def table(self) -> Table:
        return self.extraction.table

    @property
    def relation(self) -> str:
        """The records, numbered."""
        found = f"read_parquet({engine.text(str(self.path))}, file_row_number = true)"
        rows = f"SELECT * REPLACE (coalesce(position, file_row_number + 1) AS position) FROM {found}"
        return f"(SELECT * EXCLUDE (file_row_number) FROM ({rows}))"

    @property
    def good(self) -> str:
        """The condition for records that become rows."""
        return "_problem IS NULL" + (" AND (_slash_date IS NULL OR time IS NOT NULL)" if self.dated else "")


@dataclass
class Staging:
    """Reads one evidence file; `records` (how many it has), `rejected` and `notes` fill on the way.

    `report`, where somebody wants to know, is told how much of the file DuckDB has read.
    """

    connection: duckdb.DuckDBPyConnection
    scratch: Path
    sha256: str
    date_order: str = ""
    report: Callable[[float], None] | None = None
    records: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def read(self, source: Source | None, reader: Reader) -> Staged:
        """All records of a source; without one, of the CSV that the reader has open: the fast way where DuckDB
        takes it, else row by row."""
        staged = self._stage(source) if source else self._read_csv(reader)
        if staged.partial and (lower_case := staged.source.format.lower_case):
            other = self._stage(replace(staged.source, format=lower_case))
            if other.partial < staged.partial:
                self.notes["the keys of its documents are in lower case"] += 1
                staged = other
        if staged.dated and not staged.extraction.date_order and (order := self._date_order(staged)):
            spelling = "month/day" if order == "mdy" else "day/month"
            self.notes[f"dates were read as {spelling}, as the file itself shows"] += 1
            staged = self._stage(staged.source, order=order)
        self.rejected = list(staged.source.rejected)
        if staged.failed:
            staged = self._with_repairs(staged)
        self.records = staged.count + len(self.rejected)
        if staged.problems or (staged.dated and not staged.extraction.date_order):
            self.rejected += self._set_aside(staged)
        staged.untouched = staged.untouched and not self.rejected
        return staged

    def _read_csv(self, reader: Reader) -> Staged:
        for long_lines in (False, True, True):
            try:
                return self._stage(reader.fast(long_lines=long_lines))
            except duckdb.Error:
                if long_lines and not reader.mend_encoding():
                    break
        self.notes["some lines are not valid CSV; the others were read one by one"] += 1
        return self._stage(reader.careful()[0])

    def _stage(self, source: Source, *, order: str = "") -> Staged:
        extraction = Extraction(source.format, source.columns, order or self.date_order)
        staged = Staged(source, extraction, self.scratch / f"staged{len(list(self.scratch.iterdir()))}.parquet")
        rows = extraction.select(source.relation, position=source.position)
        position, rest = ("position", "record_id, partial, position")
        if not source.position:
            position, rest = ("NULL::BIGINT AS position", "record_id, partial")
        query = f"""COPY (SELECT record_id AS row_id, record_id, {engine.text(self.sha256)} AS file, {position},
                partial, false AS conflict, NULL::INTEGER AS _rev, * EXCLUDE ({rest})
            FROM ({rows})) TO {engine.text(str(staged.path))} (FORMAT parquet)"""
        if self.report:
            watched(self.connection.cursor(), query, self.report)
        else:
            self.connection.execute(query)
        self._count(staged)
        return staged

    def _count(self, staged: Staged) -> None:
        time = "time" if "time" in staged.table.names else "now()"
        found = engine.row(
            self.connection,
            f"""SELECT count(*), count(_problem), count(*) FILTER (partial AND _problem IS NULL),
                count(*) FILTER (_document_failed), count(_slash_date),
                count(*) FILTER ({time} IS NULL AND _slash_date IS NULL AND _problem IS NULL),
                count(DISTINCT record_id)
            FROM read_parquet({engine.text(str(staged.path))})""",
        )
        staged.count, staged.problems, staged.partial, staged.failed, staged.dated, staged.undated, staged.ids = found

    def _date_order(self, staged: Staged) -> str:
        """Month first or day first, where the whole file shows one and not the other."""
        cell = staged.extraction.date_cell()
        first, second = (f"try_cast(split_part({cell}, '/', {n}) AS INTEGER)" for n in (1, 2))
        most_first, most_second = engine.row(
            self.connection,
            f"SELECT max({first}), max({second}) FROM ({staged.extraction.parsed(staged.source.relation)})"
            f" WHERE {normalise.is_slash_date(cell)}",
        )
        shown = {"dmy"} if (most_first or 0) > 12 else set()
        shown |= {"mdy"} if (most_second or 0) > 12 else set()
        shown |= self._order_by_documents(staged)
        return shown.pop() if len(shown) == 1 else ""

    def _order_by_documents(self, staged: Staged) -> set[str]:
        """What the other records show: their document's time beside the export's own date column."""
        cell, time = staged.extraction.date_cell(), staged.extraction.document_time()
        if not cell or not time:
            return set()
        records = staged.extraction.parsed(staged.source.relation)
        mdy, dmy = (normalise.slash_time(cell, order) for order in ("mdy", "dmy"))
        shown = set()
        for order, this, that in (("mdy", mdy, dmy), ("dmy", dmy, mdy)):
            both = f"SELECT {this} AS a, {that} AS b, {normalise.time(time)} AS t FROM ({records})"
            agree = "abs(epoch(a) - epoch(t)) < 1 AND coalesce(abs(epoch(b) - epoch(t)) >= 1, true)"
            if engine.row(self.connection, f"SELECT count(*) FROM ({both}) WHERE {agree}")[0]:
                shown.add(order)
        return shown

    def _with_repairs(self, staged: Staged) -> Staged:
        """The records whose document DuckDB refused, read once more with the document mended or left out."""
        source, extraction = staged.source, staged.extraction
        cursor = self.connection.execute(extraction.failed_documents(source.relation, position=source.position))
        assert cursor.description is not None
        names = [d[0] for d in cursor.description]
        document, number = names.index(extraction.document_column), names.index("position")
        mended, lost = [], []
        for row in cursor.fetchall():
            text, why = repaired(row[document])
            if text is None and source.format.container == "json":
                kept = row[document][:KEPT_OF_REJECTED]
                lost.append(Rejected(row[number], f"record {row[number]} {why}", kept))
                continue
            if text is not None:
                self.notes[f"a record {why}"] += 1
            mended.append([text if i == document else value for i, value in enumerate(row)])
        target = self.scratch / "mended.parquet"
        columns = list(zip(*mended, strict=True)) if mended else [()] * len(names)
        kinds = [pa.int64() if i == number else pa.string() for i in range(len(names))]
        arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)]
        pq.write_table(pa.table(arrays, names=names), target)
        again = Source(source.format, source.head, f"read_parquet({engine.text(str(target))})", position=True)
        second = self._stage(again, order=extraction.date_order)
        whole = Staged(source, extraction, self.scratch / "whole.parquet")
        self.connection.execute(
            f"""COPY (SELECT * FROM {staged.relation} WHERE NOT _document_failed
                UNION ALL BY NAME SELECT * FROM {second.relation})
            TO {engine.text(str(whole.path))} (FORMAT parquet)"""
        )
        self._count(whole)
        whole.untouched = False
        self.rejected += lost
        return whole

    def _set_aside(self, staged: Staged) -> list[Rejected]:
        """The records that do not become rows, with their reasons."""
        found = self.connection.execute(
            f"""SELECT position, coalesce(_problem, {engine.text(AMBIGUOUS)}), coalesce(_slash_date, '')
            FROM {staged.relation} WHERE NOT ({staged.good}) ORDER BY position"""
        ).fetchall()
        return [Rejected(position, f"record {position}: {why}", text) for position, why, text in found]
