"""Intermediate tables kept in the engine for the length of a triage, so that each is computed once."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from toolkit import engine
from toolkit.case import Case


def kept(case: Case, name: str, table: ir.Table) -> ir.Table:
    """The table, computed now and kept under this name on the case's connection of this thread."""
    query = case.backend().compile(table)
    case.connection().execute(f"CREATE OR REPLACE TEMP TABLE {engine.name(name)} AS {query}").fetchall()
    return case.backend().table(name)


def kept_frame(case: Case, name: str, frame: pd.DataFrame) -> ir.Table:
    """A small pandas table, kept likewise.

    Not as a memtable of ibis: it drops those when Python collects garbage, which may be in the middle of another
    query of the connection.
    """
    connection = case.connection()
    connection.register("_kept_frame", frame)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {engine.name(name)} AS SELECT * FROM _kept_frame").fetchall()
    connection.unregister("_kept_frame")
    return case.backend().table(name)
