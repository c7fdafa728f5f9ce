"""One row per record: how records that come again, fuller or different, become the rows that are seen.

All that was ever said of a record id is kept (what its base row does not say, in `positions/`), and its rows are made
of all of it each time, so the order of loading does not matter. Where the records of an id agree, or say what the
others leave out, they are one row. Where they contradict each other, each stays a row as it stood (`id`, `id~2`, …),
filled only in the columns in which all agree.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from toolkit import engine
from toolkit.case.stage import Staged
from toolkit.tables import Column, Table

KEYS = "row_id, record_id, file, position, partial, conflict"
COMPARED = 1000  # records of one id; among more, those that say less than another stay rows of their own


def merged(table: Table, relation: str) -> str:
    """SELECT of the rows that the records of `relation` come to; its ids have all their records in it."""
    names = table.names
    one = ", ".join(f"CASE WHEN NOT {_differs(c)} THEN {_shown(c)} END AS {c.name}" for c in table.columns)
    differs = ", ".join(f"{_differs(c)} AS differs_{c.name}" for c in table.columns)
    conflict = " OR ".join(f"differs_{n}" for n in names)
    own = ", ".join(
        f"CASE WHEN differs_{c.name} THEN {_shown(c, over=True)} ELSE a.{c.name} END AS {c.name}" for c in table.columns
    )
    less = " AND ".join(f"(l.{n} IS NULL OR l.{n} IS NOT DISTINCT FROM m.{n})" for n in names)
    columns = ", ".join(names)
    place = "min(struct_pack(f := file, p := position))"
    return f"""
WITH said AS (SELECT record_id, file, position, partial, {columns} FROM {relation}),
agreed AS (SELECT record_id, {place} AS place, bool_and(partial) AS partial, {one}, {differs}
    FROM said GROUP BY record_id),
apart AS (SELECT record_id, {place} AS place, bool_and(partial) AS partial, {columns}
    FROM (SELECT s.record_id, s.file, s.position, s.partial, {own}
        FROM said s JOIN agreed a ON a.record_id = s.record_id WHERE {conflict})
    GROUP BY record_id, {columns}),
each AS (SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY {columns}) AS k,
    count(*) OVER (PARTITION BY record_id) AS many FROM apart),
less AS (SELECT DISTINCT l.record_id, l.k FROM each l JOIN each m ON m.record_id = l.record_id
    WHERE l.k <> m.k AND l.many <= {COMPARED} AND {less}),
kept AS (SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY k) AS n
    FROM each ANTI JOIN less USING (record_id, k))
SELECT record_id AS row_id, record_id, place.f AS file, place.p AS position, partial, false AS conflict, {columns}
FROM agreed WHERE NOT ({conflict})
UNION ALL SELECT CASE WHEN n = 1 THEN record_id ELSE record_id || '~' || n END, record_id, place.f, place.p, partial,
    true, {columns}
