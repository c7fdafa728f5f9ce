"""How far anything can be known: what the services keep, what was asked for, and when nothing was recorded.

Beside the ledger, which says what came, this says what can never come. Retention is Microsoft's, by licence; where the
licences were not read, the longest is said, before which nothing can be, and so is the doubt.
Source: "Audit log retention" (Microsoft Purview), "Microsoft Entra data retention", message trace of Exchange Online.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.collect.ledger import ASKED, FAILED, NOT_AVAILABLE, UNASKED, Line, lines
from toolkit.collect.roads.by_others import SOURCE as LOOKED_FOR
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import moment
from toolkit.harden.audit_gaps import audit_gaps, gap_sentence
from toolkit.harden.audit_settings import AuditSettings, audit_settings
from toolkit.harden.audit_table import PREMIUM_DAYS, STANDARD_DAYS
from toolkit.harden.inputs import settings
from toolkit.harden.state import kept_state
from toolkit.story.exposure import throttled_hours

RETENTION, NOT_ASKED, THROTTLED, OFF = "retention", "not asked", "throttled", "auditing off"
BY_OTHERS = "by others"
OTHERS = (
    "What others did to the mailbox of {account} does not come with the audit log of that account: a delegate who read "
    "in it, an administrator who made a rule or gave rights stand there under their own names. It is in this case only "
    "as far as their accounts, or all accounts (activity feeds, a look for the attacker's marks), were collected. "
    "Collect delegates and administrators too, or what names the account in everybody's records: the profile "
    "“everything” does, and one of your own with the road search-audit-log-by-others."
)
BY_NAME = (
    "What others did to the mailbox of {account} was looked for in everybody's records by its name and its object id; "
    "which windows came whole the ledger says. Records that name it otherwise alone, by an alias, a display name or "
    "Exchange's own id, are not among what came."
)
TRACE_DAYS = 90
ENTRA = {"P2": 30, "P1": 30, "": 7}
RISK = {"P2": 90, "P1": 30, "": 7}
PLANS = {"P2": "AAD_PREMIUM_P2", "P1": "AAD_PREMIUM"}
SIGN_INS = ("sign-ins, interactive", "sign-ins, non-interactive", "sign-ins, applications")
UNREAD = "the licences were not read"


@dataclass(frozen=True)
class Limit:
    """A row of `horizon`: a time of which something cannot be known; None for no beginning, or no end."""

    source: str
    account: str
    kind: str
    since: datetime | None
    until: datetime | None
    sentence: str


def horizon(case: Case, accounts: Collection[str] = (), state: Snapshot | None = None) -> pd.DataFrame:
    """What cannot be known, one row each: `source`, `account` ("" is everybody), `kind`, `since`, `until`, `sentence`.

    `kind` is retention (older than what is kept), not asked (older than what was collected), throttled (reading of
    mail was not recorded), auditing off, or by others (what others did to the account: whether it was looked for, and
    what of it would not be found). Times are UTC; an empty `since` means from the beginning, an empty `until` that it
    lasts or that its end is not known. `accounts` are user principal names, without any those of the ledger; `state`
    is the organisation as it was read, without it the newest that the case has.
    """
    read = state or kept_state(case)
    audit = audit_settings(case, read)
    known = lines(case)
    named = list(accounts) or sorted({line.account for line in known if "@" in line.account})
    found = [
        *_retention(case, audit, _plan(case, read), named),
        *_not_asked(known, named),
        *_by_others(known, named),
        *_throttled(case, named),
        *_off(case, read, audit, named),
    ]
    frame = pd.DataFrame([asdict(one) for one in found], columns=list(Limit.__dataclass_fields__))
    for column in ("since", "until"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame


def sentences(frame: pd.DataFrame) -> list[str]:
    """The rows of `horizon` in words."""
    return list(dict.fromkeys(frame.sentence))


def _retention(case: Case, audit: AuditSettings, plan: str | None, accounts: list[str]) -> Iterator[Limit]:
    for account in accounts or [""]:
        days, doubt = audit_days(audit, account)
        yield _kept(case, "audit log", account, days, doubt, "what is in the audit log")
    entra, risk = ENTRA["P2" if plan is None else plan], RISK["P2" if plan is None else plan]
    doubt = f"{UNREAD}; without Entra ID P1 or P2 it is 7 days" if plan is None else _with(plan)
    yield _kept(case, SIGN_INS, "", entra, doubt, "sign-ins")
    yield _kept(case, "directory changes", "", entra, doubt, "changes in the directory")
    doubt = f"{UNREAD}; with Entra ID P1 it is 30 days, without 7" if plan is None else _with(plan)
    yield _kept(case, "risk detections", "", risk, doubt, "risk detections")
    yield _kept(case, "message trace", "", TRACE_DAYS, "for everybody", "the message trace")


def _with(plan: str) -> str:
    return f"with Entra ID {plan}" if plan else "without Entra ID P1 or P2"


def _kept(case: Case, source: str | tuple[str, ...], account: str, days: int, doubt: str, what: str) -> Limit:
    """Records older than so many days were gone when they were first asked for."""
    names = (source,) if isinstance(source, str) else source
    asked = [
        datetime.fromisoformat(str(entry.fields["pulled"]))
        for entry in case.journal.entries(ASKED)
        if entry.fields.get("source") in names and account in ("", entry.fields.get("account"))
    ]
    first = min(asked, default=case.clock())
    until = first - timedelta(days=days)
    whose = f" of {account}" if account else ""
    when = "when it was first asked for" if asked else "at present"
    text = (
        f"Before {moment(until)} nothing can be known about {what}{whose} from the service: it keeps {days} days "
        f"({doubt}), counted {when}."
    )
    return Limit(names[0], account, RETENTION, None, until, text)


def audit_days(audit: AuditSettings, account: str) -> tuple[int, str]:
    """How many days the audit log keeps of an account, by its licence, and what that rests on.

    Where no licence was read it is the longest that there is.
    """
    boxes = [box for box in audit.mailboxes or [] if account.lower() in box.names]
    premium = boxes[0].premium if boxes else None
    if premium:
        return PREMIUM_DAYS, "its licence has Audit (Premium)"
    if premium is False:
        return STANDARD_DAYS, "its licence has no Audit (Premium)"
    if audit.licences is None:
        return PREMIUM_DAYS, f"{UNREAD}; without Audit (Premium) it is {STANDARD_DAYS} days"
    if any(one.premium and one.active for one in audit.licences):
        return PREMIUM_DAYS, f"for people with Audit (Premium), else {STANDARD_DAYS}; who has it was not read"
    return STANDARD_DAYS, "the organisation has no Audit (Premium)"


def _plan(case: Case, state: Snapshot | None) -> str | None:
    """The best plan of Entra ID that the organisation has: P2, P1, "" for none; None where that was not read."""
    rows = state.rows("licences") if state is not None else []
    rows = rows or settings(case, "licences")
    if not rows:
        return None
    here = {
        str(plan.get("servicePlanName")).upper()
        for row in rows
        if str(row.get("capabilityStatus") or "Enabled").lower() in {"enabled", "warning"}
        for plan in row.get("servicePlans") or []
        if isinstance(plan, dict) and plan.get("provisioningStatus") != "Disabled"
    }
    return next((name for name, plan in PLANS.items() if plan in here), "")


def _not_asked(known: list[Line], accounts: list[str]) -> Iterator[Limit]:
    """Since when each source was asked for, where it was; a state is of now, and has no before."""
    for source in sorted({line.source for line in known} - {ACCOUNT, ORGANISATION}):
        somewhere = any(line.source == source and line.state not in (NOT_AVAILABLE, UNASKED) for line in known)
        for account in ["", *accounts]:
            own = [line for line in known if (line.source, line.account) == (source, account) and line.state != UNASKED]
            starts = [line.start for line in own if line.state != NOT_AVAILABLE]
            whose = f" of {account}" if account else ""
            if starts:
                until = datetime.fromisoformat(min(starts))
                text = f"Before {moment(until)} “{source}”{whose} was not asked for."
                yield Limit(source, account, NOT_ASKED, None, until, text)
            elif own and (account or not somewhere):
                text = f"“{source}”{whose} is not available: {own[-1].reason}"
                yield Limit(source, account, NOT_ASKED, None, None, text)


def _by_others(known: list[Line], accounts: list[str]) -> Iterator[Limit]:
    """The roads to the audit log that ask for an account ask for what it did, not for what was done to it."""
    asked = [line for line in known if line.state not in (NOT_AVAILABLE, UNASKED)]
    own = {line.account.lower() for line in asked if line.source == "audit log"}
    others = {line.account.lower() for line in asked if line.source == LOOKED_FOR and line.state != FAILED}
    for account in accounts:
        if account.lower() in own | others:
            text = BY_NAME if account.lower() in others else OTHERS
            yield Limit("audit log", account, BY_OTHERS, None, None, text.format(account=account))


def _throttled(case: Case, accounts: list[str]) -> Iterator[Limit]:
    for account in accounts:
        for since, until in throttled_hours(case, account):
            text = (
                f"From {moment(since)} to {moment(until)} reading of mail in {account} was not recorded, because too "
                "much was read at once: nothing can be known about which messages were opened."
            )
            yield Limit("audit log", account, THROTTLED, since, until, text)


def _off(case: Case, state: Snapshot | None, audit: AuditSettings, accounts: list[str]) -> Iterator[Limit]:
    """Gaps of auditing: those of everybody, and of the accounts; of all where none is named."""
    mine = {account.lower() for account in accounts}
    for gap in audit_gaps(case, state, audit).itertuples():
        whose = "" if gap.scope == "everybody" else str(gap.scope)
        if whose and mine and whose not in mine:
            continue
        text = f"{gap_sentence(gap)} What was not recorded then cannot be known."
        yield Limit("audit log", whose, OFF, _time(gap.since), _time(gap.until), text)


def _time(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime()
