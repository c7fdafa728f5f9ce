"""Loading one evidence file: from untouched bytes to visible rows, with every record accounted for."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit import engine
from toolkit.case import evidence, view
from toolkit.case.catalog import Catalog, FileAccount, Part, write_atomically
from toolkit.case.journal import Journal
from toolkit.case.merge import Merging
from toolkit.case.stage import Staged, Staging
from toolkit.errors import EvidenceError
from toolkit.formats import archives
from toolkit.formats.json_records import writable
from toolkit.formats.source import Reader, Rejected, Report, Source, silent

READER_VERSION = 2  # grows when a file already loaded would now be read differently
WATCH_ABOVE = 8 << 20  # bytes; of smaller files it is not asked how far DuckDB is


@dataclass
class Parts:
    """What loading a file wrote: `rows` of its table, records that came `again`; `on_top`: see `Merging.counts`."""

    rows: list[Part] = field(default_factory=list)
    again: list[Part] = field(default_factory=list)
    on_top: int = 0


@dataclass
class Loader:
    """Loads files into the case at `folder`. One loader at a time: the caller holds the case's write lock."""

    folder: Path
    journal: Journal
    connection: duckdb.DuckDBPyConnection
    date_order: str = ""
    report: Report = silent

    def load(self, path: Path, shown: str = "") -> list[FileAccount]:
        """Take in one file; whatever is wrong with it is in the accounts' notes, never an exception.

        A file with records of several tables has an account for each, an archive one for each file in it; `shown`
        is what the file is called where its path does not say.
        """
        account = FileAccount(shown or str(path), "", "", 0, 0, 0, 0, 0, "")
        try:
            copying = partial(self.report, f"Copying {Path(account.path).name}")
            kept, account.sha256 = evidence.take_in(path, self.folder / "evidence", copying)
        except EvidenceError as error:
            return [self._not_loaded(account, str(error))]
        known = Catalog.read(self.folder / "catalog.json").files.get(account.sha256)
        whole = self._forget_lost_parts(account.sha256)
        if known and whole and (known["reader"], known["date_order"]) == (READER_VERSION, self.date_order):
            return [_again(replace(account), before) for before in known["accounts"]]
        scratch = Path(tempfile.mkdtemp(prefix="load-", dir=_made(self.folder / ".scratch")))
        try:
            if not shown and archives.is_archive(kept):
                return self._load_archive(kept, scratch, account)
            return self._read(kept, scratch, account)
        except EvidenceError as error:
            return [self._not_loaded(account, str(error))]
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _load_archive(self, kept: Path, scratch: Path, archive: FileAccount) -> list[FileAccount]:
        self.journal.append("archive", path=archive.path, sha256=archive.sha256, bytes=kept.stat().st_size)
        accounts = []
        for member in archives.members(kept, scratch):
            shown = f"{archive.path}/{member.name}" if member.name else archive.path
            if member.path is None:
                accounts.append(self._not_loaded(replace(archive, path=shown, notes=[]), member.problem))
            else:
                accounts += self.load(member.path, shown)
        return accounts

    def _not_loaded(self, account: FileAccount, why: str) -> FileAccount:
        account.notes.append(f"{Path(account.path).name}: {why}.")
        if account.sha256:
            self.journal.append("not loaded", **account.to_dict())
        return account

    def _forget_lost_parts(self, sha256: str) -> bool:
        """Take the file's parts that are gone or damaged out of the catalog; false if there are any: read it anew."""
        catalog = Catalog.read(self.folder / "catalog.json")
        lost = {p.path for p in catalog.written if sha256 in p.path and not self._is_whole(p)}
        if lost:
            catalog.version += 1
            for kind in (catalog.parts, catalog.again):
                for table, found in kind.items():
                    kind[table] = [p for p in found if p.path not in lost]
            write_atomically(self.folder / "catalog.json", catalog.to_bytes())
        return not lost

    def _is_whole(self, part: Part) -> bool:
        path = self.folder / part.path
        return path.exists() and evidence.sha256_of(path) == part.sha256

    def _read(self, kept: Path, scratch: Path, blank: FileAccount) -> list[FileAccount]:
        reading = partial(self.report, f"Reading {Path(blank.path).name}")
        reader = Reader(kept, scratch, reading)
        sources: list[Source | None] = [None] if reader.has_fast_way else [*reader.careful()]
        loaded = []
        for number, source in enumerate(sources):
            fmt = source.format if source else reader.format
            account = replace(blank, format=fmt.name, table=fmt.table)
            own = _made(scratch / str(number))
            report = reading if kept.stat().st_size > WATCH_ABOVE else None
            staging = Staging(self.connection, own, account.sha256, self.date_order, report)
            staged = staging.read(source, reader)
            account.read, account.rejected = staging.records, len(staging.rejected)
            catalog = Catalog.read(self.folder / "catalog.json")
            parts = self._parts(staged, account, catalog, own)
            account.notes = _sentences(account, staged, staging, parts.on_top)
            loaded.append(account)
            whole = number + 1 == len(sources)
            self._publish(loaded, catalog, parts, staging.rejected, kept, whole=whole)
        return loaded

    def _parts(self, staged: Staged, account: FileAccount, catalog: Catalog, scratch: Path) -> Parts:
        """Write the file's rows as parts; fills `rows`, `partial` and `duplicates` of the account."""
        folder = _made(self.folder / "tables" / account.table)
        known = view.said(staged.table, catalog, self.folder)
        if staged.untouched and staged.ids == staged.count and not self._come_again(staged, known, catalog):
            account.rows, account.partial = staged.count, staged.partial
            return Parts([self._part(staged.path, folder / account.sha256)] if staged.count else [])
        visible = view.select(staged.table, catalog, self.folder)
        merging = Merging(self.connection, staged, known, visible, catalog.version + 1)
        account.rows, account.partial, account.duplicates, on_top = merging.counts()
        written, parts = scratch / "part.parquet", Parts(on_top=on_top)
        if merging.write_new(written):
            parts.rows.append(self._part(written, folder / account.sha256))
        if merging.write_changed(written):
            parts.rows.append(self._part(written, folder / f"{account.sha256}.merged", merged=True))
        if merging.write_again(written):
            folder = _made(self.folder / "positions" / account.table)
            parts.again.append(self._part(written, folder / account.sha256))
        return parts

    def _come_again(self, staged: Staged, known: str, catalog: Catalog) -> bool:
        """Some of the records are in the case already."""
        if not catalog.parts.get(staged.table.name):
            return False
        query = f"SELECT count(*) FROM {staged.relation} SEMI JOIN ({known}) USING (record_id)"
        return bool(engine.row(self.connection, query)[0])

    def _part(self, written: Path, place: Path, *, merged: bool = False) -> Part:
        target, n = place.with_name(f"{place.name}.parquet"), 2
        while target.exists():
            target, n = place.with_name(f"{place.name}.{n}.parquet"), n + 1
        rows = pq.ParquetFile(written).metadata.num_rows
        shutil.move(written, target)
        return Part(target.relative_to(self.folder).as_posix(), rows, evidence.sha256_of(target), merged)

    def _publish(
        self,
        accounts: list[FileAccount],
        catalog: Catalog,
        parts: Parts,
        rejected: list[Rejected],
        kept: Path,
        *,
        whole: bool,
    ) -> None:
        """Journal first, catalog second: nothing is visible that the journal does not know.

        The file counts as loaded with the last of its kinds of record: after a crash between two it is read anew.
        """
        account = accounts[-1]
        if rejected:
            rows = [{"position": r.position, "reason": r.reason, "text": writable(r.text)} for r in rejected]
            target = _made(self.folder / "rejected") / f"{account.sha256}-{account.format}.parquet"
            pq.write_table(pa.Table.from_pylist(rows), target)
        with open(kept, "rb") as file:
            os.fsync(file.fileno())
        size, hashes = kept.stat().st_size, {p.path: p.sha256 for p in (*parts.rows, *parts.again)}
        self.journal.append("loaded", **account.to_dict(), bytes=size, parts=hashes)
        catalog.version += 1
        for kind, new in ((catalog.parts, parts.rows), (catalog.again, parts.again)):
            if new:
                kind.setdefault(account.table, []).extend(new)
        if whole:
            catalog.files[account.sha256] = {
                "accounts": [a.to_dict() for a in accounts],
                "reader": READER_VERSION,
                "date_order": self.date_order,
                "evidence": kept.name,
            }
        write_atomically(self.folder / "catalog.json", catalog.to_bytes())


