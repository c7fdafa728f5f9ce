"""Is this account made to use a second factor, and by what? And are old protocols kept out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.detect.words import listed as some
from toolkit.detect.words import short
from toolkit.harden.inputs import Check, Input, flag
from toolkit.harden.policies import APPLIES, LEFT_OUT, PERHAPS, REPORT_ONLY, Policy, Who

YES, PARTLY, MAYBE, NO, NO_POLICY, NOT_CHECKED = "yes", "partly", "perhaps", "no", "no policy", "not checked"
ORDER = (NO, NO_POLICY, NOT_CHECKED, MAYBE, PARTLY, YES)


@dataclass(frozen=True)
class Requirement:
    """The answer for one account: `state` is one of `ORDER`, `told` the sentence that says by what."""

    state: str
    told: str


@dataclass(frozen=True)
class Rules:
    """What makes people use a second factor in this organisation: policies (None: not read), security defaults."""

    policies: Sequence[Policy] | None
    defaults: bool | None
    missing: str = ""


def defaults_on(found: Input) -> bool | None:
    """Whether security defaults are on; None where nothing tells."""
    for row in found.rows:
        if flag(row.get("isEnabled")) is not None:
            return flag(row.get("isEnabled"))
    return None


def defaults_sentence(found: Input) -> str:
    """Security defaults in one sentence."""
    state = defaults_on(found)
    if state is None:
        return found.missing or "Security defaults: not checked, as the answer does not say whether they are on."
    if state:
        return (
            "Security defaults are on: everybody has to register Microsoft Authenticator, administrators are asked at "
            "each sign-in, others when Microsoft finds it needed, and old protocols are blocked."
        )
    return "Security defaults are off: only Conditional Access or the per-user state can ask for a second factor."


def requirement(who: Who, rules: Rules, per_user: str | None = None) -> Requirement:
    """Whether an account is made to use a second factor; `per_user` is its per-user state, None where not read."""
    if (per_user or "").lower() == "enforced":
        return Requirement(YES, "Its per-user state is enforced: asked at every sign-in, but app passwords pass.")
    if rules.defaults:
        return Requirement(
            YES, "Security defaults: asked when Microsoft finds it needed, with a directory role at each sign-in."
        )
    if rules.policies is None:
        return Requirement(NOT_CHECKED, rules.missing or "Conditional Access was not read.")
    wanted = [p for p in rules.policies if p.wants_mfa and p.is_about_sign_ins]
    return _by_policies(who, wanted, rules, per_user)


def _by_policies(who: Who, wanted: list[Policy], rules: Rules, per_user: str | None) -> Requirement:
    reached = [(policy, *policy.reach(who)) for policy in wanted]
    certain = [(p, why) for p, where, why in reached if p.is_on and where == APPLIES]
    whole = [(p, why) for p, why in certain if not p.limits]
    if whole:
        policy, why = next(((p, w) for p, w in whole if p.wants_resistant), whole[0])
        what = "a phishing-resistant method" if policy.wants_resistant else "a second factor"
        return Requirement(YES, f"The policy “{policy.name}” asks for {what}{_through(why)}.")
    enabled = (
        "" if (per_user or "").lower() != "enabled" else " Its per-user state is enabled: it is asked to register."
    )
    if certain:
        policy, why = certain[0]
        told = f"The policy “{policy.name}” asks for a second factor{_through(why)}, but {'; '.join(policy.limits)}."
        return Requirement(PARTLY, told + enabled)
    if enabled:
        return Requirement(PARTLY, enabled.strip())
    maybe = [(p, why) for p, where, why in reached if p.is_on and where == PERHAPS]
    if maybe:
        policy, why = maybe[0]
        said = f"{why[0].upper()}{why[1:]}" if why.startswith("it ") else f"It may apply{why}"
        return Requirement(MAYBE, f"The policy “{policy.name}” is on. {said}; that was not read.")
    return _by_nothing(reached, rules, per_user)


def _by_nothing(reached: list[tuple[Policy, str, str]], rules: Rules, per_user: str | None) -> Requirement:
    reasons = [f"“{p.name}” is on, but {why}" for p, where, why in reached if p.is_on and where == LEFT_OUT]
    reasons = [*reasons[:3], f"and {len(reasons) - 3} more do so too"] if len(reasons) > 3 else reasons
    waiting = [p.name for p, where, _ in reached if p.state == REPORT_ONLY and where in (APPLIES, PERHAPS)]
    if waiting:
        reasons.append(f"{some(f'“{short(n, 60)}”' for n in waiting)} would, but is report-only and enforces nothing")
    because = f" {'; '.join(reasons)}." if reasons else " No policy that is on reaches it."
    if rules.defaults is None:
        return Requirement(NOT_CHECKED, f"Whether security defaults are on was not read.{because}")
    if per_user is None:
        return Requirement(NO_POLICY, f"Nothing asks for it.{because} Its per-user state was not read.")
    return Requirement(NO, f"Nothing asks for it.{because} Its per-user state is {short(per_user, 20)}.")


def _through(why: str) -> str:
    return f" (it applies{why})" if why else ""


def old_protocols_blocked(rules: Rules) -> Check:
    """Whether sign-ins by old protocols, which know no second factor, are stopped for everybody."""
    if rules.defaults:
        return Check(True, "Security defaults block old protocols.")
    if rules.policies is None:
        return Check(None, rules.missing or "Conditional Access was not read.")
    for policy in rules.policies:
        stops = policy.blocks or policy.wants_mfa
        only = [limit for limit in policy.limits if limit not in ("old protocols are not covered",)]
        if policy.is_on and stops and policy.covers_all_people and policy.covers_old_clients and not only:
            return Check(True, f"The policy “{policy.name}” stops them. {_left_out(policy)}".strip())
    waiting = [
        p for p in rules.policies if p.state == REPORT_ONLY and p.covers_old_clients and (p.blocks or p.wants_mfa)
    ]
    if waiting:
        return Check(False, f"No: the policy “{waiting[0].name}” would, but is report-only and enforces nothing.")
    if rules.defaults is None:
        return Check(None, "No policy that is on stops them; whether security defaults are on was not read.")
    return Check(False, "No policy that is on stops them for everybody and every application.")


def device_code_blocked(rules: Rules) -> Check:
    """Whether sign-ins by device code are blocked for everybody."""
    if rules.policies is None:
        return Check(None, rules.missing or "Conditional Access was not read.")
    for policy in rules.policies:
        flows = str(policy.conditions.get("authenticationFlows") or {}).lower()
        if policy.is_on and policy.blocks and "devicecodeflow" in flows and policy.covers_all_people:
            return Check(True, f"The policy “{policy.name}” blocks them. {_left_out(policy)}".strip())
    return Check(False, "No policy that is on blocks sign-ins by device code.")


def everybody_asked(rules: Rules) -> Check:
    """Whether everybody is asked for a second factor everywhere, but for those whom a policy leaves out."""
    if rules.defaults:
        return Check(True, "Security defaults are on.")
    if rules.policies is None:
        return Check(None, rules.missing or "Conditional Access was not read.")
    wanted = [p for p in rules.policies if p.wants_mfa and p.is_about_sign_ins and p.covers_all_people]
    for policy in wanted:
        if policy.is_on and not policy.limits:
            return Check(True, f"The policy “{policy.name}” asks everybody. {_left_out(policy)}".strip())
    for policy in wanted:
        if policy.is_on:
            return Check(False, f"The policy “{policy.name}” asks everybody, but {'; '.join(policy.limits)}.")
    for policy in wanted:
        if policy.state == REPORT_ONLY:
            return Check(False, f"The policy “{policy.name}” would, but is report-only and enforces nothing.")
    return Check(False, "No policy asks everybody for a second factor.")


def _left_out(policy: Policy) -> str:
    kinds = (("excludeUsers", "account"), ("excludeGroups", "group"), ("excludeRoles", "role"))
    found = [(len(policy.users.get(name) or []), noun) for name, noun in kinds]
    said = [f"{number} {noun}{'s' if number != 1 else ''}" for number, noun in found if number]
    return f"It leaves out {' and '.join(said)}: look who that is." if said else ""
