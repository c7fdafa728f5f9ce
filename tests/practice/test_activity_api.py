"""The Management Activity API of the practice tenant: subscriptions, blobs and their odd paging."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice

TYPES = ("Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General")
NOW = datetime(2026, 9, 18, 14, tzinfo=UTC)


def feed(client: Client, method: str, what: str, tenant: str = "", **query: str) -> requests.Response:
    root = f"{client.about['manage']}/api/v1.0/{tenant or client.about['tenant_id']}/activity/feed"
    return call(client, method, f"{root}/{what}", params=query)


def call(client: Client, method: str, address: str, **how: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {client.token('manage')}"}
    return client.session.request(method, address, headers=headers, timeout=60, **how)


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def content(client: Client, content_type: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """All blobs of a window, following the header."""
    found: list[dict[str, Any]] = []
    times = {"startTime": f"{start:%Y-%m-%dT%H:%M:%S}", "endTime": f"{end:%Y-%m-%dT%H:%M:%S}"}
    answer = feed(client, "GET", "subscriptions/content", contentType=content_type, **times)
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()
        link = answer.headers.get("NextPageUri")
        if link is None:
            return found
        assert "/api/v1/" in link
        assert "PublisherIdentifier" not in link
        answer = call(client, "GET", link)


def records(client: Client, blobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for blob in blobs for record in call(client, "GET", blob["contentUri"]).json()]


def since_long(state: dict[str, Any]) -> None:
    started = (NOW - timedelta(days=60)).isoformat()
    state["activity_subscriptions"] = {name: {"started": started, "stopped": ""} for name in TYPES}


@pytest.fixture
def subscribed(tmp_path: Path, clock: Clock) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=clock, events=20_000) as tenant:
        tenant.change_behind(since_long)
        yield client_of(tenant)


def test_nothing_is_subscribed_until_somebody_does(client: Client) -> None:
    assert feed(client, "GET", "subscriptions/list").json() == []
    assert code(feed(client, "GET", "subscriptions/content", contentType="Audit.Exchange")) == (400, "AF20022")
    started = feed(client, "POST", "subscriptions/start", contentType="Audit.Exchange")
    assert started.json() == {"contentType": "Audit.Exchange", "status": "enabled", "webhook": None}
    assert feed(client, "GET", "subscriptions/list").json() == [started.json()]
    assert code(feed(client, "POST", "subscriptions/start", contentType="Audit.Exchange")) == (400, "AF20024")
    line = client.tenant.writes()[0]
    assert (line["path"].rpartition("/")[2], line["changed"]) == ("start", True)


def test_stopped_subscription_gives_no_content(client: Client) -> None:
    feed(client, "POST", "subscriptions/start", contentType="Audit.General")
    stopped = feed(client, "POST", "subscriptions/stop", contentType="Audit.General")
    assert (stopped.status_code, stopped.content) == (200, b"")
    assert code(feed(client, "GET", "subscriptions/content", contentType="Audit.General")) == (400, "AF20023")
    assert feed(client, "GET", "subscriptions/list").json()[0]["status"] == "disabled"


def test_first_blobs_come_minutes_after_the_start_and_reach_back_a_day_at_most(client: Client, clock: Clock) -> None:
    feed(client, "POST", "subscriptions/start", contentType="Audit.Exchange")
    assert feed(client, "GET", "subscriptions/content", contentType="Audit.Exchange").json() == []
    clock.seconds += 180
    blobs = feed(client, "GET", "subscriptions/content", contentType="Audit.Exchange").json()
    times = [record["CreationTime"] for record in records(client, blobs)]
    assert "2026-09-17T16:00:00" <= min(times) < "2026-09-18T07:00:00"


def test_a_week_of_blobs_holds_every_record_once_or_twice(subscribed: Client) -> None:
    ids: list[str] = []
    created: list[str] = []
    for day in range(7):
        window = NOW - timedelta(days=7 - day), NOW - timedelta(days=6 - day)
        for name in TYPES:
            blobs = content(subscribed, name, *window)
            created += [blob["contentCreated"] for blob in blobs]
            ids += [record["Id"] for record in records(subscribed, blobs)]
    truth = subscribed.tenant.truth(None, NOW - timedelta(days=6, hours=20), NOW - timedelta(hours=2))
    assert truth <= set(ids)
    assert len(ids) > len(set(ids)) > 6000
    assert min(created) >= "2026-09-11T14:00:00"


def test_long_list_of_content_goes_on_in_a_header(subscribed: Client) -> None:
    day = NOW - timedelta(days=5)
    times = {"startTime": f"{day:%Y-%m-%dT%H:%M:%S}", "endTime": f"{day + timedelta(days=1):%Y-%m-%dT%H:%M:%S}"}
    first = feed(subscribed, "GET", "subscriptions/content", contentType="Audit.Exchange", **times)
    whole = content(subscribed, "Audit.Exchange", day, day + timedelta(days=1))
    assert len(whole) > len(first.json()) or "NextPageUri" not in first.headers


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"startTime": "2026-09-17T00:00:00"}, "AF20030"),
        ({"startTime": "2026-09-16T00:00:00", "endTime": "2026-09-17T00:00:01"}, "AF20030"),
        ({"startTime": "2026-09-11T13:59:59", "endTime": "2026-09-11T20:00:00"}, "AF20030"),
        ({"startTime": "2026-09-17T00:00:00", "endTime": "2026-09-17T00:00:00"}, "AF20055"),
        ({"startTime": "2026-09-17T00:00:00Z", "endTime": "2026-09-17T12:00:00Z"}, "AF20002"),
        ({"startTime": "2026-09-17", "endTime": "2026-09-18", "nextPage": "x"}, "AF20031"),
        ({"contentType": "Audit.Weather"}, "AF20020"),
        ({"contentType": ""}, "AF20001"),
    ],
)
def test_errors_have_their_codes(subscribed: Client, times: dict[str, str], expected: str) -> None:
    query = {"contentType": "Audit.Exchange"} | times
    assert code(feed(subscribed, "GET", "subscriptions/content", **query)) == (400, expected)


def test_content_expires_after_seven_days(subscribed: Client, clock: Clock) -> None:
    blob = content(subscribed, "Audit.Exchange", NOW - timedelta(days=1), NOW)[0]
    clock.seconds += 7 * 86_400 + 1
    later = client_of(subscribed.tenant)
    assert code(call(later, "GET", blob["contentUri"])) == (400, "AF20051")
    assert code(call(later, "GET", blob["contentUri"] + "x")) == (404, "AF20050")


def test_other_tenant_and_missing_permission(client: Client) -> None:
    other = "00000000-0000-0000-0000-000000000009"
    assert code(feed(client, "GET", "subscriptions/list", tenant=other)) == (400, "AF20010")
    client.tenant.withhold("ActivityFeed.ReadDlp")
    again = client_of(client.tenant)
    assert feed(again, "GET", "subscriptions/list").status_code == 200
    assert code(feed(again, "POST", "subscriptions/start", contentType="DLP.All")) == (403, "AF10001")


def test_without_auditing_nothing_can_be_subscribed(client: Client) -> None:
    client.tenant.change_behind(
        lambda state: state["admin_audit_log_config"].update(UnifiedAuditLogIngestionEnabled=False)
    )
    assert code(feed(client, "POST", "subscriptions/start", contentType="Audit.Exchange")) == (400, "AF20012")


def test_token_of_another_service_is_refused(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token('graph')}"}
    root = f"{client.about['manage']}/api/v1.0/{client.about['tenant_id']}/activity/feed/subscriptions/list"
    answer = client.session.get(root, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()) == (401, {"Message": "Authorization has been denied for this request."})


def test_change_of_the_present_is_in_a_blob_within_the_hour(subscribed: Client, clock: Clock) -> None:
    subscribed.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False})
    clock.seconds += 4000
    later = client_of(subscribed.tenant)
    blobs = feed(later, "GET", "subscriptions/content", contentType="Audit.AzureActiveDirectory").json()
    assert "Disable account." in {record["Operation"] for record in records(later, blobs)}
