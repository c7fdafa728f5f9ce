"""Loading one evidence file: from untouched bytes to visible rows, with every record accounted for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit import engine
from toolkit.case import evidence, merge, view
from toolkit.case.catalog import Catalog, FileAccount, Part, write_atomically
from toolkit.case.journal import Journal
from toolkit.case.progress import watched
from toolkit.errors import EvidenceError
from toolkit.formats import normalise
from toolkit.formats.extract import Extraction
from toolkit.formats.json_records import repaired
from toolkit.formats.source import KEPT_OF_REJECTED, Reader, Rejected, Source
from toolkit.tables import Table

READER_VERSION = 1  # grows when a file already loaded would now be read differently
WATCH_ABOVE = 8 << 20  # bytes; smaller files need no progress bar
AMBIGUOUS = "its date may be month/day or day/month; say which with --date-order mdy or --date-order dmy"


@dataclass
class _Staged:
    """A source read into a scratch Parquet file, in the source's order."""

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

    @property
    def relation(self) -> str:
        found = f"read_parquet({engine.text(str(self.path))}, file_row_number = true)"
        return f"(SELECT * REPLACE (coalesce(position, file_row_number + 1) AS position) FROM {found})"


@dataclass
class Loader:
    """Loads files into the case at `folder`. One loader at a time: the caller holds the case's write lock."""

    folder: Path
    journal: Journal
    connection: duckdb.DuckDBPyConnection
    date_order: str = ""
    _notes: Counter[str] = field(default_factory=Counter)

    def load(self, path: Path) -> FileAccount:
        """Take in one file; whatever is wrong with it is in the account's notes, never an exception."""
        account = FileAccount(str(path), "", "", 0, 0, 0, 0, 0, "")
        try:
            kept, account.sha256 = evidence.take_in(path, self.folder / "evidence")
        except EvidenceError as error:
            account.notes.append(f"{path.name}: {error}.")
            return account
        catalog = Catalog.read(self.folder / "catalog.json")
        known = catalog.files.get(account.sha256)
        if known and (known["reader"], known["date_order"]) == (READER_VERSION, self.date_order):
            return self._again(account, known)
        scratch = Path(tempfile.mkdtemp(prefix="load-", dir=_made(self.folder / ".scratch")))
        try:
            self._read(kept, scratch, account, catalog)
        except EvidenceError as error:
            account.notes.append(f"{path.name}: {error}.")
            self.journal.append("not loaded", **account.to_dict())
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return account

    def _again(self, account: FileAccount, known: dict[str, Any]) -> FileAccount:
        before = known["account"]
        for name in ("format", "table", "read", "rejected", "notes"):
            setattr(account, name, before[name])
        account.duplicates = account.read - account.rejected
        return account

    def _read(self, kept: Path, scratch: Path, account: FileAccount, catalog: Catalog) -> None:
        self._notes.clear()
        reader = Reader(kept, scratch)
        account.format, account.table = reader.format.name, reader.format.table
        staged = self._staged(reader, scratch, account.sha256, kept.stat().st_size > WATCH_ABOVE)
        if staged.dated and not staged.extraction.date_order:
            staged = self._with_date_order(reader, staged, scratch, account.sha256)
        rejected = list(staged.source.rejected)
        clean = staged.path
        if staged.failed:
            staged, more = self._with_repairs(staged, scratch, account.sha256)
            rejected += more
        if staged.problems or (staged.dated and not staged.extraction.date_order):
            rejected += self._set_aside(staged, {r.position for r in rejected})
        account.read = staged.count + len(staged.source.rejected)
        account.rejected = len(rejected)
        parts = self._parts(staged, account, catalog, scratch, untouched=staged.path == clean and not rejected)
        account.notes = self._sentences(account, staged, rejected)
        self._publish(account, catalog, parts, rejected, kept)

    def _staged(self, reader: Reader, scratch: Path, sha256: str, watch: bool) -> _Staged:
        """Read the source the fast way, and where DuckDB refuses it, carefully."""
        if reader.has_fast_way:
            for long_lines in (False, True):
                try:
                    return self._stage(reader.fast(long_lines=long_lines), scratch, sha256, watch)
                except duckdb.Error:
                    continue
        source = reader.careful()
        if reader.has_fast_way:
            self._notes["some lines are not valid CSV; the others were read one by one"] += 1
        return self._stage(source, scratch, sha256, watch)

    def _stage(self, source: Source, scratch: Path, sha256: str, watch: bool = False, order: str = "") -> _Staged:
        extraction = Extraction(source.format, source.columns, order or self.date_order)
        staged = _Staged(source, extraction, scratch / f"staged{len(list(scratch.iterdir()))}.parquet")
        rows = extraction.select(source.relation, position=source.position)
        position = "position" if source.position else "NULL::BIGINT AS position"
        query = f"""COPY (SELECT record_id AS row_id, record_id, {engine.text(sha256)} AS file, {position},
            partial, false AS conflict, NULL::INTEGER AS _rev, * EXCLUDE (record_id, partial {", position" if source.position else ""})
            FROM ({rows})) TO {engine.text(str(staged.path))} (FORMAT parquet)"""
        if watch:
            cursor = self.connection.cursor()
            watched("reading", lambda: cursor.execute(query) and None, cursor.query_progress, cursor.interrupt)
        else:
            self.connection.execute(query)
        self._count(staged)
        return staged

    def _count(self, staged: _Staged) -> None:
        time = "time" if "time" in staged.extraction.table.names else "now()"
        found = self.connection.execute(
            f"""SELECT count(*), count(_problem), count(*) FILTER (partial AND _problem IS NULL),
            count(*) FILTER (_document_failed), count(_slash_date),
            count(*) FILTER ({time} IS NULL AND _slash_date IS NULL AND _problem IS NULL), count(DISTINCT record_id)
            FROM read_parquet({engine.text(str(staged.path))})"""
        ).fetchone()
        assert found is not None
        staged.count, staged.problems, staged.partial, staged.failed, staged.dated, staged.undated, staged.ids = found

    def _with_date_order(self, reader: Reader, staged: _Staged, scratch: Path, sha256: str) -> _Staged:
        """Decide month-first or day-first over the whole file, and read it again once that is known."""
        order = self._date_order(staged)
        if not order:
            return staged
        self._notes[
            f"dates were read as {'month/day' if order == 'mdy' else 'day/month'}, as the file itself shows"
        ] += 1
        return self._stage(staged.source, scratch, sha256, order=order)

    def _date_order(self, staged: _Staged) -> str:
        first, second = (f"try_cast(split_part(_slash_date, '/', {n}) AS INTEGER)" for n in (1, 2))
        found = self.connection.execute(
            f"SELECT max({first}), max({second}) FROM read_parquet({engine.text(str(staged.path))})"
        ).fetchone()
        most_first, most_second = found or (0, 0)
        shown = {"dmy"} if (most_first or 0) > 12 else set()
        shown |= {"mdy"} if (most_second or 0) > 12 else set()
        shown |= self._order_by_documents(staged)
        return shown.pop() if len(shown) == 1 else ""

    def _order_by_documents(self, staged: _Staged) -> set[str]:
        """What the other rows show: their document's time beside the export's own date column."""
        cell, time = staged.extraction.date_cell(), staged.extraction.document_time()
        if not cell or not time:
            return set()
        shown = set()
        for order in ("mdy", "dmy"):
            other = "dmy" if order == "mdy" else "mdy"
            this, that = (normalise.slash_time(cell, o) for o in (order, other))
            query = staged.extraction.parsed(staged.source.relation)
            found = self.connection.execute(
                f"SELECT count(*) FROM (SELECT {this} AS a, {that} AS b, {normalise.time(time)} AS t FROM ({query}))"
                " WHERE abs(epoch(a) - epoch(t)) < 1 AND coalesce(abs(epoch(b) - epoch(t)) >= 1, true)"
            ).fetchone()
            if found and found[0]:
                shown.add(order)
        return shown

    def _with_repairs(self, staged: _Staged, scratch: Path, sha256: str) -> tuple[_Staged, list[Rejected]]:
        """Records whose document DuckDB refused, read once more with the document mended or left out."""
        source = staged.source
        cursor = self.connection.execute(staged.extraction.failed_documents(source.relation, position=source.position))
        assert cursor.description is not None
        names = [d[0] for d in cursor.description]
        document = names.index(staged.extraction.document_column)
        number = names.index("position")
        mended, rejected = [], []
        for row in cursor.fetchall():
            text, why = repaired(row[document])
            if text is None and source.format.container == "json":
                rejected.append(Rejected(row[number], f"record {row[number]} {why}", row[document][:KEPT_OF_REJECTED]))
                continue
            if text is not None or "surrogate" in why:
                self._notes[f"a record {why}"] += 1
            mended.append([text if i == document else value for i, value in enumerate(row)])
        target = scratch / "mended.parquet"
        columns = list(zip(*mended, strict=True)) if mended else [()] * len(names)
        pq.write_table(
            pa.table(
                {
                    n: pa.array(c, pa.int64() if i == number else pa.string())
                    for i, (n, c) in enumerate(zip(names, columns, strict=True))
                }
            ),
            target,
        )
        again = Source(source.format, source.head, f"read_parquet({engine.text(str(target))})", position=True)
        second = self._stage(again, scratch, sha256, order=staged.extraction.date_order)
        whole = _Staged(source, staged.extraction, scratch / "whole.parquet")
        self.connection.execute(
            f"""COPY (SELECT * EXCLUDE (file_row_number) FROM {staged.relation} WHERE NOT _document_failed
            UNION ALL BY NAME SELECT * EXCLUDE (file_row_number) FROM {second.relation})
            TO {engine.text(str(whole.path))} (FORMAT parquet)"""
        )
        self._count(whole)
        whole.count += len(rejected)
        return whole, rejected

    def _set_aside(self, staged: _Staged, already: set[int]) -> list[Rejected]:
        ambiguous = "_slash_date IS NOT NULL AND time IS NULL" if staged.dated else "false"
        found = self.connection.execute(
            f"""SELECT position, coalesce(_problem, {engine.text(AMBIGUOUS)}), coalesce(_slash_date, '')
            FROM {staged.relation} WHERE _problem IS NOT NULL OR ({ambiguous}) ORDER BY position"""
        ).fetchall()
        return [Rejected(p, f"record {p}: {why}", text) for p, why, text in found if p not in already]

    def _parts(
        self, staged: _Staged, account: FileAccount, catalog: Catalog, scratch: Path, *, untouched: bool
    ) -> list[Part]:
        """Write the file's rows as parts; fills `rows`, `partial` and `duplicates` of the account."""
        table = staged.extraction.table
        visible = view.select(table, catalog, self.folder)
        known = catalog.parts.get(table.name, [])
        again = self._ids_again(staged, visible) if known else 0
        if untouched and not again and staged.ids == staged.count:
            account.rows, account.partial = staged.count, staged.partial
            return [self._part(staged.path, table, account.sha256, staged.count)] if staged.count else []
        return _Merging(self, staged, account, table, visible, scratch).parts()

    def _ids_again(self, staged: _Staged, visible: str) -> int:
        found = self.connection.execute(
            f"SELECT count(*) FROM {staged.relation} SEMI JOIN (SELECT record_id FROM ({visible})) USING (record_id)"
        ).fetchone()
        return int(found[0]) if found else 0

    def _part(self, scratch: Path, table: Table, sha256: str, rows: int, suffix: str = "") -> Part:
        folder = _made(self.folder / "tables" / table.name)
        target = folder / f"{sha256}{suffix}.parquet"
        n = 2
        while target.exists():
            target, n = folder / f"{sha256}{suffix}.{n}.parquet", n + 1
        shutil.move(scratch, target)
        relative = target.relative_to(self.folder).as_posix()
        return Part(relative, rows, evidence.sha256_of(target), merged=bool(suffix))

    def _sentences(self, account: FileAccount, staged: _Staged, rejected: list[Rejected]) -> list[str]:
        name = Path(account.path).name
        said = [f"{name}: {note}." for note in staged.source.notes]
        said += [f"{name}: {note}{f' ({n} times)' if n > 1 else ''}." for note, n in self._notes.items()]
        if account.partial:
            said.append(
                f"{name}: {account.partial} of the rows were kept from the export's own columns alone: "
                "their document is empty or cut."
            )
        if staged.undated:
            said.append(f"{name}: {staged.undated} of the rows carry no time; they are kept but not on the timeline.")
        if rejected:
            first = min(rejected, key=lambda r: r.position)
            said.append(f"{name}: {len(rejected)} of {account.read} records were rejected; the first: {first.reason}.")
        if not account.read:
            said.append(f"{name}: it holds no records.")
        return said

    def _publish(
        self, account: FileAccount, catalog: Catalog, parts: list[Part], rejected: Iterable[Rejected], kept: Path
    ) -> None:
        """Journal first, catalog second: nothing is visible that the journal does not know."""
        rejected = list(rejected)
        if rejected:
            rows = [
                {"position": r.position, "reason": r.reason, "text": r.text.encode("utf-8", "replace").decode()}
                for r in rejected
            ]
            pq.write_table(pa.Table.from_pylist(rows), _made(self.folder / "rejected") / f"{account.sha256}.parquet")
        with open(kept, "rb") as file:
            os.fsync(file.fileno())
        self.journal.append(
            "loaded", **account.to_dict(), bytes=kept.stat().st_size, parts={p.path: p.sha256 for p in parts}
        )
        catalog.version += 1
        if parts:
            catalog.parts.setdefault(account.table, []).extend(parts)
        catalog.files[account.sha256] = {
            "account": account.to_dict(),
            "reader": READER_VERSION,
            "date_order": self.date_order,
            "evidence": kept.name,
        }
        write_atomically(self.folder / "catalog.json", catalog.to_bytes())


