"""What containment wrote into the journal, read back as one record per call that was meant to change something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from toolkit.case import Case
from toolkit.case.journal import Entry, iso
from toolkit.contain.action import Sent
from toolkit.contain.target import moment
from toolkit.tenant import Call

SENDING = "containment.sending"
ANSWERED = "containment.answered"
READ_BACK = "containment.read-back"
PASSWORD_SHOWN = "containment.password-shown"  # noqa: S105 - a kind of entry
SETTLED = "containment.settled"
CONFIRMED = "containment.confirmed"
BACKUP = "containment.rules-backup"

IN_DOUBT = "in doubt"
REFUSED = "refused"
SENT = "sent, not yet visible"
DONE = "done"
NOT_DONE = "not done"

FINAL_AFTER = timedelta(minutes=10)
"""A throttled call may leave minutes after its entry in the journal, and show minutes after it was taken: only a
reading later than this tells that nothing was done."""


@dataclass
class Record:
    """One changing call of this case, as its journal tells it.

    `status` is one of: in doubt (no answer was recorded), refused, sent (answered, not yet seen in a read-back),
    done (a read-back later than the call agrees), not done (settled by reading). Dates are the server's, UTC.
    """

    run: str
    action: str
    title: str
    direction: str
    about: dict[str, Any]
    target: dict[str, str]
    tenant_id: str
    operator: str
    call: dict[str, Any]
    before: dict[str, Any]
    before_date: datetime | None
    started: str
    status: str = IN_DOUBT
    http_status: int | None = None
    answered_date: datetime | None = None
    read_date: datetime | None = None
    read_values: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    shown: bool = False
    secret_length: int = 0
    restores: dict[str, Any] = field(default_factory=dict)

    @property
    def sent(self) -> Sent:
        return Sent(self.before, self.before_date, self.answered_date)

    @property
    def to_offer_again(self) -> bool:
        """A password that may have been set without anybody having seen it."""
        return bool(self.secret_length) and (
            self.status == IN_DOUBT or (self.status in {SENT, DONE} and not self.shown)
        )


def records(case: Case, tenant_id: str | None = None, object_id: str | None = None) -> list[Record]:
    """All records of the case, oldest first, or those of one tenant and one account."""
    return [
        record
        for record in _fold(case.journal.entries())
        if (tenant_id is None or record.tenant_id == tenant_id)
        and (object_id is None or record.target.get("object_id") == object_id)
    ]


def latest(found: list[Record], action: str, *directions: str) -> Record | None:
    """The newest record of an action that may have reached the service, of the given directions or of either."""
    fitting = [
        r
        for r in found
        if r.action == action and r.status not in {REFUSED, NOT_DONE} and (not directions or r.direction in directions)
    ]
    return fitting[-1] if fitting else None


def describe(call: Call) -> dict[str, Any]:
    """A call as the journal keeps it: method, address, body with the placeholder where a secret goes."""
    return {"method": call.method, "url": call.url, "body": dict(call.body) if call.body is not None else None}


def server_time(date: datetime | None) -> str | None:
    return iso(date) if date else None


def _fold(entries: Iterable[Entry]) -> list[Record]:
    found: dict[str, Record] = {}
    for entry in entries:
        given = entry.fields
        if entry.kind == SENDING:
            found[given["run"]] = Record(
                run=given["run"],
                action=given["action"],
                title=given["title"],
                direction=given["direction"],
                about=given.get("about") or {},
                target=given["target"],
                tenant_id=given["tenant_id"],
                operator=given["operator"],
                call=given["call"],
                before=given["before"],
                before_date=moment(given.get("before_date")),
                started=entry.time,
                secret_length=int(given.get("secret_length") or 0),
                restores=given.get("restores") or {},
            )
            continue
        record = found.get(str(given.get("run", "")))
        if record is None:
            continue
        if entry.kind == ANSWERED:
            record.status = given["status"]
            record.http_status = given.get("http_status")
            record.answered_date = moment(given.get("server_date"))
            record.text = given.get("text", "")
        elif entry.kind in {READ_BACK, SETTLED}:
            record.status = given["status"]
            record.read_date = moment(given.get("server_date"))
            record.read_values = given.get("values", {})
        elif entry.kind == PASSWORD_SHOWN:
            record.shown = True
    return list(found.values())
