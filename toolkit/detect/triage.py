"""Running all detections over a case: what was found, and what could not be looked for.

Detections that need no history come first; their first high finding, less a day, is where the history of the owner
ends, and the others measure against what lies before. What asks "was it the intruder?" comes last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd

from toolkit.case import Case
from toolkit.case.verdicts import Verdict
from toolkit.detect import score
from toolkit.detect.catalogue import DETECTIONS
from toolkit.detect.evidence import LOGONS, Evidence
from toolkit.detect.finding import SEVERITIES, Detection, Finding, Judgement, NotRun, Stage
from toolkit.detect.intruder import FAMILIES, Gathering, Intruder
from toolkit.detect.settings import OWNER_FACTS, SETTINGS
from toolkit.enrich.networks import OWN_LIST
from toolkit.tables import TABLES

BEFORE_FIRST_HIGH = timedelta(hours=24)
FALLBACK = (
    "From the sign-in records of the audit log: Entra's own sign-ins of that time are missing. They would say more "
    "(place, device, how it was verified)."
)
NOT_CHECKED = "Network class (hosting, VPN, Tor): not checked."
FROM_INTRUDER = "Done from an address or in a session of the intruder, as findings about sign-ins show it."


@dataclass
class Triage:
    """All findings, worst first, then by time; what was not run and why; the cut of the owner's history; the
    thresholds in use; and where the intruder came from, as far as findings have shown it."""

    findings: list[Finding] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    cut: datetime | None = None
    thresholds: dict[str, int] = field(default_factory=dict)
    intruder: Intruder = field(default_factory=Intruder)

    def to_dict(self) -> dict[str, Any]:
        return {
            "findings": [f.to_dict() for f in self.findings],
            "not_run": [{"id": n.id, "reason": n.reason} for n in self.not_run],
            "cut": self.cut.isoformat().replace("+00:00", "Z") if self.cut else None,
            "thresholds": self.thresholds,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a finding: id, title, severity, technique, user, first, last (UTC), count, summary, evidence …"""
        names = list(Finding.__dataclass_fields__)
        return pd.DataFrame([{n: getattr(f, n) for n in names} for f in self.findings], columns=names)

    def users(self, given: Mapping[str, Verdict] | None = None) -> pd.DataFrame:
        """One row an account, highest score first, then by time; `given` are the analyst's verdicts (`verdicts(case)`).

        Columns: `user` (empty where the evidence names none); `score`, the points of its findings, of each detection
        the best (see `toolkit.detect.score`); `highest`, the points of its highest finding; `worst` severity;
        `findings`, how many; `detections`, their ids, highest first; `first` and `last` (UTC).
        """
        return score.users(self.findings, given or {})


Found = tuple[Finding, pd.DataFrame]


_looked: dict[tuple[object, ...], Triage] = {}  # one case at a time


def triage(case: Case, users: Iterable[str] | None = None, inside_since: datetime | None = None) -> Triage:
    """Run every detection; `users` keeps the findings of these accounts only.

    `inside_since`: the analyst's word for when the attacker may have come in (with zone); else it is derived. Nothing
    is looked for twice while neither the evidence nor the case's settings change.

    Raises:
        UsageError: the case's `detections.toml`, `owner-facts.toml` or `networks.csv` cannot be used.
    """
    own = [case.folder / name for name in (SETTINGS, OWNER_FACTS, OWN_LIST)]
    told = [file.read_bytes() if file.is_file() else None for file in own]
    state = (str(case.folder), case.evidence_state, inside_since, *told)
    if (whole := _looked.get(state)) is None:
        whole = look(case, inside_since)
        _looked.clear()
        _looked[state] = whole
    findings = whole.findings
    if users is not None:
        wanted = {u.lower() for u in users}
        findings = [f for f in findings if wanted & {f.user, *f.involved}]
    return replace(whole, findings=list(findings), not_run=list(whole.not_run))


def look(case: Case, inside_since: datetime | None = None) -> Triage:
    """What `triage` finds, looked for anew."""
    evidence = Evidence.of(case)
    result = Triage(thresholds=evidence.settings.to_dict())
    found = _stage(Stage.PLAIN, evidence, result)
    if inside_since is None:
        first = [d for d in DETECTIONS if d.seeds and not reason_against(d, evidence)]
        seeds = [f for d in first for f in found_by(d, evidence)]
        result.cut = _cut([f for f, _ in found + seeds])
    else:
        result.cut = inside_since
    evidence = evidence.at_cut(result.cut)
    found += _stage(Stage.HISTORY, evidence, result)
    gathering = Gathering()
    for finding, rows in found:
        gathering.add(finding.id, finding.severity, finding.user, rows)
    evidence = evidence.with_intruder(gathering.found())
    result.intruder = evidence.intruder
    found += _stage(Stage.INTRUDER, evidence, result)
    for finding, rows in found:
        if not finding.id.startswith(FAMILIES) and evidence.intruder.knows(rows).any():
            finding.from_intruder = True
            finding.notes.append(FROM_INTRUDER)
    result.not_run += _without_history(evidence)
    result.findings = [finding for finding, _ in found]
    result.findings.sort(
        key=lambda f: (-SEVERITIES.index(f.severity), f.first.timestamp() if f.first else math.inf, f.id, f.user)
    )
    return result


