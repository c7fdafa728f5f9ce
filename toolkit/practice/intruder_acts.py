"""What the returning intruder does with a live token: he puts back what was taken from him."""

from __future__ import annotations

from toolkit.practice.audit_records import cmdlet_record, directory_object
from toolkit.practice.change_records import parts_of
from toolkit.practice.directory_devices import device
from toolkit.practice.directory_methods import authenticator
from toolkit.practice.directory_records import directory_record, user_parts
from toolkit.practice.intrusion import (
    FINANCE_WORDS,
    FORWARD_TO,
    HIDING_FOLDER,
    HIDING_RULE,
    METHOD_NAME,
    SESSION,
)
from toolkit.practice.mailbox_rules import inbox_rule
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, people, places
from toolkit.practice.signin_records import stamp
from toolkit.practice.tenant_state import Situation


def his_devices(state: Record) -> list[Record]:
    """The devices that he registered under the victim's name."""
    own = people()["victim"].device
    owner = people()["victim"].id
    return [row for row in state["devices"].values() if row["_owner"] == owner and row["displayName"] != own]


def his_methods(state: Record) -> list[Record]:
    """His authenticators among the victim's methods."""
    methods = state["authentication_methods"][people()["victim"].id]
    return [method for method in methods if method.get("displayName") == METHOD_NAME]


def next_act(situation: Situation, his: Record) -> str | None:
    """Does the first thing that is left to do and says what; None if he only goes on reading."""
    state, victim = situation.state, people()["victim"].id
    if not any(row["accountEnabled"] for row in his_devices(state)) or "registered" not in his:
        his["registered"] = True
        return _register_device(situation)
    hiding = [rule for rule in state["inbox_rules"][victim] if rule["Name"] == HIDING_RULE and rule["Enabled"]]
    if not hiding:
        return _add_rule(situation)
    box = state["mailboxes"][victim]
    if not box["ForwardingAddress"] and not box["ForwardingSmtpAddress"]:
        return _forward(situation, box)
    if not his_methods(state) and his["token"]["door"] != "device":
        return _add_method(situation)
    if his.get("read_with") != his["token"]["issued"]:
        his["read_with"] = his["token"]["issued"]
        return "reads mail"
    return None


def _register_device(situation: Situation) -> str:
    victim = people()["victim"]
    key = situation.key("device")
    name = f"DESKTOP-{DRAW.hexadecimal(7, 'intruder', key)}"
    made = device(
        DRAW.uuid("device object", key),
        DRAW.uuid("device", key),
        name,
        "Windows",
        "10.0.19045.4291",
        "Workplace",
        stamp(situation.now),
        owner=victim.id,
    )
    situation.state["devices"][made["id"]] = made
    _directory(situation, "Register device.", parts_of("Device", made["id"], name), f"Device_{made['id']}")
    return "registers a device"


def _add_rule(situation: Situation) -> str:
    victim = people()["victim"]
    values: Record = {
        "SubjectOrBodyContainsWords": list(FINANCE_WORDS),
        "MoveToFolder": HIDING_FOLDER,
        "MarkAsRead": True,
        "StopProcessingRules": True,
    }
    made = inbox_rule(victim, HIDING_RULE, 1, key=situation.key("rule"), **values)
    situation.state["inbox_rules"][victim.id].append(made)
    sent = [("Name", HIDING_RULE), ("SubjectOrBodyContainsWords", ";".join(FINANCE_WORDS))]
    sent += [("MoveToFolder", HIDING_FOLDER), ("MarkAsRead", "True"), ("StopProcessingRules", "True")]
    _cmdlet(situation, "New-InboxRule", f"{directory_object(victim)}\\{HIDING_RULE}", sent)
    return "adds an inbox rule"


def _forward(situation: Situation, box: Record) -> str:
    box |= {"ForwardingSmtpAddress": f"smtp:{FORWARD_TO}", "DeliverToMailboxAndForward": True}
    sent = [("Identity", box["Identity"]), ("ForwardingSmtpAddress", f"smtp:{FORWARD_TO}")]
    _cmdlet(situation, "Set-Mailbox", box["Identity"], [*sent, ("DeliverToMailboxAndForward", "True")])
    return "forwards the mailbox"


def _add_method(situation: Situation) -> str:
    victim = people()["victim"]
    made = authenticator(DRAW.uuid("method", situation.key("method")), METHOD_NAME, stamp(situation.now))
    situation.state["authentication_methods"][victim.id].append(made)
    _directory(situation, "User registered security info.", user_parts(victim), victim.upn)
    return "adds an authenticator"


def _cmdlet(situation: Situation, cmdlet: str, object_id: str, parameters: list[tuple[str, str]]) -> None:
    record = cmdlet_record(
        people()["victim"],
        situation.now,
        situation.key(cmdlet),
        cmdlet,
        address=_address(),
        object_id=object_id,
        parameters=parameters,
        session=SESSION,
    )
    situation.changed(record)


def _directory(situation: Situation, operation: str, target: list[Record], object_id: str) -> None:
    record = directory_record(
        people()["victim"],
        target,
        situation.now,
        situation.key(operation),
        operation,
        object_id=object_id,
        address=_address(),
    )
    situation.changed(record)


def _address() -> str:
    return places()["reuse"].address(people()["victim"].key)
