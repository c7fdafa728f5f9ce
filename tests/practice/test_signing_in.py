"""The practice tenant's sign-in, as the real MSAL meets it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msal
import pytest
import requests

from tests.practice.analyst import Client, Clock, client_of
from toolkit.practice import PracticeTenant


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_device_code_is_approved_at_the_first_poll(client: Client) -> None:
    answer = client.sign_in()
    assert answer["token_type"] == "Bearer"
    assert client.app.get_accounts()[0]["username"] == "jonas.reuter@contoso.com"


def test_msal_itself_accepts_the_ca_file(tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    about = json.loads(tenant.endpoint_file.read_text(encoding="utf-8"))
    app = msal.PublicClientApplication(
        about["client_id"],
        authority=f"{tenant.url}/{about['tenant_id']}",
        instance_discovery=False,
        verify=str(tenant.ca_file),
    )
    assert "user_code" in app.initiate_device_flow(scopes=["https://graph.microsoft.com/.default"])


def test_a_client_without_the_ca_is_not_fooled(tenant: PracticeTenant) -> None:
    stranger = requests.Session()
    stranger.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        stranger.get(tenant.url, timeout=60)


def test_token_says_whom_it_speaks_for(client: Client) -> None:
    said = claims(client.token("graph"))
    assert said["upn"] == "jonas.reuter@contoso.com"
    assert said["tid"] == client.about["tenant_id"]
    assert said["aud"] == client.about["graph"]
    assert "User.RevokeSessions.All" in said["scp"].split()
    assert said["exp"] > client.tenant.clock.now().timestamp()


def test_refresh_token_serves_the_other_resource_without_a_new_code(client: Client) -> None:
    client.sign_in("graph")
    assert claims(client.token("exchange"))["aud"] == client.about["exchange"]
    assert [line["path"] for line in client.tenant.requests()].count(
        f"/{client.about['tenant_id']}/oauth2/v2.0/devicecode"
    ) == 1


def test_token_of_the_wrong_resource_is_refused(client: Client) -> None:
    answer = client.graph("GET", "/v1.0/users", headers={"Authorization": f"Bearer {client.token('exchange')}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Access token validation failure. Invalid audience."


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer a.b.c", "Basic eA=="])
def test_request_without_a_good_token_is_refused(client: Client, header: str) -> None:
    answer = client.graph("GET", "/v1.0/users", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in answer.headers


def test_changed_claims_are_noticed(client: Client) -> None:
    head, body, signature = client.token("graph").split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims(f"{head}.{body}.") | {"oid": "someone else"}).encode()).decode()
    answer = client.graph("GET", "/v1.0/users", headers={"Authorization": f"Bearer {head}.{forged}.{signature}"})
    assert answer.status_code == 401


def test_token_expires_by_the_tenants_clock(client: Client, clock: Clock) -> None:
    headers = {"Authorization": f"Bearer {client.token('graph')}"}
    clock.seconds += 74 * 60
    assert client.graph("GET", "/v1.0/users", headers=headers).status_code == 200
    clock.seconds += 2 * 60
    assert client.graph("GET", "/v1.0/users", headers=headers).status_code == 401


def test_expired_tokens_can_be_ordered_and_refreshed(client: Client) -> None:
    old = client.token("graph")
    client.tenant.expire_tokens()
    assert client.graph("GET", "/v1.0/users", headers={"Authorization": f"Bearer {old}"}).status_code == 401
    account = client.app.get_accounts()[0]
    scopes = [f"{client.about['graph']}/.default"]
    fresh = client.app.acquire_token_silent(scopes, account=account, force_refresh=True)
    headers = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert client.graph("GET", "/v1.0/users", headers=headers).status_code == 200


def test_tokens_of_an_earlier_run_are_worth_nothing(begin: Callable[[], PracticeTenant]) -> None:
    first = begin()
    old = client_of(first).token("graph")
    first.stop()
    second = client_of(begin())
    assert second.graph("GET", "/v1.0/users", headers={"Authorization": f"Bearer {old}"}).status_code == 401


@pytest.mark.parametrize(
    ("tenant_name", "client_id", "number"),
    [("fabrikam.example", None, 90002), (None, "11111111-2222-3333-4444-555555555555", 700016)],
)
def test_refusals_carry_the_number_of_the_real_service(
    client: Client, tenant_name: str | None, client_id: str | None, number: int
) -> None:
    where = tenant_name or client.about["tenant_id"]
    form = {"client_id": client_id or client.about["client_id"], "scope": f"{client.about['graph']}/.default"}
    answer = client.session.post(f"{client.tenant.url}/{where}/oauth2/v2.0/devicecode", data=form, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [number]


def test_application_signs_in_without_a_person(client: Client) -> None:
    said = claims(client.application_token())
    assert said["idtyp"] == "app"
    assert "UserAuthenticationMethod.ReadWrite.All" in said["roles"]
    assert not {"scp", "upn", "wids"} & set(said)
    assert client.as_application("GET", "/v1.0/users").status_code == 200


def test_application_without_a_secret_is_refused(client: Client) -> None:
    form = {
        "client_id": client.about["client_id"],
        "grant_type": "client_credentials",
        "scope": f"{client.about['graph']}/.default",
    }
    url = f"{client.tenant.url}/{client.about['tenant_id']}/oauth2/v2.0/token"
    assert client.session.post(url, data=form, timeout=60).json()["error_codes"] == [7000215]


def ask_for_a_code(client: Client, **change: str) -> requests.Response:
    """The address that MSAL opens in a browser, with something changed."""
    query = {
        "client_id": client.about["client_id"],
        "response_type": "code",
        "response_mode": "form_post",
        "redirect_uri": "http://localhost:1234",
        "scope": f"{client.about['graph']}/.default openid",
        "state": "'><b>state",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    address = f"{client.tenant.url}/{client.about['tenant_id']}/oauth2/v2.0/authorize"
    return client.session.get(address, params=query | change, timeout=60)


def redeem(client: Client, code: str, **change: str) -> requests.Response:
    form = {
        "client_id": client.about["client_id"],
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://localhost:1234",
        "code_verifier": "verifier",
    }
    address = f"{client.tenant.url}/{client.about['tenant_id']}/oauth2/v2.0/token"
    return client.session.post(address, data=form | change, timeout=60)


def test_a_browser_is_sent_back_with_a_code_that_only_the_asker_can_use_once(client: Client) -> None:
    page = ask_for_a_code(client)
    assert page.headers["Content-Type"].startswith("text/html")
    assert 'action="http://localhost:1234"' in page.text
    assert "<b>" not in page.text
    code = re.findall(r'name="code" value="([^"]+)"', page.text)[0]
    assert redeem(client, code, code_verifier="guessed").json()["error_codes"] == [70008]
    assert redeem(client, code).json()["error_codes"] == [70008]
    code = re.findall(r'name="code" value="([^"]+)"', ask_for_a_code(client).text)[0]
    assert claims(redeem(client, code).json()["access_token"])["upn"] == "jonas.reuter@contoso.com"
    assert redeem(client, code).json()["error_codes"] == [70008]


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("redirect_uri", "https://evil.example/", "AADSTS50011"),
        ("redirect_uri", "http://localhost.evil.example/", "AADSTS50011"),
        ("response_mode", "query", "AADSTS70012"),
        ("code_challenge", "", "AADSTS9002325"),
        ("scope", "https://other.example/.default", "AADSTS70011"),
    ],
)
def test_no_code_goes_anywhere_else_or_to_nobody_in_particular(
    client: Client, name: str, value: str, number: str
) -> None:
    answer = ask_for_a_code(client, **{name: value})
    assert answer.status_code == 400
    assert number in answer.text
    assert 'name="code"' not in answer.text


def test_permissions_asked_for_by_name_are_those_in_the_token(client: Client) -> None:
    graph = client.about["graph"]
    flow = client.app.initiate_device_flow(scopes=[f"{graph}/User.Read.All", f"{graph}/Nothing.Like.It"])
    said = client.app.acquire_token_by_device_flow(flow)
    assert claims(said["access_token"])["scp"] == "User.Read.All"


def test_a_registered_secret_is_the_only_good_one(client: Client) -> None:
    assert client.application_token()
    client.tenant.login.credentials.register(secret="the one")
    with pytest.raises(KeyError):
        client.application_token()


@pytest.mark.parametrize(
    ("permissions", "method", "path", "body", "code"),
    [
        (
            ["User.EnableDisableAccount.All", "Directory.AccessAsUser.All"],
            *(
                "PATCH",
                "/v1.0/users/katrin.vogel@contoso.com",
                {"accountEnabled": False},
                "Authorization_RequestDenied",
            ),
        ),
        (
            ["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
            *("GET", "/v1.0/users/katrin.vogel@contoso.com/authentication/methods", None, "accessDenied"),
        ),
    ],
)
def test_permission_that_was_withheld_is_missing_in_token_and_deed(
    client: Client, permissions: list[str], method: str, path: str, body: dict[str, Any] | None, code: str
) -> None:
    client.token("graph")
    client.tenant.withhold(*permissions)
    fresh = client.app.acquire_token_silent(
        [f"{client.about['graph']}/.default"], account=client.app.get_accounts()[0], force_refresh=True
    )
    assert not set(permissions) & set(claims(fresh["access_token"])["scp"].split())
    answer = client.graph(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert client.graph("GET", "/v1.0/organization").status_code == 200
    assert client.tenant.state()["changes"] == 0


def test_permissions_are_those_that_graph_publishes(shared: Path) -> None:
    published = json.loads((shared / "contracts/graph-permissions.subset.json").read_text(encoding="utf-8"))[
        "operations"
    ]
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for operation in sorted(published):
        _, method, path = operation.split(" ", 2)
        plain = re.sub(r"\w+\(.*\)$", "{id}", re.sub(r"{[^}]+}", "{id}", path))
        known[method, plain.strip("/")] = published[operation]
    table = files("toolkit.practice").joinpath("facts", "permissions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        allowed = known[row["method"], row["path"]]
        for column, kind in (("delegated", "DelegatedWork"), ("application", "Application")):
            assert set(filter(None, row[column].split(";"))) == set(allowed.get(kind, {}).get("all", [])), row["path"]
