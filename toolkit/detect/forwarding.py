"""Forwarding of a whole mailbox: every message leaves, and nothing shows in the rules.

Source: MITRE ATT&CK T1114.003; Set-Mailbox of Exchange Online.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence, addresses_in
from toolkit.detect.finding import Detection, Judgement


def forwarding_set(evidence: Evidence) -> ir.Table:
    """FW-01: Set-Mailbox with ForwardingSmtpAddress, one group for each mailbox; clearing it counts as a row."""
    audit = evidence.audit
    changes = audit.filter(audit.forwarding_smtp_address.notnull())
    mailbox = ibis.coalesce(changes.object_id, changes.user_principal_name)
    owner = ibis.cases((mailbox.re_search(r"^[^\s\\/]+@[^\s\\/]+$"), mailbox), else_=changes.user_principal_name)
    return changes.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "forwarding_smtp_address",
        "deliver_and_forward",
        "forwarding_address",
        actor=changes.user_principal_name.lower(),
        mailbox=mailbox,
        user=owner.lower(),
        group=mailbox.lower(),
        table=ibis.literal("audit"),
    )


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
    ),
)
