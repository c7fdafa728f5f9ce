"""What the intruder used and left behind, as facts, and how one act is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from toolkit.practice.audit_records import mailbox_record
from toolkit.practice.background import WEB_CLIENT, Log
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Place, people, places
from toolkit.practice.signin_records import App, sign_in

SESSION = DRAW.uuid("attacker session")
DROP_BOX = "k.vogel.archive@mail-collector.example"
FORWARD_TO = "accounts@contoso-invoices.example"
ROGUE_APP = App(
    DRAW.uuid("rogue app"),
    "Mail Archive Sync",
    "00000003-0000-0000-c000-000000000000",
    "Microsoft Graph",
    "Browser",
    DRAW.uuid("rogue app's tenant"),
)
ROGUE_PRINCIPAL = DRAW.uuid("rogue principal")
GRANT = DRAW.uuid("rogue grant")
SCOPES = "User.Read Mail.Read offline_access"
METHOD_ID = DRAW.uuid("attacker method")
METHOD_NAME = "SM-A546B"
HIDDEN_RULE = "Sync Settings"
HIDING_RULE = "."
DELETING_RULE = ".."
HIDING_FOLDER = "RSS-Abonnements"
FINANCE_WORDS = ("Rechnung", "Zahlung", "invoice", "payment", "IBAN", "bank details")
WARNING_WORDS = ("phish", "fraud", "hacked", "suspicious", "Spam", "did you send")
RULE_MADE = utc("2026-09-16 08:31:02")
FORWARDING_SET = utc("2026-09-16 08:44:10")
METHOD_ADDED = utc("2026-09-16 08:05:17")
BLOCKED_AT = utc("2026-09-18 06:31:44")
BYPASSED_AT = utc("2026-09-18 06:45:20")
MAILS_SENT = 40
BLOCK_REASON = (
    f"OutboundSpamLast24Hours={MAILS_SENT - 3};OutboundMailLast24Hours={MAILS_SENT + 2};"
    f"OutboundSpamPercent=881;Last Message MessageId=<{DRAW.hexadecimal(24, 'last message')}"
    "@FR3P281MB2512.DEUP281.PROD.OUTLOOK.COM>"
)


@dataclass
class Act:
    """One planted act: what a finished investigation should name, and its proof."""

    id: str
    title: str
    time: datetime
    detections: list[str]
    audit_records: list[str] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    details: Record = field(default_factory=dict)

    def as_json(self, actor: str) -> Record:
        """The entry of the answer key; `time` is UTC."""
        return {
            "id": self.id,
            "title": self.title,
            "time": self.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "actor": actor,
            "detections": self.detections,
            "audit_records": self.audit_records,
            "sign_ins": self.sign_ins,
            "details": self.details,
        }


class Recorder:
    """Writes what an act leaves in the logs, and notes the ids on the act."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.victim = people()["victim"]
        self.relay = places()["relay"]
        self.reuse = places()["reuse"]
        self.address = self.reuse.address(self.victim.key)

    def sign_in(
        self, act: Act, moment: datetime, place: Place, app: App, *, logon: bool = False, **how: object
    ) -> None:
        key = f"attack/{moment:%d%H%M%S}/{app.name}"
        record = sign_in(
            self.victim,
            moment,
            place,
            app,
            key=key,
            session=SESSION,
            foreign_device=True,
            **how,  # type: ignore[arg-type]
        )
        self.log.add_sign_in(self.victim, moment, record, logon=logon)
        act.sign_ins.append(record["id"])
        if logon:
            act.audit_records.append(record["id"])

    def audit(self, act: Act, record: Record) -> None:
        self.log.audit.append(record)
        act.audit_records.append(record["Id"])

    def mailbox(self, act: Act, moment: datetime, operation: str, kind: int, extra: Record, **how: str) -> None:
        key = f"attack/{operation}/{moment:%d%H%M%S}"
        settings = {"client": WEB_CLIENT} | how
        record = mailbox_record(
            self.victim,
            moment,
            key,
            operation,
            kind,
            address=self.address,
            session=SESSION,
            extra=extra,
            **settings,
        )
        self.audit(act, record)
