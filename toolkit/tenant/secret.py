"""A value that must never be seen by accident: it hides itself wherever Python would print it."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Text that only `reveal()` gives out; printing, formatting, comparing and pickling do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __len__(self) -> int:
        return len(self._text)

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not stored.")
