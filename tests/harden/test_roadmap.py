"""The roadmap: what data ticks, what people tick, that neither writes over the other; its part of the hand-over."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.contain.room import BREAK_GLASS, Room
from tests.harden.tenant_rows import OFF, policy, registered, state
from tests.needs import ROOT
from toolkit import harden, open_case
from toolkit.case import Case
from toolkit.detect import Triage
from toolkit.errors import UsageError
from toolkit.harden.roadmap import PHASES
from toolkit.harden.roadmap_checks import CHECKS
from toolkit.views.handover import handover
from toolkit.views.hardening_roadmap import roadmap_html

CONTOSO = ROOT / "data" / "samples" / "contoso-bec"
CODES = {"transferMethods": "deviceCodeFlow"}
GOOD = {
    "organisation_settings": [{"AuditDisabled": False}],
    "unified_auditing": [{"UnifiedAuditLogIngestionEnabled": True}],
    "audit_bypass": [{"Name": "x", "AuditBypassEnabled": False}, {"Identity": "System"}],
    "mailboxes": [{"UserPrincipalName": "anna@contoso.example", "DefaultAuditSet": ["Admin", "Delegate", "Owner"]}],
    "registration": [registered("anna", "passKeyDeviceBound", isAdmin=True), registered("bert", "passKeyDeviceBound")],
    "roles": [],
    "conditional_access": [policy(), policy("Codes", grant={"builtInControls": ["block"]}, authenticationFlows=CODES)],
    "security_defaults": OFF,
    "restricted_senders": [],
    "outbound_spam_policy": [{"Name": "Default", "AutoForwardingMode": "Off"}],
    "remote_domains": [],
    "scores": [
        {"createdDateTime": "2026-09-17T00:00:00Z", "controlScores": [
            {"controlName": "IntegratedApps", "scoreInPercentage": "100.00"},
            {"controlName": "aad_admin_consent_workflow", "scoreInPercentage": 0},
        ]}
    ],
}  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


def test_data_ticks_what_is_so_and_nothing_else(case: Case) -> None:
    found = harden.roadmap(case, state(**GOOD), found=Triage())
    done = {item.id for item in found.items if item.done}
    assert done == {
        "auditing", "mailbox-auditing", "audit-bypass", "admins-second-factor", "sender", "score-noted", "admins-asked",
        "everybody-asked", "old-protocols", "device-code", "auto-forward", "consent", "admins-resistant",
        "weak-methods",
    }  # fmt: skip
    assert {item.state for item in found.items if item.id in done} == {"done (data)"}
    assert found.item("consent-workflow").state == "to do"
    assert found.item("emergency-accounts").state == "not checked"
    assert found.item("siem").state == "to do by hand"
    assert "Secure Score of 2026-09-17" in found.item("consent").data.told


def test_without_inputs_nothing_is_ticked_and_each_point_says_why(case: Case) -> None:
    found = harden.roadmap(case)
    assert [item for item in found.items if item.done] == []
    assert {item.state for item in found.items} == {"not checked", "to do by hand"}
    assert all("checked" in item.data.told.lower() for item in found.items if item.state == "not checked")


def test_every_point_is_in_a_phase_and_every_check_has_its_point(case: Case) -> None:
    found = harden.roadmap(case)
    assert {item.phase for item in found.items} == set(PHASES)
    assert set(CHECKS) <= {item.id for item in found.items}
    assert all(item.title and item.why for item in found.items)


def test_the_benchmark_ids_are_those_of_the_playbook(case: Case, shared: Path) -> None:
    playbook = (shared / "design" / "playbook.md").read_text("utf-8")
    line = next(part for part in playbook.splitlines() if "CISA SCuBA" in part)
    used = {one for item in harden.roadmap(case, found=Triage()).items for one in item.benchmark}
    for one in used:
        family, number = one.rsplit(".", 2)[0], ".".join(one.rsplit(".", 2)[1:])
        within = number == "5.2" or re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", line.replace(f"{family}.", ""))
        assert family in line, one
        assert within, one  # 5.2 stands inside “5.1–5.3” of the directory's
    assert len(used) >= 18


def test_a_tick_is_kept_in_the_journal_with_who_and_when_and_can_be_taken_back(case: Case) -> None:
    harden.set_roadmap(case, "siem", True, " bought ", by="Jo")
    item = harden.roadmap(case, found=Triage()).item("siem")
    assert (item.done, item.state) == (True, "done (by hand)")
    assert item.mark is not None
    assert (item.mark.note, item.mark.by) == ("bought", "Jo")
    assert item.mark.said.startswith("done by hand, Jo, 20")
    harden.set_roadmap(case, "siem", False, "not yet", by="Al")
    assert harden.roadmap(case, found=Triage()).item("siem").state == "to do"
    harden.set_roadmap(case, "siem", None, by="Al")
    assert harden.roadmap(case, found=Triage()).item("siem").mark is None
    entries = case.journal.entries("roadmap")
    assert [(e.fields["done"], e.fields["by"]) for e in entries] == [(True, "Jo"), (False, "Al"), (None, "Al")]
    assert case.verify() == []


def test_data_and_a_person_never_write_over_each_other(case: Case) -> None:
    harden.set_roadmap(case, "auto-forward", True, "we did it", by="Jo")
    open_forward = GOOD | {"outbound_spam_policy": [{"Name": "Default", "AutoForwardingMode": "On"}]}
    item = harden.roadmap(case, state(**open_forward), found=Triage()).item("auto-forward")
    assert (item.done, item.conflict, item.data.done) == (False, True, False)
    assert item.mark is not None
    assert item.mark.done
    assert item.state == "a person says done, data says not"
    harden.set_roadmap(case, "sender", False, "one more", by="Jo")
    road = harden.roadmap(case, state(**GOOD), found=Triage())
    assert road.item("sender").state == "data says done, a person says not"
    assert road.item("auto-forward").state == "done (data, and by hand)"
    page = roadmap_html(road)
    assert "Data and a person differ" in page
    assert "“we did it”" in page


@pytest.mark.parametrize(
    ("item", "done", "note"), [("nothing", True, ""), ("siem", "yes", ""), ("siem", True, "x" * 2001)]
)
def test_what_means_nothing_is_refused_in_a_sentence(case: Case, item: str, done: bool, note: str) -> None:
    with pytest.raises(UsageError):
        harden.set_roadmap(case, item, done, note)
    assert case.journal.entries("roadmap") == []


def test_the_practice_tenant_ticks_what_it_has(room: Room) -> None:
    (room.case.folder / "break-glass.txt").write_text(BREAK_GLASS, "utf-8")
    harden.read_state(room.case, room.tenant)
    found = harden.roadmap(room.case)
    assert found.item("auditing").state == "done (data)"
    assert "katrin.vogel@contoso.com" in found.item("audit-bypass").data.told
    assert found.item("sender").state == "to do"
    assert "report-only" in found.item("old-protocols").data.told
    assert "two are needed" in found.item("emergency-accounts").data.told
    assert BREAK_GLASS not in found.item("admins-asked").data.told
    assert room.writes() == []


def test_the_hand_over_has_the_roadmap_with_notes(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    case.load(CONTOSO / "secure-scores.json")
    harden.set_roadmap(case, "told", True, "=1+1 <script>alert(1)</script>", by="Jo")
    page = handover(case, tmp_path / "out").read_text("utf-8")
    assert "<h2>Roadmap</h2>" in page
    assert "<script" not in page
    with open(tmp_path / "out" / "roadmap.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    told = next(row for row in rows if row["title"].startswith("Recipients of bad mail"))
    assert told["state"] == "done (by hand)"
    assert told["note"].startswith("'=1+1")
    assert {row["phase"] for row in rows} == set(PHASES)
    assert "MS.AAD.1.1" in page


def test_notes_are_text_on_the_page(case: Case) -> None:
    harden.set_roadmap(case, "siem", True, "<img src=x onerror=alert(1)>" * 50, by="<b>Jo</b>")
    page = roadmap_html(harden.roadmap(case, found=Triage()))
    assert "<img" not in page
    assert "<b>Jo" not in page
    assert len(page) < 200_000
