"""Every repair of auditing on the practice tenant: done, read back, not repeated, undone, and recorded there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contain.room import DOMAIN, OPERATOR, VICTIM, Room
from toolkit import contain, harden
from toolkit.contain import Plan
from toolkit.contain.actions import action_named
from toolkit.contain.actions.auditing import (
    AuditMailbox,
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    RestoreAuditActions,
    RestoreAuditAge,
)
from toolkit.errors import GuardRefused, PlanChanged
from toolkit.harden.auditing import AUDIT_KINDS

FELIX, SOFIA = "felix.brandt@contoso.com", "sofia.marin@contoso.com"
EVERY = ["Admin", "Delegate", "Owner"]


def switched_off(state: dict[str, Any]) -> None:
    """As somebody left it, unseen by the log: both of the organisation's switches off."""
    state["organization_config"]["AuditDisabled"] = True
    state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"] = False


@pytest.fixture
def badly(room: Room) -> Room:
    """The scenario's tenant, with the two switches off as well."""
    room.service.change_behind(switched_off)
    return room


def report_of(room: Room) -> harden.AuditingReport:
    return harden.auditing(room.case, harden.read_state(room.case, room.tenant))


def planned(room: Room) -> Plan:
    return harden.hardening_plan(room.case, room.tenant, harden.audit_repairs(report_of(room)), kinds=AUDIT_KINDS)


def box(room: Room, name: str) -> dict[str, Any]:
    boxes = room.service.state()["mailboxes"].values()
    return next(dict(b) for b in boxes if b["UserPrincipalName"] == name)


def setting(room: Room, key: str) -> Any:
    """What the tenant itself has, of the setting that an action of this kind changes."""
    state, victim = room.service.state(), box(room, VICTIM)
    return {
        AuditOrganisation.kind: state["organization_config"]["AuditDisabled"],
        AuditUnifiedLog.kind: state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"],
        EndAuditBypass.kind: [r["UserPrincipalName"] for r in state["audit_bypass"] if r.get("AuditBypassEnabled")],
        AuditMailbox.kind: box(room, FELIX)["AuditEnabled"],
        RestoreAuditActions.kind: (victim["DefaultAuditSet"], "MailItemsAccessed" in victim["AuditOwner"]),
        RestoreAuditAge.kind: box(room, SOFIA)["AuditLogAgeLimit"],
    }[key.partition(":")[0]]


# kind, what the tenant has before and after, the cmdlet, whose permission is asked for
REPAIRS = [
    (AuditOrganisation.kind, True, False, "Set-OrganizationConfig"),
    (AuditUnifiedLog.kind, False, True, "Set-AdminAuditLogConfig"),
    (EndAuditBypass.kind, [VICTIM], [], "Set-MailboxAuditBypassAssociation"),
    (AuditMailbox.kind, False, True, "Set-Mailbox"),
    (RestoreAuditActions.kind, (["Admin", "Delegate"], False), (EVERY, True), "Set-Mailbox"),
    (RestoreAuditAge.kind, "30.00:00:00", "90.00:00:00", "Set-Mailbox"),
]


@pytest.mark.parametrize(("kind", "before", "after", "cmdlet"), REPAIRS)
def test_a_repair_does_is_read_back_is_not_repeated_and_is_undone(
    badly: Room, kind: str, before: Any, after: Any, cmdlet: str
) -> None:
    plan = planned(badly)
    (step,) = [s for s in plan.steps if s.action.kind == kind]
    key = step.action.key
    assert step.status == "to do"
    assert setting(badly, key) == before
    assert badly.writes() == []

    yes = contain.confirm(plan, DOMAIN)
    done = contain.run(plan, key, yes)
    assert (done.status, setting(badly, key)) == ("done", after)
    assert contain.run(plan, key, yes).status == "already so"
    assert [line["cmdlet"] for line in badly.writes()] == [cmdlet]
    recorded = badly.service.state()["audit"]
    assert [(record["Operation"], record["UserId"]) for record in recorded] == [(cmdlet, OPERATOR)]

    again = planned(badly)
    assert next(s for s in again.steps if s.action.key == key).status == "done"
    undone = contain.undo(again, key, contain.confirm(again, DOMAIN))
    assert (undone.status, setting(badly, key)) == ("done", before)
    assert len(badly.writes()) == 2

    (left,) = [s for s in planned(badly).steps if s.action.kind == kind]
    assert left.status == "to do"


def test_all_of_them_make_the_table_whole_and_the_gaps_end_where_they_were_run(badly: Room) -> None:
    before = report_of(badly)
    assert before.sentence.startswith("Off for everybody: mailbox auditing, searchable audit log.")
    plan = planned(badly)
    yes = contain.confirm(plan, DOMAIN)
    for step in plan.steps:
        assert contain.run(plan, step.action.key, yes).status == "done"

    after = report_of(badly)
    assert after.sentence == "Auditing is on for the organisation, and whole for 8 mailboxes."
    assert harden.audit_repairs(after) == []
    said = after.trust(VICTIM)
    assert said.startswith("Yes, as it was read on ")
    assert f"Logging of what {VICTIM} does in mailboxes was off until 2026-09-18 14:00 UTC; since when is not" in said
    assert "Mailbox auditing of the whole organisation was off until 2026-09-18 14:00 UTC" in said
    assert "does not look back" in said
    assert set(after.gaps.ended_by) == {OPERATOR}
    assert set(after.gaps.still) == {False}
    assert set(after.gaps.how) == {"this case's journal has the repair"}


