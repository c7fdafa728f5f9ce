"""From the first preview to the returned account, clicked in JupyterLab with the saving of widget state switched on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_containment_clicks import ACCOUNT, SECONDS, sent
from tests.lab_process import LabProcess

pytestmark = pytest.mark.browser
DOMAIN = "contoso.com"
EVERYBODY = re.compile("Disable the (transport rule|inbound connector|outbound connector)")


@pytest.fixture(scope="module")
def panel(chromium: Browser, lab: LabProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The containment notebook; these tests go on where the one before stopped."""
    desk = Desk(chromium, lab.url, pictures_folder(tmp_path_factory.mktemp("pictures")))
    desk.open("3-containment.ipynb")
    desk.keep_widget_state()
    desk.run_all()
    yield desk
    desk.leave()
    assert desk.outside == []


def confirm(panel: Desk) -> None:
    panel.outputs.get_by_placeholder("type the account's name").fill(ACCOUNT)
    panel.click("Confirm")


def kept(notebook: Path) -> dict[str, Any]:
    """The notebook's file, once it is written whole."""
    until = time.monotonic() + SECONDS / 1000
    while True:
        with suppress(ValueError):
            saved: dict[str, Any] = json.loads(notebook.read_text("utf-8"))
            if "widgets" in saved["metadata"] or time.monotonic() > until:
                return saved
        time.sleep(0.5)


def run_everything(panel: Desk) -> None:
    every = panel.outputs.get_by_role("button", name="Run all that is left")
    expect(every).to_be_enabled(timeout=SECONDS)
    every.click()
    pills = panel.outputs.locator(".containment-state")
    expect(pills.filter(has_text="running")).to_have_count(1, timeout=SECONDS)
    expect(pills.filter(has_text=re.compile("running|waiting"))).to_have_count(0, timeout=6 * SECONDS)
    expect(panel.outputs.get_by_role("button", name="Preview plan")).to_be_enabled(timeout=2 * SECONDS)


def test_what_is_legitimate_is_said_with_a_note(panel: Desk, lab: LabProcess) -> None:
    panel.click("Preview plan")
    expect(panel.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
    things = panel.outputs.locator(".containment-things select")
    device = things.locator("option", has_text="Disable the device").first
    title = device.inner_text()
    things.select_option(label=title)
    panel.outputs.locator(".containment-note input").fill("Katrin, by telephone")
    panel.click("Call it legitimate")
    doors = panel.outputs.locator(".containment-doors")
    expect(doors.locator("tr", has_text="devices").first).to_contain_text("Katrin, by telephone", timeout=SECONDS)
    panel.screenshot("3-legitimate")
    panel.outputs.locator(".containment-said select").select_option(index=0)
    panel.click("Take it back")
    expect(doors.locator("tr", has_text="devices").first).not_to_contain_text("Katrin", timeout=SECONDS)
    assert sent(lab) == []


def test_two_clicks_while_a_cell_is_running_send_one_call(panel: Desk, lab: LabProcess) -> None:
    for tick in panel.outputs.locator(".containment-offer", has_text=EVERYBODY).all():
        if "when the intruder may have been inside" in tick.inner_text():
            tick.locator("input").check()
    panel.click("Preview plan")
    expect(panel.outputs.locator(".containment-step-disable-transport-rule").or_(
        panel.outputs.locator(".containment-step", has_text="Disable the transport rule")
    ).first).to_be_visible(timeout=SECONDS)  # fmt: skip
    confirm(panel)
    first = panel.outputs.get_by_role("button", name="Run", exact=True).first
    expect(first).to_be_enabled(timeout=SECONDS)
    panel.run_new_cell("import time; time.sleep(4)")
    first.dblclick()
    expect(panel.outputs.get_by_text("Read back: accountEnabled: false.")).to_be_visible(timeout=SECONDS)
    panel.wait_until_idle()
    assert [method for method, _ in sent(lab)] == ["PATCH"]


def test_the_account_is_not_given_back_before_the_doors_are_closed(panel: Desk, lab: LabProcess) -> None:
    before = sent(lab)
    panel.click("Give the account back…")
    expect(panel.outputs.get_by_text("The account is not given back while a door is not closed")).to_be_visible(
        timeout=SECONDS
    )
    assert sent(lab) == before


def test_password_and_pass_stand_beside_each_other_and_in_no_file(panel: Desk, lab: LabProcess) -> None:
    panel.outputs.get_by_placeholder("type the tenant's domain").fill(DOMAIN)
    panel.click("Allow steps for everybody")
    expect(panel.outputs.get_by_text("the steps that hit everybody can be run too")).to_be_visible(timeout=SECONDS)
    run_everything(panel)
    panel.screenshot("3-before-the-way-back")
    panel.click("Give the account back…")
    expect(panel.outputs.locator(".containment-step", has_text="Give the account back")).to_be_visible(timeout=SECONDS)
    panel.screenshot("3-way-back")
    confirm(panel)
    run_everything(panel)
    shown = panel.outputs.locator(".toolkit-secret-value")
    expect(shown).to_have_count(2, timeout=SECONDS)
    panel.screenshot("3-given-back")
    secrets = [text.strip() for text in shown.all_inner_texts()]
    assert len(set(secrets)) == 2
    assert lab.folder is not None
    notebook = lab.folder / "notebooks" / "3-containment.ipynb"
    panel.notebook.locator(".jp-CodeCell .jp-InputPrompt").last.click()  # the keys go to the page
    panel.save()
    assert "widgets" in kept(notebook)["metadata"], "the state of the widgets was saved with the notebook"
    # The tenant itself has to know them; the case must not.
    files = [p for p in lab.folder.rglob("*") if p.is_file() and p.relative_to(lab.folder).parts[0] != "practice"]
    assert [p for p in files if any(secret.encode() in p.read_bytes() for secret in secrets)] == []
    doors = panel.outputs.locator(".containment-doors")
    expect(doors.locator("tr", has_text="sign-in").first).to_contain_text("given back by this case", timeout=SECONDS)


def test_the_restricted_sender_is_a_plan_of_its_own(panel: Desk, lab: LabProcess) -> None:
    panel.click("Let the sender send again…")
    expect(panel.outputs.get_by_text(f"1. Let “{ACCOUNT}” send again")).to_be_visible(timeout=SECONDS)
    expect(panel.outputs.get_by_text("Unblocking is rationed").first).to_be_visible()
    panel.screenshot("3-unblock-sender")
    confirm(panel)
    run_everything(panel)
    expect(panel.outputs.locator(".containment-state").first).to_have_text("done, read back", timeout=SECONDS)
    assert panel.errors() == []


def test_the_doors_are_looked_at_after_15_and_60_minutes(panel: Desk, lab: LabProcess) -> None:
    """The pauses are left out by a panel whose clock a test may move; the looks are the real ones."""
    before = sent(lab)
    panel.run_new_cell("containment.containment_panel(case, users, sleep=lambda seconds: None)")
    panels = panel.notebook.locator(".jp-CodeCell .containment-panel")
    expect(panels).to_have_count(2, timeout=SECONDS)
    cell = panels.last
    cell.get_by_role("button", name="Preview plan").click()
    expect(cell.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
    watch = cell.get_by_role("button", name="Look again at 15 and 60 minutes")
    expect(watch).to_be_enabled(timeout=SECONDS)
    watch.click()
    expect(cell.get_by_text("Looked at the doors after 60 minutes: none opened since.")).to_be_visible(timeout=SECONDS)
    panel.screenshot("3-watched")
    assert sent(lab) == before
