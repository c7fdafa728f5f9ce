"""The ledger as a reader sees it: strips with words, reasons and the command; nothing of a service's text is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from tests.views.hostile import ESCAPE, IMAGE, SCRIPT
from toolkit import open_case
from toolkit.case import Case
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    PROVISIONAL,
    STATES,
    UNCONFIRMED,
    Line,
    write,
)
from toolkit.collect.said import collected_sentence, ledger_sentence
from toolkit.detect import triage
from toolkit.views.findings import headline
from toolkit.views.handover import handover
from toolkit.views.ledger import horizon_html, ledger_html
from toolkit.views.ledger import ledger_sentence as of_the_view

ANNA = "anna@contoso.com"


def day(number: int, state: str, *, source: str = "audit log", account: str = ANNA, reason: str = "") -> Line:
    return Line(
        source, account, f"2026-09-{number:02}T00:00:00.000000Z", f"2026-09-{number + 1:02}T00:00:00.000000Z",
        "Search-UnifiedAuditLog", "2026-09-20T12:00:00.000000Z", state, reason, records=number,
    )  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = open_case(tmp_path / "case")
    for number, state in enumerate(STATES, 1):
        write(made, day(number, state, reason="" if state in (COMPLETE, UNCONFIRMED, PROVISIONAL) else f"why {state}"))
    return made


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_every_state_is_a_word_and_a_shape_beside_its_colour(case: Case) -> None:
    html = ledger_html(case)
    text = words(html)
    for state in STATES:
        assert f"1 {state}" in text
    assert "complete : every page came, and two answers agreed" in text
    legend = html.split("toolkit-ledger-legend")[1].split("</p>")[0]
    assert len(set(re.findall(r'height="(\d+)" (fill="(?:none|#\w+)"[^>]*?)>', legend))) == len(STATES)
    assert "2026-09-04 00:00 to 2026-09-05 00:00 UTC: partial, 4 records. why partial" in unescape(html)
    assert "<script" not in html
    assert "href" not in html


def test_what_may_still_grow_is_said_so_that_it_is_true_of_ninety_days_too(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, replace(day(1, PROVISIONAL, source="Secure Score"), start="2026-06-05T00:00:00.000000Z"))
    text = words(ledger_html(case))
    assert "provisional : reaches into the 24 hours before it was asked for: may still grow" in text
    assert "younger" not in text


def test_what_did_not_come_whole_has_its_reason_and_one_command_asks_for_it_again(case: Case) -> None:
    text = words(ledger_html(case))
    assert re.search(r"What did not come whole, and why\s+audit log of anna@contoso\.com", text)
    assert all(f"why {state}" in text for state in (PARTIAL, FAILED, NOT_AVAILABLE))
    assert "1 that may still grow and 2 that did not come whole" in text
    assert f'python -m toolkit collect --case "{case.folder}" --account {ANNA} --refresh' in text


def test_what_services_and_names_say_is_never_markup(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    for number, text in enumerate((IMAGE, SCRIPT, ESCAPE, "x" * 100_000), 1):
        write(case, day(number, PARTIAL, source=text[:300], account=text[:300], reason=text))
    html = ledger_html(case)
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img" in html
    assert len(html) < 100_000
    page = handover(case).read_text("utf-8")
    assert "<img" not in page
    assert "<script" not in page


def test_a_ledger_without_a_line_says_so_and_has_no_sentence(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    assert "Nothing was collected from a tenant" in words(ledger_html(case))
    assert collected_sentence(case) == ledger_sentence(case, "audit log") == ""


def test_the_sentence_that_findings_cite_says_what_is_not_known(case: Case) -> None:
    said = collected_sentence(case, [ANNA.upper()])
    assert "3 of 7 windows that were to be asked for came whole" in said
    assert "4 did not or only in part (audit log; 1 not asked for yet)" in said
    assert "what lies in them is not known" in said
    assert collected_sentence(case, ["nobody@contoso.com"]) == ""
    for shown in (headline(triage(case), ledger=said), handover(case).read_text("utf-8")):
        assert said.replace("`", "") in " ".join(words(shown).split())
        assert "<code>python -m toolkit coverage</code>" in shown
    assert of_the_view is ledger_sentence
    assert ledger_sentence(case, "audit log", ANNA) == (
        "The ledger on audit log of anna@contoso.com by Search-UnifiedAuditLog: 2026-09-01 to 2026-09-08, 7 windows: "
        "1 complete, 1 complete but unconfirmed, 1 provisional, 1 partial, 1 failed, 1 not available, "
        "1 not asked yet (why partial)."
    )


def test_a_collection_that_came_whole_is_not_made_smaller_than_it_is(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, day(1, COMPLETE))
    assert collected_sentence(case) == "By the ledger, 1 of 1 windows that were to be asked for came whole."
    write(case, day(2, PROVISIONAL))
    assert "1 of them reach" not in collected_sentence(case)
    assert (
        "one of them reaches into the 24 hours before it was asked for: records may still come"
        in collected_sentence(case)
    )
    assert "What did not come whole" not in words(ledger_html(case))


def test_the_first_notebook_says_how_far_back_anything_can_be_known(case: Case) -> None:
    write(case, day(7, COMPLETE, source="state of the account"))
    text = words(horizon_html(case))
    assert "How far back anything can be known" in text
    assert "Before 2026-09-01 00:00 UTC “audit log” of anna@contoso.com was not asked for." in text
    assert "state of the account" not in text
