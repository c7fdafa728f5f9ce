"""Forty days of ordinary work at Contoso: sign-ins, mail, files, journeys and a few innocent inbox rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from toolkit.practice.audit_records import (
    EXCHANGE_ITEM,
    EXCHANGE_ITEM_GROUP,
    MAIL_ITEMS_ACCESSED,
    accessed,
    cmdlet_record,
    directory_object,
    folder,
    mailbox_record,
    message,
)
from toolkit.practice.directory_records import file_record, logon_record
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Person, facts, people, places, whereabouts
from toolkit.practice.signin_records import App, apps, sign_in

DAYS = 40
OUTLOOK_CLIENT = "Client=MSExchangeRPC"
WEB_CLIENT = "Client=OWA;Action=ViaProxy"
PHONE_CLIENT = "Client=Microsoft.Exchange.ActiveSync"
INNOCENT_RULES = (
    # person, when (UTC), name, folder, words of the sender's address
    ("marketing", utc("2026-08-19 07:12:40"), "Newsletter", "Newsletter", "news@trade-journal.example"),
    ("engineer", utc("2026-09-02 09:31:05"), "Build reports", "Build reports", "ci@build.contoso.com"),
)


@dataclass
class Log:
    """What the services have recorded so far, in no order."""

    sign_ins: list[Record] = field(default_factory=list)
    audit: list[Record] = field(default_factory=list)

    def add_sign_in(self, person: Person, moment: datetime, record: Record, *, logon: bool = True) -> Record:
        """Keeps a sign-in, and its copy in the unified log if asked."""
        self.sign_ins.append(record)
        if logon:
            self.audit.append(logon_record(person, moment, record))
        return record


def session_of(person: Person, day: date) -> str:
    """The Entra session of a person: a new one each week."""
    year, week, _ = day.isocalendar()
    return DRAW.uuid("session", person.key, year, week)


def working_days(instant: datetime) -> Iterator[date]:
    """Monday to Friday, from forty days before the instant to its own day."""
    for back in range(DAYS, -1, -1):
        day = (instant - timedelta(days=back)).date()
        if day.weekday() < 5:
            yield day


def ordinary_days(log: Log, instant: datetime) -> None:
    """Adds everybody's working days up to the instant."""
    for day in working_days(instant):
        for person in people().values():
            if DRAW.chance(person.activity, "at work", person.key, day):
                _Day(log, person, day, instant).work()
    for key, moment, name, target, words in INNOCENT_RULES:
        _innocent_rule(log, people()[key], moment, name, target, words)


