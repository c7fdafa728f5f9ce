"""The practice scenario: every planted act that the detections cover is found, with exactly its records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.formats.exports import SAMPLES
from toolkit import open_case
from toolkit.case import Case
from toolkit.detect import Triage, triage
from toolkit.detect.finding import SEVERITIES

KEY: dict[str, Any] = json.loads((SAMPLES / "answer-key.json").read_text("utf-8"))
ACTS = {act["id"]: act for act in KEY["acts"]}
VICTIM = KEY["people"]["victim"]["user_principal_name"]
EVIDENCE = ("purview-audit-search.csv", "signins-beta-*.json")

# detection → acts of which it has to show all records (of the kind it looks at) and no others
EXPECTED = {
    "SI-02 NL": ("sign_ins", ["AITM"]),
    "SI-02 RO": ("sign_ins", ["TOKEN", "MFA", "CONSENT", "BYPASS"]),
    "TK-01": ("sign_ins", ["AITM", "TOKEN", "MFA", "CONSENT", "BYPASS"]),
    "ID-01": ("audit_records", ["MFA"]),
    "OA-01": ("audit_records", ["CONSENT"]),
    "IR-01": ("audit_records", ["RULE-HIDDEN"]),
    "IR-02": ("audit_records", ["RULE-DELETES"]),
    "IR-03": ("audit_records", ["RULE-HIDES"]),
    "IR-04": ("audit_records", ["RULE-HIDDEN", "RULE-HIDES", "RULE-DELETES"]),
    "IR-05": ("audit_records", ["RULE-HIDES", "RULE-DELETES"]),
    "FW-01": ("audit_records", ["FORWARD"]),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    case = open_case(tmp_path_factory.mktemp("scenario") / "case")
    case.load(sorted(f for pattern in EVIDENCE for f in SAMPLES.glob(pattern)))
    yield case
    case.close()


@pytest.fixture(scope="module")
def result(loaded: Case) -> Triage:
    return triage(loaded)


def shown(result: Triage, name: str) -> set[str]:
    """Ids of a detection's rows about the victim, above low; `SI-02 RO` asks for one country."""
    detection, _, country = name.partition(" ")
    chosen = [f for f in result.findings if f.id == detection and f.user == VICTIM and f.severity != "low"]
    return {i for f in chosen if not country or f", {country}" in f.summary for i in f.evidence}


@pytest.mark.parametrize("name", EXPECTED)
def test_planted_acts_are_found_with_exactly_their_records(result: Triage, name: str) -> None:
    kind, acts = EXPECTED[name]
    assert shown(result, name) == {i for act in acts for i in ACTS[act][kind]}


def test_burst_shows_the_mails_and_not_what_was_deleted_after_it(result: Triage) -> None:
    assert shown(result, "SD-01") == set(ACTS["SEND"]["audit_records"][:-1])


def test_bypass_shows_the_cmdlet(result: Triage) -> None:
    assert shown(result, "CL-04") == {ACTS["BYPASS"]["audit_records"][1]}


def test_session_names_what_else_was_done_in_it(result: Triage) -> None:
    finding = next(f for f in result.findings if f.id == "TK-01" and f.severity == "high")
    planted = {i for act in KEY["acts"] for i in act["audit_records"]}
    assert set(finding.further["audit"]) <= planted
    assert set(ACTS["SEND"]["audit_records"]) <= set(finding.further["audit"])


def test_nothing_above_low_on_the_innocent(result: Triage) -> None:
    assert {f.user for f in result.findings if f.severity != "low"} == {VICTIM}


def test_cut_is_a_day_before_the_intruder_came(result: Triage) -> None:
    assert result.cut is not None
    assert result.cut.isoformat() == "2026-09-15T07:41:05+00:00"


def test_what_the_intruder_did_says_so(result: Triage) -> None:
    forward = next(f for f in result.findings if f.id == "FW-01")
    assert any("intruder" in note for note in forward.notes)


def test_networks_without_classes_are_said_to_be_unchecked(result: Triage) -> None:
    assert any(n.id == "SI-04" and "networks.csv" in n.reason for n in result.not_run)
    travel = next(f for f in result.findings if f.id == "SI-02")
    assert any("not checked" in note for note in travel.notes)


def test_thresholds_are_printed_with_the_result(result: Triage) -> None:
    assert result.to_dict()["thresholds"]["recipients_an_hour"] == 50


def test_own_list_of_networks_names_hosting(loaded: Case) -> None:
    own = loaded.folder / "networks.csv"
    own.write_text("asn,class\n9009,hosting|vpn\n14061,hosting\n", encoding="utf-8")
    try:
        found = triage(loaded, [VICTIM])
    finally:
        own.unlink()
    hosted = {f.summary.partition(" (")[0]: f for f in found.findings if f.id == "SI-04"}
    assert "Signed in from a hosting network, DigitalOcean, LLC" in hosted
    assert {SEVERITIES.index(f.severity) for f in hosted.values()} == {1}
    assert not any(n.id == "SI-04" for n in found.not_run)


def test_the_same_is_seen_in_the_audit_log_alone(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    case.load(SAMPLES / "purview-audit-search.csv")
    found = triage(case)
    case.close()
    new = next(f for f in found.findings if f.id == "SI-02" and f.user == VICTIM)
    assert new.table == "audit"
    assert any("Entra's own sign-ins" in note for note in new.notes)
    assert any(f.id == "TK-01" and f.severity == "high" for f in found.findings)
    assert {f.user for f in found.findings if f.severity != "low"} == {VICTIM}


def test_nothing_is_looked_for_twice_until_evidence_or_settings_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    module = sys.modules["toolkit.detect.triage"]
    look = module.look
    monkeypatch.setattr(module, "look", lambda *of: looks.append(1) or look(*of))
    case = open_case(tmp_path / "case")
    case.load(SAMPLES / "purview-audit-search.csv")
    first = triage(case)
    assert triage(open_case(tmp_path / "case")).to_dict() == first.to_dict()
    assert triage(case, ["nobody@contoso.com"]).findings == []
    assert len(looks) == 1

    open_case(tmp_path / "case").load(sorted(SAMPLES.glob("signins-beta-*.json")))
    both = triage(case)
    assert {f.table for f in first.findings} == {"audit"}
    assert "signins" in {f.table for f in both.findings}
    (case.folder / "detections.toml").write_text("[allow]\ndomains = ['example.com']\n", "utf-8")
    triage(case)
    (case.folder / "owner-facts.toml").write_text(f"[users.'{VICTIM}']\ncountries = ['NL', 'RO']\n", "utf-8")
    travelled = triage(case)
    assert [f.severity for f in travelled.findings if f.id == "SI-02" and f.user == VICTIM] != [
        f.severity for f in both.findings if f.id == "SI-02" and f.user == VICTIM
    ]
    assert len(looks) == 4
    (case.folder / "networks.csv").write_text("asn,class\nAS9009,hosting\n", "utf-8")
    assert "SI-04" in {f.id for f in triage(case).findings}
    assert len(looks) == 5