FROM kept"""


def _same(column: Column, name: str) -> str:
    """What is equal for values that mean the same."""
    if column.kind == "name":
        return f"lower({name})"
    if column.kind == "json":
        return f"same_json({name})"
    if column.kind == "time":
        # Some exports cut the fraction of the second off.
        return f"date_trunc('second', {name})"
    return name


def _differs(column: Column) -> str:
    same = _same(column, column.name)
    return f"(min({same}) IS DISTINCT FROM max({same}))"


def _shown(column: Column, *, over: bool = False) -> str:
    """The one spelling of values that mean the same: of the whole id, or `over` those of them that a record is like."""
    best = "max" if column.kind == "time" else "min"
    if not over:
        return f"{best}({column.name})"
    name = f"s.{column.name}"
    if column.kind not in ("name", "json", "time"):
        return name
    return f"{best}({name}) OVER (PARTITION BY s.record_id, {_same(column, name)})"


class Merging:
    """The rows of a file some of whose records come twice, or are in the case already.

    `known`: all that the case has of its tables' records (`view.said`); `visible`: its rows.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, staged: Staged, known: str, visible: str, revision: int
    ) -> None:
        self.connection, self.revision = connection, revision
        columns = ", ".join(staged.table.names)
        self._rows, self._columns = f"{KEYS}, {columns}", columns
        says = f"row_id, record_id, partial, conflict, {columns}"
        record = f"record_id, partial, {columns}"
        first = "min(struct_pack(late := late, f := file, p := position))"
        self._make({
            "arrived": f"SELECT {self._rows} FROM {staged.relation} WHERE {staged.good}",
            "known": f"SELECT file, position, {record} FROM ({known}) SEMI JOIN arrived USING (record_id)",
            "repeated": """SELECT record_id FROM arrived GROUP BY record_id HAVING count(*) > 1
                UNION SELECT record_id FROM known""",
            "fresh": "SELECT * FROM arrived ANTI JOIN known USING (record_id)",
            "base": f"""SELECT {self._rows} FROM fresh ANTI JOIN repeated USING (record_id)
                UNION ALL SELECT {self._rows} FROM fresh SEMI JOIN repeated USING (record_id)
                QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY position) = 1""",
            # Everything said of these records, each saying once, with the place where it was first read.
            "said": f"""SELECT {record}, place.late AS late, place.f AS file, place.p AS position FROM (
                SELECT {record}, {first} AS place FROM (
                    SELECT file, position, {record}, false AS late FROM known UNION ALL
                    SELECT file, position, {record}, true FROM arrived SEMI JOIN repeated USING (record_id))
                GROUP BY ALL)""",
        })  # fmt: skip
        if self._one_saying_each():
            own = "record_id AS row_id, record_id, file, position, partial, false AS conflict"
            became = f"SELECT {own}, {columns} FROM said"
        else:
            became = merged(staged.table, "said")
        self._make({
            "became": became,
            "seen": f"SELECT {self._rows} FROM ({visible}) SEMI JOIN known USING (record_id)",
            "shown": "SELECT * FROM seen UNION ALL SELECT * FROM base SEMI JOIN repeated USING (record_id)",
            # Only what says something else than before is written again; where it stands does not count.
            "changed": f"""SELECT DISTINCT record_id FROM (
                (SELECT {says} FROM became EXCEPT SELECT {says} FROM shown) UNION ALL
                (SELECT {says} FROM shown EXCEPT SELECT {says} FROM became))""",
        })  # fmt: skip

    def _make(self, tables: dict[str, str]) -> None:
        for name, query in tables.items():
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def _one_saying_each(self) -> bool:
        """Whether no two records of an id say different things, as when a file repeats what the case has."""
        query = "SELECT count(*) = count(DISTINCT record_id) FROM said"
        return bool(engine.row(self.connection, query)[0])

    def counts(self) -> tuple[int, int, int, int]:
        """Rows that are new, those of them that are partial, records that are duplicates, and rows that came on top.

        On top: a record can show two earlier ones, that seemed to be parts of one, to be two.
        """
        arrived, rows, partial = engine.row(
            self.connection,
            """SELECT (SELECT count(*) FROM arrived),
                (SELECT count(*) FROM base ANTI JOIN repeated USING (record_id))
                + (SELECT count(*) FROM became) - (SELECT count(*) FROM seen),
                (SELECT count(*) FROM base ANTI JOIN repeated USING (record_id) WHERE partial)
                + (SELECT count(*) FROM became WHERE partial) - (SELECT count(*) FROM seen WHERE partial)""",
        )
        new = min(max(rows, 0), arrived)
        return new, min(max(partial, 0), new), arrived - new, rows - new

    def write_new(self, target: Path) -> bool:
        """The first record of each id that the case did not have; false if there are none."""
        return self._write(target, f"SELECT {self._rows}, 0 AS _rev FROM base ORDER BY position")

    def write_changed(self, target: Path) -> bool:
        """Rows that replace those of the same record: filled, or in conflict now; false if there are none."""
        return self._write(
            target,
            f"""SELECT {self._rows}, {self.revision} AS _rev FROM became
            SEMI JOIN changed USING (record_id) ORDER BY row_id""",
        )

    def write_again(self, target: Path) -> bool:
        """The records that are not a base row: where they stand and, if they say something new, what they say."""
        return self._write(
            target,
            f"""SELECT a.record_id, a.file, a.position, s.position IS NOT NULL AS says, s.partial,
                {", ".join(f"s.{c}" for c in self._columns.split(", "))}
            FROM (arrived SEMI JOIN repeated USING (record_id)) a
            ANTI JOIN base b ON b.position = a.position
            LEFT JOIN said s ON s.late AND s.position = a.position
            ORDER BY a.position""",
        )

    def _write(self, target: Path, query: str) -> bool:
        return bool(engine.row(self.connection, f"COPY ({query}) TO {engine.text(str(target))} (FORMAT parquet)")[0])
