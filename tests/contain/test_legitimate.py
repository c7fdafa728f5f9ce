"""What a person calls legitimate holds no door open, as long as it reads as it did; what has no date is not judged."""

from __future__ import annotations

import pytest

from tests.contain.room import VICTIM, Room
from tests.contain.test_doors import INSIDE, run_all
from toolkit import contain
from toolkit.errors import GuardRefused, UsageError


def target(room: Room) -> contain.Target:
    return contain.resolve(room.tenant, VICTIM)


def door(room: Room, name: str, suspicion: contain.Suspicion | None = INSIDE) -> contain.Door:
    found = contain.doors(room.case, room.tenant, target(room), suspicion)
    return next(one for one in found if one.name == name)


def offer(room: Room, kind: str) -> contain.Offer:
    return next(o for o in room.plan(suspicion=INSIDE).offers if o.action.key.startswith(kind) and o.suspected)


def say(room: Room, found: contain.Offer, note: str = "Katrin, by telephone") -> None:
    contain.say_legitimate(room.case, target(room), found.action.key, found.action.title, found.text, note)


def test_a_device_that_is_the_owners_is_no_step_and_its_door_says_who_said_so(room: Room) -> None:
    device = offer(room, "disable-device")
    assert door(room, "devices").state == "open"
    say(room, device)
    plan = room.plan(suspicion=INSIDE)
    assert device.action.key not in plan.order
    closed = door(room, "devices")
    assert closed.state == "closed"
    assert "Katrin, by telephone" in closed.evidence
    assert room.writes() == []


def test_it_can_be_taken_back_and_both_stay_in_the_journal(room: Room) -> None:
    device = offer(room, "disable-device")
    say(room, device)
    contain.take_legitimate_back(room.case, target(room), device.action.key)
    assert door(room, "devices").state == "open"
    assert device.action.key in room.plan(suspicion=INSIDE).order
    assert [e.fields["holds"] for e in room.case.journal.entries("containment.legitimate")] == [True, False]
    with pytest.raises(UsageError):
        contain.take_legitimate_back(room.case, target(room), device.action.key)


def test_without_a_note_nothing_is_legitimate(room: Room) -> None:
    with pytest.raises(UsageError, match="Say how that is known"):
        say(room, offer(room, "disable-device"), note="  ")
    assert door(room, "devices").state == "open"


def test_a_rule_that_was_called_legitimate_and_then_changed_is_suspected_again(room: Room) -> None:
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    for found in [o for o in room.plan(suspicion=INSIDE).offers if o.action.key.startswith("disable-inbox-rule")]:
        say(room, found)
    assert door(room, "inbox rules").state == "closed"
    rule = next(rule for rule in rules if rule["Name"] == ".")
    rule["ForwardTo"] = ['"x" [SMTP:x@elsewhere.example]']
    assert door(room, "inbox rules").state == "open"
    changed = next(o for o in room.plan(suspicion=INSIDE).offers if o.action.key.endswith(rule["RuleIdentity"]))
    assert changed.suspected
    assert "changed since" in changed.why


def test_a_rule_with_the_name_of_one_that_exchange_keeps_is_no_such_rule_if_it_forwards(room: Room) -> None:
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    rule = next(rule for rule in rules if rule["Name"] == ".")
    rule |= {"Name": "Junk E-mail Rule", "ForwardTo": ['"x" [SMTP:x@elsewhere.example]'], "Enabled": True}
    assert "Junk E-mail Rule" in door(room, "inbox rules").evidence
    assert f"disable-inbox-rule:{rule['RuleIdentity']}" in room.plan(suspicion=INSIDE).order


def test_a_new_rule_opens_its_door_whatever_it_does(room: Room) -> None:
    run_all(room)
    assert door(room, "inbox rules").state == "closed"
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    harmless = next(rule for rule in rules if rule["Name"] == "Supplier news")
    rules.append(harmless | {"Name": "Vendor", "RuleIdentity": "99999999999999999999", "Enabled": True})
    opened = door(room, "inbox rules")
    assert opened.state == "open"
    assert "“Vendor” (new since the first snapshot)" in opened.evidence


def test_what_the_first_snapshot_could_not_read_is_not_new(room: Room) -> None:
    room.service.refuse_next("Get-MobileDevice", "The operation could not be performed.")
    room.plan(suspicion=INSIDE)
    room.plan(suspicion=INSIDE)
    assert "new since" not in door(room, "mobile partnerships").evidence


def test_without_findings_what_is_young_is_suspected_and_what_has_no_date_is_not_judged(room: Room) -> None:
    plan = room.plan()
    assert plan.suspicion.assumed
    kinds = {step.action.kind for step in plan.steps}
    assert {"disable-device", "remove-method"} <= kinds
    senders = door(room, "safe senders", None)
    assert senders.state == "not checked"
    assert "no finding tells since when" in senders.evidence
    assert "off the safe senders" in senders.evidence
    assert door(room, "mail flow of the organisation", None).state == "open"


def test_after_an_emergency_stop_alone_the_account_is_not_given_back(room: Room) -> None:
    plan = room.plan()
    yes = contain.confirm(plan, VICTIM)
    for step in plan.steps:
        contain.run(plan, step.action.key, yes, show_secret=room.show)
    with pytest.raises(GuardRefused, match="rights of others"):
        contain.make_return_plan(room.case, room.tenant, VICTIM)
    for found in contain.make_plan(room.case, room.tenant, VICTIM).offers:
        if not found.is_off:
            say(room, found, "asked for the test")
    assert contain.make_return_plan(room.case, room.tenant, VICTIM).returning
