"""Which controls of Secure Score matter to a taken mailbox, and what each would have stopped (a shipped table).

`stops` and `hinders` name detections, with `*` at the end for a whole family. Hinders: might have stopped it, ended it
sooner, or shown it. `not_with`: not where the same account has such a finding too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from toolkit import reference
from toolkit.case.verdicts import ATTACKER, OWNER, Verdict, key_of
from toolkit.detect import Finding
from toolkit.harden.control import Control

STOPS, HINDERS = "would have stopped", "could have stopped"


@dataclass(frozen=True)
class Weight:
    """One row of the table: `weight` 1 to 10, `name` in plain words, `closes` which way in, `limits` what it leaves."""

    control_id: str
    title: str
    weight: int
    name: str
    licence: str
    closes: str
    stops: tuple[str, ...]
    hinders: tuple[str, ...]
    not_with: tuple[str, ...]
    limits: str


@dataclass(frozen=True)
class Standing:
    """A finding that nobody refuted; `confirmed`: a person judged it the attacker's.

    `beside`: the detections of all such findings of the same account.
    """

    finding: Finding
    confirmed: bool
    beside: frozenset[str] = frozenset()


@cache
def weights() -> dict[str, Weight]:
    """The table by control id in lower case."""
    with open(reference.path("control_weights.csv"), encoding="utf-8", newline="") as file:
        return {row["control_id"].lower(): _weight(row) for row in csv.DictReader(file)}


def weight_of(control: Control) -> Weight | None:
    """The row of a control, by its id whatever its case, or by Microsoft's title where a file has no ids."""
    return weights().get(control.id.lower()) or _by_title().get(control.title.lower())


@cache
def _by_title() -> dict[str, Weight]:
    return {weight.title.lower(): weight for weight in weights().values() if weight.title}


def standing(findings: Iterable[Finding], given: Mapping[str, Verdict] | None = None) -> list[Standing]:
    """The findings that count: not judged the owner's, and of medium severity at least or judged the attacker's.

    `given` are the analyst's verdicts (`toolkit.case.verdicts.verdicts`).
    """
    found = []
    by_user: dict[str, set[str]] = {}
    for finding in findings:
        verdict = (given or {}).get(key_of(finding.id, finding.user, finding.evidence))
        said = verdict.verdict if verdict else ""
        if said == OWNER or (said != ATTACKER and finding.severity == "low"):
            continue
        found.append((finding, said == ATTACKER))
        by_user.setdefault(finding.user.lower(), set()).add(finding.id)
    return [Standing(f, confirmed, frozenset(by_user[f.user.lower()])) for f, confirmed in found]


def answer_to(weight: Weight, one: Standing) -> str:
    """What the control would have done about a finding: `STOPS`, `HINDERS` or "" for nothing."""
    if any(_fits(other, weight.not_with) for other in one.beside):
        return ""
    found = one.finding.id
    return STOPS if _fits(found, weight.stops) else HINDERS if _fits(found, weight.hinders) else ""


def _fits(detection: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(detection, pattern) for pattern in patterns)


def _weight(row: Mapping[str, str]) -> Weight:
    def several(name: str) -> tuple[str, ...]:
        return tuple(filter(None, row[name].split(";")))

    return Weight(
        row["control_id"], row["title"], int(row["weight"]), row["name"], row["licence"], row["closes"],
        several("stops"), several("hinders"), several("not_with"), row["limits"],
    )  # fmt: skip
