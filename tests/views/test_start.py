"""Notebook 0: several lines for a file of several tables, the order of dates asked for, calm words about pages."""

from __future__ import annotations

import time
from pathlib import Path

from tests.needs import ROOT
from toolkit import open_case
from toolkit.collect.ledger import COMPLETE, PARTIAL, Line, write
from toolkit.views.coverage import coverage
from toolkit.views.start import LoadMore, _accounting, ambiguous, calm_notes

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


def test_files_that_a_collection_brought_are_folded_by_their_source_with_counts(tmp_path: Path) -> None:
    samples = ROOT / "data" / "samples" / "contoso-bec"
    case = open_case(tmp_path)
    by_hand = case.load(samples / "purview-audit-search.csv").files[0]
    names = ("signins-v1-interactive-page1.json", "signins-v1-interactive-page2.json")
    brought = [case.load(samples / name).files[0] for name in names]
    for number, account in enumerate(brought, 1):
        days = f"2026-09-0{number}T00:00:00.000000Z", f"2026-09-0{number + 1}T00:00:00.000000Z"
        line = Line("sign-ins, interactive", "", *days, "Microsoft Graph", days[1], COMPLETE, files=[account.sha256])
        write(case, line)
    html = _accounting(case)
    own, rest = html.split("<details")
    assert "purview-audit-search.csv" in own
    assert names[0] not in own
    assert "Collected from the tenant, by source" in own
    read = sum(account.read for account in brought)
    assert f"sign-ins, interactive: 2 files; {read:,} records read, {read:,} new rows, 0 already known" in rest
    assert all(name in rest for name in names)
    # The whole hash shows when the pointer rests on it, and its beginning stands there.
    assert f'<code title="{by_hand.sha256}">{by_hand.sha256[:10]}…</code>' in own


def test_a_fold_with_rejected_records_is_open(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    (tmp_path / "audit.csv").write_text(AMBIGUOUS + "3/4/2026 7:22:01 AM\n")
    account = case.load(tmp_path / "audit.csv").files[0]
    assert account.rejected
    days = "2026-03-04T00:00:00.000000Z", "2026-03-05T00:00:00.000000Z"
    write(case, Line("audit log", "", *days, "a road", days[1], PARTIAL, files=[account.sha256]))
    assert "<details open><summary>audit log: 1 file; 2 records read" in _accounting(case)


def test_what_is_missing_is_said_for_each_question(tmp_path: Path) -> None:
    case = open_case(tmp_path)
    assert set(coverage(case)["rows"]) == {0}
    case.load(ROOT / "data" / "samples" / "contoso-bec" / "purview-audit-search.csv")
    found = coverage(case).set_index("id")["rows"]
    assert found["sign-ins"] == 0
    assert found["audit"] == case.count("audit")
    assert found["rule changes"] > 0
