"""DuckDB as the toolkit wants it: UTC, offline, bounded in memory. Ibis speaks to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend as IbisOnDuckDB

MEMORY_LIMIT = "1500MB"
QUERIES_KEPT = 256


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose spill files go to `scratch`.

    Zone UTC, no extension is downloaded or loaded by itself, at most `MEMORY_LIMIT`. One connection belongs to
    one thread: others take a `cursor()`.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "memory_limit": os.environ.get("TOOLKIT_MEMORY", MEMORY_LIMIT),
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # it would write into a notebook's cell, or into --json
    return connection


class Backend(IbisOnDuckDB):  # type: ignore[misc]
    """Ibis on DuckDB that remembers the SQL of an expression: Ibis takes longer to word it than DuckDB to run it.

    Remembered without the connection, so one case's queries serve the next, and no closed case is kept alive.
    """

    def compile(
        self,
        expr: ir.Expr,
        /,
        *,
        limit: int | None = None,
        params: Mapping[ir.Expr, Any] | None = None,
        pretty: bool = False,
    ) -> str:
        if params or pretty:
            return str(super().compile(expr, limit=limit, params=params, pretty=pretty))
        return _sql(expr.unbind().op(), limit)


@lru_cache(maxsize=QUERIES_KEPT)
def _sql(unbound: ops.Node, limit: int | None) -> str:
    return str(IbisOnDuckDB().compile(unbound.to_expr(), limit=limit))


def row(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The one row a query gives. All is fetched: a result left open makes later work on the connection fail."""
    return connection.execute(query, list(values) or None).fetchall()[0]


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A SQL identifier."""
    return '"' + value.replace('"', '""') + '"'
