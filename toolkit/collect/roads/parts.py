"""What a window of the audit log is split into that cannot be made shorter: record types, and of one its operations.

No service says which record types there are. Asked for is every one that is known by name (`audit_record_types.csv`,
from Microsoft Graph's metadata) or that a row showed, so that the parts do not rest on a guess alone; and what came is
compared to what the service counts, and to what came without the split.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from typing import Any

from toolkit import reference
from toolkit.collect.pull import Asked, Pull
from toolkit.errors import TenantAnswer

Seen = dict[str, set[str]]
"""Record types that rows showed, each with its operations."""
NO_SUCH_TYPE = "the service knows no such record type"
UNPROVEN = (
    "more records within two seconds than one answer gives: they came by record type, by every one that is known or "
    "was seen; whether there are others the service does not say"
)
OPERATIONS = (
    "more records of one record type within two seconds than one answer gives: only the operations that were seen "
    "could be asked for apart, and there may be others"
)


@cache
def known_record_types() -> tuple[str, ...]:
    """The names of all record types that are known."""
    with reference.path("audit_record_types.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(row["name"] for row in csv.DictReader(rows))


@cache
def _names() -> dict[str, str]:
    with reference.path("ual_record_types.csv").open(encoding="utf-8", newline="") as rows:
        return {name.lower(): row["name"] for row in csv.DictReader(rows) for name in (row["id"], row["name"])}


def note(seen: Seen, record_type: Any, operation: Any) -> None:
    """Remember what a row showed; a record type may come as its name, in any case, or as its number."""
    text = str(record_type or "").strip()
    if text:
        seen.setdefault(_names().get(text.lower(), text), set()).add(str(operation or "").strip())


def parts_of(asked: Asked, seen: Seen, *, known: bool, lists: bool) -> list[Asked]:
    """The parts of a window that cannot be made shorter; none where it is one operation already.

    `known`: ask for record types that no row showed too. `lists`: the service takes several of them at once.
    """
    if asked.operations:
        return []
    if len(asked.record_types) == 1:
        operations = sorted({one for group in seen.values() for one in group if one})
        return [replace(asked, operations=(one,)) for one in operations]
    shown = sorted(seen)
    if not known:
        return [replace(asked, record_types=(one,)) for one in shown]
    folded = {one.lower() for one in shown}
    rest = tuple(one for one in asked.record_types or known_record_types() if one.lower() not in folded)
    further = [rest] if lists and rest else [(one,) for one in rest]
    return [replace(asked, record_types=types) for types in ([(one,) for one in shown] + further)]


def refused(error: TenantAnswer, asked: Asked) -> bool:
    """Whether the service says that it has no record type of that name."""
    named = "auditrecordtype" in str(error).lower() or "auditlogrecordtype" in str(error).lower()
    return bool(asked.record_types) and error.status == 400 and named


def joined(parts: Pull, asked: Asked, found: set[str], said: int | None, *, cut: bool) -> Pull:
    """What the parts of a window come to.

    `found` is what came without the split, `said` how many records the service counts, `cut` whether that number is
    only where it stopped. Whole and proven where the parts have as many as it counts.
    """
    lacking, counted = len(found - parts.ids), parts.expected or 0
    parts.ids |= found
    parts.received = max(parts.received, len(parts.ids))
    if not parts.whole:
        return parts
    if lacking:
        parts.whole, parts.reason = False, f"{lacking:,} records that came before the split are in no part of it"
    elif cut and asked.record_types and len(asked.record_types) == 1:
        parts.whole, parts.reason = False, OPERATIONS
    elif said is None or (counted < said if cut else counted != said):
        told = "it does not say how many records there are" if said is None else f"it counts {said:,} records"
        parts.whole, parts.reason = False, f"{told}, and {counted:,} came by record type"
    elif cut:
        parts.proven, parts.reason = False, UNPROVEN
    return parts
