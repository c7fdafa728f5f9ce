"""The blobs of the Management Activity API: which exist when, and what is in them.

A record is packed into a blob some time after it happened; some records come a second time in a later blob.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from toolkit.practice.audit_records import (
    DIRECTORY,
    EXCHANGE_ADMIN,
    EXCHANGE_ITEM,
    EXCHANGE_ITEM_GROUP,
    MAIL_ITEMS_ACCESSED,
    SHAREPOINT_FILE,
    STS_LOGON,
)
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID
from toolkit.practice.services import services
from toolkit.practice.tenant_state import Situation
from toolkit.practice.unified_log import Entry, Search

TYPES: dict[str, frozenset[int]] = {
    "Audit.AzureActiveDirectory": frozenset({DIRECTORY, STS_LOGON}),
    "Audit.Exchange": frozenset({EXCHANGE_ADMIN, EXCHANGE_ITEM, EXCHANGE_ITEM_GROUP, MAIL_ITEMS_ACCESSED}),
    "Audit.SharePoint": frozenset({SHAREPOINT_FILE}),
    "Audit.General": frozenset(),
    "DLP.All": frozenset(),
}
"""Content types and the record types in them; all others are general."""
KEPT = timedelta(days=7)
BEFORE_START = timedelta(hours=22)
"""How old events may be that still come after a subscription was started. Source: observed."""
LARGEST = 400
"""Records in one blob; the service publishes no number."""
AGAIN = 4
"""Of a hundred records so many come in a later blob too."""


@dataclass(frozen=True)
class Blob:
    """One blob: when it became available, and its records."""

    content_type: str
    created: datetime
    number: int
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        stamped = self.created.strftime("%Y%m%d%H%M%S")
        part = DRAW.hexadecimal(32, "blob", self.content_type, stamped, self.number).lower()
        return f"{stamped}{self.number:04d}${stamped}{self.number:04d}${part}$audit_{_short(self.content_type)}$04"

    @property
    def expires(self) -> datetime:
        return self.created + KEPT

    def described(self, base: str) -> Record:
        """As the list of content names it."""
        return {
            "contentUri": f"{base}/api/v1.0/{TENANT_ID}/activity/feed/audit/{self.id}",
            "contentId": self.id,
            "contentType": self.content_type,
            "contentCreated": self.created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "contentExpiration": self.expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }


def blobs(content_type: str, subscription: Record, situation: Situation) -> list[Blob]:
    """The blobs of one type that are there at present, oldest first, the expired ones among them."""
    started = datetime.fromisoformat(subscription["started"])
    stopped = datetime.fromisoformat(subscription["stopped"]) if subscription["stopped"] else None
    memory, now = situation.memory, situation.now
    wanted = Search(started - BEFORE_START, min(stopped or now, now) + timedelta(seconds=1))
    found = memory.log.search(wanted, situation.state, now, memory.delay)
    packed: list[tuple[datetime, Entry]] = []
    begins = started + timedelta(seconds=services(situation)["first_content_seconds"])
    for entry in found:
        if _type_of(entry) == content_type:
            packed += [(moment, entry) for moment in _packed(entry, begins, memory.delay(entry.id)) if moment <= now]
    packed.sort(key=lambda pair: (pair[0], pair[1].id))
    made = []
    for created, group in groupby(packed, key=lambda pair: pair[0]):
        entries = [entry for _, entry in group]
        for number, start in enumerate(range(0, len(entries), LARGEST)):
            made.append(Blob(content_type, created, number, _mixed(entries[start : start + LARGEST])))
    return made


def _type_of(entry: Entry) -> str:
    return next((name for name, kinds in TYPES.items() if entry.record_type in kinds), "Audit.General")


def _packed(entry: Entry, begins: datetime, late: float) -> list[datetime]:
    """When the record became available, once or twice; on the quarter of an hour, or with the first content."""
    minutes = DRAW.number(15, 55, "packed", entry.id)
    first = max(_quarter(entry.second + 60 * minutes + late), begins)
    if not DRAW.chance(AGAIN, "again", entry.id):
        return [first]
    return [first, _quarter(first.timestamp() + 3600 * DRAW.number(1, 5, "again", entry.id))]


def _quarter(second: float) -> datetime:
    return datetime.fromtimestamp(-(-second // 900) * 900, UTC)


def _mixed(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Not in the order of time."""
    return tuple(sorted(entries, key=lambda entry: entry.id))


def _short(content_type: str) -> str:
    return content_type.rpartition(".")[2].lower()
