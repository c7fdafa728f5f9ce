"""The sample scenario: what was planted is found with its rows, and nobody innocent is blamed."""

from __future__ import annotations

import pytest

from tests.detect.scenario import KEY, VICTIM, act
from toolkit.case import Case
from toolkit.detect import Triage, triage


@pytest.fixture
def result(contoso_found: Triage) -> Triage:
    return contoso_found


@pytest.mark.parametrize(
    ("planted", "finding", "severity"),
    [
        ("RULE-HIDDEN", "IR-01", "critical"),
        ("RULE-DELETES", "IR-02", "high"),
        ("RULE-HIDES", "IR-03", "high"),
        ("FORWARD", "FW-01", "critical"),
    ],
)
def test_each_planted_change_is_found_with_exactly_its_records(
    result: Triage, planted: str, finding: str, severity: str
) -> None:
    (only,) = [f for f in result.findings if f.id == finding]
    assert (only.severity, only.user, only.evidence) == (severity, VICTIM, act(planted)["audit_records"])
    assert only.first is not None
    assert only.first.strftime("%Y-%m-%dT%H:%M:%SZ") == act(planted)["time"]
    for detail in ("name", "forwards_to", "folder", "address"):
        if detail in act(planted)["details"]:
            assert act(planted)["details"][detail] in only.summary


def test_the_new_countries_are_found_with_exactly_the_intruders_sign_ins(contoso: Case, result: Triage) -> None:
    planted = {i for a in KEY["acts"] for i in a["sign_ins"]}
    country = contoso.sql("SELECT row_id, country FROM signins").set_index("row_id").country
    findings = [f for f in result.findings if f.id == "SI-02" and f.user == VICTIM]
    for finding in findings:
        assert set(finding.evidence) == {i for i in planted if country[i] == country[finding.evidence[0]]}
    assert {i for f in findings for i in f.evidence} == planted
    assert {country[f.evidence[0]] for f in findings} == {a["country"] for a in KEY["attacker"]["addresses"]}


def test_nobody_innocent_is_above_low(result: Triage) -> None:
    assert {f.severity for f in result.findings if f.user != VICTIM} <= {"low"}
    kept = {i for innocent in KEY["innocents"] for i in innocent.get("audit_records", [])}
    assert kept
    assert not kept & {i for f in result.findings for i in f.evidence if f.id in ("IR-01", "IR-02", "IR-03")}


def test_findings_are_worst_first_and_each_says_what_would_be_innocent(result: Triage) -> None:
    order = ["critical", "high", "medium", "low"]
    ranks = [order.index(f.severity) for f in result.findings]
    assert ranks == sorted(ranks)
    assert not {"IR-01", "IR-02", "IR-03", "FW-01", "SI-02"} & {n.id for n in result.not_run}
    assert all(f.innocent and f.evidence for f in result.findings)


def test_every_row_of_evidence_is_in_its_table_and_its_record_can_be_read(contoso: Case, result: Triage) -> None:
    for finding in result.findings:
        texts = contoso.raw(finding.evidence, finding.table)
        assert set(texts) == set(finding.evidence)
        assert all(i in texts[i] for i in finding.evidence)


def test_findings_for_chosen_people_are_those_people_s(contoso: Case, result: Triage) -> None:
    again = [f.to_dict() for f in triage(contoso, [VICTIM.upper()]).findings if f.user == VICTIM]
    assert again == [f.to_dict() for f in result.findings if f.user == VICTIM]
