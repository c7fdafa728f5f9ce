"""The Log Analytics workspace of the practice tenant: fixed questions, and answers that are not whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client
from toolkit.practice.faults import Fault


def ask(client: Client, query: str, **more: Any) -> requests.Response:
    address = f"{client.about['loganalytics']}/v1/workspaces/{client.about['workspace_id']}/query"
    headers = {"Authorization": f"Bearer {client.token('loganalytics')}"}
    return client.session.post(address, json={"query": query} | more, headers=headers, timeout=60)


def rows(client: Client, query: str, **more: Any) -> list[dict[str, Any]]:
    answer = ask(client, query, **more)
    assert answer.status_code == 200, answer.text
    assert "error" not in answer.json()
    table = answer.json()["tables"][0]
    assert table["name"] == "PrimaryResult"
    names = [column["name"] for column in table["columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["rows"]]


def test_sign_ins_of_a_window_in_slices(client: Client) -> None:
    query = (
        "SigninLogs\n| where TimeGenerated >= datetime(2026-09-16T00:00:00Z) and TimeGenerated < datetime(2026-09-17)\n"
        f'| where UserPrincipalName =~ "{VICTIM.upper()}"\n'
        "| project TimeGenerated, IPAddress, SessionId, LocationDetails"
    )
    found = rows(client, query)
    assert "37.120.200.44" in {row["IPAddress"] for row in found}
    assert set(found[0]) == {"TimeGenerated", "IPAddress", "SessionId", "LocationDetails"}
    assert json.loads(found[0]["LocationDetails"])["countryOrRegion"]


def test_each_connected_table(client: Client) -> None:
    for table in ("SigninLogs", "AADNonInteractiveUserSignInLogs", "AuditLogs", "OfficeActivity"):
        assert rows(client, f"{table} | take 3"), table
    assert rows(client, "OfficeActivity | where Operation in~ ('send') | count")[0]["Count"] == 128


def test_address_of_mail_that_was_read_stands_elsewhere(client: Client) -> None:
    read = rows(
        client, 'OfficeActivity | where Operation == "MailItemsAccessed" and Client_IPAddress == "37.120.200.44"'
    )
    assert len(read) == 15
    assert {row["ClientIP"] for row in read} == {""}


def test_times_in_the_request_narrow_those_of_the_query(client: Client) -> None:
    query = "AuditLogs | where TimeGenerated > ago(30d)"
    assert len(rows(client, query)) == 5
    assert rows(client, query, timespan="P1D") == []
    assert len(rows(client, query, timespan="2026-09-16T08:10:00Z/2026-09-16T09:00:00Z")) == 3


def test_table_that_is_not_connected_is_not_an_empty_one(client: Client) -> None:
    answer = ask(client, "EmailEvents | take 1")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "BadArgumentError"
    assert error["innererror"]["innererror"]["code"] == "SEM0100"


@pytest.mark.parametrize("query", ["SigninLogs | summarize count() by AppId", "SigninLogs | where", "drop table x", ""])
def test_what_cannot_be_read_is_refused(client: Client, query: str) -> None:
    assert ask(client, query).json()["error"]["innererror"]["innererror"]["code"].startswith("S")


def test_answer_beyond_the_limit_is_200_with_an_error_beside(client: Client) -> None:
    client.tenant.arrange(log_rows=10)
    answer = ask(client, "OfficeActivity")
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "PartialError"
    assert len(answer.json()["tables"][0]["rows"]) == 10


def test_answer_may_be_cut_as_a_fault(client: Client) -> None:
    client.tenant._faults.order(Fault("/query", effect="partial", amount=2))
    assert ask(client, "SigninLogs").json()["error"]["code"] == "PartialError"
    assert "error" not in ask(client, "SigninLogs").json()


def test_reading_is_a_read_in_the_log(client: Client) -> None:
    rows(client, "SigninLogs | take 1")
    assert client.tenant.requests()[-1]["kind"] == "read"
    assert client.tenant.writes() == []


def test_workspace_that_is_not_ours(client: Client) -> None:
    address = f"{client.about['loganalytics']}/v1/workspaces/00000000-0000-0000-0000-000000000009/query"
    headers = {"Authorization": f"Bearer {client.token('loganalytics')}"}
    assert client.session.post(address, json={"query": "x"}, headers=headers, timeout=60).status_code == 403
