"""The case itself: opening it, what it is about, and the rooms inside its folder."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pandas as pd
from filelock import FileLock, Timeout

from toolkit import engine
from toolkit.case import raw, view
from toolkit.case.catalog import Catalog, FileAccount, write_atomically
from toolkit.case.coverage import coverage
from toolkit.case.journal import Clock, Journal, system_clock
from toolkit.case.load import Loader
from toolkit.case.progress import Bars
from toolkit.errors import CaseBusy, CaseDamaged, CaseNotFound, UsageError
from toolkit.formats import normalise
from toolkit.formats.source import Report
from toolkit.tables import COVERAGE, DERIVED, TABLES

LAYOUT = 1
LOCK_SECONDS = 120
_GUID = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
_TENANTS = {
    "audit": ("tenant_id",),
    "signins": ("tenant_id", "CASE WHEN home_tenant_id = resource_tenant_id THEN resource_tenant_id END"),
    "secure_scores": ("tenant_id",),
}


@dataclass(frozen=True)
class Loading:
    """What loading came to: one account for each file, and the journal's head afterwards."""

    files: list[FileAccount]
    head: str

    def to_dict(self) -> dict[str, Any]:
        return {"files": [f.to_dict() for f in self.files], "head": self.head}

    def to_frame(self) -> pd.DataFrame:
        """One row a file: path, format, table, read, rows, partial, duplicates, rejected, sha256, notes."""
        names = list(FileAccount.__dataclass_fields__)
        return pd.DataFrame([f.to_dict() for f in self.files], columns=names)


