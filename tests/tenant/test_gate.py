"""The write gate: what passes, what does not, and what an approval is good for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.contain.room import VICTIM, Room
from toolkit.errors import WriteRefused
from toolkit.tenant import Approval, Call, Gate
from toolkit.tenant.gate import is_read

URL = "https://graph.microsoft.com/v1.0/users/1"
INVOKE = "https://outlook.office365.com/adminapi/beta/11111111-2222-3333-4444-555555555555/InvokeCommand"
NOW = datetime(2026, 9, 18, 14, tzinfo=UTC)


def cmdlet(name: str, **more: object) -> bytes:
    return json.dumps({"CmdletInput": {"CmdletName": name, "Parameters": {}} | more}).encode()


@pytest.mark.parametrize(
    ("method", "url", "body", "read"),
    [
        ("GET", URL, None, True),
        ("GET", URL, b"{}", False),
        ("PATCH", URL, b"{}", False),
        ("DELETE", URL, None, False),
        ("PUT", URL, None, False),
        ("HEAD", URL, None, False),
        ("get", URL, None, False),
        ("POST", URL + "/revokeSignInSessions", None, False),
        ("POST", "https://graph.microsoft.com/v1.0/$batch", b'{"requests":[]}', False),
        ("GET", INVOKE.replace("/beta/", "/v1.0/").replace("InvokeCommand", "EXOModuleFile?Version=3.9.2"), None, True),
        ("POST", INVOKE.replace("/beta/", "/v1.0/").replace("InvokeCommand", "EXOModuleFile"), b"{}", False),
        ("POST", INVOKE, cmdlet("Get-InboxRule"), True),
        ("POST", INVOKE + "?$select=Name", cmdlet("Get-InboxRule"), True),
        ("POST", INVOKE, cmdlet("Get-Secrets"), False),
        ("POST", INVOKE, cmdlet("get-inboxrule; Remove-InboxRule"), False),
        ("POST", INVOKE, cmdlet("Disable-InboxRule"), False),
        ("POST", INVOKE, cmdlet("Get-InboxRule", Other="Remove-Mailbox"), False),
        ("POST", INVOKE, b'{"CmdletInput":{"CmdletName":"Get-Mailbox","cmdletname":"Set-Mailbox"}}', False),
        ("POST", INVOKE, b'{"CmdletInput":{"CmdletName":"Get-Mailbox"},"cmdletinput":{}}', False),
        ("POST", INVOKE, b"\xff\xfe", False),
        ("POST", INVOKE, None, False),
        ("POST", INVOKE.replace("/beta/", "/v2.0/"), cmdlet("Get-Mailbox"), False),
        ("POST", INVOKE + "/$batch", cmdlet("Get-Mailbox"), False),
    ],
)
def test_only_listed_reads_pass_without_an_approval(method: str, url: str, body: bytes | None, read: bool) -> None:
    assert is_read(method, url, body) is read


def test_an_approval_works_once_for_its_call_and_only_for_two_minutes() -> None:
    now = [NOW]
    gate = Gate(lambda: now[0])
    call, other = Call("PATCH", URL, {"accountEnabled": False}), Call("PATCH", URL, {"accountEnabled": True})
    approval = gate.issue(call, name=VICTIM, typed=VICTIM)
    assert gate.spend(call, approval, b"x").spent is False
    with pytest.raises(WriteRefused, match="used before"):
        gate.spend(call, approval, b"x")
    with pytest.raises(WriteRefused, match="another call"):
        gate.spend(other, gate.issue(call, name=VICTIM, typed=VICTIM), b"x")
    late = gate.issue(call, name=VICTIM, typed=VICTIM)
    now[0] += timedelta(minutes=3)
    with pytest.raises(WriteRefused, match="ran out"):
        gate.spend(call, late, b"x")
    with pytest.raises(WriteRefused, match="no approval"):
        gate.spend(call, None, b"x")
    with pytest.raises(WriteRefused, match="never given"):
        gate.spend(call, Approval("made up"), b"x")


@pytest.mark.parametrize(("name", "typed"), [(VICTIM, ""), (VICTIM, VICTIM.upper()), ("", "")])
def test_no_approval_without_the_typed_name(name: str, typed: str) -> None:
    with pytest.raises(WriteRefused):
        Gate(lambda: NOW).issue(Call("PATCH", URL), name=name, typed=typed)


def test_another_sessions_approval_is_worth_nothing() -> None:
    call = Call("PATCH", URL, {})
    approval = Gate(lambda: NOW).issue(call, name="a", typed="a")
    with pytest.raises(WriteRefused):
        Gate(lambda: NOW).spend(call, approval, b"")


def test_the_pass_is_for_exact_bytes_and_spent_as_it_leaves() -> None:
    gate = Gate(lambda: NOW)
    call = Call("PATCH", URL, {"accountEnabled": False})
    admission = gate.spend(call, gate.issue(call, name="a", typed="a"), b"bytes")
    with pytest.raises(WriteRefused):
        gate.check("PATCH", URL, b"other bytes", admission)
    assert gate.check("PATCH", URL, b"bytes", admission) is admission
    with pytest.raises(WriteRefused):
        gate.check("PATCH", URL, b"bytes", admission)


def test_the_raw_session_is_gated_too(room: Room) -> None:
    http, base = room.tenant.session.http, room.tenant.cloud.graph
    token = {"Authorization": f"Bearer {room.tenant.session._tokens.token('graph')}"}
    user = f"{base}/v1.0/users/{VICTIM}"
    for method, body in (("PATCH", {"accountEnabled": False}), ("DELETE", None), ("POST", {})):
        with pytest.raises(WriteRefused, match="carries no approval"):
            http.request(method, user, json=body, headers=token)
    request = requests.Request("PATCH", user, json={"accountEnabled": False}, headers=token)
    with pytest.raises(WriteRefused):
        http.send(http.prepare_request(request))
    with pytest.raises(WriteRefused):
        room.tenant.session.read(Call("PATCH", user, {"accountEnabled": False}))
    with pytest.raises(WriteRefused):
        room.tenant.exchange.read("Disable-InboxRule", {"Identity": "1"}, VICTIM)
    assert http.get(user, headers=token, verify=room.tenant.cloud.ca_file).status_code == 200
    assert room.writes() == []
