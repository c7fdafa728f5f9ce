"""Audit logging weakened: what happened afterwards may not be in the log.

Source: MITRE ATT&CK T1562.008; Exchange Online cmdlets.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.cmdlets import all_parameters, candidates, changed_object, run, whose
from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement
from toolkit.detect.records import affected, succeeded, truth
from toolkit.detect.words import listed, moment

AUDIT_SETS = ("auditowner", "auditdelegate", "auditadmin")
TELLING = ("MailItemsAccessed", "Send", "UpdateInboxRules", "SearchQueryInitiated")
ADVANCED = "M365_ADVANCED_AUDITING"
USUAL_DAYS = 90
BYPASS = ("set-mailboxauditbypassassociation",)
MAILBOX_AUDIT = ("set-mailbox", "set-organizationconfig")
UNIFIED = ("set-adminauditlogconfig",)
POLICIES = tuple(f"{verb}-unifiedauditlogretentionpolicy" for verb in ("new", "set", "remove"))
LICENCES = ("update user", "change user license")


def bypass(evidence: Evidence) -> ir.Table:
    """CL-04: Set-MailboxAuditBypassAssociation: what the account does in mailboxes is no longer logged."""
    return run(evidence, BYPASS)


def judge_bypass(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    told = [truth(p.get("auditbypassenabled")) for p in all_parameters(rows)]
    if True not in told:
        return None
    account = changed_object(rows)
    summary = f"What {account} does in mailboxes is no longer logged since then; switched off by {rows.user.iloc[0]}."
    if told[-1] is False:
        summary += f" Logging was switched on again at {moment(rows.time.iloc[-1])}."
    summary += " Nothing found after that moment does not mean nothing happened."
    return Judgement("critical", summary, involved=(whose(account),))


def mailbox_auditing(evidence: Evidence) -> ir.Table:
    """CL-05: mailbox auditing switched off or thinned out, for one mailbox or for all."""
    needles = ("AuditEnabled", "AuditLogAgeLimit", "AuditOwner", "AuditDelegate", "AuditAdmin")
    return run(evidence, MAILBOX_AUDIT, (*needles, "AuditDisabled"))


def judge_mailbox_auditing(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    actor, mailbox = rows.user.iloc[0], changed_object(rows)
    if rows.name.iloc[0] == "set-organizationconfig":
        if not any(truth(p.get("auditdisabled")) for p in all_parameters(rows)):
            return None
        return Judgement("critical", f"Mailbox auditing was switched off for the whole organisation by {actor}.")
    what = list(dict.fromkeys(w for told in all_parameters(rows) for w in _cuts(told)))
    if not what:
        return None
    summary = f"Auditing of the mailbox of {mailbox} was cut by {actor}: {listed(what)}."
    return Judgement("high", summary, involved=(whose(mailbox),))


def _cuts(told: dict[str, str]) -> list[str]:
    found = []
    if truth(told.get("auditenabled")) is False:
        found.append("switched off (without effect while the organisation's auditing is on; the intent counts)")
    age = told.get("auditlogagelimit", "")
    if age and _days(age) < USUAL_DAYS:
        found.append(f"records kept for {_days(age)} days only")
    for name in AUDIT_SETS:
        value = told.get(name)
        if value is None:
            continue
        removed = re.search(r"remove", value, re.IGNORECASE) is not None
        missing = [t for t in TELLING if (t.lower() in value.lower()) == removed and _applies(name, t)]
        if missing:
            found.append(f"{name.removeprefix('audit')} actions no longer logged: {listed(missing)}")
    return found


def _applies(name: str, action: str) -> bool:
    """SearchQueryInitiated is never in the sets of delegates and administrators."""
    return name == "auditowner" or action != "SearchQueryInitiated"


def _days(age: str) -> int:
    """`90.00:00:00` → 90; `00:00:00` → 0."""
    day, dot, _ = age.partition(".")
    return int(day) if dot and day.isdigit() else int(age) if age.isdigit() else 0


def unified_log(evidence: Evidence) -> ir.Table:
    """CL-06: Set-AdminAuditLogConfig that ends the unified audit log."""
    return run(evidence, UNIFIED, ["UnifiedAuditLogIngestionEnabled", "AdminAuditLogEnabled"])


def judge_unified_log(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    told = [
        truth(p.get("unifiedauditlogingestionenabled", p.get("adminauditlogenabled"))) for p in all_parameters(rows)
    ]
    if False not in told:
        return None
    summary = f"The audit log of the whole organisation was switched off by {rows.user.iloc[0]}."
    if told[-1] is True:
        summary += f" It was switched on again at {moment(rows.time.iloc[-1])}."
    return Judgement("critical", summary + " What happened while it was off is not recorded.")


def retention(evidence: Evidence) -> ir.Table:
    """CL-07: retention of the audit log shortened, or the plan for advanced auditing taken from a user."""
    policies = run(evidence, POLICIES)
    named = evidence.changes
    told = named.modified_properties.fill_null("") + named.additional_details.fill_null("")
    licence = named.name.isin(LICENCES) & told.contains(ADVANCED)
    plans = named.mutate(told=told).filter(licence, succeeded(named))
    disabled = plans.told.re_search(rf"DisabledPlans=\[[^\]]*{ADVANCED}[^\]]*\]")
    plans = plans.filter(disabled)
    plans = plans.mutate(parameters=ibis.literal(None, "string"), object_id=affected(plans))
    return policies.union(candidates(plans))


def judge_retention(rows: pd.DataFrame, _: Evidence) -> Judgement | None:
    actor, about = rows.user.iloc[0], changed_object(rows)
    if rows.name.iloc[0].endswith("policy"):
        verb = rows.name.iloc[0].partition("-")[0]
        done = {"new": "made", "set": "changed", "remove": "removed"}[verb]
        return Judgement("high", f"A rule on how long audit records are kept was {done} by {actor} (“{about}”).")
    summary = f"The plan for advanced auditing was taken from {about} by {actor}: reading of mail is logged less."
    return Judgement("high", summary, involved=(whose(about),))


_SOURCE = "https://attack.mitre.org/techniques/T1562/008/"
DETECTIONS = (
    Detection(
        id="CL-04",
        title="Mailbox auditing bypassed for an account",
        technique="T1562.008",
        needs=("audit",),
        innocent="The service account of a backup product.",
        source=_SOURCE,
        candidates=bypass,
        judge=judge_bypass,
        operations=BYPASS,
    ),
    Detection(
        id="CL-05",
        title="Mailbox auditing cut",
        technique="T1562.008",
        needs=("audit",),
        innocent="A clean-up of mailbox settings by an administrator; ask why.",
        source=_SOURCE,
        candidates=mailbox_auditing,
        judge=judge_mailbox_auditing,
        operations=MAILBOX_AUDIT,
    ),
    Detection(
        id="CL-06",
        title="Audit log switched off",
        technique="T1562.008",
        needs=("audit",),
        innocent="Hardly ever. Somebody has to know why.",
        source=_SOURCE,
        candidates=unified_log,
        judge=judge_unified_log,
        operations=UNIFIED,
    ),
    Detection(
        id="CL-07",
        title="Retention or licence of auditing cut",
        technique="T1562.008",
        needs=("audit",),
        innocent="A change of licences or of retention for everybody; look for the project.",
        source=_SOURCE,
        candidates=retention,
        judge=judge_retention,
        operations=(*POLICIES, *LICENCES),
    ),
)
