"""What an analyst does on the first two notebooks: load more, open findings, page, sort, search, look at a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.lab_process import LabProcess
from tests.needs import ROOT
from toolkit import open_case

pytestmark = pytest.mark.browser
AUDIT = ROOT / "data" / "samples" / "contoso-bec" / "purview-audit-search.csv"


@pytest.fixture
def review(desk: Desk) -> Desk:
    desk.open("1-evidence-review.ipynb")
    desk.run_all()
    return desk


@pytest.fixture
def sign_ins(review: Desk) -> Locator:
    table = review.outputs.locator(".toolkit-paged").first
    table.scroll_into_view_if_needed()
    return table


def test_files_named_by_a_folder_are_loaded_and_accounted_for(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "shopping list.txt").write_text("milk")
    (tmp_path / "more" / "again.csv").write_bytes(AUDIT.read_bytes())
    desk.open("0-start.ipynb")
    desk.run_all()
    desk.outputs.get_by_placeholder("A file or a folder").fill(str(tmp_path / "more"))
    desk.click("Load from this path")
    panel = desk.outputs.last
    expect(panel.get_by_text("0 new rows from 2 files")).to_be_visible(timeout=30_000)
    expect(panel.get_by_role("cell", name="not recognised")).to_be_visible()
    desk.screenshot("0-start-loaded")
    assert desk.errors() == []


def test_a_file_chosen_in_the_browser_is_loaded_even_if_it_is_large(desk: Desk) -> None:
    head, _, body = AUDIT.read_bytes().partition(b"\n")
    times = (12 << 20) // len(body) + 1
    desk.open("0-start.ipynb")
    desk.run_all()
    desk.choose_file("Choose files", "large.csv", head + b"\n" + body * times)
    expect(desk.outputs.last.get_by_text("0 new rows from 1 files")).to_be_visible(timeout=60_000)
    expect(desk.outputs.last.get_by_role("cell", name="large.csv")).to_be_visible()
    counts = desk.outputs.last.locator("td.number").all_inner_texts()
    read, _, known = (int(text.replace(",", "")) for text in counts[:3])
    assert read == known
    assert read % times == 0
    assert read > 0


def test_a_path_that_is_not_there_is_said_in_one_sentence(desk: Desk) -> None:
    desk.open("0-start.ipynb")
    desk.run_all()
    desk.outputs.get_by_placeholder("A file or a folder").fill("/no/such <b>folder</b>")
    desk.click("Load from this path")
    expect(desk.outputs.last.get_by_text("There is no file or folder “/no/such <b>folder</b>”.")).to_be_visible()


def test_who_it_is_about_fits_on_the_screen_and_says_what_weight_is(review: Desk) -> None:
    table = review.outputs.locator(".toolkit-scroll", has_text="What was found")
    expect(table.get_by_role("columnheader", name="Weight")).to_be_visible()
    expect(review.outputs.get_by_text("Weight orders the accounts and proves nothing")).to_be_visible()
    wide, seen = table.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide <= seen, "columns are cut"
    review.screenshot("1-evidence-review")


def test_a_finding_opens_to_the_rows_that_prove_it(review: Desk) -> None:
    finding = review.outputs.locator(".toolkit-findings > details").first
    rows = finding.locator("tbody tr")
    expect(rows.first).to_be_hidden()
    finding.locator("summary").click()
    expect(rows.first).to_be_visible()
    review.screenshot("1-evidence-review-finding")


def test_a_verdict_is_kept_shown_again_and_taken_back(review: Desk, lab: LabProcess) -> None:
    def worst() -> Locator:
        return review.outputs.locator(".toolkit-findings > details").first

    worst().locator("summary").click()
    worst().get_by_label("Note to the verdict").fill("she says no <b>x</b>")
    worst().get_by_role("button", name="Attacker", exact=True).click()
    expect(worst().locator(".toolkit-verdict")).to_have_text("Attacker")
    expect(worst().get_by_text("she says no <b>x</b>")).to_be_visible()
    review.screenshot("1-evidence-review-verdict")
    review.run_all()
    expect(worst().locator(".toolkit-verdict")).to_have_text("Attacker")
    worst().locator("summary").click()
    worst().get_by_role("button", name="Take back").click()
    expect(worst().locator(".toolkit-verdict")).to_have_count(0)
    assert lab.folder is not None
    given = [e.fields["verdict"] for e in open_case(lab.folder).journal.entries("verdict")]
    assert given == ["attacker", ""]
    assert review.errors() == []


def test_the_hand_over_is_written_by_a_click(review: Desk, lab: LabProcess) -> None:
    review.click("Write the hand-over")
    expect(review.outputs.get_by_text("Written. Open it in a browser")).to_be_visible(timeout=60_000)
    assert lab.folder is not None
    assert (lab.folder / "handover" / "handover.html").stat().st_size > 10_000


def test_the_table_pages_sorts_and_searches_without_leaving_the_machine(sign_ins: Locator) -> None:
    where, lines = sign_ins.locator(".toolkit-paged-where"), sign_ins.locator("tbody tr")
    expect(where).to_have_text(re.compile(r"^1–25 of \d+$"))
    newest = lines.first.inner_text()
    sign_ins.get_by_role("button", name="Older ›").click()
    expect(where).to_have_text(re.compile(r"^26–50 of"))
    assert lines.first.inner_text() < newest
    sign_ins.get_by_role("button", name=re.compile("^User")).click()
    expect(where).to_have_text(re.compile(r"^1–25 of"))
    users = [cells.split("\t")[1] for cells in lines.all_inner_texts()]
    assert users == sorted(users)
    sign_ins.get_by_role("searchbox").fill("no such thing")
    expect(where).to_have_text("no rows")


def test_a_row_shows_the_record_as_it_stands_in_the_evidence(review: Desk, sign_ins: Locator) -> None:
    sign_ins.locator("tbody tr").nth(2).click()
    record = sign_ins.locator(".toolkit-paged-record")
    expect(record).to_contain_text('"createdDateTime"')
    review.screenshot("1-evidence-review-record")


def test_reopened_without_its_kernel_the_table_is_still_there_as_plain_html(
    review: Desk, lab: LabProcess, sit_down: Callable[..., Desk]
) -> None:
    twin = review.outputs.locator(".toolkit-twin").first
    expect(twin).to_be_hidden()
    review.save()
    review.shut_kernels_down()
    later = sit_down(lab)
    later.open("1-evidence-review.ipynb")
    twin = later.outputs.locator(".toolkit-twin").first
    expect(twin).to_be_visible()
    expect(twin).to_contain_text("Run the cell again for the live panel.")
    assert later.notebook.locator(".jp-RenderedHTML details").count() > 0
    later.screenshot("1-evidence-review-reopened")


@pytest.mark.parametrize("notebook", ["0-start", "1-evidence-review"])
def test_the_pages_can_be_read_in_the_dark_theme(lab: LabProcess, sit_down: Callable[..., Desk], notebook: str) -> None:
    desk = sit_down(lab)
    desk.open(f"{notebook}.ipynb")
    desk.dark_theme()
    desk.run_all()
    desk.screenshot(f"{notebook}-dark")
    colour, ground = desk.outputs.locator("td").first.evaluate(
        "e => { const bright = c => { const [r, g, b] = c.match(/\\d+/g).map(Number); return (r + g + b) / 3 };"
        " return [bright(getComputedStyle(e).color),"
        " bright(getComputedStyle(e.closest('.jp-Notebook')).backgroundColor)] }"
    )
    assert colour - ground > 100, "text on its ground"