class _Day:
    """One person's working day."""

    def __init__(self, log: Log, person: Person, day: date, instant: datetime) -> None:
        self.log, self.person, self.day, self.instant = log, person, day, instant
        self.place, later = whereabouts(person, day)
        self.session = session_of(person, day)
        self.address = self.place.address(person.key)
        self.start = datetime.combine(day, time(6 + later, 0), tzinfo=UTC) + timedelta(
            minutes=self._number(0, 110, "start"), seconds=self._number(0, 59, "start second")
        )

    def _number(self, low: int, high: int, *key: object) -> int:
        return DRAW.number(low, high, self.person.key, self.day, *key)

    def _moment(self, name: str, low: int, high: int) -> datetime | None:
        """A moment between `low` and `high` minutes after the start, or None if it lies in the future."""
        moment = self.start + timedelta(
            minutes=self._number(low, high, name), seconds=self._number(0, 59, name, "second")
        )
        return moment if moment < self.instant else None

    def _happens(self, percent: int, what: str) -> bool:
        return DRAW.chance(percent, what, self.person.key, self.day)

    def work(self) -> None:
        self._sign_ins()
        if not self.person.has_mailbox:
            return
        for what in (self._read_mail, self._send_mail, self._delete_mail, self._open_file, self._phone):
            what()

    def _sign_in(self, name: str, moment: datetime, app: App, **how: object) -> None:
        key = f"{self.person.key}/{self.day}/{name}"
        record = sign_in(
            self.person,
            moment,
            self.place,
            app,
            key=key,
            session=self.session,
            **how,  # type: ignore[arg-type]
        )
        self.log.add_sign_in(self.person, moment, record, logon=bool(record["isInteractive"]))

    def _sign_ins(self) -> None:
        if self.person.device and self._happens(3, "mistyped"):
            self._sign_in("mistyped", self.start, apps()["office_home"], error=50126, mfa="none")
        if self._happens(72, "interactive"):
            mfa = "push" if self.day.weekday() == 0 else "claim"
            app = apps()[DRAW.pick(("office_home", "outlook_web"), "app", self.person.key, self.day)]
            self._sign_in("morning", self.start + timedelta(seconds=40), app, mfa=mfa)
        for name, low, high in (("outlook", 5, 60), ("teams", 90, 300), ("sharepoint", 310, 420)):
            moment = self._moment(name, low, high)
            if moment and self._happens(55, name):
                self._sign_in(name, moment, apps()[name], interactive=False)

    def _mail(self, name: str, moment: datetime, operation: str, kind: int, extra: Record, client: str) -> None:
        key = f"{self.person.key}/{self.day}/{name}"
        self.log.audit.append(
            mailbox_record(
                self.person,
                moment,
                key,
                operation,
                kind,
                address=self.address,
                session=self.session,
                client=client,
                extra=extra,
            )
        )

    def _read_mail(self) -> None:
        moment = self._moment("read", 8, 380)
        if moment and self._happens(75, "read"):
            folders = {"Inbox": self._number(1, 4, "inbox")}
            if self._happens(25, "sent items"):
                folders["Sent Items"] = 1
            extra = accessed(self.person, f"{self.person.key}/{self.day}/read", folders)
            self._mail("read", moment, "MailItemsAccessed", MAIL_ITEMS_ACCESSED, extra, WEB_CLIENT)

    def _send_mail(self) -> None:
        moment = self._moment("send", 20, 430)
        if moment and self._happens(45, "send"):
            subject = DRAW.pick(facts("subjects"), "subject", self.person.key, self.day)["subject"]
            item = message(f"{self.person.key}/{self.day}/send", subject)
            item |= {
                "ParentFolder": folder(self.person, "Drafts"),
                "SizeInBytes": self._number(4000, 90000, "size"),
            }
            extra = {"Item": item, "SaveToSentItems": True}
            self._mail("send", moment, "Send", EXCHANGE_ITEM, extra, WEB_CLIENT)

    def _delete_mail(self) -> None:
        moment = self._moment("delete", 20, 430)
        if moment and self._happens(28, "delete"):
            subject = DRAW.pick(facts("subjects"), "deleted", self.person.key, self.day)["subject"]
            item = message(f"{self.person.key}/{self.day}/delete", subject)
            extra = {
                "AffectedItems": [item | {"ParentFolder": folder(self.person, "Inbox")}],
                "CrossMailboxOperation": False,
                "DestFolder": folder(self.person, "Deleted Items"),
                "Folder": folder(self.person, "Inbox"),
            }
            self._mail("delete", moment, "MoveToDeletedItems", EXCHANGE_ITEM_GROUP, extra, OUTLOOK_CLIENT)

    def _open_file(self) -> None:
        moment = self._moment("file", 30, 450)
        if moment and self._happens(45, "file"):
            chosen = DRAW.pick(facts("files"), "file", self.person.key, self.day)
            key = f"{self.person.key}/{self.day}/file"
            self.log.audit.append(
                file_record(
                    self.person,
                    moment,
                    key,
                    name=chosen["name"],
                    extension=chosen["extension"],
                    address=self.address,
                    session=self.session,
                    agent=self.person.user_agent,
                )
            )

    def _phone(self) -> None:
        """The phone syncs over the carrier at home; abroad it stays in the room's network."""
        moment = self._moment("phone", 400, 600)
        if moment and self._happens(12, "phone"):
            at_home = self.place.country == "DE"
            address = places()["mobile"].address(self.person.key, self.day) if at_home else self.address
            key = f"{self.person.key}/{self.day}/phone"
            extra = accessed(self.person, key, {"Inbox": 1}, "Sync")
            record = mailbox_record(
                self.person,
                moment,
                key,
                "MailItemsAccessed",
                MAIL_ITEMS_ACCESSED,
                address=address,
                session=self.session,
                client=PHONE_CLIENT,
                extra=extra,
            )
            self.log.audit.append(record)


def _innocent_rule(log: Log, person: Person, moment: datetime, name: str, target: str, words: str) -> None:
    parameters = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("MoveToFolder", target),
        ("Name", name),
        ("FromAddressContainsWords", words),
        ("StopProcessingRules", "True"),
    ]
    log.audit.append(
        cmdlet_record(
            person,
            moment,
            f"innocent rule {person.key}",
            "New-InboxRule",
            address=places()["office"].address(person.key),
            object_id=f"{directory_object(person)}\\{name}",
            parameters=parameters,
            session=session_of(person, moment.date()),
        )
    )
