"""Which accounts the containment panel offers first."""

from __future__ import annotations

from toolkit.case import Case
from toolkit.detect import triage

SEVERITIES = ("critical", "high", "medium")


def accounts_with_findings(case: Case) -> list[str]:
    """Accounts with findings of at least medium severity, the gravest first."""
    try:
        findings = triage(case).findings
    except Exception:  # noqa: BLE001 - the panel has to open whatever a detection stumbles over
        return []
    grave = [f for level in SEVERITIES for f in findings if f.severity == level and "@" in f.user]
    return list(dict.fromkeys(f.user for f in grave))
