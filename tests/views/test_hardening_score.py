"""Secure Score on the page: what a manager reads, and that nothing of a service or of evidence runs there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.detect.scenario import contoso, contoso_found
from tests.formats.conftest import case
from tests.harden.scores import entry, profile, score, written
from tests.views.hostile import ESCAPE, IMAGE, LINK, SCRIPT
from toolkit import harden
from toolkit.case import Case
from toolkit.detect import Finding, Triage
from toolkit.harden.remediation import LONGEST
from toolkit.harden.score import Day
from toolkit.views.hardening_score import score_html, what_if_html
from toolkit.views.remediation import remediation_html
from toolkit.views.score_trend import points, trend_svg

__all__ = ["case", "contoso", "contoso_found"]


class Seen(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


def plain(markup: str) -> str:
    return " ".join(Seen(markup).text.split())


def test_a_manager_reads_where_we_stand_and_what_helps_most(contoso: Case, contoso_found: Triage) -> None:
    report = harden.secure_score(contoso)
    markup = score_html(report, harden.ranked_controls(report, contoso_found.findings))
    text = plain(markup)
    assert "81.9 of 131 (63 %)Secure Score, points" in text
    assert "46.9 %average, all tenants" in text
    assert "+1.8points since 2026-08-09" in text
    assert "As of 2026-09-17 (UTC), from the file secure-scores.json." in text
    before = text.partition("14 controls counted as on")[0]
    assert "Set automatic email forwarding rules to be system controlled" in before
    assert "never on the score" in text
    assert "The organisation says: reviewed by jonas.reuter@contoso.com on" in text
    links = {a.get("href") or "" for tag, a in Seen(markup).tags if tag == "a"}
    assert links
    assert all(link.startswith("https://") and ".microsoft.com/" in link for link in links)
    assert "<svg" in markup
    assert "<script" not in markup


def test_a_manager_reads_what_would_have_stopped_what(contoso: Case, contoso_found: Triage) -> None:
    report = harden.secure_score(contoso)
    text = plain(what_if_html(harden.what_if(report, contoso_found.findings)))
    assert "18 steps were found. 9 of them would have been stopped by a control that is off or only partly on" in text
    assert "For 9 no control of Secure Score is known" in text
    assert text.count("No control that we know") == 9
    assert "Automatic forwarding to the outside switched off" in text
    assert "2026-09-16 08:44:10" in text


def test_times_are_those_of_the_asked_zone(contoso: Case, contoso_found: Triage) -> None:
    berlin = timezone(timedelta(hours=2))
    report = harden.secure_score(contoso)
    text = plain(what_if_html(harden.what_if(report, contoso_found.findings), zone=berlin, zone_name="Berlin"))
    assert "2026-09-16 10:44:10" in text
    assert "Time (Berlin)" in text


def test_missing_input_is_said_and_no_zero_is_shown(case: Case) -> None:
    report = harden.secure_score(case)
    text = plain(score_html(report, harden.ranked_controls(report, [])))
    assert "Secure Score: not checked" in text
    assert not re.search(r"\b0\b(?<!v1\.0)", text)
    assert "svg" not in score_html(report)


def test_nothing_of_the_service_or_of_evidence_runs_on_the_page(case: Case, tmp_path: Path) -> None:
    evil = [IMAGE, SCRIPT, ESCAPE]
    fields = ("title", "service", "tier", "implementationCost", "userImpact", "remediation", "remediationImpact")
    profiles = [
        profile(f"c{n}{text}", 4, **dict.fromkeys(fields, text), actionUrl=LINK, threats=evil, brandNew=text,
                controlStateUpdates=[{"state": text, "comment": text, "updatedBy": text}])
        for n, text in enumerate(evil)
    ]  # fmt: skip
    profiles.append(profile("IntegratedApps", 4, title=ESCAPE, remediation=SCRIPT + IMAGE + "<form action=x><input>",
                            controlStateUpdates=[{"state": "Reviewed", "comment": ESCAPE}]))  # fmt: skip
    told = score(
        averageComparativeScores=[{"basis": ESCAPE, "averageScore": 5}, {"basis": IMAGE}],
        controlScores=[
            entry(p["id"], 1, controlCategory=ESCAPE, implementationStatus=ESCAPE, x=IMAGE) for p in profiles
        ],
    )
    case.load(written(tmp_path, scores=[told], profiles=profiles))
    report = harden.secure_score(case)
    when = datetime(2026, 9, 16, 8, 0, tzinfo=UTC)
    finding = Finding("OA-01", ESCAPE, "high", "", IMAGE, when, when, 1, SCRIPT, ["r"], "audit", "")
    markup = score_html(report, harden.ranked_controls(report, [finding]))
    markup += what_if_html(harden.what_if(report, [finding]), zone_name=ESCAPE)
    seen = Seen(markup)
    assert not {"script", "img", "form", "input", "iframe", "object", "style", "math"} & seen.names()
    for tag, attributes in seen.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not str(attributes.get("href") or "https://").startswith("javascript"), tag
    assert IMAGE in seen.text


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<p>Open <b>Entra</b></p>", "<p>Open <b>Entra</b></p>"),
        ("<p style='x' class='y' onclick='z'>a</p>", "<p>a</p>"),
        ("a<script>x()</script><style>p{}</style>b", "ab"),
        ("<img src=x onerror=y>", ""),
        ("<table><tr><td>a</td></tr></table>", "a"),
        ("", ""),
    ],
)
def test_remediation_keeps_its_words_and_loses_what_acts(markup: str, shown: str) -> None:
    assert remediation_html(markup) == shown


@pytest.mark.parametrize(
    ("address", "kept"),
    [("javascript:x()", False), ("https://attacker.example/", False), ("https://learn.microsoft.com/x", True)],
)
def test_links_in_remediation_lead_to_microsoft_or_nowhere(address: str, kept: bool) -> None:
    [(tag, attributes)] = Seen(remediation_html(f'<a href="{address}" onclick="x()">a</a>')).tags
    safe = {"target": "_blank", "rel": "noopener noreferrer nofollow"}
    assert (tag, attributes) == ("a", safe | ({"href": address} if kept else {}))


def test_remediation_without_end_is_cut_and_says_so() -> None:
    long = remediation_html("<p>x</p>" * LONGEST)
    assert len(long) < 2 * LONGEST
    assert "the rest is cut" in long


def test_the_trend_is_a_picture_of_the_days_that_have_numbers() -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    days = [Day(first + timedelta(days=n), 40.0 + n, 100.0) for n in range(5)]
    days.insert(2, Day(first + timedelta(days=1, hours=12), None, 100.0))
    svg = trend_svg(days, zone=UTC, zone_name="UTC")
    assert svg.count("<circle") == 5
    assert "40.0 on 2026-03-01, 44.0 on 2026-03-05, 5 scores" in svg
    assert "2026-03-01" in svg
    assert trend_svg(days[:1], zone=UTC, zone_name="UTC") == ""
    years = [Day(first + timedelta(days=n), 0.0, 100.0) for n in range(3000)]
    assert len(trend_svg(years, zone=UTC, zone_name="UTC")) < 20_000


def test_scores_a_year_apart_are_dated_and_a_changed_total_is_compared_in_per_cent(case: Case, tmp_path: Path) -> None:
    first, last = score("2025-03-04"), score("2026-03-04", currentScore=60.0, maxScore=240.0)
    case.load(written(tmp_path, scores=[first, last]))
    text = plain(score_html(harden.secure_score(case)))
    assert "The score from 2025-03-04 to 2026-03-04" in text
    assert "2 days" not in text
    assert "−9.6percentage points since 2025-03-04; the total was 120 then and is 240" in text
    assert "+18.5" not in text


def test_the_size_of_the_peers_is_named_and_fields_nobody_knows_are_shown(case: Case, tmp_path: Path) -> None:
    size = {"basis": "TotalSeats", "averageScore": 41.2, "SeatSizeRangeLowerValue": "1",
            "SeatSizeRangeUpperValue": "100", "appsScore": "29.72"}  # fmt: skip
    told = score(averageComparativeScores=[size], brandNew={"deep": [1]}, controlScores=[entry("a", 1, newField="x")])
    case.load(written(tmp_path, scores=[told], profiles=[profile("a", 4, novelty=7)]))
    report = harden.secure_score(case)
    text = plain(score_html(report, harden.ranked_controls(report, [])))
    assert "41.2 %average, tenants of this size (1 to 100 seats)" in text
    assert "appsScore: 29.72" in text
    assert 'The score: brandNew: {"deep": [1]}' in text
    assert "newField: x" in text
    assert "novelty: 7" in text


def test_each_control_says_whether_the_licences_have_what_it_needs(case: Case, tmp_path: Path) -> None:
    names = ("SigninRiskPolicy", "aad_phishing_MFA_strength", "mdo_mailtips_new", "AdminMFAV2")
    case.load(written(tmp_path, scores=[score(controlScores=[entry(n, 0) for n in names])],
                      profiles=[profile(n, 4) for n in names]))  # fmt: skip
    before = {r.control.id: r.licensed for r in harden.ranked_controls(harden.secure_score(case), [])}
    assert set(before.values()) == {"not told", "included in any plan"}
    skus = [{"skuId": "1", "skuPartNumber": "SPB", "capabilityStatus": "Enabled", "consumedUnits": 3,
             "servicePlans": [{"servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Success"}]},
            {"skuId": "2", "skuPartNumber": "SPE_E5", "capabilityStatus": "Suspended", "consumedUnits": 0,
             "servicePlans": [{"servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success"}]}]  # fmt: skip
    (tmp_path / "skus.json").write_text(json.dumps({"value": skus}), "utf-8")
    case.load(tmp_path / "skus.json")
    report = harden.secure_score(case)
    ranked = harden.ranked_controls(report, [])
    after = {r.control.id: r.licensed for r in ranked}
    assert after == {
        "SigninRiskPolicy": "Entra ID P2 is not among the organisation's licences",
        "aad_phishing_MFA_strength": "Entra ID P1 is included in the organisation's licences (SPB)",
        "mdo_mailtips_new": "not told",
        "AdminMFAV2": "included in any plan; Entra ID P1 is included in the organisation's licences (SPB)",
    }
    text = plain(score_html(report, ranked))
    assert "Licence: needs Entra ID P2; Entra ID P2 is not among the organisation's licences" in text
    assert list(harden.ranked_frame(ranked).licensed) == [r.licensed for r in ranked]


@pytest.mark.parametrize(
    ("value", "text"),
    [(81.9, "81.9"), (131.0, "131"), (0.0, "0"), (1234.5, "1,234.5"), (2.704, "2.7"), (None, "not told")],
)
def test_points_read_as_in_the_portal(value: float | None, text: str) -> None:
    assert points(value) == text


def test_many_controls_are_bounded_and_counted(case: Case, tmp_path: Path) -> None:
    names = [f"new_{n}" for n in range(700)]
    case.load(written(tmp_path, scores=[score(controlScores=[entry(n, 0) for n in names])],
                      profiles=[profile(n, 1) for n in names]))  # fmt: skip
    report = harden.secure_score(case)
    markup = score_html(report, harden.ranked_controls(report, []))
    assert "700 further controls" in plain(markup)
    assert "… and 400 more." in plain(markup)
    assert len(markup) < 1_000_000