class Case:
    """One investigation, in one folder that several notebooks and the command line may have open at once.

    `folder` is the case's place, `journal` its chained record, `practice` true for a case of the practice
    tenant, `clock` the time that windows and ledgers count from. The tables are lazy Ibis tables: `case.audit`,
    `case.signins`, `case.secure_scores`, `case.secure_score_controls`; `case.frame("audit")` is pandas.
    """

    def __init__(self, folder: Path, about: dict[str, Any], clock: Clock = system_clock) -> None:
        self.folder = folder
        self.about = about
        self.clock = clock
        self.journal = Journal(folder / "journal.jsonl", clock)
        self._lock = threading.RLock()
        self._root = engine.connect(folder / ".scratch")
        normalise.register(self._root)
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"<Case {self.name} in {self.folder}>"

    @property
    def name(self) -> str:
        return str(self.about["name"])

    @property
    def practice(self) -> bool:
        return bool(self.about.get("practice", False))

    @property
    def tenant_ids(self) -> list[str]:
        """The tenant ids that the evidence names (lower case, sorted); empty where none does."""
        cursor = self.connection()
        queries = [f"SELECT lower({c}) AS id FROM {t}" for t, columns in _TENANTS.items() for c in columns]
        found = cursor.execute(
            f"SELECT DISTINCT id FROM ({' UNION ALL '.join(queries)}) WHERE regexp_matches(id, '{_GUID}') ORDER BY id"
        )
        return [row[0] for row in found.fetchall()]

    def load(
        self,
        *paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        date_order: str = "",
        report: Report | None = None,
    ) -> Loading:
        """Take in evidence files (folders are walked); bad files are in the accounts, not exceptions.

        `date_order` ("mdy" or "dmy") settles local-format dates that the file itself does not. `report` is told what
        is being done and how much of it is (0 to 1); without it, bars are drawn in a notebook's cell or a terminal.

        Raises:
            UsageError: no path, or `date_order` is something else.
            CaseBusy: another process has been loading into this case for two minutes.
        """
        if date_order not in ("", "mdy", "dmy"):
            raise UsageError(f"date_order is {date_order!r}; it may be mdy or dmy.")
        files = [f for p in _flat(paths) for f in _files(p)]
        if not files:
            raise UsageError("There is nothing to load: name at least one file, or a folder that holds some.")
        try:
            with FileLock(self.folder / "catalog.lock", timeout=LOCK_SECONDS), Bars() as bars:
                loader = Loader(self.folder, self.journal, self._root.cursor(), date_order, report or bars)
                accounts = [account for f in files for account in loader.load(f)]
        except Timeout as error:
            raise CaseBusy(f"Another process is loading into {self.folder}; try again.") from error
        return Loading(accounts, self.journal.head)

    def table(self, name: str) -> ir.Table:
        """The lazy table, as it is now. Columns: `toolkit.tables`.

        Raises:
            UsageError: there is no table of that name.
        """
        if name in DERIVED:
            raise UsageError(f"{name} is made when it is asked for: use case.frame({name!r}), or case.sql.")
        if name not in TABLES:
            raise UsageError(f"There is no table {name!r}; there are {', '.join(TABLES)}.")
        backend, tables = self.backend(), self._local.tables
        if name not in tables:
            tables[name] = backend.table(name)
        found: ir.Table = tables[name]
        return found

    @property
    def signins(self) -> ir.Table:
        return self.table("signins")

    @property
    def audit(self) -> ir.Table:
        return self.table("audit")

    @property
    def secure_scores(self) -> ir.Table:
        return self.table("secure_scores")

    @property
    def secure_score_controls(self) -> ir.Table:
        return self.table("secure_score_controls")

    def frame(self, name: str) -> pd.DataFrame:
        """A whole table as a pandas DataFrame, by time; times are `datetime64[us, UTC]`."""
        if name in DERIVED:
            return self.sql(f"SELECT * FROM {name} ORDER BY ALL")
        order = "time" if "time" in TABLES[name].names else "record_id"
        return self.sql(f"SELECT * FROM {name} ORDER BY {order}, row_id")

    def sql(self, query: str) -> pd.DataFrame:
        """What a SELECT over the tables gives, as pandas. It cannot change the case.

        Raises:
            UsageError: the query is not one SELECT, or not one DuckDB understands; the text says where.
        """
        connection = self.connection()
        if COVERAGE.name in query.lower():
            self.renew_coverage()
        try:
            # DuckDB can write any file of this machine (COPY … TO), so nothing but SELECT is let through.
            if [s.type for s in connection.extract_statements(query)] != [duckdb.StatementType.SELECT]:
                raise UsageError("case.sql runs one SELECT and nothing else; a case is changed by loading evidence.")
            return connection.execute(query).df()
        except duckdb.Error as error:
            raise UsageError(f"The query cannot be run: {error}") from error

    def renew_coverage(self) -> None:
        """Make the table `coverage` of this thread's connection anew, of what the journal says now."""
        self.connection().register(COVERAGE.name, coverage(self.journal))

    def count(self, name: str) -> int:
        """How many rows a table has."""
        if name in DERIVED:
            self.renew_coverage()
        return int(self.connection().execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])

    def raw(self, row_ids: Iterable[str], table: str) -> dict[str, str]:
        """The records behind rows, as they stand in the evidence: `row_id` → text."""
        return raw.records(self.connection(), self.folder, self.catalog, table, list(row_ids))

    def positions(self, table: str) -> pd.DataFrame:
        """Every place where a table's records stand: `record_id`, `file` (SHA-256), `position` (from 1).

        A record that came several times has several places; its row names only the first.
        """
        found = view.places(TABLES[table], self.catalog, self.folder)
        return self.connection().execute(f"{found} ORDER BY record_id, file, position").df()

    def rejected(self) -> pd.DataFrame:
        """Every record that was set aside: `file` (SHA-256), `position` (from 1), `reason`, `text` (its beginning)."""
        files = sorted((self.folder / "rejected").glob("*.parquet"))
        if not files:
            return pd.DataFrame(columns=["file", "position", "reason", "text"])
        listed = ", ".join(engine.text(str(f)) for f in files)
        name = "regexp_extract(filename, '([0-9a-f]{64})[^/\\\\]*$', 1)"
        query = f"SELECT {name} AS file, position, reason, text FROM read_parquet([{listed}], filename = true)"
        return self.connection().execute(f"{query} ORDER BY file, position").df()

    @property
    def evidence_state(self) -> str:
        """A text that changes whenever evidence is loaded, by whichever process."""
        file = self.folder / "catalog.json"
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""

    @property
    def catalog(self) -> Catalog:
        return Catalog.read(self.folder / "catalog.json")

    def backend(self) -> Any:
        """Ibis over this thread's connection, with the tables as they are now."""
        self.connection()
        return self._local.backend

    def connection(self) -> duckdb.DuckDBPyConnection:
        """This thread's DuckDB cursor, its views brought up to date with the catalog."""
        catalog = self.catalog
        if getattr(self._local, "version", None) != catalog.version:
            gone = [p.path for p in catalog.written if not (self.folder / p.path).exists()]
            if gone:
                raise CaseDamaged(f"{gone[0]} is gone from the case; `verify` names the file to load again.")
            with self._lock:
                cursor = getattr(self._local, "cursor", None) or self._root.cursor()
                cursor.execute("SET TimeZone = 'UTC'")
                for table in TABLES.values():
                    query = view.select(table, catalog, self.folder)
                    try:
                        cursor.execute(f"CREATE OR REPLACE TEMP VIEW {table.name} AS {query}")
                    except duckdb.Error as error:
                        raise CaseDamaged(
                            f"A file in {self.folder / 'tables' / table.name} cannot be read; "
                            "`verify` names the evidence file to load again."
                        ) from error
                self._local.cursor, self._local.version = cursor, catalog.version
                self._local.backend, self._local.tables = engine.Backend.from_connection(cursor), {}
        found: duckdb.DuckDBPyConnection = self._local.cursor
        return found

    def close(self) -> None:
        """Give the database's files back; the case can be opened again."""
        self._root.close()

    def verify(self, head: str | None = None) -> list[str]:
        """What no longer is as the journal says, one sentence each; empty when all holds.

        `head`: a head hash noted earlier, which must be in the journal's chain.
        """
        return [*self.journal.verify(head), *_verify_files(self)]


