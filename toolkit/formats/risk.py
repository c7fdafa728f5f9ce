"""Risk that Identity Protection noticed: Graph pages of detections, risky users and their history.

Source: Microsoft Graph `riskDetection`, `riskyUser`, `riskyUserHistoryItem`.
"""

from __future__ import annotations

from toolkit.formats.format import Format

DETECTIONS = Format(
    name="graph-risk-detections",
    table="risk",
    title="Graph risk detections",
    source="https://learn.microsoft.com/graph/api/resources/riskdetection",
    container="json",
    # riskType is what riskEventType was called in beta.
    recognise=lambda head: (
        {"riskState", "detectedDateTime"} <= head.keys and bool({"riskEventType", "riskType"} & head.keys)
    ),
    record_id=("doc:$.id",),
    columns={
        "time": ("doc:$.activityDateTime",),
        "detected": ("doc:$.detectedDateTime",),
        "last_updated": ("doc:$.lastUpdatedDateTime",),
        "user_principal_name": ("doc:$.userPrincipalName",),
        "user_id": ("doc:$.userId",),
        "user_display_name": ("doc:$.userDisplayName",),
        "risk_event_type": ("doc:$.riskEventType", "doc:$.riskType"),
        "risk_level": ("doc:$.riskLevel",),
        "risk_state": ("doc:$.riskState",),
        "risk_detail": ("doc:$.riskDetail",),
        "ip_address": ("doc:$.ipAddress",),
        "country": ("doc:$.location.countryOrRegion",),
        "city": ("doc:$.location.city",),
        "activity": ("doc:$.activity",),
        "detection_timing": ("doc:$.detectionTimingType",),
        "source": ("doc:$.source",),
        "token_issuer_type": ("doc:$.tokenIssuerType",),
        "request_id": ("doc:$.requestId",),
        "correlation_id": ("doc:$.correlationId",),
        "additional_info": ("doc:$.additionalInfo",),
    },
)

_STATE = {
    "time": ("doc:$.riskLastUpdatedDateTime",),
    "user_principal_name": ("doc:$.userPrincipalName",),
    "user_display_name": ("doc:$.userDisplayName",),
    "risk_level": ("doc:$.riskLevel",),
    "risk_state": ("doc:$.riskState",),
    "risk_detail": ("doc:$.riskDetail",),
    "is_deleted": ("doc:$.isDeleted",),
    "is_processing": ("doc:$.isProcessing",),
}
_WANTED = {"riskLastUpdatedDateTime", "riskLevel", "riskState"}

HISTORY = Format(
    name="graph-risky-user-history",
    table="risky_users",
    title="Graph history of risky users",
    source="https://learn.microsoft.com/graph/api/resources/riskyuserhistoryitem",
    container="json",
    recognise=lambda head: _WANTED | {"activity"} <= head.keys,
    # In the history the id is the account's, and the same in every piece.
    record_id=("sql:'history|' || {doc:$.id} || '|' || coalesce({doc:$.riskLastUpdatedDateTime}, '')",),
    columns=_STATE
    | {
        "user_id": ("doc:$.userId", "doc:$.id"),
        "initiated_by": ("doc:$.initiatedBy",),
        "risk_event_types": ("doc:$.activity.riskEventTypes", "doc:$.activity.eventTypes"),
        "activity_detail": ("doc:$.activity.detail",),
        "is_history": ("sql:'true'",),
    },
)
USERS = Format(
    name="graph-risky-users",
    table="risky_users",
    title="Graph risky users",
    source="https://learn.microsoft.com/graph/api/resources/riskyuser",
    container="json",
    recognise=lambda head: head.keys >= _WANTED,
    # An account's state as it was at one time: the next state is another row.
    record_id=("sql:'user|' || {doc:$.id} || '|' || coalesce({doc:$.riskLastUpdatedDateTime}, '')",),
    columns=_STATE | {"user_id": ("doc:$.id",), "is_history": ("sql:'false'",)},
)

FORMATS = (DETECTIONS, HISTORY, USERS)
