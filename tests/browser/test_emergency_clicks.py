"""The emergency stop clicked in JupyterLab, from a case that holds nothing at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_notebooks_run import requests_to_the_practice_tenant
from tests.lab_process import LabProcess
from toolkit import open_case

pytestmark = pytest.mark.browser
ACCOUNT = "katrin.vogel@contoso.com"
SECONDS = 90_000


@pytest.fixture(scope="module")
def empty_lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    """A lab on a practice case without evidence: its exports count as loaded already."""
    scratch = tmp_path_factory.mktemp("empty")
    open_case(scratch / "case", practice=True).close()
    exports = scratch / "case" / "practice" / "exports"
    exports.mkdir(parents=True)
    (exports / ".loaded").touch()
    running = LabProcess(scratch / "case", scratch)
    yield running
    running.stop()


def writes(lab: LabProcess) -> list[str]:
    assert lab.folder is not None
    return [str(r["method"]) for r in requests_to_the_practice_tenant(lab.folder) if r["kind"] == "write"]


def test_an_intruder_is_stopped_from_an_empty_case_with_one_typed_name(
    chromium: Browser, empty_lab: LabProcess, tmp_path: Path
) -> None:
    folder = empty_lab.folder
    assert folder is not None
    desk = Desk(chromium, empty_lab.url, pictures_folder(tmp_path))
    second = Desk(chromium, empty_lab.url, pictures_folder(tmp_path))
    try:
        desk.open("0-start.ipynb")
        desk.keep_widget_state()
        desk.run_all()
        desk.outputs.locator(".emergency-account input").fill(ACCOUNT)
        desk.click("Show what will be sent")
        expect(desk.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
        desk.screenshot("0-emergency-preview")
        assert writes(empty_lab) == []

        stop = desk.outputs.get_by_role("button", name="Stop the intruder now")
        desk.outputs.locator(".emergency-typed input").fill("katrin.vogel")
        stop.click()
        refused = desk.outputs.get_by_text(f"Type {ACCOUNT} exactly: what you typed is not the name of this account")
        expect(refused).to_be_visible(timeout=SECONDS)
        desk.screenshot("0-emergency-wrong-name")
        assert writes(empty_lab) == []
        desk.outputs.locator(".emergency-typed input").fill(ACCOUNT)
        expect(refused).to_have_count(0, timeout=SECONDS)
        stop.dblclick()
        shown = desk.outputs.locator(".toolkit-secret-value")
        expect(shown).to_be_visible(timeout=SECONDS)
        password = shown.inner_text().strip()
        expect(desk.outputs.get_by_text("What was so before is kept in")).to_be_visible(timeout=SECONDS)
        desk.screenshot("0-emergency-done")
        assert writes(empty_lab) == ["PATCH", "PATCH", "POST"]

        desk.save()
        desk.wait_until_idle()
        files = [path for path in folder.rglob("*") if path.is_file()]
        saved = json.loads((folder / "notebooks" / "0-start.ipynb").read_text("utf-8"))
        assert "widgets" in saved["metadata"], "the state of the widgets was saved with the notebook"
        assert [path for path in files if password.encode() in path.read_bytes()] == []
        told = [json.loads(line)["kind"] for line in (folder / "journal.jsonl").read_text("utf-8").splitlines()]
        assert told.index("containment.snapshot") < told.index("containment.sending")
        assert desk.errors() == []

        # Another page on the same case reads it as it is now, and sends nothing.
        second.open("3-containment.ipynb")
        second.run_all()
        second.outputs.locator(".containment-account input").fill(ACCOUNT)
        second.click("Preview plan")
        expect(second.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
        expect(second.outputs.get_by_text("done, read back").first).to_be_visible(timeout=SECONDS)
        second.screenshot("3-second-page")
        assert len(writes(empty_lab)) == 3
        assert second.errors() == []
        assert desk.outside + second.outside == []
    finally:
        desk.leave()
        second.leave()
