"""The practice tenant's own log of what changed it is the journal, line by line: address, cmdlet, body."""

from __future__ import annotations

from typing import Any

from tests.contain.room import DOMAIN, VICTIM, Room
from tests.contain.test_every_action import INSIDE
from toolkit import contain
from toolkit.practice.request_lines import HIDDEN
from toolkit.tenant.gate import PLACEHOLDER

LEFT_TO_THE_OWNER = (
    "hold-mail", "remove-full-access", "remove-send-as", "remove-send-on-behalf", "remove-folder-right",
    "remove-ownership", "leave-group", "distrust-sender", "unblock-correspondent", "confirm-compromised",
    "disable-app", "disable-transport-rule", "disable-inbound-connector", "disable-outbound-connector", "signature-off",
)  # fmt: skip


def held_against_the_log(room: Room) -> int:
    """Compare each entry before a call with the line of the log that it led to; returns how many there are."""
    sent = [entry.fields for entry in room.case.journal.entries("containment.sending")]
    writes = room.writes()
    assert [w["client_request_id"] for w in writes] == [e["run"] for e in sent]
    for write, entry in zip(writes, sent, strict=True):
        call = entry["call"]
        assert write["method"] == call["method"]
        assert call["url"].split("?")[0].endswith(write["path"])
        assert with_placeholder(write["body"]) == call["body"], entry["action"]
        asked = (call["body"] or {}).get("CmdletInput", {})
        assert write["cmdlet"] == asked.get("CmdletName")
    return len(writes)


def with_placeholder(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: with_placeholder(inner) for name, inner in value.items()}
    return PLACEHOLDER if value == HIDDEN else value


def test_every_change_is_in_the_journal_with_its_very_body_plan_undo_and_way_back(room: Room) -> None:
    plan = room.plan(suspicion=INSIDE)
    chosen = [*plan.chosen, *(o.action.key for o in plan.offers if o.action.kind in LEFT_TO_THE_OWNER)]

    def planned() -> tuple[contain.Plan, contain.Confirmation]:
        plan = room.plan(chosen=chosen, suspicion=INSIDE)
        yes = contain.confirm(plan, VICTIM)
        yes.extend(plan, DOMAIN)
        return plan, yes

    def run_all(plan: contain.Plan, yes: contain.Confirmation) -> set[str]:
        return {contain.run(plan, key, yes, show_secret=room.show).status for key in plan.order}

    assert run_all(*planned()) <= {"done", "already so"}
    done = held_against_the_log(room)
    assert done >= 35

    plan, yes = planned()
    back = [step.action.key for step in plan.steps if step.undo is not None]
    assert {contain.undo(plan, key, yes).status for key in back} == {"done"}
    assert held_against_the_log(room) == done + len(back)
    assert len(back) >= 20

    assert run_all(*planned()) <= {"done", "already so"}
    for make in (contain.make_sender_plan, contain.make_return_plan):
        last = make(room.case, room.tenant, VICTIM, suspicion=INSIDE)
        assert run_all(last, contain.confirm(last, VICTIM)) == {"done"}
    assert held_against_the_log(room) > done + 2 * len(back)
    hidden = [w for w in room.writes() if HIDDEN in str(w["body"])]
    assert {tuple(w["fields"]) for w in hidden} == {("passwordProfile",)}
