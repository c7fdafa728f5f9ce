"""The scores themselves as a table: every day, and what the newest one says of whom it is compared with."""

from __future__ import annotations

import json
import os

import pandas as pd

from toolkit.case.export import write_frame
from toolkit.harden.score import ScoreReport

COLUMNS = ("time", "points", "maximum", "percent", "source", "compared_with", "also_told")


def score_frame(report: ScoreReport) -> pd.DataFrame:
    """One row a day, newest first. Columns: `COLUMNS` (time in UTC).

    `compared_with` and `also_told` stand beside the newest score only, as JSON: the averages with all that is said of
    each group, and every field that has no column of its own.
    """
    groups = [{"group": c.named, "average": c.average} | c.further for c in report.comparisons]
    beside = {"licensedUsers": report.licensed_users, "enabledServices": report.services} | report.further
    rows: list[tuple[object, ...]] = [
        (d.time, d.current, d.maximum, d.percent, d.source, "", "") for d in reversed(report.trend)
    ]
    if report.source:
        newest: tuple[object, ...] = (report.day, report.current, report.maximum, report.percent, report.source)
        rows = [(*newest, _json(groups), _json(beside)), *(rows[1:] if report.day is not None else rows)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    for name in ("points", "maximum", "percent"):
        frame[name] = frame[name].astype("Float64")
    return frame


def export_score(report: ScoreReport, to: str | os.PathLike[str]) -> int:
    """Write the scores to a .csv, .jsonl, .parquet or .xlsx; returns the number of rows. Times are UTC.

    Raises:
        UsageError: another ending, or the file cannot be written.
    """
    return write_frame(score_frame(report), to, sheet="Secure Score")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
