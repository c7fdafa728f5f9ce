"""Notebook 0: several lines for a file of several tables, the order of dates asked for, calm words about pages."""

from __future__ import annotations

import time
from pathlib import Path

from tests.needs import ROOT
from toolkit import open_case
from toolkit.views.coverage import coverage
from toolkit.views.start import LoadMore, ambiguous, calm_notes

AMBIGUOUS = (
    "CreationDate,UserIds,Operations,AuditData\n"
    "3/4/2026 7:22:01 AM,anna@contoso.com,Send,"
    '"{""Id"":""1"",""Operation"":""Send"",""UserId"":""anna@contoso.com""}"\n'
)


def test_where_day_and_month_are_open_the_panel_asks_and_loads_again(tmp_path: Path) -> None:
    (tmp_path / "audit.csv").write_text(AMBIGUOUS)
    case = open_case(tmp_path / "case")
    case.load(tmp_path / "audit.csv")
    panel = LoadMore(case)
    assert [name for name, _ in ambiguous(case)] == ["audit.csv"]
    assert panel.question.layout.display == ""
    panel.day_first.click()
    until = time.monotonic() + 20
    while panel.question.layout.display != "none" and time.monotonic() < until:
        time.sleep(0.05)
    assert ambiguous(case) == []
    assert case.frame("audit").time[0].strftime("%Y-%m-%d") == "2026-04-03"


def test_a_next_page_is_no_alarm_while_a_last_page_is_there() -> None:
    def account(name: str, *notes: str) -> dict[str, object]:
        return {"path": name, "format": "graph", "notes": [f"{name}: {note}." for note in notes]}

    more = "it names a next page: load that too, or records are missing"
    assert "no last page is here" in calm_notes([account("p1.json", more)])[0]
    (note,) = calm_notes([account("p1.json", more), account("p2.json")])
    assert "Last pages are here too" in note


def test_what_is_missing_is_said_for_each_question(tmp_path: Path) -> None:
    case = open_case(tmp_path)
    assert set(coverage(case)["rows"]) == {0}
    case.load(ROOT / "data" / "samples" / "contoso-bec" / "purview-audit-search.csv")
    found = coverage(case).set_index("id")["rows"]
    assert found["sign-ins"] == 0
    assert found["audit"] == case.count("audit")
    assert found["rule changes"] > 0
