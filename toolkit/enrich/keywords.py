"""Words that tell what a text is about: money, warnings, security notices, in many languages."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache

from toolkit import reference


def folded(text: str) -> str:
    """Without case and accents, so that `Überweisung` and `UBERWEISUNG` are one word."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def keywords(text: str, *lists: str) -> list[str]:
    """The terms of these lists (`finance`, `warning`, `security_mail`, `lure`, `sensitive_search`) in a text."""
    plain = folded(text)
    return [term for name in lists for term, pattern in _patterns(name) if pattern.search(plain)]


@cache
def _patterns(name: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    with open(reference.path("keywords.csv"), encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["list"] == name]
    return tuple((row["term"], _pattern(folded(row["term"]), row["match"])) for row in rows)


def _pattern(term: str, match: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if match in ("whole_word", "prefix_word") else ""
    after = r"(?!\w)" if match == "whole_word" else ""
    return re.compile(before + re.escape(term) + after)
