"""Each notebook, opened in JupyterLab as an analyst does, runs through without an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.desk import Desk
from tests.lab_process import LabProcess
from tests.needs import ROOT

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]-*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_runs_all_cells_without_an_error(desk: Desk, notebook: str) -> None:
    desk.open(notebook)
    desk.run_all()
    desk.screenshot(notebook.removesuffix(".ipynb"))
    assert desk.errors() == []
    assert desk.prompts() == [f"[{number}]:" for number in range(1, len(desk.prompts()) + 1)]


def test_running_every_cell_of_every_notebook_changes_nothing_in_the_tenant(desk: Desk, lab: LabProcess) -> None:
    assert lab.folder is not None
    for notebook in NOTEBOOKS:
        desk.open(notebook)
        desk.run_all()
    # That this log shows reads and writes when there are some, the tests of the containment clicks see.
    assert [r for r in requests_to_the_practice_tenant(lab.folder) if r["kind"] == "write"] == []


def test_every_output_of_a_practice_case_is_under_its_banner(desk: Desk) -> None:
    desk.open(NOTEBOOKS[0])
    desk.run_all()
    assert desk.outputs.get_by_text("PRACTICE").first.is_visible()


def test_the_browser_harness_sees_an_error_a_person_would_see(desk: Desk) -> None:
    desk.open(NOTEBOOKS[0])
    desk.notebook.locator(".jp-CodeCell .cm-content").first.click()
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.type("1/0")
    desk.run_all()
    assert any("ZeroDivisionError" in text for text in desk.errors())


def test_the_browser_harness_sees_a_request_that_leaves_the_machine(desk: Desk) -> None:
    desk.open(NOTEBOOKS[0])
    desk.page.evaluate("fetch('https://example.invalid/x').catch(() => 0)")
    desk.page.wait_for_timeout(300)
    assert desk.outside == ["https://example.invalid/x"]
    desk.outside.clear()


def requests_to_the_practice_tenant(case: Path) -> list[dict[str, object]]:
    """What the tenant was asked so far; it keeps no log before the first request."""
    log = case / "practice" / "requests.jsonl"
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
