"""What asking cost: requests, repeats, seconds held back by the service, bytes; counted for one piece of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Meter:
    """Counts of one piece of work. `throttled` is in seconds; `request_ids` are the GUIDs that were sent (the last
    hundred), under which the service can find them in its own logs."""

    requests: int = 0
    retries: int = 0
    throttled: float = 0.0
    received_bytes: int = 0
    request_ids: list[str] = field(default_factory=list)

    def sent(self, request_id: str) -> None:
        self.requests += 1
        self.request_ids = [*self.request_ids[-99:], request_id]


class Meters:
    """The meters that are running in this thread; each request is counted by all of them."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def running(self) -> list[Meter]:
        found: list[Meter] = getattr(self._local, "meters", [])
        return found

    @contextmanager
    def measure(self) -> Iterator[Meter]:
        """A meter for what this thread sends inside the block."""
        meter = Meter()
        before = self.running
        self._local.meters = [*before, meter]
        try:
            yield meter
        finally:
            self._local.meters = before
