"""Which mails the tenant's trace knows: one row for each recipient, told from what was sent and what came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from toolkit.practice.audit_records import EXCHANGE_ITEM
from toolkit.practice.background import working_days
from toolkit.practice.intrusion import FORWARD_TO, FORWARDING_SET, SESSION
from toolkit.practice.names import utc
from toolkit.practice.people import DRAW, facts, people
from toolkit.practice.scenario import CONTOSO_BEC, INSTANT, scenario
from toolkit.practice.signin_records import stamp

_PARTNERS = ("orders@supplier-north.example", "billing@supplier-south.example", "office@partner-east.example")
_SERVICE = "52.103.33.18"
_OUTSIDE = "203.0.113.25"


@dataclass(frozen=True)
class Trace:
    """One mail to one recipient."""

    id: str
    message_id: str
    received: str
    """`2026-09-16T08:50:33Z`"""
    sender: str
    recipient: str
    subject: str
    status: str
    size: int
    from_ip: str
    to_ip: str


@cache
def traces() -> tuple[Trace, ...]:
    """All rows, newest first; within one second by the recipient, downwards."""
    rows = [*_sent(), *_came_in()]
    return tuple(sorted(rows, key=lambda row: (row.received, row.recipient, row.id), reverse=True))


def _sent() -> list[Trace]:
    """The mails whose sending was audited; of the intruder's some did not arrive."""
    rows = []
    for record in scenario(CONTOSO_BEC).audit:
        if (record["RecordType"], record["Operation"]) != (EXCHANGE_ITEM, "Send"):
            continue
        item, key = record["Item"], record["Id"]
        his = record["SessionId"] == SESSION
        number = DRAW.number(1, 3, "recipients", key)
        for one in range(number):
            if his:
                recipient = f"accounts@customer-{DRAW.number(10, 99, 'customer', key, one)}.example"
            else:
                recipient = DRAW.pick(_PARTNERS, "recipient", key, one)
            status = "failed" if his and DRAW.chance(20, "bounced", key, one) else "delivered"
            rows.append(
                Trace(
                    DRAW.uuid("trace", key),
                    item["InternetMessageId"],
                    stamp(utc(record["CreationTime"]) + timedelta(seconds=2)),
                    _sender(record["UserId"], key),
                    recipient,
                    item["Subject"],
                    status,
                    item["SizeInBytes"],
                    record["ClientIPAddress"],
                    _OUTSIDE if status == "delivered" else "",
                )
            )
    # A mail goes to nobody twice.
    return list({(row.id, row.recipient): row for row in rows}.values())


def _came_in() -> list[Trace]:
    """Ordinary mail from outside, and the copies that the intruder's forwarding sent on."""
    rows = []
    for day in working_days(INSTANT):
        for person in people().values():
            if not person.has_mailbox:
                continue
            for number in range(DRAW.number(1, 6, "came in", person.key, day)):
                minutes = DRAW.number(330, 1020, "came in at", person.key, day, number)
                moment = datetime(day.year, day.month, day.day, tzinfo=INSTANT.tzinfo) + timedelta(minutes=minutes)
                if moment < INSTANT:
                    key = f"{person.key}/{day}/{number}"
                    rows += _incoming(person.writes_from(key), moment, key)
    return rows


def _sender(upn: str, key: str) -> str:
    """The address that somebody wrote from; the trace does not know the names by which people sign in."""
    return next((person.writes_from(key) for person in people().values() if person.upn == upn), upn)


def _incoming(recipient: str, moment: datetime, key: str) -> list[Trace]:
    status = "delivered"
    if DRAW.chance(6, "held back", key):
        status = DRAW.pick(("filteredAsSpam", "quarantined"), "status", key)
    subject = DRAW.pick(facts("subjects"), "incoming", key)["subject"]
    first = Trace(
        DRAW.uuid("incoming", key),
        f"<{DRAW.hexadecimal(20, 'incoming', key)}@mail.example>",
        stamp(moment),
        DRAW.pick(_PARTNERS, "sender", key),
        recipient,
        subject,
        status,
        DRAW.number(4_000, 240_000, "size", key),
        _OUTSIDE,
        "",
    )
    forwarded = recipient == people()["victim"].mail and moment > FORWARDING_SET and status == "delivered"
    if not forwarded:
        return [first]
    copy = Trace(
        DRAW.uuid("forwarded", key),
        first.message_id,
        stamp(moment + timedelta(seconds=3)),
        first.sender,
        FORWARD_TO,
        subject,
        "delivered",
        first.size + 900,
        _SERVICE,
        "198.51.100.250",
    )
    return [first, copy]


def events_of(trace: Trace) -> list[tuple[str, str, str, str]]:
    """What happened to a mail on its way: time, event, what it is about, and XML text."""
    moment = datetime.fromisoformat(trace.received)
    data = f'<root><MEP Name="MessageId" String="{trace.message_id.strip("<>")}"/></root>'
    last = {
        "delivered": ("Deliver", "The message was successfully delivered."),
        "failed": ("Fail", "Reason: [{LED=550 5.1.8 Access denied, bad outbound sender}]. OutboundProxyTargetIP: ."),
        "filteredAsSpam": ("Spam", "The message was filtered as spam."),
        "quarantined": ("Quarantine", "The message was quarantined."),
    }[trace.status]
    return [
        (stamp(moment), "Receive", "Message received by: FR3P281MB2512.DEUP281.PROD.OUTLOOK.COM", data),
        (stamp(moment + timedelta(seconds=1)), *last, data),
    ]
