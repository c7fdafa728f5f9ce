"""What to do about second factors, in order, each step with its reason and what is known of it.

The order is the point: made to register, whoever holds the password registers first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.detect.words import plural
from toolkit.harden.inputs import Check
from toolkit.harden.methods import NONE, RESISTANT, WEAK
from toolkit.harden.requirement import device_code_blocked, everybody_asked, old_protocols_blocked

if TYPE_CHECKING:
    from toolkit.harden.mfa import MfaAccount, MfaReport


@dataclass(frozen=True)
class Step:
    """One step: what to do, why, whether what is known says it is done (None: not checked), and what that is.

    `point` is the point of the roadmap at which a person says the same; their word is kept in the case's journal.
    """

    number: int
    title: str
    why: str
    done: bool | None
    told: str
    point: str = ""


POINTS = (
    "methods-by-voice", "emergency-accounts", "admins-resistant", "admins-asked", "old-protocols", "everybody-asked",
    "weak-methods", "device-code", "app-passwords",
)  # fmt: skip
"""Of each step, in order, its point of the roadmap."""


def steps(report: MfaReport) -> list[Step]:
    """The steps to enforce multi-factor authentication, in order."""
    checks = (
        (
            "Go through the methods of each account of the incident with its owner, by voice, and remove the others.",
            "A method that the intruder registered passes the second factor for them, and resets the password.",
            _reviewed(report),
        ),
        (
            "Have two emergency accounts with a security key each, and leave them out of every policy.",
            "A policy that goes wrong locks everybody out, administrators first.",
            emergency_accounts(report),
        ),
        (
            "Have administrators register a phishing-resistant method; hand over a Temporary Access Pass by voice.",
            "Made to register without one, whoever holds the password registers first.",
            administrators_resistant(report),
        ),
        (
            "Make administrators use it: Conditional Access (licence P1) with the strength “phishing-resistant”, or "
            "security defaults.",
            "One administrator taken over is the whole organisation taken over.",
            administrators_asked(report),
        ),
        (
            "Look at who signs in by old protocols, move them, then block old protocols for everybody.",
            "They know no second factor: a password is enough, whatever else is set.",
            _old(report),
        ),
        (
            "Make everybody use it: a policy in report-only for a few days, then on; or security defaults.",
            "Report-only shows who would be locked out, and enforces nothing.",
            everybody_asked(report.rules),
        ),
        (
            "Move people from messages, calls and mail to Microsoft Authenticator or passkeys, then switch those off.",
            "Numbers are taken over and messages read along; the weakest method that is left is the one attacked.",
            weak_methods_gone(report),
        ),
        (
            "Block sign-ins by device code, and let methods be registered from known places or with a pass only.",
            "A code that somebody is talked into typing signs the caller in, second factor included.",
            device_code_blocked(report.rules),
        ),
        (
            "Give up the per-user state where a policy covers the account, and delete app passwords.",
            "App passwords pass without a second factor and survive a new password.",
            Check(None, "Not checked: no call lists app passwords."),
        ),
    )
    return [
        Step(number, title, why, check.done, check.told, point)
        for number, ((title, why, check), point) in enumerate(zip(checks, POINTS, strict=True), 1)
    ]


def administrators_resistant(report: MfaReport) -> Check:
    """Whether every administrator has a phishing-resistant method."""
    return _administrators(report, "a phishing-resistant method", lambda strength: strength == RESISTANT)


def administrators_registered(report: MfaReport) -> Check:
    """Whether every administrator has a second factor that is more than a message, a call or a mail."""
    return _administrators(report, "a second factor that is not weak", lambda strength: strength not in (NONE, WEAK))


def _administrators(report: MfaReport, what: str, good: Callable[[str], bool]) -> Check:
    people = report.administrators
    known = [a for a in people if a.strength != "unknown"]
    if not people:
        told = "Not checked: no input says who is an administrator." if report.accounts else report.told
        return Check(None, told)
    bad = [a for a in known if not good(a.strength)]
    if bad:
        return Check(False, f"{plural(len(bad), 'administrator')} of {len(people)} without {what}: {_names(bad)}.")
    if len(known) < len(people):
        return Check(None, f"Not known for {plural(len(people) - len(known), 'administrator')} of {len(people)}.")
    return Check(True, f"All {plural(len(people), 'administrator')} of the report have {what}.")


def emergency_accounts(report: MfaReport) -> Check:
    """Whether the case names emergency accounts, two at least, each with a phishing-resistant method."""
    if not report.emergency:
        return Check(None, "Not checked: which they are only you know; name them in the case's break-glass.txt.")
    known = {key: a for a in report.accounts for key in (a.user.lower(), a.object_id.lower()) if key}
    missing = [name for name in sorted(report.emergency) if name not in known]
    if missing:
        return Check(None, f"{missing[0]} is named in this case, and nothing that was read tells its methods.")
    found = {known[name].user: known[name] for name in report.emergency}
    bad = [a.user for a in found.values() if a.strength != RESISTANT or a.enabled is False]
    if bad:
        return Check(False, f"{bad[0]} is disabled or has no phishing-resistant method.")
    if len(found) < 2:
        return Check(False, f"The case names one ({next(iter(found))}); two are needed.")
    return Check(True, f"{plural(len(found), 'account')} named in this case, each with a phishing-resistant method.")


def administrators_asked(report: MfaReport) -> Check:
    """Whether every administrator is made to use a second factor; emergency accounts are left out on purpose."""
    people = [a for a in report.administrators if not report.emergency & {a.user.lower(), a.object_id.lower()}]
    if not people:
        return Check(None, "Not checked: no input says who is an administrator.")
    states = {a.required.state for a in people}
    bad = [a for a in people if a.required.state in ("no", "no policy")]
    if bad:
        return Check(False, f"{plural(len(bad), 'administrator')} of {len(people)} not made to: {_names(bad)}.")
    if states == {"yes"}:
        return Check(True, f"All {plural(len(people), 'administrator')} are.")
    if "not checked" in states:
        return Check(None, next(a.required.told for a in people if a.required.state == "not checked"))
    return Check(False, f"Only in part, or perhaps: {_names([a for a in people if a.required.state != 'yes'])}.")


def _reviewed(report: MfaReport) -> Check:
    if not report.changes.checked:
        return Check(None, report.changes.told)
    users = list(dict.fromkeys(row.user for row in report.changes.rows))
    if not users:
        return Check(None, f"{report.changes.told} A person has to say that it was done.")
    said = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
    return Check(None, f"{report.changes.told} Ask: {said}. A person has to say that it was done.")


def _old(report: MfaReport) -> Check:
    check = old_protocols_blocked(report.rules)
    return Check(check.done, f"{check.told} {report.old.told}")


def weak_methods_gone(report: MfaReport) -> Check:
    """Whether no member has messages, calls or mail registered any more."""
    if not report.accounts:
        return Check(None, report.told)
    using = [a for a in report.people() if any(m.strength == WEAK for m in a.methods or [])]
    if using:
        only = [a for a in using if a.strength == WEAK]
        has = "has" if len(using) == 1 else "have"
        return Check(False, f"{plural(len(using), 'account')} still {has} one of these, {len(only)} nothing better.")
    if any(a.methods is None for a in report.people()):
        return Check(None, "Not known for all: some accounts come without their methods.")
    return Check(True, "No account of the report has one of these.")


def _names(accounts: Sequence[MfaAccount]) -> str:
    names = [a.user for a in accounts[:3]]
    return ", ".join(names) + (f" and {len(accounts) - 3} more" if len(accounts) > 3 else "")
