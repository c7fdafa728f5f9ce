"""SI-02: a country that the user was never seen in, measured against their own history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.detect.alone import alone
from tests.formats.exports import document, named, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import Finding, triage

DAY = datetime(2026, 3, 1, 8, tzinfo=UTC)


def at(record_id: str, day: float, country: str = "DE", user: str = "adele@contoso.com", **more: Any) -> Any:
    when = (DAY + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = {"location": {"countryOrRegion": country, "city": "Town"}} if country else {"location": None}
    return sign_in(
        record_id, createdDateTime=when, userPrincipalName=user, **{"ipAddress": "192.0.2.1", **place, **more}
    )


def history(days: int = 12, user: str = "adele@contoso.com", **more: Any) -> list[Any]:
    return [at(f"h-{user}-{n}", n, user=user, **more) for n in range(days)]


def found(case: Case, folder: Path, *records: Any) -> list[Finding]:
    case.load(written(folder / "s.json", list(records)))
    return alone(case, "SI-02")


def test_a_country_never_seen_before_is_medium(case: Case, tmp_path: Path) -> None:
    (finding,) = found(case, tmp_path, *history(), at("new", 12, "BR"))
    assert (finding.severity, finding.user, finding.evidence) == ("medium", "adele@contoso.com", ["new"])
    assert "BR" in finding.summary
    assert "12 sign-ins on 12 days" in finding.summary


def test_one_whose_second_factor_came_with_the_token_is_high(case: Case, tmp_path: Path) -> None:
    details = [{"authenticationStepResultDetail": "MFA requirement satisfied by claim in the token"}]
    (finding,) = found(case, tmp_path, *history(), at("new", 12, "BR", authenticationDetails=details))
    assert finding.severity == "high"


def test_all_its_sign_ins_of_the_first_week_are_one_finding(case: Case, tmp_path: Path) -> None:
    new = [at(f"n{n}", 12 + n / 4, "BR") for n in range(4)]
    (finding,) = found(case, tmp_path, *history(), *new, at("later", 30, "BR"))
    assert finding.evidence == ["n0", "n1", "n2", "n3"]


def test_two_new_countries_are_two_findings(case: Case, tmp_path: Path) -> None:
    findings = found(case, tmp_path, *history(), at("a", 12, "BR"), at("b", 12.1, "NG"))
    assert sorted(f.evidence for f in findings) == [["a"], ["b"]]


def test_what_is_near_it_is_no_finding(case: Case, tmp_path: Path) -> None:
    failed = at("f", 12, "BR", status={"errorCode": 50126})
    known = at("k", 12, "DE")
    nowhere = at("n", 12, "", ipAddress="10.0.0.1")
    service = at("m", 12, "IE", ipAddress="20.190.160.1")  # Microsoft's own network acted for the user
    only_once = at("o", 12, "FR", user="new@contoso.com")
    assert found(case, tmp_path, *history(), failed, known, nowhere, service, only_once) == []


def test_travel_with_the_device_from_home_is_low(case: Case, tmp_path: Path) -> None:
    laptop = {"deviceDetail": {"deviceId": "laptop"}}
    (finding,) = found(case, tmp_path, *history(**laptop), at("new", 12, "ES", **laptop))
    assert finding.severity == "low"
    assert "likely travel" in finding.summary


def test_no_device_id_is_not_the_same_device(case: Case, tmp_path: Path) -> None:
    unknown = {"deviceDetail": {"deviceId": ""}}
    (finding,) = found(case, tmp_path, *history(**unknown), at("new", 12, "ES", **unknown))
    assert finding.severity == "medium"


def test_a_thin_history_lowers_by_one_step_and_says_so(case: Case, tmp_path: Path) -> None:
    (finding,) = found(case, tmp_path, *history(3), at("new", 12, "BR"))
    assert finding.severity == "low"
    assert "history is thin: 3 sign-ins on 3 days" in finding.summary


def test_the_country_may_come_from_the_address_alone(case: Case, tmp_path: Path) -> None:
    home = {"ipAddress": "84.128.0.1", "location": None}
    (finding,) = found(case, tmp_path, *history(**home), at("new", 12, "", ipAddress="8.8.8.8"))
    assert "US" in finding.summary


def test_one_person_in_two_spellings_has_one_history(case: Case, tmp_path: Path) -> None:
    (finding,) = found(case, tmp_path, *history(user="Adele@CONTOSO.com"), at("new", 12, "BR"))
    assert finding.user == "adele@contoso.com"


def test_sign_ins_that_contradict_each_other_count_once(case: Case, tmp_path: Path) -> None:
    records = [*history(), at("new", 12, "BR"), at("new", 12, "BR", userAgent="x"), at("new", 12, "BR", userAgent="y")]
    (finding,) = found(case, tmp_path, *records)
    assert case.count("signins") == 14
    assert (finding.count, finding.evidence) == (1, ["new"])


def test_what_an_intruder_did_after_the_cut_is_no_history(case: Case, tmp_path: Path) -> None:
    rule = document("r", "New-InboxRule", CreationTime="2026-03-14T09:00:00", Parameters=named(DeleteMessage="True"))
    case.load(purview(tmp_path / "a.csv", rule))
    intruder = [at(f"i{n}", 12.5 + n / 10, "BR") for n in range(20)]
    case.load(written(tmp_path / "s.json", [*history(), *intruder]))
    result = triage(case)
    assert result.cut == datetime(2026, 3, 13, 9, tzinfo=UTC)
    assert [f.count for f in result.findings if f.id == "SI-02"] == [20]
    (finding,) = alone(case, "SI-02", cut=datetime(2026, 3, 5, tzinfo=UTC))
    assert "4 sign-ins on 4 days" in finding.summary


def test_without_any_history_it_is_not_run_and_says_so(case: Case, tmp_path: Path) -> None:
    case.load(written(tmp_path / "s.json", [at("a", 0, "DE"), at("b", 1, "BR")]))
    result = triage(case, inside_since=datetime(2026, 2, 1, tzinfo=UTC))
    assert "SI-02" not in {f.id for f in result.findings}
    assert "no baseline" in next(n.reason for n in result.not_run if n.id == "SI-02")
