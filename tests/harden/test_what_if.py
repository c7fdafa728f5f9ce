"""Which control would have stopped what, and the order in which controls help: held against an expert's table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from tests.detect.scenario import VICTIM, contoso, contoso_found
from tests.formats.conftest import case
from tests.harden.expert_controls import EXPERT
from tests.harden.scores import entry, profile, score, written
from toolkit import harden, reference
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, OWNER, Verdict, key_of
from toolkit.detect import Finding, Triage
from toolkit.detect.catalogue import DETECTIONS
from toolkit.errors import UsageError
from toolkit.harden.control import NOT_ASSESSED, NOT_TOLD, OFF, ON
from toolkit.harden.ranking import COLUMNS, link_of
from toolkit.harden.weights import HINDERS, STOPS, weights
from toolkit.harden.what_if import NO_CONTROL, NOTHING_FOUND, WAS_ON

__all__ = ["case", "contoso", "contoso_found"]


@pytest.fixture(scope="module")
def found(contoso_found: Triage) -> Triage:
    return contoso_found


@pytest.fixture(scope="module")
def report(contoso: Case) -> Iterator[harden.ScoreReport]:
    return harden.secure_score(contoso)


def finding(detection: str, user: str = VICTIM, severity: str = "high", row: str = "r") -> Finding:
    when = datetime(2026, 9, 16, 8, 0, tzinfo=UTC)
    return Finding(detection, f"Title of {detection}", severity, "", user, when, when, 1, "", [row], "audit", "")


def judged(one: Finding, verdict: str) -> dict[str, Verdict]:
    key = key_of(one.id, one.user, one.evidence)
    return {key: Verdict(key, one.id, one.user, verdict, "", "", "me")}


def test_each_step_of_the_scenario_names_the_controls_that_an_expert_names(
    report: harden.ScoreReport, found: Triage
) -> None:
    result = harden.what_if(report, found.findings)
    assert {step.finding.id for step in result.steps} == set(EXPERT)
    for step in result.steps:
        assert (step.names(STOPS), step.names(HINDERS)) == EXPERT[step.finding.id], step.finding.id


def test_steps_come_by_time_and_what_nothing_would_have_stopped_says_so(
    report: harden.ScoreReport, found: Triage
) -> None:
    result = harden.what_if(report, found.findings)
    times = [step.finding.first for step in result.steps if step.finding.first]
    assert times == sorted(times)
    assert {s.finding.id for s in result.unstopped} == {"ID-01", "IR-02", "IR-03", "IR-04", "IR-05", "SD-01"}
    assert {s.text for s in result.steps if not s.obstacles} == {NO_CONTROL}
    forward = next(s for s in result.steps if s.finding.id == "FW-01")
    assert forward.text == "2 controls would have stopped this step: 2 off."
    bypass = next(s for s in result.steps if s.finding.id == "CL-04")
    assert {o.control_id: o.state for o in bypass.obstacles if o.how == STOPS} == {
        "RoleOverlap": OFF, "aad_admin_accounts_separate_unassigned_cloud_only": NOT_ASSESSED,
    }  # fmt: skip
    assert any("2026-09-17" in note for note in result.notes)


def test_the_table_of_it_has_a_row_for_each_step_and_control(report: harden.ScoreReport, found: Triage) -> None:
    result = harden.what_if(report, found.findings)
    frame = result.to_frame()
    assert len(frame) == sum(max(1, len(s.obstacles)) for s in result.steps)
    assert str(frame.time.dt.tz) == "UTC"
    assert set(frame[frame.control == ""].how) == {NO_CONTROL}


def test_multi_factor_authentication_is_named_where_no_session_was_stolen(report: harden.ScoreReport) -> None:
    alone = harden.what_if(report, [finding("SI-02")]).steps[0]
    assert "MFARegistrationV2" in alone.names(HINDERS)
    both = harden.what_if(report, [finding("SI-02"), finding("TK-01")]).steps
    assert all("MFARegistrationV2" not in step.names(HINDERS) for step in both)
    others = harden.what_if(report, [finding("SI-02"), finding("TK-01", user="other@contoso.com")]).steps
    assert any("MFARegistrationV2" in step.names(HINDERS) for step in others)
    assert "MFARegistrationV2" in harden.what_if(report, [finding("SI-09")]).steps[0].names(STOPS)


def test_what_was_judged_the_owner_s_does_not_count_and_low_ones_only_once_confirmed(
    report: harden.ScoreReport,
) -> None:
    one, low = finding("FW-01"), finding("OA-01", severity="low")
    assert [s.finding.id for s in harden.what_if(report, [one, low]).steps] == ["FW-01"]
    assert harden.what_if(report, [one], judged(one, OWNER)).notes[0] == NOTHING_FOUND
    [step] = harden.what_if(report, [low], judged(low, ATTACKER)).steps
    assert step.confirmed


def test_a_control_that_is_on_and_did_not_stop_it_points_at_exceptions(case: Case, tmp_path: Path) -> None:
    case.load(written(tmp_path, scores=[score(controlScores=[entry("MDO_AutoForwardingMode", 1)])],
                      profiles=[profile("mdo_autoforwardingmode", 1)]))  # fmt: skip
    [step] = harden.what_if(harden.secure_score(case), [finding("FW-01")]).steps
    states = {o.control_id: (o.state, o.note) for o in step.obstacles}
    assert states == {"mdo_autoforwardingmode": (ON, WAS_ON), "mdo_blockmailforward": (NOT_ASSESSED, "")}


def test_without_a_score_the_states_are_not_told(case: Case) -> None:
    result = harden.what_if(harden.secure_score(case), [finding("FW-01")])
    assert {o.state for o in result.steps[0].obstacles} == {NOT_TOLD}
    assert any(note.startswith("Whether the controls are on: not checked.") for note in result.notes)


def test_evidence_counts_double_once_a_person_confirmed_it(report: harden.ScoreReport) -> None:
    one = finding("FW-01")

    def rank(findings: list[Finding], given: dict[str, Verdict] | None = None) -> dict[str, float | None]:
        return {r.control.id: r.value for r in harden.ranked_controls(report, findings, given)}

    plain, unsure, sure = rank([]), rank([one]), rank([one], judged(one, ATTACKER))
    assert (plain["mdo_blockmailforward"], unsure["mdo_blockmailforward"], sure["mdo_blockmailforward"]) == (6, 9, 12)
    assert rank([one], judged(one, OWNER)) == plain
    assert plain["IntegratedApps"] == unsure["IntegratedApps"] == sure["IntegratedApps"]


def test_the_order_is_the_rank_and_not_the_points(report: harden.ScoreReport, found: Triage) -> None:
    given: dict[str, Verdict] = {}
    for one in found.findings:
        given |= judged(one, ATTACKER if one.severity in ("high", "critical") else OWNER)
    ranked = harden.ranked_controls(report, found.findings, given)
    assert [r.place for r in ranked] == list(range(1, 30))
    values = [r.value for r in ranked if r.control.state != ON]
    assert values == sorted(values, key=lambda v: -(v or 0))
    # A point each, far below what others would give: they would have stopped the forwarding and the bypass.
    assert [r.control.id for r in ranked[:5]] == [
        "mdo_autoforwardingmode", "aad_admin_consent_workflow", "mdo_blockmailforward", "IntegratedApps", "RoleOverlap",
    ]  # fmt: skip
    assert ranked[0].why == (
        "Would have stopped “Inbox rule forwards or redirects mail” (IR-01) and “Mailbox forwards to another address” "
        "(FW-01): confirmed."
    )
    assert (ranked[0].control.points, ranked[0].control.maximum) == (0.0, 1.0)
    assert {r.control.state for r in ranked[15:]} == {ON}
    policy = next(r for r in ranked if r.control.id == "SigninRiskPolicy")
    assert (policy.licence, policy.effort) == ("Entra ID P2", 2.25)


def test_unknown_controls_come_after_in_microsoft_s_order(case: Case, tmp_path: Path) -> None:
    names = {"zz_new": 3, "aa_new": 7, "INTEGRATEDAPPS": 90, "mm_done": 1}
    case.load(written(
        tmp_path,
        scores=[score(controlScores=[entry(n, 10 if n == "mm_done" else 0) for n in names])],
        profiles=[*(profile(n, 10, rank=r) for n, r in names.items()), profile("OneAdmin", 1)],
    ))  # fmt: skip
    ranked = harden.ranked_controls(harden.secure_score(case), [])
    assert [r.control.id for r in ranked] == ["INTEGRATEDAPPS", "OneAdmin", "zz_new", "aa_new", "mm_done"]
    assert ranked[1].control.state == NOT_ASSESSED
    assert ranked[1].value is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://security.microsoft.com/securescore?action=x#y", True),
        ("https://aad.portal.azure.com/#blade/x", True),
        ("https://aka.ms/mfa", True),
        ("https://compliance.microsoft.com:443/x", True),
        ("http://security.microsoft.com/", False),
        ("javascript:alert(1)", False),
        ("https://security.microsoft.com.attacker.example/", False),
        ("https://evilmicrosoft.com/", False),
        ("https://security.microsoft.com@attacker.example/", False),
        ("https://attacker.example\\.microsoft.com/", False),
        ("https://security.microsoft.com:8443/", False),
        ("https://security.microsoft.com/\u202egnp", False),
        ("https://[::1/", False),
        ("https://security.microsoft.com/" + "a" * 3000, False),
        ("actionUrl.value", False),
        ("", False),
    ],
)
def test_only_https_links_to_microsoft_are_shown(address: str, shown: bool) -> None:
    assert link_of(address) == (address if shown else "")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "jsonl"])
def test_the_list_is_written_to_files_in_which_nothing_runs(case: Case, tmp_path: Path, ending: str) -> None:
    evil = "=cmd|' /C calc'!A0"
    remediation = "<script>x()</script><p>=1+1</p><ol><li>One &amp; two</li><li><b>Three</b></li></ol>"
    case.load(written(
        tmp_path,
        scores=[score(controlScores=[entry("IntegratedApps", "1.5", implementationStatus=evil)])],
        profiles=[profile("IntegratedApps", 4, title=evil, remediation=remediation)],
    ))  # fmt: skip
    ranked = harden.ranked_controls(harden.secure_score(case), [])
    target = tmp_path / f"controls.{ending}"
    assert harden.export_controls(ranked, target) == 1
    if ending == "csv":
        with open(target, encoding="utf-8", newline="") as file:
            [row] = csv.DictReader(file)
        assert tuple(row) == COLUMNS
        assert (row["title"], row["status"], row["points"], row["maximum"]) == (f"'{evil}", f"'{evil}", "1.5", "4.0")
        assert row["what_to_do"] == "'=1+1\n– One & two\n– Three"
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(target).active
        assert sheet is not None
        cells = dict(zip(COLUMNS, [c.value for c in sheet[2]], strict=True))
        assert (cells["title"], cells["points"], sheet[2][2].data_type) == (f"'{evil}", 1.5, "s")
    with pytest.raises(UsageError, match=r"may end in \.csv"):
        harden.export_controls(ranked, tmp_path / "controls.exe")


def test_an_empty_list_is_written_too(tmp_path: Path) -> None:
    assert harden.export_controls([], tmp_path / "none.csv") == 0
    assert (tmp_path / "none.csv").read_text("utf-8").strip() == ",".join(COLUMNS)


def test_the_table_of_weights_is_whole(shared: Path) -> None:
    known = {d.id for d in DETECTIONS}
    told = (shared / "design" / "detections.md").read_text("utf-8")
    playbook = (shared / "design" / "playbook.md").read_text("utf-8")
    for weight in weights().values():
        assert 1 <= weight.weight <= 10
        assert weight.name
        assert weight.closes
        assert weight.control_id in playbook
        for pattern in (*weight.stops, *weight.hinders, *weight.not_with):
            assert pattern.removesuffix("*") in told, pattern
            assert pattern in known or pattern.endswith("*") or f"`{pattern}`" in told, pattern
    assert reference.ORIGINS["control_weights.csv"][0].endswith("MIT, as the project")


def test_a_finding_without_time_or_account_is_gone_through_too(report: harden.ScoreReport) -> None:
    bare = replace(finding("CL-06"), first=None, last=None, user="")
    steps = harden.what_if(report, [bare, finding("FW-01")]).steps
    assert [s.finding.id for s in steps] == ["FW-01", "CL-06"]
