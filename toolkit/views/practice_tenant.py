"""The practice tenant of a case, started in this kernel where none runs: it was killed, or no lab is open."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from toolkit.case import Case
from toolkit.tenant.practice_folder import is_running

if TYPE_CHECKING:
    from toolkit.practice import PracticeTenant

_lock = threading.Lock()
_running: list[PracticeTenant] = []


def started_where_none_runs(case: Case) -> bool:
    """See that the tenant of a practice case runs; whether it had to be started, to run as long as the kernel.

    Raises:
        PracticeError: its state cannot be read, or another program starts it at this moment.
    """
    folder = case.folder / "practice"
    with _lock:
        if not case.practice or is_running(folder):
            return False
        from toolkit import practice

        _running.append(practice.start(folder))
        if len(_running) == 1:
            threading.Thread(target=_end_with_the_kernel, name="practice tenant of the kernel").start()
        return True


def _end_with_the_kernel() -> None:
    """Its threads would keep the process alive."""
    threading.main_thread().join()
    for tenant in _running:
        tenant.stop()
