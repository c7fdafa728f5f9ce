"""What the organisation's own data says about points of the roadmap; what it does not tell is "not checked"."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.contain.conditional_access import Policy
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import plural
from toolkit.harden.inputs import Check, flag, input_of, listed, text
from toolkit.harden.mfa import MfaReport
from toolkit.harden.mfa_steps import (
    administrators_asked,
    administrators_registered,
    administrators_resistant,
    emergency_accounts,
    weak_methods_gone,
)
from toolkit.harden.requirement import device_code_blocked, everybody_asked, old_protocols_blocked
from toolkit.harden.sending import SendingReport

BY_HAND = Check(None, "By hand: nothing that is read tells it.")


@dataclass(frozen=True)
class Known:
    """What the checks look at."""

    case: Case
    state: Snapshot | None
    mfa: MfaReport
    sending: SendingReport


def auditing(known: Known) -> Check:
    """The organisation's switch and the ingestion of the unified log."""
    switch, ingestion = (input_of(known.case, known.state, n) for n in ("organisation settings", "unified auditing"))
    off = next((flag(r.get("AuditDisabled")) for r in switch.rows if "AuditDisabled" in r), None)
    on = next((flag(r.get("UnifiedAuditLogIngestionEnabled")) for r in ingestion.rows), None)
    if off:
        return Check(False, "Mailbox auditing is switched off for the whole organisation (AuditDisabled).")
    if on is False:
        return Check(
            False,
            "Unified auditing reads as off. The compliance centre says so by mistake, an Exchange session does not.",
        )
    if off is None or on is None:
        return Check(None, (switch if off is None else ingestion).missing or "The answer does not say it.")
    return Check(True, "Both switches are on.")


def mailbox_auditing(known: Known) -> Check:
    """Whether any mailbox of people has a set of audited actions of its own."""
    found = input_of(known.case, known.state, "mailboxes")
    sets = [(text(r.get("UserPrincipalName")), " ".join(listed(r.get("DefaultAuditSet")))) for r in found.rows]
    if not found.known:
        frame = known.case.sql(
            "SELECT user_principal_name AS who, default_audit_set AS own FROM mailboxes"
            " WHERE default_audit_set IS NOT NULL ORDER BY who"
        )
        sets = [(text(who), text(own)) for who, own in zip(frame.who, frame.own, strict=True)]
    if not sets:
        return Check(None, found.missing)
    wanted = {"admin", "delegate", "owner"}
    own = [who for who, said in sets if not wanted <= set(said.lower().replace(",", " ").split())]
    if own:
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        return Check(False, f"{len(own):,} of {len(sets):,} mailboxes differ from it: {', '.join(own[:3])}{more}.")
    return Check(True, f"All {len(sets):,} mailboxes that were looked at are.")


def audit_bypass(known: Known) -> Check:
    found = input_of(known.case, known.state, "audit bypass")
    if not found.known:
        return Check(None, found.missing)
    names = [text(r.get("UserPrincipalName") or r.get("Name")) for r in found.rows if flag(r.get("AuditBypassEnabled"))]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return Check(False, f"{plural(len(names), 'account')} left out: {', '.join(names[:3])}{more}.")
    return Check(True, "No account is left out.")


def sender(known: Known) -> Check:
    found = input_of(known.case, known.state, "restricted senders")
    return Check(None if not found.known else not known.sending.restricted, known.sending.restricted_told)


def score_noted(known: Known) -> Check:
    rows = known.case.count("secure_scores")
    if not rows and not (known.state and known.state.rows("scores")):
        return Check(None, "Not checked: neither the tenant nor a file of this case told a Secure Score.")
    return Check(True, "The case has it.")


def consent(known: Known) -> Check:
    return _control(known, "integratedapps", "User consent to applications")


def consent_workflow(known: Known) -> Check:
    return _control(known, "aad_admin_consent_workflow", "The admin consent workflow")


def managed_device(known: Known) -> Check:
    wanted = {"compliantdevice", "domainjoineddevice"}
    return _policy(
        known,
        "asks everybody for a managed device",
        lambda p: bool(p.controls) and p.controls <= wanted and p.covers_mail and p.covers_all_people,
    )


