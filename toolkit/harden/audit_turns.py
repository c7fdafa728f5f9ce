"""Where auditing was switched on or off: cmdlets in the audit log, repairs in this case's journal, what is read now.

Source: Exchange Online cmdlets in the unified audit log; "Manage mailbox auditing" for the default actions.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pandas as pd

from toolkit import reference
from toolkit.case import Case
from toolkit.contain.actions import auditing as repairs
from toolkit.contain.actions.auditing import LOGON_TYPES, USUAL_DAYS, days
from toolkit.contain.ledger import DONE, SENT, Record, records
from toolkit.contain.target import moment
from toolkit.detect.records import MAIL, parameters, truth
from toolkit.detect.snapshots import mailbox_names
from toolkit.detect.words import listed, short
from toolkit.harden.audit_settings import AuditSettings, Mailbox, lowered

EVERYBODY = "everybody"
MAILBOX_AUDITING, SEARCHABLE_LOG, BYPASS, FLAG, AGE = "mailbox auditing", "searchable log", "bypass", "flag", "age"
_CMDLETS = (
    "set-organizationconfig",
    "set-adminauditlogconfig",
    "set-mailbox",
    "set-mailboxauditbypassassociation",
)


@dataclass(frozen=True)
class Turn:
    """Something was switched on or off; `was_off` says that it is known to have been off before.

    `topic` is one of the words above or a logon type; `missing` names actions that are no longer logged.
    """

    scope: str
    topic: str
    on: bool
    time: datetime | None
    by: str
    source: str
    was_off: bool = False
    missing: str = ""


@cache
def default_actions() -> Mapping[str, Mapping[str, dict[str, str]]]:
    """Microsoft's default actions: logon type → action → its row of `mailbox_audit_defaults.csv`.

    Those that tell most of an intruder come first.
    """
    with open(reference.path("mailbox_audit_defaults.csv"), encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["telling"] or 99))
    return {kind: {r["action"]: r for r in rows if r[kind.lower()] == "default"} for kind in LOGON_TYPES}


def of_log(case: Case, read: AuditSettings) -> Iterator[Turn]:
    """What the cmdlets of the audit log switched, those that failed left out."""
    listed_names = ", ".join(f"'{name}'" for name in _CMDLETS)
    found = case.sql(
        f"""SELECT time, lower(operation) AS name, user_principal_name AS who, object_id, parameters FROM audit
        WHERE lower(operation) IN ({listed_names}) AND lower(parameters) LIKE '%audit%'
        AND lower(coalesce(result_status, '')) NOT IN ('failure', 'failed', 'false', 'fail')
        ORDER BY time NULLS FIRST, row_id"""
    )
    names = {} if found.empty else _account_names(case, read)
    for row in found.astype(object).where(found.notna(), None).to_dict("records"):
        told = parameters(row["parameters"])
        time = None if row["time"] is None else pd.Timestamp(row["time"]).to_pydatetime()
        scope = _whose(told.get("identity", ""), row["object_id"], names)
        by = str(row["who"] or "")
        for topic, on, missing in _turns(str(row["name"]), told):
            everybody = topic in (MAILBOX_AUDITING, SEARCHABLE_LOG)
            source = "the audit log has the cmdlet"
            yield Turn(EVERYBODY if everybody else scope, topic, on, time, by, source, missing=missing)


def _turns(name: str, told: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    """What a cmdlet switched: topic, on or off, and which actions are no longer logged."""
    if name == "set-organizationconfig":
        off = truth(told.get("auditdisabled"))
        if off is not None:
            yield MAILBOX_AUDITING, not off, ""
    elif name == "set-adminauditlogconfig":
        on = truth(told.get("unifiedauditlogingestionenabled", told.get("adminauditlogenabled")))
        if on is not None:
            yield SEARCHABLE_LOG, on, ""
    elif name == "set-mailboxauditbypassassociation":
        off = truth(told.get("auditbypassenabled"))
        if off is not None:
            yield BYPASS, not off, ""
    else:
        yield from _mailbox_turns(told)


def _mailbox_turns(told: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    on = truth(told.get("auditenabled"))
    if on is not None:
        yield FLAG, on, ""
    age = days(told.get("auditlogagelimit"))
    if age is not None:
        yield AGE, age >= USUAL_DAYS, f"{age}"
    for kind in LOGON_TYPES:
        value = told.get(f"audit{kind.lower()}")
        if value is not None:
            missing = cut(kind, value)
            if missing is not None:
                yield kind, not missing, listed(missing, most=4)
    for kind in LOGON_TYPES:
        if kind.lower() in told.get("defaultauditset", "").lower():
            yield kind, True, ""


def cut(kind: str, value: str) -> list[str] | None:
    """The telling default actions of a logon type that a new list leaves out; None where it only adds some."""
    named = {word.lower() for word in re.findall(r"[A-Za-z]+", value)}
    telling = [action for action, row in default_actions()[kind].items() if row["telling"]]
    if "remove" in named:
        return [action for action in telling if action.lower() in named]
    if "add" in named:
        return None
    return [action for action in telling if action.lower() not in named]


def of_journal(case: Case) -> Iterator[Turn]:
    """The repairs of this case, and their undoing: the journal knows them to the second."""
    for record in records(case):
        if record.status not in {DONE, SENT}:
            continue
        time = record.answered_date or moment(record.started)
        for scope, topic, was_off, missing in _repaired(record):
            by, source = record.operator, "this case's journal has the repair"
            on = record.direction == "do"
            yield Turn(scope, topic, on, time, by, source, was_off=was_off and on, missing=missing)


def _repaired(record: Record) -> Iterator[tuple[str, str, bool, str]]:
    kind = record.action.partition(":")[0]
    scope = str(record.about.get("name") or record.about.get("identity") or "").lower()
    before = record.restores if record.direction == "undo" else record.before
    if kind == repairs.AuditOrganisation.kind:
        yield EVERYBODY, MAILBOX_AUDITING, before.get("AuditDisabled") is True, ""
    elif kind == repairs.AuditUnifiedLog.kind:
        yield EVERYBODY, SEARCHABLE_LOG, before.get("UnifiedAuditLogIngestionEnabled") is False, ""
    elif kind == repairs.EndAuditBypass.kind:
        yield scope, BYPASS, before.get("AuditBypassEnabled") is True, ""
    elif kind == repairs.AuditMailbox.kind:
        yield scope, FLAG, before.get("AuditEnabled") is False, ""
    elif kind == repairs.RestoreAuditAge.kind:
        age = days(before.get("AuditLogAgeLimit"))
        yield scope, AGE, age is not None and age < USUAL_DAYS, str(age)
    elif kind == repairs.RestoreAuditActions.kind:
        managed = {str(one).lower() for one in before.get("DefaultAuditSet") or []}
        for logon in LOGON_TYPES:
            missing = cut(logon, ",".join(before.get(f"Audit{logon}") or [])) or []
            if logon.lower() not in managed and missing:
                yield scope, logon, True, listed(missing, most=4)


def of_settings(read: AuditSettings) -> Iterator[tuple[tuple[str, str], tuple[bool, str]]]:
    """What is on and off now, as far as it was read."""
    if read.mailbox_auditing.on is not None:
        yield (EVERYBODY, MAILBOX_AUDITING), (read.mailbox_auditing.on, "")
    # A file that says off may come from a compliance session, which always says so.
    if read.searchable_log.on is not None and (read.searchable_log.on or read.searchable_log.source == "tenant"):
        yield (EVERYBODY, SEARCHABLE_LOG), (read.searchable_log.on, "")
    for one in read.bypasses or []:
        if one.on is not None:
            yield (one.name.lower(), BYPASS), (not one.on, "")
    for box in read.mailboxes or []:
        scope = box.name.lower()
        if box.enabled is not None:
            yield (scope, FLAG), (box.enabled, "")
        if box.age is not None:
            yield (scope, AGE), (box.age >= USUAL_DAYS, str(box.age))
        for kind in LOGON_TYPES:
            missing = missing_actions(box, kind)
            if missing is not None:
                yield (scope, kind), (not missing, listed(missing, most=4))


def missing_actions(box: Mailbox, kind: str) -> list[str] | None:
    """The default actions that a list made by hand leaves out; [] where Microsoft manages it; None if not read.

    Actions that need Audit (Premium) count unless the mailbox is known to be without it.
    """
    if box.managed is not None and kind.lower() in lowered(box.managed):
        return []
    there = box.lists.get(kind)
    if there is None:
        return None
    named = lowered(there)
    wanted = default_actions()[kind]
    return [a for a, row in wanted.items() if a.lower() not in named and not (row["premium"] and box.premium is False)]


def _account_names(case: Case, read: AuditSettings) -> dict[str, str]:
    """Names by which records speak of an account → its user principal name, all in lower case."""
    found = mailbox_names(case).execute()
    names: dict[str, str] = dict(zip(found["name"], found["owner"], strict=True))
    for box in read.mailboxes or []:
        names |= dict.fromkeys(box.names, box.name.lower())
    for one in read.bypasses or []:
        names[one.identity.lower()] = one.name.lower()
    return names


def _whose(identity: str, object_id: Any, names: Mapping[str, str]) -> str:
    """The account that a cmdlet names, by its address where anything tells it."""
    told = [identity.strip(), object_id.strip() if isinstance(object_id, str) else ""]
    told += [re.split(r"[\\/]", one)[-1] for one in told]
    for one in told:
        if re.fullmatch(MAIL, one):
            return one.lower()
        if one.lower() in names:
            return names[one.lower()]
    return short(next((one for one in told[2:] if one), "an unnamed account"), 60).lower()