def open_case(
    folder: str | os.PathLike[str], *, create: bool = True, practice: bool = False, clock: Clock = system_clock
) -> Case:
    """Open the case in `folder`; make it first if there is none and `create` is true.

    `practice` marks a case that is being made as one of the practice tenant.

    Raises:
        CaseNotFound: no case there and `create` is false.
        CaseDamaged: the folder's `case.json` cannot be read.
    """
    place = Path(folder).expanduser().resolve()
    about_file = place / "case.json"
    if not about_file.exists():
        if not create:
            raise CaseNotFound(
                f"There is no case in {place}; make one with `python -m toolkit load FILE --case {place}`."
            )
        place.mkdir(parents=True, exist_ok=True)
        about = {"layout": LAYOUT, "name": place.name, "practice": practice}
        write_atomically(about_file, json.dumps(about, indent=2).encode())
    try:
        about = json.loads(about_file.read_text("utf-8"))
    except ValueError as error:
        raise CaseDamaged(f"{about_file} is not readable JSON; restore it from a copy of the case.") from error
    return Case(place, about, clock)


def _verify_files(case: Case) -> list[str]:
    from toolkit.case.evidence import find, sha256_of

    problems = []
    entries = case.journal.entries("loaded")
    for entry in entries:
        sha256 = str(entry.fields["sha256"])
        kept = find(case.folder / "evidence", sha256)
        if kept is None:
            problems.append(f"evidence/{sha256[:16]}… ({Path(entry.fields['path']).name}) is gone.")
        elif sha256_of(kept) != sha256:
            problems.append(f"evidence/{kept.name} ({Path(entry.fields['path']).name}) was changed.")
    visible = {p.path for p in case.catalog.written}
    # What was written last counts: a part that got lost is written anew when its file is loaded again.
    written = {part: (expected, entry) for entry in entries for part, expected in entry.fields["parts"].items()}
    last = {(entry.fields["sha256"], entry.fields["format"]): entry for entry in entries}
    for path, (expected, entry) in written.items():
        part, again = case.folder / path, f"load {Path(entry.fields['path']).name} again"
        if path not in visible:
            if last[entry.fields["sha256"], entry.fields["format"]] == entry:
                problems.append(f"{path} is not in the catalog, so its rows are not seen; {again}.")
        elif not part.exists():
            problems.append(f"{path} is gone; {again}.")
        elif sha256_of(part) != expected:
            problems.append(f"{path} was changed since it was written; {again}.")
    return problems + [f"{path} is in the catalog but not in the journal." for path in sorted(visible - set(written))]


def _flat(paths: Iterable[Any]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if isinstance(path, str | os.PathLike):
            found.append(Path(path).expanduser())
        else:
            found.extend(_flat(path))
    return found


def _files(path: Path) -> list[Path]:
    if not path.exists() and any(c in path.name for c in "*?["):
        # Shells of Windows hand patterns on as they are.
        return sorted(f for f in path.parent.glob(path.name) if f.is_file()) or [path]
    if not path.is_dir():
        return [path]
    return sorted(f for f in path.rglob("*") if f.is_file() and not f.is_symlink() and not f.name.startswith("."))
