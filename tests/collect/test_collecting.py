"""Collecting from the practice tenant: what it holds comes, every window has its line, it goes on where it stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.collect.room import audit_ids, lies
from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.collect.gather import gather
from toolkit.collect.ledger import COMPLETE, NOT_AVAILABLE, PROVISIONAL, UNASKED, UNCONFIRMED, Line
from toolkit.collect.profile import NAMES, Profile, profile
from toolkit.collect.roads.graph_lists import InteractiveSignIns
from toolkit.collect.roads.risk import AccountRisk
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.said import collected_sentence
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.errors import GuardRefused, UsageError

SIGN_INS = Profile("sign-ins", (7,), twice=True, roads=(InteractiveSignIns,))
AUDIT_LOG = Profile("audit log", (7, 30), twice=True, roads=(SearchLog,))


def test_everything_that_the_tenant_has_of_an_account_is_in_the_case(busy_room: Room) -> None:
    room = busy_room
    told: list[Line] = []
    shares: list[float] = []
    done = collect.collect(
        room.case,
        room.tenant,
        [VICTIM],
        wanted=AUDIT_LOG,
        told=told.append,
        report=lambda _, share: shares.append(share),
    )
    assert told == done.lines
    assert shares[-1] == 1.0
    assert {line.state for line in done.lines} == {COMPLETE, PROVISIONAL}
    assert lies(room) == []
    assert len(audit_ids(room.case)) > 10_000
    assert sum(line.records for line in done.lines) == len(audit_ids(room.case))
    assert done.lines[0].end > done.lines[-1].end  # the newest first
    assert room.writes() == []
    assert room.case.verify() == []


def test_what_is_complete_is_not_asked_for_again_and_refresh_asks_only_for_what_may_grow(room: Room) -> None:
    first = collect.collect(room.case, room.tenant, [VICTIM])
    asked = len(room.service.requests())
    again = collect.collect(room.case, room.tenant, [VICTIM])
    left = [line for line in first.lines if line.needs_asking]
    assert again.known == len(first.lines) - len(left)
    assert {line.key for line in again.lines} == {line.key for line in left}
    assert len(room.service.requests()) - asked < asked / 2
    refreshed = collect.collect(room.case, room.tenant, [VICTIM], wanted="everything", refresh=True)
    assert {line.key for line in refreshed.lines} <= {line.key for line in left}


def test_what_came_in_one_answer_is_confirmed_by_a_profile_that_asks_twice(room: Room) -> None:
    roads = (InteractiveSignIns, SearchLog, AccountRisk)
    once = Profile("once", (7,), twice=False, roads=roads)
    first = collect.collect(room.case, room.tenant, [VICTIM], wanted=once)
    single = {line.key for line in first.lines if line.state == UNCONFIRMED and line.source != AccountRisk.source}
    assert single
    again = collect.collect(room.case, room.tenant, [VICTIM], wanted=once)
    assert not single & {line.key for line in again.lines}
    twice = collect.collect(room.case, room.tenant, [VICTIM], wanted=replace(once, twice=True))
    assert single <= {line.key for line in twice.lines}
    states: dict[str, set[str]] = {line.source: set() for line in first.lines}
    for line in collect.lines(room.case):
        states[line.source].add(line.state)
    assert states[InteractiveSignIns.source] | states[SearchLog.source] == {COMPLETE, PROVISIONAL}
    # Of this a second answer tells nothing: it is not asked for once more, and nobody calls it complete.
    risk = {line.key: line.state for line in first.lines if line.source == AccountRisk.source}
    assert not {key for key, state in risk.items() if state == UNCONFIRMED} & {line.key for line in twice.lines}
    assert COMPLETE not in states[AccountRisk.source]


def test_a_person_stops_it_and_what_was_received_is_kept(busy_room: Room) -> None:
    room = busy_room

    def halted() -> bool:
        return sum(one["cmdlet"] == SearchLog.name for one in room.service.requests()) > 60

    # By calls and not by lines: lines come together, and a fast machine may have asked for everything before the first.
    stopped = collect.collect(room.case, room.tenant, [VICTIM], wanted=AUDIT_LOG, halted=halted, workers=1)
    assert stopped.stopped
    assert 0 < len(stopped.lines) < 30
    assert len(audit_ids(room.case)) >= sum(line.records for line in stopped.lines) > 0
    # What it set out to ask for and did not is neither forgotten nor called whole, and asking again fetches it.
    left = {line.key for line in collect.lines(room.case) if line.state == UNASKED}
    assert len(left) + len(stopped.lines) == len(collect.lines(room.case)) > 30
    assert f"; {len(left)} not asked for yet)" in collected_sentence(room.case)
    rest = collect.collect(room.case, room.tenant, [VICTIM], wanted=AUDIT_LOG, refresh=True)
    assert not rest.stopped
    assert {line.key for line in rest.lines} >= left
    assert UNASKED not in {line.state for line in collect.lines(room.case)}
    assert lies(room) == []


def test_a_state_that_nobody_came_to_read_is_named(room: Room) -> None:
    told: list[Line] = []
    gather(room.case, room.tenant, [VICTIM], wanted="quick", told=told.append, halted=lambda: len(told) >= 1)
    unasked = {line.source for line in collect.lines(room.case) if line.state == UNASKED}
    assert ORGANISATION in unasked
    assert ACCOUNT not in unasked  # it was read first
    gather(room.case, room.tenant, [VICTIM], refresh=True)
    assert UNASKED not in {line.state for line in collect.lines(room.case)}


def test_asking_again_days_later_asks_for_the_windows_that_were_left_open(room: Room) -> None:
    first = collect.collect(room.case, room.tenant, [VICTIM], wanted=SIGN_INS)
    young = {line.key for line in first.lines if line.state == PROVISIONAL}
    assert young
    room.tenant.sleep(3 * 24 * 3600)
    again = collect.collect(room.case, room.tenant, [VICTIM], wanted=SIGN_INS, refresh=True)
    assert {line.key for line in again.lines} == young
    assert {line.state for line in again.lines} == {COMPLETE}
    assert not any(line.needs_asking for line in collect.lines(room.case))


def test_the_share_is_of_all_that_is_done_and_never_goes_back(room: Room) -> None:
    told: list[tuple[str, float]] = []
    gather(room.case, room.tenant, [VICTIM], report=lambda what, share: told.append((what, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    reading = [share for what, share in told if what.startswith("reading ")]
    assert len(set(reading)) > 40  # each list of the account, and of the organisation at the end
    assert reading[0] == 0.0 < reading[-1] < 1.0
    assert sorted(set(reading))[1] < 0.02
    assert reading[-1] > 0.98
    first = next(n for n, (what, _) in enumerate(told) if what == "Looking for findings")
    assert 0 < told[first][1] < 0.9  # after the first step only
    assert told[-1][0].startswith("Looking for findings")
    assert told[-1][1] == 1.0


def test_what_the_role_does_not_offer_is_a_line_and_never_an_abort(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted="quick")
    by_source = {line.source: line for line in done.lines}
    assert by_source["audit log"].state == NOT_AVAILABLE
    assert "403" in by_source["audit log"].reason
    assert by_source["sign-ins, interactive"].state != NOT_AVAILABLE
    asked = [r for r in room.service.requests() if r["cmdlet"] == "Search-UnifiedAuditLog"]
    assert len(asked) <= 6  # each worker once; the other windows were not asked for in vain


@pytest.mark.parametrize("where", ["Search-UnifiedAuditLog", "GET /beta/auditLogs/signIns", f"/users/{VICTIM}"])
def test_a_token_that_runs_out_twice_is_no_missing_permission(room: Room, where: str) -> None:
    room.service.fail_next(where, status=401, times=2)
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted="quick", workers=1)
    assert {line.state for line in done.lines} <= {UNCONFIRMED, PROVISIONAL}


def test_an_account_that_is_not_there_is_one_sentence(room: Room) -> None:
    with pytest.raises(GuardRefused, match="no account named"):
        collect.collect(room.case, room.tenant, ["nobody@contoso.com"])


def test_profiles_are_small_files_that_a_team_can_keep(tmp_path: Path) -> None:
    assert [profile(name).name for name in NAMES] == list(NAMES)
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "mine"\ndays = [2]\nroads = ["search-audit-log"]\n')
    assert profile(str(mine)) == Profile("mine", (2,), twice=False, roads=(SearchLog,))
    for text in ("days = [2]", 'days = [7, 2]\nroads = ["search-audit-log"]', 'days = [2]\nroads = ["x"]', "]["):
        mine.write_text(text)
        with pytest.raises(UsageError, match=r"mine\.toml"):
            profile(str(mine))
    with pytest.raises(UsageError, match="name one of quick"):
        profile("slow")
