"""What the intruder did in the mailbox: rules, forwarding, reading, sending."""

from __future__ import annotations

import json
from datetime import timedelta

from toolkit.practice.audit_records import (
    EXCHANGE_ITEM,
    EXCHANGE_ITEM_GROUP,
    HYGIENE_EVENT,
    MAIL_ITEMS_ACCESSED,
    accessed,
    cmdlet_record,
    common,
    directory_object,
    folder,
    identifier,
    message,
)
from toolkit.practice.background import OUTLOOK_CLIENT
from toolkit.practice.intrusion import (
    BLOCK_REASON,
    BLOCKED_AT,
    DELETING_RULE,
    DROP_BOX,
    FINANCE_WORDS,
    FORWARD_TO,
    FORWARDING_SET,
    HIDDEN_RULE,
    HIDING_FOLDER,
    HIDING_RULE,
    MAILS_SENT,
    ROGUE_APP,
    RULE_MADE,
    SESSION,
    WARNING_WORDS,
    Act,
    Recorder,
)
from toolkit.practice.names import utc
from toolkit.practice.people import DRAW


class Mailbox(Recorder):
    """Acts in the victim's mailbox."""

    def hidden_rule(self) -> Act:
        act = Act("RULE-HIDDEN", "Inbox rule made through MAPI, then hidden", RULE_MADE, ["IR-01", "IR-08", "IR-10"])
        condition = "(|" + "".join(f"((SubjectProperty CONTAINS {word}))" for word in FINANCE_WORDS) + ")"
        action = {"ActionType": "Forward", "Recipients": [DROP_BOX], "ForwardFlags": "DoNotMungeMessage"}
        values = [
            ("RuleOperation", "AddMailboxRule"),
            ("RuleId", "0"),
            ("RuleState", "Enabled"),
            ("RuleCondition", condition),
            ("RuleName", HIDDEN_RULE),
            ("RuleProvider", "RuleOrganizer"),
            ("RuleActions", json.dumps([action], separators=(",", ":"))),
        ]
        inbox = folder(self.victim, "Inbox") | {"Name": "Inbox"}
        extra = {
            "ClientProcessName": "OUTLOOK.EXE",
            "ClientVersion": "16.0.19029.20244",
            "Item": {"Id": identifier("LgAAAA", "hidden rule"), "ParentFolder": inbox},
            "OperationProperties": [{"Name": name, "Value": value} for name, value in values],
        }
        self.mailbox(act, RULE_MADE, "UpdateInboxRules", EXCHANGE_ITEM, extra, client=OUTLOOK_CLIENT)
        act.details = {"name": HIDDEN_RULE, "forwards_to": DROP_BOX, "listed": "only with IncludeHidden"}
        return act

    def _new_rule(self, act: Act, name: str, parameters: list[tuple[str, str]]) -> None:
        first = [("AlwaysDeleteOutlookRulesBlob", "False"), ("Force", "False")]
        record = cmdlet_record(
            self.victim,
            act.time,
            f"attack/rule {name}",
            "New-InboxRule",
            address=self.address,
            object_id=f"{directory_object(self.victim)}\\{name}",
            parameters=[*first, *parameters],
            session=SESSION,
        )
        self.audit(act, record)

    def hiding_rule(self) -> Act:
        act = Act(
            "RULE-HIDES",
            "Visible inbox rule that hides mail about money",
            utc("2026-09-16 08:36:25"),
            ["IR-03", "IR-04", "IR-05", "IR-08"],
        )
        self._new_rule(
            act,
            HIDING_RULE,
            [
                ("Name", HIDING_RULE),
                ("SubjectOrBodyContainsWords", ";".join(FINANCE_WORDS)),
                ("MoveToFolder", HIDING_FOLDER),
                ("MarkAsRead", "True"),
                ("StopProcessingRules", "True"),
            ],
        )
        act.details = {"name": HIDING_RULE, "folder": HIDING_FOLDER}
        return act

    def deleting_rule(self) -> Act:
        act = Act(
            "RULE-DELETES",
            "Visible inbox rule that deletes warnings",
            utc("2026-09-16 08:38:50"),
            ["IR-02", "IR-04", "IR-05", "IR-08"],
        )
        self._new_rule(
            act,
            DELETING_RULE,
            [
                ("Name", DELETING_RULE),
                ("SubjectOrBodyContainsWords", ";".join(WARNING_WORDS)),
                ("DeleteMessage", "True"),
                ("StopProcessingRules", "True"),
            ],
        )
        act.details = {"name": DELETING_RULE}
        return act

    def forwarding(self) -> Act:
        act = Act("FORWARD", "Mailbox forwarded to an outside address", FORWARDING_SET, ["FW-01"])
        record = cmdlet_record(
            self.victim,
            FORWARDING_SET,
            "attack/forwarding",
            "Set-Mailbox",
            address=self.address,
            object_id=self.victim.id,
            parameters=[
                ("Identity", directory_object(self.victim)),
                ("ForwardingSmtpAddress", f"smtp:{FORWARD_TO}"),
                ("DeliverToMailboxAndForward", "True"),
            ],
            session=SESSION,
        )
        self.audit(act, record)
        act.details = {"address": FORWARD_TO, "keeps_a_copy": True}
        return act

    def mail_read(self) -> Act:
        start = utc("2026-09-16 08:50:33")
        act = Act("READ", "Mail read by the intruder, in the browser and through the app", start, ["MA-01"])
        for number in range(14):
            moment = start + timedelta(minutes=13 * number, seconds=DRAW.number(0, 240, "read", number))
            extra = accessed(self.victim, f"attack/read/{number}", {"Inbox": 6, "Sent Items": 2})
            self.mailbox(act, moment, "MailItemsAccessed", MAIL_ITEMS_ACCESSED, extra)
        moment = utc("2026-09-17 12:48:10")
        extra = accessed(self.victim, "attack/sync", {"Inbox": 1}, "Sync")
        self.mailbox(
            act,
            moment,
            "MailItemsAccessed",
            MAIL_ITEMS_ACCESSED,
            extra,
            client="Client=REST;Client=RESTSystem;;",
            app_id="00000003-0000-0000-c000-000000000000",
            client_app_id=ROGUE_APP.app_id,
        )
        act.details = {"folder_synchronised": "Inbox", "app_id": ROGUE_APP.app_id}
        return act

    def mails_sent(self) -> Act:
        start = utc("2026-09-18 06:12:08")
        act = Act("SEND", f"{MAILS_SENT} fraudulent mails sent in a quarter of an hour", start, ["SD-01", "SD-03"])
        moment = start
        for number in range(MAILS_SENT):
            moment = start + timedelta(seconds=22 * number + DRAW.number(0, 9, "send", number))
            item = message(f"attack/send/{number}", f"Neue Bankverbindung / updated bank details 2026-{4100 + number}")
            item |= {
                "Attachments": "Contoso_bank_details.pdf (88213b)",
                "ParentFolder": folder(self.victim, "Drafts"),
                "SizeInBytes": 121_000 + number,
            }
            self.mailbox(act, moment, "Send", EXCHANGE_ITEM, {"Item": item, "SaveToSentItems": False})
        deleted = message("attack/returned", "Undeliverable: Neue Bankverbindung / updated bank details")
        extra = {
            "AffectedItems": [deleted | {"ParentFolder": folder(self.victim, "Inbox")}],
            "CrossMailboxOperation": False,
            "Folder": folder(self.victim, "Inbox"),
        }
        self.mailbox(act, moment + timedelta(seconds=70), "HardDelete", EXCHANGE_ITEM_GROUP, extra)
        act.details = {"count": MAILS_SENT, "last": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return act

    def blocked_from_sending(self) -> Act:
        act = Act("BLOCKED", "The service restricts the account from sending", BLOCKED_AT, ["SD-07"])
        record = common(
            BLOCKED_AT,
            "attack/blocked",
            "HygieneTenantEvents",
            HYGIENE_EVENT,
            "SecurityComplianceCenter",
            user_id="SecurityComplianceAlerts",
            user_key="SecurityComplianceAlerts",
            user_type=4,
        )
        del record["ResultStatus"]
        record |= {
            "ObjectId": DRAW.uuid("hygiene event"),
            "Audit": "",
            "Event": "Listed",
            "EventId": 0,
            "EventValue": self.victim.upn,
            "Reason": BLOCK_REASON,
        }
        self.audit(act, record)
        act.details = {"seen_in": "Get-BlockedSenderAddress"}
        return act
