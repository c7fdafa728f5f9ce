"""The figure: what attackers wrote stays text, and UTC is in every hover text."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from tests.formats.exports import document, named, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import Finding, Triage, triage
from toolkit.detect.catalogue import DETECTIONS
from toolkit.errors import UsageError
from toolkit.story.timeline import Timeline, timeline
from toolkit.views.timeline import moment
from toolkit.views.timeline_figure import TimelineFigure, from_axis, key_html, on_axis
from toolkit.views.timeline_svg import svg

EVIL = "<img src=x onerror=alert(1)>"
BERLIN = ZoneInfo("Europe/Berlin")


def drawn(case: Case, zone: ZoneInfo | None = None, few: int = 500) -> go.Figure:
    found = timeline(case, few=few)
    assert found is not None
    return figure(found, triage(case).findings, zone or ZoneInfo("UTC"))


def figure(found: Timeline, findings: list[Finding], zone: ZoneInfo) -> go.Figure:
    whole = TimelineFigure(go.Figure(), sorted(set(found.bars.lane)), zone, str(zone))
    whole.show(found, findings)
    return whole.figure


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
    texts = [t for trace in drawn(case, zone, few).data for t in trace.hovertext or ()]
    assert texts
    assert all("2026-03-04 05:0" in t and "UTC" in t for t in texts)
    if zone:
        assert all("2026-03-04 06:0" in t for t in texts)


def test_the_axis_shows_the_readers_local_time_and_names_it(case: Case, tmp_path: Path) -> None:
    case.load(purview(tmp_path / "a.csv", document("a")))
    utc, berlin = (drawn(case, zone).data[-1].x[0] for zone in (None, BERLIN))
    assert (utc[11:13], berlin[11:13]) == ("05", "06")
    figures = drawn(case, BERLIN)
    assert "Europe/Berlin" in json.dumps(figures.to_plotly_json()["layout"], default=str)


def test_all_events_and_findings_of_the_sample_are_in_the_figure(contoso: Case, contoso_found: Triage) -> None:
    findings = contoso_found.findings
    for few in (0, 100_000):
        found = timeline(contoso, few=few)
        assert found is not None
        flags, *lanes = figure(found, findings, ZoneInfo("UTC")).data
        bars = sum(sum(y or 0 for y in trace.y) for trace in lanes if isinstance(trace, go.Bar))
        points = sum(trace.y != (None,) and len(trace.x) for trace in lanes if isinstance(trace, go.Scatter))
        assert bars + points == found.total
        named = {name for label in flags.text for name in label.split(" +")[0].split(", ")}
        assert named <= {f.id for f in findings}
        # Too many for a label are counted in it.
        assert len(named) > 5


def test_every_code_on_a_flag_is_in_the_key_with_its_title_and_severities(contoso_found: Triage) -> None:
    findings = contoso_found.findings
    key = {line[:5]: line[6:] for line in lines(key_html(findings))}
    titles = {d.id: d.title for d in DETECTIONS}
    assert set(key) == {f.id for f in findings if f.first}
    assert all(told.startswith(titles[code]) for code, told in key.items())
    assert key["SI-02"] == "Sign-in from a new country high medium low"
    assert key["FW-01"] == "Mailbox forwards to another address critical"
    worst = [line.split(" ")[0] for line in lines(key_html(findings))]
    assert worst[:3] == ["CL-04", "FW-01", "IR-01"]


def test_what_has_no_flag_is_not_in_the_key_and_its_text_stays_text() -> None:
    def one(code: str, first: datetime | None) -> Finding:
        return Finding(code, EVIL, "high", "", EVIL, first, first, 1, "", [], "audit", "")

    key = key_html([one("FW-01", None), one(EVIL, datetime(2026, 3, 4, tzinfo=UTC))])
    assert "FW-01" not in key
    assert "<img" not in key
    assert key.count("&lt;img src=x") == 2
    assert key_html([one("FW-01", None)]) == ""


def lines(key: str) -> list[str]:
    return [" ".join(re.sub(r"<[^>]+>", " ", f"<li{item}").split()) for item in key.split("<li")[1:]]


def test_a_flag_near_the_left_edge_has_its_text_to_the_right(contoso: Case, contoso_found: Triage) -> None:
    findings = contoso_found.findings
    first = min(f.first for f in findings if f.first)
    found = timeline(contoso, start=first)
    assert found is not None
    flags = figure(found, findings, ZoneInfo("UTC")).data[0]
    earliest = min(range(len(flags.x)), key=lambda n: flags.x[n])
    assert flags.textposition[earliest] == "middle right"
    assert flags.textposition[max(range(len(flags.x)), key=lambda n: flags.x[n])] == "middle left"


def test_labels_that_face_each_other_name_fewer_ids(contoso: Case) -> None:
    found = timeline(contoso)
    assert found is not None
    span = found.end - found.start

    def flags(*places: float) -> list[tuple[str, str]]:
        days = [found.start + place * span for place in places]
        made = [Finding(f"SI-0{n}", "", "high", "", "", day, day, 1, "", [], "", "") for day in days for n in range(6)]
        drawn = figure(found, made, ZoneInfo("UTC")).data[0]
        return [(side.removeprefix("middle "), text) for side, text in zip(drawn.textposition, drawn.text, strict=True)]

    four, one = "SI-00, SI-01, SI-02, SI-03 +2", "SI-00 +5"
    assert flags(0.1, 0.9) == [("right", four), ("left", four)]
    assert flags(0.2, 0.3, 0.9) == [("right", one), ("right", four), ("left", four)]
    assert flags(0.2, 0.4) == [("right", one), ("left", one)]
    assert flags(0.5, 0.6, 0.99) == [("left", four), ("left", one), ("left", four)]


@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), BERLIN], ids=str)
def test_a_place_on_the_axis_leads_back_to_its_time(zone: ZoneInfo) -> None:
    time = datetime(2026, 9, 16, 8, 30, 1, 250_000, tzinfo=UTC)
    assert from_axis(on_axis(time, zone), zone) == time


def test_the_still_picture_counts_the_same_and_holds_no_markup_of_the_evidence(case: Case, tmp_path: Path) -> None:
    case.load(hostile(tmp_path))
    found = timeline(case, few=0)
    assert found is not None
    picture = svg(found, triage(case).findings, BERLIN, "Europe/Berlin")
    assert picture.count("<rect") == len(found.bars)
    assert "<img" not in picture
    assert "&lt;img src=x" in picture


def test_a_time_is_utc_unless_it_says_otherwise() -> None:
    assert str(moment("2026-09-16")) == "2026-09-16 00:00:00+00:00"
    assert str(moment("2026-09-16T08:30+02:00")) == "2026-09-16 06:30:00+00:00"
    assert moment("") is None
    with pytest.raises(UsageError, match="is no time"):
        moment("last week")
