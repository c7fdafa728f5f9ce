"""The intruder who comes back: which of his doors still open, and what he does behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.practice import PracticeTenant
from toolkit.practice.__main__ import main

USER = f"/v1.0/users/{VICTIM}"
METHODS = f"{USER}/authentication"
GOOD = {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}
FORCED: dict[str, Any] = {"Mailbox": VICTIM, "Confirm": False, "Force": True}


@pytest.fixture
def client(client: Client) -> Client:
    client.tenant.let_intruder_return(seed=1)
    return client


def minutes(client: Client, clock: Clock, count: int) -> list[tuple[str, str]]:
    """Lets time pass; what he did in it, and through which door."""
    before = len(client.tenant.intruder_acts())
    clock.seconds += 60 * count
    return [(act["door"], act["act"]) for act in client.tenant.intruder_acts()[before:]]


def revoke(client: Client) -> None:
    assert client.graph("POST", f"{USER}/revokeSignInSessions").ok


def reset(client: Client) -> None:
    assert client.graph("PATCH", USER, json={"passwordProfile": GOOD}).ok


def remove_devices(client: Client) -> None:
    for row in client.graph("GET", f"{USER}/registeredDevices").json()["value"]:
        if row["displayName"].startswith("DESKTOP-"):
            assert client.graph("PATCH", f"/v1.0/devices/{row['id']}", json={"accountEnabled": False}).ok


def remove_methods(client: Client) -> None:
    for collection in ("microsoftAuthenticatorMethods", "emailMethods"):
        for row in client.graph("GET", f"{METHODS}/{collection}").json()["value"]:
            if row.get("displayName") in ("SM-A546B", None):
                assert client.graph("DELETE", f"{METHODS}/{collection}/{row['id']}").ok


def test_he_registers_a_device_and_reads_while_nobody_stops_him(client: Client, clock: Clock) -> None:
    assert minutes(client, clock, 30) == [("session", "registers a device"), ("session", "reads mail")]
    names = [row["displayName"] for row in client.graph("GET", f"{USER}/registeredDevices").json()["value"]]
    assert len(names) == 3


def test_he_adds_the_rule_again_and_forwards_again(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    rule = client.rules()["."]
    client.cmdlet("Disable-InboxRule", Identity=str(rule["RuleIdentity"]), **FORCED)
    client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingSmtpAddress=None, DeliverToMailboxAndForward=False)
    assert minutes(client, clock, 15) == [("session", "adds an inbox rule"), ("session", "forwards the mailbox")]
    rules = client.cmdlet("Get-InboxRule", Mailbox=VICTIM).json()["value"]
    again = [one for one in rules if one["Name"] == "." and one["Enabled"]]
    assert [one["RuleIdentity"] for one in again] != [rule["RuleIdentity"]]
    assert client.tenant.forwards_to(VICTIM) == "smtp:accounts@contoso-invoices.example"
    made = [r for r in client.tenant.state()["audit"] if r["Operation"] == "New-InboxRule"]
    assert [(r["UserId"], r["ClientIP"].partition(":")[0]) for r in made] == [(VICTIM, "37.120.200.44")]


def test_revoking_alone_lets_him_in_again_by_his_device(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    revoke(client)
    assert minutes(client, clock, 10)[0] == ("device", "gets a token")


def test_without_his_device_he_has_the_password_and_an_authenticator(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    remove_devices(client)
    revoke(client)
    acts = minutes(client, clock, 20)
    assert acts[:2] == [("password", "gets a token"), ("password", "registers a device")]


def test_new_password_is_worth_nothing_while_he_can_reset_it_himself(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    remove_devices(client)
    reset(client)
    revoke(client)
    ours = client.graph("GET", f"{USER}?$select=lastPasswordChangeDateTime").json()["lastPasswordChangeDateTime"]
    assert minutes(client, clock, 10)[0] == ("self-service reset", "gets a token")
    his = client.graph("GET", f"{USER}?$select=lastPasswordChangeDateTime").json()["lastPasswordChangeDateTime"]
    assert his > ours


def test_with_all_doors_shut_he_is_refused_and_his_attempts_are_seen(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    remove_devices(client)
    remove_methods(client)
    reset(client)
    revoke(client)
    assert minutes(client, clock, 240) == [("", "is refused")]
    assert client.tenant.intruder_acts()[-1]["error"] == 135011
    kind = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    path = f"/beta/auditLogs/signIns?$filter=createdDateTime ge 2026-09-18T14:30:00Z and {kind}"
    late = client.as_application("GET", path).json()["value"]
    assert {row["status"]["errorCode"] for row in late} == {135011}
    assert len(late) >= 3


def test_order_matters_a_method_left_is_a_method_back(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    remove_methods(client)
    assert ("session", "adds an authenticator") in minutes(client, clock, 15)


def test_blocking_ends_his_token_at_once(client: Client, clock: Clock) -> None:
    minutes(client, clock, 30)
    assert client.graph("PATCH", USER, json={"accountEnabled": False}).ok
    assert minutes(client, clock, 60) == [("", "is refused")]
    assert client.tenant.intruder_acts()[-1]["error"] == 50057


def test_without_continuous_access_the_token_lives_to_its_end(tenant: PracticeTenant, clock: Clock) -> None:
    client = client_of(tenant)
    tenant.let_intruder_return(seed=1, continuous_access=False)
    minutes(client, clock, 20)
    assert client.graph("PATCH", USER, json={"accountEnabled": False}).ok
    client.cmdlet("Disable-InboxRule", Identity=str(client.rules()["."]["RuleIdentity"]), **FORCED)
    assert ("session", "adds an inbox rule") in minutes(client, clock, 10)
    assert ("", "is refused") in minutes(client, clock, 90)


def test_same_seed_same_acts_whenever_one_looks(tmp_path: Path) -> None:
    courses = []
    for number, pieces in enumerate(([120], [7] * 17 + [1])):
        own = Clock()
        with practice.start(tmp_path / str(number), seconds=own, attacker_returns=True) as tenant:
            for piece in pieces:
                own.seconds += 60 * piece
                tenant.intruder_acts()
            courses.append(tenant.intruder_acts())
    assert courses[0] == courses[1]
    assert courses[0]


def test_he_stays_over_a_restart_and_is_logged_apart(begin: Callable[[], PracticeTenant], clock: Clock) -> None:
    first = begin()
    assert not first.intruder_is_back()
    first.let_intruder_return()
    first.stop()
    second = begin()
    assert second.intruder_is_back()
    clock.seconds += 1800
    client_of(second).graph("GET", "/v1.0/users")
    assert next(line["notes"] for line in second.requests() if line["kind"] == "intruder") == ["registers a device"]
    assert second.writes() == []


def test_command_serves_with_or_without_him(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    back = []
    for number, arguments in enumerate(([], ["--attacker-returns"])):
        folder = tmp_path / str(number)
        assert (
            main(["--folder", str(folder), *arguments], wait=lambda tenant: back.append(tenant.intruder_is_back())) == 0
        )
    assert back == [False, True]
    assert capsys.readouterr().out.count("The practice tenant answers on https://127.0.0.1:") == 2
    assert main(["--folder", str(folder), "--reset"], wait=lambda tenant: back.append(tenant.intruder_is_back())) == 0
    assert back[-1] is False


def test_nobody_comes_back_unasked(tenant: PracticeTenant, clock: Clock) -> None:
    before = tenant.state()
    clock.seconds += 7200
    assert tenant.intruder_acts() == []
    # The report of registered methods is made anew by itself.
    assert tenant.state() | {"registration_report": None} == before | {"registration_report": None}
