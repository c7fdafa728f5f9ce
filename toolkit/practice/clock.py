"""The tenant's clock: starts at the scenario's instant, runs with real time, stands still while nothing runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

Seconds = Callable[[], float]
"""A source of real seconds that never goes back, such as `time.monotonic`."""


class Clock:
    """Tenant time (UTC). It never goes back, also not across a restart on the same folder."""

    def __init__(self, start: datetime, seconds: Seconds = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._seconds = seconds
        self._began = seconds()
        self._latest = start

    def now(self) -> datetime:
        """The tenant's time."""
        with self._lock:
            elapsed = timedelta(seconds=self._seconds() - self._began)
            self._latest = max(self._latest, self._start + elapsed)
            return self._latest

    def advance(self, seconds: float) -> None:
        """Moves the clock forward, for tests and exercises. Raises `ValueError` for a step back."""
        if seconds < 0:
            raise ValueError("the tenant's clock does not go back")
        with self._lock:
            self._start += timedelta(seconds=seconds)
