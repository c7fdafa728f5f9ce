"""Notebook 1 without a browser: who it is about, by what rule, and what was not looked for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from tests.detect.scenario import VICTIM, contoso
from tests.formats.conftest import case
from toolkit.case import Case
from toolkit.detect import Finding, NotRun, Triage, score
from toolkit.views import review
from toolkit.views.findings import not_run_html, people, weight_in_words

__all__ = ["case", "contoso"]

EVIL = "<img src=x onerror=alert(1)>"
DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def finding(name: str, severity: str, user: str = "anna@contoso.com", **more: Any) -> Finding:
    return Finding(name, "title", severity, "", user, DAY, DAY, 1, "summary", ["row"], "audit", "", **more)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page displays."""
    displayed: list[str] = []
    monkeypatch.setattr(review, "show", lambda *parts, **_more: displayed.extend(parts))
    return displayed


def test_who_it_is_about_has_weight_findings_by_severity_and_the_rule(contoso: Case, said: list[str]) -> None:
    review.about(contoso, display_time_zone="Europe/Berlin")
    page = words(" ".join(said))
    assert weight_in_words() in page
    assert "Times are Europe/Berlin." in page
    assert "User Weight Findings First Last What was found" in page
    assert f"{VICTIM} 123 critical 3 high 14 medium 1 2026-09-16 09:41:05" in page


def test_a_severity_that_an_account_has_no_finding_of_takes_no_room() -> None:
    found = Triage([finding("IR-01", "low"), finding("FW-01", "critical"), finding("IR-02", "low")])
    assert list(people(found, {}).findings) == [[("critical", 1), ("low", 2)]]


def test_names_of_the_evidence_are_text(case: Case, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = Triage([finding("IR-01", "high", EVIL)])
    monkeypatch.setattr(review, "findings_of", lambda *_: found)
    review.about(case)
    assert "<img" not in "".join(said)
    assert "&lt;img src=x" in "".join(said)


def test_the_sentence_about_weight_has_the_numbers_that_findings_are_weighed_with() -> None:
    sentence = weight_in_words()
    for severity in score.POINTS:
        assert f"{score.score(finding('IR-01', severity))} ({severity})" in sentence
    plain = score.score(finding("IR-01", "high"))
    assert f"{score.score(finding('IR-01', 'high', from_intruder=True)) - plain} more if it was done" in sentence
    assert f"{score.score(finding('IR-01', 'high'), ['SI']) - plain} more if the account" in sentence
    assert f"{plain - score.score(finding('IR-01', 'high'), owners=True)} less, but never below 0" in sentence


def test_the_sentence_about_weight_follows_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(score.POINTS, "high", 77)
    monkeypatch.setattr(score, "OWNERS", -55)
    assert "77 (high)" in weight_in_words()
    assert "55 less" in weight_in_words()


def test_what_was_not_looked_for_is_named_by_code_and_title_and_a_shared_reason_once() -> None:
    page = not_run_html(
        Triage(not_run=[NotRun("SI-01", f"no {EVIL}"), NotRun("SI-04", "no list"), NotRun("SI-02", f"no {EVIL}")])
    )
    assert [words(item) for item in page.split("<li>")[1:]] == [
        f"SI-01 Impossible travel SI-02 Sign-in from a new country no {EVIL}",
        "SI-04 Sign-in from a hosting, VPN or Tor network no list",
    ]
    assert "<img" not in page


def test_a_code_that_no_detection_has_stands_alone() -> None:
    assert words(not_run_html(Triage(not_run=[NotRun("XX-99", "why")]))) == "Not looked for XX-99 why"
