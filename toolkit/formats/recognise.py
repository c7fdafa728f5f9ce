"""What a file is, told from how it begins; its name says nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import EvidenceError
from toolkit.formats import (
    defender,
    directory_audit,
    message_trace,
    protection,
    risk,
    secure_score,
    sentinel,
    sign_ins,
    snapshots,
    unified_audit,
)
from toolkit.formats.format import Format, Head
from toolkit.formats.json_records import Pages, records

# The first that fits is taken: shapes that hold another inside come before it.
FORMATS: tuple[Format, ...] = (
    *defender.FORMATS,
    *unified_audit.FORMATS,
    *sentinel.FORMATS,
    *sign_ins.FORMATS,
    *directory_audit.FORMATS,
    *message_trace.FORMATS,
    *snapshots.FORMATS,
    *secure_score.FORMATS,
    *protection.FORMATS,
    *risk.FORMATS,
)

LOOK_AT = 4 << 20
DELIMITERS = ",;\t|"


def head_of(path: Path) -> Head:
    """The beginning of a UTF-8 text file.

    Raises:
        EvidenceError: the file is neither JSON nor CSV.
    """
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        beginning = file.read(LOOK_AT)
    text = beginning.lstrip()
    if not text:
        raise EvidenceError("the file holds nothing but blanks; export it again")
    if text[0] in "{[":
        return _json_head(text)
    header_line = text.splitlines()[0]
    delimiter = max(DELIMITERS, key=header_line.count)
    try:
        header = next(csv.reader([header_line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        header = []
    if len(header) < 2 or any(c < " " and c != "\t" for c in header_line):
        raise EvidenceError("the file is neither CSV with a header nor JSON")
    above = beginning[: len(beginning) - len(text)]
    return Head("csv", header=tuple(header), delimiter=delimiter, blank_lines=len(above.splitlines()))


def _json_head(text: str) -> Head:
    pages, first = Pages(), []
    for record in records(io.StringIO(text), pages):
        if not record.problem:
            try:
                value = json.loads(record.text)
            except (ValueError, RecursionError):
                continue
            first.append(value)
        if len(first) >= 5 or record.position >= 50:
            break
    return Head("json", records=tuple(first), context=pages.context)


def recognise_record(value: Mapping[str, Any], context: str = "") -> Format | None:
    """The format of one JSON record; None if no format fits. `context` is the `@odata.context` of its page."""
    inner = value.get("properties")
    key = (frozenset(value), frozenset(inner) if isinstance(inner, dict) else None, value.get("category"), context)
    try:
        known = _SEEN.get(key)
    except TypeError:  # a category that is no text
        return None
    if known is None and key not in _SEEN:
        if len(_SEEN) > 10_000:  # hostile evidence has new keys in every record
            _SEEN.clear()
        head = Head("json", records=(dict(value),), context=context)
        known = _SEEN[key] = next((f for f in FORMATS if f.container == "json" and f.recognise(head)), None)
    return known


_SEEN: dict[Any, Format | None] = {}


def recognise(head: Head) -> Format:
    """The format of a file that begins like this.

    Raises:
        EvidenceError: no format fits; the text names the columns or keys that were seen.
    """
    for record in head.records:
        if found := recognise_record(record, head.context):
            return found
    for fmt in FORMATS:
        if head.container == "csv" and fmt.container == "csv" and fmt.recognise(head):
            return fmt
    seen = [shown(h) for h in (head.header if head.container == "csv" else sorted(head.keys))]
    if not seen:
        raise EvidenceError("the JSON holds no record that could be read")
    some = ", ".join(seen[:6]) + (" …" if len(seen) > 6 else "")
    what = "CSV with the columns" if head.container == "csv" else "JSON with the keys"
    raise EvidenceError(f"{what} {some}: no known export looks like this")


def shown(name: str) -> str:
    """A column or key as one short piece of a sentence; evidence may hold anything there."""
    return "".join(c if c.isprintable() else "·" for c in name.strip())[:40]
