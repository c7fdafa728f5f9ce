"""How findings and accounts are ranked: points for severity, for the intruder's place, for a second family.

Source: section 13 of the design's catalogue of detections (`detections.md`, “Scoring and presentation”): severity
(low 1, medium 3, high 6, critical 10), 2 more in the intruder's context, 1 more where a second family of detections
speaks of the account too, 2 less for what the analyst has confirmed as the owner's. It ranks and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from toolkit.case.verdicts import OWNER, Verdict, key_of
from toolkit.detect.finding import SEVERITIES, Finding

POINTS = {"low": 1, "medium": 3, "high": 6, "critical": 10}
INTRUDERS_PLACE, SECOND_FAMILY, OWNERS = 2, 1, -2
COLUMNS = ("user", "score", "highest", "worst", "findings", "detections", "first", "last")


def family(finding: Finding) -> str:
    """`IR-02` → `IR`."""
    return finding.id.partition("-")[0]


def score(finding: Finding, families: Iterable[str] = (), owners: bool = False) -> int:
    """The points of one finding, never below 0.

    `families`: those that the account has findings of; `owners`: the analyst said that it was the owner.
    """
    points = POINTS[finding.severity]
    points += INTRUDERS_PLACE if finding.from_intruder else 0
    points += SECOND_FAMILY if set(families) - {family(finding)} else 0
    return max(0, points + (OWNERS if owners else 0))


def users(findings: Iterable[Finding], given: Mapping[str, Verdict]) -> pd.DataFrame:
    """One row an account, highest score first, then by time; see `Triage.users`."""
    by_user: dict[str, list[Finding]] = {}
    for finding in findings:
        by_user.setdefault(finding.user, []).append(finding)
    rows = [_row(user, own, given) for user, own in by_user.items()]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame = frame.sort_values(["score", "first", "user"], ascending=[False, True, True])
    return frame.reset_index(drop=True)


def _row(user: str, findings: list[Finding], given: Mapping[str, Verdict]) -> dict[str, Any]:
    owners = {id(f) for f in findings if _owners(f, given)}
    families = {family(f) for f in findings if id(f) not in owners}
    best: dict[str, int] = {}
    for finding in findings:
        points = score(finding, families, id(finding) in owners)
        best[finding.id] = max(points, best.get(finding.id, 0))
    return {
        "user": user,
        "score": sum(best.values()),
        "highest": max(best.values()),
        "worst": max((f.severity for f in findings), key=SEVERITIES.index),
        "findings": len(findings),
        "detections": ", ".join(sorted(best, key=lambda name: (-best[name], name))),
        "first": min((f.first for f in findings if f.first), default=None),
        "last": max((f.last or f.first for f in findings if f.first), default=None),
    }


def _owners(finding: Finding, given: Mapping[str, Verdict]) -> bool:
    verdict = given.get(key_of(finding.id, finding.user, finding.evidence))
    return verdict is not None and verdict.verdict == OWNER
