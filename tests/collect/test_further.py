"""What a collection does besides its profile: another road to the audit log, and as far back as it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import collect
from toolkit.collect import gather as gathering
from toolkit.collect.further import INSTEAD, kept_days
from toolkit.collect.gather import gather
from toolkit.collect.ledger import NOT_AVAILABLE, PROVISIONAL, UNCONFIRMED
from toolkit.collect.profile import Profile, profile
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.by_others import SearchLogByOthers
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.said import strips

DAYS = Profile("days", (2,), twice=False, roads=(SearchLog,))


@pytest.fixture(autouse=True)
def without_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "collect_state", lambda *_, **__: [])


def test_where_the_role_lacks_the_cmdlet_the_audit_log_comes_by_graph_and_the_reason_names_it(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    done = gather(room.case, room.tenant, [VICTIM], wanted=DAYS)
    by_graph = [line for line in done.lines if line.road == AuditSearch.name]
    assert len(by_graph) == 3
    assert NOT_AVAILABLE not in {line.state for line in by_graph}
    assert room.case.sql("SELECT count(*) AS n FROM audit").n[0] > 0
    shut = [line for line in collect.lines(room.case) if line.road == SearchLog.name]
    assert {line.state for line in shut} == {NOT_AVAILABLE}
    assert all("403" in line.reason and line.reason.startswith(INSTEAD) for line in shut)
    # On the screen the road is named, and windows that differ by the id of the call alone are one line.
    [told] = [strip for strip in strips(shut) if strip.road == SearchLog.name]
    [(reason, many)] = told.reasons.items()
    assert many == len(shut)
    assert INSTEAD in reason
    assert room.writes() == [] or all(w["path"].endswith("/queries") for w in room.writes())


def test_what_others_did_comes_by_graph_too_where_the_role_lacks_the_cmdlet(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    gather(room.case, room.tenant, [VICTIM], wanted=replace(DAYS, roads=(SearchLogByOthers,)))
    told = [line for line in collect.lines(room.case) if line.source == SearchLogByOthers.source]
    assert {line.state for line in told if line.road == SearchLog.name} == {NOT_AVAILABLE}
    by_graph = [line for line in told if line.road == AuditSearch.name]
    assert sum(line.records for line in by_graph) > 0
    assert {line.state for line in by_graph} <= {UNCONFIRMED, PROVISIONAL}


def test_who_names_the_roads_gets_no_other(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    gather(room.case, room.tenant, [VICTIM], wanted=replace(DAYS, helps_out=False))
    assert {line.road for line in collect.lines(room.case) if line.source == SearchLog.source} == {SearchLog.name}


def test_everything_goes_back_a_year_where_the_licence_keeps_that_and_180_days_else(room: Room) -> None:
    assert profile("everything").as_kept
    assert kept_days(room.case, room.tenant, [VICTIM]) == {VICTIM: 365}
    plain = room.user(VICTIM)["id"]
    room.service.change_behind(lambda state: state["mailboxes"][plain].update(PersistedCapabilities=[]))
    assert kept_days(room.case, room.tenant, [VICTIM]) == {VICTIM: 180}
    room.service.withhold("Get-Mailbox", "Organization.Read.All", "Directory.Read.All", "LicenseAssignment.Read.All")
    assert kept_days(room.case, room.tenant, [VICTIM]) == {VICTIM: 180}


def test_the_windows_of_the_year_are_asked_for(room: Room) -> None:
    far = Profile("far", (1,), twice=False, roads=(SearchLog,), as_kept=True)
    gather(room.case, room.tenant, [VICTIM], wanted=far)
    starts = [datetime.fromisoformat(line.start) for line in collect.lines(room.case) if line.road == SearchLog.name]
    assert timedelta(days=364) < room.service.clock.now() - min(starts) < timedelta(days=367)
