"""The ledger as a reader sees it: strips with words, reasons and the command; nothing of a service's text is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.views.hostile import ESCAPE, IMAGE, SCRIPT
from toolkit import open_case
from toolkit.case import Case
from toolkit.cli import cli
from toolkit.collect.ledger import (
    COMPLETE,
    FAILED,
    NOT_AVAILABLE,
    NOT_YET,
    PARTIAL,
    PROVISIONAL,
    STATES,
    UNASKED,
    UNCONFIRMED,
    Line,
    lines,
    write,
)
from toolkit.collect.roads.activity import ActivityExchange
from toolkit.collect.roads.log_analytics import WorkspaceOfficeActivity
from toolkit.collect.said import collected_sentence, ledger_sentence, strips
from toolkit.detect import triage
from toolkit.views.findings import headline
from toolkit.views.handover import handover
from toolkit.views.ledger import COLOURS, horizon_html, ledger_html
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
    assert (
        "audit log of anna@contoso.com, by Search-UnifiedAuditLog" in text.split("What did not come whole, and why")[1]
    )
    assert all(f"why {state}" in text for state in (PARTIAL, FAILED, NOT_AVAILABLE))
    assert "To ask for what is left (1 that may still grow, 2 that did not come whole, 1 that" in text
    assert f'python -m toolkit collect --case "{case.folder}" --account {ANNA} --refresh' in text


def test_what_was_not_asked_for_yet_is_counted_apart_and_is_no_reason(case: Case) -> None:
    write(case, day(9, UNASKED, reason=NOT_YET))
    after = ledger_html(case).split("What did not come whole, and why")[1]
    assert words(after).count("not asked for yet") == 2  # folded, and beside the command
    assert "audit log of anna@contoso.com, by Search-UnifiedAuditLog: 2 windows" in words(after)
    html = ledger_html(case, running=True)
    assert "As it stands now: 3 came whole; 3 did not come whole; still to ask: 2." in words(html)
    assert "not known" not in words(html)
    assert NOT_YET not in html.split("What did not come whole, and why")[1]
    assert "--refresh" not in html


def test_roads_are_named_whole_and_commands_in_reasons_are_shown_as_commands(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    roads = [f"Management Activity API, Audit.{name}" for name in ("AzureActiveDirectory", "Exchange")]
    for road in roads:
        write(case, replace(day(1, NOT_AVAILABLE, account="", reason=f"{road}: run `it --now`"), road=road))
    html = ledger_html(case)
    drawn = " ".join(words(html.split("<svg")[1].split("</svg>")[0].replace("</tspan>", " ")).split())
    assert all(road.split(", ")[1] in re.sub(r"<title>.*?</title>", "", html) for road in roads)
    assert "…" not in drawn
    assert all(f"<li>audit log, by {road}<ul>" in html for road in roads)
    assert "run <code>it --now</code>" in html


def boxes(html: str, colour: str) -> list[str]:
    picture = html.split("<svg")[1].split("</svg>")[0]
    return [box for box in re.findall(r"<rect .*?</rect>", picture) if colour in box]


def test_neighbours_of_which_nothing_came_are_one_box(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    for number in range(1, 8):
        write(case, day(number, UNASKED, reason=NOT_YET))
    write(case, day(8, COMPLETE))
    write(case, day(9, UNASKED, reason=NOT_YET))
    html = ledger_html(case)
    assert len(boxes(html, COLOURS[UNASKED])) == 2
    assert "2026-09-01 00:00 to 2026-09-08 00:00 UTC: 7 times not asked yet" in html


def test_what_lies_after_the_asking_is_not_drawn(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, day(19, COMPLETE))
    write(case, day(20, PROVISIONAL))
    html = ledger_html(case)
    assert "2026-09-20 00:00 to 2026-09-20 12:00 UTC: provisional" in html
    [whole], [half] = boxes(html, COLOURS[COMPLETE]), boxes(html, COLOURS[PROVISIONAL])
    wide = [float(re.findall(r' width="([\d.]+)"', box)[0]) for box in (whole, half)]
    assert wide[1] == pytest.approx(wide[0] / 2, rel=0.02)


def test_a_list_over_many_days_is_said_to_be_as_of_its_asking(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, replace(day(20, PROVISIONAL, source="Secure Score"), start="2026-06-22T00:00:00.000000Z"))
    html = ledger_html(case)
    assert "1 provisional (as of 2026-09-20 12:00 UTC)" in words(html)
    assert "the pale part is older than that" in words(html)
    early, late = boxes(html, COLOURS[PROVISIONAL])
    assert "opacity" in early
    assert "opacity" not in late
    write(case, day(20, PROVISIONAL))
    assert len(boxes(ledger_html(case), COLOURS[PROVISIONAL])) == 3


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
    assert (
        "3 of 7 windows that were to be asked for came whole: 1 complete, 1 confirmed by no second answer, 1 that may "
        "still grow (reaching into the 24 hours before the answer); 4 did not"
    ) in said
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
        "1 not asked yet (4 September: why partial)."
    )


def test_a_collection_that_came_whole_is_not_made_smaller_than_it_is(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    write(case, day(1, COMPLETE))
    assert collected_sentence(case) == "By the ledger, 1 of 1 windows that were to be asked for came whole: 1 complete."
    write(case, day(2, PROVISIONAL))
    assert collected_sentence(case).endswith(
        "1 complete, 1 that may still grow (reaching into the 24 hours before the answer)."
    )
    assert "What did not come whole" not in words(ledger_html(case))


def test_days_that_another_road_brought_whole_are_not_called_unknown(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    for number in (1, 2, 3):
        write(case, day(number, COMPLETE if number < 3 else FAILED))
        write(case, replace(day(number, NOT_AVAILABLE, account="", reason="not started"), road=ActivityExchange.name))
        write(case, replace(day(number, COMPLETE), road=WorkspaceOfficeActivity.name))
    assert collected_sentence(case).endswith(
        "5 of 9 windows that were to be asked for came whole: 5 complete; 2 did not, but another road to the same "
        "source brought the same days whole (audit log); 2 did not or only in part (audit log), and what lies in them "
        "is not known: `python -m toolkit coverage` names them."
    )
    # A feed has everybody's records: who was not asked for by another road is not known.
    write(case, day(9, COMPLETE, account="bert@contoso.com"))
    assert "4 did not or only in part" in collected_sentence(case)


def test_it_says_which_days_lack_something_and_neighbours_together(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    for number, reason in ((2, "cut"), (3, "cut"), (7, "cut"), (5, "answered 503")):
        write(case, day(number, PARTIAL, reason=reason))
    write(case, replace(day(28, PARTIAL, reason="late"), end="2026-10-03T00:00:00.000000Z"))
    [strip] = strips(lines(case))
    assert [(one.reason, one.many, one.days) for one in strip.hindered] == [
        ("cut", 3, "2–3 and 7 September"),
        ("answered 503", 1, "5 September"),
        ("late", 1, "28 September – 2 October"),
    ]
    told = CliRunner().invoke(cli, ["coverage", "--case", str(case.folder)]).stdout
    assert "2–3 and 7 September (3 windows): cut" in told
    assert "5 September: answered 503" in told
    shown = words(ledger_html(case))
    assert "2–3 and 7 September (3 windows): cut" in shown
    assert "5 September: answered 503" in shown
    write(case, replace(day(1, PARTIAL, reason="cut"), start="2025-12-31T00:00:00Z", end="2026-01-02T00:00:00Z"))
    [strip] = strips(lines(case))
    assert strip.hindered[0].days == "31 December 2025 – 1 January 2026, 2–3 and 7 September 2026"


def test_the_first_notebook_says_how_far_back_anything_can_be_known(case: Case) -> None:
    write(case, day(7, COMPLETE, source="state of the account"))
    text = words(horizon_html(case))
    assert "How far back anything can be known" in text
    assert "Before 2026-09-01 00:00 UTC “audit log” of anna@contoso.com was not asked for." in text
    assert "state of the account" not in text
