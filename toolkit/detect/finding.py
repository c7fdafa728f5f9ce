"""What a detection is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd

if TYPE_CHECKING:
    from toolkit.detect.evidence import Evidence

SEVERITIES = ("low", "medium", "high", "critical")


class Stage(IntEnum):
    """When a detection runs: without history; against the owner's history; knowing where the intruder came from."""

    PLAIN = 1
    HISTORY = 2
    INTRUDER = 3


@dataclass(frozen=True)
class Judgement:
    """What a group of rows comes to: how severe, and the sentence a manager understands.

    `involved`: further accounts this is about, such as who gave or got a permission.
    """

    severity: str
    summary: str
    user: str = ""
    involved: tuple[str, ...] = ()


Candidates = Callable[["Evidence"], ir.Table]
Judge = Callable[[pd.DataFrame, "Evidence"], Judgement | None]


def _always(_: Evidence) -> str:
    return ""


@dataclass(frozen=True)
class Detection:
    """One detection: its identity, what it needs, and the two functions that are its logic.

    `candidates` gives the telling rows with at least `row_id`, `record_id`, `time`, `user` (lower case), `table`
    and `group` (rows of one group are one finding); `judge` looks at a group and says what it is, or None.
    Where rows carry `act`, those of one act count once. `needs`: tables, or `logons` for sign-ins of either log.
    `either`: tables of which one is enough.
    `needs_history`: without sign-ins from before the cut it can't run. `seeds`: it also runs before the cut is known
    and helps to find it. `operations`: it looks at audit records of these only (as `Evidence.changes` names them), and
    is spared the look where none is there. `cannot_run` gives a further reason why it can't, or nothing.
    """

    id: str
    title: str
    technique: str
    needs: tuple[str, ...]
    innocent: str
    source: str
    candidates: Candidates
    judge: Judge
    stage: Stage = Stage.PLAIN
    needs_history: bool = False
    seeds: bool = False
    operations: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    cannot_run: Callable[[Evidence], str] = _always


@dataclass
class Finding:
    """One finding: who, when (UTC), what, and the ids of the rows that show it.

    `evidence` are rows of `table`; `further` are rows of other tables, by table. `from_intruder`: done from an address
    or in a session of the intruder, as findings about sign-ins show it.
    """

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
    involved: list[str] = field(default_factory=list)
    further: dict[str, list[str]] = field(default_factory=dict)
    from_intruder: bool = False

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


def raised(severity: str) -> str:
    """The severity one step up, at most critical."""
    return SEVERITIES[min(len(SEVERITIES) - 1, SEVERITIES.index(severity) + 1)]
