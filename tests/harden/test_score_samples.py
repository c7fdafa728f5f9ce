"""Secure Score of published files: what they tell is told, and what they do not tell is not made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.formats.conftest import case
from tests.harden.scores import entry, profile, score, written
from toolkit import harden
from toolkit.case import Case
from toolkit.harden.control import NOT_TOLD, ON
from toolkit.harden.score import NOT_SAID_OF_WHOM

__all__ = ["case"]
LISTS = ("v1_0_security-list-securescores_0.json", "v1_0_security-list-securescorecontrolprofiles_0.repaired.json")
GETS = ("v1_0_securescore-get_0.json", "v1_0_securescorecontrolprofile-get_0.repaired.json")


@pytest.mark.parametrize("names", [LISTS, GETS, LISTS + GETS])
def test_the_documentation_s_example_is_told_as_it_stands(case: Case, shared: Path, names: tuple[str, ...]) -> None:
    case.load([shared / "samples" / "graph-docs" / name for name in names])
    report = harden.secure_score(case)
    assert (report.current, report.maximum, report.licensed_users) == (387.0, 697.0, 100)
    assert report.services == ["HasExchange", "HasSharePoint", "HasInTune"]
    assert [c.average for c in report.comparisons] == [37.0, 46.0, 109.0]
    assert any("are points" in note for note in report.notes)
    scored, whole = report.controls
    assert (scored.id, scored.points, scored.maximum, scored.state, scored.profiled) == (
        "AdminMFA", 35.0, None, NOT_TOLD, False,
    )  # fmt: skip
    assert scored.title.startswith("Requiring multi-factor authentication (MFA) for all Azure Active")
    assert (whole.id, whole.points, whole.maximum, whole.state) == ("DLPEnabled", 20.0, 20.0, ON)
    assert (whole.rank, whole.tier, whole.threats) == (55, "Advanced", ("Data Exfiltration", "Data Spillage"))
    assert whole.said is None
    assert whole.further["complianceInformation"][0]["certificationName"] == "ISO 27001:2013"
    assert report.further["vendorInformation"]["provider"] == "SecureScore"


def test_the_beta_example_s_texts_become_no_numbers_and_stay(case: Case, shared: Path) -> None:
    folder = shared / "samples" / "graph-docs"
    case.load(folder / "beta_securescores-list_0.json", folder / "beta_securescorecontrolprofiles-list_0.json")
    report = harden.secure_score(case)
    assert (report.day, report.current, report.maximum, report.deprecated) == (None, 1.0, 1.0, 1)
    assert [(c.group, c.average) for c in report.comparisons] == [
        ("All tenants", None), ("Tenants of this size", None), ("Tenants of this industry", None),
    ]  # fmt: skip
    assert report.comparisons[2].further["categoryValue"] == "categoryValue.value"
    [control] = report.controls
    assert (control.id, control.points, control.state) == ("controlName.value", None, NOT_TOLD)
    assert control.further == {"total": "total.value", "count": "count.value"}
    assert any("carry no day" in note for note in report.notes)


def test_the_assessment_s_files_tell_the_total_and_each_control_s_sentence_but_no_points(
    case: Case, shared: Path
) -> None:
    folder = shared / "samples" / "m365-assess"
    case.load(folder / "16-Secure-Score.csv", folder / "17-Improvement-Actions.csv")
    report = harden.secure_score(case)
    assert (report.current, report.maximum, f"{report.day:%Y-%m-%d}") == (75.0, 123.0, "2026-03-14")
    assert report.source == "the file 16-Secure-Score.csv"
    assert report.comparisons == []
    assert any("is 0. No group has that" in note for note in report.notes)
    assert any("Points for each control are not told by the file 17-Improvement-Actions.csv" in n for n in report.notes)
    assert any(text.startswith("Which controls are on: not checked") for text in report.not_checked)
    assert len(report.controls) == 27
    assert {c.points for c in report.controls} | {c.maximum for c in report.controls} == {None}
    assert {c.state for c in report.controls} == {NOT_TOLD}
    assert {c.category for c in report.controls} == {"Category not told"}
    mfa = report.control("MFARegistrationV2")
    assert mfa is not None
    assert mfa.status == "You have 0 out of 4 users that aren’t registered with MFA."
    assert (mfa.further["ScoreImpact"], mfa.further["CurrentScore"], mfa.further["MaxScore"]) == ("100", "9", "0")


def test_an_average_of_a_csv_is_not_given_to_a_group(case: Case, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "CurrentScore,MaxScore,Date,AverageComparativeScore\n10,20,2026-03-04,44\n", "utf-8"
    )
    case.load(tmp_path / "s.csv")
    assert [(c.group, c.average) for c in harden.secure_score(case).comparisons] == [(NOT_SAID_OF_WHOM, 44.0)]


def test_graph_and_the_assessment_together_say_what_each_knows(case: Case, shared: Path, tmp_path: Path) -> None:
    case.load(shared / "samples" / "m365-assess" / "17-Improvement-Actions.csv")
    case.load(written(tmp_path, scores=[score(controlScores=[entry("mfaregistrationv2", 4)])],
                      profiles=[profile("MFARegistrationV2", 9)]))  # fmt: skip
    report = harden.secure_score(case)
    mfa = report.control("MFARegistrationV2")
    assert mfa is not None
    assert (mfa.points, mfa.maximum, mfa.title, len(report.controls)) == (4.0, 9.0, "Title of MFARegistrationV2", 27)
    assert mfa.further["ImplementationStatus"].startswith("You have 0 out of 4 users")


def test_the_portal_s_list_which_has_no_ids_is_joined_by_title(case: Case, tmp_path: Path) -> None:
    title = "Do not allow third party integrated applications"
    (tmp_path / "portal.csv").write_text(
        "Rank,Recommended action,Score impact,Points achieved,Status,Category,Product\n"
        f'1,"{title}",+3.1%,0/4,To address,Identity,Microsoft Entra ID\n'
        "2,Something new,+1%,0/1,To address,Apps,Teams\n",
        "utf-8",
    )
    case.load(tmp_path / "portal.csv")
    alone = harden.ranked_controls(harden.secure_score(case), [])
    assert [(r.control.title, r.weight, r.control.status) for r in alone] == [
        (title, 9, "To address"), ("Something new", None, "To address"),
    ]  # fmt: skip
    case.load(written(tmp_path, scores=[score(controlScores=[entry("IntegratedApps", 0)])],
                      profiles=[profile("IntegratedApps", 4, title=title)]))  # fmt: skip
    report = harden.secure_score(case)
    assert [c.id for c in report.controls] == ["IntegratedApps", "Something new"]


def test_every_field_of_every_published_control_is_told_somewhere(case: Case, shared: Path) -> None:
    folder = shared / "contracts" / "examples"
    pages = [json.loads((folder / f"securescorecontrolprofiles-{n}.json").read_text("utf-8")) for n in ("list", "get")]
    bodies = [e["response"].get("body") for page in pages for e in page["examples"] if e.get("response")]
    rows = [row for body in bodies if body for row in body.get("value", [body])]
    assert rows
    made = case.folder / "x.json"
    made.write_text(json.dumps({"value": rows}), "utf-8")
    case.load(made)
    report = harden.secure_score(case)
    for row in rows:
        control = report.control(row["id"])
        assert control is not None
        assert (control.title, control.maximum) == (row["title"].strip(), float(row["maxScore"]))
        assert control.further["vendorInformation"] == row["vendorInformation"]
