"""What ids look like, and what the files of a collection are called, so that a person can read what came in.

What a mark says, and what the tenant calls its lists, is written by others: only letters, digits, dots, hyphens and
underscores of it are kept, and not many.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
LONGEST = 40
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(source: str, about: str, start: datetime, end: datetime) -> str:
    """E.g. `audit-log-katrin.vogel-2026-09-11-to-2026-09-18.json`; `end` is not in it, `about` may be ""."""
    first, last = start.date(), (max(end, start + timedelta(microseconds=1)) - timedelta(microseconds=1)).date()
    days = f"{first}" if first == last else f"{first}-to-{last}"
    return f"{'-'.join(filter(None, (_plain(source), _plain(about), days)))}.json"


def person(name: str) -> str:
    """The part of a user principal name before its domain."""
    return name.partition("@")[0]


def _plain(text: str) -> str:
    return re.sub(r"\.{2,}", ".", _ODD.sub("-", text[:200])).strip("-._")[:LONGEST].strip("-._")
