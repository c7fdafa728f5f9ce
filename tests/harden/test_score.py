"""Secure Score as the service says it: total, trend, comparison, controls; nothing invented, nothing dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import Room
from tests.detect.scenario import contoso
from tests.formats.conftest import case
from tests.harden.scores import TENANT, entry, profile, score, written
from toolkit import harden
from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import Target
from toolkit.harden.control import NOT_ASSESSED, NOT_TOLD, OFF, ON, PARTLY
from toolkit.tenant import CLOUDS

__all__ = ["case", "contoso"]


def loaded(case: Case, folder: Path, **rows: Any) -> harden.ScoreReport:
    case.load(written(folder, **rows))
    return harden.secure_score(case)


def test_the_scenario_s_files_tell_total_trend_comparison_and_controls(contoso: Case) -> None:
    report = harden.secure_score(contoso)
    assert (report.current, report.maximum, report.percent) == (81.9, 131.0, pytest.approx(62.52, abs=0.01))
    assert (report.source, f"{report.day:%Y-%m-%d}") == ("the file secure-scores.json", "2026-09-17")
    assert [d.time for d in report.trend] == sorted(d.time for d in report.trend)
    assert (len(report.trend), report.trend[0].current, report.trend[-1].current) == (40, 80.1, 81.9)
    assert [(c.group, c.average) for c in report.comparisons] == [
        ("All tenants", 46.9),
        ("Tenants of this size", 41.2),
        ("Tenants of this industry", 48.3),
    ]
    assert report.comparisons[1].further == {"SeatSizeRangeLowerValue": "1"}
    assert [(c.name, round(c.reached, 2), round(c.open, 2), c.controls) for c in report.categories] == [
        ("Identity", 36.2, 33.8, 16),
        ("Apps", 42.7, 15.3, 12),
        ("Data", 3.0, 0.0, 1),
    ]
    assert (len(report.controls), report.deprecated, report.not_checked) == (29, 1, [])
    states = {name: c.state for name in ("mdo_zapphish", "MFARegistrationV2", "IntegratedApps")
              if (c := report.control(name.upper()))}  # fmt: skip
    assert states == {"mdo_zapphish": ON, "MFARegistrationV2": PARTLY, "IntegratedApps": OFF}
    said = report.control("exo_outlookaddins")
    assert said is not None
    assert said.said is not None
    assert (said.said.state, said.said.note) == ("Reviewed", "Add-ins are reviewed by IT.")


def test_the_tenant_tells_the_same_as_its_files(room: Room, contoso: Case) -> None:
    state = harden.read_state(room.case, room.tenant)
    live, filed = harden.secure_score(room.case, state), harden.secure_score(contoso)
    assert live.source.startswith("the tenant itself, read on 20")
    assert (live.current, live.maximum, live.day, live.comparisons) == (
        filed.current, filed.maximum, filed.day, filed.comparisons,
    )  # fmt: skip
    assert [(d.time, d.current, d.maximum) for d in live.trend] == [(d.time, d.current, d.maximum) for d in filed.trend]
    strip = [(c.id, c.state, c.points, c.maximum, c.said, c.further, c.remediation) for c in live.controls]
    assert strip == [(c.id, c.state, c.points, c.maximum, c.said, c.further, c.remediation) for c in filed.controls]
    assert (live.deprecated, live.categories, live.not_checked, live.notes) == (1, filed.categories, [], [])


def test_what_may_not_be_read_is_said_and_is_not_a_zero(room: Room) -> None:
    room.service.withhold("SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All")
    room.tenant = room.connect()
    report = harden.secure_score(room.case, harden.read_state(room.case, room.tenant))
    assert (report.current, report.controls) == (None, [])
    [scores, controls] = report.not_checked
    assert scores.startswith("Secure Score of the tenant: not checked: ")
    assert controls.startswith("The controls of Secure Score of the tenant: not checked: ")
    assert "403" in scores


def test_files_and_the_tenant_make_one_trend_and_the_tenant_counts(room: Room, tmp_path: Path) -> None:
    state = harden.read_state(room.case, room.tenant)
    ours = state.rows("scores")[0]
    old = score("2026-01-01", azureTenantId=state.target.tenant_id)
    stale = dict(ours) | {"currentScore": 1.0}
    room.case.load(written(tmp_path, scores=[old, stale]))
    report = harden.secure_score(room.case, state)
    assert (len(report.trend), f"{report.trend[0].time:%Y-%m-%d}") == (41, "2026-01-01")
    assert report.current == ours["currentScore"]
    assert any("On 1 of the days" in note for note in report.notes)


def test_an_empty_case_is_told_how_to_get_a_score(case: Case) -> None:
    report = harden.secure_score(case)
    assert (report.current, report.trend, report.controls) == (None, [], [])
    assert all("not checked" in text and "/v1.0/security/secureScore" in text for text in report.not_checked)
    assert len(report.not_checked) == 2


def test_a_cloud_without_secure_score_says_so(case: Case) -> None:
    [only] = harden.secure_score(case, cloud=CLOUDS["china"]).not_checked
    assert only == "The cloud of 21Vianet (China) has no Secure Score, so there is none to read from this tenant."
    assert len(harden.secure_score(case, cloud=CLOUDS["gcc-high"]).not_checked) == 2


def test_the_total_is_the_service_s_and_never_a_sum(case: Case, tmp_path: Path) -> None:
    told = score(currentScore="7.5", maxScore="700", controlScores=[entry("a", 5), entry("b", 6)])
    report = loaded(case, tmp_path, scores=[told], profiles=[profile("a"), profile("b")])
    assert (report.current, report.maximum) == (7.5, 700.0)
    assert [(c.reached, c.open) for c in report.categories] == [(11.0, 9.0)]


def test_numbers_as_text_and_fields_nobody_documents_survive(case: Case, tmp_path: Path) -> None:
    controls = [
        entry("a", "5", count="5", total="8", on="true", lastSynced="2026-03-04T00:00:00Z"),
        entry("b", "none of it", on="true"),
        entry("c", 3, scoreInPercentage="100"),
        entry("d", 2, scoreInPercentage=0, newField={"deep": [1]}),
    ]
    averages = [
        {"basis": "AllTenants", "averageScore": "37.25", "appsScore": "12"},
        {"basis": "Galaxies", "averageScore": "many"},
    ]
    report = loaded(
        case, tmp_path,
        scores=[score(controlScores=controls, averageComparativeScores=averages, brandNew={"x": 1})],
        profiles=[profile("a", "10", complianceInformation=[{"certificationName": "ISO"}], brandNew="y")],
    )  # fmt: skip
    found = {c.id: c for c in report.controls}
    assert (found["a"].points, found["a"].maximum, found["a"].state) == (5.0, 10.0, PARTLY)
    assert found["a"].further == {
        "count": "5", "total": "8", "lastSynced": "2026-03-04T00:00:00Z",
        "complianceInformation": [{"certificationName": "ISO"}], "brandNew": "y",
    }  # fmt: skip
    assert (found["b"].points, found["b"].state) == (None, ON)
    assert (found["c"].maximum, found["c"].state, found["d"].state) == (None, ON, OFF)
    assert found["d"].further == {"newField": {"deep": [1]}}
    assert report.further["brandNew"] == {"x": 1}
    assert [(c.group, c.average) for c in report.comparisons] == [("All tenants", 37.25), ("Galaxies", None)]
    assert report.comparisons[0].further == {"appsScore": "12"}


def test_a_control_is_listed_without_its_profile_and_a_profile_without_a_score(case: Case, tmp_path: Path) -> None:
    report = loaded(
        case, tmp_path, scores=[score(controlScores=[entry("OnlyScored", 3)])], profiles=[profile("OnlyProfile")]
    )
    scored, profiled = report.controls
    assert (scored.id, scored.points, scored.maximum, scored.state) == ("OnlyScored", 3.0, None, NOT_TOLD)
    assert (profiled.id, profiled.points, profiled.state) == ("OnlyProfile", None, NOT_ASSESSED)
    assert [(c.controls, c.untold, c.open) for c in report.categories] == [(1, 1, 0)]


def test_profiles_alone_say_nothing_about_what_is_on(case: Case, tmp_path: Path) -> None:
    report = loaded(case, tmp_path, profiles=[profile("a")])
    assert [c.state for c in report.controls] == [NOT_TOLD]
    assert report.not_checked[0].startswith("Secure Score: not checked")


def test_what_is_deprecated_is_left_out_and_counted(case: Case, tmp_path: Path) -> None:
    told = score(controlScores=[entry("a", 1), entry("Old", 9)])
    report = loaded(case, tmp_path, scores=[told], profiles=[profile("a"), profile("Old", deprecated="true")])
    assert ([c.id for c in report.controls], report.deprecated) == (["a"], 1)


def test_ids_are_compared_without_case(case: Case, tmp_path: Path) -> None:
    report = loaded(case, tmp_path, scores=[score(controlScores=[entry("ADMINMFAV2", 10)])],
                    profiles=[profile("AdminMFAV2")])  # fmt: skip
    assert [(c.id, c.state) for c in report.controls] == [("AdminMFAV2", ON)]


def test_points_that_do_not_fit_their_maximum_open_nothing(case: Case, tmp_path: Path) -> None:
    report = loaded(case, tmp_path, scores=[score(controlScores=[entry("a", 35), entry("z", 0)])],
                    profiles=[profile("a", 20), profile("z", 0)])  # fmt: skip
    found = {c.id: c for c in report.controls}
    assert (found["a"].open, found["a"].state, found["z"].state) == (None, ON, NOT_TOLD)


def test_other_tenants_are_not_mixed_in(case: Case, tmp_path: Path) -> None:
    other = score("2026-03-03", azureTenantId="11111111-0008-406d-bff9-0d5bb312183c", id="x", currentScore=99)
    report = loaded(case, tmp_path, scores=[score(), other])
    assert [d.current for d in report.trend] == [41.5]
    assert any("other tenants (11111111" in note for note in report.notes)


def test_a_newer_day_without_controls_takes_them_from_the_day_that_has_them(case: Case, tmp_path: Path) -> None:
    report = loaded(case, tmp_path, scores=[score("2026-03-04", controlScores=[entry("a", 1)]), score("2026-03-06")])
    assert f"{report.day:%d} {report.controls_day:%d}" == "06 04"
    assert any("those of 2026-03-04" in note for note in report.notes)


def test_two_exports_of_one_profile_show_the_newer(case: Case, tmp_path: Path) -> None:
    said = {"state": "Ignored", "comment": "Accepted.", "updatedBy": "a@b.c", "updatedDateTime": "2026-03-01T00:00:00Z"}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    case.load(written(tmp_path / "one", profiles=[profile("a", controlStateUpdates=[said])]))
    case.load(written(tmp_path / "two", profiles=[profile("a")]))
    [control] = harden.secure_score(case).controls
    assert control.said is not None
    assert (control.said.state, control.said.by) == ("Ignored", "a@b.c")


def test_a_snapshot_that_holds_rubbish_is_survived(case: Case) -> None:
    state = Snapshot(Target(TENANT, TENANT, "contoso.com"), "2026-03-04T10:00:00Z", found={
        "scores": [{}, {"createdDateTime": "soon", "controlScores": "no list", "currentScore": [1]},
                   {"controlScores": [None, 7, {"controlName": None, "score": "NaN"}], "averageComparativeScores": {}}],
        "controls": [{}, {"id": ["x"], "controlStateUpdates": {"a": 1}, "threats": "one", "maxScore": "1e999"}],
    })  # fmt: skip
    report = harden.secure_score(case, state)
    assert report.current is None
    assert any("3 of the scores carry no day" in note for note in report.notes)
    assert all(c.points is None and c.maximum is None for c in report.controls)
