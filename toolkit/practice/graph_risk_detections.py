"""Graph: what Identity Protection noticed about single sign-ins (P2; without it only that there was something)."""

from __future__ import annotations

import json
from datetime import timedelta

from toolkit.practice import odata
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, places
from toolkit.practice.scenario import Scenario
from toolkit.practice.services import lacks
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation

PATH = "identityProtection/riskDetections"
KEPT = timedelta(days=90)
_FIELDS = (
    *("id", "userId", "userPrincipalName", "riskEventType", "riskLevel", "riskState", "ipAddress", "correlationId"),
    *("activityDateTime", "detectedDateTime", "lastUpdatedDateTime", "requestId", "source", "detectionTimingType"),
)
_ATTACKERS = {
    places()["relay"].address("victim"): "maliciousIPAddress",
    places()["reuse"].address("victim"): "anomalousToken",
}


def list_detections(request: Request, situation: Situation, version: str) -> Answer:
    """GET /identityProtection/riskDetections: newest first."""
    options = odata.only(request, ("$filter", "$top", "$skiptoken", "$orderby"))
    test = odata.test_of(options.get("$filter"), _FIELDS, kinds=False, entity="riskDetection")
    rows = [row for row in detections(situation) if test(row)]
    size = odata.top(options, 20, 500)
    return Answer(200, odata.page(rows, situation.base, version, PATH, options, size))


def get_detection(request: Request, situation: Situation, version: str, detection_id: str) -> Answer:
    """GET /identityProtection/riskDetections/{id}"""
    odata.only(request, ())
    for row in detections(situation):
        if row["id"] == detection_id:
            return Answer(200, {"@odata.context": f"{situation.base}/{version}/$metadata#{PATH}/$entity"} | row)
    raise Refused(404, "ResourceNotFound", f"The risk detection '{detection_id}' was not found.")


def detections(situation: Situation) -> list[Record]:
    """All `riskDetection` objects that are kept, newest first."""
    rows = _told(situation.scenario)
    rows = [row for row in rows if utc(row["detectedDateTime"].rstrip("Z")) > situation.now - KEPT]
    if lacks(situation, "p2"):
        hidden: Record = {"riskEventType": "generic", "riskLevel": "hidden", "riskDetail": "hidden"}
        rows = [row | hidden | {"additionalInfo": None} for row in rows]
    return rows


def _told(told: Scenario) -> list[Record]:
    """A detection for each interactive sign-in from the intruder's networks, and one found by itself hours later."""
    found = []
    for sign_in in told.sign_ins:
        kind = _ATTACKERS.get(sign_in["ipAddress"])
        if kind and sign_in["isInteractive"]:
            found.append(_detection(sign_in, kind, minutes=2, timing="realtime"))
        elif kind:
            found.append(_detection(sign_in, kind, minutes=210, timing="offline"))
    return sorted(found, key=lambda row: (row["detectedDateTime"], row["id"]), reverse=True)


def _detection(sign_in: Record, kind: str, *, minutes: int, timing: str) -> Record:
    happened = utc(sign_in["createdDateTime"].rstrip("Z"))
    seen = stamp(happened + timedelta(minutes=minutes))
    agent = [{"Key": "userAgent", "Value": sign_in["userAgent"]}]
    return {
        "id": DRAW.hexadecimal(64, "risk detection", sign_in["id"]).lower(),
        "requestId": sign_in["id"],
        "correlationId": sign_in["correlationId"],
        "riskEventType": kind,
        "riskState": "atRisk",
        "riskLevel": "medium" if timing == "offline" else "high",
        "riskDetail": "none",
        "source": "IdentityProtection",
        "detectionTimingType": timing,
        "activity": "signin",
        "tokenIssuerType": "AzureAD",
        "ipAddress": sign_in["ipAddress"],
        "location": sign_in["location"],
        "activityDateTime": sign_in["createdDateTime"],
        "detectedDateTime": seen,
        "lastUpdatedDateTime": seen,
        "userId": sign_in["userId"],
        "userDisplayName": sign_in["userDisplayName"],
        "userPrincipalName": sign_in["userPrincipalName"],
        "additionalInfo": json.dumps(agent),
    }
