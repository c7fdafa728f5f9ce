"""Work beside the kernel's main thread: one worker at a time, whose events one updater takes off a queue."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.errors import ToolkitError

Emit = Callable[[str, Any], None]


@dataclass(frozen=True)
class Event:
    """Something a worker has to say: its `kind`, and what goes with it."""

    kind: str
    value: Any = None


class Desk:
    """Runs jobs in threads, one at a time, and brings their events to `update` on the thread that made the desk.

    Where a click runs depends on the kernel's version (main thread or beside it), so neither handlers nor workers
    touch widgets: they only put events here. Without an event loop, `drain()` has to be called.
    """

    def __init__(self, update: Callable[[Event], None]) -> None:
        self._update = update
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._draining = threading.RLock()
        self._thread: threading.Thread | None = None
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def start(self, job: Callable[[Emit], None]) -> bool:
        """Begin a job unless one is going on; returns whether it began."""
        if not self._busy.acquire(blocking=False):
            return False
        self._thread = threading.Thread(target=self._work, args=(job,), daemon=True, name="containment")
        self.put("busy")
        self._thread.start()
        return True

    @property
    def busy(self) -> bool:
        """Whether a job is going on now."""
        return self._busy.locked()

    def put(self, kind: str, value: Any = None) -> None:
        """Leave an event and wake the updater. Safe from any thread."""
        self._events.put(Event(kind, value))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Give every waiting event to the updater."""
        with self._draining:
            while True:
                try:
                    event = self._events.get_nowait()
                except queue.Empty:
                    return
                self._update(event)

    def wait(self, seconds: float = 60.0) -> None:
        """Wait for the job that is going on, then drain: for use without an event loop."""
        if self._thread is not None:
            self._thread.join(seconds)
        self.drain()

    def _work(self, job: Callable[[Emit], None]) -> None:
        try:
            job(self.put)
        except ToolkitError as error:
            self.put("problem", str(error))
        except Exception as error:  # noqa: BLE001 - a worker's error must reach the screen, its text may hold anything
            self.put(
                "problem", f"Something went wrong that should not ({type(error).__name__}); nothing more was sent."
            )
        finally:
            self._busy.release()
            self.put("busy")