def _again(account: FileAccount, before: dict[str, Any]) -> FileAccount:
    """The account of a file that the case has already: all of it are duplicates."""
    for name in ("format", "table", "read", "rejected"):
        setattr(account, name, before[name])
    old, new = Path(before["path"]).name, Path(account.path).name
    account.notes = [new + note.removeprefix(old) for note in before["notes"]]
    account.duplicates = account.read - account.rejected
    return account


def _sentences(account: FileAccount, staged: Staged, staging: Staging, on_top: int) -> list[str]:
    said = list(staged.source.notes)
    said += [f"{note}{f' ({n} times)' if n > 1 else ''}" for note, n in staging.notes.items()]
    if account.partial:
        said.append(
            f"{account.partial} of the rows were kept from the export's own columns alone: "
            "their document is empty or cut"
        )
    if staged.undated:
        said.append(f"{staged.undated} of the rows carry no time; they are kept but not on the timeline")
    if staging.rejected:
        first = min(staging.rejected, key=lambda r: r.position)
        said.append(f"{account.rejected} of {account.read} records were rejected; the first: {first.reason}")
    if on_top:
        said.append(
            f"the case has {abs(on_top)} rows {'more' if on_top > 0 else 'less'} besides, since this file shows which "
            "of its records of the same id contradict each other"
        )
    if not account.read:
        said.append("it holds no records")
    return [f"{Path(account.path).name}: {sentence}." for sentence in said]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
