"""A span of time to ask for: half-open, so that what lies on a border comes once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Window:
    """From `start` up to, and without, `end`; both UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError("a window ends after it starts")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def halves(self) -> tuple[Window, Window]:
        """The earlier and the later half, cut at a whole second."""
        middle = (self.start + self.length / 2).replace(microsecond=0)
        return Window(self.start, middle), Window(middle, self.end)

    def cut(self, longest: timedelta, fresh: timedelta = timedelta(0)) -> list[Window]:
        """Pieces of at most `longest`, newest first, cut at whole multiples of it (days: at midnight UTC).

        The last `fresh` part is cut into days, as what is new may still grow and is asked for again.
        """
        if fresh and longest > DAY and self.length > fresh:
            border = self.end - fresh
            return Window(border, self.end).cut(DAY) + Window(self.start, border).cut(longest)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        pieces, start = [], self.start
        while start < self.end:
            border = epoch + ((start - epoch) // longest + 1) * longest
            end = min(border, self.end)
            pieces.append(Window(start, end))
            start = end
        return pieces[::-1]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def text_of(moment: datetime) -> str:
    """A time as the services take it: ISO 8601, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
