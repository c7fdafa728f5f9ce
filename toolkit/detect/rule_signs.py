"""Inbox rules that give themselves away by what they look for or what they are called.

Source: MITRE ATT&CK T1564.008; `reference/keywords.csv`.
"""

from __future__ import annotations

import unicodedata

import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement
from toolkit.detect.inbox_rules import RULE_OPERATIONS, matching, rule_named, rules
from toolkit.detect.words import listed
from toolkit.enrich.folders import meaning
from toolkit.enrich.keywords import keywords

LISTS = {"finance": "money", "warning": "warnings", "security_mail": "security notices"}


def rules_about_money(evidence: Evidence) -> ir.Table:
    """IR-04: rules with conditions and an action that takes the mail out of sight."""
    rows = rules(evidence, "rule_conditions")
    acts = rows.rule_move_to.notnull() | rows.rule_forward_to.notnull()
    return rows.filter(acts | rows.rule_deletes.fill_null(False) | rows.rule_marks_read.fill_null(False))


def judge_money(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    conditions = " ".join(rows.rule_conditions.dropna())
    searched = " ".join(
        p for p in conditions.split("; ") if not p.lower().startswith(("from", "sentto", "fromaddress"))
    )
    found = {name: words for name in LISTS if (words := keywords(searched, name))}
    if not found:
        return None
    about = listed(LISTS[name] for name in found)
    sought = listed((w for words in found.values() for w in words), 5)
    summary = f"An inbox rule {rule_named(rows)} takes mail about {about} out of sight (it looks for {sought})."
    visible = rows.rule_move_to.notna().any() and not rows.rule_forward_to.notna().any()
    own = all(meaning(path)[0] == "" for path in rows.rule_move_to.dropna())
    if visible and own and set(found) == {"finance"} and not rows.rule_deletes.fillna(False).any():
        return Judgement("low", summary + " It moves it to a visible folder of the owner, as accounting staff do.")
    return Judgement("high", summary)


def rules_with_names(evidence: Evidence) -> ir.Table:
    """IR-05: rules whose name says nothing."""
    rows = rules(evidence, "rule_name")
    return rows.filter((rows.rule_name.length() <= 5) | ~rows.rule_name.re_search("[A-Za-z0-9]"))


def judge_name(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    if not any(_says_nothing(str(name)) for name in rows.rule_name.dropna()):
        return None
    bad = bool(rows.rule_deletes.fillna(False).any()) or bool(rows.rule_forward_to.notna().any())
    bad = bad or any(meaning(path)[1] in ("high", "medium") for path in rows.rule_move_to.dropna())
    hides = " It hides, deletes or forwards mail." if bad else ""
    summary = f"An inbox rule is {rule_named(rows)}, a name that says nothing; {matching(rows) or 'it takes all mail '}"
    return Judgement("high" if bad else "medium", summary.rstrip("; ").rstrip() + "." + hides)


def _says_nothing(name: str) -> bool:
    seen = "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cc", "Zs")).strip()
    return len(seen) <= 2 or not any(c.isalnum() for c in seen) or len(set(seen.lower())) == 1


DETECTIONS = (
    Detection(
        id="IR-04",
        title="Inbox rule looks for money or warnings",
        technique="T1564.008",
        needs=("audit",),
        innocent="Accounting staff sort invoices into a folder of their own.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_about_money,
        judge=judge_money,
        operations=RULE_OPERATIONS,
    ),
    Detection(
        id="IR-05",
        title="Inbox rule with a strange name",
        technique="T1564.008",
        needs=("audit",),
        innocent="Initials, or a rule made in a hurry. What it does decides.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_with_names,
        judge=judge_name,
        operations=RULE_OPERATIONS,
    ),
)
