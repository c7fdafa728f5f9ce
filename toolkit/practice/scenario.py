"""The scenarios: "contoso-bec", a finance account taken over, and "traveller", where nobody broke in.

Everything is a pure function of the seed and the instant: the same on every machine, every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from toolkit.errors import PracticeError
from toolkit.practice import (
    directory,
    directory_apps,
    directory_devices,
    directory_groups,
    directory_methods,
    directory_roles,
    mail_flow,
    mailbox_folders,
    mailbox_rights,
    mailbox_rules,
    mailbox_settings,
    mailboxes,
    protection,
    registration_report,
)
from toolkit.practice.attack import attack
from toolkit.practice.background import DAYS, INNOCENT_RULES, Log, ordinary_days
from toolkit.practice.intrusion import SESSION, Act
from toolkit.practice.names import Record
from toolkit.practice.people import (
    DOMAIN,
    DRAW,
    SEED,
    TENANT_ID,
    TENANT_NAME,
    journeys,
    people,
    places,
)
from toolkit.practice.secure_score import control_profiles, secure_scores
from toolkit.practice.traveller import TRAVELLER, traveller_innocents, traveller_log

CONTOSO_BEC = "contoso-bec"
SCENARIOS = (CONTOSO_BEC, TRAVELLER)
INSTANT = datetime(2026, 9, 18, 14, 0, 0, tzinfo=UTC)
CLIENT_ID = DRAW.uuid("client application")
_MAILBOX_RECORD_TYPES = (2, 3, 50)


@dataclass(frozen=True)
class Scenario:
    """A tenant at one instant. Times inside the records are UTC."""

    name: str
    instant: datetime
    sign_ins: tuple[Record, ...]
    """Beta `signIn` records, newest first."""
    audit: tuple[Record, ...]
    """AuditData documents, newest first."""
    secure_scores: tuple[Record, ...]
    control_profiles: tuple[Record, ...]
    organization: Record
    domains: tuple[Record, ...]
    answer_key: Record


@cache
def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises `PracticeError` for an unknown name."""
    if name not in SCENARIOS:
        raise PracticeError(f'There is no practice scenario "{name}"; there are {" and ".join(SCENARIOS)}.')
    if name == TRAVELLER:
        log = traveller_log(INSTANT)
        acts, audit = [], log.audit
    else:
        log = Log()
        ordinary_days(log, INSTANT)
        acts = attack(log)
        audit = _visible(log.audit, acts)
    audit.sort(key=lambda record: (record["CreationTime"], record["Id"]), reverse=True)
    log.sign_ins.sort(key=lambda record: (record["createdDateTime"], record["id"]), reverse=True)
    return Scenario(
        name=name,
        instant=INSTANT,
        sign_ins=tuple(log.sign_ins),
        audit=tuple(audit),
        secure_scores=tuple(secure_scores(INSTANT)),
        control_profiles=tuple(control_profiles(INSTANT)),
        organization=directory.organization(),
        domains=tuple(directory.domains()),
        answer_key=_answer_key(name, acts, audit),
    )


