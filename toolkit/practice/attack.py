"""The takeover of the finance account, act by act, with the records that each act left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
    mailbox_record,
    message,
)
from toolkit.practice.background import OUTLOOK_CLIENT, WEB_CLIENT, Log
from toolkit.practice.directory_records import (
    application_parts,
    directory_record,
    file_record,
    user_parts,
)
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Place, people, places
from toolkit.practice.signin_records import App, apps, sign_in

SESSION = DRAW.uuid("attacker session")
DROP_BOX = "k.vogel.archive@mail-collector.example"
FORWARD_TO = "accounts@contoso-invoices.example"
ROGUE_APP = App(
    DRAW.uuid("rogue app"),
    "Mail Archive Sync",
    "00000003-0000-0000-c000-000000000000",
    "Microsoft Graph",
    "Browser",
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


def attack(log: Log) -> list[Act]:
    """Adds the attack to the log; returns its acts in the order of time."""
    story = _Story(log)
    acts: list[Callable[[], Act]] = [
        story.relayed_sign_in,
        story.token_reused,
        story.method_added,
        story.consent,
        story.hidden_rule,
        story.hiding_rule,
        story.deleting_rule,
        story.forwarding,
        story.mail_read,
        story.mails_sent,
        story.blocked_from_sending,
        story.auditing_bypassed,
    ]
    return [act() for act in acts]


class _Story:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.victim = people()["victim"]
        self.relay = places()["relay"]
        self.reuse = places()["reuse"]
        self.address = self.reuse.address(self.victim.key)

    def _sign_in(
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

    def _audit(self, act: Act, record: Record) -> None:
        self.log.audit.append(record)
        act.audit_records.append(record["Id"])

    def _mailbox(self, act: Act, moment: datetime, operation: str, kind: int, extra: Record, **how: str) -> None:
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
        self._audit(act, record)

    def relayed_sign_in(self) -> Act:
        start = utc("2026-09-16 07:41:05")
        act = Act("AITM", "Sign-in relayed through an adversary in the middle", start, ["SI-02", "TK-02"])
        home = apps()["office_home"]
        self._sign_in(act, start, self.relay, home, logon=True, error=50074, mfa="push")
        self._sign_in(act, start + timedelta(seconds=26), self.relay, home, logon=True, mfa="push")
        act.details = {"address": self.relay.address(self.victim.key), "country": "NL", "session_id": SESSION}
        return act

    def token_reused(self) -> Act:
        start = utc("2026-09-16 07:52:40")
        act = Act(
            "TOKEN", "Stolen session used from a hosting network in another country", start, ["SI-02", "TK-01"]
        )
        known = apps()
        self._sign_in(act, start, self.reuse, known["outlook_web"], logon=True)
        for moment, app in (
            (utc("2026-09-16 07:53:12"), known["outlook_web"]),
            (utc("2026-09-16 09:30:48"), known["sharepoint"]),
            (utc("2026-09-16 13:05:31"), known["outlook_web"]),
            (utc("2026-09-17 06:02:19"), known["outlook_web"]),
            (utc("2026-09-17 12:47:55"), ROGUE_APP),
            (utc("2026-09-18 06:10:03"), known["outlook_web"]),
        ):
            self._sign_in(act, moment, self.reuse, app, interactive=False)
        for number, name in enumerate(("Open items 2026-09", "Supplier bank details")):
            moment = utc("2026-09-16 09:31:20") + timedelta(seconds=25 * number)
            record = file_record(
                self.victim,
                moment,
                f"attack/file/{number}",
                name=name,
                extension="xlsx",
                address=self.address,
                session=SESSION,
                agent=str(self.log.sign_ins[-1]["userAgent"]),
                operation="FileDownloaded",
            )
            self._audit(act, record)
        act.details = {"address": self.address, "country": "RO", "asn": self.reuse.asn, "session_id": SESSION}
        return act

    def method_added(self) -> Act:
        act = Act("MFA", "Authenticator app added by the intruder", METHOD_ADDED, ["ID-01"])
        self._sign_in(act, METHOD_ADDED - timedelta(seconds=95), self.reuse, apps()["security_info"])
        self._audit(
            act,
            directory_record(
                self.victim,
                user_parts(self.victim),
                METHOD_ADDED,
                "attack/security info",
                "User registered security info.",
                details={"UserType": "Member"},
                address=self.address,
                object_id=self.victim.upn,
            ),
        )
        phone = {"DeviceName": METHOD_NAME, "DeviceTag": "SoftwareTokenActivated", "PhoneAppVersion": "6.2508.5"}
        old = [{"Default": True, "MethodType": 6}]
        new = [*old, {"Default": False, "MethodType": 3}]
        changes = [
            ("StrongAuthenticationMethod", json.dumps(new), json.dumps(old)),
            ("StrongAuthenticationPhoneAppDetail", json.dumps([phone]), "[]"),
            (
                "Included Updated Properties",
                "StrongAuthenticationMethod, StrongAuthenticationPhoneAppDetail",
                "",
            ),
            ("TargetId.UserType", "Member", ""),
        ]
        self._audit(
            act,
            directory_record(
                "Azure MFA StrongAuthenticationService",
                user_parts(self.victim),
                METHOD_ADDED,
                "attack/strong authentication",
                "Update user.",
                changes=changes,
                details={"UserType": "Member"},
                object_id=self.victim.upn,
            ),
        )
        act.details = {"method_id": METHOD_ID, "display_name": METHOD_NAME}
        return act

    def consent(self) -> Act:
        moment = utc("2026-09-16 08:19:44")
        act = Act("CONSENT", f"Consent to the mail-reading app {ROGUE_APP.name}", moment, ["OA-01"])
        self._sign_in(act, moment - timedelta(seconds=9), self.reuse, ROGUE_APP)
        grant = (
            f"[[Id: {GRANT}, ClientId: {ROGUE_PRINCIPAL}, PrincipalId: {self.victim.id}, "
            f"ResourceId: {DRAW.uuid('resource', ROGUE_APP.resource_id)}, ConsentType: Principal, "
            f"Scope: {SCOPES}, CreatedDateTime: , LastModifiedDateTime ]]"
        )
        names = f"{ROGUE_APP.app_id};https://mail-archive-sync.example"
        granted = [
            ("DelegatedPermissionGrant.Scope", SCOPES, ""),
            ("DelegatedPermissionGrant.ConsentType", "Principal", ""),
            ("ServicePrincipal.ObjectID", ROGUE_PRINCIPAL, ""),
            ("ServicePrincipal.DisplayName", "", ""),
            ("ServicePrincipal.AppId", "", ""),
            ("TargetId.ServicePrincipalNames", "00000003-0000-0000-c000-000000000000", ""),
        ]
        consented = [
            ("ConsentContext.IsAdminConsent", "False", ""),
            ("ConsentContext.IsAppOnly", "False", ""),
            ("ConsentContext.OnBehalfOfAll", "False", ""),
            ("ConsentContext.Tags", "WindowsAzureActiveDirectoryIntegratedApp", ""),
            ("ConsentAction.Permissions", f"[] => {grant}; ", ""),
            ("TargetId.ServicePrincipalNames", names, ""),
        ]
        target = application_parts(ROGUE_APP.name, ROGUE_APP.app_id, ROGUE_PRINCIPAL)
        agent = {"User-Agent": "EvoSTS", "AppId": ROGUE_APP.app_id}
        added = [("AccountEnabled", "[true]", "[]"), ("DisplayName", f'["{ROGUE_APP.name}"]', "[]")]
        for seconds, operation, object_id, changes in (
            (0, "Add service principal.", f"ServicePrincipal_{ROGUE_PRINCIPAL}", added),
            (1, "Add delegated permission grant.", f"ServicePrincipal_{GRANT}", granted),
            (2, "Consent to application.", names, consented),
        ):
            record = directory_record(
                self.victim,
                target,
                moment + timedelta(seconds=seconds),
                f"attack/{operation}",
                operation,
                object_id=object_id,
                changes=changes,
                details=agent,
                category="ServicePrincipal",
                address=self.address,
            )
            self._audit(act, record)
        act.details = {"app_id": ROGUE_APP.app_id, "scopes": SCOPES.split(), "grant_id": GRANT}
        return act

    def hidden_rule(self) -> Act:
        act = Act(
            "RULE-HIDDEN", "Inbox rule made through MAPI, then hidden", RULE_MADE, ["IR-01", "IR-08", "IR-10"]
        )
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
        self._mailbox(act, RULE_MADE, "UpdateInboxRules", EXCHANGE_ITEM, extra, client=OUTLOOK_CLIENT)
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
        self._audit(act, record)

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
        self._audit(act, record)
        act.details = {"address": FORWARD_TO, "keeps_a_copy": True}
        return act

    def mail_read(self) -> Act:
        start = utc("2026-09-16 08:50:33")
        act = Act("READ", "Mail read by the intruder, in the browser and through the app", start, ["MA-01"])
        for number in range(14):
            moment = start + timedelta(minutes=DRAW.number(9, 17, "read", number) * number)
            extra = accessed(self.victim, f"attack/read/{number}", {"Inbox": 6, "Sent Items": 2})
            self._mailbox(act, moment, "MailItemsAccessed", MAIL_ITEMS_ACCESSED, extra)
        moment = utc("2026-09-17 12:48:10")
        extra = accessed(self.victim, "attack/sync", {"Inbox": 1}, "Sync")
        self._mailbox(
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
            item = message(
                f"attack/send/{number}", f"Neue Bankverbindung / updated bank details 2026-{4100 + number}"
            )
            item |= {
                "Attachments": "Contoso_bank_details.pdf (88213b)",
                "ParentFolder": folder(self.victim, "Drafts"),
                "SizeInBytes": 121_000 + number,
            }
            self._mailbox(act, moment, "Send", EXCHANGE_ITEM, {"Item": item, "SaveToSentItems": False})
        deleted = message("attack/returned", "Undeliverable: Neue Bankverbindung / updated bank details")
        extra = {
            "AffectedItems": [deleted | {"ParentFolder": folder(self.victim, "Inbox")}],
            "CrossMailboxOperation": False,
            "Folder": folder(self.victim, "Inbox"),
        }
        self._mailbox(act, moment + timedelta(seconds=70), "HardDelete", EXCHANGE_ITEM_GROUP, extra)
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
        self._audit(act, record)
        act.details = {"seen_in": "Get-BlockedSenderAddress"}
        return act

    def auditing_bypassed(self) -> Act:
        act = Act("BYPASS", "Mailbox auditing bypassed for the account", BYPASSED_AT, ["CL-04"])
        self._sign_in(act, BYPASSED_AT - timedelta(seconds=48), self.reuse, apps()["exchange_shell"], logon=True)
        record = cmdlet_record(
            self.victim,
            BYPASSED_AT,
            "attack/bypass",
            "Set-MailboxAuditBypassAssociation",
            address=self.address,
            object_id=self.victim.id,
            parameters=[("Identity", self.victim.upn), ("AuditBypassEnabled", "True")],
            session=SESSION,
            pool="MSExchangeAdminApiNetCoreAppPool",
            app_id=apps()["exchange_shell"].app_id,
        )
        self._audit(act, record)
        act.details = {
            "why_possible": "the account holds Exchange Administrator, assigned as holiday cover for IT",
            "consequence": "no mailbox records of the account after this moment",
        }
        return act
