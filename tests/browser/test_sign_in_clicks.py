"""Notebook 0 on a case of real evidence: the sign-in row for each way, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.lab_process import LabProcess
from toolkit.views.signing_in import WAYS

pytestmark = pytest.mark.browser
LABELS = {way: label for label, way in WAYS}


def test_each_way_to_sign_in_shows_its_fields_and_the_way_back(
    chromium: Browser, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab = LabProcess(tmp_path / "case", tmp_path, practice=False)
    try:
        desk = Desk(chromium, lab.url, pictures_folder(tmp_path_factory.mktemp("pictures")))
        desk.open("0-start.ipynb")
        desk.run_all()
        row = desk.outputs.locator(".collecting-panel .sign-in")
        ways = row.locator(".sign-in-way select")
        tenant, application = row.get_by_placeholder("domain, e.g. contoso.com"), row.locator(".sign-in-application")
        certificate, keep = row.locator(".sign-in-certificate"), row.locator(".sign-in-keep")
        for way, named, of_an_app, kept in (
            ("device-code", True, False, True), ("certificate", True, True, False), ("secret", True, False, False),
            ("token", False, False, False), ("browser", True, False, True),
        ):  # fmt: skip
            ways.select_option(label=LABELS[way])
            for field, there in ((tenant, named), (application, named), (certificate, of_an_app), (keep, kept)):
                expect(field).to_be_visible(visible=there)
            expect(row.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
            desk.screenshot(f"0-start-sign-in-{way}")
        text = keep.locator(".widget-label-basic")
        assert text.evaluate("label => label.scrollWidth <= label.clientWidth"), "the words are cut"
        assert desk.errors() == []
        assert desk.outside == []
        desk.leave()
    finally:
        lab.stop()
