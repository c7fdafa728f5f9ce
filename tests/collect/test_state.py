"""The state of account and organisation: what was read of rules, mailboxes and settings is evidence like an export."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.contain.room import VICTIM, Room
from toolkit import collect, contain
from toolkit.case import Case
from toolkit.case.journal import iso
from toolkit.case.verdicts import key_of
from toolkit.collect.ledger import FAILED, NOT_AVAILABLE, UNCONFIRMED, Line, write
from toolkit.collect.marks import ADDRESS, Mark
from toolkit.collect.names import file_name, person
from toolkit.collect.profile import Profile
from toolkit.collect.roads.risk import RiskDetections
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.state import ACCOUNT, EVIDENCE_OF_ACCOUNT, EVIDENCE_OF_ORGANISATION, ORGANISATION, collect_state
from toolkit.contain import readings as of_account
from toolkit.contain.snapshot import take
from toolkit.detect import triage
from toolkit.harden import kept_state
from toolkit.harden import readings as of_organisation
from toolkit.views.coverage import counted, coverage, coverage_html
from toolkit.views.start import overview

STATE_TABLES = ("inbox_rules", "mailboxes", "tenant_settings", "mfa_registration")


@pytest.fixture
def read(room: Room) -> Room:
    """A case into which nothing but the state of the victim and of the organisation was read."""
    collect_state(room.case, room.tenant, [VICTIM])
    return room


def test_what_was_read_stands_in_the_tables_row_by_row(read: Room) -> None:
    (taken,) = read.case.journal.entries("containment.snapshot")
    snapshot = json.loads((Path(read.case.folder) / taken.fields["file"]).read_text("utf-8"))["found"]
    state = kept_state(read.case)
    assert state is not None
    assert read.case.count("inbox_rules") == len(snapshot["inbox rules"]) > 3
    assert read.case.count("mailboxes") == len(state.rows("mailboxes"))
    assert read.case.count("mfa_registration") == len(state.rows("registration"))
    rules = read.case.frame("inbox_rules")
    by_name = {row["Name"]: row[of_account.HIDDEN] for row in snapshot["inbox rules"]}
    assert dict(zip(rules.rule_name, rules.hidden.astype(bool), strict=True)) == by_name
    assert len(set(by_name.values())) == 2  # hidden ones, and others
    forwarding = read.case.frame("mailboxes").set_index("user_principal_name").forwarding_smtp_address[VICTIM]
    assert forwarding == snapshot["mailbox"][0]["ForwardingSmtpAddress"]
    settings = set(read.case.frame("tenant_settings").setting)
    assert {"organisation settings", "unified auditing", "audit bypass", "conditional access"} <= settings
    raw = next(iter(read.case.raw([rules.row_id[0]], "inbox_rules").values()))
    assert of_account.HIDDEN not in raw  # our own words are no evidence


def test_a_line_of_the_ledger_names_the_file_that_its_rows_came_from(read: Room) -> None:
    known = set(read.case.catalog.files)
    titles = {(ACCOUNT, of_account.READINGS[name].title) for name in EVIDENCE_OF_ACCOUNT}
    titles |= {(ORGANISATION, of_organisation.READINGS[name].title) for name in EVIDENCE_OF_ORGANISATION}
    for line in collect.lines(read.case):
        assert bool(line.files) == ((line.source, line.road) in titles and line.records > 0), line.road
        assert set(line.files) <= known
    assert read.case.verify() == []


def test_the_same_state_read_again_is_no_second_row(read: Room) -> None:
    before = {table: read.case.count(table) for table in STATE_TABLES}
    collect_state(read.case, read.tenant, [VICTIM])
    assert {table: read.case.count(table) for table in STATE_TABLES} == before


def test_what_changed_between_two_readings_is_counted_once_and_nothing_is_said_of_now(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM], wanted=Profile("a week", (7,), twice=False, roads=(SearchLog,)))
    collect_state(room.case, room.tenant, [VICTIM])
    before = {table: counted(room.case, table) for table in STATE_TABLES}
    assert before == {table: room.case.count(table) for table in STATE_TABLES}
    assert room.run(next(key for key in room.statuses() if key.startswith("disable-inbox-rule"))).status == "done"
    assert room.run("clear-forwarding").status == "done"
    collect_state(room.case, room.tenant, [VICTIM])
    assert room.case.count("inbox_rules") > before["inbox_rules"]  # both states are kept
    assert {table: counted(room.case, table) for table in STATE_TABLES} == before
    (forward,) = [f for f in triage(room.case).findings if f.id == "FW-01"]
    assert "It stood in the mailbox when that was read." in forward.summary


def test_a_rule_that_log_and_state_both_show_is_one_finding(room: Room) -> None:
    collect.collect(room.case, room.tenant, [VICTIM])
    before = triage(room.case).findings
    collect_state(room.case, room.tenant, [VICTIM])
    after = triage(room.case).findings
    assert [key_of(f.id, f.user, f.evidence) for f in after] == [key_of(f.id, f.user, f.evidence) for f in before]
    standing = [f for f in after if f.id.startswith(("IR-", "FW-"))]
    assert standing
    assert all(set(f.further) & set(STATE_TABLES) for f in standing)


def rules_of(case: Case) -> pd.Series[Any]:
    return coverage(case).set_index("id").loc["rules"]


def test_what_was_read_is_not_missing_whether_it_has_rows_or_none(room: Room) -> None:
    """Of the account one rule only, then none, as collected; and what no collection has offers the way on."""
    assert rules_of(room.case)["here"] == "missing"
    assert "python -m toolkit collect" in rules_of(room.case)["portal"]
    assert "-IncludeHidden" in rules_of(room.case)["portal"]
    day = datetime(2026, 9, 18, tzinfo=UTC)
    nothing = Line(ACCOUNT, VICTIM, iso(day), iso(day), "Inbox rules", iso(day), UNCONFIRMED)
    write(room.case, replace(nothing, state=FAILED))
    assert rules_of(room.case)["here"] == "missing"
    write(room.case, nothing)
    assert rules_of(room.case)["here"] == "none when the tenant was asked on 2026-09-18 00:00 UTC"
    collect_state(room.case, room.tenant, [VICTIM])
    shown = rules_of(room.case)
    assert shown["here"] == f"{room.case.count('inbox_rules')} records"
    page = coverage_html(room.case, UTC, "UTC")
    assert f"the state of {shown['read'][:16].replace('T', ' ')} UTC" in page
    assert {"forwarding", "auditing", "registered"} <= set(
        coverage(room.case).query("here != 'missing' and rows > 0").id
    )


def test_a_snapshot_that_was_taken_to_contain_counts_too(room: Room) -> None:
    """Nothing of it is in the tables: the tile and the question still know that it was read."""
    take(room.case, room.tenant, contain.resolve(room.tenant, VICTIM))
    assert room.case.count("inbox_rules") == 0
    assert counted(room.case, "inbox_rules") > 3
    assert rules_of(room.case)["here"].startswith(f"{counted(room.case, 'inbox_rules')} read on ")
    assert counted(room.case, "mfa_registration") == 0


def test_risk_that_was_collected_has_its_question_and_its_tile(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def risk() -> pd.Series[Any]:
        return coverage(room.case).set_index("id").loc["risk"]

    assert risk()["here"] == "missing"
    assert "python -m toolkit collect" in risk()["portal"]
    assert "riskDetections" in risk()["command"]
    collect.collect(
        room.case, room.tenant, [VICTIM], wanted=Profile("risk", (7,), twice=False, roads=(RiskDetections,))
    )
    assert room.case.count("risk") > 3
    assert risk()["rows"] == room.case.count("risk")
    shown: list[str] = []
    monkeypatch.setattr("toolkit.views.start.show", lambda *parts, practice: shown.extend(parts))
    overview(room.case)
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", "".join(shown)))
    assert f"{room.case.count('risk')} risk detections" in told
    assert "Risk detections cover 2026-" in told


def test_what_came_in_is_named_so_that_a_person_knows_it(room: Room) -> None:
    week = Profile("a week", (7,), twice=False, roads=(SearchLog, RiskDetections))
    collect.collect(room.case, room.tenant, [VICTIM], wanted=week)
    address = str(room.case.sql("SELECT ip_address FROM audit WHERE ip_address IS NOT NULL LIMIT 1").ip_address[0])
    collect.pivot(room.case, room.tenant, [Mark(ADDRESS, address)], wanted=week)
    names = {Path(entry.fields["path"]).name for entry in room.case.journal.entries("loaded", "not loaded")}
    assert "audit-log-katrin.vogel-2026-09-11-to-2026-09-18.json" in names
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9._-]*-20\d\d-\d\d-\d\d\.json", name) for name in names), names
    assert any(f"-address-{address.replace(':', '-')}-" in name for name in names)


def test_names_of_files_say_what_they_are_and_keep_no_path() -> None:
    first, last = datetime(2026, 9, 11, tzinfo=UTC), datetime(2026, 9, 19, tzinfo=UTC)
    said = file_name("audit log", person(VICTIM), first, last)
    assert said == "audit-log-katrin.vogel-2026-09-11-to-2026-09-18.json"
    assert file_name("state-mailboxes", "", first, first) == "state-mailboxes-2026-09-11.json"
    for hostile in ("../../etc/passwd", "a\\b\x00c", "…" * 300, "CON", "a" * 400, "-rf *", "<b>\n"):
        name = file_name("audit log", f"session {hostile}", first, last)
        assert Path(name).name == name
        assert len(name) < 100
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        assert ".." not in name


def test_a_list_that_is_refused_brings_no_rows_and_stays_missing(room: Room) -> None:
    room.service.withhold("Get-InboxRule")
    collect_state(room.case, room.tenant, [VICTIM])
    (refused,) = [line for line in collect.lines(room.case) if line.road == "Inbox rules"]
    assert (refused.state, refused.files) == (NOT_AVAILABLE, [])
    assert rules_of(room.case)["here"] == "missing"
