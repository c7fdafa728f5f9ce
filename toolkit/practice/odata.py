"""The little of OData that these collections understand: `$select`, `$top`, simple `$filter`, next links."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any
from urllib.parse import quote

from toolkit.practice.http import Refused, Request
from toolkit.practice.names import Record

Test = Callable[[Record], bool]
_CLAUSE = re.compile(r"^\(?\s*([A-Za-z/]+)\s+(eq|ge|le|gt|lt)\s+('(?:[^']|'')*'|[^'\s]+?)\s*\)?$")
_ANY = re.compile(r"^\(?signInEventTypes/any\(\s*(\w+)\s*:\s*(.+?)\s*\)\s*\)?$")
_STARTS = re.compile(r"^startswith\(\s*([A-Za-z/]+)\s*,\s*'((?:[^']|'')*)'\s*\)$", re.IGNORECASE)
_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$")


def bad(text: str) -> Refused:
    """400, the way Graph refuses a query option."""
    return Refused(400, "BadRequest", text)


def missing(name: str) -> Refused:
    """404, the way the directory says that an object is not there."""
    return Refused(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
    )


def only(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """The query options. Raises `Refused` for one that the service does not offer here."""
    for name in request.query:
        if name not in allowed:
            raise bad(f"The query option '{name}' is not supported here.")
    return request.query


def select(record: Record, wanted: str | None, known: Collection[str], entity: str) -> Record:
    """The selected properties; the others are absent, not null."""
    if not wanted:
        return record
    chosen = {}
    for name in (part.strip() for part in wanted.split(",")):
        if name not in known:
            raise bad(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'microsoft.graph.{entity}'."
            )
        if name in record:
            chosen[name] = record[name]
    return chosen


def top(options: dict[str, str], default: int, largest: int) -> int:
    """The page size that `$top` asks for."""
    text = options.get("$top", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= largest:
        raise bad(f"Invalid page size specified: '{text}'. Must be between 1 and {largest} inclusive.")
    return int(text)


def page(
    records: Sequence[Any],
    base: str,
    version: str,
    path: str,
    options: dict[str, str],
    size: int,
    *,
    context: str = "",
) -> Record:
    """One page with `@odata.context` (the path, unless told) and, if there is more, an absolute `@odata.nextLink`."""
    token = options.get("$skiptoken", "0")
    if not token.isdecimal():
        raise bad("The skip token is not valid.")
    start = int(token)
    answer: Record = {"@odata.context": f"{base}/{version}/$metadata#{context or path}"}
    if start + size < len(records):
        kept = {name: value for name, value in options.items() if name != "$skiptoken"}
        kept["$skiptoken"] = str(start + size)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
        answer["@odata.nextLink"] = f"{base}/{version}/{path}?{query}"
    return answer | {"value": list(records[start : start + size])}


def test_of(filter_text: str | None, fields: Collection[str], *, kinds: bool, entity: str) -> Test:
    """A test for records from a `$filter` of clauses joined by `and`.

    `fields` are the properties that can be filtered; `kinds` says whether `signInEventTypes/any(…)` is known.
    Raises `Refused` (400) for anything else.
    """
    if not filter_text or not filter_text.strip():
        return lambda record: True
    tests = [_clause(part, fields, kinds, entity) for part in _parts(filter_text.strip())]
    return lambda record: all(test(record) for test in tests)


def _parts(text: str) -> list[str]:
    parts, current, quoted, depth = [], "", False, 0
    for word in re.split(r"(\s+and\s+|'|\(|\))", text):
        if word == "'":
            quoted = not quoted
        if not quoted and word in ("(", ")"):
            depth += 1 if word == "(" else -1
        if not quoted and depth == 0 and word.strip() == "and" and word != "and":
            parts.append(current.strip())
            current = ""
        else:
            current += word
    return [*parts, current.strip()]


def _clause(text: str, fields: Collection[str], kinds: bool, entity: str) -> Test:
    if "signInEventTypes" in text:
        if not kinds:
            raise bad(f"Could not find a property named 'signInEventTypes' on type 'microsoft.graph.{entity}'.")
        return _kinds(text)
    starts = _STARTS.match(text)
    if starts and starts[1] in fields:
        name, beginning = starts[1], starts[2].replace("''", "'")
        return lambda record: str(_value(record, name)).startswith(beginning)
    found = _CLAUSE.match(text)
    if not found:
        raise bad(f"Invalid filter clause: '{text}'.")
    name, operator, literal = found[1], found[2], found[3]
    if name not in fields:
        known = f"Could not find a property named '{name}' on type 'microsoft.graph.{entity}'."
        raise bad(known)
    return _comparison(name, operator, literal)


def _comparison(name: str, operator: str, literal: str) -> Test:
    if name.endswith("DateTime"):
        if not _TIME.match(literal):
            raise bad(f"Invalid filter clause: the value '{literal}' of '{name}' is not a UTC time without quotes.")
    elif operator != "eq":
        raise bad(f"The operator '{operator}' is not supported for '{name}'.")
    wanted = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal

    def test(record: Record) -> bool:
        value = str(_value(record, name))
        if name.endswith("DateTime"):
            value, bound = value.rstrip("Z"), wanted.rstrip("Z")
            return {
                "eq": value == bound,
                "ge": value >= bound,
                "le": value <= bound,
                "gt": value > bound,
                "lt": value < bound,
            }[operator]
        return value == wanted

    return test


def _kinds(text: str) -> Test:
    found = _ANY.match(text)
    if not found:
        raise bad(f"Invalid filter clause: '{text}'.")
    variable, alternatives = found[1], re.split(r"\s+or\s+", found[2])
    wanted: list[tuple[str, str]] = []
    for alternative in alternatives:
        part = re.match(rf"^{variable}\s+(eq|ne)\s+'(\w+)'$", alternative.strip())
        if not part:
            raise bad(f"Invalid filter clause: '{text}'.")
        wanted.append((part[1], part[2]))
    named = {kind for operator, kind in wanted if operator == "eq"}
    if named & {"servicePrincipal", "managedIdentity"} and named & {"interactiveUser", "nonInteractiveUser"}:
        raise bad("User and service principal sign-in event types cannot be combined.")
    return lambda record: any((kind in record["signInEventTypes"]) == (operator == "eq") for operator, kind in wanted)


def _value(record: Record, path: str) -> object:
    value: object = record
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    if path == "userPrincipalName":
        # The reports hold names in lower case: a filter written in capitals finds nothing.
        return str(value).lower()
    return str(value).lower() if isinstance(value, bool) else value
