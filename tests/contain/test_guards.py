"""Who is refused, and why; which tenant a case may act in; who may run at all."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import BREAK_GLASS, DOMAIN, FEDERATED, GUEST, OPERATOR, SYNCED, VICTIM, Room
from toolkit import contain
from toolkit.case import Case, open_case
from toolkit.contain.guards import BREAK_GLASS_FILE
from toolkit.contain.runlock import running
from toolkit.errors import CaseBusy, GuardRefused, PlanChanged, UsageError, WriteRefused
from toolkit.tenant import connect


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (OPERATOR, "signed in with"),
        ("nobody@contoso.com", "no account named"),
    ],
)
def test_accounts_that_cannot_be_changed_here_are_refused_with_the_reason(room: Room, user: str, reason: str) -> None:
    with pytest.raises(GuardRefused, match=reason):
        room.plan(user)
    assert room.writes() == []


def test_emergency_access_accounts_are_refused_by_file_by_setting_and_by_argument(room: Room) -> None:
    with pytest.raises(GuardRefused, match="emergency-access list"):
        room.plan(BREAK_GLASS, emergency=[BREAK_GLASS.upper()])
    room.case.about["break_glass"] = [BREAK_GLASS]
    with pytest.raises(GuardRefused, match="emergency-access list"):
        room.plan(BREAK_GLASS)
    del room.case.about["break_glass"]
    file = room.case.folder / BREAK_GLASS_FILE
    file.write_text(f"# never touch\n{room.user()['id']}  # by id\n")
    with pytest.raises(GuardRefused, match="emergency-access list"):
        room.plan(VICTIM)


@pytest.mark.parametrize(
    ("user", "first", "by_hand"),
    [
        (
            SYNCED,
            ["block-sign-in", "reset-password-writeback", "revoke-sessions"],
            "synchronised from Active Directory",
        ),
        (FEDERATED, ["block-sign-in", "revoke-sessions"], "federated identity provider"),
        (GUEST, ["block-sign-in"], "is a guest"),
    ],
)
def test_each_kind_of_identity_has_its_own_branch_and_says_what_is_done_elsewhere(
    room: Room, user: str, first: list[str], by_hand: str
) -> None:
    plan = contain.stop_plan(room.case, room.tenant, user)
    assert [step.action.key for step in plan.steps] == first
    assert any(by_hand in text for text in plan.by_hand)
    assert any(by_hand in text for text in room.plan(user).by_hand)
    assert room.writes() == []


GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
APPLICATION, GROUP = "aaaaaaaa-1111-4111-8111-111111111111", "bbbbbbbb-2222-4222-8222-222222222222"


def give_role(room: Room, *holders: str, role: str = GLOBAL_ADMINISTRATOR) -> None:
    """These objects hold the role, and the accounts that held it before cannot sign in."""

    def change(state: dict[str, Any]) -> None:
        held = [row for row in state["role_assignments"] if row["roleDefinitionId"] == role]
        for row in [row for row in held if row["principalId"] in state["users"]]:
            state["users"][row["principalId"]]["accountEnabled"] = False
        state["role_assignments"] += [
            {"id": f"made-{n}", "principalId": holder, "directoryScopeId": "/", "roleDefinitionId": role}
            for n, holder in enumerate(holders)
        ]

    room.service.change_behind(change)


def group_of(room: Room, *members: str) -> None:
    def change(state: dict[str, Any]) -> None:
        like = next(iter(state["groups"].values()))
        state["groups"][GROUP] = like | {"id": GROUP, "isAssignableToRole": True, "_members": list(members)}

    room.service.change_behind(change)


def test_an_application_that_holds_the_role_is_nobody_who_could_sign_in(room: Room) -> None:
    give_role(room, APPLICATION, room.user()["id"])
    with pytest.raises(GuardRefused, match="last Global Administrator"):
        room.plan()
    with pytest.raises(GuardRefused, match="last Global Administrator"):
        contain.stop_plan(room.case, room.tenant, VICTIM)
    give_role(room, room.user("ana.petrovic@contoso.com")["id"])
    room.change_user(accountEnabled=True)
    assert room.plan().steps


def test_the_members_of_a_group_that_holds_the_role_count_and_may_be_the_last_themselves(room: Room) -> None:
    ana = room.user("ana.petrovic@contoso.com")["id"]
    group_of(room, ana)
    give_role(room, GROUP, room.user()["id"])
    assert room.plan().steps
    group_of(room)
    with pytest.raises(GuardRefused, match="last Global Administrator"):
        room.plan()
    room.service.change_behind(lambda state: state["role_assignments"].pop())
    group_of(room, room.user()["id"])
    with pytest.raises(GuardRefused, match="last Global Administrator"):
        room.plan()


def test_where_the_holders_cannot_be_read_it_is_not_refused_and_never_silent(room: Room) -> None:
    room.service.fail_next("roleAssignments", status=403)
    notes = contain.stop_plan(room.case, room.tenant, VICTIM).notes
    assert [n for n in notes if "last Global Administrator" in n and "403" in n]
    give_role(room, GROUP, room.user()["id"])
    group_of(room)
    room.service.fail_next(f"{GROUP}/members", status=403)
    notes = room.plan().notes
    assert [n for n in notes if "last Global Administrator" in n and "403" in n]


def test_somebody_who_has_another_role_is_not_asked_about(room: Room) -> None:
    assert not any("Global Administrator" in note for note in room.plan().notes)


def test_an_account_that_is_synchronised_and_federated_is_to_be_taken_care_of_in_both_places(room: Room) -> None:
    federated = room.user(FEDERATED)["id"]
    room.service.change_behind(lambda state: state["users"][federated].update(onPremisesSyncEnabled=True))
    told = contain.stop_plan(room.case, room.tenant, FEDERATED).by_hand
    assert [t for t in told if "Active Directory" in t and "disable the account there too" in t]
    assert [t for t in told if "identity provider" in t and "end its sessions there" in t and "reset" in t]
    [only] = contain.stop_plan(room.case, room.tenant, SYNCED).by_hand
    assert "identity provider" not in only


@pytest.mark.parametrize("key", ["block-sign-in", "reset-password"])
def test_an_administrators_account_needs_a_role_that_reaches_it_and_the_refusal_names_it(room: Room, key: str) -> None:
    room.service.give_roles(USER_ADMINISTRATOR)
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    outcome = contain.run(plan, key, contain.confirm(plan, VICTIM), show_secret=room.show)
    assert outcome.status == "refused"
    assert "403" in outcome.text
    assert "Privileged Authentication Administrator" in outcome.text
    assert room.shown == []
    ana = "ana.petrovic@contoso.com"
    plan = contain.stop_plan(room.case, room.tenant, ana)
    assert contain.run(plan, key, contain.confirm(plan, ana), show_secret=room.show).status == "done"
    room.service.give_roles("7be44c8a-adaf-4e2a-84d6-ab2649e08a13")
    plan = contain.stop_plan(room.case, room.tenant, VICTIM)
    assert contain.run(plan, key, contain.confirm(plan, VICTIM), show_secret=room.show).status == "done"


def test_methods_of_an_administrator_need_that_role_too(room: Room) -> None:
    room.service.give_roles(USER_ADMINISTRATOR)
    plan = room.plan()
    key = next(o.action.key for o in plan.offers if o.action.kind == "remove-method")
    plan = room.plan(chosen=[key])
    outcome = contain.run(plan, key, contain.confirm(plan, VICTIM))
    assert outcome.status == "refused"
    assert "for an administrator's account Privileged Authentication Administrator" in outcome.text


def test_a_guard_that_begins_to_hold_after_the_preview_still_stops_the_run(room: Room) -> None:
    plan, yes = room.confirmed()
    plan.break_glass = frozenset({VICTIM})
    with pytest.raises(GuardRefused, match="emergency-access list"):
        contain.run(plan, "block-sign-in", yes)
    assert room.writes() == []


def test_a_case_of_an_unknown_tenant_waits_for_the_typed_domain(unconfirmed_room: Room) -> None:
    room = unconfirmed_room
    with pytest.raises(GuardRefused, match=r"Type contoso\.com"):
        room.plan()
    with pytest.raises(GuardRefused, match=r"type contoso\.com exactly"):
        contain.confirm_tenant(room.case, room.tenant, "contoso.org")
    contain.confirm_tenant(room.case, room.tenant, DOMAIN)
    assert room.plan().steps
    [entry] = room.case.journal.entries("containment.tenant-confirmed")
    assert entry.fields["domain"] == DOMAIN


def test_evidence_of_another_tenant_asks_and_evidence_of_this_one_does_not(
    unconfirmed_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = unconfirmed_room
    other = "11111111-2222-3333-4444-555555555555"
    monkeypatch.setattr(Case, "tenant_ids", property(lambda case: [other]))
    question = contain.tenant_question(room.case, room.tenant)
    assert question is not None
    assert other in question
    monkeypatch.setattr(Case, "tenant_ids", property(lambda case: [other, room.tenant.tenant_id.upper()]))
    assert contain.tenant_question(room.case, room.tenant) is None


def test_a_case_of_files_gets_the_plan_and_no_way_to_run_it(tmp_path: Path) -> None:
    case = open_case(tmp_path / "files")
    plan = contain.outline(case, VICTIM)
    assert len(plan.steps) >= 5
    assert not any(step.can_run for step in plan.steps)
    assert f"https://graph.microsoft.com/v1.0/users/{VICTIM}" in contain.call_text(plan.steps[0].call)
    with pytest.raises(GuardRefused, match="no live tenant"):
        contain.confirm(plan, VICTIM)
    with pytest.raises(UsageError, match="never mixed"):
        connect(case)
    assert {door.state for door in contain.doors(case, None, plan.target)} == {"not checked"}
    case.close()


@pytest.mark.parametrize("typed", ["", "Katrin.Vogel@contoso.com", "katrin.vogel@contoso.com ", "yes"])
def test_the_name_has_to_be_typed_exactly(room: Room, typed: str) -> None:
    with pytest.raises(GuardRefused, match="exactly"):
        contain.confirm(room.plan(), typed)


def test_a_confirmation_covers_one_plan_for_an_hour(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, yes = room.confirmed()
    other = room.plan("ana.petrovic@contoso.com")
    with pytest.raises(PlanChanged, match="type it again"):
        contain.run(other, "block-sign-in", yes)
    late = datetime.now(UTC) + timedelta(minutes=61)
    monkeypatch.setattr(room.case, "clock", lambda: late)
    with pytest.raises(PlanChanged, match="too long ago"):
        contain.run(plan, "block-sign-in", yes)
    assert room.writes() == []


def test_a_state_that_changed_since_the_preview_stops_the_run(room: Room) -> None:
    plan, yes = room.confirmed()
    room.change_user(lastPasswordChangeDateTime="2026-09-18T13:59:58Z")
    with pytest.raises(PlanChanged, match="lastPasswordChangeDateTime was"):
        contain.run(plan, "reset-password", yes, show_secret=room.show)
    rule = room.rules()["."]["RuleIdentity"]
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    next(r for r in rules if r["RuleIdentity"] == rule)["MoveToFolder"] = "Inbox"
    with pytest.raises(PlanChanged, match="MoveToFolder was"):
        contain.run(plan, room.rule_key("."), yes)
    room.change_user(userPrincipalName="katrin.meier@contoso.com")
    with pytest.raises(PlanChanged, match=r"now named katrin\.meier"):
        contain.run(plan, "block-sign-in", yes)
    assert room.writes() == []
    assert room.shown == []


def test_an_account_without_a_mailbox_can_still_be_blocked(room: Room) -> None:
    plan = room.plan(BREAK_GLASS)
    keys = [step.action.key for step in plan.steps]
    assert {"block-sign-in", "reset-password", "revoke-sessions", "require-mfa"} <= set(keys)
    assert not any(key.startswith("disable-inbox-rule") for key in keys)
    assert any("Inbox rules could not be read" in note for note in plan.notes)


def test_a_missing_role_for_one_step_does_not_stop_the_others(room: Room) -> None:
    room.service.fail_next("authentication/requirements", status=403)
    plan = room.plan()
    step = plan.step("require-mfa")
    assert (step.status, step.can_run) == ("cannot be read", False)
    assert "403" in step.problem
    assert contain.run(plan, "block-sign-in", contain.confirm(plan, VICTIM)).status == "done"


def test_only_the_confirmation_issues_approvals() -> None:
    package = Path(contain.__file__).parents[1]
    callers = {p.name for p in package.rglob("*.py") if "gate.issue(" in p.read_text("utf-8")}
    assert callers == {"confirm.py"}


def test_a_confirmation_does_not_approve_a_call_that_is_not_in_the_plan(room: Room) -> None:
    plan, yes = room.confirmed()
    other = room.plan("ana.petrovic@contoso.com").step("block-sign-in").call
    with pytest.raises(PlanChanged, match="not part of the plan"):
        yes.approve(plan, other)
    with pytest.raises(WriteRefused):
        room.tenant.session.write(other, None)


def test_a_second_kernel_is_told_who_runs_what_and_since_when(room: Room) -> None:
    other = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(room.case.folder),))
    other.start()
    try:
        holder = room.case.folder / "containment.running.json"
        for _ in range(200):
            if holder.exists():
                break
            other.join(0.1)
        plan, yes = room.confirmed()
        with pytest.raises(CaseBusy, match=r"other@contoso\.com is running “Reset” on this case since 20"):
            contain.run(plan, "block-sign-in", yes)
        assert room.writes() == []
    finally:
        other.terminate()
        other.join()
    assert contain.run(plan, "block-sign-in", yes).status == "done"


def _hold(folder: str) -> None:
    import time

    with running(open_case(folder), "other@contoso.com", "Reset"):
        time.sleep(60)
