"""Notebook 0 on the practice tenant: signed in by device code, collected with progress, stopped, gone on with."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_notebooks_run import requests_to_the_practice_tenant
from tests.lab_process import LabProcess
from toolkit.case import open_case
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.collect.marks import ADDRESS, marks_of
from toolkit.detect import triage
from toolkit.views.collecting import PROFILES

pytestmark = pytest.mark.browser
ACCOUNT = "katrin.vogel@contoso.com"
SECONDS = 120_000


def judge_a_stolen_session(folder: Path) -> str:
    """Say of the session in several places that it is the attacker's; returns the address that is a mark by that."""
    with closing(open_case(folder)) as case:
        found = triage(case)
        finding = next(f for f in found.findings if f.id == "TK-01")
        give(case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
        return next(mark.value for mark in marks_of(case, found) if mark.kind == ADDRESS)


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

    address = judge_a_stolen_session(lab.folder)
    panel.get_by_role("button", name="Sign out").click()
    panel.get_by_role("button", name="Sign in", exact=True).click()
    expect(panel.locator(".collecting-open")).to_contain_text(address, timeout=SECONDS)
    panel.locator(".collecting-profile select").select_option(label=PROFILES["quick"])
    desk.screenshot("0-start-marks-open")
    panel.get_by_role("button", name="Look for these in all accounts").click()
    expect(panel.locator(".collecting-found")).to_contain_text(f"{address}: in records of", timeout=SECONDS)
    expect(panel.get_by_role("button", name="Look for these in all accounts")).to_be_hidden()
    desk.screenshot("0-start-marks-looked-for")

    written = {r["path"] for r in requests_to_the_practice_tenant(lab.folder) if r["kind"] == "write"}
    assert written == {"/v1.0/security/auditLog/queries"}  # a search is made by POST, and changes nothing
    assert desk.errors() == []
    assert desk.outside == []
    desk.leave()
