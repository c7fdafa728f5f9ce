"""Faults that a test or an exercise can order from the practice tenant."""

from __future__ import annotations

import base64
import re
import time

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock
from toolkit.practice import graph

REVOKE = f"/v1.0/users/{VICTIM}/revokeSignInSessions"


def enabled(client: Client) -> bool:
    return bool(client.graph("GET", f"/v1.0/users/{VICTIM}?$select=accountEnabled").json()["accountEnabled"])


def test_ordered_throttling_hits_the_matching_request_and_is_then_over(client: Client) -> None:
    client.tenant.fail_next("revokeSignInSessions", retry_after=3, times=2)
    assert client.graph("GET", "/v1.0/users").status_code == 200
    for _ in range(2):
        answer = client.graph("POST", REVOKE)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert client.graph("POST", REVOKE).status_code == 200
    assert client.tenant.state()["changes"] == 1


def test_throttling_need_not_say_how_long(client: Client) -> None:
    client.tenant.fail_next("Get-Mailbox", status=503)
    answer = client.cmdlet("Get-Mailbox", Identity=VICTIM)
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers


def test_fault_can_be_chosen_by_a_function(client: Client) -> None:
    client.tenant.fail_next(lambda line: line["kind"] == "write", status=500)
    assert client.graph("GET", "/v1.0/users").status_code == 200
    assert client.graph("POST", REVOKE).status_code == 500


@pytest.mark.parametrize("done", [False, True])
def test_dropped_connection_leaves_the_caller_in_doubt(client: Client, done: bool) -> None:
    client.token("graph")
    client.tenant.drop_next("PATCH", done_before=done)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False})
    assert enabled(client) is not done
    dropped = [line for line in client.tenant.requests() if line["method"] == "PATCH"]
    assert [line["status"] for line in dropped] == [0]


def test_change_may_show_only_after_some_readings(client: Client) -> None:
    client.tenant.delay_next_change(reads=2)
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False}).status_code == 204
    assert [enabled(client) for _ in range(3)] == [True, True, False]


def test_change_may_show_only_after_some_time(client: Client, clock: Clock) -> None:
    client.tenant.delay_next_change(seconds=30)
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False}).status_code == 204
    assert enabled(client)
    clock.seconds += 29
    assert enabled(client)
    clock.seconds += 1
    assert not enabled(client)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("status", [503, 504])
def test_overload_may_hit_before_or_after_the_change(client: Client, status: int, done: bool) -> None:
    client.tenant.fail_next("PATCH", status=status, done_before=done)
    answer = client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False})
    assert answer.status_code == status
    assert enabled(client) is not done
    assert [line["changed"] for line in client.tenant.writes()] == [done]


def test_answer_may_come_late_while_others_are_served(client: Client) -> None:
    client.token("graph")
    client.tenant.answer_late("PATCH", 30)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.session.patch(
            client.about["graph"] + f"/v1.0/users/{VICTIM}",
            json={"accountEnabled": False},
            headers={"Authorization": f"Bearer {client.token('graph')}"},
            timeout=0.5,
        )
    before = time.monotonic()
    assert not enabled(client)
    assert time.monotonic() - before < 20


def test_cmdlet_may_warn_and_do_nothing(client: Client) -> None:
    number = client.rules()["."]["RuleIdentity"]
    client.tenant.warn_next("Disable-InboxRule", "The server is busy.")
    answer = client.cmdlet("Disable-InboxRule", Mailbox=VICTIM, Identity=number, Confirm=False, Force=True)
    assert answer.status_code == 200
    assert answer.json()["@adminapi.warnings"] == ["The server is busy."]
    assert client.rules()["."]["Enabled"] is True


def test_reading_may_be_cut_off_with_a_warning(client: Client) -> None:
    client.tenant.warn_next("Get-InboxRule", "There are more results available than are currently displayed.")
    assert len(client.cmdlet("Get-InboxRule", Mailbox=VICTIM, IncludeHidden=True).json()["value"]) == 3
    assert len(client.rules()) == 6


def test_refusal_comes_in_the_shape_of_the_service(client: Client) -> None:
    client.tenant.refuse_next("Get-Mailbox", "The cmdlet cannot be run now.", kind="Some.Exception")
    error = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()["error"]
    assert error["innererror"]["internalexception"]["message"] == "The cmdlet cannot be run now."
    client.tenant.refuse_next("organization", "Not now.", status=403, code="Forbidden")
    error = client.graph("GET", "/v1.0/organization").json()["error"]
    assert (error["code"], error["message"]) == ("Forbidden", "Not now.")
    client.tenant.refuse_next("Get-Mailbox", "", status=403)
    assert set(client.cmdlet("Get-Mailbox", Identity=VICTIM).content) == {0}


def test_claims_challenge_is_one_that_msal_takes(client: Client) -> None:
    client.token("graph")
    client.tenant.challenge_next("organization")
    answer = client.graph("GET", "/v1.0/organization")
    assert answer.status_code == 401
    found = re.search(r'claims="([^"]+)"', answer.headers["WWW-Authenticate"])
    assert found
    fresh = client.app.acquire_token_silent(
        [f"{client.about['graph']}/.default"],
        account=client.app.get_accounts()[0],
        claims_challenge=base64.b64decode(found[1]).decode(),
    )
    headers = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert client.graph("GET", "/v1.0/organization", headers=headers).status_code == 200


def test_log_tells_ordered_failures_apart(client: Client) -> None:
    client.tenant.fail_next("organization", status=504)
    client.graph("GET", "/v1.0/organization")
    assert client.tenant.requests()[-1]["status"] == 504


def test_request_that_breaks_the_tenant_is_still_in_the_log(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of the practice tenant itself")

    client.token("graph")
    monkeypatch.setattr(graph, "answer", broken)
    assert client.graph("POST", REVOKE).status_code == 500
    line = client.tenant.requests()[-1]
    assert (line["kind"], line["status"]) == ("write", 500)
