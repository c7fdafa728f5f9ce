"""Inbox rules as they stood after each change, in the order of time, and as they stand in the mailbox at last.

`Set-InboxRule` says only what it changes: each record is laid over what was known of the rule before. Rules are told
apart by id. A rule that is being made has none yet; a later change belongs to it if no other rule of the mailbox
has that name. Rules of a snapshot come last, each laid over the rule of its mailbox that has its id, else its name.
Source: Exchange Online cmdlets New-, Set-, Enable-, Disable- and Remove-InboxRule; UpdateInboxRules of Outlook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from toolkit.case import Case
from toolkit.detect.kept import kept_frame
from toolkit.detect.records import parameters, succeeded, truth
from toolkit.detect.snapshots import graph_conditions, number, standing_rules
from toolkit.detect.words import text

OUTLOOK = "updateinboxrules"
CMDLETS = ("new-inboxrule", "set-inboxrule", "enable-inboxrule", "disable-inboxrule", "remove-inboxrule")
FORWARDS = ("forwardto", "redirectto", "forwardasattachmentto", "sendtextmessagenotificationto")
MOVES = ("movetofolder", "copytofolder")
DELETES = ("deletemessage", "softdeletemessage", "permanentdelete")
READ = "markasread"
TWINS = 50  # of so many rules of one name the one that does the same is looked for
REMOVED, OFF = "removed", "switched off"

_TEXTS = ("row_id", "record_id", "ip_address", "session_id", "user", "actor", "table", "group")
_STATE = ("rule_name", "rule_forward_to", "rule_move_to", "rule_conditions", "ended")
_FLAGS = ("rule_deletes", "rule_marks_read", "whole", "logged")


@dataclass
class Rule:
    """One rule as far as it is known: `does` has its actions by parameter, `seeks` its conditions.

    `ended`: removed or switched off; `whole`: its making is known, so that what is not there is not in it; `logged`:
    the audit log has records of it.
    """

    user: str
    key: str
    number: str = ""
    name: str = ""
    does: dict[str, str] = field(default_factory=dict)
    seeks: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    whole: bool = False
    logged: bool = False

    @property
    def group(self) -> str:
        return f"{self.user}|{self.key}"

    def joined(self, names: Iterable[str]) -> str | None:
        return ";".join(value for name in names if (value := self.does.get(name, "").strip())) or None

    def acts(self) -> tuple[bool, bool, bool]:
        """Whether it forwards, moves and deletes."""
        deletes = any(truth(self.does.get(name)) for name in DELETES)
        return self.joined(FORWARDS) is not None, self.joined(MOVES) is not None, deletes

    def state(self) -> dict[str, Any]:
        """The rule in the columns of the audit table."""
        seeks = (f"{name}: {value}" if name else value for name, value in self.seeks.items())
        return {
            "rule_name": self.name or None,
            "rule_forward_to": self.joined(FORWARDS),
            "rule_move_to": self.joined(MOVES),
            "rule_conditions": "; ".join(seeks) or None,
            "ended": self.ended,
            "rule_deletes": self.acts()[2],
            "rule_marks_read": bool(truth(self.does.get(READ))),
            "whole": self.whole,
            "logged": self.logged,
        }


class Rules:
    """The rules known so far, found by mailbox and id, name or key; a hostile log may have very many of one name."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], Rule] = {}
        self._by_number: dict[tuple[str, str], Rule] = {}
        self._anywhere: dict[str, list[Rule]] = {}
        self._by_name: dict[tuple[str, str], dict[int, Rule]] = {}

    def note(self, rule: Rule) -> None:
        """Takes in a rule, or what is new about it."""
        self._by_key.setdefault((rule.user, rule.key), rule)
        self._by_name.setdefault((rule.user, rule.name), {})[id(rule)] = rule
        if rule.number and (rule.user, rule.number) not in self._by_number:
            self._by_number[rule.user, rule.number] = rule
            self._anywhere.setdefault(rule.number, []).append(rule)

    def keyed(self, user: str, key: str) -> Rule | None:
        return self._by_key.get((user, key))

    def numbered(self, user: str, wanted: str) -> Rule | None:
        """The rule with this id in this mailbox; where the mailbox is not known, the only one that has it."""
        if user:
            return self._by_number.get((user, wanted))
        found = self._anywhere.get(wanted, [])
        return found[0] if len(found) == 1 else None

    def paired(self, rule: Rule) -> None:
        """A snapshot's rule is this one: no other of its name is."""
        self._by_name.get((rule.user, rule.name), {}).pop(id(rule), None)

    def named(self, user: str, name: str, most: int, fits: Callable[[Rule], bool]) -> list[Rule]:
        """At most so many rules of the mailbox that have this name now and fit."""
        some = self._by_name.get((user, name), {}).values()
        return list(islice((rule for rule in some if rule.name == name and fits(rule)), most))


