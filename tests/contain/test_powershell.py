"""A plan as a PowerShell script: what it asks for, what it has, what it leaves to be completed by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import VICTIM, Room
from toolkit import contain
from toolkit.contain.powershell import BY_HAND
from toolkit.contain.readings import READINGS
from toolkit.tenant.gate import READ_CMDLETS
from toolkit.tenant.needs import ACTIONS


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def scopes(text: str) -> set[str]:
    [line] = [line for line in text.splitlines() if line.startswith("Connect-MgGraph")]
    return set(re.findall(r"'([^']+)'", line.partition("-Scopes")[2]))


def test_it_has_every_step_no_secret_and_nothing_that_an_attacker_named_as_code(room: Room) -> None:
    rules = room.service._store.state["inbox_rules"][room.user()["id"]]
    rule = next(rule for rule in rules if rule["Name"] == ".")
    rule["Name"] = "x'\nRemove-Mailbox -Identity everybody\n#’; Stop-Computer"
    text = contain.script(room.plan())
    assert "Disable-InboxRule" in text
    assert "Read-Host -AsSecureString" in text
    verbs = {re.split(r"[\s:]", line)[0] for line in commands(text)}
    assert not verbs & {"Remove-Mailbox", "Stop-Computer"}
    assert all(line.count("'") % 2 == 0 for line in commands(text))


def test_the_sign_in_asks_for_what_its_steps_need_and_for_no_more(room: Room) -> None:
    plan = room.plan()
    needed = {f"action:{step.action.kind}" for step in plan.steps}
    wanted = {name for need in ACTIONS if need.key in needed and need.resource == "graph" for name in need.delegated}
    asked = scopes(contain.script(plan))
    assert {"DelegatedPermissionGrant.ReadWrite.All", "RoleManagement.ReadWrite.Directory"} <= asked <= wanted
    first = contain.stop_plan(room.case, room.tenant, VICTIM)
    text = contain.script(first)
    assert scopes(text) == {
        "User.EnableDisableAccount.All", "User.Read.All", "User-PasswordProfile.ReadWrite.All",
        "User.RevokeSessions.All",
    }  # fmt: skip
    assert "Connect-ExchangeOnline" not in text


def test_what_is_done_is_a_remark_and_no_command(room: Room) -> None:
    for key in ("block-sign-in", "reset-password", "clear-forwarding"):
        assert room.run(key).status == "done"
    text = contain.script(room.plan())
    assert "# Not to be done again: Block sign-in (done)" in text
    assert "# Not to be done again: Reset the password (done)" in text
    assert "Read-Host" not in text
    assert not [line for line in commands(text) if "accountEnabled" in line and "/users/" in line]
    assert not [line for line in commands(text) if line.startswith("Set-Mailbox ")]
    assert "User.EnableDisableAccount.All" not in scopes(text)


@pytest.fixture
def refused(room: Room) -> str:
    """The script of a plan whose reader has no rights in Exchange."""
    room.service.withhold(*READ_CMDLETS)
    return contain.script(room.plan())


def test_what_exchange_did_not_let_be_read_is_read_and_closed_by_whoever_may(refused: str) -> None:
    told = commands(refused)
    for command in BY_HAND.values():
        assert command in told
    assert any("Get-InboxRule" in line and "-IncludeHidden" in line for line in told)
    # What closes it waits as a remark, since what it closes is not known.
    for cmdlet in ("Disable-InboxRule", "Set-Mailbox", "Set-CASMailbox", "Remove-MailboxPermission"):
        assert not [line for line in told if line.startswith(f"{cmdlet} ")]
        assert [line for line in refused.splitlines() if line.startswith(f"# {cmdlet} ")]
    assert "403" in refused
    assert "Connect-ExchangeOnline" in told


def test_every_cmdlet_and_parameter_by_hand_is_one_that_exchange_online_has(refused: str, shared: Path) -> None:
    known: dict[str, Any] = json.loads((shared / "contracts" / "exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    seen = set()
    start = refused.index("$account = ")
    for line in refused[start:].splitlines():
        for part in re.split(r"[|;{}]", line.removeprefix("# ")):
            words = part.split()
            if not words or words[0] not in known:
                continue
            seen.add(words[0])
            for name in re.findall(r"(?<=\s)-([A-Z]\w+)", re.sub(r"'[^']*'|\"[^\"]*\"", "''", part)):
                assert known[words[0]]["parameters"][name]["online"], (words[0], name)
    assert {name for command in BY_HAND.values() for name in re.findall(r"\bGet-\w+", command)} <= seen
    assert seen >= {"Disable-InboxRule", "Set-CASMailbox", "Remove-RoleGroupMember", "Set-InboundConnector"}


def test_every_list_that_is_read_from_exchange_can_be_read_by_hand(room: Room) -> None:
    room.service.withhold(*READ_CMDLETS)
    plan = room.plan()
    assert plan.snapshot is not None
    assert set(plan.snapshot.problems) == set(BY_HAND) <= set(READINGS)


def test_where_everything_was_read_nothing_is_left_to_be_read_by_hand(room: Room) -> None:
    assert "$account" not in contain.script(room.plan())
