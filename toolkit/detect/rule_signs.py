"""Inbox rules that give themselves away by what they look for or what they are called.

Source: MITRE ATT&CK T1564.008; `reference/keywords.csv`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement
from toolkit.detect.inbox_rules import RULE_OPERATIONS, as_it_stands, matching, rule_named, rules
from toolkit.detect.words import listed
from toolkit.enrich.folders import meaning
from toolkit.enrich.keywords import keywords

LISTS = {"finance": "money", "warning": "warnings", "security_mail": "security notices"}


def rules_about_money(evidence: Evidence) -> ir.Table:
    """IR-04: rules that look for money or warnings and take the mail out of sight.

    Not those that only sort mail about money into a visible folder of the owner, as accounting staff do.
    """
    every = evidence.rules
    conditions = _matching(every.select("rule_conditions").distinct().execute().rule_conditions.dropna())
    paths = every.select("rule_move_to").distinct().execute().rule_move_to.dropna()
    own_folders = [p for p in paths if meaning(p)[0] == ""]
    only_money = [text for text, lists in conditions.items() if set(lists) == {"finance"}]

    def hides(rule: ir.Table) -> ir.BooleanValue:
        gone = rule.rule_forward_to.notnull() | rule.rule_deletes
        sorts = rule.rule_move_to.isin(own_folders) & ~gone & rule.rule_conditions.isin(only_money)
        hidden = gone | rule.rule_move_to.notnull() | rule.rule_marks_read
        return rule.rule_conditions.isin(list(conditions)) & hidden & ~sorts.fill_null(False)

    return rules(evidence, hides)


def _matching(conditions: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Conditions that look for telling words → list of words → the words."""
    found = {}
    for text in conditions:
        parts = (p for p in text.split("; ") if not p.lower().startswith(("from", "sentto")))
        searched = " ".join(parts)
        if lists := {name: words for name in LISTS if (words := keywords(searched, name))}:
            found[text] = lists
    return found


def judge_money(all_rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    rows = all_rows[all_rows.does]
    told = _matching(rows.rule_conditions.dropna())
    found = {name: words for lists in told.values() for name, words in lists.items()}
    about = listed(LISTS[name] for name in found)
    sought = listed((w for words in found.values() for w in words), 5)
    summary = f"An inbox rule {rule_named(rows)} takes mail about {about} out of sight (it looks for {sought})."
    return as_it_stands("high", summary, all_rows, evidence)


def rules_with_names(evidence: Evidence) -> ir.Table:
    """IR-05: rules whose name says nothing."""
    names = evidence.rules.select("rule_name").distinct().execute().rule_name.dropna()
    empty = [name for name in names if _says_nothing(name)]
    return rules(evidence, lambda rule: rule.rule_name.isin(empty))


def judge_name(all_rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    rows = all_rows[all_rows.does]
    bad = bool(rows.rule_deletes.any()) or bool(rows.rule_forward_to.notna().any())
    bad = bad or any(meaning(path)[1] in ("high", "medium") for path in rows.rule_move_to.dropna())
    hides = " It hides, deletes or forwards mail." if bad else ""
    all_mail = "it takes all mail" if rows.whole.iloc[-1] else ""
    summary = f"An inbox rule is {rule_named(rows)}, a name that says nothing; {matching(rows) or all_mail}"
    return as_it_stands("high" if bad else "medium", summary.rstrip("; ") + "." + hides, all_rows, evidence)


def _says_nothing(name: str) -> bool:
    seen = "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cc", "Zs")).strip()
    return len(seen) <= 2 or not any(c.isalnum() for c in seen) or len(set(seen.lower())) == 1


DETECTIONS = (
    Detection(
        id="IR-04",
        title="Inbox rule looks for money or warnings",
        technique="T1564.008",
        needs=(),
        either=("audit", "inbox_rules"),
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
        needs=(),
        either=("audit", "inbox_rules"),
        innocent="Initials, or a rule made in a hurry. What it does decides.",
        source="https://attack.mitre.org/techniques/T1564/008/",
        candidates=rules_with_names,
        judge=judge_name,
        operations=RULE_OPERATIONS,
    ),
)
