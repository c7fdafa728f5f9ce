"""Secure Score of the tenant: one score a day and the profile of each control (`facts/controls.csv`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, facts
from toolkit.practice.signin_records import stamp

SCORE_DAYS = 40
_VENDOR = {"provider": "SecureScore", "providerVersion": None, "subProvider": None, "vendor": "Microsoft"}
_RETIRED = "AdminMFA"
_COMPARISONS = (("AllTenants", 46.9), ("TotalSeats", 41.2), ("IndustryTypes", 48.3))


def secure_scores(instant: datetime) -> list[Record]:
    """`secureScore` objects, newest first. The service's own extra properties carry numbers as text."""
    return [
        _score((instant - timedelta(days=back)).replace(hour=0, minute=0, second=0), back)
        for back in range(1, SCORE_DAYS + 1)
    ]


def _score(day: datetime, back: int) -> Record:
    controls = [_control(row, day, back) for row in facts("controls") if row["control"] != _RETIRED]
    current = sum(float(control["score"]) for control in controls)
    maximum = sum(float(row["max"]) for row in facts("controls"))
    return {
        "id": f"{TENANT_ID}_{day:%Y-%m-%d}",
        "azureTenantId": TENANT_ID,
        "activeUserCount": 9,
        "createdDateTime": stamp(day),
        "currentScore": round(current, 2),
        "enabledServices": ["HasExchange", "HasSharePoint", "HasAADP2", "HasOffice365"],
        "licensedUserCount": 9,
        "maxScore": maximum,
        "vendorInformation": _VENDOR,
        "averageComparativeScores": [
            {"basis": basis, "averageScore": average, "SeatSizeRangeLowerValue": "1"}
            if basis == "TotalSeats"
            else {"basis": basis, "averageScore": average}
            for basis, average in _COMPARISONS
        ],
        "controlScores": controls,
    }


def _control(row: dict[str, str], day: datetime, back: int) -> Record:
    score = float(row["score"])
    maximum = float(row["max"])
    # Two weeks ago registration for MFA was still under way: a score that moves shows a trend.
    if row["control"] == "MFARegistrationV2" and back > 14:
        score = round(score * 0.75, 2)
    percent = round(100 * score / maximum, 2) if maximum else 0.0
    return {
        "controlCategory": row["category"],
        "controlName": row["control"],
        "description": row["title"],
        "score": score,
        "lastSynced": stamp(day),
        "implementationStatus": f"Now: {row['share_on']}.",
        "on": "true" if percent == 100 else "false",
        "scoreInPercentage": percent,
    }


def control_profiles(instant: datetime) -> list[Record]:
    """`secureScoreControlProfile` objects; `remediation` is HTML."""
    changed = stamp(instant - timedelta(days=200))
    return [
        {
            "id": row["control"],
            "azureTenantId": TENANT_ID,
            "actionType": "Config",
            "actionUrl": f"https://security.microsoft.com/securescore?action={row['control']}",
            "controlCategory": row["category"],
            "title": row["title"],
            "deprecated": row["control"] == _RETIRED,
            "implementationCost": row["cost"],
            "lastModifiedDateTime": changed,
            "maxScore": float(row["max"]),
            "rank": int(row["rank"]),
            "remediation": row["remediation"],
            "remediationImpact": f"The impact on users is {row['impact'].lower()}.",
            "service": row["service"],
            "threats": row["threats"].split(";"),
            "tier": row["tier"],
            "userImpact": row["impact"],
            "complianceInformation": [],
            "controlStateUpdates": _updates(row["control"], instant),
            "vendorInformation": _VENDOR,
        }
        for row in facts("controls")
    ]


def _updates(control: str, instant: datetime) -> list[Record]:
    if control != "exo_outlookaddins":
        return []
    return [
        {
            "assignedTo": None,
            "comment": "Add-ins are reviewed by IT.",
            "state": "Reviewed",
            "updatedBy": "jonas.reuter@contoso.com",
            "updatedDateTime": stamp(instant - timedelta(days=DRAW.number(60, 90, "review"))),
        }
    ]
