"""Search-UnifiedAuditLog as the practice tenant plays it: pages, caps, sessions, and its odd answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.errors import PracticeError
from toolkit.practice import Events
from toolkit.practice.faults import Fault

WINDOW = {"StartDate": "2026-06-01T00:00:00Z", "EndDate": "2026-09-18T14:00:00Z"}
START, END = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 9, 18, 14, 0, 1, tzinfo=UTC)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock(), events=20_000) as tenant:
        yield client_of(tenant)


def page(client: Client, **parameters: Any) -> list[dict[str, Any]]:
    answer = client.cmdlet("Search-UnifiedAuditLog", **(WINDOW | parameters))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def session(client: Client, name: str, command: str = "ReturnLargeSet", **parameters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while got := page(client, SessionId=name, SessionCommand=command, ResultSize=5000, **parameters):
        rows += got
    return rows


def test_log_holds_the_scenario_for_all_users(client: Client) -> None:
    rows = session(client, "all")
    assert {row["Identity"] for row in rows} == client.tenant.truth(None, START, END)
    assert {"jonas.reuter@contoso.com", VICTIM, "SecurityComplianceAlerts"} <= {row["UserIds"] for row in rows}
    document = json.loads(rows[0]["AuditData"])
    assert (document["Id"], document["Operation"]) == (rows[0]["Identity"], rows[0]["Operations"])
    assert (rows[0]["ResultIndex"], rows[0]["ResultCount"]) == (1, len(rows))


def test_change_made_at_run_time_is_found(client: Client, clock: Clock) -> None:
    clock.seconds += 60
    client.graph("POST", f"/v1.0/users/{VICTIM}/revokeSignInSessions")
    found = page(client, StartDate="2026-09-18T14:00:30Z", EndDate="2026-09-18T15:00:00Z")
    assert [row["Operations"] for row in found] == ["Update StsRefreshTokenValidFrom Timestamp."]


def test_without_asking_for_more_a_hundred_come(client: Client) -> None:
    rows = page(client)
    assert len(rows) == 100
    assert rows[0]["ResultCount"] > 600
    assert rows[0]["AuditSearchRequestMetadata"] == {"moreRecordsAvailable": True}
    assert [row["CreationDate"] for row in rows] == sorted((row["CreationDate"] for row in rows), reverse=True)


@pytest.mark.parametrize("size", [0, 5001, "all", True])
def test_page_size_has_bounds(client: Client, size: object) -> None:
    assert client.cmdlet("Search-UnifiedAuditLog", **WINDOW, ResultSize=size).status_code == 400


def test_preview_is_sorted_and_ends_at_five_thousand(busy: Client) -> None:
    rows = session(busy, "preview", "ReturnNextPreviewPage")
    assert len(rows) == 5000
    assert rows[0]["ResultCount"] > 20_000
    assert [row["CreationDate"] for row in rows] == sorted((row["CreationDate"] for row in rows), reverse=True)


def test_large_set_is_unsorted_and_has_doubles(busy: Client) -> None:
    rows = session(busy, "large", UserIds=VICTIM)
    ids = [row["Identity"] for row in rows]
    assert set(ids) == busy.tenant.truth(VICTIM, START, END)
    assert len(ids) > len(set(ids)) > 20_000
    assert [row["ResultIndex"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["CreationDate"] for row in rows] != sorted((row["CreationDate"] for row in rows), reverse=True)


def test_both_commands_in_one_session_end_at_ten_thousand(busy: Client) -> None:
    first = page(busy, SessionId="both", SessionCommand="ReturnNextPreviewPage", ResultSize=4000)
    rest = session(busy, "both", "ReturnLargeSet")
    assert len(first) + len(rest) == 10_000


def test_flood_is_cut_at_fifty_thousand(tmp_path: Path) -> None:
    events = Events(1000, flood=51_000)
    with practice.start(tmp_path, seconds=Clock(), events=events) as tenant:
        client = client_of(tenant)
        hour = {
            "StartDate": events.flood_hour.isoformat(),
            "EndDate": (events.flood_hour + timedelta(0, 3600)).isoformat(),
        }
        rows = session(client, "flood", **hour)
        assert len(rows) == rows[0]["ResultCount"] == 50_000
        assert len(tenant.truth(VICTIM, events.flood_hour, events.flood_hour + timedelta(hours=1))) >= 51_000


def test_session_goes_on_with_the_first_parameters(client: Client) -> None:
    page(client, SessionId="s", SessionCommand="ReturnLargeSet", UserIds=VICTIM, ResultSize=1)
    other = page(
        client, SessionId="s", SessionCommand="ReturnLargeSet", UserIds="ana.petrovic@contoso.com", ResultSize=9
    )
    assert {row["UserIds"] for row in other} == {VICTIM}
    assert client.tenant.requests()[-1]["notes"]


@pytest.mark.parametrize(
    ("condition", "check"),
    [
        ({"UserIds": ["Katrin.Vogel@contoso.com"]}, lambda row, data: row["UserIds"] == VICTIM),
        ({"Operations": "Send,New-InboxRule"}, lambda row, data: data["Operation"] in {"Send", "New-InboxRule"}),
        ({"RecordType": "ExchangeAdmin"}, lambda row, data: data["RecordType"] == 1),
        ({"IPAddresses": ["37.120.200.44"]}, lambda row, data: "37.120.200.44" in row["AuditData"]),
        ({"FreeText": "bank details"}, lambda row, data: "bank details" in row["AuditData"].lower()),
    ],
)
def test_every_condition_narrows(client: Client, condition: dict[str, Any], check: Any) -> None:
    rows = page(client, ResultSize=5000, **condition)
    assert 0 < len(rows) < 1500
    assert all(check(row, json.loads(row["AuditData"])) for row in rows)


def test_unknown_record_type_is_refused_and_an_unused_one_finds_nothing(client: Client) -> None:
    assert client.cmdlet("Search-UnifiedAuditLog", **WINDOW, RecordType="Weather").status_code == 400
    assert page(client, RecordType="CopilotInteraction") == []


def test_one_day_without_times_is_nothing(client: Client) -> None:
    assert page(client, StartDate="2026-09-16", EndDate="2026-09-16") == []
    assert page(client, StartDate="09/16/2026", EndDate="09/16/2026") == []
    assert len(page(client, StartDate="2026-09-16", EndDate="2026-09-17")) > 20


def test_auditing_that_is_off_finds_nothing(client: Client) -> None:
    client.tenant.change_behind(
        lambda state: state["admin_audit_log_config"].update(UnifiedAuditLogIngestionEnabled=False)
    )
    assert page(client) == []


def test_records_older_than_the_retention_are_gone(client: Client) -> None:
    client.tenant.arrange(audit_days=7)
    assert min(row["CreationDate"] for row in session(client, "kept")) >= "2026-09-11T14:00:00Z"


def order(client: Client, effect: str, amount: int = 3) -> None:
    client.tenant._faults.order(Fault("Search-UnifiedAuditLog", effect=effect, amount=amount))


def test_false_zero_is_told_once(client: Client) -> None:
    order(client, "empty")
    asked = {"SessionId": "zero", "SessionCommand": "ReturnLargeSet", "ResultSize": 50}
    assert page(client, **asked) == []
    assert [row["ResultIndex"] for row in page(client, **asked)] == list(range(1, 51))
    order(client, "empty")
    assert len(page(client, SessionId="zero 2", SessionCommand="ReturnLargeSet", ResultSize=50)) == 50


def test_broken_session_says_so_in_its_numbers_and_is_over(client: Client) -> None:
    page(client, SessionId="broken", SessionCommand="ReturnLargeSet", ResultSize=50)
    order(client, "broken session")
    rows = page(client, SessionId="broken", SessionCommand="ReturnLargeSet", ResultSize=50)
    assert {(row["ResultIndex"], row["ResultCount"]) for row in rows} == {(-1, 0)}
    assert page(client, SessionId="broken", SessionCommand="ReturnLargeSet", ResultSize=50) == []
    assert len(page(client, SessionId="fresh", SessionCommand="ReturnLargeSet", ResultSize=50)) == 50


def test_short_page_leaves_a_gap_in_the_index(client: Client) -> None:
    order(client, "short")
    rows = session(client, "short")
    assert len(rows) < rows[0]["ResultCount"]
    gone = client.tenant.truth(None, START, END) - {row["Identity"] for row in rows}
    assert gone
    order(client, "short")
    again = {row["Identity"] for row in session(client, "short 2")}
    assert gone <= again


def test_search_that_misses_some_agrees_with_itself_but_not_with_the_next(client: Client) -> None:
    order(client, "misses")
    first, second = session(client, "one"), session(client, "two")
    assert len(first) == first[0]["ResultCount"] < len(second) == second[0]["ResultCount"]


def test_search_without_high_completeness_lacks_the_same_each_time(client: Client) -> None:
    client.tenant.arrange(plain_search_lacks=30)
    plain, again = ({row["Identity"] for row in session(client, name)} for name in ("one", "two"))
    whole = {row["Identity"] for row in page(client, ResultSize=5000, HighCompleteness=True)}
    assert plain == again < whole == client.tenant.truth(None, START, END)


def test_repeated_page_loses_nothing(client: Client) -> None:
    asked = {"SessionId": "again", "SessionCommand": "ReturnLargeSet", "ResultSize": 20}
    first = page(client, **asked)
    order(client, "repeat")
    assert page(client, **asked) == first
    assert page(client, **asked)[0]["ResultIndex"] == 21


def test_busy_mailbox_has_bursts_and_throttled_hours(busy: Client) -> None:
    events = Events(20_000)
    assert len(events.burst_hours) == 2
    for hour in events.burst_hours:
        assert len(busy.tenant.truth(VICTIM, hour, hour + timedelta(hours=1))) > 5000
        day = {"StartDate": hour.isoformat(), "EndDate": (hour + timedelta(hours=24)).isoformat()}
        rows = session(busy, str(hour), UserIds=VICTIM, **day)
        rows.sort(key=lambda row: row["CreationDate"])
        reads = [json.loads(row["AuditData"]) for row in rows if row["Operations"] == "MailItemsAccessed"]
        throttled = [r for r in reads if r["OperationProperties"][1] == {"Name": "IsThrottled", "Value": "True"}]
        assert throttled
        silent_from = max(record["CreationTime"] for record in throttled)
        assert len([record for record in reads if record["CreationTime"] > silent_from]) < 5


def test_busy_mailbox_is_the_same_each_time_and_in_no_file(tmp_path: Path) -> None:
    truths = []
    for name in ("a", "b"):
        with practice.start(tmp_path / name, seconds=Clock(), events=Events(3000, seed=5)) as tenant:
            truths.append(tenant.truth(VICTIM))
            assert (tmp_path / name / "state.json").stat().st_size < 400_000
    assert truths[0] == truths[1]
    with practice.start(tmp_path / "c", seconds=Clock(), events=Events(3000, seed=6)) as tenant:
        assert len(tenant.truth(VICTIM) & truths[0]) < 1000


def test_one_crowded_second(tmp_path: Path) -> None:
    events = Events(100, same_second=6000)
    with practice.start(tmp_path, seconds=Clock(), events=events) as tenant:
        second = events.crowded_second
        client = client_of(tenant)
        rows = session(client, "one", "ReturnNextPreviewPage", StartDate=second.isoformat(), EndDate=second.isoformat())
        assert len(rows) == 5000
        kinds = Counter(
            row["Operations"] for row in session(client, "l", StartDate=second.isoformat(), EndDate=second.isoformat())
        )
        assert sum(kinds.values()) >= 6000
        assert max(kinds.values()) < 4900


def test_nobody_has_that_mailbox() -> None:
    with pytest.raises(PracticeError, match="Nobody at Contoso"):
        Events(account="nobody@contoso.com")
