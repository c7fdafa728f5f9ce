"""Which messages were read: the ids that MailItemsAccessed records name, and when the whole mailbox has to be assumed.

A record of Bind names the messages that were opened; Sync means that a whole folder was downloaded; IsThrottled means
that for the next 24 hours nothing more is recorded of the mailbox.
Source: "Use MailItemsAccessed to investigate compromised accounts" (Microsoft Purview).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from toolkit import engine
from toolkit.case import Case
from toolkit.detect.words import listed, moment, plural

COLUMNS = ["time", "message_id", "folder", "size", "access", "session_id", "ip_address", "user_agent", "row_id"]
SILENT = timedelta(hours=24)
"""How long nothing is recorded after a record that says that auditing was throttled."""
DEPTH = 4
ASSUME = "Assume that the whole mailbox was read."


@dataclass(frozen=True)
class Exposure:
    """What was read of a mailbox: `messages`, one row a message and access (columns `COLUMNS`, `time` in UTC).

    `assume` says, one sentence each, why more has to be assumed than the list has; empty where nothing speaks for it.
    `records` is how many records of reading were looked at.
    """

    messages: pd.DataFrame
    assume: tuple[str, ...]
    records: int


def messages_read(
    case: Case,
    mailbox: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    sessions: Collection[str] = (),
    addresses: Collection[str] = (),
) -> Exposure:
    """The messages of a mailbox that were opened from `start` up to `end` (UTC), by anybody or only as named.

    `mailbox` is its user principal name. With `sessions` or `addresses` only what was done in one of these sessions,
    or from one of these addresses (bare), is listed; throttling is looked at whoever caused it, because it hides what
    anybody read.
    """
    rows = _records(case, mailbox, start, end)
    if rows.empty:
        return Exposure(pd.DataFrame(columns=COLUMNS), (_nothing(case, mailbox),), 0)
    ours = rows
    if sessions or addresses:
        named = {one.lower() for one in sessions}
        ours = rows[rows.session_id.str.lower().isin(named) | rows.ip_address.isin(set(addresses))]
    texts = case.raw(list(ours.row_id), "audit")
    found: list[dict[str, Any]] = []
    unread = 0
    for row in ours.itertuples():
        items = list(_items(texts.get(str(row.row_id), "")))
        if not items and str(row.mail_access_type).lower() != "sync":
            unread += 1
        for message_id, folder, size in items:
            found.append({
                "time": row.time, "message_id": message_id, "folder": folder, "size": size,
                "access": row.mail_access_type, "session_id": row.session_id, "ip_address": row.ip_address,
                "user_agent": row.user_agent, "row_id": row.row_id,
            })  # fmt: skip
    frame = pd.DataFrame(found, columns=COLUMNS).sort_values(["time", "message_id"], kind="stable")
    assume = [*_synchronised(ours), *_throttled(rows), *_without_ids(unread)]
    return Exposure(frame.reset_index(drop=True), tuple(assume), len(ours))


def throttled_hours(case: Case, mailbox: str) -> list[tuple[datetime, datetime]]:
    """The times (UTC) in which reading of a mailbox was not recorded because of throttling, oldest first."""
    rows = _records(case, mailbox, None, None)
    spans: list[tuple[datetime, datetime]] = []
    for time in rows[rows.is_throttled.fillna(False).astype(bool)].time:
        begin = time.to_pydatetime()
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], begin + SILENT)
        else:
            spans.append((begin, begin + SILENT))
    return spans


def _records(case: Case, mailbox: str, start: datetime | None, end: datetime | None) -> pd.DataFrame:
    """The MailItemsAccessed records of a mailbox, oldest first."""
    whose = engine.text(mailbox.lower())
    within = [f"time >= TIMESTAMPTZ {engine.text(start.isoformat())}"] if start else []
    within += [f"time < TIMESTAMPTZ {engine.text(end.isoformat())}"] if end else []
    return case.sql(
        "SELECT row_id, time, mail_access_type, is_throttled, session_id, ip_address, coalesce(user_agent, "
        "client_info) AS user_agent, folder_path FROM audit WHERE lower(operation) = 'mailitemsaccessed' "
        f"AND lower(coalesce(mailbox_owner_upn, user_principal_name)) = {whose} "
        f"{''.join(f'AND {one} ' for one in within)}ORDER BY time, row_id"
    )


def _nothing(case: Case, mailbox: str) -> str:
    whose = engine.text(mailbox.lower())
    others = case.sql(
        f"SELECT count(*) AS n FROM audit WHERE lower(workload) = 'exchange' AND "
        f"lower(coalesce(mailbox_owner_upn, user_principal_name)) = {whose}"
    ).n[0]
    if not others:
        return f"Not checked: the case has no audit records of the mailbox {mailbox}. {ASSUME}"
    return (
        f"The case has {plural(int(others), 'audit record')} of the mailbox {mailbox} and none of reading: its licence "
        f"may not log it, auditing may have been off, or nothing was read in this time. {ASSUME}"
    )


def _synchronised(rows: pd.DataFrame) -> Iterator[str]:
    sync = rows[rows.mail_access_type.str.lower() == "sync"]
    if len(sync):
        folders = listed(sync.folder_path.dropna()) or "folders that the record does not name"
        first = moment(sync.time.min())
        yield (
            f"A program downloaded whole folders, first at {first} ({folders}): such records name no messages. {ASSUME}"
        )


def _throttled(rows: pd.DataFrame) -> Iterator[str]:
    hidden = rows[rows.is_throttled.fillna(False).astype(bool)]
    if len(hidden):
        yield (
            "More than a thousand records came in a day, so for 24 hours after "
            f"{moment(hidden.time.min())} reading was no longer recorded. {ASSUME}"
        )


def _without_ids(unread: int) -> Iterator[str]:
    if unread:
        yield f"{plural(unread, 'record')} of reading name no messages: the export is cut or shortened. {ASSUME}"


def _items(text: str) -> Iterator[tuple[str, str, int | None]]:
    """Message id, folder and size of each item that a record's text names, whatever is wrapped around it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    for folder in _folders(document, DEPTH):
        given = {str(name).lower(): value for name, value in folder.items()}
        items = given.get("folderitems")
        for item in items if isinstance(items, list) else []:
            if not isinstance(item, dict):
                continue
            told = {str(name).lower(): value for name, value in item.items()}
            message_id, size = told.get("internetmessageid"), told.get("sizeinbytes")
            if message_id:
                yield str(message_id), str(given.get("path") or ""), size if isinstance(size, int) else None


def _folders(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The objects of every list `Folders`; documents that stand as text in others are opened."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if not isinstance(value, dict) or depth == 0:
        return
    for name, inner in value.items():
        if str(name).lower() != "folders":
            yield from _folders(inner, depth - 1)
            continue
        if isinstance(inner, str):
            try:
                inner = json.loads(inner)
            except (ValueError, RecursionError):
                continue
        yield from (one for one in inner if isinstance(one, dict)) if isinstance(inner, list) else ()
