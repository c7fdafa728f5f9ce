"""What asking cost: requests, repeats, seconds held back by the service, bytes; counted for one piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Meter:
    """Counts of one piece of work. `throttled` is in seconds; `request_ids` are the GUIDs that were sent, in order,
    under which the service can find them in its own logs."""

    requests: int = 0
    retries: int = 0
    throttled: float = 0.0
    received_bytes: int = 0
    request_ids: list[str] = field(default_factory=list)

    def sent(self, request_id: str) -> None:
        self.requests += 1
        self.request_ids.append(request_id)


_RUNNING: ContextVar[tuple[tuple[Meters, Meter], ...]] = ContextVar("running meters", default=())


class Meters:
    """The meters that are running in this context; each request is counted by all of them.

    A thread counts for whoever started it where it was started with a copy of the context.
    """

    @property
    def running(self) -> list[Meter]:
        return [meter for owner, meter in _RUNNING.get() if owner is self]

    @contextmanager
    def measure(self) -> Iterator[Meter]:
        """A meter for what is sent inside the block."""
        meter = Meter()
        before = _RUNNING.set((*_RUNNING.get(), (self, meter)))
        try:
            yield meter
        finally:
            _RUNNING.reset(before)
