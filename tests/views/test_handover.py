"""The hand-over: one page that needs nothing, whose every text is escaped, and CSV files that run no formula."""

from __future__ import annotations

import csv
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.detect.alone import acts
from tests.detect.test_identity import APP, consent
from tests.needs import ROOT
from tests.views.hostile import FORMULA, IMAGE, hostile_case
from toolkit import open_case
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, OWNER, give, key_of
from toolkit.cli import cli
from toolkit.collect.marks import PIVOTED, name_marks, typed_mark
from toolkit.detect import triage
from toolkit.views.handover import handover

CONTOSO = ROOT / "data" / "samples" / "contoso-bec"


@pytest.fixture(scope="module")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Case:
    case = open_case(tmp_path_factory.mktemp("contoso"))
    case.load(CONTOSO)
    return case


class Tags(HTMLParser):
    """The tags and attributes of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_it_holds_everything_somebody_else_needs_and_asks_for_nothing(contoso: Case, tmp_path: Path) -> None:
    page = handover(contoso, tmp_path).read_text("utf-8")
    for title in (
        "Findings",
        "Timeline",
        "Indicators",
        "Actions",
        "Open doors",
        "What the evidence covers",
        "Evidence files",
    ):
        assert f"<h2>{title}</h2>" in page
    assert contoso.journal.head in page
    tags = Tags(page)
    assert tags.seen.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert tags.attributes.isdisjoint({"src", "href"})
    for account in contoso.journal.entries("loaded"):
        assert account.fields["sha256"] in page


def test_its_findings_carry_the_verdicts_and_what_is_the_owners_is_no_indicator(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    case.load(CONTOSO)
    found = triage(case).findings
    for finding in found:
        give(case, key_of(finding.id, finding.user, finding.evidence), OWNER, "by phone")
    worst = found[0]
    give(case, key_of(worst.id, worst.user, worst.evidence), ATTACKER, "not hers")
    handover(case, tmp_path / "out")
    verdicts = [row["verdict"] for row in rows(tmp_path / "out" / "findings.csv")]
    assert verdicts[0].startswith("attacker, decided")
    assert "“not hers”" in verdicts[0]
    assert all(v.startswith("owner") for v in verdicts[1:])
    assert {row["findings"] for row in rows(tmp_path / "out" / "indicators.csv")} == {worst.id}


def test_it_lists_what_is_marked_as_the_attackers_and_whether_it_was_looked_for(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    acts(case, tmp_path, consent("c", "Mail.Read"))
    (finding,) = triage(case).findings
    give(case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
    name_marks(case, [typed_mark("address=198.51.100.77")])
    case.journal.append(PIVOTED, marks=[{"kind": "address", "value": "198.51.100.77"}])
    page = handover(case, tmp_path / "out").read_text("utf-8")
    assert "<h2>The attacker&#39;s marks</h2>" in page
    told = [tuple(row.values()) for row in rows(tmp_path / "out" / "marks.csv")]
    assert told == [
        ("address", "198.51.100.77", "named by hand", "yes", "0", ""),
        ("application", APP, "by a verdict", "not yet", "1", finding.user),
    ]


def test_hostile_evidence_is_text_in_the_page_and_runs_no_formula_in_the_csv_files(tmp_path: Path) -> None:
    case = open_case(hostile_case(tmp_path))
    page = handover(case, tmp_path / "out").read_text("utf-8")
    tags = Tags(page)
    assert tags.seen.isdisjoint({"script", "img"})
    assert {a for a in tags.attributes if a.startswith("on")} == set()
    assert "&lt;img src=x onerror" in page
    assert len(page) < 3_000_000
    cells = [cell for file in (tmp_path / "out").glob("*.csv") for row in rows(file) for cell in row.values()]
    assert f"'{FORMULA}" in cells
    assert [c for c in cells if re.match(r"\s*[=+@-]", c)] == []
    assert any(IMAGE in c for c in cells)


def test_it_says_what_nobody_can_know_and_until_when(contoso: Case, tmp_path: Path) -> None:
    page = handover(contoso, tmp_path).read_text("utf-8")
    section = page.split("<h2>How far back anything can be known</h2>")[1].split("<h2>")[0]
    told = rows(tmp_path / "horizon.csv")
    assert {"retention", "auditing off"} <= {row["kind"] for row in told}
    for row in told:
        assert escape(row["sentence"]) in section
        if row["kind"] == "retention":
            assert row["until"][:10] in row["sentence"]
    assert "Before " in section
    assert "the licences were not read" in section
    assert "cannot be known" in section
    assert "horizon.csv" in page


def test_the_command_writes_it_where_asked(contoso: Case, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["handover", "--case", str(contoso.folder), "--to", str(tmp_path / "x")])
    assert done.exit_code == 0
    assert contoso.journal.head in done.output
    assert (tmp_path / "x" / "handover.html").exists()


def test_a_case_without_evidence_has_one_too(tmp_path: Path) -> None:
    page = handover(open_case(tmp_path / "case")).read_text("utf-8")
    assert "That is not the same as a clean account." in page
    assert "missing" in page or "0" in page
    assert "Inbox rule forwards or redirects mail" in page
    (rule,) = [r for r in rows(tmp_path / "case" / "handover" / "not-run.csv") if r["detection"] == "IR-01"]
    assert rule["title"] == "Inbox rule forwards or redirects mail"
    assert rule["reason"] == "no audit log and no inbox rules in this case"
