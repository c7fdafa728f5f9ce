"""What stands in the mailboxes, as snapshots show it, in the columns in which detections see the audit log.

A snapshot has no time and nobody who did it: what it alone shows may be older than the log, or not recorded there.
Source: Exchange Online cmdlets Get-InboxRule and Get-Mailbox; Microsoft Graph `messageRule`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.case import Case
from toolkit.detect.kept import kept
from toolkit.detect.words import text

# Conditions of Graph's messageRule by the names that cmdlets give them
_CONDITIONS = {
    "fromAddresses": "From",
    "senderContains": "FromAddressContainsWords",
    "subjectContains": "SubjectContainsWords",
    "bodyContains": "BodyContainsWords",
    "bodyOrSubjectContains": "SubjectOrBodyContainsWords",
    "headerContains": "HeaderContainsWords",
    "recipientContains": "RecipientAddressContainsWords",
    "sentToAddresses": "SentTo",
}
STANDS = " It stood in the mailbox when that was read."
UNRECORDED = " No record of its making: older than the log, or not recorded."
NO_LOG = " There is no audit log in this case that could tell who made it."


def mailbox_names(case: Case) -> ir.Table:
    """Names under which records speak of a mailbox, and the account it belongs to, both in lower case.

    From `Get-Mailbox` and, for object ids, from sign-ins; a name that several accounts have is left out.
    """
    mailboxes, signins = case.table("mailboxes"), case.signins
    owner = ibis.coalesce(mailboxes.user_principal_name, mailboxes.primary_smtp_address).lower()
    told = [
        mailboxes.select(name=mailboxes[column].lower(), owner=owner)
        for column in ("object_id", "user_principal_name", "primary_smtp_address", "display_name")
    ]
    told.append(signins.select(name=signins.user_id.lower(), owner=signins.user_principal_name.lower()).distinct())
    every = told[0].union(*told[1:])
    every = every.filter(every.name.nullif("").notnull(), every.owner.contains("@"))
    names = every.group_by("name").agg(owner=every.owner.min(), several=every.owner.nunique())
    return kept(case, "mailbox_names", names.filter(names.several == 1).drop("several"))


def standing_rules(case: Case) -> pd.DataFrame:
    """The rules that snapshots show: those of named mailboxes first."""
    rules = case.table("inbox_rules")
    found: pd.DataFrame = rules.order_by([rules.mailbox.isnull(), "mailbox", "priority", "row_id"]).execute()
    return found


def number(rule_id: object) -> str:
    """A rule's id as Exchange writes it, a number; Graph writes the same eight bytes in base 64."""
    said = text(rule_id).strip()
    if len(said) == 12 and said.endswith("="):
        try:
            return str(int.from_bytes(base64.urlsafe_b64decode(said.replace("+", "-").replace("/", "_")), "little"))
        except (ValueError, binascii.Error):
            return said
    return said


def graph_conditions(said: str) -> dict[str, str]:
    """What a rule of Graph looks for, in the words of the cmdlets."""
    try:
        data = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    found = {}
    for name, value in data.items() if isinstance(data, dict) else ():
        values = value if isinstance(value, list) else [value]
        words = [_word(v) for v in values if v not in (None, False, "")]
        if words:
            found[_CONDITIONS.get(name, name[:1].upper() + name[1:])] = ";".join(words)
    return found


def _word(value: Any) -> str:
    """A condition's value: a word, or the address of a recipient."""
    if isinstance(value, dict):
        address = value.get("emailAddress")
        return text(address.get("address")) if isinstance(address, dict) else json.dumps(value, ensure_ascii=False)
    return str(value)


def standing_forwards(mailboxes: ir.Table, column: str) -> ir.Table:
    """Mailboxes in which a forward stands in this column, as `Set-Mailbox` records it."""
    rows = mailboxes.filter(mailboxes[column].strip() != "")
    owner = ibis.coalesce(rows.user_principal_name, rows.primary_smtp_address, rows.display_name)
    nothing = ibis.literal(None, "string")
    return rows.select(
        "row_id",
        "record_id",
        time=ibis.literal(None, "timestamp('UTC', 6)"),
        name=nothing,
        ip_address=nothing,
        session_id=nothing,
        parameters=nothing,
        forwarding_smtp_address=rows.forwarding_smtp_address,
        deliver_and_forward=rows.deliver_and_forward,
        forwarding_address=rows.forwarding_address,
        actor=nothing,
        mailbox=owner,
        user=owner.lower(),
        group=owner.lower(),
        table=ibis.literal("mailboxes"),
    )
