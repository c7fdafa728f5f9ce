"""How far long work is: told to whoever asked, else drawn as a bar in a notebook's cell or a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import duckdb
from tqdm.auto import tqdm

SHOW_AFTER = 1.0  # seconds; shorter work needs no bar


class Bars:
    """A `Report` that draws a bar for each thing that is done, where somebody can see it. Used in a `with`."""

    def __init__(self) -> None:
        self._shown = "ipykernel" in sys.modules or sys.stderr.isatty()
        self._what = ""
        self._bar: Any = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, what: str, share: float) -> None:
        if not self._shown:
            return
        if what != self._what:
            self.__exit__(None, None, None)
            self._what = what
            self._bar = tqdm(total=100, desc=what, unit="%", delay=SHOW_AFTER, leave=False)
        self._bar.update(max(0.0, round(100 * share, 1) - self._bar.n))


def watched(cursor: duckdb.DuckDBPyConnection, query: str, report: Callable[[float], None]) -> None:
    """Run `query` in a thread of its own and tell how far it is; an interrupt by the user stops it."""
    failure: list[BaseException] = []
    cursor.execute("SET enable_progress_bar = true")
    cursor.execute("SET enable_progress_bar_print = false")

    def run() -> None:
        try:
            cursor.execute(query)
        except BaseException as error:  # noqa: BLE001  # handed on to the caller below
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
            report(max(0.0, cursor.query_progress()) / 100)
    except KeyboardInterrupt:
        cursor.interrupt()
        thread.join()
        raise
    if failure:
        raise failure[0]
