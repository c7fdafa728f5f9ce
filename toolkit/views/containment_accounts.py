"""Which accounts the containment panel offers first, and what the findings say about the intruder."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.case import Case
from toolkit.detect import Finding, triage

SEVERITIES = ("critical", "high", "medium")


def findings_of(case: Case) -> list[Finding]:
    """The findings of the case; none where a detection stumbles, for the panel has to open whatever happens."""
    try:
        return triage(case).findings
    except Exception:  # noqa: BLE001
        return []


def accounts_with_findings(findings: Iterable[Finding]) -> list[str]:
    """Accounts with findings of at least medium severity, the gravest first."""
    every = list(findings)
    grave = [f for level in SEVERITIES for f in every if f.severity == level and "@" in f.user]
    return list(dict.fromkeys(f.user for f in grave))
