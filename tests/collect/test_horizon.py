"""What can never come: older than the services keep, not asked for, not recorded; each in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.contain.room import OPERATOR, VICTIM, Room
from toolkit import collect, harden
from toolkit.case import open_case
from toolkit.collect.horizon import BY_OTHERS, NOT_ASKED, OFF, RETENTION, THROTTLED, horizon, sentences
from toolkit.collect.ledger import FAILED
from toolkit.collect.profile import Profile
from toolkit.collect.roads.activity import ActivityExchange
from toolkit.collect.roads.by_others import AuditSearchByOthers, SearchLogByOthers
from toolkit.collect.roads.graph_lists import InteractiveSignIns
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.search_log import SearchLog
from toolkit.practice.audit_records import cmdlet_record, directory_object
from toolkit.practice.people import people

WEEK = Profile("week", (7,), twice=False, roads=(SearchLog, InteractiveSignIns))


def test_retention_goes_by_licence_and_by_when_it_was_first_asked_for(room: Room) -> None:
    asked = room.service.clock.now()
    collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK)
    blind = horizon(room.case)
    kept = blind[(blind.kind == RETENTION) & (blind.source == "sign-ins, interactive")].iloc[0]
    assert "it keeps 30 days (the licences were not read; without Entra ID P1 or P2 it is 7 days)" in kept.sentence
    assert abs(kept.until - (asked - timedelta(days=30))) < timedelta(hours=1)

    state = harden.read_state(room.case, room.tenant)
    room.service.clock.advance(40 * 86_400)
    told = horizon(room.case, state=state)
    kept = told[(told.kind == RETENTION) & (told.source == "sign-ins, interactive")].iloc[0]
    assert "it keeps 30 days (with Entra ID P" in kept.sentence
    assert abs(kept.until - (asked - timedelta(days=30))) < timedelta(hours=1)  # what was collected then stays
    log = told[(told.kind == RETENTION) & (told.source == "audit log")].iloc[0]
    assert log.account == VICTIM
    assert ("365" in log.sentence) == ("has Audit (Premium)" in log.sentence)
    assert "the message trace" in " ".join(sentences(told))
    assert str(told.until.dtype).endswith("UTC]")


def test_what_was_not_asked_for_is_said_and_a_longer_profile_moves_it(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK)
    told = horizon(room.case)
    first = told[(told.kind == NOT_ASKED) & (told.source == "audit log")].iloc[0]
    assert first.sentence == f"Before {first.until:%Y-%m-%d %H:%M} UTC “audit log” of {VICTIM} was not asked for."
    longer = Profile("month", (7, 30), twice=False, roads=(SearchLog,))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=longer)
    again = horizon(room.case)
    assert again[(again.kind == NOT_ASKED) & (again.source == "audit log")].iloc[0].until < first.until


def test_a_source_that_is_not_available_says_why(room: Room) -> None:
    room.service.withhold("Search-UnifiedAuditLog")
    collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK)
    told = horizon(room.case)
    [text] = told[(told.kind == NOT_ASKED) & (told.source == "audit log")].sentence
    assert text.startswith(f"“audit log” of {VICTIM} is not available: ")
    assert "403" in text


def test_hours_in_which_reading_was_throttled_are_named(busy_room: Room) -> None:
    room = busy_room
    far = Profile("all", (7, 30, 90), twice=False, roads=(SearchLog,))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=far)
    told = horizon(room.case)
    spans = told[told.kind == THROTTLED]
    assert len(spans) > 0
    assert set(spans.account) == {VICTIM}
    for span in spans.itertuples():
        assert span.until - span.since >= timedelta(hours=24)
        assert "reading of mail in" in span.sentence
        throttled = room.case.sql(f"SELECT count(*) AS n FROM audit WHERE is_throttled AND time = '{span.since}'").n[0]
        assert throttled >= 1


def test_times_without_auditing_are_named_with_who_switched_it(room: Room) -> None:
    room.service.change_behind(lambda state: state["organization_config"].update(AuditDisabled=True))
    state = harden.read_state(room.case, room.tenant)
    told = horizon(room.case, [VICTIM], state)
    off = told[told.kind == OFF]
    assert any(
        "Mailbox auditing of the whole organisation is off" in text and text.endswith("cannot be known.")
        for text in off.sentence
    )
    assert set(off.account) <= {"", VICTIM}


def an_administrator_gives_a_right(room: Room) -> str:
    """Full access to the victim's mailbox, two days ago; the record's id."""
    given = cmdlet_record(
        people()["operator"], room.service.clock.now() - timedelta(days=2), "given", "Add-MailboxPermission",
        address="198.51.100.7", object_id=directory_object(people()["victim"]),
        parameters=[("Identity", VICTIM), ("User", "ana.petrovic@contoso.com"), ("AccessRights", "FullAccess")],
        session="",
    )  # fmt: skip
    room.service.change_behind(lambda state: state["audit"].append(given))
    return str(given["Id"])


def count(room: Room, record_id: str) -> int:
    return int(room.case.sql(f"SELECT count(*) AS n FROM audit WHERE record_id = '{record_id}'").n[0])


def test_what_an_administrator_did_to_the_mailbox_is_said_to_come_with_that_administrators_own_log(room: Room) -> None:
    given = an_administrator_gives_a_right(room)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=WEEK)
    assert count(room, given) == 0
    told = horizon(room.case)
    [said] = told[told.kind == BY_OTHERS].to_dict("records")
    assert (said["source"], said["account"]) == ("audit log", VICTIM)
    assert "an administrator who made a rule or gave rights stand there under their own names" in said["sentence"]
    assert "“everything”" in said["sentence"]
    collect.collect(room.case, room.tenant, [OPERATOR], wanted=WEEK)
    assert count(room, given) == 1
    assert set(horizon(room.case).query(f"kind == '{BY_OTHERS}'").account) == {VICTIM, OPERATOR}


@pytest.mark.parametrize("road", [SearchLogByOthers, AuditSearchByOthers])
def test_what_others_did_to_the_mailbox_comes_when_it_is_looked_for_by_name(room: Room, road: type[Road]) -> None:
    given = an_administrator_gives_a_right(room)
    both = Profile("both", (7,), twice=False, roads=(SearchLog, road))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=both)
    assert count(room, given) == 1
    told = horizon(room.case)
    [said] = told[told.kind == BY_OTHERS].to_dict("records")
    assert said["account"] == VICTIM
    assert "was looked for in everybody's records by its name and its object id" in said["sentence"]
    assert any("“audit log, by others” of" in text and "was not asked for" in text for text in told.sentence)
    looked = [line for line in collect.lines(room.case) if line.source == road.source]
    start, end = (datetime.fromisoformat(one) for one in (looked[0].start, looked[-1].end))
    theirs = room.service.truth_naming(VICTIM, start, end) - room.service.truth(VICTIM, start, end)
    assert given in theirs
    assert theirs <= set(room.case.sql("SELECT record_id FROM audit").record_id)


def test_what_was_asked_for_in_vain_is_not_said_to_have_been_looked_for(room: Room) -> None:
    room.service.fail_next("Search-UnifiedAuditLog", status=503, times=10_000)
    collect.collect(room.case, room.tenant, [VICTIM], wanted=replace(WEEK, roads=(SearchLog, SearchLogByOthers)))
    assert {line.state for line in collect.lines(room.case)} == {FAILED}
    told = horizon(room.case)
    [said] = told[told.kind == BY_OTHERS].sentence
    assert "was looked for" not in said


def test_a_case_without_a_ledger_counts_from_now(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    told = horizon(case)
    assert set(told.kind) == {RETENTION}
    assert all("counted at present" in text for text in told.sentence)
    now: datetime = case.clock()
    assert all(until < now for until in told.until)
    case.close()


def test_a_feed_that_nobody_started_does_not_make_the_source_unavailable(room: Room) -> None:
    both = Profile("both", (7,), twice=False, roads=(SearchLog, ActivityExchange))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=both)
    told = horizon(room.case)
    assert not any("is not available" in text for text in told.sentence)
