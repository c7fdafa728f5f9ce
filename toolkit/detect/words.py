"""Evidence in words: places, networks and lists, as the sentences of findings use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

CLASS_WORDS = {"hosting": "a hosting network", "vpn": "a VPN network", "tor": "the Tor network"}


def text(value: Any) -> str:
    """A cell as text; nothing for an empty one."""
    return value if isinstance(value, str) else ""


def short(value: str, length: int = 80) -> str:
    clean = " ".join(value.split())
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def listed(values: Iterable[str], most: int = 3) -> str:
    """Each once: `a, b, c and 2 more`."""
    some = list(dict.fromkeys(v for v in values if v))
    return ", ".join(short(v) for v in some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")


def moment(time: Any) -> str:
    """`2026-03-02 08:30 UTC`, as far as the record says."""
    return "a time the record does not say" if pd.isna(time) else f"{time:%Y-%m-%d %H:%M} UTC"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def place(row: Any) -> str:
    """`Bucharest, RO`, as far as the row knows."""
    return ", ".join(part for part in (text(row.city), text(row.country)) if part) or "an unknown place"


def network(row: Any) -> str:
    """` (M247 Europe SRL; a hosting network)`: who runs the network and what class it is of."""
    parts = [p for p in (text(row.organisation), CLASS_WORDS.get(text(row.network_class), "")) if p]
    return f" ({'; '.join(parts)})" if parts else ""
