"""Is an account made to use a second factor at every sign-in? What all Conditional Access policies come to together.

A sign-in must satisfy every policy that applies to it. So the account is made to use a second factor where each
sign-in that can be thought of is asked for one, or blocked, by some policy that is on and surely for the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from toolkit.contain.conditional_access import (
    ACCOUNT_RISK,
    APPLICATION,
    APPLIES,
    AXES,
    CLIENT,
    INSTEAD,
    LEFT_OUT,
    LEVELS,
    NEW_CLIENTS,
    OLD_CLIENTS,
    PERHAPS,
    PLACE,
    REPORT_ONLY,
    REST,
    RISK,
    SYSTEM,
    SYSTEMS,
    Part,
    Policy,
    Who,
    policies_of,
)
from toolkit.contain.guards import is_guest
from toolkit.contain.readings import READINGS, from_graph
from toolkit.contain.target import Target
from toolkit.contain.values import text
from toolkit.detect.words import listed as some
from toolkit.detect.words import short
from toolkit.tenant import Tenant

YES, PARTLY, MAYBE, NO = "yes", "partly", "perhaps", "no"
MOST_PARTS = 400
"""Parts that are followed; beyond it a policy closes nothing more, so that the answer is never too good."""


@dataclass(frozen=True)
class SecondFactor:
    """The answer for one account: `state` is yes (at every sign-in), partly, perhaps or no; `told` says by what or
    why not; `by` are the names of the policies that make it so."""

    state: str
    told: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cover:
    """What some policies come to: `by` are those that are needed, `left` the sign-ins that none of them stops."""

    by: tuple[Policy, ...]
    left: tuple[Part, ...]

    @property
    def whole(self) -> bool:
        return not self.left

    @property
    def asking(self) -> list[Policy]:
        return [p for p in self.by if not p.blocks]

    @property
    def blocking(self) -> list[Policy]:
        return [p for p in self.by if p.blocks]

    def open_of(self, policy: Policy, space: Part) -> list[str]:
        """Which holes of a policy no other one closes, one phrase each."""
        part = policy.part(space)
        if part is None:
            return policy.limits
        found = [phrase for axis, phrase in policy.holes if any(not one[axis] & part[axis] for one in self.left)]
        return found or policy.limits

    def sentence(self, through: str = "") -> str:
        """A whole cover in words: who asks, and who closes what is left."""
        if not self.asking:
            return f"No sign-in gets through: {_named(self.blocking)} blocks it{through}."
        first, *more = self.asking
        what = "a phishing-resistant method" if all(p.wants_resistant for p in self.asking) else "a second factor"
        told = f"The policy “{first.name}” asks for {what}{through}"
        rest = [f"{_named(more)} asks for it"] if more else []
        rest += [f"{_named(self.blocking)} blocks the sign-in"] if self.blocking else []
        return f"{told}; where it does not ({'; '.join(first.limits)}), {' or '.join(rest)}." if rest else f"{told}."


class Access:
    """The policies of an organisation, and what they come to for an account; worked out once for each set of them."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = [p for p in policies if p.is_about_sign_ins and (p.wants_mfa or p.blocks)]
        self._covers: dict[tuple[tuple[int, ...], bool], Cover] = {}

    @cached_property
    def space(self) -> Part:
        """Every sign-in that the policies tell apart."""
        named = {
            axis: frozenset().union(*(p.named[axis] for p in self.policies)) for axis in (APPLICATION, PLACE, INSTEAD)
        }
        return {
            CLIENT: NEW_CLIENTS | OLD_CLIENTS,
            **{axis: names | {REST} for axis, names in named.items()},
            SYSTEM: SYSTEMS | {REST},
            RISK: LEVELS | {REST},
            ACCOUNT_RISK: LEVELS | {REST},
        }

    def cover(self, policies: Sequence[Policy], *, old_clients: bool = False) -> Cover:
        """What these policies, taken as on and in force, come to; of all sign-ins, or of those by old protocols."""
        key = (tuple(id(p) for p in policies), old_clients)
        if key not in self._covers:
            space = {**self.space, CLIENT: OLD_CLIENTS} if old_clients else self.space
            self._covers[key] = _cover(policies, space)
        return self._covers[key]

    def of(self, who: Who) -> SecondFactor:
        """The answer for one account."""
        reached = [(p, *p.reach(who)) for p in self.policies]
        certain = {id(p): why for p, where, why in reached if p.is_on and where == APPLIES}
        perhaps = {id(p): why for p, where, why in reached if p.is_on and where == PERHAPS}
        cover = self.cover([p for p in self.policies if id(p) in certain])
        if cover.whole:
            first = (cover.asking or cover.blocking)[0]
            return SecondFactor(YES, cover.sentence(_through(certain[id(first)])), tuple(p.name for p in cover.by))
        asking = [p for p in self.policies if id(p) in certain and not p.blocks]
        might = self.cover([p for p in self.policies if id(p) in certain or id(p) in perhaps])
        doubts = [p for p in might.by if id(p) in perhaps]
        if asking:
            asking.sort(key=lambda p: -_breadth(p.part(self.space)))
            first, why = asking[0], certain[id(asking[0])]
            holes = cover.open_of(first, self.space)
            told = f"The policy “{first.name}” asks for a second factor{_through(why)}, but {'; '.join(holes)}."
            if might.whole and doubts:
                told += f" “{doubts[0].name}” may close that: {perhaps[id(doubts[0])].strip()}; that was not read."
            return SecondFactor(PARTLY, told, (first.name,))
        doubts = doubts or [p for p in self.policies if id(p) in perhaps and not p.blocks]
        if any(not p.blocks for p in doubts):
            first = next(p for p in doubts if not p.blocks)
            why = perhaps[id(first)]
            said = f"{why[0].upper()}{why[1:]}" if why.startswith("it ") else f"It may apply{why}"
            return SecondFactor(MAYBE, f"The policy “{first.name}” is on. {said}; that was not read.", (first.name,))
        return SecondFactor(NO, _why_not(reached))