@dataclass
class _Merging:
    """The rows of a file some of whose records come twice, or are in the case already."""

    loader: Loader
    staged: _Staged
    account: FileAccount
    table: Table
    visible: str
    scratch: Path

    def parts(self) -> list[Part]:
        run = self.loader.connection.execute
        good = "_problem IS NULL" + (" AND (_slash_date IS NULL OR time IS NOT NULL)" if self.staged.dated else "")
        columns = ", ".join(self.table.names)
        run(f"""CREATE OR REPLACE TEMP TABLE arrived AS
            SELECT {merge.KEYS}, {columns} FROM {self.staged.relation} WHERE {good}""")
        run(
            f"CREATE OR REPLACE TEMP TABLE seen AS SELECT {merge.KEYS}, {columns} FROM ({self.visible}) "
            "SEMI JOIN arrived USING (record_id)"
        )
        run("""CREATE OR REPLACE TEMP TABLE repeated AS
            SELECT record_id FROM arrived GROUP BY record_id HAVING count(*) > 1
            UNION SELECT record_id FROM seen""")
        both = (
            f"(SELECT record_id, file, position, partial, {columns} FROM arrived SEMI JOIN repeated USING (record_id)"
            f" UNION ALL SELECT record_id, file, position, partial, {columns} FROM seen)"
        )
        run(f"CREATE OR REPLACE TEMP TABLE became AS {merge.merged(self.table, both)}")
        # Only what is not as it was before is written again; place does not count, only what the row says.
        same = f"row_id, record_id, partial, conflict, {columns}"
        run(f"""CREATE OR REPLACE TEMP TABLE changed AS SELECT DISTINCT record_id FROM (
            SELECT {same} FROM became EXCEPT SELECT {same} FROM seen)""")
        fresh = self._write(
            "",
            f"""
            SELECT {merge.KEYS}, {columns} FROM arrived ANTI JOIN repeated USING (record_id)
            UNION ALL SELECT {merge.KEYS}, {columns} FROM became ANTI JOIN seen USING (record_id)""",
            0,
        )
        again = self._write(
            ".merged",
            f"""SELECT {merge.KEYS}, {columns} FROM became
            SEMI JOIN changed USING (record_id) SEMI JOIN seen USING (record_id)""",
            Catalog.read(self.loader.folder / "catalog.json").version + 1,
        )
        self._account()
        self._positions()
        return [p for p in (fresh, again) if p]

    def _write(self, suffix: str, query: str, rev: int) -> Part | None:
        target = self.scratch / f"part{suffix}.parquet"
        order = "record_id" if suffix else "position"
        self.loader.connection.execute(
            f"COPY (SELECT *, {rev} AS _rev FROM ({query}) ORDER BY {order}) TO {engine.text(str(target))} (FORMAT parquet)"
        )
        rows = pq.ParquetFile(target).metadata.num_rows
        return self.loader._part(target, self.table, self.account.sha256, rows, suffix) if rows else None

    def _account(self) -> None:
        found = self.loader.connection.execute(
            """SELECT (SELECT count(*) FROM arrived),
            (SELECT count(*) FROM arrived ANTI JOIN repeated USING (record_id)) + (SELECT count(*) FROM became)
                - (SELECT count(*) FROM seen),
            (SELECT count(*) FROM arrived ANTI JOIN repeated USING (record_id) WHERE partial)
                + (SELECT count(*) FROM became ANTI JOIN seen USING (record_id) WHERE partial)"""
        ).fetchone()
        assert found is not None
        arrived, self.account.rows, self.account.partial = found
        self.account.duplicates = arrived - self.account.rows

    def _positions(self) -> None:
        """The places of records that came again: the row itself names only the first."""
        target = _made(self.loader.folder / "positions" / self.table.name) / f"{self.account.sha256}.parquet"
        self.loader.connection.execute(
            f"""COPY (SELECT record_id, file, position FROM arrived SEMI JOIN repeated USING (record_id)
            ORDER BY position) TO {engine.text(str(target))} (FORMAT parquet)"""
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
