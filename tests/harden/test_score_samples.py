"""Secure Score of published files: what they tell is told, and what they do not tell is not made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.formats.conftest import case
from tests.harden.scores import entry, profile, score, written
from toolkit import harden
from toolkit.case import Case
from toolkit.detect import Finding
from toolkit.harden.control import NOT_TOLD, OFF, ON, PARTLY
from toolkit.harden.score import NOT_SAID_OF_WHOM
from toolkit.views.hardening_score import score_html

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


HEAD = "Rank,Recommended action,Score impact,Points achieved,Status,Regressed,Have license?,Category,Product,Notes\n"
APPS = "Do not allow third party integrated applications"
MFA = "Ensure multifactor authentication is enabled for all users"


def portal(folder: Path, *rows: str, name: str = "portal.csv") -> Path:
    (folder / name).write_text(HEAD + "".join(f"{row}\n" for row in rows), "utf-8")
    return folder / name


def test_the_portal_s_list_alone_tells_points_states_categories_licences_and_what_was_said(
    case: Case, tmp_path: Path
) -> None:
    case.load(portal(
        tmp_path,
        f'1,{MFA},+3.2%,"4,5/9",To address,No,Yes,Identity,Microsoft Entra ID,',
        f"2,{APPS},+1.4%,0/4,Risk accepted,No,Yes,Identity,Microsoft Entra ID,Decided by the board in May",
        "3,Create Safe Links policies for email messages,+3.2%,9/9,Completed,No,No,Apps,Defender for Office,",
        "4,Turn on Safe Attachments in block mode,+2%,40 %,Planned,Yes,No,Apps,Defender for Office,in spring",
        "5,Something new,+1%,1/1,Completed,No,,Apps,Microsoft Teams,",
    ))  # fmt: skip
    report = harden.secure_score(case)
    found = {c.title: c for c in report.controls}
    assert {(c.rank, c.state, c.points, c.maximum, c.percent, c.licensed) for c in report.controls} == {
        (1, PARTLY, 4.5, 9.0, None, True), (2, OFF, 0.0, 4.0, None, True), (3, ON, 9.0, 9.0, None, False),
        (4, PARTLY, None, None, 40.0, False), (5, ON, 1.0, 1.0, None, None),
    }  # fmt: skip
    accepted, planned = found[APPS].said, found["Turn on Safe Attachments in block mode"].said
    assert accepted is not None
    assert (accepted.state, accepted.note) == ("Ignored", "Decided by the board in May")
    assert planned is not None
    assert (planned.state, planned.note) == ("Planned", "in spring")
    assert found["Something new"].said is None
    assert found[MFA].further == {"Score impact": "+3.2%", "Regressed": "No"}
    assert [(c.name, c.reached, c.open, c.controls, c.untold) for c in report.categories] == [
        ("Identity", 4.5, 8.5, 2, 0), ("Apps", 10.0, 0.0, 3, 1),
    ]  # fmt: skip
    ranked = harden.ranked_controls(report, [])
    assert [(r.control.title, r.control.open) for r in ranked if r.value][:2] == [(APPS, 4.0), (MFA, 4.5)]
    assert ranked[2].licensed == "not included, as the portal's list says"
    assert {r.control.rank for r in ranked[-2:]} == {3, 5}  # what is done comes last
    text = score_html(report, ranked)
    assert "The organisation says: risk accepted: “Decided by the board in May”." in text
    assert "4.5 of 9" in text
    assert report.current is None  # the total is never made of the actions
    frame = harden.ranked_frame(ranked).set_index("title")
    assert (frame.loc[APPS, "said"], frame.loc[APPS, "said_note"]) == ("Ignored", "Decided by the board in May")
    assert json.loads(str(frame.loc[MFA, "also_told"])) == {"Score impact": "+3.2%", "Regressed": "No"}


def test_the_what_if_of_the_portal_s_list_has_states(case: Case, tmp_path: Path) -> None:
    case.load(portal(tmp_path, f"2,{APPS},+1.4%,0/4,To address,No,Yes,Identity,Microsoft Entra ID,"))
    finding = Finding("OA-01", "Consent", "high", "", "a@b.c", None, None, 1, "", ["r"], "audit", "")
    result = harden.what_if(harden.secure_score(case), [finding])
    [step] = result.steps
    assert {o.control_id: o.state for o in step.obstacles} == {
        "IntegratedApps": OFF, "aad_admin_consent_workflow": NOT_TOLD, "aad_third_party_apps": NOT_TOLD,
    }  # fmt: skip
    assert any("portal's list" in note and "day of its export" in note for note in result.notes)


def test_points_that_a_spreadsheet_made_a_date_are_no_points_and_are_said(case: Case, tmp_path: Path) -> None:
    case.load(portal(
        tmp_path,
        "1,A,+1%,09-Apr,To address,No,Yes,Identity,X,", "2,B,+1%,,Completed,No,Yes,Identity,X,",
        "3,C,+1%,0/1,Completed,No,Yes,Identity,X,", "4,D,+1%,5,To address,No,Yes,Identity,X,",
    ))  # fmt: skip
    report = harden.secure_score(case)
    assert {c.title: (c.state, c.points) for c in report.controls} == {
        "A": (NOT_TOLD, None), "B": (ON, None), "C": (NOT_TOLD, 0.0), "D": (NOT_TOLD, 5.0),
    }  # fmt: skip
    assert any("(“09-Apr”)" in note for note in report.notes)
    assert any("Of 1 of the actions the portal's list gives a status that its points contradict" in n
               for n in report.notes)  # fmt: skip


def test_a_later_list_of_the_portal_counts_as_a_whole(case: Case, tmp_path: Path) -> None:
    case.load(portal(tmp_path, "1,A,+1%,0/4,Risk accepted,No,Yes,Identity,X,Old note"))
    case.load(portal(tmp_path, "1,A,+1%,4/4,Completed,No,Yes,Identity,X,", name="later.csv"))
    report = harden.secure_score(case)
    [control] = report.controls
    assert (control.state, control.said) == (ON, None)
    assert any("the list loaded last is shown" in note for note in report.notes)


def test_the_portal_s_list_is_joined_by_title_with_graph_whose_points_count(case: Case, tmp_path: Path) -> None:
    case.load(portal(tmp_path, f"1,{APPS},+3.1%,1/4,To address,No,Yes,Identity,Microsoft Entra ID,see ticket",
                     "2,Something new,+1%,0/1,To address,No,Yes,Apps,Teams,"))  # fmt: skip
    case.load(written(tmp_path, profiles=[profile("IntegratedApps", 4, title=APPS)]))
    listed = harden.secure_score(case).control("IntegratedApps")
    assert listed is not None
    assert (listed.points, listed.state, listed.remediation) == (1.0, PARTLY, "<p>Do it.</p>")
    case.load(written(tmp_path, scores=[score(controlScores=[entry("IntegratedApps", 0)])]))
    report = harden.secure_score(case)
    assert [c.id for c in report.controls] == ["IntegratedApps", "Something new"]
    scored = report.control("IntegratedApps")
    assert scored is not None
    assert (scored.points, scored.state, scored.further["Points achieved"]) == (0.0, OFF, "1/4")
    assert scored.further["Notes"] == "see ticket"


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
