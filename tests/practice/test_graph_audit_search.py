"""Graph's searches of the audit log: they take their time, have limits, and may fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.practice.faults import Fault

QUERIES = "/v1.0/security/auditLog/queries"
BODY: dict[str, Any] = {
    "displayName": "one account",
    "filterStartDateTime": "2026-09-10T00:00:00Z",
    "filterEndDateTime": "2026-09-18T14:00:00Z",
    "userPrincipalNameFilters": [VICTIM],
}


@pytest.fixture
def busy(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=clock, events=10_000) as tenant:
        yield client_of(tenant)


def begun(client: Client, **more: Any) -> str:
    client.tenant.arrange(search_seconds=30)
    answer = client.graph("POST", QUERIES, json=BODY | more)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "notStarted"
    return str(answer.json()["id"])


def records(client: Client, query: str, top: int = 1000) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    link: str | None = f"{QUERIES}/{query}/records?$top={top}"
    while link:
        body = client.graph("GET", link.removeprefix(client.about["graph"])).json()
        rows += body["value"]
        link = body.get("@odata.nextLink")
    return rows


def test_search_runs_by_itself_and_then_has_everything(busy: Client, clock: Clock) -> None:
    query = begun(busy)
    statuses = []
    for _ in range(4):
        statuses.append(busy.graph("GET", f"{QUERIES}/{query}").json()["status"])
        clock.seconds += 10
    assert statuses == ["notStarted", "running", "running", "succeeded"]
    rows = records(busy, query)
    start, end = (datetime(2026, 9, day, hour, tzinfo=UTC) for day, hour in ((10, 0), (18, 14)))
    assert {row["id"] for row in rows} == busy.tenant.truth(VICTIM, start, end)
    assert len(rows) > 1000


def test_no_records_before_the_search_has_succeeded(client: Client, clock: Clock) -> None:
    query = begun(client)
    assert records(client, query) == []
    clock.seconds += 31
    assert len(records(client, query)) > 20


def test_record_has_both_names_of_its_type_and_an_object_id(client: Client, clock: Clock) -> None:
    query = begun(client, operationFilters=["New-InboxRule"])
    clock.seconds += 31
    row = records(client, query)[0]
    assert (row["auditLogRecordType"], row["auditData"]["RecordType"]) == ("ExchangeAdmin", 1)
    assert (row["userPrincipalName"], row["auditData"]["UserId"]) == (VICTIM, VICTIM)
    assert row["userId"] != VICTIM
    assert row["clientIp"] == "37.120.200.44"
    assert row["auditData"]["ClientIP"].startswith("37.120.200.44:")


@pytest.mark.parametrize(
    ("condition", "operations"),
    [
        (
            {"recordTypeFilters": ["exchangeAdmin"]},
            {"New-InboxRule", "Set-Mailbox", "Set-MailboxAuditBypassAssociation"},
        ),
        ({"recordTypeFilters": ["MailItemsAccessed"]}, None),
        ({"serviceFilters": ["SharePoint"]}, {"FileAccessed", "FileDownloaded"}),
        ({"keywordFilter": "Neue Bankverbindung"}, {"Send", "HardDelete"}),
        ({"ipAddressFilters": ["37.120.200.44"], "operationFilters": ["FileDownloaded"]}, {"FileDownloaded"}),
    ],
)
def test_conditions(client: Client, clock: Clock, condition: dict[str, Any], operations: set[str] | None) -> None:
    if operations is None:
        assert client.graph("POST", QUERIES, json=BODY | condition).status_code == 400
        return
    query = begun(client, **condition)
    clock.seconds += 31
    assert {row["operation"] for row in records(client, query)} == operations


@pytest.mark.parametrize(
    "wrong",
    [
        {"serviceFilter": "Exchange"},
        {"filterStartDateTime": "yesterday"},
        {"filterEndDateTime": "2026-09-01T00:00:00Z"},
        {"operationFilters": "Send"},
    ],
)
def test_what_the_service_does_not_take(client: Client, wrong: dict[str, Any]) -> None:
    assert client.graph("POST", QUERIES, json=BODY | wrong).status_code == 400
    assert client.graph("GET", QUERIES).json()["value"] == []


def test_auditing_that_is_off_is_said_in_the_message(client: Client) -> None:
    client.tenant.change_behind(
        lambda state: state["admin_audit_log_config"].update(UnifiedAuditLogIngestionEnabled=False)
    )
    answer = client.graph("POST", QUERIES, json=BODY)
    assert answer.status_code == 400
    assert json.loads(answer.json()["error"]["message"])["Status"] == "AuditingDisabledTenant"


def test_only_so_many_searches_at_once(client: Client, clock: Clock) -> None:
    client.tenant.arrange(searches_at_once=2)
    begun(client)
    begun(client)
    assert client.graph("POST", QUERIES, json=BODY).status_code == 429
    clock.seconds += 31
    begun(client)
    assert len(client.graph("GET", QUERIES).json()["value"]) == 3


def test_search_that_stops_at_its_limit_says_so(client: Client, clock: Clock) -> None:
    client.tenant.arrange(record_count_limit=10)
    query = begun(client)
    clock.seconds += 31
    said = client.graph("GET", f"{QUERIES}/{query}").json()
    assert (said["recordCountLimit"], said["isRecordCountLimitExceeded"]) == (10, True)
    assert len(records(client, query)) == 10
    client.tenant.arrange(record_count_limit=None)
    assert "isRecordCountLimitExceeded" not in client.graph("GET", f"{QUERIES}/{begun(client)}").json()


@pytest.mark.parametrize(("effect", "status"), [("failed search", "failed"), ("cancelled search", "cancelled")])
def test_search_may_end_without_a_result(client: Client, clock: Clock, effect: str, status: str) -> None:
    client.tenant._faults.order(Fault("POST /v1.0/security/auditLog", effect=effect))
    query = begun(client)
    clock.seconds += 31
    assert client.graph("GET", f"{QUERIES}/{query}").json()["status"] == status
    assert records(client, query) == []


def test_lost_answer_leaves_a_search_that_can_be_found_by_its_name(client: Client) -> None:
    client.tenant.fail_next("POST /v1.0/security", status=504, done_before=True)
    assert client.graph("POST", QUERIES, json=BODY).status_code == 504
    assert [row["displayName"] for row in client.graph("GET", QUERIES).json()["value"]] == ["one account"]


def test_search_is_kept_for_thirty_days(client: Client, clock: Clock) -> None:
    query = begun(client)
    for days, status in ((29, 200), (2, 404)):
        clock.seconds += days * 86_400
        assert client_of(client.tenant).graph("GET", f"{QUERIES}/{query}").status_code == status


def test_tenant_without_the_api(client: Client) -> None:
    client.tenant.arrange(lacks=["graph audit search"])
    assert client.graph("POST", QUERIES, json=BODY).status_code == 404
