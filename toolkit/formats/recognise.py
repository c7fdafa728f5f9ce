"""What a file is, told from how it begins; its name says nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from toolkit.errors import EvidenceError
from toolkit.formats import secure_score, sign_ins, unified_audit
from toolkit.formats.format import Format, Head
from toolkit.formats.json_records import Pages, records

FORMATS: tuple[Format, ...] = (*unified_audit.FORMATS, *sign_ins.FORMATS, *secure_score.FORMATS)

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
    if len(header) < 2 or "\x00" in header_line:
        raise EvidenceError("the file is neither CSV with a header nor JSON")
    above = beginning[: len(beginning) - len(text)]
    return Head("csv", header=tuple(header), delimiter=delimiter, blank_lines=len(above.splitlines()))


def _json_head(text: str) -> Head:
    pages, first = Pages(), []
    for record in records(text, pages):
        if not record.problem:
            try:
                value = json.loads(record.text)
            except (ValueError, RecursionError):
                continue
            first.append(value)
        if len(first) >= 5 or record.position >= 50:
            break
    return Head("json", records=tuple(first), context=pages.context)


def recognise(head: Head) -> Format:
    """The format of a file that begins like this.

    Raises:
        EvidenceError: no format fits; the text names the columns or keys that were seen.
    """
    for fmt in FORMATS:
        if fmt.container == head.container and fmt.recognise(head):
            return fmt
    seen = [h.strip() for h in head.header] if head.container == "csv" else sorted(head.keys)
    if not seen:
        raise EvidenceError("the JSON holds no record that could be read")
    some = ", ".join(s[:40] for s in seen[:6]) + (" …" if len(seen) > 6 else "")
    what = "CSV with the columns" if head.container == "csv" else "JSON with the keys"
    raise EvidenceError(f"{what} {some}: no known export looks like this")
