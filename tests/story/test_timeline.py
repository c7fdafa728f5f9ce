"""The timeline: every event once, in its lane, in bars or points, in the reader's time zone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.detect.scenario import VICTIM
from tests.formats.exports import document, purview, sign_in, written
from toolkit.case import Case
from toolkit.story.timeline import LANES, timeline
from toolkit.views.evidence_rows import record_text

FIRST, LAST = datetime(2026, 9, 16, tzinfo=UTC), datetime(2026, 9, 18, 14, tzinfo=UTC)


def test_all_rows_of_the_tables_are_on_it_and_each_lane_adds_up(contoso: Case) -> None:
    found = timeline(contoso)
    assert found is not None
    rows = contoso.count("audit") + contoso.count("signins")
    assert found.total == found.bars["count"].sum() == rows
    assert found.undated == 0
    assert set(found.bars.lane) <= set(LANES)
    failed = contoso.sql(
        "SELECT (SELECT count(*) FROM signins WHERE error_code <> 0)"
        " + (SELECT count(*) FROM audit WHERE operation = 'UserLoginFailed') AS n"
    ).n[0]
    assert found.bars[found.bars.lane == "Sign-ins that failed"]["count"].sum() == failed
    rules = contoso.sql(
        "SELECT count(*) AS n FROM audit WHERE operation IN ('New-InboxRule', 'Set-InboxRule', 'UpdateInboxRules')"
        " OR forwarding_smtp_address IS NOT NULL"
    ).n[0]
    assert found.bars[found.bars.lane == "Rules and forwarding"]["count"].sum() >= rules > 0


def test_bars_begin_within_the_window_and_are_as_long_as_they_say(contoso: Case) -> None:
    found = timeline(contoso)
    assert found is not None
    assert (found.bars.time >= found.start - found.width).all()
    assert (found.bars.time <= found.end).all()
    assert all(int(t.timestamp()) % int(found.width.total_seconds()) == 0 for t in found.bars.time)


def test_many_events_are_bars_and_few_are_points_with_the_same_counts(contoso: Case) -> None:
    many = timeline(contoso, few=100)
    few = timeline(contoso, few=100_000)
    assert many is not None
    assert few is not None
    assert many.points is None
    assert few.points is not None
    assert len(few.points) == few.total == many.total
    assert Counter(few.points.lane) == many.bars.groupby("lane")["count"].sum().to_dict()
    assert few.points.time.is_monotonic_increasing
    assert str(few.points.time.dt.tz) == "UTC"
    assert few.points[["row_id", "table"]].duplicated().sum() == 0


def test_a_window_holds_what_begins_in_it_and_ends_before_its_end(contoso: Case) -> None:
    whole = timeline(contoso, [VICTIM.upper()], FIRST, LAST, few=100_000)
    parts = [timeline(contoso, [VICTIM], FIRST + timedelta(hours=h), FIRST + timedelta(hours=h + 31)) for h in (0, 31)]
    assert whole is not None
    assert whole.points is not None
    assert sum(p.total for p in parts if p) == whole.total
    assert set(whole.points.user) == {VICTIM}
    assert whole.width < width_of_all(contoso)


def width_of_all(case: Case) -> timedelta:
    found = timeline(case)
    assert found is not None
    return found.width


def test_events_without_a_time_are_counted_and_not_drawn(case: Case, tmp_path: Path) -> None:
    case.load(purview(tmp_path / "a.csv", document("a"), ["b", "", "2", "Send", "adele@contoso.com", "", "", ""]))
    found = timeline(case)
    assert found is not None
    assert (found.total, found.undated, found.bars["count"].sum()) == (1, 1, 1)
    other = timeline(case, ["nobody@contoso.com"])
    assert other is None


def test_records_that_contradict_each_other_are_one_event(case: Case, tmp_path: Path) -> None:
    case.load(written(tmp_path / "s.json", [sign_in("s"), sign_in("s", ipAddress="192.0.2.9")]))
    case.load(purview(tmp_path / "a.csv", document("a", ClientIP="192.0.2.8"), document("a", ClientIP="192.0.2.9")))
    found = timeline(case)
    assert found is not None
    assert (case.count("signins"), case.count("audit"), found.total) == (2, 2, 2)


@pytest.mark.parametrize(
    ("operation", "lane"),
    [
        ("New-InboxRule", "Rules and forwarding"),
        ("updateinboxrules", "Rules and forwarding"),
        ("Consent to application.", "Apps and consent"),
        ("Send", "Sending"),
        ("MailItemsAccessed", "Reading and deleting mail"),
        ("UserLoggedIn", "Sign-ins"),
        ("UserLoginFailed", "Sign-ins that failed"),
        ("SomethingNobodyKnows", "Other"),
    ],
)
def test_an_operation_has_its_lane_whatever_its_spelling(case: Case, tmp_path: Path, operation: str, lane: str) -> None:
    case.load(purview(tmp_path / "a.csv", document("a", operation)))
    found = timeline(case)
    assert found is not None
    assert found.points is not None
    assert found.points.lane.tolist() == [lane]


def test_risk_that_entra_noticed_has_a_lane_at_the_time_when_it_happened(case: Case, tmp_path: Path) -> None:
    detection = {
        "id": "r1", "riskEventType": "anomalousToken", "riskState": "atRisk", "riskLevel": "high",
        "detectedDateTime": "2026-09-16T09:00:00Z", "activityDateTime": "2026-09-16T08:00:00Z",
        "userPrincipalName": VICTIM.upper(), "ipAddress": "203.0.113.7", "location": {"countryOrRegion": "RO"},
    }  # fmt: skip
    late = {**detection, "id": "r2", "activityDateTime": None, "riskLevel": None, "riskEventType": None}
    case.load(written(tmp_path / "risk.json", json.dumps({"value": [detection, late]})))
    found = timeline(case, [VICTIM])
    assert found is not None
    assert found.points is not None
    assert set(found.points.lane) == {"Risk that Entra noticed"}
    first, second = found.points.to_dict("records")
    assert (first["what"], first["detail"]) == ("risk noticed: anomalousToken", "level high, atRisk")
    assert (first["ip_address"], first["time"].hour) == ("203.0.113.7", 8)
    assert (second["what"], second["detail"]) == ("risk noticed: type not told", "level not told, atRisk")
    assert second["time"].hour == 9  # when it was noticed, where nothing says when it happened
    assert "anomalousToken" in record_text(case, first["table"], first["row_id"])


def test_an_empty_case_has_no_timeline(case: Case) -> None:
    assert timeline(case) is None
