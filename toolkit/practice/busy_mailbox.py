"""A busy mailbox: thousands of audit events of one account, made on demand from a seed and kept nowhere.

Spread over the working days before the scenario's instant, with bursts: hours with more than 5,000 events, in which
auditing of mail that was read is throttled (after 900 such events in an hour none is recorded for a day).
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from toolkit.errors import PracticeError
from toolkit.practice.audit_records import (
    EXCHANGE_ITEM,
    EXCHANGE_ITEM_GROUP,
    MAIL_ITEMS_ACCESSED,
    SHAREPOINT_FILE,
    accessed,
    folder,
    mailbox_record,
    message,
)
from toolkit.practice.background import OUTLOOK_CLIENT, WEB_CLIENT, session_of
from toolkit.practice.directory_records import file_record
from toolkit.practice.intrusion import BYPASSED_AT
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, Person, people, places
from toolkit.practice.scenario import INSTANT

DAY = 86_400
HOUR = 3_600
BURSTS = 5
"""At most so many hours with more than `MANY` events."""
MANY = 5_000
READ_BEFORE_THROTTLING = 900
_KINDS = (
    # Operation, record type, share in a hundred
    ("MailItemsAccessed", MAIL_ITEMS_ACCESSED, 46),
    ("Update", EXCHANGE_ITEM, 14),
    ("Create", EXCHANGE_ITEM, 8),
    ("Send", EXCHANGE_ITEM, 2),
    ("MoveToDeletedItems", EXCHANGE_ITEM_GROUP, 10),
    ("SoftDelete", EXCHANGE_ITEM_GROUP, 8),
    ("HardDelete", EXCHANGE_ITEM_GROUP, 2),
    ("FileAccessed", SHAREPOINT_FILE, 7),
    ("FileDownloaded", SHAREPOINT_FILE, 3),
)
Heading = tuple[int, str, str, int]
"""Second since 1970, record id, operation, record type."""


@dataclass(frozen=True)
class Events:
    """How busy the mailbox is. The same values give the same events.

    `flood` adds so many events in one hour (say 51,000), `same_second` so many in one second: windows that no search
    can make small enough.
    """

    count: int = 20_000
    seed: int | str = 1
    account: str = "katrin.vogel@contoso.com"
    days: int = 90
    flood: int = 0
    same_second: int = 0

    def __post_init__(self) -> None:
        if min(self.count, self.flood, self.same_second) < 0 or self.days < 1:
            raise PracticeError("The events of a busy mailbox cannot be counted so.")
        if not any(person.upn == self.account and person.has_mailbox for person in people().values()):
            raise PracticeError(f"Nobody at Contoso has the mailbox {self.account}.")

    @property
    def person(self) -> Person:
        return next(person for person in people().values() if person.upn == self.account)

    @property
    def until(self) -> datetime:
        """No event from here on: the scenario's instant, or the hour in which the victim's auditing was bypassed."""
        return BYPASSED_AT if self.person.key == "victim" else INSTANT

    @property
    def burst_hours(self) -> list[datetime]:
        """The beginnings of the hours with more than 5,000 events; the flood is another matter."""
        number = min(BURSTS, 1 if MANY * 1.6 <= self.count < 10_000 else self.count // 10_000)
        first = self.until.replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=1)
        gap = max(1, (self.days - 4) // BURSTS)
        return [first - timedelta(days=3 + gap * one) for one in range(number)]

    @property
    def flood_hour(self) -> datetime:
        return self.until.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=max(1, self.days // 2))

    @property
    def crowded_second(self) -> datetime:
        return self.until.replace(hour=11, minute=22, second=33, microsecond=0) - timedelta(days=max(1, self.days // 9))


@lru_cache(maxsize=4)
def seconds(events: Events) -> tuple[int, ...]:
    """When each event happened, in order: an event's number is its place here."""
    made: list[int] = []
    for number, hour in enumerate(events.burst_hours):
        size = MANY + 1 + DRAW.number(50, 1200, "burst", events.seed, number)
        made += [int(hour.timestamp()) + _digits(events, f"burst {number}", one) % HOUR for one in range(size)]
    first = int(events.until.timestamp()) - events.days * DAY
    made = made[: events.count]
    made += [_ordinary(events, first, number) for number in range(events.count - len(made))]
    flood = int(events.flood_hour.timestamp())
    made += [flood + _digits(events, "flood", one) % HOUR for one in range(events.flood)]
    made += [int(events.crowded_second.timestamp())] * events.same_second
    return tuple(sorted(made))


