"""What the organisation's own data says about points of the roadmap; what it does not tell is "not checked"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.contain.conditional_access import Policy
from toolkit.contain.doors import APP_PASSWORDS, NOT_CHECKED, OPEN
from toolkit.contain.doors_known import GIVEN_BACK, doors_known
from toolkit.contain.snapshot import Snapshot
from toolkit.detect import Finding
from toolkit.detect.words import listed as joined
from toolkit.detect.words import plural
from toolkit.harden.audit_settings import lowered, value_of
from toolkit.harden.audit_table import ACTIONS, LEFT_OUT, OFF, ON, PARTLY, SEARCHABLE, SWITCH
from toolkit.harden.audit_turns import EVERYBODY
from toolkit.harden.auditing import AuditingReport
from toolkit.harden.control import NOT_ASSESSED, NOT_TOLD, Control
from toolkit.harden.control import ON as ON_SCORE
from toolkit.harden.inputs import Check, Row, flag, input_of, sentence
from toolkit.harden.mfa import MfaReport
from toolkit.harden.mfa_steps import (
    administrators_asked,
    administrators_registered,
    administrators_resistant,
    emergency_accounts,
    weak_methods_gone,
)
from toolkit.harden.requirement import device_code_blocked, everybody_asked, old_protocols_blocked
from toolkit.harden.score import ScoreReport
from toolkit.harden.sending import SendingReport
from toolkit.harden.weights import weight_of

BY_HAND = Check(None, "By hand: nothing that is read tells it.")


LINKS, ATTACHMENTS = "mdo_safelinksforemail", "mdo_safeattachmentpolicy"
IMPERSONATION = ("mdo_targetedusersprotection", "mdo_enabledomainstoprotect", "mdo_mailboxintelligenceprotection")
"""Controls of Secure Score about lures; the last three: protection of people, of domains, by what is usual."""
_OWN_SET = {"admin", "delegate", "owner"}


@dataclass(frozen=True)
class Known:
    """What the checks look at; `no_score` says so where the tenant's cloud has no Secure Score."""

    case: Case
    state: Snapshot | None
    mfa: MfaReport
    sending: SendingReport
    auditing: AuditingReport
    score: ScoreReport
    findings: list[Finding]
    no_score: str = ""


def auditing(known: Known) -> Check:
    """The organisation's switch and the ingestion of the unified log, as the auditing report judges them."""
    rows = [r for r in known.auditing.rows if r.scope == EVERYBODY and r.check in (SWITCH, SEARCHABLE)]
    off = [f"{_capital(r.check)} is off: {r.read}." for r in rows if r.verdict == OFF]
    if off:
        return Check(False, " ".join(off))
    unknown = [f"{_capital(r.check)}: not checked. {r.read}. {r.meaning}" for r in rows if r.verdict != ON]
    return Check(None, " ".join(unknown)) if unknown else Check(True, "Both switches are on.")


def mailbox_auditing(known: Known) -> Check:
    """Whether any mailbox of people has a set of audited actions of its own."""
    boxes = known.auditing.settings.mailboxes
    if not boxes:
        why = known.auditing.settings.why.get("mailboxes", "there is none in what was read")
        return Check(None, sentence(f"All mailboxes: not checked: {why}"))
    rows = {r.scope for r in known.auditing.rows if r.check == ACTIONS and r.verdict == PARTLY}
    own = [b.name for b in boxes if b.name in rows or (b.managed is not None and _OWN_SET - lowered(b.managed))]
    untold = [b.name for b in boxes if b.managed is None and b.name not in own]
    if own:
        return Check(False, f"{len(own):,} of {len(boxes):,} mailboxes differ from it: {joined(own, most=3)}.")
    if untold:
        return Check(None, f"Of {len(untold):,} of {len(boxes):,} mailboxes it is not told: {joined(untold, most=3)}.")
    return Check(True, f"All {len(boxes):,} mailboxes that were looked at are.")


def audit_bypass(known: Known) -> Check:
    """Whether somebody is left out of auditing, as the auditing report judges it."""
    row = next(r for r in known.auditing.rows if r.check == LEFT_OUT and r.scope == EVERYBODY)
    done = {ON: True, PARTLY: False, OFF: False}.get(row.verdict)
    return Check(done, row.meaning if done is not None else f"Not checked: {row.read}. {row.meaning}")


def closed_doors(known: Known) -> Check:
    """The doors of the accounts of the incident, as the case's last readings and calls have them."""
    frame = doors_known(known.case, known.findings)
    frame = frame[frame.door != APP_PASSWORDS[0]]
    if frame.empty:
        return Check(None, "Not checked: nothing was found about an account, and no account was read.")
    given_back = frame.evidence.str.startswith(GIVEN_BACK)
    opened, unread = (frame[(frame.state == state) & ~given_back] for state in (OPEN, NOT_CHECKED))
    for rows, done, what in ((opened, False, "open"), (unread, None, "not checked")):
        if len(rows):
            named = [f"{account} ({joined(doors, most=3)})" for account, doors in rows.groupby("account").door]
            return Check(done, f"{plural(len(rows), 'door')} {what}: {joined(named, most=3)}.")
    accounts = joined(sorted(set(frame.account)), most=3)
    return Check(True, f"All {len(frame):,} doors of {accounts} that can be read are closed.")


def sender(known: Known) -> Check:
    found = input_of(known.case, known.state, "restricted senders")
    return Check(None if not found.known else not known.sending.restricted, known.sending.restricted_told)


def score_noted(known: Known) -> Check:
    """Whether the case has a total of Secure Score."""
    if known.score.current is None:
        return Check(None, known.no_score or "Not checked: neither the tenant nor a file of this case told a total.")
    day = f" of {known.score.day:%Y-%m-%d}" if known.score.day else ""
    return Check(True, f"The case has the score{day}, from {known.score.source}.")


