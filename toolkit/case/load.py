"""Loading one evidence file: from untouched bytes to visible rows, with every record accounted for."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
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
from toolkit.formats.source import Reader, Rejected

READER_VERSION = 1  # grows when a file already loaded would now be read differently
WATCH_ABOVE = 8 << 20  # bytes; smaller files need no progress bar


@dataclass
class Loader:
    """Loads files into the case at `folder`. One loader at a time: the caller holds the case's write lock."""

    folder: Path
    journal: Journal
    connection: duckdb.DuckDBPyConnection
    date_order: str = ""

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
        whole = self._forget_lost_parts(catalog, account.sha256)
        if known and whole and (known["reader"], known["date_order"]) == (READER_VERSION, self.date_order):
            return _again(account, known["account"])
        scratch = Path(tempfile.mkdtemp(prefix="load-", dir=_made(self.folder / ".scratch")))
        try:
            self._read(kept, scratch, account, catalog)
        except EvidenceError as error:
            account.notes.append(f"{path.name}: {error}.")
            self.journal.append("not loaded", **account.to_dict())
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return account

    def _forget_lost_parts(self, catalog: Catalog, sha256: str) -> bool:
        """Take the file's parts that are gone from disk out of the catalog; false if there are any: read it anew."""
        lost = {
            part.path
            for parts in catalog.parts.values()
            for part in parts
            if sha256 in part.path and not (self.folder / part.path).exists()
        }
        for table, parts in catalog.parts.items():
            catalog.parts[table] = [p for p in parts if p.path not in lost]
        return not lost

    def _read(self, kept: Path, scratch: Path, account: FileAccount, catalog: Catalog) -> None:
        reader = Reader(kept, scratch)
        account.format, account.table = reader.format.name, reader.format.table
        staging = Staging(self.connection, scratch, account.sha256, self.date_order)
        staged = staging.read(reader, watch=kept.stat().st_size > WATCH_ABOVE)
        account.read, account.rejected = staging.records, len(staging.rejected)
        parts = self._parts(staged, account, catalog, scratch)
        account.notes = _sentences(account, staged, staging)
        self._publish(account, catalog, parts, staging.rejected, kept)

    def _parts(self, staged: Staged, account: FileAccount, catalog: Catalog, scratch: Path) -> list[Part]:
        """Write the file's rows as parts; fills `rows`, `partial` and `duplicates` of the account."""
        table = staged.table.name
        visible = view.select(staged.table, catalog, self.folder)
        if staged.untouched and staged.ids == staged.count and not self._come_again(staged, visible, catalog):
            account.rows, account.partial = staged.count, staged.partial
            return [self._part(staged.path, table, account.sha256, "")] if staged.count else []
        merging = Merging(self.connection, staged, visible, catalog.version + 1)
        account.rows, account.partial, account.duplicates = merging.counts()
        parts = []
        for suffix, write in (("", merging.write_new), (".merged", merging.write_changed)):
            target = scratch / f"part{suffix}.parquet"
            if write(target):
                parts.append(self._part(target, table, account.sha256, suffix))
        merging.write_positions(_made(self.folder / "positions" / table) / f"{account.sha256}.parquet")
        return parts

    def _come_again(self, staged: Staged, visible: str, catalog: Catalog) -> bool:
        """Some of the records are in the case already."""
        if not catalog.parts.get(staged.table.name):
            return False
        known = f"SELECT record_id FROM ({visible})"
        query = f"SELECT count(*) FROM {staged.relation} SEMI JOIN ({known}) USING (record_id)"
        return bool(engine.row(self.connection, query)[0])

    def _part(self, written: Path, table: str, sha256: str, suffix: str) -> Part:
        folder = _made(self.folder / "tables" / table)
        target, n = folder / f"{sha256}{suffix}.parquet", 2
        while target.exists():
            target, n = folder / f"{sha256}{suffix}.{n}.parquet", n + 1
        rows = pq.ParquetFile(written).metadata.num_rows
        shutil.move(written, target)
        relative = target.relative_to(self.folder).as_posix()
        return Part(relative, rows, evidence.sha256_of(target), merged=bool(suffix))

    def _publish(
        self, account: FileAccount, catalog: Catalog, parts: list[Part], rejected: list[Rejected], kept: Path
    ) -> None:
        """Journal first, catalog second: nothing is visible that the journal does not know."""
        if rejected:
            rows = [{"position": r.position, "reason": r.reason, "text": _utf8(r.text)} for r in rejected]
            pq.write_table(pa.Table.from_pylist(rows), _made(self.folder / "rejected") / f"{account.sha256}.parquet")
        with open(kept, "rb") as file:
            os.fsync(file.fileno())
        size, hashes = kept.stat().st_size, {p.path: p.sha256 for p in parts}
        self.journal.append("loaded", **account.to_dict(), bytes=size, parts=hashes)
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


def _again(account: FileAccount, before: dict[str, Any]) -> FileAccount:
    """The account of a file that the case has already: all of it are duplicates."""
    for name in ("format", "table", "read", "rejected"):
        setattr(account, name, before[name])
    old, new = Path(before["path"]).name, Path(account.path).name
    account.notes = [new + note.removeprefix(old) for note in before["notes"]]
    account.duplicates = account.read - account.rejected
    return account


def _sentences(account: FileAccount, staged: Staged, staging: Staging) -> list[str]:
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
    if not account.read:
        said.append("it holds no records")
    return [f"{Path(account.path).name}: {sentence}." for sentence in said]


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
