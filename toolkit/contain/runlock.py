"""One run at a time on a case: whoever comes second is told who is running what, and since when."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from toolkit.case import Case
from toolkit.case.journal import iso
from toolkit.errors import CaseBusy

LOCK = "containment.lock"
HOLDER = "containment.running.json"


@contextmanager
def running(case: Case, operator: str, what: str) -> Iterator[None]:
    """Hold the case's run lock while changing the tenant or settling what is in doubt.

    Raises:
        CaseBusy: another kernel, or another worker of this one, holds it.
    """
    lock = FileLock(case.folder / LOCK, timeout=0, thread_local=False)
    holder = case.folder / HOLDER
    try:
        lock.acquire()
    except Timeout:
        text = _held_by(case)
    else:
        try:
            about = {"operator": operator, "what": what, "since": iso(case.clock()), "process": os.getpid()}
            holder.write_text(json.dumps(about), "utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()
        return
    raise CaseBusy(text)


def running_elsewhere(case: Case) -> str:
    """Who is running what on this case now, and since when, as a sentence; "" if nobody is."""
    lock = FileLock(case.folder / LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return _held_by(case)
    lock.release()
    return ""


def _held_by(case: Case) -> str:
    try:
        about = json.loads((case.folder / HOLDER).read_text("utf-8"))
        return (
            f"{about['operator']} is running “{about['what']}” on this case since {about['since'][:19]}Z (process "
            f"{about['process']}); wait until that is done."
        )
    except (OSError, ValueError, KeyError):
        return "Another kernel is running an action on this case; wait until that is done."
