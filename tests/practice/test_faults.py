"""Faults that a test or an exercise can order from the practice tenant."""

from __future__ import annotations

import pytest
import requests

from tests.practice.analyst import VICTIM, Client
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