def mfa_at_every_sign_in(who: Who, policies: Iterable[Policy]) -> SecondFactor:
    """Whether Conditional Access makes an account use a second factor at every sign-in, by what, or why not.

    `who` may have groups or roles that are not known: then a policy that names some is "perhaps". Per-user state and
    security defaults are not looked at.
    """
    return Access(policies).of(who)


def second_factor_now(tenant: Tenant, target: Target) -> SecondFactor:
    """The same, read from the tenant now; groups and roles only where they decide.

    Raises:
        TenantError: the policies, or the groups and roles that decide, could not be read.
    """
    policies = policies_of(READINGS["conditional access"].read(tenant, target).rows)
    who = Who(target.user_principal_name, target.object_id, is_guest(target))
    found = mfa_at_every_sign_in(who, policies)
    if found.state not in (MAYBE, PARTLY):
        return found
    groups = from_graph("/users/{id}/transitiveMemberOf")(tenant, target).rows
    roles = READINGS["roles"].read(tenant, target).rows
    ids = {text(row.get("roleDefinitionId")).lower() for row in roles}
    ids |= {text(row.get("roleTemplateId")).lower() for row in groups}
    named = {text(row.get("id")): text(row.get("displayName")) for row in groups}
    known = policies_of([p.row for p in policies], {key.lower(): name for key, name in named.items() if name})
    return mfa_at_every_sign_in(replace(who, roles=frozenset(ids - {""}), groups=named), known)


def _cover(policies: Sequence[Policy], space: Part) -> Cover:
    """One policy alone where that is enough, a phishing-resistant one first; else as few as are needed."""
    parts = [(p, part) for p in policies if (part := p.part(space)) is not None]
    alone = [p for p, part in parts if not _without([space], part)]
    best = next((p for p in alone if p.wants_resistant), next((p for p in alone if not p.blocks), None))
    if best or alone:
        return Cover((best or alone[0],), ())
    parts.sort(key=lambda one: (one[0].blocks, -_breadth(one[1])))
    left: list[Part] = [space]
    needed = []
    for policy, part in parts:
        after = _without(left, part)
        if len(after) <= MOST_PARTS and (after != left):
            needed.append((policy, part))
            left = after
    for one in list(needed) if not left else []:
        rest: list[Part] = [space]
        for other in needed:
            rest = _without(rest, other[1]) if other is not one else rest
        if not rest:
            needed.remove(one)
    return Cover(tuple(policy for policy, _ in needed), tuple(left))


def _breadth(part: Part | None) -> int:
    """How much of all sign-ins a part is, roughly: what nobody names counts for more than single names."""
    return prod(len(part[axis]) + 10 * (REST in part[axis]) for axis in AXES) if part is not None else 0


def _without(left: Iterable[Part], part: Part) -> list[Part]:
    """What is left of some sets of sign-ins outside another."""
    found: list[Part] = []
    for one in left:
        if any(not one[axis] & part[axis] for axis in AXES):
            found.append(one)
            continue
        inside = dict(one)
        for axis in AXES:
            if outside := inside[axis] - part[axis]:
                found.append({**inside, axis: outside})
            inside[axis] &= part[axis]
    return found


def _why_not(reached: Sequence[tuple[Policy, str, str]]) -> str:
    asking = [(p, where, why) for p, where, why in reached if not p.blocks]
    reasons = [f"“{p.name}” is on, but {why}" for p, where, why in asking if p.is_on and where == LEFT_OUT]
    reasons = [*reasons[:3], f"and {len(reasons) - 3} more do so too"] if len(reasons) > 3 else reasons
    waiting = [p.name for p, where, _ in asking if p.state == REPORT_ONLY and where in (APPLIES, PERHAPS)]
    if waiting:
        reasons.append(f"{some(f'“{short(n, 60)}”' for n in waiting)} would, but is report-only and enforces nothing")
    return f"{'; '.join(reasons)}." if reasons else "No policy that is on reaches it."


def _named(policies: Sequence[Policy]) -> str:
    return some(f"“{p.name}”" for p in policies)


def _through(why: str) -> str:
    return f" (it applies{why})" if why else ""
