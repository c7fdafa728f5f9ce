"""The whole plan on the practice tenant: the write log is the journal; the way back; trouble on the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.contain.actions.flow import UnblockSender
from toolkit.errors import CaseBusy, GuardRefused, ToolkitError

INSIDE = contain.Suspicion(since=datetime(2026, 9, 15, tzinfo=UTC))


def carry_out(room: Room, *, also: tuple[str, ...] = ()) -> dict[str, str]:
    """Everything suggested, and the things of the kinds `also`; returns the outcome of each step."""
    plan = room.plan(suspicion=INSIDE)
    if also:
        keys = [*plan.chosen, *(o.action.key for o in plan.offers if o.action.kind in also)]
        plan = room.plan(chosen=keys, suspicion=INSIDE)
    yes = contain.confirm(plan, VICTIM)
    if plan.hits_everybody:
        yes.extend(plan, room.tenant.domain)
    said = {}
    for step in plan.steps:
        try:
            said[step.action.key] = contain.run(plan, step.action.key, yes, show_secret=room.show).status
        except ToolkitError as error:
            said[step.action.key] = f"refused: {error}"
    return said


def test_every_request_that_changed_the_tenant_is_in_the_journal_line_by_line(room: Room) -> None:
    said = carry_out(room)
    assert set(said.values()) <= {"done", "already so"}, said
    sent = [e.fields for e in room.case.journal.entries("containment.sending")]
    writes = room.writes()
    assert [w["client_request_id"] for w in writes] == [e["run"] for e in sent]
    for write, entry in zip(writes, sent, strict=True):
        assert write["method"] == entry["call"]["method"]
        assert entry["call"]["url"].split("?")[0].endswith(write["path"])
    assert len(writes) >= 15


OWNER_SAYS = (
    "remove-full-access", "remove-send-as", "remove-send-on-behalf", "remove-folder-right", "remove-ownership",
    "leave-group", "distrust-sender", "unblock-correspondent", "disable-app", "disable-transport-rule",
    "disable-inbound-connector",
)  # fmt: skip


def test_with_what_the_owner_says_nothing_of_the_intruder_is_left_but_what_is_done_by_hand(room: Room) -> None:
    said = carry_out(room, also=OWNER_SAYS)
    assert set(said.values()) <= {"done", "already so"}, said
    left = {"full access elsewhere", "signature", "auditing bypassed", "audited acts cut", "restricted from sending"}
    assert set(room.service.traces()) == left


def test_the_way_back_is_a_new_password_a_pass_and_sign_in_and_last_of_all_the_restricted_sender(room: Room) -> None:
    carry_out(room, also=("disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector"))
    plan = contain.make_return_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    kinds = [s.action.kind for s in plan.steps]
    assert kinds == ["reset-password", "revoke-sessions-again", "issue-access-pass", "give-back"]
    yes = contain.confirm(plan, VICTIM)
    room.shown.clear()
    for step in plan.steps:
        outcome = contain.run(plan, step.action.key, yes, show_secret=room.show)
        assert outcome.status == "done", outcome.text
    assert room.user()["accountEnabled"] is True
    password, given = room.shown
    assert len(password) == 24
    assert len(given) >= 6
    files = [p for p in room.case.folder.rglob("*") if p.is_file()]
    ours = [p for p in files if p.relative_to(room.case.folder).parts[0] != "practice"]
    assert [p for p in ours if given.encode() in p.read_bytes() or password.encode() in p.read_bytes()] == []
    sender = contain.make_sender_plan(room.case, room.tenant, VICTIM, suspicion=INSIDE)
    [step] = sender.steps
    assert contain.run(sender, step.action.key, contain.confirm(sender, VICTIM)).status == "done"
    assert not room.tenant.exchange.read("Get-BlockedSenderAddress", {}, VICTIM).rows


def test_unblocking_says_that_it_is_rationed_and_takes_the_address_from_the_list(room: Room) -> None:
    [row] = room.tenant.exchange.read("Get-BlockedSenderAddress", {}, VICTIM).rows
    action = UnblockSender(row["SenderAddress"])
    assert "rationed" in action.warnings({})[0]
    call = action.call(room.tenant.cloud, contain.resolve(room.tenant, VICTIM))
    assert call.body is not None
    assert call.body["CmdletInput"]["Parameters"]["SenderAddress"] == row["SenderAddress"]


def test_where_both_forwarding_fields_cannot_be_cleared_at_once_the_outside_one_goes_alone(room: Room) -> None:
    mailbox = room.service._store.state["mailboxes"][room.user()["id"]]
    mailbox["ForwardingAddress"] = "somebody.inside"
    room.service.refuse_next("Set-Mailbox", "The operation could not be performed.")
    assert room.run("clear-forwarding").status == "refused"
    plan = room.plan(suspicion=INSIDE)
    assert "clear-outside-forwarding" in [s.action.key for s in plan.steps]
    yes = contain.confirm(plan, VICTIM)
    assert contain.run(plan, "clear-outside-forwarding", yes).status == "done"
    assert not mailbox["ForwardingSmtpAddress"]
    assert mailbox["ForwardingAddress"]
    keys = [step.action.key for step in plan.steps]
    assert keys.index("clear-outside-forwarding") < keys.index("clear-forwarding")


def test_a_whole_device_wipe_is_never_worded() -> None:
    from tests.needs import ROOT

    code = "".join(p.read_text("utf-8") for p in (ROOT / "toolkit" / "contain").rglob("*.py"))
    assert '"Clear-MobileDevice"' not in code


def test_a_run_is_told_to_whoever_comes_second(room: Room) -> None:
    from toolkit.contain.runlock import running

    plan = room.plan()
    yes = contain.confirm(plan, VICTIM)
    with (
        running(room.case, "second@contoso.com", "Block sign-in"),
        pytest.raises(CaseBusy, match=r"second@contoso\.com"),
    ):
        contain.run(plan, "block-sign-in", yes)


def test_the_last_global_administrator_who_can_sign_in_is_not_blocked(room: Room) -> None:
    role = "62e90394-69f5-4237-9190-012177145e10"
    rows = room.tenant.graph.rows("/roleManagement/directory/roleAssignments").rows
    holders = {row["principalId"] for row in rows if row["roleDefinitionId"] == role}
    users = room.service._store.state["users"]
    operator = room.tenant.operator.object_id
    others = [u for i, u in users.items() if i in holders and i != operator]
    assert others, "the practice tenant has a second Global Administrator"
    last = others[0]
    for user_id, user in users.items():
        if user_id in holders and user is not last:
            user["accountEnabled"] = False
    with pytest.raises(GuardRefused, match="last Global Administrator"):
        room.plan(last["userPrincipalName"])


def test_an_inside_forward_that_is_mastered_on_premises_is_said(room: Room) -> None:
    from tests.contain.room import SYNCED

    mailbox = room.service._store.state["mailboxes"][room.user(SYNCED)["id"]]
    mailbox["ForwardingAddress"] = "somebody.inside"
    [offer] = [o for o in room.plan(SYNCED).offers if o.action.key == "clear-forwarding"]
    assert "altRecipient in Active Directory" in offer.why
    mailbox |= {"ForwardingAddress": None, "ForwardingSmtpAddress": "smtp:x@outside.example"}
    [offer] = [o for o in room.plan(SYNCED).offers if o.action.key == "clear-forwarding"]
    assert "altRecipient" not in offer.why
