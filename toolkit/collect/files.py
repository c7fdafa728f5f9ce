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
from toolkit.collect.ledger import lines
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
    collected = {sha for line in lines(case) for sha in line.files}
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
        with _indices(case, evidence) as (index, count, relation):
            counted = engine.row(
                case.connection(),
                f"SELECT coalesce(sum(n - least(n, seen)), 0), coalesce(sum(n), 0), max(n), coalesce(max(broken), 0), "
                f"count(*) FROM (SELECT n, count(DISTINCT i) FILTER (i BETWEEN 1 AND n) AS seen, "
                f"count(*) FILTER (i < 0 OR n = 0) AS broken FROM (SELECT try_cast({index} AS BIGINT) AS i, "
                f"try_cast({count} AS BIGINT) AS n FROM {relation}) WHERE n IS NOT NULL GROUP BY n)",
                [],
            )
    except (duckdb.Error, ToolkitError, OSError):
        return None
    lacking, said, most, broken, groups = (int(number or 0) for number in counted)
    if not groups:
        return None
    if broken:
        text = (
            "some of its records have the index -1 or the count 0: the search broke off on the way, so how many "
            "are missing is not known. Ask again in a new session."
        )
        return FileGap(name, sha, lacking or None, text)
    if lacking:
        text = (
            f"by its own index {lacking:,} of the {said:,} records that the service counted are not in it: ask again "
            f"for the same days in a new session, and load that file too."
        )
        return FileGap(name, sha, lacking, text)
    if most >= 50_000:
        return FileGap(
            name, sha, None, f"the service counted {most:,} records, and {SEARCHED[50_000]}: there may be more."
        )
    return FileGap(name, sha, 0, "")


@contextmanager
def _indices(case: Case, evidence: Path) -> Iterator[tuple[str, str, str]]:
    """SQL for the index, for the count, and the relation that they stand in."""
    place = case.folder / ".scratch"
    place.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="indices-", dir=place))
    try:
        reader = Reader(evidence, scratch)
        if reader.has_fast_way:
            source = reader.fast(long_lines=True)
            columns: dict[str, Any] = {name.lower(): engine.name(name) for name in source.columns}
            yield columns.get("resultindex", "NULL"), columns.get("resultcount", "NULL"), source.relation
        else:
            relation = reader.all_records().relation
            yield _of_document("ResultIndex"), _of_document("ResultCount"), relation
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _of_document(key: str) -> str:
    return f"TRY(json_extract_string(document, '$.{key}'))"
