"""Secure Score files for tests, as the service would write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TENANT = "8d4121ed-0008-406d-bff9-0d5bb312183c"
GRAPH = "https://graph.microsoft.com/v1.0/$metadata#security/"


def score(day: str = "2026-03-04", **values: Any) -> dict[str, Any]:
    return {
        "id": f"{TENANT}_{day}",
        "azureTenantId": TENANT,
        "createdDateTime": f"{day}T00:00:00Z",
        "currentScore": 41.5,
        "maxScore": 120.0,
        "averageComparativeScores": [],
        "controlScores": [],
    } | values


def entry(control: str, points: Any, **values: Any) -> dict[str, Any]:
    return {"controlName": control, "controlCategory": "Identity", "score": points} | values


def profile(control: str, maximum: Any = 10, **values: Any) -> dict[str, Any]:
    return {
        "id": control,
        "azureTenantId": TENANT,
        "title": f"Title of {control}",
        "controlCategory": "Identity",
        "maxScore": maximum,
        "rank": 1,
        "implementationCost": "Low",
        "userImpact": "Low",
        "deprecated": False,
        "remediation": "<p>Do it.</p>",
        "controlStateUpdates": [],
    } | values


def written(folder: Path, *, scores: list[dict[str, Any]] | None = None, profiles: Any = None) -> list[Path]:
    """The pages as files: `secure-scores.json`, `profiles.json`."""
    made = []
    for name, kind, rows in (("secure-scores", "secureScores", scores), ("profiles", "controls", profiles)):
        if rows is not None:
            made.append(folder / f"{name}.json")
            made[-1].write_text(json.dumps({"@odata.context": f"{GRAPH}{kind}", "value": rows}), "utf-8")
    return made
