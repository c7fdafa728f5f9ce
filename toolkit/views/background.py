"""Long work behind a panel: a worker thread that reports, and one updater that alone touches the widgets.

A click's handler must return at once, or the other buttons are dead while it runs; and widgets must not be
touched from the thread that works (which of them a kernel tolerates differs between its versions).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

Say = Callable[[Any], None]
Stopped = Callable[[], bool]


class Background:
    """Runs one piece of work at a time; `on_event` and `on_end` are called by the updater, in order.

    `on_end` gets the exception that ended the work, or None.
    """

    def __init__(self, on_event: Say, on_end: Callable[[Exception | None], None]) -> None:
        self._on_event = on_event
        self._on_end = on_end
        self._busy = threading.Lock()
        self._stop = threading.Event()

    def start(self, work: Callable[[Say, Stopped], None]) -> bool:
        """Start `work(say, stopped)`; false, and nothing happens, while other work runs (a second click)."""
        if not self._busy.acquire(blocking=False):
            return False
        self._stop.clear()
        events: queue.Queue[tuple[bool, Any]] = queue.Queue()

        def run() -> None:
            error: Exception | None = None
            try:
                work(lambda event: events.put((False, event)), self._stop.is_set)
            except Exception as caught:  # noqa: BLE001 (shown to the person by on_end)
                error = caught
            events.put((True, error))

        def update() -> None:
            try:
                while True:
                    last, event = events.get()
                    if last:
                        self._on_end(event)
                        return
                    self._on_event(event)
            finally:
                self._busy.release()

        threading.Thread(target=update, daemon=True).start()
        threading.Thread(target=run, daemon=True).start()
        return True

    def stop(self) -> None:
        """Ask the work to stop at its next step."""
        self._stop.set()


class InOrder:
    """Does pieces of work one after another, none dropped; `on_result` gets each result (or exception) in order.

    All work runs on one thread, so that it keeps one database cursor; `on_result` is called by the updater.
    """

    def __init__(self, on_result: Say) -> None:
        self._on_result = on_result
        self._work: queue.Queue[Callable[[], Any]] = queue.Queue()
        self._results: queue.Queue[Any] = queue.Queue()
        self._started = threading.Lock()

    def put(self, work: Callable[[], Any]) -> None:
        """Line up a piece of work and return; a result of None is not reported."""
        self._work.put(work)
        if self._started.acquire(blocking=False):
            threading.Thread(target=self._do, daemon=True).start()
            threading.Thread(target=self._update, daemon=True).start()

    def _do(self) -> None:
        while True:
            work = self._work.get()
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 (shown to the person by on_result)
                result = error
            if result is not None:
                self._results.put(result)

    def _update(self) -> None:
        while True:
            self._on_result(self._results.get())
