"""Which messages were read, by which session, and when the whole mailbox has to be assumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.case import Case, open_case
from toolkit.story.exposure import ASSUME, messages_read, throttled_hours

OWNER = "katrin.vogel@contoso.com"
NOON = datetime(2026, 9, 17, 12, tzinfo=UTC)


def record(
    number: int, minutes: int = 0, *, kind: str = "Bind", throttled: bool = False, **more: Any
) -> dict[str, Any]:
    """A MailItemsAccessed record with two messages."""
    items = [{"InternetMessageId": f"<{number}.{one}@contoso.com>", "SizeInBytes": 1000 + one} for one in range(2)]
    return {
        "Id": f"00000000-0000-4000-8000-{number:012d}",
        "CreationTime": (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S"),
        "Operation": "MailItemsAccessed",
        "RecordType": 50,
        "Workload": "Exchange",
        "UserId": OWNER,
        "MailboxOwnerUPN": OWNER,
        "SessionId": f"session-{number % 2}",
        "ClientIPAddress": f"203.0.113.{number}",
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": kind},
            {"Name": "IsThrottled", "Value": str(throttled)},
        ],
        **({"Folders": [{"Path": "\\Inbox", "FolderItems": items}]} if kind == "Bind" else {}),
        **({"Item": {"ParentFolder": {"Path": "\\Inbox", "Name": "Inbox"}}} if kind == "Sync" else {}),
        **more,
    }


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Case]:
    case = open_case(tmp_path / "case")
    yield case
    case.close()


def load(case: Case, tmp_path: Path, rows: list[Any]) -> Case:
    page = tmp_path / f"rows{len(list(tmp_path.iterdir()))}.json"
    page.write_text(json.dumps(rows))
    case.load(page, report=lambda what, share: None)
    return case


def searched(row: dict[str, Any]) -> dict[str, Any]:
    """As Search-UnifiedAuditLog gives it."""
    return {
        "CreationDate": row["CreationTime"],
        "UserIds": OWNER,
        "Operations": row["Operation"],
        "AuditData": json.dumps(row),
        "Identity": row["Id"],
    }


def by_graph(row: dict[str, Any]) -> dict[str, Any]:
    """As Graph's audit search gives it."""
    return {"id": row["Id"], "operation": row["Operation"], "auditData": row, "userPrincipalName": OWNER}


@pytest.mark.parametrize("shape", [dict, searched, by_graph])
def test_every_road_carries_the_ids_of_the_messages(empty: Case, tmp_path: Path, shape: Any) -> None:
    case = load(empty, tmp_path, [shape(record(1)), shape(record(2, 10))])
    told = messages_read(case, OWNER.upper())
    assert list(told.messages.message_id) == [f"<{number}.{one}@contoso.com>" for number in (1, 2) for one in range(2)]
    assert set(told.messages.folder) == {"\\Inbox"}
    assert list(told.messages["size"]) == [1000, 1001] * 2
    assert str(told.messages.time.dtype).endswith("UTC]")
    assert (told.assume, told.records) == ((), 2)


def test_only_a_session_an_address_or_a_time_when_asked_for(empty: Case, tmp_path: Path) -> None:
    case = load(empty, tmp_path, [record(number, number * 10) for number in range(1, 5)])
    assert set(messages_read(case, OWNER, sessions=["SESSION-1"]).messages.session_id) == {"session-1"}
    assert len(messages_read(case, OWNER, addresses=["203.0.113.2"]).messages) == 2
    part = messages_read(case, OWNER, NOON + timedelta(minutes=20), NOON + timedelta(minutes=30))
    assert list(part.messages.message_id) == ["<2.0@contoso.com>", "<2.1@contoso.com>"]


def test_a_download_and_throttling_mean_the_whole_mailbox(empty: Case, tmp_path: Path) -> None:
    case = load(empty, tmp_path, [record(1), record(2, 10, kind="Sync"), record(3, 20, throttled=True)])
    told = messages_read(case, OWNER, sessions=["session-0"])
    assert len(told.assume) == 2
    download, throttled = told.assume
    assert download.startswith("A program downloaded whole folders, first at 2026-09-17 12:10 UTC (\\Inbox)")
    assert "for 24 hours after 2026-09-17 12:20 UTC" in throttled  # though another session caused it
    assert all(one.endswith(ASSUME) for one in told.assume)
    begin = NOON + timedelta(minutes=20)
    assert throttled_hours(case, OWNER) == [(begin, begin + timedelta(days=1))]


def test_nothing_found_is_never_nothing_read(empty: Case, tmp_path: Path) -> None:
    [why] = messages_read(empty, OWNER).assume
    assert why.startswith("Not checked: the case has no audit records of the mailbox")
    case = load(empty, tmp_path, [record(1, Operation="Send", RecordType=2)])
    [why] = messages_read(case, OWNER).assume
    assert "1 audit record of the mailbox" in why
    assert "licence" in why


def test_records_that_name_no_messages_are_counted(empty: Case, tmp_path: Path) -> None:
    case = load(empty, tmp_path, [record(1), record(2, Folders="cut"), record(3, Folders=[{"FolderItems": [None]}])])
    told = messages_read(case, OWNER)
    assert len(told.messages) == 2
    assert told.assume == (f"2 records of reading name no messages: the export is cut or shortened. {ASSUME}",)


def test_flat_rows_of_sentinel_have_them_too(empty: Case, shared: Path) -> None:
    empty.load(shared / "samples" / "otrf-goldensaml" / "OfficeActivityEvents.json", report=lambda what, share: None)
    owners = empty.sql("SELECT DISTINCT mailbox_owner_upn AS o FROM audit WHERE operation = 'MailItemsAccessed'").o
    assert len(owners)
    told = messages_read(empty, owners[0])
    assert len(told.messages) > 0
    assert told.messages.message_id.str.contains("@").all()
