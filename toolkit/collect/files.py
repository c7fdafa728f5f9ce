"""What export files tell about themselves: records that the service counted and the file lacks, and known caps.

Source: Exchange Online cmdlet reference (`Search-UnifiedAuditLog`, ResultIndex and ResultCount), Purview audit export;
the caps as Microsoft documents them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from toolkit import engine
from toolkit.case import Case
from toolkit.case.evidence import find
from toolkit.collect.ledger import answers_of
from toolkit.collect.result_index import Counted, counted
from toolkit.errors import ToolkitError
from toolkit.formats.source import Reader

SEARCH = ("search-unifiedauditlog-csv", "search-unifiedauditlog-json")
MOST_RECORDS = 300_000  # of a file that is read again for its indices
# Format → how many records its export gives at most → who says so.
SEARCHED = {
    100: "Search-UnifiedAuditLog gives 100 records unless ResultSize says more",
    5_000: "Search-UnifiedAuditLog gives 5,000 records at once at most",
    50_000: "one session of Search-UnifiedAuditLog gives 50,000 records at most",
}
PURVIEW = {50_000: "an export of 50,000 records is as many as the portal's older search gave at most"}
TRACED = {
    1_000: "a message trace gives 1,000 rows unless told otherwise",
    5_000: "Get-MessageTraceV2 gives 5,000 rows at once at most",
}
CAPS = dict.fromkeys(SEARCH, SEARCHED) | {"purview-csv": PURVIEW, "purview-csv-old": PURVIEW}

# What is looked at of each record of a search, by the name of its column → as exports spell it.
_FIELDS = {"resultindex": "ResultIndex", "resultcount": "ResultCount", "identity": "Identity", "auditdata": "AuditData"}
_SELECT = """
    SELECT try_cast({resultindex} AS BIGINT), try_cast({resultcount} AS BIGINT),
        coalesce({identity}, md5({auditdata}), ''),
        epoch(TRY(try_cast(json_extract_string({auditdata}, '$.CreationTime') AS TIMESTAMP)))
    FROM {relation}
"""


@dataclass(frozen=True)
class FileGap:
    """A file that lacks records, or may: its name, SHA-256, how many lack (None: not known), and that in a sentence."""

    file: str
    sha256: str
    lacks: int | None
    sentence: str


def file_gaps(case: Case) -> list[FileGap]:
    """What the case's export files tell about records that they lack; pages that a collection brought are left out.

    A file whose indices say that it is whole is not said to be capped. What cannot be read again is not named.
    """
    collected = {sha for line in answers_of(case.journal) for sha in line.files}
    last = {(e.fields["sha256"], e.fields["format"]): e.fields for e in case.journal.entries("loaded")}
    found = []
    for (sha, kind), fields in last.items():
        if sha in collected:
            continue
        name, read = Path(str(fields["path"])).name, int(fields["read"])
        gap = _by_index(case, sha, kind, name, read) if kind in SEARCH else None
        if gap is None:
            gap = _by_cap(sha, kind, name, read, str(fields["table"]))
        if gap is not None and gap.sentence:
            found.append(gap)
    return found


def _by_cap(sha: str, kind: str, name: str, read: int, table: str) -> FileGap | None:
    caps = CAPS.get(kind) or (TRACED if table == "messages" else {})
    if read not in caps:
        return None
    said = (
        f"it has exactly {read:,} records, and {caps[read]}: it may be cut off. Ask again for shorter spans of time, "
        f"until each answer has fewer."
    )
    return FileGap(name, sha, None, said)


def _by_index(case: Case, sha: str, kind: str, name: str, read: int) -> FileGap | None:
    """The gap by the records' own ResultIndex and ResultCount; an empty sentence: they say that all are there."""
    evidence = find(case.folder / "evidence", sha)
    if evidence is None or read > MOST_RECORDS:
        return None
    try:
        with _indices(case, evidence) as (columns, relation):
            found = case.connection().execute(_SELECT.format(**columns, relation=relation)).fetchall()
    except (duckdb.Error, ToolkitError, OSError):
        return None
    told = counted(Counted(*row) for row in found if row[1] is not None)
    if told is None:
        return None
    if told.broken:
        text = (
            "some of its records have the index -1 or the count 0: the search broke off on the way, so how many "
            "are missing is not known. Ask again in a new session."
        )
        return FileGap(name, sha, told.lacking or None, text)
    if told.lacking:
        text = (
            f"by its own index {told.lacking:,} of the {told.said:,} records that the service counted are not in it: "
            "ask again for the same days in a new session, and load that file too."
        )
        return FileGap(name, sha, told.lacking, text)
    if told.most >= 50_000:
        return FileGap(
            name, sha, None, f"the service counted {told.most:,} records, and {SEARCHED[50_000]}: there may be more."
        )
    return FileGap(name, sha, 0, "")


@contextmanager
def _indices(case: Case, evidence: Path) -> Iterator[tuple[dict[str, str], str]]:
    """SQL for what is looked at of each record (the fields of `_SELECT`), and the relation that they stand in."""
    place = case.folder / ".scratch"
    place.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="indices-", dir=place))
    try:
        reader = Reader(evidence, scratch)
        if reader.has_fast_way:
            source = reader.fast(long_lines=True)
            there: dict[str, Any] = {name.lower(): engine.name(name) for name in source.columns}
            yield {field: there.get(field, "NULL") for field in _FIELDS}, source.relation
        else:
            relation = reader.all_records().relation
            yield {field: _of_document(key) for field, key in _FIELDS.items()}, relation
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _of_document(key: str) -> str:
    return f"TRY(json_extract_string(document, '$.{key}'))"
