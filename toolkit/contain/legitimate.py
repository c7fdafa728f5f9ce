"""What a person says is legitimate although it looks like the intruder's: kept in the journal; it holds no door open.

It is said of a thing as it stands. Once the thing reads otherwise (another scope, another rule) it no longer counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.case import Case
from toolkit.case.verdicts import operator
from toolkit.contain.target import Target
from toolkit.errors import UsageError

LEGITIMATE = "containment.legitimate"


@dataclass(frozen=True)
class Said:
    """Who said it of a thing (`what` it was then, in words), why (`note`), and when (UTC text)."""

    key: str
    title: str
    what: str
    note: str
    by: str
    time: str


def say_legitimate(case: Case, target: Target, key: str, title: str, what: str, note: str) -> None:
    """Keep that the thing of this key (an offer's, `what` it is in words) is legitimate, and how that is known.

    Raises:
        UsageError: without a note.
    """
    if not note.strip():
        raise UsageError("Say how that is known: whom you asked, and by which way.")
    _write(case, target, key=key, title=title, what=what, note=note.strip(), holds=True)


def take_legitimate_back(case: Case, target: Target, key: str) -> None:
    """It counts no longer; that it was said stays in the journal.

    Raises:
        UsageError: it was not said of this key.
    """
    said = said_legitimate(case, target.user_principal_name).get(key)
    if said is None:
        raise UsageError(f"Nothing with the key {key!r} was called legitimate for {target.user_principal_name}.")
    _write(case, target, key=key, title=said.title, what=said.what, note="", holds=False)


def said_legitimate(case: Case, user: str) -> Mapping[str, Said]:
    """What was said of things of this account, by their keys, and not taken back."""
    found: dict[str, Said] = {}
    for entry in case.journal.entries(LEGITIMATE):
        told = entry.fields
        if str(told["target"]["user_principal_name"]).lower() != user.strip().lower():
            continue
        found.pop(told["key"], None)
        if told["holds"]:
            found[told["key"]] = Said(
                told["key"], told["title"], told["what"], told["note"], told["by"], entry.time[:19].replace("T", " ")
            )
    return found


def _write(case: Case, target: Target, **fields: Any) -> None:
    case.journal.append(LEGITIMATE, practice=case.practice, target=target.named, by=operator(), **fields)
