"""Running all detections over a case: what was found, and what could not be looked for.

Two passes: detections that need no history come first; their first high finding, less a day, is where the history
of the owner ends, and the others measure against what lies before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.detect import forwarding, inbox_rules, sign_ins
from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import SEVERITIES, Detection, Finding, NotRun
from toolkit.tables import TABLES

DETECTIONS: tuple[Detection, ...] = (*inbox_rules.DETECTIONS, *forwarding.DETECTIONS, *sign_ins.DETECTIONS)
BEFORE_FIRST_HIGH = timedelta(hours=24)


@dataclass
class Triage:
    """All findings, worst first, then by time; what was not run and why; and the cut of the owner's history."""

    findings: list[Finding] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    cut: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "findings": [f.to_dict() for f in self.findings],
            "not_run": [{"id": n.id, "reason": n.reason} for n in self.not_run],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a finding: id, title, severity, technique, user, first, last (UTC), count, summary, evidence …"""
        names = list(Finding.__dataclass_fields__)
        return pd.DataFrame([{n: getattr(f, n) for n in names} for f in self.findings], columns=names)


def triage(case: Case, users: Iterable[str] | None = None, inside_since: datetime | None = None) -> Triage:
    """Run every detection; `users` keeps the findings of these accounts only.

    `inside_since`: the analyst's word for when the attacker may have come in (with zone); else it is derived.
    """
    evidence = Evidence.of(case)
    result = Triage()
    for detection in (d for d in DETECTIONS if not d.baseline):
        _run(detection, evidence, result)
    result.cut = inside_since or _cut(result.findings)
    evidence = evidence.with_cut(result.cut)
    for detection in (d for d in DETECTIONS if d.baseline):
        _run(detection, evidence, result)
    if users is not None:
        wanted = {u.lower() for u in users}
        result.findings = [f for f in result.findings if f.user in wanted]
    result.findings.sort(
        key=lambda f: (-SEVERITIES.index(f.severity), f.first.timestamp() if f.first else math.inf, f.id, f.user)
    )
    return result


def _cut(findings: list[Finding]) -> datetime | None:
    firsts = [f.first for f in findings if f.first and f.severity in ("high", "critical")]
    return min(firsts) - BEFORE_FIRST_HIGH if firsts else None


def _run(detection: Detection, evidence: Evidence, result: Triage) -> None:
    missing = [TABLES[t].title.lower() for t in detection.needs if not evidence.counts.get(t)]
    if missing:
        result.not_run.append(NotRun(detection.id, f"no {' and no '.join(missing)} in this case"))
        return
    if detection.baseline and evidence.cut is not None and not evidence.has_history(detection.needs):
        result.not_run.append(
            NotRun(detection.id, f"no baseline: nothing is older than {evidence.cut:%Y-%m-%d %H:%M} UTC")
        )
        return
    rows: pd.DataFrame = detection.candidates(evidence).execute()
    # Rows that contradict each other under one id are one record, counted once.
    rows = rows.sort_values(["time", "row_id"]).drop_duplicates("record_id")
    for (user, _), group in rows.groupby(["user", "group"], sort=True, dropna=False):
        judged = detection.judge(group, evidence)
        if judged is None:
            continue
        times = group.time.dropna()
        result.findings.append(
            Finding(
                id=detection.id,
                title=detection.title,
                severity=judged.severity,
                technique=detection.technique,
                user=judged.user or (str(user) if isinstance(user, str) else ""),
                first=times.iloc[0].to_pydatetime() if len(times) else None,
                last=times.iloc[-1].to_pydatetime() if len(times) else None,
                count=len(group),
                summary=judged.summary,
                evidence=list(group.row_id),
                table=str(group.table.iloc[0]),
                innocent=detection.innocent,
            )
        )
