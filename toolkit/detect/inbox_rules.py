"""Inbox rules that forward, delete or hide mail: how an intruder keeps the owner from noticing.

Source: MITRE ATT&CK T1114.003 and T1564.008; record shapes from Microsoft's audit schema (New-/Set-InboxRule,
UpdateInboxRules).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence, addresses_in
from toolkit.detect.finding import Detection, Judgement, lowered
from toolkit.detect.rule_history import OFF, REMOVED
from toolkit.detect.snapshots import NO_LOG, STANDS, UNRECORDED
from toolkit.detect.words import listed, moment, short, text
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


def rules(evidence: Evidence, tells: Callable[[ir.Table], ir.BooleanValue]) -> ir.Table:
    """Rules that once stood as `tells` says, from the record that made them so; one group for each rule.

    Every row has the rule as it stood after that record; `does`: it stood as `tells` says.
    """
    rows = evidence.rules
    rows = rows.mutate(does=tells(rows).fill_null(False) & (rows.ended.fill_null("") != REMOVED))
    began = rows.filter(rows.does).group_by("group").agg(began=ibis._.place.min())
    since = rows.inner_join(began, "group")
    return since.filter(since.place >= since.began).drop("began")


def rules_that_forward(evidence: Evidence) -> ir.Table:
    """IR-01: rules with a forward, redirect or forward-as-attachment target."""
    return rules(evidence, lambda rule: rule.rule_forward_to.notnull())


def judge_forward(all_rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    rows = all_rows[all_rows.does]
    targets = [a for said in rows.rule_forward_to.dropna() for a in addresses_in(said)] or [
        "a recipient without address"
    ]
    outside = [a for said in rows.rule_forward_to.dropna() for a in evidence.outside(said)]
    where = listed(outside or targets)
    if outside and all(evidence.settings.allowed.mail(a) for a in outside):
        said = f"An inbox rule {rule_named(rows)} sends mail to {where}, which the organisation allows."
        return as_it_stands("low", said, all_rows, evidence)
    said = f"An inbox rule {rule_named(rows)} sends mail {matching(rows)}to {where}, "
    if outside:
        return as_it_stands("critical", f"{said}outside the organisation.{_known(evidence)}", all_rows, evidence)
    return as_it_stands("low", said + "inside the organisation.", all_rows, evidence)


def rules_that_delete(evidence: Evidence) -> ir.Table:
    """IR-02: rules with a delete action."""
    return rules(evidence, lambda rule: rule.rule_deletes)


def judge_delete(all_rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    rows = all_rows[all_rows.does]
    summary = f"An inbox rule {rule_named(rows)} deletes mail {matching(rows)}".rstrip() + "."
    if _one_sender(rows):
        narrow = " It names one sender only, as people do against newsletters."
        return as_it_stands("low", summary + narrow, all_rows, evidence)
    return as_it_stands("high", summary, all_rows, evidence)


def rules_that_hide(evidence: Evidence) -> ir.Table:
    """IR-03: rules that move or copy mail to a folder where its owner does not look."""
    paths = evidence.rules.select("rule_move_to").distinct().execute().rule_move_to.dropna()
    hiding = [p for p in paths if meaning(p)[0] in FOLDER_WORDS]
    return rules(evidence, lambda rule: rule.rule_move_to.isin(hiding))


def judge_hide(all_rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    rows = all_rows[all_rows.does]
    worst, folder, path = "none", "", ""
    for said in rows.rule_move_to.dropna():
        well_known, risk = meaning(said)
        if well_known in FOLDER_WORDS and (risk, worst) in {("high", "none"), ("high", "medium"), ("medium", "none")}:
            worst, folder, path = risk, well_known, said
    if worst == "none":
        return None
    where = FOLDER_WORDS[folder]
    read = " and marks it as read" if rows.rule_marks_read.any() else ""
    summary = f"An inbox rule {rule_named(rows)} moves mail {matching(rows)}to {where} (“{short(path)}”){read}."
    if folder == "archive" and _one_sender(rows):
        narrow = " It names one sender only, as people do to keep order."
        return as_it_stands("low", summary + narrow, all_rows, evidence)
    return as_it_stands("high" if worst == "high" else "medium", summary, all_rows, evidence)


def as_it_stands(severity: str, summary: str, rows: pd.DataFrame, evidence: Evidence) -> Judgement:
    """A judgement, with what became of the rule: changed again, ended, or standing in the mailbox now.

    A rule that only stands there, switched off, is a step lower: nothing shows that it ever acted.
    """
    every: list[Any] = list(rows.itertuples())
    logged = [row for row in every if row.table == "audit"]
    standing = [row for row in every if row.table != "audit"]
    actors = dict.fromkeys(text(row.actor) for row in logged)
    others = tuple(actor for actor in actors if "@" in actor and actor != every[0].user)
    if others:
        summary += f" It was done by {listed(others)}."
    if logged:
        summary += _aftermath(logged)
    if not standing:
        return Judgement(severity, summary, involved=others)
    if not any(row.does for row in standing):
        changed = " In the mailbox it stands changed and no longer does so."
        return Judgement(severity, summary + changed, involved=others)
    off = all(row.ended == OFF for row in standing)
    summary += STANDS[:-1] + (", switched off." if off else ".")
    if logged:
        return Judgement(severity, summary, involved=others)
    if any(row.logged for row in standing):
        summary += " The audit log has no record of the change that made it so."
    else:
        summary += UNRECORDED if evidence.counts["audit"] else NO_LOG
    return Judgement(lowered(severity) if off else severity, summary)


def _aftermath(logged: list[Any]) -> str:
    """What the log tells after the rule last did so: when it ended, or was changed again."""
    last = logged[-1]
    if text(last.ended):
        ended = list(takewhile(lambda row: row.ended == last.ended, reversed(logged)))[-1]
        return f" It was {ended.ended} at {moment(ended.time)}."
    if last.does:
        return ""
    undone = list(takewhile(lambda row: not row.does, reversed(logged)))[-1]
    return f" It was changed again at {moment(undone.time)} and no longer does so."


def rule_named(rows: pd.DataFrame) -> str:
    names = [n for n in rows.rule_name.dropna().unique() if str(n).strip()]
    said = f"named “{short(str(names[-1]))}”" if names else "without a name"
    return said if text(rows.user.iloc[0]) else said + " of a mailbox the export does not name"


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
    """Whenever the rule did so, its conditions named senders, nothing else."""
    every = [text(said).split("; ") for said in rows.rule_conditions]
    return all(_SENDER_ONLY.match(condition) for conditions in every for condition in conditions)


def _known(evidence: Evidence) -> str:
    return "" if evidence.internal_domains else " (The organisation's own domains are not known from this evidence.)"


DETECTIONS = (
    Detection(
        id="IR-01",
        title="Inbox rule forwards or redirects mail",
        technique="T1114.003",
        needs=(),
        either=("audit", "inbox_rules"),
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
        needs=(),
        either=("audit", "inbox_rules"),
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
        needs=(),
        either=("audit", "inbox_rules"),
        innocent="An archive rule with a narrow condition, older than the suspicion.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_that_hide,
        judge=judge_hide,
        operations=RULE_OPERATIONS,
    ),
)
