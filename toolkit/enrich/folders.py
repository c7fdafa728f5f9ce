"""What a mail folder's name means: the well-known folder behind it, in many languages, and how well it hides."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache

from toolkit import reference

RISKS = ("none", "low", "medium", "high")


@cache
def _names() -> dict[str, tuple[str, str]]:
    with open(reference.path("mail_folders.csv"), encoding="utf-8", newline="") as file:
        return {_folded(row["name"]): (row["well_known"], row["hiding_risk"]) for row in csv.DictReader(file)}


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s_-]+", " ", plain).strip()


def meaning(path: str) -> tuple[str, str]:
    """`(well-known name, hiding risk)` of the part of a folder path that hides best; `("", "none")` for an own folder.

    Understands `user@x:\\RSS-Feeds`, `\\Archive\\x`, `:\\Archive\\x` and bare names. A name of one or two
    characters, or of symbols only, hides too: `("unnamed", "high")`.
    """
    parts = [p for p in re.split(r"[\\/]", path.rpartition(":")[2] or path) if p.strip()]
    found = [known for part in parts if (known := _names().get(_folded(part)))]
    last = parts[-1].strip() if parts else ""
    if last and _folded(last) not in _names() and (len(last) <= 2 or not any(c.isalnum() for c in last)):
        found.append(("unnamed", "high"))
    return max(found, key=lambda known: RISKS.index(known[1]), default=("", "none"))
