"""Who works at Contoso, where they sit and where they travel (`facts/*.csv`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from toolkit.practice.names import Draw

SEED = "contoso-bec-2026"
TENANT_NAME = "Contoso"
DOMAIN = "contoso.com"
INITIAL_DOMAIN = "contoso.onmicrosoft.com"
FEDERATED_DOMAIN = "emea.contoso.com"
DRAW = Draw(SEED)
TENANT_ID = DRAW.uuid("tenant")


def facts(name: str) -> list[dict[str, str]]:
    """The rows of `facts/<name>.csv`."""
    text = files("toolkit.practice").joinpath("facts", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Place:
    """A network with the location that Entra would write into a sign-in."""

    key: str
    prefix: str
    low: int
    high: int
    asn: int
    city: str
    state: str
    country: str
    latitude: float
    longitude: float

    def address(self, *key: object) -> str:
        """An address of this network; the same key gives the same address."""
        number = DRAW.number(self.low, self.high, "address", self.key, *key)
        return f"{self.prefix}{number:x}::1" if ":" in self.prefix else f"{self.prefix}{number}"


@dataclass(frozen=True)
class Person:
    """One account of the tenant and the one computer its owner uses."""

    key: str
    given: str
    family: str
    job: str
    department: str
    upn: str
    mail: str
    aliases: tuple[str, ...]
    user_type: str
    synced: bool
    immutable_id: str
    has_mailbox: bool
    places: tuple[str, ...]
    activity: int
    os: str
    browser: str
    device: str
    role: str

    @property
    def id(self) -> str:
        return DRAW.uuid("user", self.key)

    @property
    def display_name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def sign_in_name(self) -> str:
        """What sign-in records show: a guest appears under the name of the home tenant."""
        return self.mail if self.user_type == "Guest" else self.upn

    def writes_from(self, *key: object) -> str:
        """The address that one mail of theirs goes out from, or comes in to: now and then an alias."""
        if self.aliases and DRAW.chance(30, "alias", *key):
            return DRAW.pick(self.aliases, "which alias", *key)
        return self.mail

    @property
    def device_id(self) -> str:
        return DRAW.uuid("device", self.key) if self.device else ""

    @property
    def puid(self) -> str:
        """The passport id that Exchange and Entra write as UserKey."""
        return "10032" + DRAW.hexadecimal(11, "puid", self.key)

    @property
    def user_agent(self) -> str:
        return _USER_AGENTS[self.browser.split()[0]]


_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_USER_AGENTS = {
    "Edge": f"{_WINDOWS} Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
    "Chrome": f"{_WINDOWS} Chrome/139.0.0.0 Safari/537.36",
    "Safari": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15",
}


@cache
def places() -> dict[str, Place]:
    """All networks by key, the attacker's two among them."""
    return {
        row["place"]: Place(
            key=row["place"],
            prefix=row["prefix"],
            low=int(row["low"]),
            high=int(row["high"]),
            asn=int(row["asn"]),
            city=row["city"],
            state=row["state"],
            country=row["country"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
        )
        for row in facts("places")
    }


@cache
def people() -> dict[str, Person]:
    """All accounts by key (`victim`, `operator`, `break_glass`, `synced`, `federated`, `guest`, …)."""
    return {
        row["person"]: Person(
            key=row["person"],
            given=row["given"],
            family=row["family"],
            job=row["job"],
            department=row["department"],
            upn=row["upn"],
            mail=row["mail"],
            aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
            user_type=row["user_type"],
            synced=row["synced"] == "yes",
            immutable_id=row["immutable_id"],
            has_mailbox=row["mailbox"] == "yes",
            places=tuple(row["places"].split("|")) if row["places"] else (),
            activity=int(row["activity"]),
            os=row["os"],
            browser=row["browser"],
            device=row["device"],
            role=row["role"],
        )
        for row in facts("people")
    }


def whereabouts(person: Person, day: date) -> tuple[Place, int]:
    """The network somebody works from on a day, and how many hours later than in Munich the day begins there."""
    for row in journeys():
        if row["person"] == person.key and row["first_day"] <= day.isoformat() <= row["last_day"]:
            return places()[row["place"]], int(row["hours_later"])
    return places()[DRAW.pick(person.places, "place", person.key, day)], 0


@cache
def journeys() -> tuple[dict[str, str], ...]:
    """The rows of `facts/journeys.csv`."""
    return tuple(facts("journeys"))
