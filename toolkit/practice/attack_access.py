"""How the intruder got in and stayed in: relay, stolen session, MFA method, consent, audit bypass."""

from __future__ import annotations

import json
from datetime import timedelta

from toolkit.practice.audit_records import cmdlet_record
from toolkit.practice.directory_records import application_parts, directory_record, file_record, user_parts
from toolkit.practice.intrusion import (
    BYPASSED_AT,
    GRANT,
    METHOD_ADDED,
    METHOD_ID,
    METHOD_NAME,
    ROGUE_APP,
    ROGUE_PRINCIPAL,
    SCOPES,
    SESSION,
    Act,
    Recorder,
)
from toolkit.practice.names import utc
from toolkit.practice.people import DRAW
from toolkit.practice.signin_records import apps


class Access(Recorder):
    """Acts on the account itself."""

    def relayed_sign_in(self) -> Act:
        start = utc("2026-09-16 07:41:05")
        act = Act("AITM", "Sign-in relayed through an adversary in the middle", start, ["SI-02", "TK-02"])
        home = apps()["office_home"]
        self.sign_in(act, start, self.relay, home, logon=True, error=50074, mfa="push")
        self.sign_in(act, start + timedelta(seconds=26), self.relay, home, logon=True, mfa="push")
        act.details = {"address": self.relay.address(self.victim.key), "country": "NL", "session_id": SESSION}
        return act

    def token_reused(self) -> Act:
        start = utc("2026-09-16 07:52:40")
        act = Act("TOKEN", "Stolen session used from a hosting network in another country", start, ["SI-02", "TK-01"])
        known = apps()
        self.sign_in(act, start, self.reuse, known["outlook_web"], logon=True)
        for moment, app in (
            (utc("2026-09-16 07:53:12"), known["outlook_web"]),
            (utc("2026-09-16 09:30:48"), known["sharepoint"]),
            (utc("2026-09-16 13:05:31"), known["outlook_web"]),
            (utc("2026-09-17 06:02:19"), known["outlook_web"]),
            (utc("2026-09-17 12:47:55"), ROGUE_APP),
            (utc("2026-09-18 06:10:03"), known["outlook_web"]),
        ):
            self.sign_in(act, moment, self.reuse, app, interactive=False)
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
            self.audit(act, record)
        act.details = {"address": self.address, "country": "RO", "asn": self.reuse.asn, "session_id": SESSION}
        return act

    def method_added(self) -> Act:
        act = Act("MFA", "Authenticator app added by the intruder", METHOD_ADDED, ["ID-01"])
        self.sign_in(act, METHOD_ADDED - timedelta(seconds=95), self.reuse, apps()["security_info"])
        self.audit(
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
        self.audit(
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
        self.sign_in(act, moment - timedelta(seconds=9), self.reuse, ROGUE_APP)
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
            self.audit(act, record)
        act.details = {"app_id": ROGUE_APP.app_id, "scopes": SCOPES.split(), "grant_id": GRANT}
        return act

    def auditing_bypassed(self) -> Act:
        act = Act("BYPASS", "Mailbox auditing bypassed for the account", BYPASSED_AT, ["CL-04"])
        self.sign_in(act, BYPASSED_AT - timedelta(seconds=48), self.reuse, apps()["exchange_shell"], logon=True)
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
        self.audit(act, record)
        act.details = {
            "why_possible": "the account holds Exchange Administrator, assigned as holiday cover for IT",
            "consequence": "no mailbox records of the account after this moment",
        }
        return act
