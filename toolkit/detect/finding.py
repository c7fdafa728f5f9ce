"""What a detection is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd

if TYPE_CHECKING:
    from toolkit.detect.evidence import Evidence

SEVERITIES = ("low", "medium", "high", "critical")


@dataclass(frozen=True)
class Judgement:
    """What a group of rows comes to: how severe, and the sentence a manager understands."""

    severity: str
    summary: str
    user: str = ""


Candidates = Callable[["Evidence"], ir.Table]
Judge = Callable[[pd.DataFrame, "Evidence"], Judgement | None]


@dataclass(frozen=True)
class Detection:
    """One detection: its identity, what it needs, and the two functions that are its logic.

    `candidates` gives the telling rows with at least `row_id`, `record_id`, `time`, `user` (lower case), `table`
    and `group` (rows of one group are one finding); `judge` looks at a group and says what it is, or None.
    """

    id: str
    title: str
    technique: str
    needs: tuple[str, ...]
    innocent: str
    source: str
    candidates: Candidates
    judge: Judge
    baseline: bool = False


@dataclass
class Finding:
    """One finding: who, when (UTC), what, and the ids of the rows that show it."""

    id: str
    title: str
    severity: str
    technique: str
    user: str
    first: datetime | None
    last: datetime | None
    count: int
    summary: str
    evidence: list[str]
    table: str
    innocent: str
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON would have it: times as ISO text in UTC."""
        data = asdict(self)
        for name in ("first", "last"):
            data[name] = data[name].isoformat().replace("+00:00", "Z") if data[name] else None
        return data


@dataclass(frozen=True)
class NotRun:
    """A detection that could not be run, and why: not the same as nothing found."""

    id: str
    reason: str


def lowered(severity: str, steps: int = 1) -> str:
    """The severity some steps down, at least low."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - steps)]