def _ordinary(events: Events, first: int, number: int) -> int:
    """A second of a day between 6 and 17 o'clock; a tenth at any hour."""
    digits = _digits(events, "ordinary", number)
    day, rest = digits % events.days, digits // events.days
    second = rest % DAY if rest % 10 == 0 else 6 * HOUR + rest % (11 * HOUR)
    moment = first - first % DAY + day * DAY + second
    return moment if moment >= first else moment + DAY


def _digits(events: Events, what: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{events.seed}|{what}|{number}".encode()).digest()[:8], "big")


def headings(events: Events) -> Iterator[Heading]:
    """What a search looks at, of all events in order."""
    for number, second in enumerate(seconds(events)):
        operation, kind, _ = _kind(events, number, second)
        yield second, _id(events, number), operation, kind


@lru_cache(maxsize=4)
def _throttled(events: Events) -> tuple[tuple[int, int, int], ...]:
    """Of each burst: the number of its first event, of the first that is not recorded as reading, and until when."""
    times = seconds(events)
    found = []
    for hour in sorted([*events.burst_hours, *([events.flood_hour] if events.flood else [])]):
        first = bisect_left(times, int(hour.timestamp()))
        found.append((first, first + READ_BEFORE_THROTTLING, int(hour.timestamp()) + DAY))
    return tuple(found)


def _kind(events: Events, number: int, second: int) -> tuple[str, int, bool]:
    """Operation, record type, and whether the record says that auditing was throttled."""
    for first, silent, until in _throttled(events):
        if first <= number < silent and second < until - DAY + HOUR:
            return "MailItemsAccessed", MAIL_ITEMS_ACCESSED, number >= silent - 3
        if number >= silent and second < until:
            return *_drawn(events, number, _KINDS[1:]), False
    return *_drawn(events, number, _KINDS), False


def _drawn(events: Events, number: int, kinds: tuple[tuple[str, int, int], ...]) -> tuple[str, int]:
    left = _digits(events, "kind", number) % sum(share for _, _, share in kinds)
    for operation, kind, share in kinds:
        if left < share:
            return operation, kind
        left -= share
    raise AssertionError("the shares do not add up")


def _key(events: Events, number: int) -> str:
    return f"busy/{events.account}/{events.seed}/{events.count}/{number}"


def _id(events: Events, number: int) -> str:
    return DRAW.uuid("audit", _key(events, number))


def document(events: Events, number: int) -> Record:
    """The AuditData of one event, a new object at each call."""
    found: Record = json.loads(_text(events, number))
    return found


@lru_cache(maxsize=32_768)
def _text(events: Events, number: int) -> str:
    second = seconds(events)[number]
    operation, kind, throttled = _kind(events, number, second)
    person, key = events.person, _key(events, number)
    moment = datetime.fromtimestamp(second, UTC)
    address = places()[DRAW.pick(person.places or ("office",), "place", key)].address(person.key)
    session = session_of(person, moment.date())
    if kind == SHAREPOINT_FILE:
        how = {"address": address, "session": session, "agent": person.user_agent, "operation": operation}
        return json.dumps(file_record(person, moment, key, name=f"Report {number}", extension="xlsx", **how))
    extra = _extra(person, key, operation, throttled)
    client = WEB_CLIENT if kind == MAIL_ITEMS_ACCESSED else OUTLOOK_CLIENT
    return json.dumps(
        mailbox_record(
            person, moment, key, operation, kind, address=address, session=session, client=client, extra=extra
        )
    )


def _extra(person: Person, key: str, operation: str, throttled: bool) -> Record:
    if operation == "MailItemsAccessed":
        made = accessed(person, key, {"Inbox": 1})
        if throttled:
            made["OperationProperties"][1]["Value"] = "True"
        return made
    item = message(key, f"Open item {DRAW.number(1000, 9999, 'subject', key)}")
    inbox = folder(person, "Inbox")
    if operation in ("Update", "Create", "Send"):
        return {"Item": item | {"ParentFolder": inbox}}
    return {"AffectedItems": [item | {"ParentFolder": inbox}], "CrossMailboxOperation": False, "Folder": inbox}
