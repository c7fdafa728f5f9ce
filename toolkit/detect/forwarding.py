"""Forwarding of a whole mailbox: every message leaves, and nothing shows in the rules.

Source: MITRE ATT&CK T1114.003; Set-Mailbox of Exchange Online.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence, addresses_in
from toolkit.detect.finding import Detection, Judgement
from toolkit.detect.records import parameters, succeeded
from toolkit.detect.words import listed, short

CONTACTS = ("new-mailcontact", "new-mailuser", "set-mailcontact", "enable-mailuser")


def forwarding_set(evidence: Evidence) -> ir.Table:
    """FW-01: Set-Mailbox with ForwardingSmtpAddress, one group for each mailbox; clearing it counts as a row."""
    audit = evidence.changes
    changes = audit.filter(audit.forwarding_smtp_address.notnull(), succeeded(audit))
    return _changes(changes)


def _changes(changes: ir.Table) -> ir.Table:
    mailbox = ibis.coalesce(changes.object_id, changes.user_principal_name)
    owner = ibis.cases((mailbox.re_search(r"^[^\s\\/]+@[^\s\\/]+$"), mailbox), else_=changes.user_principal_name)
    return changes.select(
        "row_id",
        "record_id",
        "time",
        "name",
        "ip_address",
        "session_id",
        "parameters",
        "forwarding_smtp_address",
        "deliver_and_forward",
        "forwarding_address",
        actor=changes.user_principal_name.lower(),
        mailbox=mailbox,
        user=owner.lower(),
        group=mailbox.lower(),
        table=ibis.literal("audit"),
    )


def forwarding_to_contact(evidence: Evidence) -> ir.Table:
    """FW-02: Set-Mailbox with ForwardingAddress, and the contacts that the same person made shortly before."""
    audit = evidence.changes
    changes = _changes(audit.filter(audit.forwarding_address.notnull()))
    made = audit.filter(audit.name.isin(CONTACTS), succeeded(audit))
    contacts = _changes(made).drop("user", "group")
    when = changes.select("actor", "user", "group", set_at=changes.time)
    paired = contacts.inner_join(when, "actor")
    before = ibis.interval(hours=evidence.settings.thresholds.contact_hours)
    paired = paired.filter(paired.time <= paired.set_at, paired.time >= paired.set_at - before)
    return changes.union(paired.select(*changes.columns), distinct=True)


def judge_contact(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    """The last part of a name or path such as `…/contoso.onmicrosoft.com/Archive` tells the contact."""
    set_to = rows[rows.forwarding_address.notna() & (rows.forwarding_address.str.strip() != "")]
    if set_to.empty:
        return None
    contacts = {}
    for document in rows[rows.name.isin(CONTACTS)].parameters:
        told = parameters(document)
        for name in (told.get("name"), told.get("alias"), told.get("externalemailaddress")):
            contacts[(name or "").lower()] = told.get("externalemailaddress", "")
    last = set_to.iloc[-1]
    target = re.split(r"[\\/]", last.forwarding_address.strip())[-1]
    address = contacts.get(target.lower()) or (target if "@" in target else "")
    outside = evidence.outside(address)
    by = f" It was set by {last.actor}." if last.actor != rows.user.iloc[0] else ""
    if outside:
        where = listed(outside)
        if all(evidence.settings.allowed.mail(a) for a in outside):
            return Judgement("low", f"All mail of the mailbox is forwarded to {where}, which the organisation allows.")
        made = " by way of a contact made for it shortly before" if rows.name.isin(CONTACTS).any() else ""
        return Judgement("critical", f"All mail of the mailbox is forwarded to {where}, outside{made}.{by}")
    unknown = "" if address else " Whether that is a contact outside cannot be told from this evidence: look it up."
    return Judgement("medium", f"All mail of the mailbox is forwarded to “{short(target)}”.{unknown}{by}")


def judge_forwarding(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    set_to = rows[rows.forwarding_smtp_address.str.strip() != ""]
    if set_to.empty:
        return None
    targets = [a for text in set_to.forwarding_smtp_address for a in addresses_in(text)]
    outside = [a for text in set_to.forwarding_smtp_address for a in evidence.outside(text)]
    last = set_to.iloc[-1]
    where = ", ".join(dict.fromkeys(outside or targets)) or "an address that could not be read"
    kept = (
        "" if last.deliver_and_forward is not False and bool(last.deliver_and_forward) else ", without leaving a copy"
    )
    summary = f"All mail of the mailbox is forwarded to {where}{kept}"
    summary += ", outside the organisation." if outside else "."
    if last.actor != rows.user.iloc[0]:
        summary += f" It was set by {last.actor}."
    cleared = rows[(rows.forwarding_smtp_address.str.strip() == "") & (rows.time > last.time)]
    if len(cleared):
        summary += f" It was cleared again at {cleared.time.iloc[0]:%Y-%m-%d %H:%M} UTC."
    if outside and all(evidence.settings.allowed.mail(a) for a in outside):
        return Judgement("low", summary + " The organisation allows that address.")
    return Judgement("critical" if outside else "medium", summary)


DETECTIONS = (
    Detection(
        id="FW-01",
        title="Mailbox forwards to another address",
        technique="T1114.003",
        needs=("audit",),
        innocent="A forward that was asked for and approved, for example for somebody who left.",
        source="https://attack.mitre.org/techniques/T1114/003/",
        candidates=forwarding_set,
        judge=judge_forwarding,
        operations=("set-mailbox",),
    ),
    Detection(
        id="FW-02",
        title="Mailbox forwards to a contact",
        technique="T1114.003",
        needs=("audit",),
        innocent="A forward that was asked for and approved, for example for somebody who left.",
        source="https://attack.mitre.org/techniques/T1114/003/",
        candidates=forwarding_to_contact,
        judge=judge_contact,
        operations=("set-mailbox",),
    ),
)
