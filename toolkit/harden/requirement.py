"""Is this account made to use a second factor, and by what? And are old protocols kept out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from toolkit.contain.conditional_access import CLIENT, FLOW, REPORT_ONLY, Policy, Who
from toolkit.contain.second_factor import MAYBE, NO, PARTLY, YES, Access
from toolkit.detect.words import listed as some
from toolkit.detect.words import short
from toolkit.harden.inputs import Check, Input, flag

NO_POLICY, NOT_CHECKED = "no policy", "not checked"
ORDER = (NO, NO_POLICY, NOT_CHECKED, MAYBE, PARTLY, YES)


@dataclass(frozen=True)
class Requirement:
    """The answer for one account: `state` is one of `ORDER`, `told` the sentence that says by what.

    `every_time`: it is asked at each sign-in; not so where Microsoft decides when (security defaults).
    """

    state: str
    told: str
    every_time: bool = False


@dataclass(frozen=True)
class Rules:
    """What makes people use a second factor in this organisation: policies (None: not read), security defaults."""

    policies: Sequence[Policy] | None
    defaults: bool | None
    missing: str = ""

    @cached_property
    def access(self) -> Access:
        """What the policies come to together."""
        return Access(self.policies or [])

    @property
    def for_everybody(self) -> list[Policy]:
        """The policies that are on and for all people, but for those whom they leave out."""
        return [p for p in self.access.policies if p.is_on and p.covers_all_people]


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
    state = (per_user or "").lower()
    if state == "enforced":
        return Requirement(YES, "Its per-user state is enforced: asked at every sign-in, but app passwords pass.", True)
    if rules.defaults:
        return _by_defaults(who)
    if rules.policies is None:
        return Requirement(NOT_CHECKED, rules.missing or "Conditional Access was not read.")
    found = rules.access.of(who)
    enabled = "Its per-user state is enabled: it is asked to register." if state == "enabled" else ""
    if found.state == YES:
        return Requirement(YES, found.told, True)
    if found.state == PARTLY or enabled:
        told = found.told if found.state != NO else ""
        return Requirement(PARTLY, f"{told} {enabled}".strip())
    if found.state == MAYBE:
        return Requirement(MAYBE, found.told)
    if rules.defaults is None:
        return Requirement(NOT_CHECKED, f"Whether security defaults are on was not read. {found.told}")
    if per_user is None:
        return Requirement(NO_POLICY, f"Nothing asks for it. {found.told} Its per-user state was not read.")
    return Requirement(NO, f"Nothing asks for it. {found.told} Its per-user state is {short(per_user, 20)}.")


def _by_defaults(who: Who) -> Requirement:
    if who.roles:
        return Requirement(YES, "Security defaults: asked at each sign-in, as it has a directory role.", True)
    unless = "" if who.roles is not None else "; with a directory role, which was not read, at each sign-in"
    return Requirement(YES, f"Security defaults: asked when Microsoft finds it needed, not each time{unless}.")


def old_protocols_blocked(rules: Rules) -> Check:
    """Whether sign-ins by old protocols, which know no second factor, are stopped for everybody."""
    if rules.defaults:
        return Check(True, "Security defaults block old protocols.")
    if rules.policies is None:
        return Check(None, rules.missing or "Conditional Access was not read.")
    cover = rules.access.cover(rules.for_everybody, old_clients=True)
    if cover.whole:
        names, verb = some(f"“{p.name}”" for p in cover.by), "stops" if len(cover.by) == 1 else "together stop"
        return Check(True, f"The {_policies(cover.by)} {names} {verb} them. {_left_out(cover.by)}".strip())
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
    only = ""
    for policy in rules.policies:
        flows = str(policy.conditions.get("authenticationFlows") or {}).lower()
        if policy.is_on and policy.blocks and "devicecodeflow" in flows and policy.covers_all_people:
            limits = [phrase for axis, phrase in policy.holes if axis not in (FLOW, CLIENT)]
            if not limits:
                return Check(True, f"The policy “{policy.name}” blocks them. {_left_out([policy])}".strip())
            only = only or f"The policy “{policy.name}” blocks them, but {'; '.join(limits)}."
    if only:
        return Check(False, only)
    return Check(False, "No policy that is on blocks sign-ins by device code.")


def everybody_asked(rules: Rules) -> Check:
    """Whether everybody is asked for a second factor everywhere, but for those whom a policy leaves out."""
    if rules.defaults:
        return Check(True, "Security defaults are on.")
    if rules.policies is None:
        return Check(None, rules.missing or "Conditional Access was not read.")
    cover = rules.access.cover(rules.for_everybody)
    if cover.whole and cover.asking:
        return Check(True, f"For everybody: {cover.sentence()} {_left_out(cover.by)}".strip())
    wanted = [p for p in rules.access.policies if p.wants_mfa and p.covers_all_people]
    for policy in wanted:
        if policy.is_on and not policy.blocks:
            holes = "; ".join(cover.open_of(policy, rules.access.space))
            return Check(False, f"The policy “{policy.name}” asks everybody, but {holes}.")
    for policy in wanted:
        if policy.state == REPORT_ONLY:
            return Check(False, f"The policy “{policy.name}” would, but is report-only and enforces nothing.")
    return Check(False, "No policy asks everybody for a second factor.")


def _policies(found: Sequence[Policy]) -> str:
    return "policy" if len(found) == 1 else "policies"


def _left_out(policies: Sequence[Policy]) -> str:
    kinds = (("excludeUsers", "account"), ("excludeGroups", "group"), ("excludeRoles", "role"))
    told = []
    for policy in policies:
        found = [(len(policy.users.get(name) or []), noun) for name, noun in kinds]
        said = [f"{number} {noun}{'s' if number != 1 else ''}" for number, noun in found if number]
        said += ["guests"] if policy.users.get("excludeGuestsOrExternalUsers") else []
        if said:
            who = "It" if len(policies) == 1 else f"“{policy.name}”"
            told.append(f"{who} leaves out {' and '.join(said)}: look who that is.")
    return " ".join(told)
