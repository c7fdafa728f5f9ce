"""From a format's declaration to the SQL that reads its records: every document is parsed once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolkit import engine
from toolkit.formats import normalise
from toolkit.formats.format import Format, fold
from toolkit.tables import TABLES, Column

_PAIRS = "STRUCT(Name VARCHAR, Value VARCHAR)[]"
_PLACE = re.compile(r"\{((?:doc|row|cell|list|[A-Z]\w*):[^{}]+)\}")


def _pairs(place: str, keys: str) -> str:
    """The JSON array at a place as a list of structs with Name and Value."""
    name, _, value = keys.partition("|")
    if not keys:
        return f"""TRY(from_json({place}, '[{{"Name":"VARCHAR","Value":"VARCHAR"}}]'))"""
    read = f"""TRY(from_json({place}, '[{{"{name}":"VARCHAR","{value}":"VARCHAR"}}]'))"""
    return f'list_transform({read}, lambda p: struct_pack(Name := p."{name}", Value := p."{value}"))'


class Extraction:
    """The SELECT that turns a relation of raw records into rows of the format's table.

    The relation has the CSV's columns under the names in `header` (or none), the record's JSON text under
    `document` (or none), and `position` if the reader knows it. The rows have the table's columns and
    `record_id`, `partial`, and for the loader `_problem`, `_document_failed`, `_slash_date`, `_slash_time`.
    """

    def __init__(self, fmt: Format, header: Iterable[str] = (), date_order: str = "") -> None:
        self.format = fmt
        self.table = TABLES[fmt.table]
        self.date_order = fmt.date_order or date_order
        self._cells = {fold(h): engine.name(h) for h in reversed(list(header))}
        # A record whose JSON is broken is told by its row: there must be one to look at.
        self._paths: dict[str, list[str]] = {"row": ["$.x"]} if self._inner else {}
        self._lists: dict[str, str] = {}

    def select(self, relation: str, *, position: bool) -> str:
        """The query; `relation` is what stands behind FROM, `position` says that it has such a column."""
        columns = [(c, self._first(self._places(c.name))) for c in self.table.columns]
        record_id = f"lower({self._first(self.format.record_id)})" if self.format.record_id else "NULL"
        time = self._slash_candidate()
        told = [self._first([p for p in self._places(t) if p.startswith("doc:")]) for t in self.table.tells]
        partial = f"coalesce({', '.join(told)}) IS NULL" if self.format.document else "false"
        document = self._document()
        failed = "false"
        if document != "NULL":
            # A CASE, since AND would trim every document, which costs more than parsing them.
            parsed = "d_row" if self._inner else "d"
            failed = f"CASE WHEN {parsed} IS NULL THEN {normalise.filled(document)} IS NOT NULL ELSE false END"
        tells = ", ".join(f"{t}::VARCHAR" for t in [*self.table.tells, "_slash_date"])
        *most, last = (t.replace("user_principal_name", "user").replace("_", " ") for t in self.table.tells)
        what = f"{', '.join(most)} or {last}" if most else last
        names = ", ".join(self.table.names)
        hashed = ", ".join(f"coalesce({c}::VARCHAR, chr(0))" for c in self.table.names)
        list_columns = "".join(
            f", CASE WHEN {place} IS NOT NULL THEN {_pairs(place, keys)} END::{_PAIRS} AS list_{name}"
            for name, place, keys in self._named_lists()
        )
        texts = ",\n    ".join(f"{sql} AS {c.name}" for c, sql in columns)
        typed = ",\n    ".join(f"{self._typed(c)}::{c.type} AS {c.name}" for c in self.table.columns)
        return f"""
WITH source AS ({self.parsed(relation)}),
lists AS (SELECT *{list_columns} FROM source),
texts AS (SELECT
    {"position," if position else ""}
    {record_id} AS given_id,
    {partial} AS partial,
    {failed} AS _document_failed,
    {time} AS _slash_date,
    {texts}
    FROM lists),
typed AS (SELECT {"position," if position else ""} given_id, partial, _document_failed, _slash_date,
    {typed}
    FROM texts)
SELECT {"position," if position else ""}
    coalesce(given_id, sha256(concat_ws(chr(31), {hashed}))) AS record_id, partial, {names},
    CASE WHEN coalesce({tells}) IS NULL THEN 'tells nothing: no {what}' END AS _problem,
    _document_failed, _slash_date
