"""The figure: what attackers wrote stays text, and UTC is in every hover text."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from tests.formats.exports import document, named, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import triage
from toolkit.errors import UsageError
from toolkit.story.timeline import timeline
from toolkit.views.timeline import figure, moment

EVIL = "<img src=x onerror=alert(1)>"
BERLIN = ZoneInfo("Europe/Berlin")


def drawn(case: Case, zone: ZoneInfo | None = None, few: int = 500) -> go.Figure:
    found = timeline(case, few=few)
    assert found is not None
    return figure(found, triage(case), zone or UTC, str(zone or "UTC"))


def hostile(folder: Path) -> list[Path]:
    rule = document(
        "r",
        "New-InboxRule",
        UserId=f"{EVIL}@contoso.com",
        ClientIP="192.0.2.1",
        Parameters=named(Name=EVIL, ForwardTo=f"{EVIL}@evil.example", MoveToFolder=f"{EVIL}\\RSS Feeds"),
    )
    mail = document("m", EVIL, Item={"Subject": EVIL})
    login = sign_in("s", appDisplayName=EVIL, status={"errorCode": 1, "failureReason": EVIL}, userPrincipalName=EVIL)
    return [purview(folder / "a.csv", rule, mail), written(folder / "s.json", [login])]


@pytest.mark.parametrize("few", [0, 500], ids=["bars", "points"])
def test_text_of_the_evidence_never_becomes_html(case: Case, tmp_path: Path, few: int) -> None:
    case.load(hostile(tmp_path))
    text = json.dumps(drawn(case, few=few).to_plotly_json(), default=str)
    assert "<img" not in text
    assert "IR-01" in text
    if few:
        assert "&lt;img src=x" in text


@pytest.mark.parametrize("few", [0, 500], ids=["bars", "points"])
@pytest.mark.parametrize("zone", [None, BERLIN], ids=["UTC", "Berlin"])
def test_hover_text_says_utc_in_every_zone(case: Case, tmp_path: Path, few: int, zone: ZoneInfo | None) -> None:
    case.load(hostile(tmp_path))
    texts = [t for trace in drawn(case, zone, few).data for t in trace.hovertext]
    assert texts
    assert all("2026-03-04 05:0" in t and "UTC" in t for t in texts)
    if zone:
        assert all("2026-03-04 06:0" in t for t in texts)


def test_the_axis_shows_the_readers_local_time_and_names_it(case: Case, tmp_path: Path) -> None:
    case.load(purview(tmp_path / "a.csv", document("a")))
    utc, berlin = (drawn(case, zone).data[0].x[0] for zone in (None, BERLIN))
    assert berlin - utc == 3_600_000
    figures = drawn(case, BERLIN)
    assert "Europe/Berlin" in json.dumps(figures.to_plotly_json()["layout"], default=str)


def test_all_events_and_findings_of_the_sample_are_in_the_figure(contoso: Case) -> None:
    found = timeline(contoso)
    assert found is not None
    data = drawn(contoso).data
    assert sum(sum(trace.y) for trace in data if isinstance(trace, go.Bar)) == found.total
    points = drawn(contoso, few=100_000).data
    assert sum(len(trace.x) for trace in points if isinstance(trace, go.Scattergl)) == found.total
    flags = {
        label for trace in data if isinstance(trace, go.Scatter) for text in trace.text for label in text.split(", ")
    }
    assert flags == {f.id for f in triage(contoso).findings}


def test_a_time_is_utc_unless_it_says_otherwise() -> None:
    assert str(moment("2026-09-16")) == "2026-09-16 00:00:00+00:00"
    assert str(moment("2026-09-16T08:30+02:00")) == "2026-09-16 06:30:00+00:00"
    assert moment("") is None
    with pytest.raises(UsageError, match="is no time"):
        moment("last week")