def beginning(name: str) -> Record:
    """The part of the tenant that can change, as it is at the instant; a new copy at each call.

    Raises `PracticeError` for a scenario that is told in files only.
    """
    if name == TRAVELLER:
        raise PracticeError(f'The scenario "{name}" is there as evidence files only; it has no tenant to act on.')
    instant = scenario(name).instant
    state: Record = {
        "scenario": name,
        "tenant_time": instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "changes": 0,
        "users": directory.users(instant),
        "authentication_methods": directory_methods.authentication_methods(instant),
        "sign_in_preferences": directory_methods.sign_in_preferences(),
        "password_operations": {},
        "writeback": {"reachable": True},
        "mfa_requirements": directory.mfa_requirements(),
        "grants": directory_apps.grants(),
        "applications": {},
        "made": {},
        "service_principals": directory_apps.service_principals(),
        "app_role_assignments": directory_apps.app_role_assignments(),
        "devices": directory_devices.devices(instant),
        "groups": directory_groups.groups(instant),
        "role_assignments": directory_roles.assignments(),
        "role_eligibilities": directory_roles.eligibilities(),
        "risky_users": protection.risky_users(),
        "conditional_access": protection.policies(),
        "security_defaults": protection.security_defaults(),
        "control_updates": {},
        "deleted": [],
        "mailboxes": mailboxes.mailboxes(),
        "inbox_rules": mailbox_rules.inbox_rules(),
        "sweep_rules": mailbox_rules.sweep_rules(),
        "folders": mailbox_folders.folders(),
        "folder_permissions": mailbox_folders.permissions(),
        "mailbox_permissions": mailbox_rights.mailbox_permissions(),
        "recipient_permissions": mailbox_rights.recipient_permissions(),
        "auto_replies": mailbox_settings.auto_replies(instant),
        "junk_email": mailbox_settings.junk_email(),
        "message_configuration": mailbox_settings.message_configuration(),
        "calendars": mailbox_settings.calendars(),
        "cas_mailboxes": mailbox_settings.cas_mailboxes(),
        "mobile_devices": mailbox_settings.mobile_devices(instant),
        "blocked_senders": mailboxes.blocked_senders(),
        "unblocked": {},
        "audit_bypass": mailboxes.audit_bypass(),
        "transport_rules": mail_flow.transport_rules(),
        "inbound_connectors": mail_flow.inbound_connectors(),
        "outbound_connectors": mail_flow.outbound_connectors(),
        "remote_domains": mail_flow.remote_domains(),
        "outbound_spam_policies": mail_flow.outbound_spam_policies(),
        "accepted_domains": mail_flow.accepted_domains(),
        "organization_config": mail_flow.organization_config(),
        "admin_audit_log_config": mail_flow.admin_audit_log_config(),
        "role_groups": mail_flow.role_groups(),
        "wipes": [],
        "audit": [],
        "sign_ins": [],
    }
    return state | {"registration_report": registration_report.first_report(state, instant)}


def _visible(audit: list[Record], acts: list[Act]) -> list[Record]:
    """Drops what the bypass hides: mailbox records of the victim after it. Cmdlets are still recorded."""
    bypass = next(act.time for act in acts if act.id == "BYPASS").strftime("%Y-%m-%dT%H:%M:%S")
    victim = people()["victim"].upn
    return [
        record
        for record in audit
        if not (
            record["UserId"] == victim
            and record["RecordType"] in _MAILBOX_RECORD_TYPES
            and record["CreationTime"] > bypass
        )
    ]


def _answer_key(told: str, acts: list[Act], audit: list[Record]) -> Record:
    everyone = people()
    victim = everyone["victim"]
    innocents: list[Record] = [
        {
            "user": everyone[row["person"]].upn,
            "what": f"journey to {places()[row['place']].city}: {row['why']}",
            "from": row["first_day"],
            "to": row["last_day"],
            "country": places()[row["place"]].country,
            "at_most": "low",
        }
        for row in journeys()
    ]
    for key, _, name, folder, _ in INNOCENT_RULES:
        ids = [
            record["Id"]
            for record in audit
            if record["Operation"] == "New-InboxRule" and record["UserId"] == everyone[key].upn
        ]
        what = f'inbox rule "{name}" into the visible folder "{folder}"'
        innocents.append({"user": everyone[key].upn, "what": what, "audit_records": ids, "at_most": "low"})
    if told == TRAVELLER:
        innocents = [*traveller_innocents(), *innocents]
    return {
        "scenario": told,
        "seed": SEED,
        "instant": INSTANT.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days": DAYS,
        "tenant": {"id": TENANT_ID, "name": TENANT_NAME, "domain": DOMAIN},
        "people": {
            key: {"id": person.id, "user_principal_name": person.upn, "role": person.role or None}
            for key, person in everyone.items()
        },
        "attacker": None
        if told == TRAVELLER
        else {
            "session_id": SESSION,
            "addresses": [
                {
                    "address": place.address(victim.key),
                    "asn": place.asn,
                    "country": place.country,
                    "use": place.key,
                }
                for place in (places()["relay"], places()["reuse"])
            ],
        },
        "acts": [act.as_json(victim.upn) for act in acts],
        "innocents": innocents,
    }