FROM typed"""

    def failed_documents(self, relation: str, *, position: bool) -> str:
        """The documents DuckDB's parser refused, with all cells, for `json_records.repaired`."""
        document = self._document()
        number = "position" if position else "row_number() OVER ()"
        return f"""
SELECT * FROM (SELECT * {"" if position else f", {number} AS position"} FROM {relation})
WHERE {normalise.filled(document)} IS NOT NULL AND TRY(json_extract_string({document}, ['$.x'])) IS NULL"""

    def _named_lists(self) -> list[tuple[str, str, str]]:
        """Name, place and keys of the lists in use: `doc:$.a|key|value` names what the list calls Name and Value."""
        found = []
        for name, declared in self._lists.items():
            place, _, keys = declared.partition("|")
            found.append((name, self._place(place), keys))
        return found

    def _typed(self, column: Column) -> str:
        value = normalise.KIND[column.kind](column.name)
        if column.kind == "time" and self.date_order:
            return f"coalesce({value}, {normalise.slash_time(column.name, self.date_order)})"
        return value

    @property
    def document_column(self) -> str:
        """The name of the relation's column that holds the record's document."""
        return self._document().strip('"').replace('""', '"')

    def date_cell(self) -> str:
        """The export's own date column, or "" (an expression over `parsed`)."""
        places = [p for p in self._places("time") if p.startswith(("cell:", "row:")) and self._known(p)]
        return self._place(places[0]) if places else ""

    def document_time(self) -> str:
        """The time as the document says it, or "" (an expression over `parsed`)."""
        places = [p for p in self._places("time") if p.startswith("doc:")]
        return self._first(places) if places else ""

    def parsed(self, relation: str) -> str:
        """The raw records with their parsed documents."""
        return f"SELECT *{''.join(f', {sql}' for sql in self._parsed())} FROM {relation}"

    def _document(self) -> str:
        if self.format.container == "json":
            return "document"
        return self._cells.get(fold(self.format.document), "NULL") if self.format.document else "NULL"

    @property
    def _inner(self) -> bool:
        """The document stands inside a JSON record."""
        return self.format.container == "json" and bool(self.format.document)

    def _places(self, column: str) -> tuple[str, ...]:
        return self.format.columns.get(column, ())

    def _slash_candidate(self) -> str:
        """The text of a local-format date where that is all there is to tell the time from."""
        places = [p for p in self._places("time") if p.startswith(("cell:", "row:")) and self._known(p)]
        if not places:
            return "NULL::VARCHAR"
        text = self._first(self._places("time"))
        return f"CASE WHEN {normalise.is_slash_date(text)} THEN {text} END"

    def _known(self, place: str) -> bool:
        return not place.startswith("cell:") or fold(place.removeprefix("cell:")) in self._cells

    def _first(self, places: Iterable[str]) -> str:
        found = [self._place(p) for p in places if self._known(p)]
        if not found:
            return "NULL::VARCHAR"
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

    def _place(self, place: str) -> str:
        kind, _, rest = place.partition(":")
        if kind == "sql":
            return "(" + _PLACE.sub(lambda m: self._place(m[1]), rest) + ")"
        if kind == "cell":
            return normalise.filled(self._cells[fold(rest)]) if self._known(place) else "NULL::VARCHAR"
        if kind == "list":
            name, _, key = rest.partition("/")
            self._lists.setdefault(name, self.format.lists[name])
            column = f"list_{name}"
            if not key:
                return column
            return f"list_filter({column}, lambda p: p.Name = {engine.text(key)})[1].Value"
        paths = self._paths.setdefault(kind, [])
        if rest not in paths:
            paths.append(rest)
        field = f"{'d' if kind == 'doc' else 'd_' + kind}[{paths.index(rest) + 1}]"
        return f"nullif({field}, '')"

    def _parsed(self) -> list[str]:
        """The parsed documents as columns. JSON texts that stand at places of a document come after it."""
        texts = {
            kind: self._first(self.format.json_texts[kind]) for kind in [*self._paths] if kind not in ("doc", "row")
        }
        own = self._document()
        inner = f"TRY(json_extract_string({own}, {engine.text(self.format.document)}))" if self._inner else own
        texts = {"doc": inner, "row": own} | texts
        return [
            f"TRY(json_extract_string({text}, [{', '.join(engine.text(p) for p in self._paths[kind])}]))"
            f" AS {'d' if kind == 'doc' else 'd_' + kind}"
            for kind, text in texts.items()
            if self._paths.get(kind)
        ]
