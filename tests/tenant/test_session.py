"""The session on a real connection: retries of reads, tokens, paging, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contain.room import VICTIM, Room
from toolkit.errors import (
    NothingSent,
    PracticeError,
    TenantAnswer,
    TenantUnreachable,
    UsageError,
    WriteRefused,
)
from toolkit.tenant import Call
from toolkit.tenant.graph import graph_call
from toolkit.tenant.pace import Pace


def reads(room: Room, path: str) -> list[int]:
    return [r["status"] for r in room.service.requests() if r["kind"] == "read" and path in r["path"]]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_repeated_with_growing_pauses(room: Room, status: int) -> None:
    room.service.fail_next("GET /v1.0/users", status=status, times=3)
    assert room.tenant.graph.user(VICTIM).data["userPrincipalName"] == VICTIM
    for nap, usual in zip(room.naps, (1.0, 2.0, 4.0), strict=True):
        assert 0.75 * usual <= nap <= 1.25 * usual


def test_retry_after_is_honoured_and_a_very_long_one_is_told_and_not_waited_for(room: Room) -> None:
    room.service.fail_next("GET /v1.0/users", status=429, retry_after=17)
    room.tenant.graph.user(VICTIM)
    assert room.naps == [17.0]
    room.service.fail_next("GET /v1.0/users", status=429, retry_after=3600)
    with pytest.raises(TenantAnswer) as caught:
        room.tenant.graph.user(VICTIM)
    assert caught.value.status == 429
    assert room.naps == [17.0]


def test_a_read_gives_up_after_five_times(room: Room) -> None:
    room.service.fail_next("GET /v1.0/users", status=503, times=9)
    with pytest.raises(TenantAnswer, match="503"):
        room.tenant.graph.user(VICTIM)
    assert reads(room, "/users/") == [503] * 5


def test_a_read_survives_a_broken_connection_and_a_400_is_not_repeated(room: Room) -> None:
    room.service.drop_next("GET /v1.0/users")
    assert room.tenant.graph.user(VICTIM).status == 200
    room.service.fail_next("GET /v1.0/users", status=400)
    with pytest.raises(TenantAnswer, match=r"400 .*client-request-id [0-9a-f-]{36}"):
        room.tenant.graph.user(VICTIM)
    assert reads(room, "/users/") == [0, 200, 400]


def test_an_expired_token_is_renewed_once(room: Room) -> None:
    room.tenant.graph.user(VICTIM)
    room.service.expire_tokens()
    assert room.tenant.graph.user(VICTIM).status == 200
    assert reads(room, "/users/") == [200, 401, 200]
    room.service.fail_next("GET /v1.0/users", status=401, times=5)
    with pytest.raises(TenantAnswer, match="401"):
        room.tenant.graph.user(VICTIM)
    assert reads(room, "/users/") == [200, 401, 200, 401, 401]


def test_each_call_has_an_id_of_its_own(room: Room) -> None:
    for _ in range(3):
        room.tenant.graph.user(VICTIM)
    ids = [r["client_request_id"] for r in room.service.requests() if "/users/" in r["path"]]
    assert len(set(ids)) == 3


def test_a_collection_is_read_to_its_end_also_over_an_empty_page(room: Room) -> None:
    base = room.tenant.cloud.graph
    empty = {"value": [], "@odata.nextLink": f"{base}/v1.0/users?$select=id,userPrincipalName"}
    room.service.fail_next("GET /v1.0/users", status=200, body=empty)
    assert VICTIM in [user["userPrincipalName"] for user in room.tenant.graph.users()]


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://graph.microsoft.com/v1.0/users?$skiptoken=1", "leads to another host"),
        ("http://127.0.0.1/v1.0/users", "leads to another host"),
        ("SAME", "was read before"),
    ],
)
def test_a_next_link_to_elsewhere_or_in_a_circle_is_not_followed(room: Room, link: str, why: str) -> None:
    call = graph_call(room.tenant.cloud, "GET", "/users")
    body = {"value": [], "@odata.nextLink": call.url if link == "SAME" else link}
    room.service.fail_next("GET /v1.0/users", status=200, body=body)
    with pytest.raises(TenantAnswer, match=why):
        list(room.tenant.session.pages(call))


def test_a_token_only_goes_to_the_clouds_own_addresses(room: Room) -> None:
    for url in ("https://evil.example/v1.0/users", f"{room.tenant.cloud.graph}.evil.example/v1.0/users"):
        with pytest.raises(UsageError, match="not an address of the practice cloud"):
            room.tenant.session.read(Call("GET", url))


def test_a_redirect_is_not_followed(room: Room) -> None:
    room.service.fail_next("GET /v1.0/users", status=302, body={})
    with pytest.raises(TenantAnswer, match="redirect"):
        room.tenant.graph.user(VICTIM)


@pytest.mark.parametrize("body", [b'{"value": [', b"<html>proxy</html>", b"[]"])
def test_a_cut_or_foreign_body_is_an_error_in_one_sentence(room: Room, body: bytes) -> None:
    room.service.fail_next("GET /v1.0/users", status=200, body=body, times=5)
    with pytest.raises(TenantAnswer, match="not whole JSON"):
        room.tenant.graph.user(VICTIM)
    assert len(room.naps) == 4


def test_an_answer_that_was_cut_once_is_asked_for_again(room: Room) -> None:
    room.service.fail_next("GET /v1.0/users", status=200, body=b'{"value": [')
    with room.tenant.session.meters.measure() as meter:
        assert room.tenant.graph.user(VICTIM).data["userPrincipalName"] == VICTIM
    assert (meter.requests, meter.retries) == (2, 1)
    assert meter.received_bytes > 100


def test_an_answer_that_is_too_large_is_refused_before_it_fills_the_memory(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.tenant.session.LONGEST_ANSWER", 64)
    with pytest.raises(TenantAnswer, match="more than"):
        room.tenant.graph.user(VICTIM)


def test_a_paced_session_holds_calls_back_until_their_service_may_be_asked() -> None:
    naps: list[float] = []
    pace = Pace(sleep=naps.append, now=lambda: 0.0)
    for _ in range(12):
        with pace.turn("https://graph.microsoft.com/v1.0/auditLogs/signIns"):
            pass
    assert sum(naps) == 20.0  # five in ten seconds, and these naps did not really pass
    with pace.turn("https://graph.microsoft.com/v1.0/users"):
        pass
    assert sum(naps) == 20.0


def test_exchange_errors_are_read_from_where_they_stand(room: Room) -> None:
    with pytest.raises(TenantAnswer, match=r"couldn't be found|couldn't") as caught:
        room.tenant.exchange.inbox_rules("nobody@contoso.com", VICTIM)
    assert "Error executing" not in str(caught.value)
    with pytest.raises(TenantAnswer, match="not allowed, or no such cmdlet"):
        room.tenant.exchange.read("Get-BlockedConnector", {}, VICTIM)
    warned = {"@adminapi.warnings": ["There are more results"], "value": []}
    room.service.fail_next("Get-InboxRule", status=200, body=warned)
    with pytest.raises(TenantAnswer, match="incomplete"):
        room.tenant.exchange.inbox_rules(VICTIM, VICTIM)


def test_who_is_signed_in_is_read_from_the_token(room: Room) -> None:
    assert room.tenant.operator.user_principal_name == "jonas.reuter@contoso.com"
    assert room.tenant.tenant_id == room.tenant.cloud.tenant_id
    assert "jonas.reuter" in repr(room.tenant)


def test_the_environments_certificates_and_proxies_do_not_get_in_between(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert room.connect().graph.user(VICTIM).status == 200


def test_a_stopped_tenant_is_named(room: Room) -> None:
    room.service.stop()
    with pytest.raises(TenantUnreachable, match=r"cannot be reached|broke the connection"):
        room.tenant.graph.user(VICTIM)
    with pytest.raises(PracticeError, match="No practice tenant is running"):
        room.connect()


def test_a_server_with_another_certificate_gets_nothing(room: Room, tmp_path: Path) -> None:
    import trustme

    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    room.tenant.session.http.close()
    room.tenant.session.http.verify = str(other)
    with pytest.raises(NothingSent, match="certificate"):
        room.tenant.graph.user(VICTIM)


def test_a_write_needs_an_approval(room: Room) -> None:
    call = graph_call(room.tenant.cloud, "PATCH", f"/users/{VICTIM}", {"accountEnabled": False})
    with pytest.raises(WriteRefused, match="no approval"):
        room.tenant.session.write(call, None)
    assert room.writes() == []
