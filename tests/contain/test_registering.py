"""Registering the organisation's own applications on the practice tenant: shown, made, seen, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contain.registrations import assign_the_operator, certificate_file, public, register, registration
from tests.contain.room import DOMAIN, Room
from toolkit import contain
from toolkit.contain.actions import CreateApplication, action_named
from toolkit.contain.registering import APP_ID, PRINCIPAL, creation, registered, removal
from toolkit.errors import GuardRefused, PlanChanged, SignInFailed, UsageError
from toolkit.tenant.certificate import public_part

BOTH = [("evidence", False), ("evidence", True), ("containment", False), ("containment", True)]


@pytest.mark.parametrize(("purpose", "app_only"), BOTH)
def test_it_is_registered_seen_as_wanted_and_removed(room: Room, tmp_path: Path, purpose: str, app_only: bool) -> None:
    wanted = registration(room, purpose, app_only=app_only)
    outcomes = register(room, wanted, public(tmp_path) if app_only else None)
    assert {outcome.status for outcome in outcomes.values()} == {"done"}
    names = [name for part in wanted.permissions.values() for name in part]
    assert len(outcomes) == 2 + (len(names) if app_only else len(wanted.permissions))

    [one] = registered(room.tenant, wanted)
    assert (one.missing, one.too_many, one.secrets, one.made_here) == ([], [], 0, True)
    assert len(one.granted) == len(names)
    # Only people who are assigned can use it, and nobody is yet.
    assert (one.nobody, one.as_wanted(room.case.clock())) == ((False, True) if app_only else (True, False))
    assign_the_operator(room)
    assert registered(room.tenant, wanted)[0].as_wanted(room.case.clock())
    assert len(one.certificates) == app_only
    assert one.assigned_only is not app_only
    assert one.people == 0

    # Everything that went out is in the journal, under the same ids and in the same order; nothing else did.
    told = [(r.run, r.status) for r in contain.records(room.case)]
    assert [run for run, status in told if status == "done"] == [
        w["client_request_id"] for w in room.writes() if w["status"] < 300
    ]
    assert [run for run, _ in told] == [w["client_request_id"] for w in room.writes()]

    plan = removal(room.case, room.tenant, wanted)
    [step] = plan.steps
    assert contain.run(plan, step.action.key, contain.confirm(plan, DOMAIN)).status == "done"
    state = room.service.state()
    assert state["applications"] == {}
    assert one.principal not in state["service_principals"]
    assert not [g for g in state["grants"] if g["clientId"] == one.principal]
    assert registered(room.tenant, wanted) == []
    assert removal(room.case, room.tenant, wanted).steps == []
    assert room.case.verify() == []


def test_the_same_again_is_already_so_and_sends_nothing(room: Room) -> None:
    register(room, registration(room))
    sent = len(room.writes())
    again = creation(room.case, room.tenant, registration(room))
    assert again.calls == []
    assert [step.status for step in again.plan.steps] == ["done"] * 6
    assert len(room.writes()) == sent


def test_what_was_begun_elsewhere_goes_on_where_it_stands(room: Room) -> None:
    """After a crash between two steps, or from another case."""
    wanted = registration(room)
    begun = creation(room.case, room.tenant, wanted)
    contain.run(begun.plan, begun.plan.steps[0].action.key, contain.confirm(begun.plan, DOMAIN))
    rest = creation(room.case, room.tenant, wanted)
    assert [title.split(" ")[0] for title, _ in rest.calls] == ["Make", *["Consent"] * 4]
    register(room, wanted)
    assign_the_operator(room)
    assert registered(room.tenant, wanted)[0].as_wanted(room.case.clock())
    assert len(room.service.state()["applications"]) == 1


def test_all_calls_are_shown_before_the_yes_and_are_what_is_sent(room: Room) -> None:
    made = creation(room.case, room.tenant, registration(room, "containment"))
    shown = [(title, call.method, call.url.partition("/v1.0")[2], call.body) for title, call in made.calls]
    assert [(method, path) for _, method, path, _ in shown] == [
        ("POST", "/applications"),
        ("POST", "/servicePrincipals"),
        *[("POST", "/oauth2PermissionGrants")] * 4,
    ]
    assert shown[1][3] == {"appId": APP_ID, "appRoleAssignmentRequired": True}
    assert {body["clientId"] for *_, body in shown[2:] if body} == {PRINCIPAL}
    register(room, made.registration)
    [one] = registered(room.tenant, made.registration)
    sent = [r.call for r in contain.records(room.case) if r.status == "done"]
    filled = json.dumps([call["body"] for call in sent]).replace(one.app_id, APP_ID).replace(one.principal, PRINCIPAL)
    assert json.loads(filled) == [body for *_, body in shown]


def test_a_later_call_that_was_not_shown_is_not_sent(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.contain import registering

    made = creation(room.case, room.tenant, registration(room))
    asked = type(made.registration).permissions.fget  # type: ignore[attr-defined]

    def more(self: object) -> dict[str, list[str]]:
        found: dict[str, list[str]] = asked(self)
        return found | {"graph": [*found["graph"], "Application.ReadWrite.All"]}

    monkeypatch.setattr(type(made.registration), "permissions", property(more))
    with pytest.raises(PlanChanged, match="no longer the one that was shown"):
        registering.create(made, DOMAIN)
    assert not [g for g in room.service.state()["grants"] if "Application.ReadWrite.All" in g["scope"]]


def test_nothing_is_sent_without_the_domain(room: Room) -> None:
    from toolkit.contain.registering import create

    made = creation(room.case, room.tenant, registration(room))
    for typed in ("", "yes", DOMAIN.upper()):
        with pytest.raises(GuardRefused, match="exactly"):
            create(made, typed)
    assert room.writes() == []


def test_a_directory_that_is_slow_is_waited_for_and_no_second_application_is_made(room: Room) -> None:
    outcomes = register(room, registration(room))
    refused = [w["status"] for w in room.writes() if w["status"] >= 400]
    assert refused
    assert set(refused) <= {400, 404}
    assert {outcome.status for outcome in outcomes.values()} == {"done"}
    assert len(room.service.state()["applications"]) == 1
    assert room.naps


def test_each_step_of_a_registration_can_be_undone(room: Room, tmp_path: Path) -> None:
    wanted = registration(room, app_only=True)
    key = public(tmp_path)
    register(room, wanted, key)
    for _ in range(len(creation(room.case, room.tenant, wanted, key).plan.steps)):
        plan = creation(room.case, room.tenant, wanted, key).plan
        step = [s for s in plan.steps if s.undo is not None][-1]
        undone = contain.undo(plan, step.action.key, contain.confirm(plan, DOMAIN))
        assert undone.status == "done", undone.text
    state = room.service.state()
    assert state["applications"] == {}
    assert not [p for p in state["service_principals"].values() if p["displayName"] == wanted.name]
    # And it can be made anew after that.
    assert {o.status for o in register(room, wanted, key).values()} == {"done"}


def test_the_journal_names_each_step_so_that_it_can_be_found_again(room: Room, tmp_path: Path) -> None:
    register(room, registration(room, app_only=True), public(tmp_path))
    register(room, registration(room))
    for record in contain.records(room.case):
        again = action_named(record.action, json.loads(json.dumps(record.about)))
        assert again is not None, record.action
        assert (again.key, again.title) == (record.action, record.title)


def test_an_application_of_the_name_that_was_made_elsewhere_is_left_alone_until_somebody_names_it(room: Room) -> None:
    wanted = registration(room)
    register(room, wanted)
    room.service.change_behind(lambda state: [a.update(tags=[]) for a in state["applications"].values()])
    sent = len(room.writes())
    with pytest.raises(GuardRefused, match="did not make"):
        creation(room.case, room.tenant, wanted)
    with pytest.raises(GuardRefused, match="did not make"):
        removal(room.case, room.tenant, wanted)
    [one] = registered(room.tenant, wanted)
    assert not one.made_here
    with pytest.raises(GuardRefused, match="has the id"):
        removal(room.case, room.tenant, wanted, "11111111-2222-3333-4444-555555555555")
    assert len(room.writes()) == sent
    assert len(removal(room.case, room.tenant, wanted, one.app_id.upper()).steps) == 1


def test_of_several_with_the_name_none_is_touched(room: Room) -> None:
    wanted = registration(room)
    register(room, wanted)
    room.service.change_behind(
        lambda state: state["applications"].update(
            {"x": next(iter(state["applications"].values())) | {"id": "x", "appId": "y"}}
        )
    )
    for plan in (creation, removal):
        with pytest.raises(GuardRefused, match="2 applications are named"):
            plan(room.case, room.tenant, wanted)
    assert len(registered(room.tenant, wanted)) == 2
    assert len(removal(room.case, room.tenant, wanted, "y").steps) == 1


def test_what_is_missing_too_much_ended_or_a_secret_is_told(room: Room, tmp_path: Path) -> None:
    wanted = registration(room)
    register(room, wanted)
    [one] = registered(room.tenant, wanted)

    def meddle(state: dict[str, Any]) -> None:
        grant = next(g for g in state["grants"] if g["clientId"] == one.principal and "Domain.Read.All" in g["scope"])
        grant["scope"] = grant["scope"].replace("Domain.Read.All", "Mail.Read")
        next(iter(state["applications"].values()))["passwordCredentials"] = [{"keyId": "k"}]

    room.service.change_behind(meddle)
    [now] = registered(room.tenant, wanted)
    assert now.missing == ["Microsoft Graph: Domain.Read.All"]
    assert now.too_many == ["Microsoft Graph: Mail.Read"]
    assert now.secrets == 1
    assert not now.as_wanted(room.case.clock())
    with pytest.raises(GuardRefused, match=r"lacks Domain\.Read\.All of Microsoft Graph"):
        creation(room.case, room.tenant, wanted)

    alone = registration(room, app_only=True)
    register(room, alone, public(tmp_path))
    room.service.change_behind(
        lambda state: [
            key.update(endDateTime="2026-01-01T00:00:00Z")
            for app in state["applications"].values()
            for key in app["keyCredentials"]
        ]
    )
    assert not registered(room.tenant, alone)[0].as_wanted(room.case.clock())


def test_what_the_tenant_does_not_offer_is_left_out_and_said(room: Room) -> None:
    def without(state: dict[str, Any]) -> None:
        rows = state["service_principals"]
        for key in [k for k, row in rows.items() if row["displayName"] == "Office 365 Management APIs"]:
            del rows[key]

    room.service.change_behind(without)
    made = creation(room.case, room.tenant, registration(room))
    assert made.notes == ["Office 365 Management APIs offers no ActivityFeed.Read in this tenant."]
    assert {o.status for o in register(room, registration(room)).values()} == {"done"}
    assert registered(room.tenant, registration(room))[0].missing == ["Office 365 Management APIs: ActivityFeed.Read"]


def test_an_app_on_its_own_needs_a_certificate_and_of_its_file_only_the_public_part_is_taken(
    room: Room, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="--certificate"):
        creation(room.case, room.tenant, registration(room, app_only=True))
    with pytest.raises(UsageError, match="--certificate"):
        creation(room.case, room.tenant, registration(room), public(tmp_path))
    file = certificate_file(tmp_path / "app.pem")
    register(room, registration(room, app_only=True), public_part(file, room.case.clock()))
    [secret] = [part for part in file.read_text().split("-----") if len(part) > 1500]
    line = secret.strip().splitlines()[-3].encode()  # the first lines hold the public modulus too
    kept = [p for p in room.case.folder.rglob("*") if p.is_file() and line in p.read_bytes()]
    assert kept == []

    now = room.case.clock()
    with pytest.raises(SignInFailed, match="ran out on"):
        public_part(certificate_file(tmp_path / "old.pem", days=-1), now)
    several = tmp_path / "two.pem"
    several.write_bytes(file.read_bytes() + certificate_file(tmp_path / "b.pem", key_too=False).read_bytes())
    with pytest.raises(SignInFailed, match="several"):
        public_part(several, now)
    (tmp_path / "no.cer").write_bytes(b"nothing")
    with pytest.raises(SignInFailed, match="no certificate"):
        public_part(tmp_path / "no.cer", now)


def test_without_the_permission_it_is_refused_and_nothing_is_left_half(room: Room) -> None:
    room.service.withhold("Application.ReadWrite.All", "Directory.ReadWrite.All")
    outcomes = register(room, registration(room))
    assert [outcome.status for outcome in outcomes.values()] == ["refused"]
    assert room.service.state()["applications"] == {}


def test_a_lost_answer_makes_no_second_application(room: Room) -> None:
    wanted = registration(room)
    room.service.drop_next("POST /v1.0/applications", done_before=True)
    outcomes = register(room, wanted)
    assert next(iter(outcomes.values())).status == "done"
    register(room, wanted)
    assert len(room.service.state()["applications"]) == 1


def test_what_was_taken_a_moment_ago_and_is_not_seen_yet_is_not_sent_again(room: Room) -> None:
    wanted = registration(room)
    room.service.delay_next_change(seconds=600)
    made = creation(room.case, room.tenant, wanted)
    plan, key = made.plan, made.plan.steps[0].action.key
    assert contain.run(plan, key, contain.confirm(plan, DOMAIN), patience=5).status == "sent, not yet visible"
    outcomes = register(room, wanted)
    assert [o.status for o in outcomes.values()] == ["sent, not yet visible"]
    room.sleep(700)
    register(room, wanted)
    assert len(room.service.state()["applications"]) == 1
    assign_the_operator(room)
    assert registered(room.tenant, wanted)[0].as_wanted(room.case.clock())


def test_only_the_permissions_to_register_are_asked_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(type(room.tenant.tokens), "widen", lambda self, purpose: asked.append(purpose))
    registered(room.tenant, registration(room))
    creation(room.case, room.tenant, registration(room))
    assert asked == []
    register(room, registration(room))
    assert set(asked) == {"registration"}


def test_a_plan_file_is_approved_by_its_digest(room: Room, tmp_path: Path) -> None:
    made = creation(room.case, room.tenant, registration(room))
    digest = contain.write_plan(made.plan, tmp_path / "plan.json")
    told = contain.read_plan(tmp_path / "plan.json")
    plan = contain.approved_plan(room.case, room.tenant, told, digest)
    yes = contain.confirm(plan, DOMAIN)
    assert isinstance(plan.steps[0].action, CreateApplication)
    assert contain.run(plan, plan.steps[0].action.key, yes).status == "done"
