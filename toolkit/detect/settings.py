"""What can be set for one case: thresholds, allow lists, and what the owner of an account says.

Two files in the case folder, both optional: `detections.toml` with `[thresholds]` and `[allow]`, and
`owner-facts.toml` with one table `[users."name@example.com"]` for each person asked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from numbers import Real
from pathlib import Path
from typing import Any

from toolkit.enrich.networks import in_any
from toolkit.errors import UsageError

SETTINGS, OWNER_FACTS = "detections.toml", "owner-facts.toml"


@dataclass(frozen=True)
class Thresholds:
    """Numbers the detections go by. Hours, days and minutes as the names say."""

    travel_kmh: int = 900
    travel_km: int = 500
    travel_country_km: int = 1000
    travel_country_hours: int = 6
    thin_sign_ins: int = 10
    thin_days: int = 5
    new_country_days: int = 7
    shared_network_users: int = 3
    fixed_address_days: int = 14
    guesses: int = 5
    guess_minutes: int = 60
    guess_then_hours: int = 24
    after_high_hours: int = 24
    older_grants: int = 5
    contact_hours: int = 24
    recipients_an_hour: int = 50
    recipients_a_day: int = 200
    mails_an_hour: int = 30
    times_usual: int = 5
    usual_burst_days: int = 3


@dataclass(frozen=True)
class Allowed:
    """What the organisation vouches for: mail domains, mail or network addresses, application ids."""

    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()

    def mail(self, address: str) -> bool:
        return address.lower() in self.addresses or address.lower().rpartition("@")[2] in self.domains

    def network(self, address: object) -> bool:
        ranges = [a for a in self.addresses if "@" not in a]
        return isinstance(address, str) and in_any(address, ranges)


@dataclass(frozen=True)
class Journey:
    """Where somebody says to have been, and when (days included)."""

    country: str
    first: date
    last: date


@dataclass(frozen=True)
class OwnerFacts:
    """What one person says: places, networks (AS numbers or ranges) and devices of theirs, and what is not theirs."""

    countries: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()
    devices: frozenset[str] = frozenset()
    travel: tuple[Journey, ...] = ()
    never_countries: frozenset[str] = frozenset()

    def place(self, country: object, day: date) -> bool | None:
        """True: the owner was there; False: says never to have been; None: not asked."""
        if not isinstance(country, str):
            return None
        if country in self.never_countries:
            return False
        travelled = any(j.country == country and j.first <= day <= j.last for j in self.travel)
        return True if travelled or country in self.countries else None

    def network(self, address: object, asn: object) -> bool:
        numbers = {n.upper().removeprefix("AS") for n in self.networks}
        known = isinstance(asn, Real) and asn == asn and str(int(float(asn))) in numbers
        ranges = [n for n in self.networks if "." in n or ":" in n]
        return known or (isinstance(address, str) and in_any(address, ranges))


@dataclass(frozen=True)
class Settings:
    """All that can be set for a case."""

    thresholds: Thresholds = Thresholds()
    allowed: Allowed = Allowed()
    owners: Mapping[str, OwnerFacts] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Settings:
        """What the files of a case folder say; the defaults for what they do not.

        Raises:
            UsageError: a file is no TOML, or names something that cannot be set.
        """
        told = _read(folder / SETTINGS)
        _only(told, ("thresholds", "allow"), SETTINGS)
        numbers, allow = told.get("thresholds", {}), told.get("allow", {})
        _only(numbers, [f.name for f in fields(Thresholds)], f"[thresholds] of {SETTINGS}")
        _only(allow, [f.name for f in fields(Allowed)], f"[allow] of {SETTINGS}")
        for name, value in numbers.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise UsageError(f"{name} in {SETTINGS} is {value!r}; it has to be a whole number.")
        allowed = Allowed(**{name: frozenset(str(v).lower() for v in values) for name, values in allow.items()})
        people = _read(folder / OWNER_FACTS).get("users", {})
        return cls(Thresholds(**numbers), allowed, {str(u).lower(): _facts(str(u), f) for u, f in people.items()})

    def owner(self, user: object) -> OwnerFacts:
        return self.owners.get(str(user).lower(), OwnerFacts())

    def to_dict(self) -> dict[str, int]:
        """The thresholds, as they are printed with a result."""
        return asdict(self.thresholds)


def _facts(user: str, told: dict[str, Any]) -> OwnerFacts:
    names = [f.name for f in fields(OwnerFacts)]
    _only(told, [*names, "by_phone"], f"{user} in {OWNER_FACTS}")
    journeys = []
    for row in told.get("travel", []):
        first, last = row.get("from"), row.get("to")
        if not (isinstance(first, date) and isinstance(last, date) and row.get("country")):
            raise UsageError(f"A journey of {user} in {OWNER_FACTS} needs country, from and to (as 2026-09-16).")
        journeys.append(Journey(str(row["country"]).upper(), _day(first), _day(last)))
    return OwnerFacts(
        countries=frozenset(str(c).upper() for c in told.get("countries", [])),
        networks=tuple(str(n) for n in told.get("networks", [])),
        devices=frozenset(str(d).lower() for d in told.get("devices", [])),
        travel=tuple(journeys),
        never_countries=frozenset(str(c).upper() for c in told.get("never_countries", [])),
    )


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not readable TOML: {error}") from error


def _only(told: Mapping[str, Any], known: Any, where: str) -> None:
    wrong = sorted(set(told) - set(known))
    if wrong:
        raise UsageError(f"{where} names {', '.join(wrong)}; there are {', '.join(known)}.")
