"""Values of a service's answers, whatever came: evidence has any shape."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def text(value: Any) -> str:
    """One value of a service as text; nothing for null."""
    return "" if value is None else str(value)


def listed(value: Any) -> list[str]:
    """A list of texts, whatever came: a JSON list, one text, or null."""
    if isinstance(value, list | tuple):
        return [text(one) for one in value if one is not None]
    return [text(value)] if text(value) else []


def record(value: Any) -> Row:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}
