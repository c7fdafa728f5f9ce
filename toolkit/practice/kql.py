"""The little of Kusto's query language that fixed questions need: a table, `where`, `project`, `sort`, `take`, `count`,
and `print` of a number.

Conditions are joined by `and`; values are texts, numbers, `datetime(…)`, `ago(…)`. Everything else is refused, as the
service refuses what it cannot parse (SYN0002) or does not know (SEM0100).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from toolkit.practice.http import Refused
from toolkit.practice.names import Record

Table = Callable[[], list[Record]]
_TEXT = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_VALUE = rf"(?:{_TEXT}|datetime\([^)]*\)|ago\([^)]*\)|-?\d+(?:\.\d+)?|true|false)"
_COMPARE = re.compile(rf"^(\w+)\s*(==|!=|=~|!~|>=|<=|>|<)\s*({_VALUE})$")
_WORD = re.compile(rf"^(\w+|\*)\s+(has|contains|startswith|endswith|has_cs|contains_cs)\s+({_TEXT})$")
_IN = re.compile(rf"^(\w+)\s+(in~?|has_any)\s*\(\s*({_TEXT}(?:\s*,\s*{_TEXT})*)\s*\)$")
_BETWEEN = re.compile(rf"^(\w+)\s+between\s*\(\s*({_VALUE})\s*\.\.\s*({_VALUE})\s*\)$")
_AGO = re.compile(r"^ago\(\s*(\d+)([dhms])\s*\)$")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_Test = Callable[[Record], bool]


def run(
    query: str, tables: Mapping[str, Table], columns: Mapping[str, Mapping[str, str]], now: datetime
) -> tuple[list[str], list[Record]]:
    """The names of the columns, and the rows. Raises `Refused` (400) as the service does."""
    name, *steps = [part.strip() for part in _split(_without_comments(query).strip().rstrip(";"), "|")]
    if printed := re.fullmatch(r"print (\d+)", name):
        return ["print_0"], [{"print_0": int(printed[1])}]
    if not re.fullmatch(r"\w+", name):
        raise syntax(query)
    if name not in tables:
        raise semantic("SEM0100", f"'where' operator: Failed to resolve table or column expression named '{name}'")
    known, rows = columns[name], tables[name]()
    shown = list(known)
    for step in steps:
        verb, _, rest = re.sub(r"^(\w+)\s+", r"\1 ", step).partition(" ")
        if verb == "where":
            tests = [_condition(part.strip(), known, now) for part in _split(rest, " and ")]
            rows = [row for row in rows if all(test(row) for test in tests)]
        elif verb == "project":
            shown = [_known(part.strip(), known) for part in rest.split(",")]
        elif verb in ("sort", "order"):
            rows = _sorted(rows, rest, known)
        elif verb in ("take", "limit") and rest.isdecimal():
            rows = rows[: int(rest)]
        elif verb == "count" and not rest:
            shown, rows = ["Count"], [{"Count": len(rows)}]
        else:
            raise syntax(step)
    return shown, rows


def syntax(text: str) -> Refused:
    """400 for a query that cannot be read."""
    return semantic("SYN0002", f"A recognition error occurred in the query near '{text[:60]}'.")


def semantic(code: str, text: str) -> Refused:
    """400; the code that tells what is wrong is one level down."""
    return Refused(400, "BadArgumentError", text, kind=code)


def _without_comments(query: str) -> str:
    return "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("//"))


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand outside of quotes and brackets."""
    text = re.sub(r"\s+", " ", text) if mark != "|" else text
    parts, current, quote, depth, place = [], "", "", 0, 0
    while place < len(text):
        letter = text[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif depth == 0 and text.startswith(mark, place):
            parts.append(current)
            current, place = "", place + len(mark)
            continue
        current += letter
        place += 1
    return [*parts, current]


def _known(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        text = f"'where' operator: Failed to resolve column or scalar expression named '{name}'"
        raise semantic("SEM0100", text)
    return name


def _condition(text: str, known: Mapping[str, str], now: datetime) -> _Test:
    if between := _BETWEEN.match(text):
        name, low, high = _known(between[1], known), _value(between[2], now), _value(between[4], now)
        return lambda row: low <= _typed(row, name, low) <= high
    if among := _IN.match(text):
        name, fold = _known(among[1], known), among[2] != "in"
        wanted = {_value(one[0], now) for one in re.finditer(_TEXT, among[3])}
        if among[2] == "has_any":
            return lambda row: any(_has(str(row.get(name) or ""), str(one)) for one in wanted)
        folded = {str(one).lower() for one in wanted}
        return lambda row: (str(row.get(name)).lower() in folded) if fold else (row.get(name) in wanted)
    if word := _WORD.match(text):
        term = str(_value(word[3], now))
        if word[1] == "*":
            columns = [_word(name, word[2], term) for name in known]
            return lambda row: any(test(row) for test in columns)
        return _word(_known(word[1], known), word[2], term)
    compare = _COMPARE.match(text)
    if not compare:
        raise syntax(text)
    name, operator, value = _known(compare[1], known), compare[2], _value(compare[3], now)
    if operator in ("=~", "!~"):
        return lambda row: (str(row.get(name) or "").lower() == str(value).lower()) is (operator == "=~")
    tests: dict[str, _Test] = {
        "==": lambda row: _typed(row, name, value) == value,
        "!=": lambda row: _typed(row, name, value) != value,
        ">=": lambda row: _typed(row, name, value) >= value,
        "<=": lambda row: _typed(row, name, value) <= value,
        ">": lambda row: _typed(row, name, value) > value,
        "<": lambda row: _typed(row, name, value) < value,
    }
    return tests[operator]


def _word(name: str, operator: str, wanted: str) -> _Test:
    if operator.endswith("_cs"):
        return lambda row: wanted in str(row.get(name) or "")
    low = wanted.lower()
    tests: dict[str, _Test] = {
        "has": lambda row: _has(str(row.get(name) or ""), wanted),
        "contains": lambda row: low in str(row.get(name) or "").lower(),
        "startswith": lambda row: str(row.get(name) or "").lower().startswith(low),
        "endswith": lambda row: str(row.get(name) or "").lower().endswith(low),
    }
    return tests[operator]


def _has(text: str, term: str) -> bool:
    """Whether a term occurs as whole words."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(term)}(?![0-9A-Za-z])", text, re.IGNORECASE) is not None


def _typed(row: Record, name: str, like: object) -> Any:
    """The value as a moment where it is compared with one."""
    value = row.get(name)
    return datetime.fromisoformat(str(value)) if isinstance(like, datetime) else value


def _value(text: str, now: datetime) -> Any:
    if text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if ago := _AGO.match(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if text.startswith("datetime("):
        try:
            moment = datetime.fromisoformat(text[9:-1].strip(" \"'"))
        except ValueError:
            raise syntax(text) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    raise syntax(text)


def _sorted(rows: list[Record], rest: str, known: Mapping[str, str]) -> list[Record]:
    found = re.fullmatch(r"by\s+(\w+)(?:\s+(asc|desc))?", rest)
    if not found:
        raise syntax(rest)
    name = _known(found[1], known)
    return sorted(rows, key=lambda row: str(row.get(name) or ""), reverse=found[2] != "asc")
