"""Inbox rules that forward, delete or hide mail: how an intruder keeps the owner from noticing.

Source: MITRE ATT&CK T1114.003 and T1564.008; record shapes from Microsoft's audit schema (New-/Set-InboxRule,
UpdateInboxRules).
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence, addresses_in
from toolkit.detect.finding import Detection, Judgement
from toolkit.detect.words import listed, short
from toolkit.enrich.folders import meaning

RULE_OPERATIONS = ("new-inboxrule", "set-inboxrule", "enable-inboxrule", "updateinboxrules")
FOLDER_WORDS = {
    "rss": "the RSS feeds folder",
    "conversationhistory": "the conversation history",
    "junkemail": "the junk folder",
    "deleteditems": "the deleted items",
    "archive": "the archive",
    "notes": "the notes",
    "contacts": "the contacts",
    "calendar": "the calendar",
    "syncissues": "the sync issues",
    "unnamed": "a folder with hardly a name",
}
_SENDER_ONLY = re.compile(r"^(From|FromAddressContainsWords|FromSubscription)\b", re.IGNORECASE)


def rules(evidence: Evidence, tells: str) -> ir.Table:
    """Rules made or changed in which the column `tells` is filled, one group for each rule of a mailbox."""
    audit = evidence.changes
    operation = audit.name
    made = operation.isin(RULE_OPERATIONS[:3]) | (
        (operation == "updateinboxrules")
        & ~audit.rule_operation.fill_null("").lower().re_search("remove|delete|disable")
    )
    rules = audit.filter(made, audit[tells].notnull())
    # Rules are told apart by id. Where a rule is made it has none yet: two of one name are two rules.
    changed = (rules.operation.lower() != "new-inboxrule") & ~rules.rule_operation.lower().re_search("add|create")
    which = ibis.coalesce(rules.rule_id, changed.ifelse(rules.rule_name, None), rules.record_id)
    return rules.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "session_id",
        "rule_name",
        "rule_forward_to",
        "rule_move_to",
        "rule_deletes",
        "rule_marks_read",
        "rule_conditions",
        user=ibis.coalesce(rules.mailbox_owner_upn, rules.user_principal_name).lower(),
        group=which,
        table=ibis.literal("audit"),
    )


def rules_that_forward(evidence: Evidence) -> ir.Table:
    """IR-01: rules with a forward, redirect or forward-as-attachment target."""
    return rules(evidence, "rule_forward_to")


def judge_forward(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    targets = [a for text in rows.rule_forward_to.dropna() for a in addresses_in(text)] or [
        "a recipient without address"
    ]
    outside = [a for text in rows.rule_forward_to.dropna() for a in evidence.outside(text)]
    where = listed(outside or targets)
    if outside and all(evidence.settings.allowed.mail(a) for a in outside):
        return Judgement(
            "low", f"An inbox rule {rule_named(rows)} sends mail to {where}, which the organisation allows."
        )
    if outside:
        return Judgement(
            "critical",
            f"An inbox rule {rule_named(rows)} sends mail {matching(rows)}to {where}, outside the organisation."
            + _known(evidence),
        )
    return Judgement(
        "low", f"An inbox rule {rule_named(rows)} sends mail {matching(rows)}to {where}, inside the organisation."
    )


def rules_that_delete(evidence: Evidence) -> ir.Table:
    """IR-02: rules with a delete action."""
    rows = rules(evidence, "rule_deletes")
    return rows.filter(rows.rule_deletes)


def judge_delete(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    if not rows.rule_deletes.fillna(False).any():
        return None
    narrow = _one_sender(rows)
    summary = f"An inbox rule {rule_named(rows)} deletes mail {matching(rows)}".rstrip() + "."
    if narrow:
        return Judgement("low", summary + " It names one sender only, as people do against newsletters.")
    return Judgement("high", summary)


def rules_that_hide(evidence: Evidence) -> ir.Table:
    """IR-03: rules that move or copy mail to a folder where its owner does not look."""
    rows = rules(evidence, "rule_move_to")
    paths = rows.select("rule_move_to").distinct().execute().rule_move_to
    return rows.filter(rows.rule_move_to.isin([p for p in paths if meaning(p)[0] in FOLDER_WORDS]))


def judge_hide(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    worst, folder, path = "none", "", ""
    for text in rows.rule_move_to.dropna():
        well_known, risk = meaning(text)
        if well_known in FOLDER_WORDS and (risk, worst) in {("high", "none"), ("high", "medium"), ("medium", "none")}:
            worst, folder, path = risk, well_known, text
    if worst == "none":
        return None
    where = FOLDER_WORDS[folder]
    read = " and marks it as read" if rows.rule_marks_read.fillna(False).any() else ""
    summary = f"An inbox rule {rule_named(rows)} moves mail {matching(rows)}to {where} (“{short(path)}”){read}."
    if folder == "archive" and _one_sender(rows):
        return Judgement("low", summary + " It names one sender only, as people do to keep order.")
    return Judgement("high" if worst == "high" else "medium", summary)


def rule_named(rows: pd.DataFrame) -> str:
    names = [n for n in rows.rule_name.dropna().unique() if str(n).strip()]
    return f"named “{short(str(names[-1]))}”" if names else "without a name"


def matching(rows: pd.DataFrame) -> str:
    conditions = rows.rule_conditions.dropna()
    return f"where {short(_in_words(str(conditions.iloc[-1])), 160)} " if len(conditions) else ""


def _in_words(conditions: str) -> str:
    """`SubjectContainsWords: a;b` → `subject contains a, b`; the same for the MAPI form of UpdateInboxRules."""
    mapi = re.findall(r"\((\w+?)(?:Property)? (CONTAINS|EQUALS|==) ([^()]*)\)", conditions)
    if mapi:
        wanted: dict[str, list[str]] = {}
        for field, _, value in mapi:
            wanted.setdefault(_spaced(field), []).append(value)
        return "; ".join(f"{field} contains {', '.join(values)}" for field, values in wanted.items())
    parts = []
    for part in conditions.split("; "):
        name, _, value = part.partition(": ")
        said = _spaced(name).replace(" contains words", " contains")
        parts.append(f"{said} {value.replace(';', ', ')}" if value.lower() != "true" else said)
    return "; ".join(parts)


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _one_sender(rows: pd.DataFrame) -> bool:
    """Every condition the rule has ever had names senders, nothing else."""
    conditions = [c for text in rows.rule_conditions.dropna() for c in str(text).split("; ")]
    return bool(conditions) and all(_SENDER_ONLY.match(c) for c in conditions)


def _known(evidence: Evidence) -> str:
    return "" if evidence.internal_domains else " (The organisation's own domains are not known from this evidence.)"


DETECTIONS = (
    Detection(
        id="IR-01",
        title="Inbox rule forwards or redirects mail",
        technique="T1114.003",
        needs=("audit",),
        innocent="The owner forwards to a private address of their own. Ask by phone; it is still a leak.",
        source="https://attack.mitre.org/techniques/T1114/003/",
        candidates=rules_that_forward,
        judge=judge_forward,
        operations=RULE_OPERATIONS,
    ),
    Detection(
        id="IR-02",
        title="Inbox rule deletes mail",
        technique="T1564.008",
        needs=("audit",),
        innocent="A clean-up of newsletters, with one sender as its condition.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_that_delete,
        judge=judge_delete,
        operations=RULE_OPERATIONS,
    ),
    Detection(
        id="IR-03",
        title="Inbox rule hides mail",
        technique="T1564.008",
        needs=("audit",),
        innocent="An archive rule with a narrow condition, older than the suspicion.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_that_hide,
        judge=judge_hide,
        operations=RULE_OPERATIONS,
    ),
)
