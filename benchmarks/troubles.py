"""Seeded trouble for every road: what goes wrong by chance, what goes wrong for sure, and what the case then lacks.

A seed chooses the roads and the plan. In three of ten the service goes away for good on the way, so that windows do
lack records. What the tenant holds of an account's audit log, sign-ins, directory changes and mail it says itself, by
its own store and by no road; of the other lists it is what the same road brings when nothing goes wrong.

What this cannot show: an answer leaves each record out in silence once at most. A service that lies twice in the same
way looks complete, here and to everybody.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
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
from toolkit.collect.roads.by_others import AuditSearchByOthers, SearchLogByOthers
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

_SIGN_INS: dict[type[Road], str] = {
    InteractiveSignIns: "interactiveUser",
    NonInteractiveSignIns: "nonInteractiveUser",
    ApplicationSignIns: "servicePrincipal",
    WorkspaceSignIns: "interactiveUser",
    WorkspaceNonInteractive: "nonInteractiveUser",
}
_BY_OTHERS = (SearchLogByOthers, AuditSearchByOthers)
OF_ITSELF = frozenset({
    SearchLog, AuditSearch, *_BY_OTHERS, *_SIGN_INS, DirectoryChanges, WorkspaceDirectoryChanges, MessageTrace,
    TraceCmdlet, EitherTrace,
})  # fmt: skip
"""Roads of whose windows the tenant's own store says what they have."""


@dataclass(frozen=True)
class Group:
    """Roads that are collected together, how many days back, and mishaps that their first requests meet for sure."""

    name: str
    roads: tuple[type[Road], ...]
    days: int
    certain: tuple[tuple[str, str], ...]
    share: int = 1
    """Of the events so many-th are enough: the played workspace is slow at looking through them."""


FAR_BACK = Group(
    "Search-UnifiedAuditLog, ninety days",
    (SearchLog,),
    90,
    ((_SEARCH, "search misses some"), (_SEARCH, "short page"), (_SEARCH, "false zero"), (_SEARCH, "reset in mid-body")),
)
"""As far back as the cmdlet goes, with every event of the mailbox."""
GROUPS = (
    Group(
        "Search-UnifiedAuditLog",
        (SearchLog, SearchLogByOthers),
        7,
        (
            (_SEARCH, "search misses some"), (_SEARCH, "short page"), (_SEARCH, "repeated page"),
            (_SEARCH, "broken session"), (_SEARCH, "false zero"), (_SEARCH, "reset in mid-body"),
            (_SEARCH, "truncated JSON"), (_SEARCH, "expired token"),
        ),
    ),
    Group(
        "Graph audit search",
        (AuditSearch, AuditSearchByOthers),
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
    """The roads of a seed; every sixth has those of `Search-UnifiedAuditLog`, each twentieth of these for 90 days."""
    return FAR_BACK if seed % 120 == 60 else GROUPS[seed % len(GROUPS)]


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


def lacking(
    case: Case,
    tenant: Tenant,
    service: practice.PracticeTenant,
    line: Line,
    group: Group,
    held: Collection[str] | None = None,
) -> set[str]:
    """The ids of records that a window has and the case has not; call it when nothing goes wrong any more.

    `held` is `all_held(case)`, for whoever asks about many windows.
    """
    if held is None:
        held = all_held(case)
    window = Window(datetime.fromisoformat(line.start), datetime.fromisoformat(line.end))
    kind = next(road for road in group.roads if (road.source, road.name) == (line.source, line.road))
    if kind in OF_ITSELF:
        return {one.lower() for one in of_itself(service, kind, line.account, window)}.difference(held)
    whose = contain.resolve(tenant, line.account).object_id if line.account else ""
    with tempfile.TemporaryDirectory() as name:
        road = kind(profile_of(case, group).options)
        pull = road.pull(tenant, Asked(whose, line.account, window), Pages(Path(name) / "pages"), lambda: False)
    return {one.lower() for one in pull.ids}.difference(held)


def of_itself(service: practice.PracticeTenant, kind: type[Road], account: str, window: Window) -> set[str]:
    """What a window of a road has by the tenant's own store."""
    if kind in _SIGN_INS:
        return service.truth_of_sign_ins(_SIGN_INS[kind], account, window.start, window.end)
    if kind in (DirectoryChanges, WorkspaceDirectoryChanges):
        return service.truth_of_changes(account, window.start, window.end)
    if kind in (MessageTrace, TraceCmdlet, EitherTrace):
        return service.truth_of_mail(account, window.start, window.end)
    if kind in _BY_OTHERS:
        return service.truth_naming(account, window.start, window.end)
    return service.truth(account, window.start, window.end)


def lies(case: Case, tenant: Tenant, service: practice.PracticeTenant, lines: list[Line], group: Group) -> list[str]:
    """The windows that are called complete although something is missing."""
    found, held = [], all_held(case)
    for line in lines:
        missing = lacking(case, tenant, service, line, group, held) if line.state == COMPLETE else set()
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


def all_held(case: Case) -> set[str]:
    """Every record of the case by the id that its road knows it by."""
    held: set[str] = set()
    for table, identity in _IDENTITIES.items():
        held |= {str(one).lower() for one in case.sql(f"SELECT {identity} AS name FROM {table}").name}
    return held
