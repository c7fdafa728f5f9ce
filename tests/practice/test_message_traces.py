"""Message trace of the practice tenant, over Graph and by cmdlet."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.practice.analyst import VICTIM, Client

TRACES = "/v1.0/admin/exchange/tracing/messageTraces"
WINDOW = "receivedDateTime ge 2026-09-10T00:00:00Z and receivedDateTime le 2026-09-18T14:00:00Z"
DAYS = {"StartDate": "2026-09-10T00:00:00Z", "EndDate": "2026-09-18T14:00:00Z"}


def rows(client: Client, text: str = WINDOW, top: int = 1000) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    link: str | None = f"{TRACES}?$filter={quote(text)}&$top={top}"
    while link:
        answer = client.graph("GET", link.removeprefix(client.about["graph"]))
        assert answer.status_code == 200, answer.text
        found += answer.json()["value"]
        link = answer.json().get("@odata.nextLink")
    return found


def test_one_row_for_each_recipient_page_by_page(client: Client) -> None:
    everything = rows(client)
    keys = [(row["id"], row["recipientAddress"]) for row in everything]
    assert len(set(keys)) == len(keys) > len({row["id"] for row in everything})
    assert rows(client, top=7) == everything


def test_fraudulent_mails_went_out_and_some_bounced(client: Client) -> None:
    sent = rows(client, f"senderAddress eq '{VICTIM}' and contains(subject, 'bankverbindung') and {WINDOW}")
    assert len({row["id"] for row in sent}) == 40
    assert {row["status"] for row in sent} == {"delivered", "failed"}
    assert {row["fromIP"] for row in sent} == {"37.120.200.44"}


def test_forwarded_copies_are_traced(client: Client) -> None:
    copies = rows(client, f"recipientAddress eq 'accounts@contoso-invoices.example' and {WINDOW}")
    assert copies
    first = rows(client, f"messageId eq '{copies[0]['messageId']}' and {WINDOW}")
    assert {row["recipientAddress"] for row in first} == {VICTIM, "accounts@contoso-invoices.example"}


def test_what_stands_behind_or_is_ignored_without_a_word(client: Client) -> None:
    both = f"{WINDOW} and senderAddress eq '{VICTIM}' or recipientAddress eq '{VICTIM}'"
    assert rows(client, both) == rows(client, f"{WINDOW} and senderAddress eq '{VICTIM}'")


@pytest.mark.parametrize(
    "text",
    [
        "receivedDateTime ge 2026-09-01T00:00:00Z and receivedDateTime le 2026-09-18T00:00:00Z",
        "receivedDateTime ge 2026-06-01T00:00:00Z and receivedDateTime le 2026-06-05T00:00:00Z",
        "receivedDateTime gt 2026-09-17T00:00:00Z and receivedDateTime lt 2026-09-18T00:00:00Z",
        "senderAddress ne 'a@b.example'",
        "senderAddress eq 'a@b.example' and senderAddress eq 'c@b.example'",
    ],
)
def test_filters_that_are_refused(client: Client, text: str) -> None:
    assert client.graph("GET", f"{TRACES}?$filter={quote(text)}").status_code == 400


def test_without_a_window_the_last_two_days_come(client: Client) -> None:
    times = [row["receivedDateTime"] for row in client.graph("GET", TRACES).json()["value"]]
    assert times
    assert min(times) >= "2026-09-16T14:00:00Z"


def test_tenant_without_the_service_principal(client: Client) -> None:
    client.tenant.arrange(lacks=["message trace"])
    answer = client.graph("GET", TRACES)
    assert answer.status_code == 401
    assert "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373" in answer.json()["error"]["message"]


def cmdlet(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.cmdlet("Get-MessageTraceV2", **(DAYS | parameters))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_cmdlet_has_no_paging_but_goes_on_from_the_last_row(client: Client) -> None:
    everything = cmdlet(client, ResultSize=5000)
    assert everything["@adminapi.warnings"] == []
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    for _ in range(200):
        part = cmdlet(client, ResultSize=9, **more)
        assert "@odata.nextLink" not in part
        found += part["value"]
        if not part["@adminapi.warnings"]:
            break
        last = part["value"][-1]
        more = {"EndDate": last["Received"], "StartingRecipientAddress": last["RecipientAddress"]}
    keys = {(row["MessageTraceId"], row["RecipientAddress"]) for row in found}
    assert keys == {(row["MessageTraceId"], row["RecipientAddress"]) for row in everything["value"]}


def test_cmdlet_and_graph_agree(client: Client) -> None:
    one = {(row["MessageTraceId"], row["RecipientAddress"]) for row in cmdlet(client, ResultSize=5000)["value"]}
    assert one == {(row["id"], row["recipientAddress"]) for row in rows(client)}


@pytest.mark.parametrize("wrong", [{"ResultSize": 5001}, {"StartDate": "2026-09-01"}, {"EndDate": "2026-09-01"}])
def test_cmdlet_has_bounds(client: Client, wrong: dict[str, Any]) -> None:
    assert client.cmdlet("Get-MessageTraceV2", **(DAYS | wrong)).status_code == 400


def test_details_by_cmdlet(client: Client) -> None:
    bounced = cmdlet(client, Status=["Failed"], SenderAddress=[VICTIM])["value"][0]
    keys = {name: bounced[name] for name in ("MessageTraceId", "RecipientAddress")}
    events = client.cmdlet("Get-MessageTraceDetailV2", **keys).json()["value"]
    assert [row["Event"] for row in events] == ["Receive", "Fail"]
    assert "5.1.8" in events[1]["Detail"]
