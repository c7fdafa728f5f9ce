"""A practice case whose tenant has a busy mailbox, and a look at whether the ledger tells the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.contain.room import DOMAIN, VICTIM, Room
from toolkit import collect, contain, practice
from toolkit.case import Case, open_case
from toolkit.collect.ledger import COMPLETE, Line

EVENTS = 20_000


@pytest.fixture
def busy_room(tmp_path: Path) -> Iterator[Room]:
    """Twenty thousand audit events in ninety days, with hours in which thousands came."""
    case = open_case(tmp_path / "case", practice=True)
    with practice.start(case.folder / "practice", events=EVENTS) as service:
        room = Room(case, service)
        contain.confirm_tenant(case, room.tenant, DOMAIN)
        yield room
        room.tenant.close()
    case.close()


def audit_ids(case: Case, account: str = VICTIM) -> set[str]:
    """The ids of the audit records that the case has of an account, as the tenant writes them."""
    found = case.sql(f"SELECT record_id FROM audit WHERE lower(user_principal_name) = '{account}'")
    return {str(one).lower() for one in found.record_id}


def lacking(room: Room, line: Line) -> set[str]:
    """What the tenant has, or will have, in a line's window and the case has not."""
    start, end = (datetime.fromisoformat(text) for text in (line.start, line.end))
    return {one.lower() for one in room.service.truth(line.account, start, end)} - audit_ids(room.case)


def lies(room: Room) -> list[str]:
    """The windows that the ledger calls complete although records are missing."""
    held = audit_ids(room.case)
    wrong = []
    for line in collect.lines(room.case):
        if line.state == COMPLETE and line.source == "audit log":
            start, end = (datetime.fromisoformat(text) for text in (line.start, line.end))
            missing = {one.lower() for one in room.service.truth(line.account, start, end)} - held
            if missing:
                wrong.append(f"{line.start} lacks {len(missing)}")
    return wrong
