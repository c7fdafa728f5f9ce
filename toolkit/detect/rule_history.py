"""Inbox rules as they stood after each change, in the order of time.

`Set-InboxRule` says only what it changes: each record is laid over what was known of the rule before. Rules are told
apart by id. A rule that is being made has none yet; a later change belongs to it if no other rule of the mailbox
has that name.
Source: Exchange Online cmdlets New-, Set-, Enable-, Disable- and Remove-InboxRule; UpdateInboxRules of Outlook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from toolkit.case import Case
from toolkit.detect.kept import kept_frame
from toolkit.detect.records import parameters, succeeded, truth
from toolkit.detect.words import text

OUTLOOK = "updateinboxrules"
CMDLETS = ("new-inboxrule", "set-inboxrule", "enable-inboxrule", "disable-inboxrule", "remove-inboxrule")
FORWARDS = ("forwardto", "redirectto", "forwardasattachmentto", "sendtextmessagenotificationto")
MOVES = ("movetofolder", "copytofolder")
DELETES = ("deletemessage", "softdeletemessage", "permanentdelete")
READ = "markasread"
REMOVED, OFF = "removed", "switched off"

_TEXTS = ("row_id", "record_id", "ip_address", "session_id", "user", "actor", "table", "group")
_STATE = ("rule_name", "rule_forward_to", "rule_move_to", "rule_conditions", "ended")
_FLAGS = ("rule_deletes", "rule_marks_read", "whole")


@dataclass
class Rule:
    """One rule as far as it is known: `does` has its actions by parameter, `seeks` its conditions.

    `ended`: removed or switched off; `whole`: its making is known, so that what is not there is not in it.
    """

    key: str
    number: str = ""
    name: str = ""
    does: dict[str, str] = field(default_factory=dict)
    seeks: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    whole: bool = False

    def joined(self, names: Iterable[str]) -> str | None:
        return ";".join(value for name in names if (value := self.does.get(name, "").strip())) or None

    def state(self) -> dict[str, Any]:
        """The rule in the columns of the audit table."""
        seeks = (f"{name}: {value}" if name else value for name, value in self.seeks.items())
        return {
            "rule_name": self.name or None,
            "rule_forward_to": self.joined(FORWARDS),
            "rule_move_to": self.joined(MOVES),
            "rule_conditions": "; ".join(seeks) or None,
            "ended": self.ended,
            "rule_deletes": any(truth(self.does.get(name)) for name in DELETES),
            "rule_marks_read": bool(truth(self.does.get(READ))),
            "whole": self.whole,
        }


def rule_history(case: Case, changes: ir.Table) -> ir.Table:
    """One row for each record about a rule, with the rule as it stood afterwards; rows of one rule are one `group`.

    `place` is their order; `ended` says whether the rule was removed or switched off then; `whole` as in `Rule`.
    """
    rows = changes.filter(changes.name.isin([*CMDLETS, OUTLOOK]), succeeded(changes))
    rows = rows.mutate(user=rows.mailbox_owner_upn.coalesce(rows.user_principal_name).lower())
    found = list(_told(rows.order_by("time", "row_id").execute()))
    frame = pd.DataFrame(found, columns=[*_TEXTS, "time", "place", *_STATE, *_FLAGS])
    kinds = dict.fromkeys((*_TEXTS, *_STATE), "str") | dict.fromkeys(_FLAGS, "bool")
    frame["time"] = pd.to_datetime(frame.time, utc=True)
    return kept_frame(case, "rule_history", frame.astype(kinds | {"place": "int64"}))


def _told(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    mailboxes: dict[str, list[Rule]] = {}
    before: dict[tuple[str, str], Rule] = {}
    every: list[Any] = list(rows.itertuples())
    for place, row in enumerate(every):
        user = text(row.user)
        rules = mailboxes.setdefault(user, [])
        # Records that contradict each other under one id are one change: the first counts, the others are shown.
        rule = before.get((user, row.record_id)) if row.row_id != row.record_id else None
        if rule is None:
            rule = _rule_of(rules, row)
            before[user, row.record_id] = replace(rule, does=dict(rule.does), seeks=dict(rule.seeks))
        _lay_over(rule, row)
        yield {
            **{name: getattr(row, name) for name in ("row_id", "record_id", "ip_address", "session_id", "time")},
            "user": row.user,
            "actor": text(row.user_principal_name).lower(),
            "table": "audit",
            "group": f"{user}|{rule.key}",
            "place": place,
            **rule.state(),
        }


def _rule_of(rules: list[Rule], row: Any) -> Rule:
    """The rule that a record is about: by its id, else the only one of that name; else one not known before."""
    number, made = text(row.rule_id), _makes(row)
    if number and (known := [r for r in rules if r.number == number]):
        return known[0]
    name = _sought(row)
    named = [r for r in rules if r.name == name and r.ended != REMOVED and not (number and r.number)]
    key = number or (row.record_id if made else name or row.record_id)
    same = [r for r in rules if r.key == key]
    if not made and (len(named) == 1 or same):
        rule = same[0] if same else named[0]
    else:
        rule = Rule(key, name=name)
        rules.append(rule)
    rule.number = rule.number or number
    return rule


def _makes(row: Any) -> bool:
    verb = text(row.rule_operation).lower()
    return row.name == CMDLETS[0] or (row.name == OUTLOOK and re.search("add|create", verb) is not None)


def _sought(row: Any) -> str:
    """The name by which a record looks for its rule: a change may give it another one."""
    if row.name in CMDLETS[1:]:
        identity = re.split(r"[\\/]", parameters(row.parameters).get("identity", ""))[-1]
        if identity and not identity.isdigit():
            return identity
    return text(row.rule_name)


def _lay_over(rule: Rule, row: Any) -> None:
    """What a record says of a rule, laid over what was known of it."""
    verb = text(row.rule_operation).lower() if row.name == OUTLOOK else row.name.partition("-")[0]
    if re.search("remove|delete", verb):
        rule.ended = REMOVED
        return
    rule.ended = OFF if "disable" in verb else "" if _makes(row) or "enable" in verb else rule.ended
    told = parameters(row.parameters)
    if row.name == OUTLOOK or not told:
        told = _from_columns(row)
    if _makes(row) or (row.name == OUTLOOK and (told or text(row.rule_conditions))):
        # Outlook always says all of a rule.
        rule.does, rule.seeks, rule.whole = {}, {}, True
    rule.name = told.get("name") or text(row.rule_name) or rule.name
    rule.does |= {name: value for name, value in told.items() if name in (*FORWARDS, *MOVES, *DELETES, READ)}
    for name in [name for name in rule.seeks if not told.get(name.lower(), "not told").strip()]:
        del rule.seeks[name]
    rule.seeks |= _conditions(text(row.rule_conditions), named=row.name != OUTLOOK)


def _from_columns(row: Any) -> dict[str, str]:
    said = {
        FORWARDS[0]: text(row.rule_forward_to),
        MOVES[0]: text(row.rule_move_to),
        DELETES[0]: "True" if truth(str(row.rule_deletes)) else "",
        READ: "True" if truth(str(row.rule_marks_read)) else "",
    }
    return {name: value for name, value in said.items() if value}


def _conditions(said: str, named: bool) -> dict[str, str]:
    """`SubjectContainsWords: a; From: b` by name; what Outlook writes stays whole."""
    if not named:
        return {"": said} if said else {}
    parts = (part.partition(": ") for part in re.split(r"; (?=[A-Za-z]+: )", said) if part)
    return {name: value for name, _, value in parts}
