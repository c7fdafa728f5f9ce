"""Is what happens in mailboxes logged, for whom, and since when? The report, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions.auditing import (
    AuditMailbox,
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    RestoreAuditActions,
    RestoreAuditAge,
)
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import listed, moment, plural
from toolkit.harden.audit_gaps import LOOKS_BACK, audit_gaps, gap_lines
from toolkit.harden.audit_settings import AuditSettings, audit_settings
from toolkit.harden.audit_table import (
    AGE,
    KEPT,
    NOT_CHECKED,
    OFF,
    PARTLY,
    RESOURCES,
    SEARCHABLE,
    SWITCH,
    AuditRow,
    mailboxes_said,
    truth_table,
)
from toolkit.harden.audit_turns import AGE as AGE_GAP
from toolkit.harden.audit_turns import BYPASS, EVERYBODY
from toolkit.harden.audit_turns import FLAG as FLAG_GAP

IN_TURN: tuple[type[Action], ...] = (
    AuditOrganisation,
    AuditUnifiedLog,
    EndAuditBypass,
    AuditMailbox,
    RestoreAuditActions,
    RestoreAuditAge,
)
AUDIT_KINDS = frozenset(action.kind for action in IN_TURN)
"""The kinds of action that repair auditing, for `hardening_plan(…, kinds=AUDIT_KINDS)`."""
MOST_GAPS = 4


@dataclass(frozen=True)
class AuditingReport:
    """The truth table (`rows`), the times in which something was off (`gaps`, see `audit_gaps`), what was read.

    `log` are the first and last times of the case's audit log (UTC), or None where it has none.
    """

    rows: list[AuditRow]
    gaps: pd.DataFrame
    settings: AuditSettings
    log: tuple[Any, Any] | None

    @property
    def sentence(self) -> str:
        """The whole in a sentence or two."""
        switches = [row for row in self.rows if row.scope == EVERYBODY and row.check in (SWITCH, SEARCHABLE)]
        off = [row.check for row in switches if row.verdict == OFF]
        if off:
            return f"Off for everybody: {listed(off)}. Nothing of it is recorded meanwhile."
        unknown = [row.check for row in switches if row.verdict == NOT_CHECKED]
        if unknown:
            return f"It cannot be said whether auditing is on: not checked is {listed(unknown)}."
        beginning = "Auditing is on for the organisation"
        wanting = sorted({row.scope for row in self.rows if row.scope != EVERYBODY and row.verdict in (OFF, PARTLY)})
        if wanting:
            return f"{beginning}, but not whole for {plural(len(wanting), 'account')}: {listed(wanting)}."
        boxes = self.settings.mailboxes
        if boxes is None or any(row.verdict == NOT_CHECKED for row in self.rows if row.scope != EVERYBODY):
            return f"{beginning}. Not everything about single mailboxes could be checked."
        left_out = "" if self.settings.bypasses is not None else " Whether somebody is left out could not be checked."
        return f"{beginning}, and whole for {mailboxes_said(len(boxes))}.{left_out}"

    def frame(self) -> pd.DataFrame:
        """The truth table: `check`, `scope`, `read`, `verdict`, `meaning`, `repair` (the title of the action)."""
        told = [(r.check, r.scope, r.read, r.verdict, r.meaning, r.repair.title if r.repair else "") for r in self.rows]
        return pd.DataFrame(told, columns=["check", "scope", "read", "verdict", "meaning", "repair"])

    def of(self, mailbox: str) -> list[AuditRow]:
        """The rows that decide about one mailbox (user principal name or object id), everybody's first."""
        scope = self.scope_of(mailbox)
        return [row for row in self.rows if row.scope == EVERYBODY or row.scope.lower() == scope]

    def gaps_of(self, mailbox: str) -> pd.DataFrame:
        """The gaps that can be in one mailbox's log: everybody's, its own, and those of whoever acted unseen."""
        scopes = self.gaps.scope.isin([EVERYBODY, self.scope_of(mailbox)])
        return self.gaps[scopes | (self.gaps.topic == BYPASS)].reset_index(drop=True)

    def trust(self, mailbox: str, at: Callable[[Any], str] = moment) -> str:
        """Is this mailbox's audit log trustworthy, and since when? In sentences that claim no more than was read.

        `at` words a time.
        """
        gaps = f" {LOOKS_BACK}" if len(self._holes(mailbox)) else ""
        return f"{self.now(mailbox)} {self.since(mailbox, at)}{gaps}"

    def scope_of(self, mailbox: str) -> str:
        """The user principal name in lower case of a mailbox that is named by it, or by its object id."""
        wanted = mailbox.strip().lower()
        return next((box.name.lower() for box in self.settings.mailboxes or [] if wanted in box.names), wanted)

    def now(self, mailbox: str) -> str:
        """Whether what happens in a mailbox is logged now: yes, no, in part, or not to be said, and why."""
        scope = self.scope_of(mailbox)
        boxes = self.settings.mailboxes
        if boxes is not None and not any(scope in box.names for box in boxes):
            return f"It cannot be said: no mailbox of {mailbox} was read."
        rows = [row for row in self.of(mailbox) if row.check not in (KEPT, AGE, RESOURCES)]
        off = dict.fromkeys(row.meaning for row in rows if row.verdict == OFF)
        if off:
            own = (row.meaning for row in rows if row.verdict == PARTLY and row.scope != EVERYBODY)
            return f"No. {' '.join([*off, *own])}"
        unknown = listed((row.check for row in rows if row.verdict == NOT_CHECKED), most=5)
        partly = dict.fromkeys(row.meaning for row in rows if row.verdict == PARTLY)
        if partly:
            return f"Only in part. {' '.join(partly)}{f' Not checked: {unknown}.' if unknown else ''}"
        if unknown:
            return f"It cannot be said: not checked is {unknown}."
        read = f" on {self.settings.taken[:10]}" if self.settings.taken else ", from files,"
        return f"Yes, as it was read{read}: what is done in the mailbox of {scope} is logged."

    def since(self, mailbox: str, at: Callable[[Any], str] = moment) -> str:
        """When it was not, as far as anything tells."""
        gaps = self._holes(mailbox)
        if len(gaps):
            lines = gap_lines(gaps, [self.scope_of(mailbox)], at)
            over = sum(number for _, _, number in lines[MOST_GAPS:])
            more = f" {over:,} further gaps are known." if over else ""
            return f"{' '.join(told for told, _, _ in lines[:MOST_GAPS])}{more}"
        if self.log is None:
            return "Since when cannot be said: the case has no audit log that would tell of changes."
        first, last = (at(time) for time in self.log)
        return (
            f"The audit log of this case, from {first} to {last}, has no change of these settings; of the time before "
            "it says nothing."
        )

    def _holes(self, mailbox: str) -> pd.DataFrame:
        gaps = self.gaps_of(mailbox)
        holes = gaps[~gaps.topic.isin([FLAG_GAP, AGE_GAP])]
        others = ~holes.scope.isin([EVERYBODY, self.scope_of(mailbox)])
        return holes.loc[others.sort_values(kind="stable").index]


