"""Applications known from mail compromises, and what their permissions are worth to an intruder."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from toolkit import reference

# The tenants in which Microsoft keeps applications of its own
MICROSOFT_TENANTS = ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47")
RISKS = ("none", "low", "medium", "high", "critical")


@dataclass(frozen=True)
class AppOfInterest:
    """One known application: `kind` is malicious, abused_legitimate, watch_third_party or watch_first_party."""

    app_id: str
    name: str
    kind: str
    why: str


@cache
def apps_of_interest() -> dict[str, AppOfInterest]:
    """Application id (lower case) → what is known of it."""
    with open(reference.path("oauth_apps_of_interest.csv"), encoding="utf-8", newline="") as file:
        return {
            row["app_id"].lower(): AppOfInterest(row["app_id"].lower(), row["name"], row["class"], row["why"])
            for row in csv.DictReader(file)
        }


@cache
def _scopes() -> dict[str, str]:
    with open(reference.path("risky_scopes.csv"), encoding="utf-8", newline="") as file:
        return {row["scope"].lower(): row["risk"] for row in csv.DictReader(file)}


def risk_of(scope: str) -> str:
    """What a permission is worth to an intruder: none, low, medium, high or critical (`offline_access`: none)."""
    said = _scopes().get(scope.lower(), "none")
    return said if said in RISKS else "none"
