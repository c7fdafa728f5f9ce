"""The clicks that take an account back, made in JupyterLab: what the tenant was sent, and what the notebook says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk, pictures_folder
from tests.browser.test_notebooks_run import requests_to_the_practice_tenant
from tests.lab_process import LabProcess

pytestmark = pytest.mark.browser
ACCOUNT = "katrin.vogel@contoso.com"
SECONDS = 30_000


@pytest.fixture(scope="module")
def panel(chromium: Browser, lab: LabProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The containment notebook after Run All; these tests go on where the one before stopped."""
    desk = Desk(chromium, lab.url, pictures_folder(tmp_path_factory.mktemp("pictures")))
    desk.open("3-containment.ipynb")
    desk.run_all()
    yield desk
    desk.leave()
    assert desk.outside == []


def sent(lab: LabProcess) -> list[tuple[object, object]]:
    """What changed the tenant: method and status of each call it logged as a write."""
    assert lab.folder is not None
    requests = requests_to_the_practice_tenant(lab.folder)
    return [(r["method"], r["status"]) for r in requests if r["kind"] == "write"]


def run_buttons(panel: Desk) -> list[bool]:
    return [button.is_enabled() for button in panel.outputs.get_by_role("button", name="Run", exact=True).all()]


def test_a_preview_reads_the_tenant_and_writes_nothing(panel: Desk, lab: LabProcess) -> None:
    panel.click("Preview plan")
    expect(panel.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
    panel.screenshot("3-containment-preview")
    assert lab.folder is not None
    assert {r["kind"] for r in requests_to_the_practice_tenant(lab.folder)} >= {"read"}
    assert sent(lab) == []


def test_nothing_can_be_run_before_the_accounts_name_was_typed(panel: Desk, lab: LabProcess) -> None:
    assert not any(run_buttons(panel))
    field = panel.outputs.get_by_placeholder("type the account's name")
    field.fill("katrin.vogel@contoso.org")
    panel.click("Confirm")
    refused = panel.outputs.get_by_text(f"Type {ACCOUNT} exactly: what you typed is not the name of this account")
    expect(refused).to_be_visible(timeout=SECONDS)
    below, above = refused.bounding_box(), field.bounding_box()
    assert below is not None
    assert above is not None
    assert 0 < below["y"] - above["y"] < 100  # right at the field
    assert not any(run_buttons(panel))
    panel.screenshot("3-containment-wrong-name")
    field.fill(ACCOUNT)
    expect(refused).to_have_count(0, timeout=SECONDS)
    panel.click("Confirm")
    expect(panel.outputs.get_by_role("button", name="Run", exact=True).first).to_be_enabled(timeout=SECONDS)
    assert sent(lab) == []


def test_one_click_blocks_sign_in_once_and_reads_it_back(panel: Desk, lab: LabProcess) -> None:
    panel.outputs.get_by_role("button", name="Run", exact=True).first.click()
    expect(panel.outputs.get_by_text("Read back: accountEnabled: false.")).to_be_visible(timeout=SECONDS)
    panel.screenshot("3-containment-blocked")
    assert [(method, int(str(status)) // 100) for method, status in sent(lab)] == [("PATCH", 2)]


def test_the_new_password_is_on_the_screen_once_and_in_no_file_of_the_case(panel: Desk, lab: LabProcess) -> None:
    assert lab.folder is not None
    panel.outputs.get_by_role("button", name="Run", exact=True).nth(1).click()
    shown = panel.outputs.locator(".toolkit-secret-value")
    expect(shown).to_be_visible(timeout=SECONDS)
    password = shown.inner_text().strip()
    assert len(password) >= 16
    expect(panel.outputs.get_by_text("Read back: lastPasswordChangeDateTime")).to_be_visible(timeout=SECONDS)
    panel.save()
    files = [path for path in lab.folder.rglob("*") if path.is_file()]
    assert [path for path in files if password.encode() in path.read_bytes()] == []


def test_a_page_drawn_anew_reads_that_the_account_is_blocked(panel: Desk, lab: LabProcess) -> None:
    before = sent(lab)
    panel.run_all()
    panel.click("Preview plan")
    expect(panel.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
    assert re.search(r"now\s+accountEnabled: false", "\n".join(panel.outputs.all_inner_texts()))
    assert sent(lab) == before


def test_a_step_changes_places_by_a_click(panel: Desk, lab: LabProcess) -> None:
    before, cards = sent(lab), panel.outputs.locator(".containment-step h4")
    titles = cards.all_inner_texts()
    forwarding = next(n for n, title in enumerate(titles) if "Clear the mailbox's forwarding" in title)
    panel.outputs.locator(".containment-step-clear-forwarding .containment-earlier").click()
    expect(cards.nth(forwarding - 1)).to_contain_text("Clear the mailbox's forwarding", timeout=SECONDS)
    expect(panel.outputs.locator(".containment-step-revoke-sessions .containment-earlier")).to_be_disabled()
    assert sent(lab) == before


def test_two_tabs_on_one_case_send_a_step_once(panel: Desk, lab: LabProcess, chromium: Browser) -> None:
    other = Desk(chromium, panel.url, panel.pictures)
    other.open("3-containment.ipynb")
    other.run_all()
    other.click("Preview plan")
    expect(other.outputs.get_by_text("1. Block sign-in")).to_be_visible(timeout=SECONDS)
    tabs = (panel, other)
    for tab in tabs:
        tab.outputs.get_by_placeholder("type the account's name").fill(ACCOUNT)
        tab.click("Confirm")
    buttons = [tab.outputs.locator(".containment-step-clear-forwarding .containment-run") for tab in tabs]
    for button in buttons:
        expect(button).to_be_enabled(timeout=SECONDS)
    before = len(sent(lab))
    for button in buttons:
        button.click(no_wait_after=True)
    told = re.compile("Read back: ForwardingAddress|It is already so|is running|Preview the plan again")
    for tab in tabs:
        expect(tab.outputs.get_by_text(told).first).to_be_visible(timeout=SECONDS)
    other.screenshot("3-containment-second-tab")
    assert len(sent(lab)) == before + 1
    assert other.errors() == []
    other.leave()


def test_all_that_is_left_is_run_with_one_click_and_the_doors_are_read_again(panel: Desk, lab: LabProcess) -> None:
    every = panel.outputs.get_by_role("button", name="Run all that is left")
    # The yes of before may still stand. A wrong name takes it back, so that what is enabled then is so by the new one:
    # a click while a name is being looked at does nothing.
    field = panel.outputs.get_by_placeholder("type the account's name")
    field.fill(f"{ACCOUNT}x")
    panel.click("Confirm")
    expect(panel.outputs.get_by_text(f"Type {ACCOUNT} exactly")).to_be_visible(timeout=SECONDS)
    expect(every).to_be_disabled(timeout=SECONDS)
    field.fill(ACCOUNT)
    panel.click("Confirm")
    expect(every).to_be_enabled(timeout=SECONDS)
    before = len(sent(lab))
    every.click()
    stop = panel.outputs.get_by_role("button", name="Stop after this step")
    expect(stop).to_be_enabled(timeout=SECONDS)
    pills = panel.outputs.locator(".containment-state")
    expect(pills.filter(has_text="running")).to_have_count(1, timeout=SECONDS)
    assert pills.filter(has_text="waiting").count() >= 5
    panel.screenshot("3-containment-running-all")
    expect(stop).to_be_disabled(timeout=4 * SECONDS)
    expect(pills.filter(has_text=re.compile("running|waiting"))).to_have_count(0)
    expect(every).to_be_disabled(timeout=SECONDS)
    doors = panel.outputs.locator(".containment-doors")
    for name in ("forwarding", "devices", "sign-in methods", "applications", "inbox rules"):
        expect(doors.locator("tr", has_text=name).first).to_contain_text("closed", timeout=SECONDS)
    panel.screenshot("3-containment-all")
    assert len(sent(lab)) - before >= 15
    assert all(int(str(status)) // 100 == 2 for _, status in sent(lab))


def test_the_doors_are_looked_at_again_while_the_page_stays_open(panel: Desk, lab: LabProcess) -> None:
    before = sent(lab)
    panel.click("Look again at 15 and 60 minutes")
    expect(panel.outputs.get_by_text("Looked at the doors after 0 minutes")).to_be_visible(timeout=SECONDS)
    panel.screenshot("3-containment-watching")
    assert sent(lab) == before


def test_the_case_journal_holds_the_call_before_and_after(panel: Desk, lab: LabProcess) -> None:
    assert lab.folder is not None
    lines = [json.loads(line) for line in Path(lab.folder, "journal.jsonl").read_text("utf-8").splitlines()]
    about_the_call = [line["kind"] for line in lines if "accountEnabled" in json.dumps(line)]
    assert len(about_the_call) >= 2
    assert panel.errors() == []
