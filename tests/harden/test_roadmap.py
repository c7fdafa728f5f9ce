"""The roadmap: what data ticks, what people tick, that neither writes over the other; its part of the hand-over."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contain.room import BREAK_GLASS, VICTIM, Room
from tests.harden.tenant_rows import OFF, policy, registered, state
from tests.needs import ROOT
from toolkit import contain, harden, open_case
from toolkit.case import Case
from toolkit.detect import Triage
from toolkit.errors import UsageError
from toolkit.harden.roadmap import PHASES
from toolkit.harden.roadmap_checks import CHECKS
from toolkit.views.handover import handover
from toolkit.views.hardening_roadmap import roadmap_html

CONTOSO = ROOT / "data" / "samples" / "contoso-bec"
CODES = {"transferMethods": "deviceCodeFlow"}
LURES = {"mdo_safelinksforemail": 100, "mdo_safeattachmentpolicy": 100}
INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
GOOD = {
    "organisation_settings": [{"AuditDisabled": False}],
    "unified_auditing": [{"UnifiedAuditLogIngestionEnabled": True}],
    "audit_bypass": [{"Name": "x", "AuditBypassEnabled": False}, {"Identity": "SystemMailbox{1}"}],
    "mailboxes": [{"UserPrincipalName": "anna@contoso.example", "DefaultAuditSet": ["Admin", "Delegate", "Owner"]}],
    "registration": [registered("anna", "passKeyDeviceBound", isAdmin=True), registered("bert", "passKeyDeviceBound")],
    "roles": [],
    "conditional_access": [policy(), policy("Codes", grant={"builtInControls": ["block"]}, authenticationFlows=CODES)],
    "security_defaults": OFF,
    "restricted_senders": [],
    "outbound_spam_policy": [{"Name": "Default", "AutoForwardingMode": "Off"}],
    "remote_domains": [],
    "mail_flow_settings": [{"Name": "Transport Settings", "SmtpClientAuthenticationDisabled": True}],
    "external_mark": [{"Identity": "x", "Enabled": True, "AllowList": []}],
    "scores": [
        {"createdDateTime": "2026-09-17T00:00:00Z", "currentScore": "81.9", "maxScore": 131, "controlScores": [
            {"controlName": "IntegratedApps", "scoreInPercentage": "100.00"},
            {"controlName": "aad_admin_consent_workflow", "scoreInPercentage": 0},
            {"controlName": "exo_individualsharing", "scoreInPercentage": 100},
            {"controlName": "mdo_safelinksforemail", "scoreInPercentage": 100},
            {"controlName": "mdo_safeattachmentpolicy", "scoreInPercentage": 100},
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
        "weak-methods", "smtp-auth", "external-tag", "calendar-sharing",
    }  # fmt: skip
    assert {item.state for item in found.items if item.id in done} == {"done (data)"}
    assert found.item("consent-workflow").state == "to do"
    assert found.item("emergency-accounts").state == "not checked"
    assert found.item("siem").state == "to do by hand"
    assert "Secure Score of 2026-09-17" in found.item("consent").data.told


def test_lures_need_impersonation_too_and_an_open_part_is_to_do(case: Case) -> None:
    def lures(**more: int) -> tuple[str, str]:
        scores = [{"controlName": name, "scoreInPercentage": share} for name, share in (LURES | more).items()]
        row = {"createdDateTime": "2026-09-17T00:00:00Z", "controlScores": scores}
        item = harden.roadmap(case, state(**GOOD | {"scores": [row]}), found=Triage()).item("lures")
        return item.state, item.data.told

    assert lures()[0] == "not checked"
    assert "impersonation: not checked" in lures()[1]
    assert lures(mdo_targetedusersprotection=100)[0] == "done (data)"
    assert lures(mdo_targetedusersprotection=0, mdo_enabledomainstoprotect=100)[0] == "done (data)"
    assert lures(mdo_safeattachmentpolicy=0)[0] == "to do"


def test_the_portal_s_list_ticks_what_it_says_is_done(case: Case, tmp_path: Path) -> None:
    (tmp_path / "portal.csv").write_text(
        "Rank,Recommended action,Points achieved,Status,Category\n"
        "1,Do not allow third party integrated applications,4/4,Completed,Identity\n"
        "2,Ensure the admin consent workflow is enabled,0/2,To address,Identity\n", "utf-8",
    )  # fmt: skip
    case.load(tmp_path / "portal.csv")
    found = harden.roadmap(case, found=Triage())
    assert found.item("consent").state == "done (data)"
    assert "the portal's list says done" in found.item("consent").data.told
    assert found.item("consent-workflow").state == "to do"
    assert found.item("score-noted").state == "not checked"


def loaded(case: Case, folder: Path, **files: dict[str, object]) -> harden.Roadmap:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
        case.load(folder / f"{name}.json")
    return harden.roadmap(case, found=Triage())


def test_a_file_of_a_compliance_session_is_no_false_alarm(case: Case, tmp_path: Path) -> None:
    switch = {"Name": "contoso.example", "AuditDisabled": False, "OAuth2ClientProfileEnabled": True}
    log = {"Name": "Admin Audit Log Settings", "UnifiedAuditLogIngestionEnabled": False}
    found = loaded(case, tmp_path, switch=switch, log=log)
    item = found.item("auditing")
    assert item.state == "not checked"
    assert "Connect-IPPSSession" in item.data.told
    assert item.data.told.startswith("Searchable audit log: not checked.")


def test_files_that_contradict_each_other_tick_nothing(case: Case, tmp_path: Path) -> None:
    settings = [{"Name": "Transport Settings", "SmtpClientAuthenticationDisabled": on, "JournalingReportNdrTo": "<>"}
                for on in (True, False)]  # fmt: skip
    organisations = [{"Name": "contoso.example", "AuditDisabled": off} for off in (True, False)]
    found = loaded(case, tmp_path, a=settings[0], b=settings[1], c=organisations[0], d=organisations[1])
    for item in ("smtp-auth", "auditing"):
        assert found.item(item).state == "not checked"
        assert "the files of this case say both" in found.item(item).data.told


def test_smtp_auth_and_the_mark_of_outlook_come_from_files_too(case: Case, tmp_path: Path) -> None:
    found = loaded(
        case, tmp_path, a={"SmtpClientAuthenticationDisabled": True},
        b={"Identity": "x", "Enabled": False, "AllowList": []},
        c={"Identity": "anna", "SmtpClientAuthenticationDisabled": False, "ImapEnabled": True, "OWAEnabled": True},
    )  # fmt: skip
    assert found.item("smtp-auth").state == "done (data)"
    assert found.item("external-tag").state == "not checked"
    assert "Outlook's own mark is off" in found.item("external-tag").data.told


def test_doors_that_were_read_tick_or_name_what_is_open(room: Room) -> None:
    found = harden.roadmap(room.case, found=Triage())
    assert found.item("doors").state == "not checked"
    contain.look_at_doors(room.case, room.tenant, contain.resolve(room.tenant, VICTIM), INSIDE)
    item = harden.roadmap(room.case, found=Triage()).item("doors")
    assert item.state == "to do"
    assert VICTIM in item.data.told
    entry = room.case.journal.entries("containment.doors")[-1].fields
    closed = dict.fromkeys(entry["doors"], "closed") | {"app passwords": "not checked", "sign-in": "open"}
    evidence = entry["evidence"] | {"sign-in": "given back by this case, behind closed doors; accountEnabled: true"}
    room.case.journal.append("containment.doors", **entry | {"doors": closed, "evidence": evidence})
    assert harden.roadmap(room.case, found=Triage()).item("doors").state == "done (data)"
    unread = closed | {"devices": "not checked"}
    room.case.journal.append("containment.doors", **entry | {"doors": unread, "evidence": evidence})
    last = harden.roadmap(room.case, found=Triage()).item("doors")
    assert last.state == "not checked"
    assert "devices" in last.data.told


def test_what_only_a_voice_can_tell_is_ticked_by_hand(case: Case) -> None:
    for point in ("methods-by-voice", "app-passwords"):
        item = harden.roadmap(case, found=Triage()).item(point)
        assert (item.phase, item.state) == ("first day", "to do by hand")
        harden.set_roadmap(case, point, True, by="Jo")
        assert harden.roadmap(case, found=Triage()).item(point).state == "done (by hand)"


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
    assert found.item("smtp-auth").state == "to do"
    assert "Outlook's own mark is off" in found.item("external-tag").data.told
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
