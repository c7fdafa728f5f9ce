"""One pull of one window by one road, and what the tenant holds of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contain.room import VICTIM, Room
from toolkit.case.catalog import FileAccount
from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.road import Road
from toolkit.collect.window import Window
from toolkit.contain.target import mail_addresses


def days_back(room: Room, first: int, last: int = 0) -> Window:
    """From the midnight `first` days before the tenant's today up to that `last` days before it."""
    today = room.service.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - timedelta(days=first), today - timedelta(days=last))


def asked_of(room: Room, window: Window, account: str = VICTIM) -> Asked:
    if not account:
        return Asked("", "", window)
    user = room.user(account)
    return Asked(user["id"], account, window, addresses=mail_addresses(user))


def pull(room: Room, road: Road, window: Window, account: str = VICTIM) -> tuple[Pull, Path]:
    """What a pull came to, and the file with its pages."""
    pages = Pages(Path(room.case.folder) / "pulled.json")
    return road.pull(room.tenant, asked_of(room, window, account), pages, lambda: False), pages.path


def loaded(room: Room, path: Path) -> list[FileAccount]:
    """The accounts of the pages, loaded as evidence."""
    return room.case.load(path, report=lambda what, share: None).files


def truth(room: Room, window: Window, account: str | None = VICTIM) -> set[str]:
    """The ids of the audit records that the tenant has, in lower case."""
    return {one.lower() for one in room.service.truth(account, window.start, window.end)}


def sent_to(room: Room, part: str, method: str = "") -> list[dict[str, Any]]:
    """The request log's lines whose path has `part` in it."""
    return [r for r in room.service.requests() if part in r["path"] and method in ("", r["method"])]


def changes(room: Room) -> list[str]:
    """Requests that changed something; a search that is made, or a query that is asked, is none."""
    asks = ("/security/auditLog/queries", "/query")
    return [r["path"] for r in room.writes() if not r["path"].endswith(asks)]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
