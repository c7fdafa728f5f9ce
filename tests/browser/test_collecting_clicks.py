"""Notebook 0 on the practice tenant: signed in by device code, collected with progress, stopped, gone on with."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_notebooks_run import requests_to_the_practice_tenant
from tests.lab_process import LabProcess

pytestmark = pytest.mark.browser
ACCOUNT = "katrin.vogel@contoso.com"
SECONDS = 120_000


def test_an_account_is_collected_from_the_notebook(
    chromium: Browser, lab: LabProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert lab.folder is not None
    desk = Desk(chromium, lab.url, pictures_folder(tmp_path_factory.mktemp("pictures")))
    desk.open("0-start.ipynb")
    desk.run_all()
    assert requests_to_the_practice_tenant(lab.folder) == []
    panel = desk.outputs.locator(".collecting-panel")

    panel.get_by_role("button", name="Sign in", exact=True).click()
    expect(panel.get_by_text("Signed in to the practice tenant as")).to_be_visible(timeout=SECONDS)
    expect(panel.get_by_text("Before the first call")).to_be_visible(timeout=SECONDS)
    panel.locator(".collecting-accounts input").fill(ACCOUNT)
    panel.get_by_role("button", name="Start collecting").click()
    stop = panel.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_enabled(timeout=SECONDS)
    stop.click()
    expect(panel.get_by_text("Stopped by you")).to_be_visible(timeout=SECONDS)
    desk.screenshot("0-start-collecting-stopped")

    panel.get_by_role("button", name="Start collecting").click()
    expect(panel.locator(".collecting-message")).to_contain_text("Fetching", timeout=SECONDS)
    expect(panel.locator(".widget-hprogress")).to_be_visible()
    desk.screenshot("0-start-collecting")
    expect(panel.get_by_text("Run the cells above again, and the other notebooks")).to_be_visible(timeout=SECONDS)
    expect(panel.locator(".collecting-ledger svg.toolkit-ledger")).to_be_visible()
    expect(panel.locator(".collecting-found")).to_contain_text("findings")
    desk.screenshot("0-start-collected")
    assert [r for r in requests_to_the_practice_tenant(lab.folder) if r["kind"] == "write"] == []
    assert desk.errors() == []
    assert desk.outside == []
    desk.leave()
