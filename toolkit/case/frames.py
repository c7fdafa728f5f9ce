"""Exports read straight into pandas, for those who want a DataFrame and no case."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

from toolkit.case.case import open_case
from toolkit.errors import EvidenceError

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def load_signins(*paths: Paths, date_order: str = "") -> pd.DataFrame:
    """Sign-ins of any known export, one row each, by time; columns: `toolkit.tables.SIGNINS`.

    `frame.attrs["accounting"]` has one dict a file (read = rows + duplicates + rejected). What was rejected or
    could not be read is also a warning. Times are UTC.

    Raises:
        EvidenceError: none of the files holds sign-ins that can be read; the text says what was wrong with each.
    """
    return _load("signins", paths, date_order)


def load_audit(*paths: Paths, date_order: str = "") -> pd.DataFrame:
    """Records of the unified audit log; columns: `toolkit.tables.AUDIT`. Otherwise as `load_signins`."""
    return _load("audit", paths, date_order)


def load_secure_score(*paths: Paths, table: str = "secure_scores") -> pd.DataFrame:
    """Secure Scores, one row a day; with `table="secure_score_controls"` the control profiles, one row each.

    Columns: `toolkit.tables.SECURE_SCORES`, `SECURE_SCORE_CONTROLS`. Otherwise as `load_signins`.
    """
    return _load(table, paths, "")


def _load(table: str, paths: Iterable[Any], date_order: str) -> pd.DataFrame:
    with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
        case = open_case(folder)
        try:
            loading = case.load(*paths, date_order=date_order)
            frame = case.frame(table)
        finally:
            case.close()
    said = [note for account in loading.files for note in account.notes]
    others = {a.table for a in loading.files if a.table} - {table}
    # An export without records is an answer (nothing was found); one whose records are all rejected is none.
    if frame.empty and not any(a.table == table and not a.rejected for a in loading.files):
        said += [f"what was found belongs to {', '.join(sorted(others))}"] if others else []
        raise EvidenceError(f"No {table} could be loaded. " + " ".join(said))
    for note in said:
        warnings.warn(note, stacklevel=3)
    frame.attrs["accounting"] = [a.to_dict() for a in loading.files]
    return frame
