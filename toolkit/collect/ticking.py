"""What is said of something that lasts and has nothing to say itself: how long it has been."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TELL = 10.0


@contextmanager
def told_while(tell: Callable[[float], None], every: float = TELL) -> Iterator[None]:
    """While the block lasts, `tell` gets the seconds since it began after each `every` of them, on another thread."""
    over, began = threading.Event(), time.monotonic()

    def ticking() -> None:
        while not over.wait(every):
            tell(time.monotonic() - began)

    thread = threading.Thread(target=ticking, daemon=True, name="telling how long it takes")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