def consent(known: Known) -> Check:
    """Users let applications in by themselves, or not."""
    return _control(known, "IntegratedApps", "User consent to applications")


def consent_workflow(known: Known) -> Check:
    """Whether users can ask an administrator for an application."""
    return _control(known, "aad_admin_consent_workflow", "The admin consent workflow")


def admin_accounts(known: Known) -> Check:
    """Whether administrators have accounts of their own."""
    return _control(known, "aad_admin_accounts_separate_unassigned_cloud_only", "Separate accounts of administrators")


def calendar_sharing(known: Known) -> Check:
    """Whether details of calendars are shared with the outside."""
    return _control(known, "exo_individualsharing", "Calendar details shared with the outside")


def lures(known: Known) -> Check:
    """Safe Links, Safe Attachments, and at least one protection from impersonation."""
    parts = [_control(known, LINKS, "Safe Links"), _control(known, ATTACHMENTS, "Safe Attachments")]
    kinds = [_control(known, one, "Protection from impersonation") for one in IMPERSONATION]
    parts.append(next((c for c in kinds if c.done), next((c for c in kinds if c.done is False), kinds[0])))
    if len({c.told.partition(":")[2] for c in parts}) == 1 and parts[0].done is None:
        return Check(None, f"Protection from lures:{parts[0].told.partition(':')[2]}")
    done = False if any(c.done is False for c in parts) else True if all(c.done for c in parts) else None
    return Check(done, " ".join(c.told for c in parts))


def smtp_auth(known: Known) -> Check:
    """The organisation's switch for SMTP AUTH."""
    found = input_of(known.case, known.state, "mail flow settings")
    disabled, why = _one_flag(found.rows, "SmtpClientAuthenticationDisabled")
    if disabled is None:
        return Check(None, found.missing or f"SMTP AUTH: not checked: {why}.")
    if disabled:
        return Check(True, "Off for everybody but mailboxes that were excepted (SmtpClientAuthenticationDisabled).")
    return Check(False, "On for every mailbox that does not have it off itself (SmtpClientAuthenticationDisabled).")


def external_tag(known: Known) -> Check:
    """Outlook's own mark on mail from outside. That it is off says nothing of a rule that marks mail instead."""
    found = input_of(known.case, known.state, "external mark")
    enabled, why = _one_flag(found.rows, "Enabled")
    if enabled is None:
        return Check(None, found.missing or f"The mark on mail from outside: not checked: {why}.")
    if enabled:
        return Check(True, "Outlook marks mail from outside (Get-ExternalInOutlook).")
    return Check(
        None, "Outlook's own mark is off (Get-ExternalInOutlook); whether a rule marks mail instead: not checked."
    )


def _one_flag(rows: list[Row], name: str) -> tuple[bool | None, str]:
    """A switch of the organisation, or why it is not told; files of different days may contradict each other."""
    said = {flag(value_of(row, name)) for row in rows}
    if len(said) == 1:
        (on,) = said
        return on, f"{name} is missing"
    return None, "the files of this case say both" if {True, False} <= said else f"{name} is missing"


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
    if known.no_score and not any(c.scored for c in known.score.controls):
        return Check(None, f"{what}: not checked. {known.no_score}")
    found = next((c for c in known.score.controls if _is(c, control)), None)
    if found is None or found.state in (NOT_TOLD, NOT_ASSESSED):
        if not any(c.scored for c in known.score.controls):
            return Check(None, f"{what}: not checked, as this case has no Secure Score; look in the admin centre.")
        return Check(None, f"{what}: not checked, as Secure Score does not assess it here; look in the admin centre.")
    day = f"Secure Score of {known.score.controls_day:%Y-%m-%d}" if known.score.controls_day else "Secure Score"
    source = "the portal's list" if found.listed else day
    if found.state == ON_SCORE:
        return Check(True, f"{what}: {source} says done.")
    share = f"{100 * (1 - found.share_open):.0f} per cent" if found.share_open is not None else found.state
    return Check(False, f"{what}: {source} says {share}.")


def _is(control: Control, wanted: str) -> bool:
    weight = weight_of(control)
    return wanted.lower() in (control.id.lower(), weight.control_id.lower() if weight else "")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


CHECKS: dict[str, Callable[[Known], Check]] = {
    "auditing": auditing,
    "mailbox-auditing": mailbox_auditing,
    "audit-bypass": audit_bypass,
    "doors": closed_doors,
    "admins-second-factor": lambda known: administrators_registered(known.mfa),
    "sender": sender,
    "score-noted": score_noted,
    "admins-asked": lambda known: administrators_asked(known.mfa),
    "everybody-asked": lambda known: everybody_asked(known.mfa.rules),
    "old-protocols": lambda known: old_protocols_blocked(known.mfa.rules),
    "smtp-auth": smtp_auth,
    "device-code": lambda known: device_code_blocked(known.mfa.rules),
    "auto-forward": lambda known: known.sending.forwarding,
    "consent": consent,
    "consent-workflow": consent_workflow,
    "admin-accounts": admin_accounts,
    "emergency-accounts": lambda known: emergency_accounts(known.mfa),
    "admins-resistant": lambda known: administrators_resistant(known.mfa),
    "weak-methods": lambda known: weak_methods_gone(known.mfa),
    "managed-device": managed_device,
    "risky-users": risky_users,
    "risky-sign-ins": risky_sign_ins,
    "registering": registering,
    "lures": lures,
    "external-tag": external_tag,
    "calendar-sharing": calendar_sharing,
}
"""What tells each point; one that is not here can be ticked by hand only."""
