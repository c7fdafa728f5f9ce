"""Conditional Access policies read and put into words: whom one reaches, what it asks for, where it has holes.

What several of them come to together is worked out in `second_factor.py`. Source: Microsoft Graph
`conditionalAccessPolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from toolkit.contain.values import Row, listed, record, text
from toolkit.detect.words import listed as some
from toolkit.detect.words import plural, short

ON, REPORT_ONLY, OFF = "enabled", "enabledforreportingbutnotenforced", "disabled"
STATES = {ON: "on", REPORT_ONLY: "report-only: it enforces nothing", OFF: "off"}
RESISTANT_STRENGTH = "00000000-0000-0000-0000-000000000004"  # built in, the same in every tenant
MAIL = frozenset({"office365", "00000002-0000-0ff1-ce00-000000000000"})
"""The applications that mail is part of: Office 365, and Exchange Online itself."""
SUITE = frozenset(
    {
        "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000",
        "00000004-0000-0ff1-ce00-000000000000", "00000005-0000-0ff1-ce00-000000000000",
        "00000006-0000-0ff1-ce00-000000000000", "09abbdfd-ed23-44ee-a2d9-a627aa1c90f3",
        "22098786-6e16-43cc-a27d-191a01a1e3b5", "2634dd23-5e5a-431c-81ca-11710d9079f4",
        "4765445b-32c6-49b0-83e6-1d93765276ca", "475226c6-020e-4fb2-8a90-7a972cbfc1d4",
        "7df0a125-d3be-4c96-aa54-591f83ff541c", "905fcf26-4eb7-48a0-9ff0-8dcc7194b5ba",
        "95de633a-083e-42f5-b444-a4295d8e9314", "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
    }
)  # fmt: skip
"""The applications behind the name Office365, as far as their ids are published: mail, files, chat, and the rest."""
OLD_CLIENTS = frozenset({"exchangeactivesync", "other"})
NEW_CLIENTS = frozenset({"browser", "mobileappsanddesktopclients"})
SYSTEMS = frozenset({"android", "ios", "windows", "windowsphone", "macos", "linux"})
LEVELS = frozenset({"none", "low", "medium", "high"})
CLIENT, APPLICATION, PLACE, SYSTEM, RISK, ACCOUNT_RISK, INSTEAD = (
    "client", "application", "place", "system", "sign-in risk", "account risk", "instead"
)  # fmt: skip
AXES = (CLIENT, APPLICATION, PLACE, SYSTEM, RISK, ACCOUNT_RISK, INSTEAD)
"""What tells one sign-in from another, as far as a policy asks; `instead` is what is taken in place of a factor."""
FLOW, UNPROVEN = "flow", "unproven"
REST = ""
"""On an axis: everything that no policy names."""
Part = Mapping[str, frozenset[str]]
"""A set of sign-ins: on each axis the values that are in it."""
TRUSTED = "alltrusted"
OLD_NOT_COVERED = "old protocols are not covered"
APPLIES, LEFT_OUT, PERHAPS, NOT = "applies", "left out", "perhaps", "does not apply"
_RISKS = {
    "signInRiskLevels": (RISK, "only when the sign-in is risky"),
    "userRiskLevels": (ACCOUNT_RISK, "only when the account is risky"),
    "insiderRiskLevels": (UNPROVEN, "only for people at insider risk"),
    "agentIdRiskLevels": (UNPROVEN, "only for agents at risk"),
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
    some_guests: bool
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
        found = {control.lower() for control in listed(grant.get("builtInControls"))}
        strength = record(grant.get("authenticationStrength"))
        if strength:
            alone = text(strength.get("requirementsSatisfied")).lower() == "none"
            found.add("a strength that one factor satisfies" if alone else "strength")
        found |= {"accepted terms of use"} if listed(grant.get("termsOfUse")) else set()
        found |= {"another product's control"} if listed(grant.get("customAuthenticationFactors")) else set()
        return frozenset(found)

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
        said = {
            "compliantdevice": "a compliant device", "domainjoineddevice": "a joined device",
            "approvedapplication": "an approved app", "compliantapplication": "an app with a protection policy",
            "passwordchange": "a new password",
        }  # fmt: skip
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

    @property
    def limits(self) -> list[str]:
        """Where it does not act, or what it takes instead, one phrase each; empty for a policy without holes."""
        return [phrase for _, phrase in self.holes]

    @cached_property
    def holes(self) -> list[tuple[str, str]]:
        """The same, each with its axis; `FLOW` and `UNPROVEN` are conditions of which no part can be worked out."""
        found = []
        if self.alternatives:
            found.append((INSTEAD, f"{' or '.join(self.alternatives)} will do instead"))
        if "all" not in self.included:
            what = "Office 365" if "office365" in self.included else plural(len(self.included), "application")
            found.append((APPLICATION, f"for {what} only"))
        if self.excluded:
            found.append((APPLICATION, f"not for {plural(len(self.excluded), 'application')} that it leaves out"))
        if record(self.conditions.get("applications")).get("applicationFilter"):
            found.append((UNPROVEN, "for applications of a filter only"))
        if not self.covers_old_clients:
            found.append((CLIENT, OLD_NOT_COVERED))
        if self.wants_mfa and "all" not in self.client_types:
            if "browser" not in self.client_types:
                found.append((CLIENT, "browsers are not covered"))
            if "mobileappsanddesktopclients" not in self.client_types:
                found.append((CLIENT, "apps on phones and computers are not covered"))
        return found + self._circumstances()

    def _circumstances(self) -> list[tuple[str, str]]:
        found = []
        places, left_out = self._listed("locations", "includeLocations"), self._listed("locations", "excludeLocations")
        if places - {"all"}:
            found.append((PLACE, "from certain places only"))
        if left_out:
            found.append((PLACE, "not from places that it leaves out, such as trusted ones"))
        systems = self._listed("platforms", "includePlatforms") - {"all"}
        if systems or self._listed("platforms", "excludePlatforms"):
            found.append((SYSTEM, "on some operating systems only"))
        if any(record(self.conditions.get("devices")).values()):
            found.append((UNPROVEN, "on devices of a filter only"))
        if any(record(self.conditions.get("authenticationFlows")).values()):
            found.append((FLOW, "for device codes or transferred sign-ins only"))
        found += [said for name, said in _RISKS.items() if self.conditions.get(name)]
        odd = [name for name, value in self.conditions.items() if value and name not in _READ | _NOBODYS]
        found += [(UNPROVEN, f"under a condition that this version does not know ({short(n, 40)})") for n in odd[:3]]
        return found

    def _listed(self, condition: str, which: str) -> frozenset[str]:
        return frozenset(one.lower() for one in listed(record(self.conditions.get(condition)).get(which)))

    @cached_property
    def named(self) -> Part:
        """What it names on each axis, whether it covers or leaves it out."""
        places = self._listed("locations", "includeLocations") | self._listed("locations", "excludeLocations")
        return {
            APPLICATION: (self.included | self.excluded) - {"all"},
            PLACE: places - {"all", "none"},
            INSTEAD: frozenset(self.alternatives),
        }

    def part(self, space: Part) -> Part | None:
        """The sign-ins of `space` at which it certainly acts; None where a condition cannot be worked out.

        A place may be a trusted one or not: leaving out either leaves out both, naming one names it alone.
        """
        if not self.is_about_sign_ins or any(axis in (FLOW, UNPROVEN) for axis, _ in self.holes):
            return None
        clients = space[CLIENT] if "all" in self.client_types else self.client_types & space[CLIENT]
        systems = self._listed("platforms", "includePlatforms")
        places = self._listed("locations", "includeLocations")
        no_places = self._listed("locations", "excludeLocations")
        if TRUSTED in no_places:
            no_places = space[PLACE] - {REST}
        elif no_places:
            no_places |= {TRUSTED}
        levels = (self._levels("signInRiskLevels"), self._levels("userRiskLevels"))
        return {
            CLIENT: clients,
            APPLICATION: self._applications_of(space[APPLICATION]),
            PLACE: (space[PLACE] if not places or "all" in places else places & space[PLACE]) - no_places,
            SYSTEM: (space[SYSTEM] if not systems or "all" in systems else systems & space[SYSTEM])
            - self._listed("platforms", "excludePlatforms"),
            RISK: levels[0] & space[RISK] if levels[0] else space[RISK],
            ACCOUNT_RISK: levels[1] & space[ACCOUNT_RISK] if levels[1] else space[ACCOUNT_RISK],
            INSTEAD: space[INSTEAD] - frozenset(self.alternatives),
        }

    def _levels(self, name: str) -> frozenset[str]:
        return frozenset(level.lower() for level in listed(self.conditions.get(name)))

    def _applications_of(self, known: frozenset[str]) -> frozenset[str]:
        """The applications it covers; the name Office 365 stands for each of its applications."""
        inside = known if "all" in self.included else self.included & known
        if "office365" in inside:
            inside |= SUITE & known
        return inside - self.excluded - (SUITE if "office365" in self.excluded else frozenset())

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
        kinds = record(self.users.get(f"{side}GuestsOrExternalUsers"))
        return _Side(
            users,
            groups,
            roles,
            guests=bool("guestsorexternalusers" in users or kinds),
            some_guests="guestsorexternalusers" not in users and not _all_guests(kinds),
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
            return (
                (PERHAPS, " as a guest of some kind or organisation") if lists.some_guests else (APPLIES, " as a guest")
            )
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
            old = "sign-ins by old protocols of " if self.client_types <= OLD_CLIENTS | {"eassupported"} else ""
            what = f"blocks {old}{self._whom()}"
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


def _all_guests(kinds: Row) -> bool:
    """Whether every guest account of this directory is meant, whatever organisation it is from."""
    said = {kind.strip().lower() for kind in text(kinds.get("guestOrExternalUserTypes")).split(",")}
    tenants = text(record(kinds.get("externalTenants")).get("membershipKind")).lower()
    return said >= {"internalguest", "b2bcollaborationguest"} and tenants in ("", "all")


def policies_of(rows: Iterable[Row], names: Mapping[str, str] | None = None) -> list[Policy]:
    """The policies, those that are on first."""
    order = {ON: 0, REPORT_ONLY: 1, OFF: 2}
    found = [Policy(row, names or {}) for row in rows]
    return sorted(found, key=lambda policy: (order.get(policy.state, 3), policy.name.lower()))
