"""What the intruder left in the tenant's state, and whether it is still there: the key to a finished containment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from toolkit.practice.audit_records import folder
from toolkit.practice.directory_methods import kind_of
from toolkit.practice.intruder_acts import his_devices, his_methods
from toolkit.practice.intrusion import (
    DELETING_RULE,
    FORWARD_TO,
    HIDDEN_RULE,
    HIDING_RULE,
    ROGUE_APP,
    ROGUE_PRINCIPAL,
)
from toolkit.practice.last_hour import (
    CONNECTOR,
    DELEGATE,
    DIRECTOR,
    DISCOVERY_GROUP,
    PAYMENT_GROUP,
    RECOVERY_MAIL,
    SWEEP_RULE,
    TRANSPORT_RULE,
)
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, people
from toolkit.practice.scenario import INSTANT

Test = Callable[[Record], bool]


def open_traces(state: Record) -> list[str]:
    """The names of the traces that are still there, in the order of `TRACES`."""
    return [name for name, there in TRACES.items() if there(state)]


def _victim(state: Record, name: str) -> Record:
    found: Record = state[name][people()["victim"].id]
    return found


def _before(state: Record, name: str) -> bool:
    return datetime.fromisoformat(_victim(state, "users")[name]) < INSTANT


def _rule(name: str) -> Test:
    return lambda state: any(
        rule["Name"] == name and rule["Enabled"] for rule in state["inbox_rules"][people()["victim"].id]
    )


def _allowed(rows: str, owner: str, key: str, who: str) -> Test:
    return lambda state: any(row[key] == people()[who].upn for row in state[rows][people()[owner].id])


def _folder_entry(state: Record, user: str) -> list[Record]:
    victim = people()["victim"]
    rows = state["folder_permissions"][victim.id][folder(victim, "Inbox")["Id"]]
    return [row for row in rows if row["User"] == user and row["AccessRights"] != ["None"]]


def _enabled(rows: str, name: str, key: str, value: object) -> Test:
    return lambda state: any(row["Name"] == name and row[key] == value for row in state[rows])


def _in_group(side: str) -> Test:
    return lambda state: people()["victim"].id in state["groups"][DRAW.uuid("group", PAYMENT_GROUP)][side]


def _phone(state: Record) -> bool:
    owner = people()["victim"].id
    return any(row["_mailbox"] == owner and row["FriendlyName"] == "SM-A546B" for row in state["mobile_devices"])


TRACES: dict[str, Test] = {
    "password known": lambda state: _before(state, "lastPasswordChangeDateTime"),
    "session stolen": lambda state: _before(state, "signInSessionsValidFromDateTime"),
    "authenticator": lambda state: bool(his_methods(state)),
    "recovery mail": lambda state: any(
        kind_of(method) == "email" and method["emailAddress"] == RECOVERY_MAIL
        for method in state["authentication_methods"][people()["victim"].id]
    ),
    "device": lambda state: any(row["accountEnabled"] for row in his_devices(state)),
    "consent": lambda state: any(grant["clientId"] == ROGUE_PRINCIPAL for grant in state["grants"]),
    "application assigned": lambda state: any(
        one["resourceDisplayName"] == ROGUE_APP.name for one in state["app_role_assignments"]
    ),
    "application enabled": lambda state: bool(
        state["service_principals"].get(ROGUE_PRINCIPAL, {}).get("accountEnabled")
    ),
    "member of a group": _in_group("_members"),
    "owner of a group": _in_group("_owners"),
    "role group": lambda state: any(
        row["Name"] == DISCOVERY_GROUP and people()["victim"].id in row["_members"] for row in state["role_groups"]
    ),
    "hidden rule": _rule(HIDDEN_RULE),
    "hiding rule": _rule(HIDING_RULE),
    "deleting rule": _rule(DELETING_RULE),
    "sweep rule": lambda state: any(
        rule["Name"] == SWEEP_RULE and rule["Enabled"] for rule in state["sweep_rules"][people()["victim"].id]
    ),
    "forwarding": lambda state: bool(_victim(state, "mailboxes")["ForwardingSmtpAddress"]),
    "full access": _allowed("mailbox_permissions", "victim", "User", DELEGATE),
    "full access elsewhere": _allowed("mailbox_permissions", DIRECTOR, "User", "victim"),
    "send as": _allowed("recipient_permissions", "victim", "Trustee", DELEGATE),
    "send on behalf": lambda state: people()[DELEGATE].id in _victim(state, "mailboxes")["GrantSendOnBehalfTo"],
    "inbox open to all": lambda state: bool(_folder_entry(state, "Default")),
    "inbox open to one": lambda state: bool(_folder_entry(state, people()[DELEGATE].display_name)),
    "automatic reply": lambda state: bool(_victim(state, "auto_replies")["AutoReplyState"] != "Disabled"),
    "trusted sender": lambda state: (
        FORWARD_TO.partition("@")[2] in _victim(state, "junk_email")["TrustedSendersAndDomains"]
    ),
    "blocked senders": lambda state: bool(_victim(state, "junk_email")["BlockedSendersAndDomains"]),
    "signature": lambda state: "bank account" in _victim(state, "message_configuration")["SignatureText"],
    "phone": _phone,
    "transport rule": _enabled("transport_rules", TRANSPORT_RULE, "State", "Enabled"),
    "connector": _enabled("inbound_connectors", CONNECTOR, "Enabled", True),
    "auditing bypassed": lambda state: any(
        row.get("AuditBypassEnabled") and row["UserPrincipalName"] == people()["victim"].upn
        for row in state["audit_bypass"]
    ),
    "audited acts cut": lambda state: "Owner" not in _victim(state, "mailboxes")["DefaultAuditSet"],
    "restricted from sending": lambda state: bool(state["blocked_senders"]),
}
"""Each trace, and how it is seen in the state. A disabled rule, device or application is no longer there."""
