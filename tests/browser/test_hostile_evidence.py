"""Evidence written by an attacker is text wherever it is shown: in every notebook and in the hand-over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.lab_process import LabProcess
from tests.views.hostile import MARK, hostile_case
from toolkit import open_case
from toolkit.views.handover import handover

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    scratch = tmp_path_factory.mktemp("hostile")
    running = LabProcess(hostile_case(scratch), scratch, practice=False)
    yield running
    running.stop()


def nothing_ran(desk: Desk, dialogs: list[str]) -> None:
    assert desk.page.evaluate(f"window.{MARK} ?? null") is None
    assert dialogs == []


@pytest.mark.parametrize("notebook", ["0-start", "1-evidence-review", "2-timeline", "3-containment", "4-hardening"])
def test_it_runs_nothing_in_a_notebook_and_is_shown_as_text(
    lab: LabProcess, sit_down: Callable[..., Desk], notebook: str
) -> None:
    desk = sit_down(lab)
    dialogs: list[str] = []
    desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    desk.open(f"{notebook}.ipynb")
    desk.run_all()
    desk.page.evaluate("document.querySelectorAll('.jp-Cell-outputArea details').forEach(d => { d.open = true })")
    desk.page.wait_for_timeout(1500)
    for row in desk.outputs.locator(".toolkit-paged tbody tr").all()[:4]:
        row.click()
        row.hover()
    desk.page.wait_for_timeout(500)
    desk.screenshot(f"hostile-{notebook}")
    nothing_ran(desk, dialogs)
    assert desk.errors() == []
    assert desk.outputs.locator("img[src='x'], a[href^='javascript']").count() == 0
    if notebook in ("0-start", "1-evidence-review"):
        assert "<img src=x onerror" in " ".join(desk.outputs.all_inner_texts())


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript on", "javascript off"])
def test_the_hand_over_opens_from_disk_and_runs_nothing(chromium: Browser, tmp_path: Path, javascript: bool) -> None:
    page_file = handover(open_case(hostile_case(tmp_path)))
    context = chromium.new_context(java_script_enabled=javascript, viewport={"width": 1280, "height": 1000})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(page_file.as_uri())
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.locator("svg").first).to_be_visible()
    assert "<img src=x onerror" in page.locator("body").inner_text()
    assert (asked, dialogs) == ([page_file.as_uri()], [])
    if javascript:
        assert page.evaluate(f"window.{MARK} ?? null") is None
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    context.close()
