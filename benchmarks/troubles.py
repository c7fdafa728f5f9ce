"""Seeded trouble for every road: what goes wrong by chance, what goes wrong for sure, and what the case then lacks.

A seed chooses the roads and the plan. In three of ten the service goes away for good on the way, so that windows do
lack records. What the tenant holds of an account's audit log it says itself; of the other lists it is what the same
road brings when nothing goes wrong.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit import contain, harden, practice
from toolkit.case import Case
from toolkit.collect.ledger import COMPLETE, Line
from toolkit.collect.profile import Profile
from toolkit.collect.pull import Asked, Pages
from toolkit.collect.roads.activity import FEEDS
from toolkit.collect.roads.app_sign_ins import ApplicationSignIns
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, MessageTrace, NonInteractiveSignIns
from toolkit.collect.roads.log_analytics import (
    WorkspaceDirectoryChanges,
    WorkspaceNonInteractive,
    WorkspaceOfficeActivity,
    WorkspaceSignIns,
)
from toolkit.collect.roads.message_trace import EitherTrace, TraceCmdlet
from toolkit.collect.roads.risk import AccountRisk, RiskDetections
from toolkit.collect.roads.road import Options, Road
from toolkit.collect.roads.scores import SecureScore
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.roads.trace_details import TraceDetails
from toolkit.collect.subscriptions import with_starts
from toolkit.collect.window import Window
from toolkit.contain.actions import StartActivitySubscription
from toolkit.practice.faults import Fault
from toolkit.practice.http import Answer
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant import Tenant
from toolkit.tenant.activity import CONTENT_TYPES

EVER = 1_000_000
SILENT = ("search misses some", "short page", "false zero")
"""What nobody notices who asks once: it meets the first six requests, which reach windows that are asked for twice."""
_SEARCH, _QUERIES, _RECORDS = "Search-UnifiedAuditLog", "POST /v1.0/security/auditLog/queries", "/records"


@dataclass(frozen=True)
class Group:
    """Roads that are collected together, how many days back, and mishaps that their first requests meet for sure."""

    name: str
    roads: tuple[type[Road], ...]
    days: int
    certain: tuple[tuple[str, str], ...]
    share: int = 1
    """Of the events so many-th are enough: the played workspace is slow at looking through them."""


GROUPS = (
    Group(
        "Search-UnifiedAuditLog",
        (SearchLog,),
        7,
        (
            (_SEARCH, "search misses some"), (_SEARCH, "short page"), (_SEARCH, "repeated page"),
            (_SEARCH, "broken session"), (_SEARCH, "false zero"), (_SEARCH, "reset in mid-body"),
            (_SEARCH, "truncated JSON"), (_SEARCH, "expired token"),
        ),
    ),
    Group(
        "Graph audit search",
        (AuditSearch,),
        3,
        (
            (_QUERIES, "search misses some"), (_QUERIES, "search fails"), (_QUERIES, "search is cancelled"),
            (_QUERIES, "search is cut off"), (_QUERIES, "answer lost"), (_RECORDS, "nextLink loop"),
            (_RECORDS, "short page"), (_RECORDS, "false zero"), (_RECORDS, "500"),
        ),
    ),
    Group(
        "lists of Microsoft Graph",
        (InteractiveSignIns, NonInteractiveSignIns, DirectoryChanges, RiskDetections, ApplicationSignIns),
        7,
        (
            ("/auditLogs/signIns", "short page"), ("/auditLogs/directoryAudits", "false zero"),
            ("/auditLogs/signIns", "429 storm with a date"), ("/riskDetections", "short page"),
            ("/auditLogs/signIns", "502"),
        ),
    ),
    Group(
        "Management Activity API",
        FEEDS,
        7,
        (
            ("/feed/subscriptions/content", "403 AF429"), ("/feed/subscriptions/content", "short page"),
            ("/feed/audit/", "short page"), ("/feed/audit/", "504"),
        ),
    ),
    Group(
        "Log Analytics",
        (WorkspaceSignIns, WorkspaceNonInteractive, WorkspaceDirectoryChanges, WorkspaceOfficeActivity),
        2,
        (("/query", "PartialError"), ("/query", "503"), ("/query", "truncated JSON")),
        share=10,
    ),
    Group(
        "message trace and states",
        (MessageTrace, TraceCmdlet, EitherTrace, TraceDetails, AccountRisk, SecureScore),
        10,
        (
            ("Get-MessageTraceV2", "warning and half"), ("/messageTraces", "short page"),
            ("Get-MessageTraceV2", "short page"), ("/secureScores", "503"), ("getDetailsByRecipient", "truncated JSON"),
            ("/history", "502"),
        ),
    ),
)  # fmt: skip


def group_of(seed: int) -> Group:
    """The roads of a seed; every seventh seed or so has those of `Search-UnifiedAuditLog`."""
    return GROUPS[seed % len(GROUPS)]


def goes_away(seed: int) -> bool:
    """Whether the service goes away for good on the way."""
    return seed % 20 >= 14


def profile_of(case: Case, group: Group) -> Profile:
    """What is collected: each window twice."""
    chosen = Profile(group.name, (group.days,), twice=True, roads=group.roads, options=Options(workspace=WORKSPACE))
    return with_starts(case, chosen)


def prepare(case: Case, tenant: Tenant, service: practice.PracticeTenant, seed: int) -> practice.FaultPlan:
    """Let everything that the seed says go wrong from now on; `service.follow(None)` and `over` end it."""
    group = group_of(seed)
    if FEEDS[0] in group.roads:
        plan = harden.hardening_plan(case, tenant, [StartActivitySubscription(one) for one in CONTENT_TYPES])
        yes = contain.confirm(plan, tenant.domain)
        for one in CONTENT_TYPES:
            contain.run(plan, f"start-activity-subscription:{one}", yes)
        service.clock.advance(2 * 86_400)
    for matcher, what in group.certain:
        service.happen_next(matcher, what, times=6 if what in SILENT else 1)
    if goes_away(seed):
        service._faults.order(Fault(_after(12), Answer(503, {"error": {"code": "Gone"}}), times=EVER))
    found = practice.FaultPlan.collecting(seed, slowness=0.001)
    service.follow(found)
    return found


def over(service: practice.PracticeTenant) -> None:
    """Nothing goes wrong any more."""
    service.follow(None)
    service._faults._orders.clear()


def _after(requests: int) -> Any:
    left = [requests]

    def matches(line: dict[str, Any]) -> bool:
        if line["kind"] == "sign-in" or line["path"].endswith("/organization"):
            return False
        left[0] -= 1
        return left[0] < 0

    return matches


def lacking(case: Case, tenant: Tenant, service: practice.PracticeTenant, line: Line, group: Group) -> set[str]:
    """The ids of records that a window has and the case has not; call it when nothing goes wrong any more."""
    window = Window(datetime.fromisoformat(line.start), datetime.fromisoformat(line.end))
    kind = next(road for road in group.roads if (road.source, road.name) == (line.source, line.road))
    if kind in (SearchLog, AuditSearch):
        return {one.lower() for one in service.truth(line.account, window.start, window.end)} - _held(case)
    whose = contain.resolve(tenant, line.account).object_id if line.account else ""
    with tempfile.TemporaryDirectory() as name:
        road = kind(profile_of(case, group).options)
        pull = road.pull(tenant, Asked(whose, line.account, window), Pages(Path(name) / "pages"), lambda: False)
    return {one.lower() for one in pull.ids} - _held(case)


def lies(case: Case, tenant: Tenant, service: practice.PracticeTenant, lines: list[Line], group: Group) -> list[str]:
    """The windows that are called complete although something is missing."""
    found = []
    for line in lines:
        missing = lacking(case, tenant, service, line, group) if line.state == COMPLETE else set()
        if missing:
            found.append(f"{line.source}, {line.road}, {line.start} lacks {len(missing)}")
    return found


_TIME = "strftime(time, '%Y-%m-%dT%H:%M:%SZ')"
_IDENTITIES = {
    "audit": "record_id",
    "signins": "record_id",
    "risk": "record_id",
    "messages": "message_trace_id || '|' || recipient_address",
    "message_events": f"concat_ws('|', message_trace_id, {_TIME}, event, description)",
    "risky_users": f"CASE WHEN is_history THEN split_part(record_id, '|', 2) || '|' || {_TIME} ELSE user_id END",
    "secure_scores": "record_id",
    "secure_score_controls": "record_id",
}


def _held(case: Case) -> set[str]:
    """Every record of the case by the id that its road knows it by."""
    held: set[str] = set()
    for table, identity in _IDENTITIES.items():
        held |= {str(one).lower() for one in case.sql(f"SELECT {identity} AS name FROM {table}").name}
    return held
