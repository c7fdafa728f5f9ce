"""One detection run alone, and small records for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.formats.exports import document, named, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import Finding
from toolkit.detect.catalogue import DETECTIONS
from toolkit.detect.evidence import Evidence
from toolkit.detect.triage import found_by, reason_against

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADELE, ADMIN = "adele@contoso.com", "admin@contoso.com"


def reason(case: Case, name: str) -> str:
    return reason_against(_named(name), Evidence.of(case))


def alone(case: Case, name: str, cut: datetime | None = None) -> list[Finding]:
    """What one detection finds, by its first row."""
    evidence = Evidence.of(case).at_cut(cut)
    assert not reason_against(_named(name), evidence)
    return sorted((f for f, _ in found_by(_named(name), evidence)), key=lambda f: (str(f.first), f.evidence))


def _named(name: str) -> Any:
    return next(d for d in DETECTIONS if d.id == name)


def stamp(minutes: float, days: float = 0) -> str:
    return (START + timedelta(minutes=minutes, days=days)).strftime("%Y-%m-%dT%H:%M:%S")


def entry(record_id: str, minutes: float, days: float = 0, *, error: int = 0, **more: Any) -> dict[str, Any]:
    """A sign-in of Adele, in Munich unless said otherwise."""
    place = {"city": "Munich", "countryOrRegion": "DE", "geoCoordinates": {"latitude": 48.1, "longitude": 11.6}}
    settings: dict[str, Any] = {
        "createdDateTime": stamp(minutes, days) + "Z",
        "userPrincipalName": ADELE,
        "ipAddress": "192.0.2.7",
        "location": place,
        "status": {"errorCode": error},
        "isInteractive": True,
    }
    return sign_in(record_id, **(settings | more))


def place(country: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {"countryOrRegion": country, "geoCoordinates": {"latitude": latitude, "longitude": longitude}}


def entries(case: Case, folder: Path, *records: Any, name: str = "signins.json") -> None:
    case.load(written(folder / name, list(records)))


def cmdlet(record_id: str, operation: str, minutes: float = 0, **parameters: str) -> dict[str, Any]:
    """What an administrator ran; `Identity` names the mailbox."""
    return document(
        record_id,
        operation,
        CreationTime=stamp(minutes),
        RecordType=1,
        UserType=2,
        UserId=ADMIN,
        ObjectId=parameters.get("Identity", "object"),
        ResultStatus="True",
        Parameters=named(**parameters),
    )


def acts(case: Case, folder: Path, *records: Any) -> None:
    case.load(purview(folder / "audit.csv", *records))
