"""The scenario "traveller": files like those of the other one, and a story in which nobody broke in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import open_case, practice
from toolkit.case import Case
from toolkit.detect import triage
from toolkit.errors import PracticeError
from toolkit.practice.scenario import CONTOSO_BEC, scenario
from toolkit.practice.traveller import HOTEL, LAST_DAY, PHONE, TRAVELLER, VPN

SOFIA = "sofia.marin@contoso.com"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traveller")
    practice.write_exports(folder, scenario=TRAVELLER)
    return folder


@pytest.fixture
def loaded(exports: Path, tmp_path: Path) -> Iterator[Case]:
    case = open_case(tmp_path / "case")
    case.load([exports / "purview-audit-search.csv", *sorted(exports.glob("signins-beta-*.json"))])
    yield case
    case.close()


def test_it_has_what_makes_detections_shout() -> None:
    told = scenario(TRAVELLER).sign_ins
    trip = [r for r in told if r["userPrincipalName"] == SOFIA and r["createdDateTime"][:10] <= LAST_DAY]
    countries = {r["location"]["countryOrRegion"] for r in trip}
    assert {"DE", HOTEL.country, VPN.country} <= countries
    assert any(r["deviceDetail"]["displayName"] == PHONE for r in trip)
    assert sum(r["status"]["errorCode"] == 50126 and r["location"]["city"] == HOTEL.city for r in trip) == 3


def test_nothing_of_the_intruder_is_in_it(exports: Path) -> None:
    key = scenario(CONTOSO_BEC).answer_key
    for file in exports.iterdir():
        text = file.read_text("utf-8")
        assert key["attacker"]["session_id"] not in text, file.name
        assert not any(place["address"] in text for place in key["attacker"]["addresses"]), file.name


def test_answer_key_blames_nobody(exports: Path) -> None:
    key = json.loads((exports / "answer-key.json").read_text("utf-8"))
    assert key["acts"] == []
    assert key["attacker"] is None
    assert SOFIA in {innocent["user"] for innocent in key["innocents"]}


def test_ids_are_there_once(exports: Path) -> None:
    with open(exports / "purview-audit-search.csv", encoding="utf-8-sig", newline="") as file:
        ids = [row["RecordId"] for row in csv.DictReader(file)]
    assert len(ids) == len(set(ids))
    assert len({r["id"] for r in scenario(TRAVELLER).sign_ins}) == len(scenario(TRAVELLER).sign_ins)


def test_it_is_files_only(tmp_path: Path) -> None:
    with pytest.raises(PracticeError, match="evidence files only"):
        practice.start(tmp_path / "tenant", scenario=TRAVELLER)


@pytest.mark.parametrize("classes", ["", "asn,class\n9009,vpn\n", "asn,class\n9009,hosting\n"])
def test_no_finding_above_low(loaded: Case, classes: str) -> None:
    if classes:
        (loaded.folder / "networks.csv").write_text(classes, encoding="utf-8")
    found = triage(loaded)
    said = [(f.severity, f.id, f.user, f.summary) for f in found.findings]
    assert {f.severity for f in found.findings} == {"low"}, said
    assert {"SI-01", "SI-02", "TK-01", "ID-01"} <= {f.id for f in found.findings if f.user == SOFIA}
    assert found.cut is None


def test_the_day_of_suspicion_given_by_the_analyst_changes_nothing(loaded: Case) -> None:
    from toolkit.practice.names import utc

    found = triage(loaded, inside_since=utc("2026-09-14 00:00:00"))
    assert {f.severity for f in found.findings} == {"low"}, [(f.severity, f.id, f.summary) for f in found.findings]