def auditing(case: Case, state: Snapshot | None = None) -> AuditingReport:
    """The truth table of auditing from `state` (see `read_state`); what it lacks, or without it, from files.

    What was neither read nor loaded is "not checked", with the reason.
    """
    read = audit_settings(case, state)
    log = case.sql("SELECT min(time) AS first, max(time) AS last FROM audit").iloc[0]
    span = None if pd.isna(log["first"]) else (log["first"], log["last"])
    return AuditingReport(truth_table(read, span), audit_gaps(case, state, read), read, span)


def audit_repairs(
    report: AuditingReport, mailboxes: Iterable[str] | str | None = None, *, everybody: bool = True
) -> list[Action]:
    """The actions that mend what the table shows, each once: the organisation's own switches first.

    `mailboxes` (user principal names or object ids) takes those of these accounts only. Without `everybody` the
    organisation's switches are left as they are; while one of them is off, nothing else helps.
    """
    wanted = None if mailboxes is None else [mailboxes] if isinstance(mailboxes, str) else list(mailboxes)
    scopes = None if wanted is None else {report.scope_of(one) for one in wanted}
    found: dict[str, Action] = {}
    for row in report.rows:
        if row.repair is not None and (
            everybody if row.repair.hits_everybody else scopes is None or row.scope.lower() in scopes
        ):
            found[row.repair.key] = row.repair
    return sorted(found.values(), key=lambda action: IN_TURN.index(type(action)))
