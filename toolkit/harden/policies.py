"""Conditional Access policies read and put into words: whom one reaches, what it asks for, where it has holes.

Source: Microsoft Graph `conditionalAccessPolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from toolkit.detect.words import listed as some
from toolkit.detect.words import plural, short
from toolkit.harden.inputs import Row, listed, record, text

ON, REPORT_ONLY, OFF = "enabled", "enabledforreportingbutnotenforced", "disabled"
STATES = {ON: "on", REPORT_ONLY: "report-only: it enforces nothing", OFF: "off"}
RESISTANT_STRENGTH = "00000000-0000-0000-0000-000000000004"  # built in, the same in every tenant
MAIL = frozenset({"office365", "00000002-0000-0ff1-ce00-000000000000"})
"""The applications that mail is part of: Office 365, and Exchange Online itself."""
OLD_CLIENTS = frozenset({"exchangeactivesync", "other"})
APPLIES, LEFT_OUT, PERHAPS, NOT = "applies", "left out", "perhaps", "does not apply"
_RISKS = {
    "signInRiskLevels": "only when the sign-in is risky",
    "userRiskLevels": "only when the account is risky",
    "insiderRiskLevels": "only for people at insider risk",
    "agentIdRiskLevels": "only for agents at risk",
}
_READ = {"applications", "users", "clientAppTypes", "platforms", "locations", "devices", "authenticationFlows", *_RISKS}
_NOBODYS = {"clientApplications", "servicePrincipalRiskLevels"}  # about applications that sign in by themselves


@dataclass(frozen=True)
class Who:
    """An account as policies see it. `roles` are ids of role definitions, `groups` names by id; None: not known."""

    user: str
    object_id: str = ""
    guest: bool = False
    roles: frozenset[str] | None = None
    groups: Mapping[str, str] | None = None


@dataclass(frozen=True)
class _Side:
    """Whom one side of a policy names, in lower case; worked out once, as there may be many thousand accounts."""

    users: frozenset[str]
    groups: frozenset[str]
    roles: frozenset[str]
    guests: bool
    by_id: bool
    group_names: str
    role_names: str


@dataclass(frozen=True)
class Policy:
    """One policy; `names` puts words to the ids of users, roles and groups, as far as they are known."""

    row: Row
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        return short(text(self.row.get("displayName")) or "a policy without a name", 100)

    @cached_property
    def state(self) -> str:
        return text(self.row.get("state")).lower()

    @property
    def is_on(self) -> bool:
        return self.state == ON

    @cached_property
    def conditions(self) -> Row:
        return record(self.row.get("conditions"))

    @cached_property
    def users(self) -> Row:
        return record(self.conditions.get("users"))

    @cached_property
    def controls(self) -> frozenset[str]:
        """What it asks for, in lower case: mfa, block, compliantDevice … and `strength`."""
        grant = record(self.row.get("grantControls"))
        strength = {"strength"} if grant.get("authenticationStrength") else set()
        return frozenset({control.lower() for control in listed(grant.get("builtInControls"))} | strength)

    @property
    def wants_mfa(self) -> bool:
        return bool({"mfa", "strength"} & self.controls)

    @property
    def blocks(self) -> bool:
        return "block" in self.controls

    @cached_property
    def wants_resistant(self) -> bool:
        """It asks for phishing-resistant methods and takes nothing less."""
        strength = record(record(self.row.get("grantControls")).get("authenticationStrength"))
        return text(strength.get("id")).lower() == RESISTANT_STRENGTH and not self.alternatives

    @cached_property
    def alternatives(self) -> list[str]:
        """What it takes in place of a second factor."""
        grant = record(self.row.get("grantControls"))
        if text(grant.get("operator")).upper() != "OR" or not self.wants_mfa:
            return []
        said = {"compliantdevice": "a compliant device", "domainjoineddevice": "a joined device"}
        return [said.get(c, c) for c in sorted(self.controls - {"mfa", "strength"})]

    @cached_property
    def client_types(self) -> frozenset[str]:
        """The kinds of client it covers, in lower case; `all` stands for every kind."""
        return frozenset(c.lower() for c in listed(self.conditions.get("clientAppTypes"))) or frozenset({"all"})

    @property
    def covers_old_clients(self) -> bool:
        return "all" in self.client_types or self.client_types >= OLD_CLIENTS

    @cached_property
    def included(self) -> frozenset[str]:
        return self._applications("includeApplications")

    @cached_property
    def excluded(self) -> frozenset[str]:
        return self._applications("excludeApplications")

    def _applications(self, which: str) -> frozenset[str]:
        said = listed(record(self.conditions.get("applications")).get(which))
        return frozenset(a.lower() for a in said) - {"none"}

    @property
    def is_about_sign_ins(self) -> bool:
        """It is about opening applications, not about registering methods or devices alone."""
        return bool(self.included)

    @property
    def covers_mail(self) -> bool:
        reached = "all" in self.included or bool(self.included & MAIL)
        return reached and not self.excluded & MAIL

    @property
    def covers_all_people(self) -> bool:
        """All users, guests among them, but for those it leaves out by name, group or role."""
        return any(user.lower() == "all" for user in listed(self.users.get("includeUsers")))

    @cached_property
    def limits(self) -> list[str]:
        """Where it does not act, or what it takes instead, one phrase each; empty for a policy without holes."""
        found = []
        if self.alternatives:
            found.append(f"{' or '.join(self.alternatives)} will do instead")
        if "all" not in self.included:
            what = "Office 365" if "office365" in self.included else plural(len(self.included), "application")
            found.append(f"for {what} only")
        if self.excluded:
            found.append(f"not for {plural(len(self.excluded), 'application')} that it leaves out")
        if record(self.conditions.get("applications")).get("applicationFilter"):
            found.append("for applications of a filter only")
        if not self.covers_old_clients:
            found.append("old protocols are not covered")
        if self.wants_mfa and "all" not in self.client_types and not self.client_types >= {"browser"}:
            found.append("browsers are not covered")
        if self.wants_mfa and "all" not in self.client_types and "mobileappsanddesktopclients" not in self.client_types:
            found.append("apps on phones and computers are not covered")
        return found + self._circumstances()

    def _circumstances(self) -> list[str]:
        found = []
        locations = record(self.conditions.get("locations"))
        if {place.lower() for place in listed(locations.get("includeLocations"))} - {"all"}:
            found.append("from certain places only")
        if listed(locations.get("excludeLocations")):
            found.append("not from places that it leaves out, such as trusted ones")
        platforms = record(self.conditions.get("platforms"))
        if {p.lower() for p in listed(platforms.get("includePlatforms"))} - {"all"} or listed(
            platforms.get("excludePlatforms")
        ):
            found.append("on some operating systems only")
        if any(record(self.conditions.get("devices")).values()):
            found.append("on devices of a filter only")
        if any(record(self.conditions.get("authenticationFlows")).values()):
            found.append("for device codes or transferred sign-ins only")
        found += [said for name, said in _RISKS.items() if self.conditions.get(name)]
        odd = [name for name, value in self.conditions.items() if value and name not in _READ | _NOBODYS]
        found += [f"under a condition that this version does not know ({short(name, 40)})" for name in odd[:3]]
        return found

    def reach(self, who: Who) -> tuple[str, str]:
        """Whether it is for an account (applies, left out, perhaps, does not apply), and why in a phrase."""
        inside, why = self._named(who, "include")
        if inside == NOT:
            return NOT, ""
        out, why_out = self._named(who, "exclude")
        if out == APPLIES:
            return LEFT_OUT, f"it leaves this account out{why_out}"
        if out == PERHAPS:
            return PERHAPS, f"it may leave this account out{why_out}"
        return inside, why

    @cached_property
    def _sides(self) -> dict[str, _Side]:
        return {side: self._side(side) for side in ("include", "exclude")}

    def _side(self, side: str) -> _Side:
        users, groups, roles = (
            frozenset(key.lower() for key in listed(self.users.get(side + kind)))
            for kind in ("Users", "Groups", "Roles")
        )
        return _Side(
            users,
            groups,
            roles,
            guests=bool("guestsorexternalusers" in users or self.users.get(f"{side}GuestsOrExternalUsers")),
            by_id=bool(users - {"none", "all", "guestsorexternalusers"}),
            group_names=f"the group {some(self.called(g) for g in sorted(groups))}",
            role_names=f"the role {some(self.called(r) for r in sorted(roles))}",
        )

    def _named(self, who: Who, side: str) -> tuple[str, str]:
        """Whether the lists of one side name an account, and through what."""
        lists = self._sides[side]
        if "all" in lists.users:
            return APPLIES, ""
        if who.object_id and who.object_id.lower() in lists.users:
            return APPLIES, " by name"
        if who.guest and lists.guests:
            return APPLIES, " as a guest"
        held = lists.roles & who.roles if who.roles else frozenset()
        if held:
            return APPLIES, f" through the role {some(self.called(r) for r in sorted(held))}"
        mine = lists.groups & {g.lower() for g in who.groups} if who.groups else frozenset()
        if mine:
            return APPLIES, f" through the group {some(self.called(g) for g in sorted(mine))}"
        doubts = []
        if lists.groups and who.groups is None:
            doubts.append(lists.group_names)
        if lists.roles and who.roles is None:
            doubts.append(lists.role_names)
        if lists.by_id and not who.object_id:
            doubts.append("its id, which the export does not tell")
        if doubts:
            return PERHAPS, f" through {' or '.join(doubts)}"
        return NOT, ""

    def called(self, key: str) -> str:
        """The name behind an id, else its beginning."""
        return f"“{short(self.names[key.lower()], 60)}”" if key.lower() in self.names else f"{short(key, 12)} (id)"

    def sentence(self) -> str:
        """What the policy is, for a person who has to decide about it."""
        if not self.is_about_sign_ins:
            what = "is about registering methods or devices, not about sign-ins"
        elif self.blocks:
            what = f"blocks {self._whom()}{self._old()}"
        elif self.wants_resistant:
            what = f"asks {self._whom()} for a phishing-resistant method"
        elif self.wants_mfa:
            what = f"asks {self._whom()} for a second factor"
        elif self.controls:
            what = f"asks {self._whom()} for {some(sorted(self.controls))}, not for a second factor"
        else:
            what = f"limits the sessions of {self._whom()}, and asks for no second factor"
        holes = f" — {'; '.join(self.limits)}" if self.limits and self.is_about_sign_ins else ""
        return (
            f"It {what}{holes}. It is {STATES.get(self.state, f'in a state that is not known ({short(self.state)})')}."
        )

    def _old(self) -> str:
        return " that come by old protocols" if self.client_types <= OLD_CLIENTS | {"easssupported"} else ""

    def _whom(self) -> str:
        users = listed(self.users.get("includeUsers"))
        low = {user.lower() for user in users}
        named = [user for user in users if user.lower() not in {"all", "none", "guestsorexternalusers"}]
        parts = ["all accounts"] if "all" in low else []
        parts += [plural(len(named), "account")] if named and not parts else []
        if "guestsorexternalusers" in low or self.users.get("includeGuestsOrExternalUsers"):
            parts.append("guests")
        for kind in ("Group", "Role"):
            found = listed(self.users.get(f"include{kind}s"))
            parts += [f"the {kind.lower()} {some(self.called(f) for f in found)}"] if found else []
        out = []
        for kind, noun in (("Users", "account"), ("Groups", "group"), ("Roles", "role")):
            found = listed(self.users.get(f"exclude{kind}"))
            out += [plural(len(found), noun)] if found else []
        out += ["guests"] if self.users.get("excludeGuestsOrExternalUsers") else []
        return (" and ".join(parts) or "nobody") + (f" except {' and '.join(out)}" if out else "")


def policies_of(rows: Iterable[Row], names: Mapping[str, str] | None = None) -> list[Policy]:
    """The policies, those that are on first."""
    order = {ON: 0, REPORT_ONLY: 1, OFF: 2}
    found = [Policy(row, names or {}) for row in rows]
    return sorted(found, key=lambda policy: (order.get(policy.state, 3), policy.name.lower()))
