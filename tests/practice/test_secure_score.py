"""Secure Score of the practice tenant: a control's state is set as Graph says, and its history grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.practice.analyst import Client, Clock, client_of
from toolkit import practice

CONTROL = "/v1.0/security/secureScoreControlProfiles/IntegratedApps"
VENDOR = {"vendor": "Microsoft", "provider": "SecureScore"}
SAID = {"state": "ThirdParty", "comment": "Done by a gateway.", "vendorInformation": VENDOR}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock()) as tenant:
        yield client_of(tenant)


def updates(client: Client) -> list[dict[str, Any]]:
    return list(client.graph("GET", CONTROL).json()["controlStateUpdates"])


def test_the_history_of_a_control_grows_and_the_list_shows_it(client: Client) -> None:
    assert updates(client) == []
    answer = client.graph("PATCH", CONTROL, json=SAID)
    assert (answer.status_code, answer.content) == (204, b"")
    answer = client.graph("PATCH", CONTROL, json=SAID | {"state": "reviewed", "comment": None})
    assert answer.status_code == 204
    assert [(u["state"], u["comment"]) for u in updates(client)] == [
        ("ThirdParty", "Done by a gateway."),
        ("Reviewed", None),
    ]
    assert updates(client)[0]["updatedBy"] == "jonas.reuter@contoso.com"
    listed = client.graph("GET", "/v1.0/security/secureScoreControlProfiles?$top=1000").json()["value"]
    assert next(c for c in listed if c["id"] == "IntegratedApps")["controlStateUpdates"] == updates(client)
    assert client.tenant.state()["changes"] == 2


def test_whoever_asks_for_it_gets_the_control_back(client: Client) -> None:
    headers = {"Prefer": "return=representation"}
    answer = client.graph("PATCH", CONTROL, json=SAID, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["controlStateUpdates"][-1]["state"] == "ThirdParty"


@pytest.mark.parametrize(
    "body",
    [
        {"state": "ThirdParty", "comment": "no vendor"},
        {"state": "ThirdParty", "vendorInformation": {"vendor": "Microsoft"}},
        SAID | {"state": "Solved"},
        SAID | {"maxScore": 100},
    ],
)
def test_what_graph_does_not_take_is_refused_and_changes_nothing(client: Client, body: dict[str, Any]) -> None:
    answer = client.graph("PATCH", CONTROL, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert updates(client) == []


def test_a_reader_may_not_set_it_and_an_unknown_control_is_not_found(client: Client) -> None:
    assert client.graph("PATCH", CONTROL.replace("IntegratedApps", "Nothing"), json=SAID).status_code == 404
    client.token("graph")
    client.tenant.withhold("SecurityEvents.ReadWrite.All")
    client.app.acquire_token_silent(
        [f"{client.about['graph']}/.default"], account=client.app.get_accounts()[0], force_refresh=True
    )
    assert client.graph("PATCH", CONTROL, json=SAID).status_code == 403


def test_the_published_example_is_played(client: Client, shared: Path) -> None:
    file = shared / "contracts" / "examples" / "securescorecontrolprofiles-update.json"
    for example in json.loads(file.read_text("utf-8"))["examples"]:
        answer = client.graph("PATCH", CONTROL, json=example["request"]["body"])
        assert answer.status_code == 204
        assert updates(client)[-1]["comment"] == "control is reviewed"
