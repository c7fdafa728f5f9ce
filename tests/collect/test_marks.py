"""What is marked as the attacker's: the application that a consent let in, and what a person names by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from tests.detect.alone import acts
from tests.detect.test_identity import change
from tests.formats.conftest import case
from tests.needs import ROOT
from toolkit import collect
from toolkit.case import Case
from toolkit.case.verdicts import ATTACKER, give, key_of
from toolkit.collect.marks import (
    ADDRESS,
    APP,
    DEVICE,
    SESSION,
    Mark,
    marks_of,
    name_marks,
    named_marks,
    pivots_open,
    take_marks_back,
    touched,
    typed_mark,
    why_none,
)
from toolkit.collect.profile import Profile
from toolkit.collect.said import open_sentence
from toolkit.contain import resolve
from toolkit.contain.snapshot import take
from toolkit.detect import triage
from toolkit.errors import UsageError
from toolkit.practice.intrusion import ROGUE_APP, ROGUE_PRINCIPAL

__all__ = ["case"]
ONCE = Profile("once", (30,), twice=False, roads=())
GUID = "456123b3-941e-51a1-860e-5a34b8aa6ccc"
GRAPH = "00000003-0000-0000-c000-000000000000"


def judge(case: Case, detection: str) -> None:
    for finding in triage(case).findings:
        if finding.id == detection:
            give(case, key_of(finding.id, finding.user, finding.evidence), ATTACKER)


def test_a_consent_that_is_judged_the_attackers_leads_to_its_application_in_everybodys_records(room: Room) -> None:
    room.case.load(ROOT / "data" / "samples" / "contoso-bec")
    judge(room.case, "OA-01")
    marks = marks_of(room.case, triage(room.case))
    apps = [mark for mark in marks if mark.kind == APP]
    assert apps == [Mark(APP, ROGUE_APP.app_id)]
    assert any(mark.kind == ADDRESS for mark in marks)
    rows = touched(room.case, apps)
    consents = room.case.sql(f"SELECT count(*) AS n FROM audit WHERE contains(object_id, '{ROGUE_APP.app_id}')").n[0]
    assert consents
    assert dict(zip(rows.account, rows.records, strict=True))[VICTIM] >= consents
    collect.pivot(room.case, room.tenant, apps, wanted=ONCE)
    told = [line for line in collect.lines(room.case) if line.account == f"application {ROGUE_APP.app_id}"]
    assert {line.source for line in told} >= {"audit log", "directory changes", "sign-ins, applications"}
    assert all(sum(line.records for line in told if line.source == name) for name in ("audit log", "directory changes"))
    assert apps[0] not in pivots_open(room.case)


def grant() -> dict[str, object]:
    """As the log writes it: the target is what access was given to, of the taker there is its object id alone."""
    properties = [
        {"Name": "DelegatedPermissionGrant.Scope", "NewValue": "Mail.ReadWrite", "OldValue": ""},
        {"Name": "ServicePrincipal.ObjectID", "NewValue": ROGUE_PRINCIPAL, "OldValue": ""},
        {"Name": "ServicePrincipal.AppId", "NewValue": "", "OldValue": ""},
        {"Name": "TargetId.ServicePrincipalNames", "NewValue": GRAPH, "OldValue": ""},
    ]
    target = [{"ID": "Microsoft Graph", "Type": 1}, {"ID": GRAPH, "Type": 2}, {"ID": GRAPH, "Type": 4}]
    return change("g", "Add delegated permission grant.", ModifiedProperties=properties, Target=target)


def test_where_only_the_service_principal_is_known_the_snapshot_says_whose_it_is(room: Room, tmp_path: Path) -> None:
    acts(room.case, tmp_path, grant())
    judge(room.case, "OA-01")
    assert not [mark for mark in marks_of(room.case, triage(room.case)) if mark.kind == APP]
    take(room.case, room.tenant, resolve(room.tenant, VICTIM), readings=["apps"])
    found = [mark for mark in marks_of(room.case, triage(room.case)) if mark.kind == APP]
    assert found == [Mark(APP, ROGUE_APP.app_id)]


def test_names_that_an_application_gave_itself_are_not_taken_for_its_id(case: Case, tmp_path: Path) -> None:
    names = f"https://evil.example/{GRAPH};api://{GRAPH};{GUID.upper()}"
    properties = [
        {"Name": "ConsentAction.Permissions", "NewValue": "[] => [[Id: x, Scope: Mail.Read, Created: ]]"},
        {"Name": "TargetId.ServicePrincipalNames", "NewValue": names, "OldValue": ""},
    ]
    target = [{"ID": f"ServicePrincipal_{ROGUE_PRINCIPAL}", "Type": 2}, {"ID": ROGUE_PRINCIPAL, "Type": 2}]
    told = {"ModifiedProperties": properties, "Target": target, "ObjectId": names}
    acts(case, tmp_path, change("c", "Consent to application.") | told)
    judge(case, "OA-01")
    assert [mark.value for mark in marks_of(case, triage(case)) if mark.kind == APP] == [GUID]


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("address=203.0.113.7", Mark(ADDRESS, "203.0.113.7")),
        ("Address = 2001:DB8:0::1 ", Mark(ADDRESS, "2001:db8::1")),
        (f"session={GUID}", Mark(SESSION, GUID)),
        (f"app={GUID.upper()}", Mark(APP, GUID)),
        (f"application={GUID}", Mark(APP, GUID)),
        (f"device={GUID}", Mark(DEVICE, GUID)),
    ],
)
def test_a_mark_is_typed_with_its_kind(typed: str, mark: Mark) -> None:
    assert typed_mark(typed) == mark


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("203.0.113.7", "is no mark: write address=IP-ADDRESS"),
        (f"user={GUID}", "is no mark: write address=IP-ADDRESS"),
        ("address=evil.example", "is no IP address"),
        ("address=", "cannot be looked for"),
        ("address=fe80::1%eth0", "leave out what follows the percent sign"),
        ("session=123", "is no session's id, which is a GUID"),
        ("app=Mail Archive Sync", "is no application's id, which is a GUID, e.g. app=4"),
        (f"device={GUID}'", "is no device's id"),
    ],
)
def test_what_is_no_mark_is_one_clear_sentence(typed: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        typed_mark(typed)
    assert len(str(refused.value).splitlines()) == 1


def test_what_a_person_names_is_looked_for_like_what_a_verdict_marks(room: Room) -> None:
    assert why_none(room.case).startswith("Nothing is marked as the attacker's yet: judge findings")
    mark = typed_mark("address=198.51.100.77")
    name_marks(room.case, [mark, mark])
    name_marks(room.case, [mark])
    assert len(room.case.journal.entries("collect.mark")) == 1
    assert named_marks(room.case) == pivots_open(room.case) == marks_of(room.case, triage(room.case)) == [mark]
    said = open_sentence(room.case, [mark])
    assert said.startswith(f"Named as the attacker's, and not looked for in the other accounts yet: {mark}.")
    collect.pivot(room.case, room.tenant, [mark], wanted=ONCE)
    assert pivots_open(room.case) == []
    assert why_none(room.case) == "Whatever was judged or named as the attacker's was looked for already."


def test_what_was_named_can_be_taken_back_and_that_it_was_named_stays_in_the_journal(case: Case) -> None:
    mark, other = typed_mark("address=198.51.100.77"), typed_mark(f"device={GUID}")
    name_marks(case, [mark])
    with pytest.raises(UsageError, match=f"Nobody named {other}; named by hand is {mark}"):
        take_marks_back(case, [mark, other])
    assert named_marks(case) == [mark]
    take_marks_back(case, [mark])
    assert named_marks(case) == pivots_open(case) == []
    assert len(case.journal.entries("collect.mark")) == 2
    name_marks(case, [mark])
    assert named_marks(case) == [mark]


def test_a_judgement_that_names_nothing_to_look_for_is_said_to_do_so(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, grant())  # neither an application's id nor a place that a sign-in tells apart from the owner's
    judge(case, "OA-01")
    assert marks_of(case, triage(case)) == []
    assert why_none(case).startswith("What was judged the attacker's names no address")