def test_an_undone_repair_is_a_new_gap(room: Room) -> None:
    for turn in ("run", "undo"):
        plan = planned(room)
        (key,) = [s.action.key for s in plan.steps if s.action.kind == EndAuditBypass.kind]
        yes = contain.confirm(plan, DOMAIN)
        assert (contain.run(plan, key, yes) if turn == "run" else contain.undo(plan, key, yes)).status == "done"
        room.service.clock.advance(60)
    gaps = report_of(room).gaps_of(VICTIM)
    mine = gaps[gaps.topic == "bypass"]
    # To the minute: how many seconds a call takes depends on the machine.
    assert [(pd_none(g.since), pd_none(g.until), g.still) for g in mine.itertuples()] == [
        (None, "14:00", False),
        ("14:01", None, True),
    ]


def pd_none(time: Any) -> str | None:
    return None if time != time else f"{time:%H:%M}"


def test_the_log_switch_is_routed_to_its_own_mailbox(badly: Room) -> None:
    plan = harden.hardening_plan(badly.case, badly.tenant, [AuditUnifiedLog()])
    headers = plan.steps[0].call.headers
    assert headers["X-AnchorMailbox"] == (
        f"APP:SystemMailbox{{8cc370d3-822a-4ab8-a926-bb94bd0641a9}}@{badly.tenant.tenant_id}"
    )
    assert "-UnifiedAuditLogIngestionEnabled:$true" in contain.call_text(plan.steps[0].call)


def test_lists_made_by_hand_are_warned_of_and_come_back_as_they_were(room: Room) -> None:
    mine = box(room, VICTIM)
    action = RestoreAuditActions(mine["ExternalDirectoryObjectId"], VICTIM)
    plan = harden.hardening_plan(room.case, room.tenant, [action])
    step = plan.steps[0]
    assert step.before is not None
    assert action.warnings(step.before.values) == [
        "The lists made by hand (owner) are replaced. They are stored, and undo puts them back."
    ]
    assert action.before(step.before.values) == "lists made by hand – owner: MailboxLogin"
    assert '-DefaultAuditSet "Admin","Delegate","Owner"' in contain.call_text(step.call)
    contain.run(plan, action.key, contain.confirm(plan, DOMAIN))
    plan = harden.hardening_plan(room.case, room.tenant, [action])
    contain.undo(plan, action.key, contain.confirm(plan, DOMAIN))
    assert box(room, VICTIM)["AuditOwner"] == mine["AuditOwner"]
    assert box(room, VICTIM)["DefaultAuditSet"] == mine["DefaultAuditSet"]


def test_without_the_domain_nothing_is_sent(badly: Room) -> None:
    plan = planned(badly)
    with pytest.raises(GuardRefused, match=r"Type contoso\.com exactly"):
        contain.confirm(plan, VICTIM)
    assert badly.writes() == []


def test_what_somebody_else_changed_meanwhile_stops_the_step(room: Room) -> None:
    plan = planned(room)
    (key,) = [s.action.key for s in plan.steps if s.action.kind == RestoreAuditAge.kind]
    identity = key.partition(":")[2]
    room.service.change_behind(lambda state: state["mailboxes"][identity].update(AuditLogAgeLimit="7.00:00:00"))
    with pytest.raises(PlanChanged, match="AuditLogAgeLimit"):
        contain.run(plan, key, contain.confirm(plan, DOMAIN))
    assert room.writes() == []


def test_a_missing_role_stops_its_own_row_and_step_only(badly: Room) -> None:
    badly.service.withhold("Get-OrganizationConfig", "Get-MailboxAuditBypassAssociation")
    report = report_of(badly)
    unread = {row.check for row in report.rows if row.verdict == "not checked" and row.scope == "everybody"}
    assert unread == {"mailbox auditing", "accounts left out", "resource and public-folder mailboxes"}
    assert {a.kind for a in harden.audit_repairs(report)} == {
        *(AuditUnifiedLog.kind, AuditMailbox.kind, RestoreAuditActions.kind, RestoreAuditAge.kind),
    }


def test_a_journal_makes_the_same_actions_again() -> None:
    for action in (
        *(AuditOrganisation(), AuditUnifiedLog()),
        *(kind("x", VICTIM) for kind in (EndAuditBypass, AuditMailbox, RestoreAuditActions, RestoreAuditAge)),
    ):
        again = action_named(action.key, action.about)
        assert again is not None
        assert (again.key, again.title, again.about) == (action.key, action.title, action.about)
        assert action.kind in AUDIT_KINDS
