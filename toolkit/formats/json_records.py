"""JSON evidence, record by record: arrays, JSON Lines, pages with `value`, answers with `tables`, one after another.

Each record is handed on as its own text, as it stands in the file. A broken one is skipped over and named; the
reader goes on behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,\ufeff]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_VALUE_ARRAY = re.compile(r'"value"\s*:\s*\[')
_SURROGATE = re.compile("[\ud800-\udfff]")
_BETWEEN_LINES = re.compile(r"\}\r?\n(?=\{)")
PIECE = 32 << 20
LONGEST = 1 << 20  # how far from a piece's end a place to cut is looked for
_NEW_LINE = re.compile(r"\n(?=[{\[])")
_NEXT_LINE = re.compile(r"\n\s*(?=[{\[])")


@dataclass(frozen=True)
class Record:
    """One record: its `position` from 1, its `text`, and `problem` (why it can't be used, "" if it can).

    `value` is the record as Python has it; empty where it is nested too deep for Python.
    """

    position: int
    text: str
    problem: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)


class Pages:
    """What the wrappers around the records said: `more` is true if the last page names a further one."""

    more = False
    context = ""


def records(file: TextIO, pages: Pages) -> Iterator[Record]:
    """All records of a JSON file, in order. Fills `pages` on the way."""
    position = 0
    for text in _texts(file):
        for start, end, problem, value in _pieces(text, pages):
            position += 1
            piece = text[start:end] if isinstance(start, int) else start
            yield Record(position, piece, problem, value if isinstance(value, dict) else {})


def _texts(file: TextIO) -> Iterator[str]:
    """The file in texts of about `PIECE` characters, cut between JSON Lines; any other JSON in one."""
    waiting: list[str] = []
    while block := file.read(PIECE):
        # Where a line ends at the very end of the block, the next one cuts.
        cuts = [m.start() + 1 for m in _BETWEEN_LINES.finditer(block, max(0, len(block) - LONGEST))]
        if not cuts:
            waiting.append(block)
            continue
        yield "".join([*waiting, block[: cuts[-1]]])
        waiting = [block[cuts[-1] :]]
    if waiting:
        yield "".join(waiting)


def _pieces(text: str, pages: Pages) -> Iterator[tuple[int | str, int, str, Any]]:
    i = 0
    while (i := _skip_blank(text, i)) < len(text):
        if text[i] == "[":
            i = yield from _array(text, i + 1)
            continue
        value, end, problem = _decode(text, i)
        if not problem and isinstance(value, dict) and isinstance(value.get("value"), list):
            pages.more = bool(value.get("@odata.nextLink"))
            pages.context = str(value.get("@odata.context") or pages.context)
            for element in value["value"]:
                yield _dump(element), 0, "" if isinstance(element, dict) else "is no JSON object", element
        elif not problem and isinstance(value, dict) and isinstance(value.get("tables"), list):
            for row in _table_rows(value["tables"]):
                yield _dump(row), 0, "" if isinstance(row, dict) else "is no row of its table", row
        elif problem and (array := _VALUE_ARRAY.match(text, _skip_blank(text, i + 1)) or _page_start(text, i)):
            # A page that is broken somewhere: what stands before and behind the broken record is still read.
            context = re.search(r'"@odata\.context"\s*:\s*"([^"]*)"', text[i : array.start()])
            pages.context = context[1] if context else pages.context
            end = yield from _array(text, array.end())
            end = _after_page(text, end)
        elif problem:
            yield i, end, problem, None
        else:
            yield i, end, "" if isinstance(value, dict) else "is no JSON object", value
        i = end


def _table_rows(tables: list[Any]) -> Iterator[Any]:
    """The rows of an answer of Log Analytics (`{"tables": [{"columns": …, "rows": …}]}`), by their columns' names."""
    for table in tables:
        if not isinstance(table, dict) or not isinstance(table.get("columns"), list):
            yield table
            continue
        names = [str(column.get("name")) if isinstance(column, dict) else "" for column in table["columns"]]
        for row in table.get("rows") or []:
            fits = isinstance(row, list) and len(row) == len(names)
            yield dict(zip(names, row, strict=True)) if fits else row


def _page_start(text: str, i: int) -> re.Match[str] | None:
    """The `"value": [` of a page whose first keys are `@odata.…`."""
    if text[i] != "{" or not re.match(r'\{\s*"@', text[i : i + 200]):
        return None
    return _VALUE_ARRAY.search(text, i, i + 20_000)


def _after_page(text: str, i: int) -> int:
    """Behind the rest of a page's own keys, up to the closing brace."""
    match = re.compile(r'[^{}"]*(?:"(?:[^"\\]|\\.)*"[^{}"]*)*\}').match(text, i)
    return match.end() if match else i


def _array(text: str, i: int) -> Any:
    """Yields the elements from `i` on; returns where the array ends."""
    while True:
        i = _skip_blank(text, i)
        if i >= len(text):
            yield i, i, "is missing: the file ends in the middle of an array (cut); export it again", None
            return i
        if text[i] == "]":
            return i + 1
        value, end, problem = _decode(text, i)
        if not problem and not isinstance(value, dict):
            problem = "is no JSON object"
        yield i, end, problem, value
        i = end
        if problem and i >= len(text):
            return i


def _decode(text: str, i: int) -> tuple[Any, int, str]:
    """The value at `i`, where it ends, and what is wrong with it ("" for nothing)."""
    try:
        value, end = _DECODER.raw_decode(text, i)
    except RecursionError:
        # Deeper than Python follows, but whole: DuckDB reads it.
        end = _balanced_end(text, i)
        return ({}, end, "") if end else (None, len(text), "is nested without end (cut)")
    except ValueError:
        if text[i] in "{[" and (end := _balanced_end(text, i)):
            if (i == 0 or text[i - 1] == "\n") and (line := _NEW_LINE.search(text, i, end)):
                end = line.end()  # JSON Lines: a text left open does not reach into the next record
            return None, end, "is not valid JSON"
        line = _NEXT_LINE.search(text, i + 1)
        if line:
            return None, line.end(), "is not valid JSON"
        return None, len(text), "is cut: the file ends in the middle of it; export it again"
    return value, end, ""


def _balanced_end(text: str, i: int) -> int:
    """Where the brackets opened at `i` are all closed again; 0 if they are not."""
    depth = 0
    for token in _TOKEN.finditer(text, i):
        mark = token[0]
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return 0


def _skip_blank(text: str, i: int) -> int:
    return _BLANK.match(text, i).end()  # type: ignore[union-attr]  # matches the empty text too


def _dump(element: Any) -> str:
    return json.dumps(element, ensure_ascii=False, separators=(",", ":"))


def repaired(text: str) -> tuple[str | None, str]:
    """A document that DuckDB refused, made readable, or None; and what was wrong, in words.

    Half a surrogate pair becomes U+FFFD; anything else that is no JSON stays unreadable.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        return None, "is nested too deep"
    except ValueError:
        return None, "is cut or not valid JSON"
    if not isinstance(value, dict):
        return None, "is no JSON object"
    return writable(json.dumps(value, ensure_ascii=False)), "holds half of a surrogate pair; it was replaced"


def writable(text: str) -> str:
    """Text that can be UTF-8: half a surrogate pair, which JSON escapes allow, becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
