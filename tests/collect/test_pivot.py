"""What is marked as the attacker's is looked for in everybody's records, and the ledger says which marks were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collect.pulling import changes
from tests.contain.room import VICTIM, Room
from tests.needs import ROOT
from toolkit import collect, open_case
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.collect.ledger import COMPLETE, FAILED, NOT_AVAILABLE, PARTIAL, PROVISIONAL, UNCONFIRMED, Line
from toolkit.collect.marks import ADDRESS, APP, DEVICE, SESSION, Mark, marks_of, named_mark, pivots_open, touched
from toolkit.collect.profile import Profile, profile
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.road import Options
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.said import again, touched_sentences
from toolkit.detect import Triage, triage
from toolkit.errors import UsageError
from toolkit.practice.faults import Fault
from toolkit.practice.intrusion import ROGUE_APP
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.practice.people import places

START, END = "2026-09-01T00:00:00.000000Z", "2026-09-02T00:00:00.000000Z"
ONCE = Profile("once", (30,), twice=False, roads=())


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


def test_it_is_said_whose_records_have_a_mark(judged: tuple[Room, Triage]) -> None:
    room, found = judged
    mark = next(mark for mark in marks_of(room.case, found) if mark.kind == ADDRESS)
    rows = touched(room.case, [mark, Mark(ADDRESS, "192.0.2.250")])
    sql = f"ip_address = '{mark.value}'"
    counted = room.case.sql(f"SELECT count(*) AS n FROM signins WHERE {sql}").n[0]
    counted += room.case.sql(f"SELECT count(*) AS n FROM audit WHERE {sql}").n[0]
    assert rows.records.sum() == counted > 0
    assert VICTIM in set(rows.account)
    first, second = touched_sentences(room.case, [mark, Mark(ADDRESS, "192.0.2.250")])
    assert first.startswith(f"{mark}: in records of {VICTIM} (")
    assert second == "address 192.0.2.250: in no record of this case."


def test_without_a_verdict_nothing_is_marked_and_nothing_is_asked(room: Room) -> None:
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    assert marks_of(room.case, triage(room.case)) == []
    with pytest.raises(UsageError, match="judge findings as the attacker's in notebook 1"):
        collect.pivot(room.case, room.tenant, [])


def test_everybodys_records_with_a_mark_come_into_the_case(judged: tuple[Room, Triage]) -> None:
    room, found = judged
    marks = [mark for mark in marks_of(room.case, found) if mark.kind == ADDRESS]
    done = collect.pivot(room.case, room.tenant, marks, wanted="standard")
    assert {line.account for line in done.lines} == {str(mark) for mark in marks}
    able = {line.source for line in done.lines if line.state != NOT_AVAILABLE}
    assert able == {"audit log", "sign-ins, interactive", "sign-ins, non-interactive", "sign-ins, applications"}
    assert {line.reason for line in done.lines if line.state == NOT_AVAILABLE} == {
        "Microsoft Graph cannot look for directory changes by address; a Log Analytics workspace that has them can."
    }
    assert any(r["cmdlet"] == "Search-UnifiedAuditLog" for r in room.service.requests())
    assert changes(room) == []

    later = collect.pivot(room.case, room.tenant, marks, wanted="standard")
    open_ones = {line.key for line in done.lines if line.needs_asking or line.state == NOT_AVAILABLE}
    assert {line.key for line in later.lines} == open_ones  # what was not to be had may be by now


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
    mark = named_mark(ADDRESS, address)
    collect.pivot(room.case, room.tenant, [mark], wanted=far)
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


def by_source(done: list[Line]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in done:
        found.setdefault(f"{line.source} by {line.road}", set()).add(line.state)
    return found


def attackers_address() -> Mark:
    return named_mark(ADDRESS, places()["reuse"].address("victim"))


def test_a_pivot_that_two_roads_agree_on_is_complete_although_each_was_asked_once(room: Room) -> None:
    mark = attackers_address()
    collect.pivot(room.case, room.tenant, [mark], wanted=ONCE)
    closed = [line for line in collect.lines(room.case) if line.road == SearchLog.name and line.state != PROVISIONAL]
    assert closed
    assert {(line.state, line.reason) for line in closed} == {(COMPLETE, f"{AuditSearch.name} has the same records")}
    assert sum(line.records for line in closed) > 0


def test_a_pivot_in_which_one_road_lacks_records_names_them(room: Room) -> None:
    mark = attackers_address()
    room.service._faults.order(Fault("POST /v1.0/security/auditLog", effect="misses", amount=2, times=20))
    collect.pivot(room.case, room.tenant, [mark], wanted=ONCE)
    searched = [line for line in collect.lines(room.case) if line.road == AuditSearch.name]
    lacking = [line for line in searched if line.state == PARTIAL]
    assert lacking
    assert all(line.only_there and line.reason.startswith(f"{SearchLog.name} has ") for line in lacking)


def test_an_application_is_looked_for_in_its_own_sign_ins_and_in_the_directory(room: Room) -> None:
    done = collect.pivot(room.case, room.tenant, [named_mark(APP, ROGUE_APP.app_id)], wanted=ONCE)
    assert NOT_AVAILABLE not in {line.state for line in done.lines}
    kinds = room.case.sql(f"SELECT DISTINCT sign_in_event_types AS k FROM signins WHERE app_id = '{ROGUE_APP.app_id}'")
    assert "servicePrincipal" in set(kinds.k)
    changed = [line for line in done.lines if line.source == "directory changes"]
    assert sum(line.records for line in changed) > 0
    asked = [r for r in room.service.requests() if r["path"].endswith("/auditLogs/directoryAudits")]
    assert len(asked) >= 2 * len(changed)


@pytest.mark.parametrize("kind", [SESSION, DEVICE])
def test_what_graph_cannot_look_for_is_said_once_and_a_workspace_looks_for_it(room: Room, kind: str) -> None:
    row = next(r for r in room.service._scenario.sign_ins if r["deviceDetail"]["deviceId"] and r["sessionId"])
    mark = named_mark(kind, str(row["sessionId"] if kind == SESSION else row["deviceDetail"]["deviceId"]))
    done = collect.pivot(room.case, room.tenant, [mark], wanted=ONCE)
    refused = [line for line in done.lines if line.state == NOT_AVAILABLE]
    assert len(refused) == 3
    assert all(f" by {kind}; a Log Analytics workspace" in line.reason for line in refused)

    named = Profile("named", (30,), twice=False, roads=(), options=Options(workspace=WORKSPACE))
    done = collect.pivot(room.case, room.tenant, [mark], wanted=named)
    found = by_source(done.lines)
    assert NOT_AVAILABLE not in set().union(*found.values())
    assert found["sign-ins, interactive by Log Analytics"] <= {UNCONFIRMED, PROVISIONAL}
    column = "session_id" if kind == SESSION else "device_id"
    rows = room.case.sql(f"SELECT DISTINCT user_principal_name AS u FROM signins WHERE {column} = '{mark.value}'")
    assert len(rows) > 0


def test_the_feeds_are_fetched_where_the_profile_has_them(room: Room) -> None:
    done = collect.pivot(room.case, room.tenant, [attackers_address()], wanted="everything")
    fed = [line for line in done.lines if line.road.startswith("Management Activity API")]
    assert {line.account for line in fed} == {""}
    assert {line.state for line in fed} == {NOT_AVAILABLE}  # nobody started a subscription


def test_new_verdicts_leave_marks_open_until_somebody_looks_for_them(judged: tuple[Room, Triage]) -> None:
    room, found = judged
    every = marks_of(room.case, found)
    asked = len(room.service.requests())
    assert pivots_open(room.case, found) == every
    assert len(room.service.requests()) == asked
    first, rest = every[:1], every[1:]
    stopped = collect.pivot(room.case, room.tenant, first, wanted=ONCE, halted=lambda: True)
    assert stopped.stopped
    assert pivots_open(room.case, found) == every
    collect.pivot(room.case, room.tenant, first, wanted=ONCE)
    assert pivots_open(room.case, found) == rest
    assert FAILED not in {line.state for line in collect.lines(room.case)}


def test_nothing_is_open_where_nobody_judged_anything(room: Room) -> None:
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    assert pivots_open(room.case) == []


def test_what_to_ask_for_again_is_a_command_that_does_so_for_marks_and_accounts(room: Room) -> None:
    def line(account: str) -> Line:
        return Line("audit log", account, START, END, SearchLog.name, END, PARTIAL)

    mark, whole = line("address 203.0.113.7"), f'python -m toolkit collect --case "{room.case.folder}"'
    assert again(room.case, [mark]) == f"{whole} --pivot --refresh"
    assert again(room.case, [mark, line(VICTIM)]) == f"{whole} --account {VICTIM} --pivot --refresh"
    assert again(room.case, [line(VICTIM)]) == f"{whole} --account {VICTIM} --refresh"
    assert again(room.case, [line("")]) == f"{whole} --account NAME@DOMAIN --refresh"
