"""What is marked as the attacker's is looked for in everybody's records, and the ledger says which marks were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from tests.needs import ROOT
from toolkit import collect, open_case
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.collect.marks import ADDRESS, SESSION, Mark, marks_of, named_mark
from toolkit.collect.profile import Profile, profile
from toolkit.detect import Triage, triage
from toolkit.errors import UsageError


@pytest.fixture
def judged(room: Room) -> tuple[Room, Triage]:
    """The scenario's evidence about the victim, with the grave sign-in findings judged the attacker's."""
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    found = triage(room.case)
    for finding in found.findings:
        if finding.severity in ("high", "critical") and finding.id.startswith(("SI", "TK")):
            give(room.case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)
    return room, found


def test_marks_come_from_what_a_person_judged_and_never_from_the_owners_places(judged: tuple[Room, Triage]) -> None:
    room, found = judged
    marks = marks_of(room.case, found)
    addresses = {mark.value for mark in marks if mark.kind == ADDRESS}
    assert addresses
    assert addresses <= found.intruder.addresses
    home = room.case.sql(
        f"SELECT DISTINCT ip_address FROM signins WHERE lower(user_principal_name) = '{VICTIM}' AND country = 'DE'"
    )
    assert addresses.isdisjoint(set(home.ip_address))
    assert any(mark.kind == SESSION for mark in marks)


def test_without_a_verdict_nothing_is_marked_and_nothing_is_asked(room: Room) -> None:
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    assert marks_of(room.case, triage(room.case)) == []
    with pytest.raises(UsageError, match="judge findings in notebook 1"):
        collect.pivot(room.case, room.tenant, [])


def test_everybodys_records_with_a_mark_come_into_the_case(judged: tuple[Room, Triage]) -> None:
    room, found = judged
    marks = [mark for mark in marks_of(room.case, found) if mark.kind == ADDRESS]
    done = collect.pivot(room.case, room.tenant, marks, wanted="standard")
    assert {line.account for line in done.lines} == {str(mark) for mark in marks}
    assert {line.source for line in done.lines} == {"audit log", "sign-ins, interactive", "sign-ins, non-interactive"}
    asked = [r for r in room.service.requests() if r["cmdlet"] == "Search-UnifiedAuditLog"]
    assert asked
    assert room.writes() == []

    again = collect.pivot(room.case, room.tenant, marks, wanted="standard")
    assert {line.key for line in again.lines} == {line.key for line in done.lines if line.needs_asking}


def test_one_address_alone_brings_every_record_that_the_tenant_has_of_it(room: Room, tmp_path: Path) -> None:
    whole = open_case(tmp_path / "whole")
    whole.load(ROOT / "data" / "samples" / "contoso-bec" / "purview-audit-search.csv")
    busiest = whole.sql(
        "SELECT ip_address AS ip FROM audit WHERE ip_address IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
    )
    address = str(busiest.ip[0])
    there = f"FROM audit WHERE ip_address = '{address}'"
    expected = set(whole.sql(f"SELECT record_id {there}").record_id)
    users = set(whole.sql(f"SELECT lower(user_principal_name) AS u {there}").u)
    assert len(users) > 1

    far = Profile("far", (60,), twice=True, roads=())
    collect.pivot(room.case, room.tenant, [named_mark(ADDRESS, address)], wanted=far)
    assert expected <= set(room.case.sql(f"SELECT record_id {there}").record_id)
    assert users <= set(room.case.sql(f"SELECT lower(user_principal_name) AS u {there}").u)
    whole.close()


@pytest.mark.parametrize(
    ("kind", "value"),
    [(ADDRESS, "not an address"), (SESSION, "x' or 1"), ("user", "a"), (SESSION, "a\nb"), (SESSION, "")],
)
def test_a_mark_that_cannot_be_asked_for_is_one_sentence(kind: str, value: str) -> None:
    with pytest.raises(UsageError):
        named_mark(kind, value)


def test_an_address_is_written_one_way() -> None:
    assert named_mark(ADDRESS, " 2001:DB8:0::1 ") == Mark(ADDRESS, "2001:db8::1")
    assert profile("standard").twice
