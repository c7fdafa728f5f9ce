"""Notebook 4 in JupyterLab: every section shows its state; a repair is previewed, confirmed, run, read back, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_notebooks_run import requests_to_the_practice_tenant
from tests.lab_process import LabProcess
from tests.needs import ROOT
from toolkit import open_case

pytestmark = pytest.mark.browser
DOMAIN = "contoso.com"
SECONDS = 60_000
SECTIONS = ("auditing", "score", "what-if", "mfa", "sending", "roadmap")


@pytest.fixture(scope="module")
def page(chromium: Browser, lab: LabProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The hardening notebook after Run All; these tests go on where the one before stopped."""
    desk = Desk(chromium, lab.url, pictures_folder(tmp_path_factory.mktemp("pictures")))
    desk.open("4-hardening.ipynb")
    desk.run_all()
    yield desk
    desk.leave()
    assert desk.outside == []


def writes(lab: LabProcess) -> int:
    assert lab.folder is not None
    return sum(r["kind"] == "write" for r in requests_to_the_practice_tenant(lab.folder))


def pictures(desk: Desk, when: str) -> None:
    """A picture of each section, as the page is longer than one picture."""
    desk.page.set_viewport_size({"width": 1440, "height": 6000})
    for name in SECTIONS:
        section = desk.outputs.locator(f".hardening-{name}")
        section.scroll_into_view_if_needed()
        desk.pictures.mkdir(parents=True, exist_ok=True)
        section.screenshot(path=desk.pictures / f"4-hardening-{when}-{name}.png")
    desk.page.set_viewport_size({"width": 1440, "height": 1000})


def test_running_the_cells_asks_the_tenant_nothing_and_says_so(page: Desk, lab: LabProcess) -> None:
    assert lab.folder is not None
    assert requests_to_the_practice_tenant(lab.folder) == []
    expect(page.outputs.locator(".hardening-page").get_by_text("has not been read yet")).to_be_visible()
    for name in SECTIONS:
        expect(page.outputs.locator(f".hardening-{name}")).not_to_be_empty()


def test_reading_the_organisation_fills_every_section(page: Desk, lab: LabProcess) -> None:
    page.click("Read the organisation")
    about = page.outputs.locator(".hardening-page")
    expect(about.get_by_text("settings and lists were read")).to_be_visible(timeout=SECONDS)
    section = {name: page.outputs.locator(f".hardening-{name}") for name in SECTIONS}
    expect(section["auditing"]).to_contain_text("Is what happens in mailboxes recorded?", timeout=SECONDS)
    expect(section["score"]).to_contain_text("81.9 of 131")
    expect(section["what-if"]).to_contain_text("No control that we know")
    expect(section["mfa"]).to_contain_text("katrin.vogel@contoso.com")
    expect(section["sending"]).to_contain_text("Restricted senders")
    expect(section["roadmap"]).to_contain_text("First day")
    assert writes(lab) == 0
    pictures(page, "read")


def test_a_repair_runs_only_after_the_domain_was_typed(page: Desk, lab: LabProcess) -> None:
    repairs = page.outputs.locator(".repairs").first
    repairs.get_by_role("button", name="Preview", exact=True).click()
    run = repairs.locator(".containment-run")
    expect(run.first).to_be_visible(timeout=SECONDS)
    assert not any(button.is_enabled() for button in run.all())
    repairs.get_by_placeholder("type the organisation's domain").fill("contoso")
    repairs.get_by_role("button", name="Confirm", exact=True).click()
    expect(repairs.get_by_text("Type contoso.com exactly")).to_be_visible(timeout=SECONDS)
    assert not any(button.is_enabled() for button in run.all())
    repairs.get_by_placeholder("type the organisation's domain").fill(DOMAIN)
    repairs.get_by_role("button", name="Confirm", exact=True).click()
    expect(run.first).to_be_enabled(timeout=SECONDS)
    assert writes(lab) == 0
    page.screenshot("4-hardening-repair-preview")


def test_a_repair_is_run_read_back_and_undone(page: Desk, lab: LabProcess) -> None:
    repairs = page.outputs.locator(".repairs").first
    repairs.locator(".containment-run").first.click()
    expect(repairs.get_by_text("Read back:").first).to_be_visible(timeout=SECONDS)
    assert writes(lab) == 1
    undo = repairs.locator(".containment-undo").first
    expect(undo).to_be_enabled(timeout=SECONDS)
    offered = page.outputs.locator(".containment-offer")
    left = offered.count()
    page.screenshot("4-hardening-repaired")
    undo.click()
    expect(offered).to_have_count(left + 1, timeout=SECONDS)  # the table asks for it again
    assert writes(lab) == 2
    assert page.errors() == []


def test_a_returned_message_is_explained(page: Desk) -> None:
    page.outputs.locator(".hardening-bounce textarea").fill("550 5.7.705 Access denied, tenant has exceeded threshold")
    page.click("What does it mean?")
    expect(page.outputs.locator(".hardening-bounce-told")).to_contain_text("5.7.705", timeout=SECONDS)
    assert page.errors() == []


def test_a_case_of_files_shows_every_section_and_offers_nothing_that_runs(
    chromium: Browser, sit_down: Callable[..., Desk], tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    case = open_case(folder)
    case.load(ROOT / "data" / "samples" / "contoso-bec")
    case.close()
    files = LabProcess(folder, tmp_path, practice=False)
    try:
        desk = sit_down(files)
        desk.open("4-hardening.ipynb")
        desk.run_all()
        expect(desk.outputs.locator(".hardening-page").get_by_text("This case was made from files")).to_be_visible()
        expect(desk.outputs.locator(".hardening-score")).to_contain_text("81.9 of 131")
        for name in ("auditing", "mfa", "sending"):
            expect(desk.outputs.locator(f".hardening-{name}")).to_contain_text("ot checked")
        expect(desk.outputs.get_by_role("button", name="Sign in")).to_be_visible()
        expect(desk.outputs.locator(".repairs:visible")).to_have_count(0)  # there, but hidden until somebody signs in
        assert desk.outputs.get_by_role("button", name="Read the organisation").count() == 0
        desk.screenshot("4-hardening-files")
        pictures(desk, "files")
        assert desk.errors() == []
    finally:
        files.stop()
