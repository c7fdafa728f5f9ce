"""What a format is: a small declaration of how to recognise an export and where its columns come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Head:
    """The beginning of a file, as far as it takes to tell what it is.

    `container` is "csv" or "json"; `header` the CSV column names as they came, `blank_lines` how many stand above
    them; `records` the first JSON records (at most a few); `context` the `@odata.context` of a page ("" if none).
    """

    container: str
    header: tuple[str, ...] = ()
    delimiter: str = ","
    blank_lines: int = 0
    records: tuple[dict[str, Any], ...] = ()
    context: str = ""

    @property
    def cells(self) -> set[str]:
        """The CSV column names, folded (see `fold`)."""
        return {fold(h) for h in self.header}

    @property
    def keys(self) -> set[str]:
        """All keys of the first JSON records."""
        return {key for record in self.records for key in record}


Recognise = Callable[[Head], bool]


@dataclass(frozen=True)
class Format:
    """One shape of export.

    `columns` says for each column of the table where to look, the first filled place wins:
    `doc:$.a.b` a path in the record's document · `row:$.a` a path in the JSON around the document · `cell:Name` a
    CSV column · `Name:$.a` a path in the JSON text that stands at one of the places `json_texts[Name]` ·
    `list:Name/Key` the Value beside Name = Key in a list of names and values, `list:Name` the whole list ·
    `sql:…` an expression in which `{place}` is one of these.
    """

    name: str
    table: str
    title: str
    source: str
    container: str
    recognise: Recognise
    columns: Mapping[str, tuple[str, ...]]
    record_id: tuple[str, ...] = ()
    document: str = ""  # CSV column, or path in the JSON record, that holds the document; "" if it is all of it
    json_texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)  # list name → place of its JSON array
    date_order: str = ""  # "mdy" where the service always writes month first
    lower_case: Format | None = None  # the export with its documents' keys in lower case, for when they tell nothing


Columns = Mapping[str, tuple[str, ...]]
_DOCUMENT = re.compile(r"doc:\$\.(\w+)([.\[][\w.\[\]]*)?")


def moved(columns: Columns, to: Callable[[str, str], str]) -> dict[str, tuple[str, ...]]:
    """The same columns where the document's properties stand elsewhere.

    `to` is given a property's name and the path below it ("" if none) and says the new place.
    """
    return {
        column: tuple(_DOCUMENT.sub(lambda m: to(m[1], m[2] or ""), place) for place in places)
        for column, places in columns.items()
    }


def joined(columns: Columns, further: Columns) -> dict[str, tuple[str, ...]]:
    """The columns with further places behind the ones they have."""
    names = dict.fromkeys([*columns, *further])
    return {name: (*columns.get(name, ()), *further.get(name, ())) for name in names}


def fold(header: str) -> str:
    """A CSV column name without case, zone suffix and stray blanks: `TimeGenerated [UTC]` → `timegenerated`."""
    return re.sub(r"\s+", " ", re.sub(r"\s*\[UTC\]\s*$", "", header.strip().lstrip("\ufeff"))).lower()
