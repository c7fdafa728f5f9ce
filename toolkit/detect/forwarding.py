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
from toolkit.detect.snapshots import NO_LOG, STANDS, UNRECORDED, standing_forwards
from toolkit.detect.words import listed, moment, short, text

_IDENTITY = r'(?i)\{\s*"name"\s*:\s*"identity"\s*,\s*"value"\s*:\s*"([^"]*)"'
CONTACTS = ("new-mailcontact", "new-mailuser", "set-mailcontact", "enable-mailuser")


def forwarding_set(evidence: Evidence) -> ir.Table:
    """FW-01: a ForwardingSmtpAddress set or standing, one group for each mailbox; clearing it counts as a row."""
    audit = evidence.changes
    changes = audit.filter(audit.forwarding_smtp_address.notnull(), succeeded(audit))
    standing = standing_forwards(evidence.mailboxes, "forwarding_smtp_address")
    return _changes(changes, evidence).union(standing)


def _changes(changes: ir.Table, evidence: Evidence) -> ir.Table:
    """Rows of `Set-Mailbox` and its like, with whose mailbox it is as far as that is known; else who did it."""
    mailbox = ibis.coalesce(changes.object_id, changes.user_principal_name)
    identity = changes.parameters.re_extract(_IDENTITY, 1).nullif("")
    last = r"^.*[\\/]"
    rows = changes.mutate(
        mailbox=mailbox,
        by_object=mailbox.lower().re_replace(last, ""),
        by_identity=identity.lower().re_replace(last, ""),
    )
    names = evidence.mailbox_names
    rows = rows.left_join(names.rename(by_object="name", owner_by_object="owner"), "by_object")
    rows = rows.drop("by_object_right").left_join(names.rename(by_identity="name", owner="owner"), "by_identity")
    address = ibis.cases((rows.mailbox.re_search(r"^[^\s\\/]+@[^\s\\/]+$"), rows.mailbox.lower()), else_=None)
    owner = ibis.coalesce(rows.owner_by_object, rows.owner, address)
    return rows.select(
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
        actor=rows.user_principal_name.lower(),
        mailbox=ibis.coalesce(owner, rows.mailbox),
        user=ibis.coalesce(owner, rows.user_principal_name.lower()),
        group=ibis.coalesce(owner, rows.mailbox.lower()),
        table=ibis.literal("audit"),
    )


def forwarding_to_contact(evidence: Evidence) -> ir.Table:
    """FW-02: a ForwardingAddress set or standing, and the contacts that who set it made shortly before."""
    audit = evidence.changes
    changes = _changes(audit.filter(audit.forwarding_address.notnull(), succeeded(audit)), evidence)
    made = audit.filter(audit.name.isin(CONTACTS), succeeded(audit))
    contacts = _changes(made, evidence).drop("user", "group")
    when = changes.select("actor", "user", "group", set_at=changes.time)
    paired = contacts.inner_join(when, "actor")
    before = ibis.interval(hours=evidence.settings.thresholds.contact_hours)
    paired = paired.filter(paired.time <= paired.set_at, paired.time >= paired.set_at - before)
    standing = standing_forwards(evidence.mailboxes, "forwarding_address")
    return changes.union(paired.select(*changes.columns), distinct=True).union(standing)


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
    outside, whole = evidence.outside(address), _whole(set_to)
    since = _told(rows, set_to, evidence)
    if outside:
        where = listed(outside)
        if all(evidence.settings.allowed.mail(a) for a in outside):
            return Judgement("low", f"{whole} is forwarded to {where}, which the organisation allows.{since}")
        made = " by way of a contact made for it shortly before" if rows.name.isin(CONTACTS).any() else ""
        return Judgement("critical", f"{whole} is forwarded to {where}, outside{made}.{since}")
    unknown = "" if address else " Whether that is a contact outside cannot be told from this evidence: look it up."
    return Judgement("medium", f"{whole} is forwarded to “{short(target)}”.{unknown}{since}")


def judge_forwarding(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    set_to = rows[rows.forwarding_smtp_address.str.strip() != ""]
    if set_to.empty:
        return None
    targets = [a for said in set_to.forwarding_smtp_address for a in addresses_in(said)]
    outside = [a for said in set_to.forwarding_smtp_address for a in evidence.outside(said)]
    last = set_to.iloc[-1]
    where = ", ".join(dict.fromkeys(outside or targets)) or "an address that could not be read"
    kept = (
        "" if last.deliver_and_forward is not False and bool(last.deliver_and_forward) else ", without leaving a copy"
    )
    summary = f"{_whole(set_to)} is forwarded to {where}{kept}"
    summary += ", outside the organisation." if outside else "."
    logged = set_to[set_to.table == "audit"]
    cleared = rows[(rows.forwarding_smtp_address.str.strip() == "") & (rows.time > logged.time.max())]
    again = f" It was cleared again at {moment(cleared.time.iloc[0])}." if len(cleared) else ""
    summary += _told(rows, set_to, evidence, again)
    if (set_to[set_to.table != "audit"].forwarding_address.fillna("").str.strip() != "").any():
        summary += " ForwardingAddress is set too: until that is cleared it acts alone."
    if outside and all(evidence.settings.allowed.mail(a) for a in outside):
        return Judgement("low", summary + " The organisation allows that address.")
    return Judgement("critical" if outside else "medium", summary)


def _whole(rows: pd.DataFrame) -> str:
    """`All mail of the mailbox`: it says which where records do not tell whose it is."""
    user = str(rows.user.iloc[0])
    if rows.mailbox.str.lower().isin([user, user.partition("@")[0]]).any():
        return "All mail of the mailbox"
    name = re.split(r"[\\/]", rows.mailbox.iloc[0])[-1]
    return f"All mail of the mailbox “{short(name, 60)}”"


def _told(rows: pd.DataFrame, set_to: pd.DataFrame, evidence: Evidence, cleared: str = "") -> str:
    """Who set the forward, if not its owner; whether it stands now, and what the log does not know of it."""
    logged = set_to[set_to.table == "audit"]
    who = text(logged.actor.iloc[-1]) if len(logged) else ""
    said = f" It was set by {who}." if who and who != rows.user.iloc[0] else ""
    said += cleared
    if len(logged) == len(set_to):
        return said
    return said + STANDS + ("" if len(logged) else UNRECORDED if evidence.counts["audit"] else NO_LOG)


DETECTIONS = (
    Detection(
        id="FW-01",
        title="Mailbox forwards to another address",
        technique="T1114.003",
        needs=(),
        either=("audit", "mailboxes"),
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
        needs=(),
        either=("audit", "mailboxes"),
        innocent="A forward that was asked for and approved, for example for somebody who left.",
        source="https://attack.mitre.org/techniques/T1114/003/",
        candidates=forwarding_to_contact,
        judge=judge_contact,
        operations=("set-mailbox",),
    ),
)