def _cut(findings: list[Finding]) -> datetime | None:
    firsts = [f.first for f in findings if f.first and f.severity in ("high", "critical")]
    return min(firsts) - BEFORE_FIRST_HIGH if firsts else None


def _stage(stage: Stage, evidence: Evidence, result: Triage) -> list[Found]:
    found = []
    for detection in (d for d in DETECTIONS if d.stage == stage):
        if reason := reason_against(detection, evidence):
            result.not_run.append(NotRun(detection.id, reason))
        else:
            found += found_by(detection, evidence)
    return found


def reason_against(detection: Detection, evidence: Evidence) -> str:
    """Why the detection cannot run on this evidence; empty if it can."""
    titles = {LOGONS: "sign-ins"} | {name: table.title.lower() for name, table in TABLES.items()}
    missing = [titles[t] for t in detection.needs if not evidence.counts.get(t)]
    if detection.either and not any(evidence.counts.get(t) for t in detection.either):
        missing += [titles[t] for t in detection.either]
    if missing:
        return f"no {' and no '.join(missing)} in this case"
    if detection.needs_history and evidence.cut is not None and not evidence.has_history:
        return f"no baseline: nothing is older than {evidence.cut:%Y-%m-%d %H:%M} UTC"
    return detection.cannot_run(evidence)


def found_by(detection: Detection, evidence: Evidence) -> list[Found]:
    """The findings of one detection, each with its rows."""
    snapshots = any(evidence.counts.get(table) for table in detection.either if table != "audit")
    if detection.operations and not snapshots and not evidence.operations.intersection(detection.operations):
        return []
    rows: pd.DataFrame = detection.candidates(evidence).execute()
    # Rows that contradict each other under one id are one record, counted once.
    rows = rows.sort_values(["time", "row_id"]).drop_duplicates(["table", "record_id", "group"])
    found = []
    for (user, _), group in rows.groupby(["user", "group"], sort=True, dropna=False):
        judged = detection.judge(group, evidence)
        if judged is not None:
            finding = _finding(detection, judged, str(user) if isinstance(user, str) else "", group)
            if LOGONS in detection.needs and not evidence.network_classes:
                finding.notes.append(NOT_CHECKED)
            found.append((finding, group))
    return found


def _finding(detection: Detection, judged: Judgement, user: str, rows: pd.DataFrame) -> Finding:
    times = rows.time.dropna()
    by_table = {str(name): list(dict.fromkeys(part.row_id)) for name, part in rows.groupby("table", sort=True)}
    main = "signins" if "signins" in by_table else str(rows.table.iloc[0])
    finding = Finding(
        id=detection.id,
        title=detection.title,
        severity=judged.severity,
        technique=detection.technique,
        user=judged.user or user,
        first=times.iloc[0].to_pydatetime() if len(times) else None,
        last=times.iloc[-1].to_pydatetime() if len(times) else None,
        count=int(rows.act.nunique()) if "act" in rows else len(by_table[main]),
        summary=judged.summary,
        evidence=by_table.pop(main),
        table=main,
        innocent=detection.innocent,
        involved=[u for u in dict.fromkeys(judged.involved) if u and u != (judged.user or user)],
        further=by_table,
    )
    if LOGONS in detection.needs and main == "audit":
        finding.notes.append(FALLBACK)
    return finding


def _without_history(evidence: Evidence) -> list[NotRun]:
    """Accounts that have sign-ins after the cut and none before: nothing can be new for them."""
    if evidence.cut is None or not evidence.counts.get(LOGONS) or not evidence.has_history:
        return []
    users = evidence.successes.group_by("user").agg(first=evidence.successes.time.min())
    names = sorted(users.filter(users.first >= ibis.literal(evidence.cut)).execute().user)
    if not names:
        return []
    some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    reason = f"no baseline for {some}: no sign-in older than {evidence.cut:%Y-%m-%d %H:%M} UTC"
    return [NotRun(d.id, reason) for d in DETECTIONS if d.needs_history and not reason_against(d, evidence)]
