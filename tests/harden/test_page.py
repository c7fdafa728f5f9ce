"""Notebook 4 driven without a browser: what its sections say, and a repair from preview to undo."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contain.room import BREAK_GLASS, DOMAIN, OPERATOR, SYNCED, VICTIM, Room
from tests.needs import ROOT
from toolkit import harden, open_case
from toolkit.harden.score import NO_CLOUD
from toolkit.views.containment_work import Event
from toolkit.views.hardening import HardeningPage, hardening_page
from toolkit.views.repairs import Repairs

SAMPLE = ROOT / "data" / "samples" / "contoso-bec"


@pytest.fixture
def hardening(room: Room) -> HardeningPage:
    room.case.load(SAMPLE / "purview-audit-search.csv")
    return shown(room)


@pytest.fixture
def without_evidence(room: Room) -> HardeningPage:
    return shown(room)


def shown(room: Room) -> HardeningPage:
    made = hardening_page(room.case, sleep=room.sleep)
    for section in made.sections:
        section.put(section.text())
        section.shown = True
    return made


def read(hardening: HardeningPage) -> None:
    hardening.read.click()
    hardening.desk.wait()


def settled(hardening: HardeningPage) -> None:
    hardening.audit_repairs.desk.wait()
    hardening.desk.drain()


def corners_seen(repairs: Repairs) -> list[list[str]]:
    """A list that grows by what all cards say in their corners, after each event."""
    seen: list[list[str]] = []
    update = repairs.desk._update

    def watched(event: Event) -> None:
        update(event)
        found = [re.search(r"containment-state[^>]*>([^<]*)<", c._html.value) for c in repairs.cards.values()]
        seen.append([match[1] for match in found if match])

    repairs.desk._update = watched
    return seen


def test_running_the_cells_sends_nothing_that_changes_and_says_what_was_not_read(
    room: Room, hardening: HardeningPage
) -> None:
    assert room.writes() == []
    assert "has not been read yet" in hardening.about.value
    assert "not checked" in hardening.auditing.html.value
    assert hardening.audits.actions() == []


def test_reading_the_organisation_draws_every_section_anew(room: Room, hardening: HardeningPage) -> None:
    before = {section.name: section.html.value for section in hardening.sections}
    read(hardening)
    assert "settings and lists were read" in hardening.about.value
    changed = {section.name for section in hardening.sections if section.html.value != before[section.name]}
    assert changed >= {"score", "what-if", "auditing", "mfa", "sending", "roadmap"}
    assert room.writes() == []
    assert "PRACTICE" in hardening.about.value


def test_a_repair_of_auditing_is_previewed_confirmed_run_read_back_and_undone(
    room: Room, hardening: HardeningPage
) -> None:
    read(hardening)
    repairs = hardening.audit_repairs
    assert {VICTIM in action.title for action in hardening.audits.actions()} == {True}
    hardening.audits.all.click()
    assert len(hardening.audits.actions()) >= 3

    repairs.preview.click()
    settled(hardening)
    assert repairs.plan is not None
    keys = [step.action.key for step in repairs.plan.steps]
    assert room.writes() == []
    repairs.typed.value = "contoso"
    repairs.confirm.click()
    settled(hardening)
    assert repairs.confirmation is None
    repairs.typed.value = DOMAIN
    repairs.confirm.click()
    settled(hardening)
    seen = corners_seen(repairs)
    repairs.run_all.click()
    settled(hardening)
    for number in range(len(keys)):
        done, left = ["done, read back"] * number, ["waiting"] * (len(keys) - number - 1)
        assert [*done, "running …", *left] in seen
    assert [step.status for step in repairs.plan.steps] == ["done"] * len(keys)
    assert len(room.writes()) == len(keys)
    assert hardening.audits.actions() == []  # it was read again, and asks for nothing more
    assert "asks for a repair" in " ".join(getattr(w, "value", "") for w in hardening.audits._box.children)

    undoable = next(step.action.key for step in repairs.plan.steps if step.undo is not None)
    repairs.cards[undoable].undo.click()
    settled(hardening)
    assert [s.status for s in repairs.plan.steps if s.action.key == undoable] == ["to do"]
    assert len(room.writes()) == len(keys) + 1
    assert len(hardening.audits.actions()) == 1


def test_what_was_done_before_can_be_undone_by_a_new_page(room: Room, without_evidence: HardeningPage) -> None:
    read(without_evidence)
    without_evidence.audit_repairs.preview.click()
    settled(without_evidence)
    without_evidence.audit_repairs.typed.value = DOMAIN
    without_evidence.audit_repairs.confirm.click()
    settled(without_evidence)
    without_evidence.audit_repairs.run_all.click()
    settled(without_evidence)
    done = len(room.writes())

    later = hardening_page(room.case, sleep=room.sleep)
    read(later)
    later.audit_repairs.preview.click()
    settled(later)
    assert later.audit_repairs.plan is not None
    assert {step.status for step in later.audit_repairs.plan.steps} == {"done"}
    assert len(later.audit_repairs.plan.steps) == done


def test_a_word_on_a_control_is_kept_by_the_service_and_shown(room: Room, without_evidence: HardeningPage) -> None:
    read(without_evidence)
    choice, repairs = without_evidence.controls, without_evidence.score_repairs
    choice.control.value = next(value for _, value in choice.control.options if value == "exo_outlookaddins")
    choice.state.value = "ThirdParty"
    choice.note.value = "<b>done by the mail gateway</b>"
    repairs.preview.click()
    repairs.desk.wait()
    repairs.typed.value = DOMAIN
    repairs.confirm.click()
    repairs.desk.wait()
    repairs.run_all.click()
    repairs.desk.wait()
    without_evidence.desk.drain()
    assert repairs.plan is not None
    assert [step.status for step in repairs.plan.steps] == ["done"]
    assert "&lt;b&gt;done by the mail gateway" in without_evidence.score.html.value
    assert "<b>done by the mail gateway" not in without_evidence.score.html.value


def test_a_note_is_needed(room: Room, without_evidence: HardeningPage) -> None:
    read(without_evidence)
    without_evidence.controls.control.value = "exo_outlookaddins"
    without_evidence.score_repairs.preview.click()
    without_evidence.score_repairs.desk.wait()
    assert "a note" in without_evidence.score_repairs.message.value.lower()


def test_a_pasted_bounce_is_told_apart(without_evidence: HardeningPage) -> None:
    without_evidence.paste.text.value = "550 5.1.8 Access denied, bad outbound sender <script>alert(1)</script>"
    without_evidence.paste.ask.click()
    assert "5.1.8" in without_evidence.paste.told.value
    assert "<script>" not in without_evidence.paste.told.value


def test_a_tick_is_kept_in_the_journal_and_shown(room: Room, without_evidence: HardeningPage) -> None:
    without_evidence.ticks.save.click()
    assert "Choose a point first" in without_evidence.ticks.said.value
    without_evidence.ticks.item.value = without_evidence.ticks.item.options[1][1]
    without_evidence.ticks.word.value = "done"
    without_evidence.ticks.note.value = "asked the bank <i>twice</i>"
    without_evidence.ticks.save.click()
    assert "&lt;i&gt;twice" in without_evidence.roadmap.html.value
    lines = (room.case.folder / "journal.jsonl").read_text("utf-8").splitlines()
    assert any("asked the bank" in json.dumps(json.loads(line)) for line in lines)


def test_what_a_person_says_at_the_roadmap_shows_at_the_step_of_the_checklist(without_evidence: HardeningPage) -> None:
    points = {step.point for step in without_evidence.reports.mfa.steps}
    assert points <= {item.id for item in without_evidence.reports.roadmap.items}
    assert len(points) == 9
    for point in ("methods-by-voice", "app-passwords"):
        without_evidence.ticks.item.value = point
        without_evidence.ticks.word.value = "done"
        without_evidence.ticks.note.value = f"asked <i>{point}</i>"
        without_evidence.ticks.save.click()
    page = without_evidence.mfa.html.value
    assert page.count("Done by hand, ") == 2
    assert "asked &lt;i&gt;app-passwords" in page
    row = page[page.index("Give up the per-user state") - 200 : page.index("Give up the per-user state")]
    assert ">yes<" in row


def test_the_list_is_written_with_formulas_defused(room: Room, without_evidence: HardeningPage) -> None:
    read(without_evidence)
    without_evidence.export.write()
    until = time.monotonic() + 30
    while not without_evidence.export.said.value and time.monotonic() < until:
        time.sleep(0.05)
    assert "Written" in without_evidence.export.said.value
    assert all(file.stat().st_size > 500 for file in without_evidence.export.files)
    controls, scores = (file.read_text("utf-8-sig") for file in without_evidence.export.files if file.suffix == ".csv")
    assert "also_told" in controls.splitlines()[0]
    assert "implementationStatus" in controls or "lastSynced" in controls
    assert "Tenants of this size" in scores
    assert "vendorInformation" in scores
    assert len(scores.splitlines()) == 41


def test_a_case_of_files_shows_every_section_with_what_is_missing(tmp_path: Path) -> None:
    case = open_case(tmp_path / "files")
    case.load(SAMPLE)
    hardening = hardening_page(case)
    assert "made from files" in hardening.about.value
    texts = {section.name: section.text() for section in hardening.sections}
    assert "81.9 of 131" in texts["score"]
    assert "not checked" in texts["auditing"]
    assert "not checked" in texts["mfa"].lower()
    assert "not checked" in texts["sending"].lower()
    assert "PRACTICE" not in hardening.about.value
    case.close()


def test_a_cloud_without_secure_score_is_named_also_when_the_case_is_opened_again(room: Room) -> None:
    room.service.withhold("SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All")
    page = shown(room)
    page._tenant = room.connect()
    page._tenant.cloud = replace(page._tenant.cloud, name="china")
    read(page)
    for one in (page, shown(room)):
        score = one.score.html.value
        assert score.index(NO_CLOUD) == min(score.index(text) for text in (NO_CLOUD, "not checked") if text in score)
        assert "403" not in score
        assert "403" not in one.about.value.partition("scores")[2].partition("</li>")[0]
        assert NO_CLOUD in one.about.value


def test_accounts_that_are_named_and_administrators_are_read_closely(room: Room) -> None:
    page = hardening_page(room.case, [SYNCED, "ghost@contoso.com"], sleep=room.sleep)
    read(page)
    known = {s.target.user_principal_name: s for s in harden.kept_accounts(room.case)}
    assert {SYNCED, OPERATOR, BREAK_GLASS} <= set(known)
    assert all({"groups", "per-user state"} <= set(one.found) for one in known.values())
    page.lookup.account.value = SYNCED
    page.lookup.ask.click()
    assert f"{SYNCED}: No" in page.lookup.told.value
    assert "Its per-user state is disabled" in page.lookup.told.value
    assert "Accounts of this case: 1" in page.mfa.text()
    assert "ghost@contoso.com" in page.mfa.text()
    page.mfa_export.write()
    until = time.monotonic() + 30
    while not page.mfa_export.said.value and time.monotonic() < until:
        time.sleep(0.05)
    assert all(file.stat().st_size > 500 for file in page.mfa_export.files)


def test_a_tenant_that_the_evidence_does_not_name_is_asked_about_first(unconfirmed_room: Room) -> None:
    hardening = hardening_page(unconfirmed_room.case, sleep=unconfirmed_room.sleep)
    read(hardening)
    assert "Type contoso.com" in hardening.message.value
    hardening.domain.value = DOMAIN
    hardening.confirm_tenant.click()
    hardening.desk.wait()
    assert "settings and lists were read" in hardening.about.value