def rule_history(case: Case, changes: ir.Table, names: ir.Table) -> ir.Table:
    """One row for each record about a rule, with the rule as it stood afterwards; rows of one rule are one `group`.

    `place` is their order; `ended` says whether the rule was removed or switched off then; `whole` and `logged` as in
    `Rule`. `names` tells whose a mailbox is.
    """
    rows = changes.filter(changes.name.isin([*CMDLETS, OUTLOOK]), succeeded(changes))
    logged = rows.order_by("time", "row_id").execute()
    standing = standing_rules(case)
    owners = dict(names.execute().itertuples(index=False)) if len(logged) or len(standing) else {}
    rules = Rules()
    found = [*_logged(logged, owners, rules), *_standing(standing, owners, rules, len(logged))]
    frame = pd.DataFrame(found, columns=[*_TEXTS, "time", "place", *_STATE, *_FLAGS])
    kinds = dict.fromkeys((*_TEXTS, *_STATE), "str") | dict.fromkeys(_FLAGS, "bool")
    frame["time"] = pd.to_datetime(frame.time, utc=True)
    return kept_frame(case, "rule_history", frame.astype(kinds | {"place": "int64"}))


def _logged(rows: pd.DataFrame, owners: dict[str, str], rules: Rules) -> Iterator[dict[str, Any]]:
    before: dict[tuple[str, str], Rule] = {}
    every: list[Any] = list(rows.itertuples())
    acting: dict[str, set[str]] = {}
    for row in every:
        acting.setdefault(_mailbox(row), set()).add(text(row.user_principal_name).lower())
    for place, row in enumerate(every):
        actor, mailbox = text(row.user_principal_name).lower(), _mailbox(row)
        user = text(row.mailbox_owner_upn).lower() or owners.get(mailbox, actor)
        if mailbox and acting[mailbox] == {user}:
            owners.setdefault(mailbox, user)  # this name of the mailbox is the owner's, as far as the log knows
        # Records that contradict each other under one id are one change: the first counts, the others are shown.
        rule = before.get((user, row.record_id)) if row.row_id != row.record_id else None
        if rule is None:
            rule = _rule_of(rules, user, row)
            before[user, row.record_id] = replace(rule, does=dict(rule.does), seeks=dict(rule.seeks))
        rule.logged = True
        _lay_over(rule, row)
        rules.note(rule)
        yield {
            **{name: getattr(row, name) for name in ("row_id", "record_id", "ip_address", "session_id", "time")},
            "user": user or None,
            "actor": actor,
            "table": "audit",
            "group": rule.group,
            "place": place,
            **rule.state(),
        }


def _standing(rows: pd.DataFrame, owners: dict[str, str], rules: Rules, first: int) -> Iterator[dict[str, Any]]:
    """The rules of snapshots, each with the rule of the log that it is."""
    every: list[Any] = list(rows.itertuples())
    for place, row in enumerate(every, start=first):
        mailbox = text(row.mailbox).lower()
        rule = _rule_standing(rules, owners.get(mailbox, mailbox), row)
        rule.name, rule.ended = text(row.rule_name), OFF if truth(str(row.enabled)) is False else ""
        rule.does = {FORWARDS[0]: text(row.forward_to), MOVES[0]: text(row.move_to)}
        rule.does |= {DELETES[0]: str(row.deletes), READ: str(row.marks_read)}
        said = text(row.conditions)
        of_graph = said.startswith("{")
        rule.seeks = graph_conditions(said) if of_graph else _conditions(said, named=True)
        # Get-InboxRule has more conditions than the table.
        rule.whole = rule.whole or of_graph
        yield {
            **{"row_id": row.row_id, "record_id": row.record_id, "time": None, "ip_address": None, "session_id": None},
            "user": rule.user or None,
            "actor": None,
            "table": "inbox_rules",
            "group": rule.group,
            "place": place,
            **rule.state(),
        }


def _rule_standing(rules: Rules, user: str, row: Any) -> Rule:
    """The rule of this mailbox with this id, else one of the same name, rather one that does the same.

    Where the snapshot does not name the mailbox (a page of Graph), only a rule with this id.
    """
    wanted, name = number(row.rule_id), text(row.rule_name)
    rule = rules.numbered(user, wanted) if wanted else None
    if rule is None and user:
        named = rules.named(user, name, TWINS, lambda rule: not rule.number)
        acts = (bool(text(row.forward_to)), bool(text(row.move_to)), truth(str(row.deletes)) is True)
        rule = min(named, key=lambda rule: (rule.ended == REMOVED, rule.acts() != acts), default=None)
    rule = rule or Rule(user, wanted or f"{name}|{row.record_id}", name=name)
    rule.number = wanted or rule.number
    rules.note(rule)
    rules.paired(rule)
    return rule


def _mailbox(row: Any) -> str:
    """What a cmdlet's record calls the mailbox: the last part before the rule (lower case)."""
    path = text(row.object_id).rpartition("\\")[0]
    return re.split(r"[\\/]", path)[-1].lower() if row.name != OUTLOOK else ""


def _rule_of(rules: Rules, user: str, row: Any) -> Rule:
    """The rule that a record is about: by its id, else the only one of that name; else one not known before."""
    wanted, made, name = number(row.rule_id), _makes(row), _sought(row)
    if wanted and (known := rules.numbered(user, wanted)):
        return known
    key = wanted or (row.record_id if made else name or row.record_id)
    rule = None
    if not made:
        alive = rules.named(user, name, 2, lambda rule: rule.ended != REMOVED and not (wanted and rule.number))
        rule = rules.keyed(user, key) or (alive[0] if len(alive) == 1 else None)
    rule = rule or Rule(user, key, name=name)
    rule.number = rule.number or wanted
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
