"""Ids, numbers and choices that follow from a seed alone, so that a scenario is the same on every machine."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

Record = dict[str, Any]
"""One JSON object as a service writes it."""

_T = TypeVar("_T")


def utc(text: str) -> datetime:
    """`2026-09-16 07:41:05` as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Draw:
    """Draws that depend on the seed and a key, never on the order in which they are made.

    Python's own generators would do, but one more draw anywhere would move everything after it.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._namespace = uuid.uuid5(uuid.NAMESPACE_URL, f"https://contoso.com/practice/{seed}")

    def uuid(self, *key: object) -> str:
        """A GUID in the usual lower-case text form."""
        return str(uuid.uuid5(self._namespace, _text(key)))

    def hexadecimal(self, length: int, *key: object) -> str:
        """Upper-case hexadecimal digits, at most 64."""
        return hashlib.sha256(f"{self._seed}|hex|{_text(key)}".encode()).hexdigest()[:length].upper()

    def number(self, low: int, high: int, *key: object) -> int:
        """A whole number from `low` to `high`, both included."""
        digest = hashlib.sha256(f"{self._seed}|number|{_text(key)}".encode()).digest()
        return low + int.from_bytes(digest[:12], "big") % (high - low + 1)

    def chance(self, percent: int, *key: object) -> bool:
        """True in `percent` of a hundred cases."""
        return self.number(1, 100, "chance", *key) <= percent

    def pick(self, options: Sequence[_T], *key: object) -> _T:
        """One of the options."""
        return options[self.number(0, len(options) - 1, "pick", *key)]


def _text(key: tuple[object, ...]) -> str:
    return "/".join(str(part) for part in key)
