"""Secure Score: the daily scores and the control profiles, as pages of the Graph API or as CSV.

Source: Microsoft Graph `secureScore` and `secureScoreControlProfile` (v1.0).
"""

from __future__ import annotations

from toolkit.formats.format import Format


def _average(basis: str) -> str:
    """The average of one comparison group; numbers may come as text."""
    array = "{doc:$.averageComparativeScores}"
    bases, scores = (f"TRY(json_extract_string({array}, '$[*].{k}'))" for k in ("basis", "averageScore"))
    return f"sql:{scores}[list_position({bases}, '{basis}')]"


SCORES = Format(
    name="graph-secure-scores",
    table="secure_scores",
    title="Graph Secure Score",
    source="https://learn.microsoft.com/graph/api/resources/securescore",
    container="json",
    recognise=lambda head: {"currentScore", "controlScores"} <= head.keys,
    record_id=("doc:$.id",),
    columns={
        "time": ("doc:$.createdDateTime",),
        "tenant_id": ("doc:$.azureTenantId",),
        "current_score": ("doc:$.currentScore",),
        "max_score": ("doc:$.maxScore",),
        "active_user_count": ("doc:$.activeUserCount",),
        "licensed_user_count": ("doc:$.licensedUserCount",),
        "enabled_services": ("doc:$.enabledServices",),
        "average_all_tenants": (_average("AllTenants"),),
        "average_total_seats": (_average("TotalSeats"),),
        "average_industry": (_average("IndustryTypes"),),
        "comparative_scores": ("doc:$.averageComparativeScores",),
        "control_scores": ("doc:$.controlScores",),
    },
)

CONTROLS = Format(
    name="graph-secure-score-controls",
    table="secure_score_controls",
    title="Graph Secure Score control profiles",
    source="https://learn.microsoft.com/graph/api/resources/securescorecontrolprofile",
    container="json",
    recognise=lambda head: {"maxScore", "title", "controlCategory"} <= head.keys and "controlScores" not in head.keys,
    record_id=("doc:$.id",),
    columns={
        "control_id": ("doc:$.id", "doc:$.controlName"),
        "tenant_id": ("doc:$.azureTenantId",),
        "title": ("doc:$.title",),
        "control_category": ("doc:$.controlCategory",),
        "service": ("doc:$.service",),
        "action_type": ("doc:$.actionType",),
        "action_url": ("doc:$.actionUrl",),
        "max_score": ("doc:$.maxScore",),
        "rank": ("doc:$.rank",),
        "tier": ("doc:$.tier",),
        "threats": ("doc:$.threats",),
        "implementation_cost": ("doc:$.implementationCost",),
        "user_impact": ("doc:$.userImpact",),
        "remediation": ("doc:$.remediation",),
        "remediation_impact": ("doc:$.remediationImpact",),
        "deprecated": ("doc:$.deprecated",),
        "control_state_updates": ("doc:$.controlStateUpdates",),
        "last_modified": ("doc:$.lastModifiedDateTime",),
    },
)

SUMMARY = Format(
    name="secure-score-csv",
    table="secure_scores",
    title="Secure Score, CSV of the portal or of an assessment tool",
    source="https://learn.microsoft.com/defender-xdr/microsoft-secure-score-history-metrics-trends",
    container="csv",
    recognise=lambda head: {"currentscore", "maxscore"} <= head.cells and "actionname" not in head.cells,
    columns={
        "time": ("cell:CreatedDateTime", "cell:Date"),
        "current_score": ("cell:CurrentScore",),
        "max_score": ("cell:MaxScore",),
        "average_all_tenants": ("cell:AverageComparativeScore",),
    },
)
ACTIONS = Format(
    name="secure-score-actions-csv",
    table="secure_score_controls",
    title="Secure Score recommended actions, CSV of an assessment tool",
    source="https://learn.microsoft.com/defender-xdr/microsoft-secure-score-improvement-actions",
    container="csv",
    recognise=lambda head: {"actionname", "category"} <= head.cells,
    # The headings for points are not to be trusted (a percentage, a zero): only names and kinds are taken.
    columns={
        "control_id": ("cell:ActionName",),
        "title": ("cell:ActionName",),
        "control_category": ("cell:Category",),
        "service": ("cell:Product",),
        "rank": ("cell:Rank",),
    },
)
_ACTION = ("cell:Recommended action", "cell:Improvement action")
_CHANGING = (*_ACTION, "cell:Points achieved", "cell:Status", "cell:Have license?", "cell:Notes", "cell:Last synced")
PORTAL = Format(
    name="secure-score-portal-csv",
    table="secure_score_controls",
    title="Secure Score recommended actions, CSV of the portal",
    source="https://learn.microsoft.com/defender-xdr/microsoft-secure-score-improvement-actions",
    container="csv",
    recognise=lambda head: (
        bool({"recommended action", "improvement action"} & head.cells)
        and bool({"points achieved", "score impact", "category"} & head.cells)
    ),
    # Two lists of different days say different things of one action: each is a record of its own.
    record_id=(f"sql:sha256(concat_ws(chr(31), {', '.join(f'{{{place}}}' for place in _CHANGING)}))",),
    # What stands under "Points achieved", "Status", "Have license?" and "Notes" is read by `harden.portal_list`.
    columns={
        "control_id": _ACTION,
        "title": _ACTION,
        "control_category": ("cell:Category",),
        "service": ("cell:Product",),
        "rank": ("cell:Rank",),
    },
)

FORMATS = (SCORES, CONTROLS, SUMMARY, ACTIONS, PORTAL)
