"""A progress bar for long work: in a notebook a widget, in a terminal a line, elsewhere nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from tqdm.auto import tqdm

SHOW_AFTER = 1.0  # seconds; shorter work needs no bar


def bar(what: str, total: int, unit: str = "B") -> Any:
    """A tqdm bar that appears when the work takes longer than a second."""
    shown = "ipykernel" in sys.modules or sys.stderr.isatty()
    return tqdm(total=total, desc=what, unit=unit, unit_scale=True, delay=SHOW_AFTER, leave=False, disable=not shown)


def watched(what: str, work: Callable[[], object], percent: Callable[[], float], interrupt: Callable[[], None]) -> None:
    """Run `work` in a thread of its own and show how far it is; an interrupt by the user stops it."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # handed on to the caller below
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    with bar(what, 100, "%") as shown:
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.2)
                shown.update(max(0.0, min(percent(), 100.0) - shown.n))
        except KeyboardInterrupt:
            interrupt()
            thread.join()
            raise
    if failure:
        raise failure[0]
