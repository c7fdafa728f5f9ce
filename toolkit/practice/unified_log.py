"""The tenant's unified audit log: the scenario's records, those of a busy mailbox, and what changes leave behind.

Three roads lead to it: `audit_search` (the cmdlet), `graph_audit_search`, `activity` (the feed). It is in the order of
time; who searches says how the answer is sorted.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from toolkit.practice.busy_mailbox import Events, document, headings
from toolkit.practice.names import Record
from toolkit.practice.scenario import Scenario

Delay = Callable[[str], float]
"""After how many seconds a record with this id can be found."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, as far as a search looks at it; the document itself is made when somebody asks for it."""

    second: int
    """When it happened: seconds since 1970, UTC."""
    id: str
    user: str
    operation: str
    record_type: int
    made: Callable[[], Record]

    def document(self) -> Record:
        """AuditData as an object, a new one at each call."""
        return self.made()

    def text(self) -> str:
        """AuditData as the cmdlet gives it."""
        return json.dumps(self.made(), separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Search:
    """What is looked for; empty conditions hold for every record. Names are compared without case."""

    start: datetime
    end: datetime
    """Not part of the window."""
    users: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    record_types: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    workloads: frozenset[str] = frozenset()
    words: str = ""

    def finds(self, entry: Entry) -> bool:
        """Whether everything but the window fits."""
        if self.users and entry.user.lower() not in self.users:
            return False
        if self.operations and entry.operation.lower() not in self.operations:
            return False
        if self.record_types and entry.record_type not in self.record_types:
            return False
        if not (self.addresses or self.objects or self.words or self.workloads):
            return True
        found = entry.document()
        if self.addresses and bare_address(found) not in self.addresses:
            return False
        if self.objects and str(found.get("ObjectId", "")).lower() not in self.objects:
            return False
        if self.workloads and str(found.get("Workload", "")).lower() not in self.workloads:
            return False
        return not self.words or self.words.lower() in json.dumps(found, ensure_ascii=False).lower()


def bare_address(found: Record) -> str:
    """The client's address without port and brackets, empty if there is none."""
    text = str(found.get("ClientIP") or found.get("ClientIPAddress") or "")
    if text.startswith("["):
        return text[1:].partition("]")[0].lower()
    return (text.partition(":")[0] if text.count(":") == 1 else text).lower()


class UnifiedLog:
    """All audit records of one tenant, for every user. Only what changes left is kept in the state file."""

    def __init__(self, told: Scenario | None = None, events: Events | None = None) -> None:
        self._told, self.events = told, events

    def search(self, wanted: Search, state: Record, now: datetime, delay: Delay = lambda record_id: 0.0) -> list[Entry]:
        """The records that can be found at `now`, oldest first."""
        low, high = _seconds(wanted.start), _seconds(wanted.end)
        present = now.timestamp()
        found = [entry for entry in self._between(low, high, state) if wanted.finds(entry)]
        return [entry for entry in found if entry.second + delay(entry.id) <= present]

    def _between(self, low: int, high: int, state: Record) -> list[Entry]:
        parts: list[Sequence[Entry]] = [_sorted(state["audit"])]
        if self._told:
            parts.append(_told(self._told))
        if self.events:
            parts.append(_busy(self.events))
        found: list[Entry] = []
        for part in parts:
            begin, end = bisect_left(part, low, key=_second), bisect_left(part, high, key=_second)
            found += part[begin:end]
        return sorted(found, key=lambda entry: (entry.second, entry.id))


def moment_of(entry: Entry) -> datetime:
    """When it happened."""
    return datetime.fromtimestamp(entry.second, UTC)


def _second(entry: Entry) -> int:
    return entry.second


def _seconds(moment: datetime) -> int:
    """The first whole second that is not before the moment."""
    return -int(-moment.timestamp() // 1)


def _entry(record: Record) -> Entry:
    second = int(datetime.fromisoformat(record["CreationTime"]).replace(tzinfo=UTC).timestamp())
    made = json.dumps(record)
    return Entry(
        second, record["Id"], record["UserId"], record["Operation"], record["RecordType"], lambda: json.loads(made)
    )


def _sorted(records: Iterable[Record]) -> tuple[Entry, ...]:
    return tuple(sorted((_entry(record) for record in records), key=lambda entry: (entry.second, entry.id)))


def _told(told: Scenario) -> tuple[Entry, ...]:
    found = _TOLD.get(told.name)
    if found is None:
        found = _TOLD[told.name] = _sorted(told.audit)
    return found


_TOLD: dict[str, tuple[Entry, ...]] = {}


@lru_cache(maxsize=4)
def _busy(events: Events) -> tuple[Entry, ...]:
    def made(number: int) -> Callable[[], Record]:
        return lambda: document(events, number)

    return tuple(
        Entry(second, record_id, events.account, operation, kind, made(number))
        for number, (second, record_id, operation, kind) in enumerate(headings(events))
    )