def risky_users(known: Known) -> Check:
    return _policy(
        known,
        "acts on accounts at high risk",
        lambda p: "high" in str(p.conditions.get("userRiskLevels")).lower() and p.covers_all_people,
    )


def risky_sign_ins(known: Known) -> Check:
    return _policy(
        known,
        "acts on sign-ins at high risk",
        lambda p: "high" in str(p.conditions.get("signInRiskLevels")).lower() and p.covers_all_people,
    )


def registering(known: Known) -> Check:
    return _policy(
        known,
        "protects the registering of methods",
        lambda p: "registersecurityinfo" in str(p.conditions.get("applications")).lower() and p.covers_all_people,
    )


def _policy(known: Known, does: str, fits: Callable[[Policy], bool]) -> Check:
    policies = known.mfa.policies
    if policies is None:
        return Check(None, known.mfa.policies_told)
    found = [policy for policy in policies if fits(policy)]
    on = [policy for policy in found if policy.is_on]
    if on:
        return Check(True, f"The policy “{on[0].name}” {does}.")
    if found:
        return Check(False, f"The policy “{found[0].name}” {does}, but is not on.")
    return Check(False, f"No policy {does}.")


def _control(known: Known, control: str, what: str) -> Check:
    """What Secure Score says of a setting that no call here reads; it is a day or two old."""
    row = _newest_score(known)
    if row is None:
        return Check(None, f"{what}: not checked, as this case has no Secure Score; look in the Entra admin centre.")
    day, scores = row
    for score in scores:
        if text(score.get("controlName")).lower() == control:
            share = text(score.get("scoreInPercentage"))
            try:
                done = float(share) >= 100
            except ValueError:
                break
            return Check(
                done, f"{what}: Secure Score of {day} says {'done' if done else f'{float(share):.0f} per cent'}."
            )
    return Check(None, f"{what}: not checked, as Secure Score does not assess it here; look in the Entra admin centre.")


def _newest_score(known: Known) -> tuple[str, list[dict[str, object]]] | None:
    live = known.state.rows("scores") if known.state is not None else []
    found = max(live, key=lambda row: text(row.get("createdDateTime")), default=None)
    if found is not None:
        day, scores = text(found.get("createdDateTime"))[:10], found.get("controlScores")
    else:
        frame = known.case.sql(
            "SELECT strftime(time, '%Y-%m-%d') AS day, control_scores FROM secure_scores"
            " WHERE control_scores IS NOT NULL ORDER BY time DESC NULLS LAST, row_id LIMIT 1"
        )
        if frame.empty:
            return None
        day = text(frame.day[0])
        try:
            scores = json.loads(str(frame.control_scores[0]))
        except (ValueError, RecursionError):
            return None
    return day, [score for score in scores if isinstance(score, dict)] if isinstance(scores, list) else []


CHECKS: dict[str, Callable[[Known], Check]] = {
    "auditing": auditing,
    "mailbox-auditing": mailbox_auditing,
    "audit-bypass": audit_bypass,
    "admins-second-factor": lambda known: administrators_registered(known.mfa),
    "sender": sender,
    "score-noted": score_noted,
    "admins-asked": lambda known: administrators_asked(known.mfa),
    "everybody-asked": lambda known: everybody_asked(known.mfa.rules),
    "old-protocols": lambda known: old_protocols_blocked(known.mfa.rules),
    "device-code": lambda known: device_code_blocked(known.mfa.rules),
    "auto-forward": lambda known: known.sending.forwarding,
    "consent": consent,
    "consent-workflow": consent_workflow,
    "emergency-accounts": lambda known: emergency_accounts(known.mfa),
    "admins-resistant": lambda known: administrators_resistant(known.mfa),
    "weak-methods": lambda known: weak_methods_gone(known.mfa),
    "managed-device": managed_device,
    "risky-users": risky_users,
    "risky-sign-ins": risky_sign_ins,
    "registering": registering,
}
"""What tells each point; one that is not here can be ticked by hand only."""
