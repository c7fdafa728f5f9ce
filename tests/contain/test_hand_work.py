"""What is left to a person is named with what the tenant and the evidence say about it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import DOMAIN, OPERATOR, VICTIM, Room
from toolkit import contain
from toolkit.contain.given import consents_given

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))
OF_EVERYBODY = "Remove the consent of everybody to"


def line(room: Room, start: str) -> str:
    [found] = [text for text in room.plan(suspicion=INSIDE).by_hand if text.startswith(start)]
    return found


def shared_file(user: str, time: str, number: int, operation: str = "AnonymousLinkCreated") -> dict[str, object]:
    return {
        "Id": f"00000000-0000-0000-0000-{number:012}",
        "CreationTime": time,
        "Operation": operation,
        "Workload": "OneDrive",
        "RecordType": 14,
        "UserId": user,
        "ObjectId": f"https://contoso-my.sharepoint.com/personal/file-{number}.xlsx",
    }


def test_rights_that_the_account_has_on_other_mailboxes_are_named(room: Room) -> None:
    told = line(room, "Rights on other mailboxes")
    assert "FullAccess on miriam.hoffmann@contoso.com" in told


def test_rights_that_could_not_be_read_are_not_said_to_be_none(room: Room) -> None:
    room.service.withhold("Get-RecipientPermission")
    told = line(room, "Rights on other mailboxes")
    assert "none" not in told
    assert "403" in told


def test_sharing_links_are_listed_from_the_evidence(room: Room, tmp_path: Path) -> None:
    assert "no audit records of SharePoint and OneDrive" in line(room, "Sharing links")

    records = [
        shared_file(VICTIM, "2026-09-01T08:00:00", 1),
        shared_file(VICTIM, "2026-09-16T08:00:00", 2),
        shared_file("felix.brandt@contoso.com", "2026-09-16T09:00:00", 3),
        shared_file(VICTIM, "2026-09-17T09:00:00", 4, "FileAccessed"),
    ]
    file = tmp_path / "audit.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records))
    room.case.load(file)
    told = line(room, "Sharing links")
    assert "2026-09-16 08:00 AnonymousLinkCreated https://contoso-my.sharepoint.com/personal/file-2.xlsx" in told
    assert [f"file-{n}.xlsx" in told for n in (1, 3, 4)] == [False, False, False]
    assert "ends at 2026-09-17 09:00 UTC" in told


def test_a_consent_for_everybody_in_the_time_of_the_intruder_is_named_and_its_application_can_be_disabled(
    room: Room, tmp_path: Path
) -> None:
    told = line(room, "Consents for everybody")
    assert told.endswith("removes one: 1 of which nothing in this case tells when they were given.")
    assert OF_EVERYBODY not in applications(room).evidence

    principals = room.service.state()["service_principals"].values()
    [app] = [row for row in principals if row["displayName"] == "Trade Fair Planner"]
    record = shared_file(OPERATOR, "2026-09-16T08:50:00", 7, "Consent to application.")
    target = [{"ID": f"ServicePrincipal_{app['id']}", "Type": 2}, {"ID": app["displayName"], "Type": 1}]
    record |= {"Workload": "AzureActiveDirectory", "RecordType": 8, "ObjectId": app["appId"], "Target": target}
    file = tmp_path / "audit.jsonl"
    file.write_text(json.dumps(record))
    room.case.load(file)
    told = line(room, "Consents for everybody")
    given = f"a consent to it was given at 2026-09-16 08:50 UTC by {OPERATOR}"
    assert f"“{app['displayName']}” (User.Read Calendars.Read; {given})" in told

    late = contain.Suspicion(since=datetime(2026, 9, 17, tzinfo=UTC))
    named = replace(late, names=frozenset({app["displayName"].lower()}))
    for kind in ("disable-app", "remove-consent-of-everybody"):
        standing = [o for o in room.plan(suspicion=late).offers if o.action.kind == kind and o.suspected]
        assert app["id"] not in [o.action.key.partition(":")[2][:36] for o in standing]
        for suspicion in (named, INSIDE):
            found = [o for o in room.plan(suspicion=suspicion).offers if app["id"] in o.action.key]
            [offer] = [o for o in found if o.action.kind == kind]
            assert (offer.chosen, offer.suspected, offer.action.hits_everybody) == (False, True, True)

    assert applications(room).state == "open"
    assert f"{OF_EVERYBODY} “{app['displayName']}”" in applications(room).evidence
    plan = room.plan(also=[offer.action.key for offer in found], suspicion=INSIDE)
    yes = contain.confirm(plan, VICTIM)
    yes.extend(plan, DOMAIN)
    for step in plan.steps:
        if app["id"] in step.action.key:
            assert contain.run(plan, step.action.key, yes).status == "done"
    assert OF_EVERYBODY not in applications(room).evidence


def test_a_consent_for_everybody_that_was_not_there_at_first_opens_the_door(room: Room) -> None:
    room.plan(suspicion=INSIDE)

    def given(state: dict[str, Any]) -> None:
        own = next(grant for grant in state["grants"] if grant["principalId"] == room.user()["id"])
        state["grants"].append(own | {"id": "given", "consentType": "AllPrincipals", "principalId": None})

    room.service.change_behind(given)
    door = applications(room)
    assert door.state == "open"
    assert OF_EVERYBODY in door.evidence
    assert "for everybody: " in door.evidence
    assert "(new since the first snapshot)" in door.evidence


def test_old_consents_for_everybody_without_a_date_keep_no_door_from_being_checked(room: Room) -> None:
    own = ("remove-consent", "remove-app-role")
    plan = room.plan(chosen=[o.action.key for o in room.plan().offers if o.action.kind in own])
    yes = contain.confirm(plan, VICTIM)
    for step in plan.steps:
        if step.action.kind in own:
            assert contain.run(plan, step.action.key, yes).status == "done"
    door = applications(room, None)
    assert door.state == "closed"
    assert "1 left, none suspected" in door.evidence


def test_a_real_grant_for_everybody_names_the_application_and_not_what_it_was_given_access_to(
    room: Room, shared: Path
) -> None:
    room.case.load(shared / "samples" / "otrf-goldensaml" / "AADAuditEvents.json")
    [grant] = consents_given(room.case)
    assert grant.ids == {"0d2f5969-011b-460d-ac74-3291d227d49f"}
    assert (grant.who, f"{grant.time:%Y-%m-%d %H:%M}") == ("pgustavo@simulandlabs.com", "2021-08-02 13:27")


@pytest.mark.parametrize(
    ("name", "value", "counts"),
    [
        ("ConsentContext.IsAdminConsent", "True", True),
        ("ConsentContext.IsAdminConsent", "False", False),
        ("DelegatedPermissionGrant.ConsentType", "AllPrincipals", True),
        ("DelegatedPermissionGrant.ConsentType", "Principal", False),
        ("ConsentAction.Permissions", "[] => [[ConsentType: Principal, Scope: Mail.Read]]", True),  # it does not say
    ],
)
def test_a_consent_that_says_it_was_for_one_person_is_none_for_everybody(
    room: Room, tmp_path: Path, name: str, value: str, *, counts: bool
) -> None:
    record = shared_file(OPERATOR, "2026-09-16T08:50:00", 8, "Consent to application.")
    record |= {"Workload": "AzureActiveDirectory", "RecordType": 8, "ObjectId": "456123b3-941e-51a1-860e-5a34b8aa6ccc"}
    record |= {"ModifiedProperties": [{"Name": name, "NewValue": value, "OldValue": ""}]}
    file = tmp_path / "audit.jsonl"
    file.write_text(json.dumps(record))
    room.case.load(file)
    assert len(consents_given(room.case)) == counts


def applications(room: Room, suspicion: contain.Suspicion | None = INSIDE) -> contain.Door:
    target = contain.resolve(room.tenant, VICTIM)
    return next(d for d in contain.doors(room.case, room.tenant, target, suspicion) if d.name == "applications")


def test_consents_for_everybody_that_could_not_be_read_are_not_said_to_be_none(room: Room) -> None:
    room.service.fail_next("/v1.0/oauth2PermissionGrants", status=403, times=9)
    told = line(room, "Consents for everybody")
    assert "Not read: " in told
    assert "none" not in told


def test_the_signature_is_shown_for_the_owner_to_judge(room: Room) -> None:
    [offer] = [o for o in room.plan().offers if o.action.kind == "signature-off"]
    assert not offer.chosen
    assert "New bank account" in offer.text


def test_the_method_that_is_asked_for_first_is_marked_and_stands_last(room: Room) -> None:
    found = [o.action.title for o in room.plan().offers if o.action.kind == "remove-method"]
    marked = ["asked for first" in text for text in found]
    assert marked == sorted(marked)
    assert any(marked)
    room.service._store.state["sign_in_preferences"][room.user()["id"]][
        "userPreferredMethodForSecondaryAuthentication"
    ] = "sms"
    found = [o.action.title for o in room.plan().offers if o.action.kind == "remove-method"]
    assert "telephone" in found[-1]
    assert "asked for first" in found[-1]
