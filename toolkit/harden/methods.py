"""How strong a method of signing in is (`reference/authentication_methods.csv`)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from toolkit import reference
from toolkit.detect.words import short

NONE, WEAK, PHISHABLE, RESISTANT, UNKNOWN = "none", "weak", "phishable", "resistant", "unknown"
ORDER = (NONE, WEAK, UNKNOWN, PHISHABLE, RESISTANT)
"""What an account has at best, the worst first."""
SAID = {
    NONE: "no second factor",
    WEAK: "weak methods only",
    PHISHABLE: "good, but can be phished",
    RESISTANT: "phishing-resistant",
    UNKNOWN: "not known",
}
RESET_ONLY = frozenset({"email", "securityquestion"})
MOST = 50  # methods of one account that are looked at; hostile exports may name thousands


@dataclass(frozen=True)
class Method:
    """A registered method: its `name` in the report, a `title` for people, its `strength` and a `note`."""

    name: str
    title: str
    strength: str
    note: str = ""


@cache
def _known() -> dict[str, Method]:
    with open(reference.path("authentication_methods.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["method"].lower(): Method(row["method"], row["title"], row["strength"], row["note"]) for row in rows}


def method_of(name: str) -> Method:
    """A method by its name in the report; one that this version does not know keeps its name and no strength."""
    bare = re.sub(r"^#microsoft\.graph\.|AuthenticationMethod$", "", name.strip())
    return _known().get(bare.lower()) or Method(short(bare, 60), short(bare, 60), UNKNOWN, "new to this version")


def methods_in(told: Any) -> list[Method] | None:
    """The methods that a record names: a list, its JSON text, or names joined by `;` or `,`; None where it is silent.

    Each once, in the order given.
    """
    if isinstance(told, str) and told.strip().startswith("["):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            told = told.strip().strip("[]").replace('"', "")
    if isinstance(told, str):
        told = re.split(r"[;,]", told) if told.strip() else None
    if not isinstance(told, list):
        return None
    names = [str(one) for one in told[:MOST] if str(one or "").strip()]
    return list({method.name.lower(): method for method in map(method_of, names)}.values())


def strength_of(methods: Iterable[Method] | None, registered: bool | None) -> str:
    """What the methods come to; `registered` is the report's own flag, which decides where methods do not."""
    found = list(methods or ())
    second = [method for method in found if method.name.lower() not in RESET_ONLY]
    if registered is False or (registered is None and methods is not None and not second):
        return NONE
    strengths = {method.strength for method in found}
    for strength in (RESISTANT, PHISHABLE, UNKNOWN, WEAK):
        if strength in strengths:
            return strength
    return UNKNOWN
