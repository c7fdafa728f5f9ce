"""Everything about the account as it stands, read and hashed into the case before anything is changed."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.case.catalog import write_atomically
from toolkit.case.journal import Entry, iso
from toolkit.contain.readings import READINGS, Reading
from toolkit.contain.target import Target
from toolkit.errors import TenantError
from toolkit.tenant import Rows, Tenant

TAKEN = "containment.snapshot"
TIME_IS_UP = "not read: the time for the snapshot was up"
TELL, LOOK = 10.0, 1.0
"""Seconds after which it is said how long a list takes, again and again, and after which that is looked at."""
Row = dict[str, Any]


@dataclass
class Snapshot:
    """`found`: the rows of each reading that worked; `problems`: why the others did not.

    `parts`: what came of the lists among the others that stayed cut. It shows what is there, never that nothing is.
    `taken`: the server's time of the last answer (UTC, ISO 8601); the case's own where nothing was answered.
    """

    target: Target
    taken: str = ""
    found: dict[str, list[Row]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[Row]] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""

    def rows(self, reading: str) -> list[Row]:
        """The rows of a reading, or what came of it; none where it could not be read (`problems` says so of both)."""
        return self.found.get(reading) or self.parts.get(reading, [])


def take(
    case: Case,
    tenant: Tenant,
    target: Target,
    *,
    seconds: float = 60.0,
    readings: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Snapshot:
    """Read everything that a plan may change (see `look`), and keep it in the case.

    It is written to `<case>/containment/snapshot-….json`, with its SHA-256 in the journal, unless the last one of
    the account says the same.
    """
    snapshot = look(case, tenant, target, seconds=seconds, readings=readings, progress=progress)
    keep(case, tenant, snapshot)
    return snapshot


def look(
    case: Case,
    tenant: Tenant,
    target: Target,
    *,
    seconds: float = 60.0,
    readings: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda text: None,
    share: Callable[[float], None] = lambda share: None,
    now: Callable[[], float] = time.monotonic,
    known: Mapping[str, Reading] = READINGS,
) -> Snapshot:
    """Read for at most `seconds`; what fails is noted and stops nothing, not even a service that does not answer.

    Before each reading `share` is told how much of all is behind it (0 to 1), then `progress` what is read.
    """
    snapshot = Snapshot(target, iso(case.clock()))
    until = now() + seconds
    wanted = tuple(known) if readings is None else readings
    dates = []
    for number, name in enumerate(wanted, 1):
        left = min(until - now(), tenant.session.time_left())
        if left <= 0:
            snapshot.problems[name] = TIME_IS_UP
            continue
        what = f"reading {known[name].title} ({number} of {len(wanted)})"
        share((number - 1) / len(wanted))
        progress(what)
        told = _within(left, known[name], tenant, target, _telling(tenant, what, progress))
        if isinstance(told, str):
            snapshot.problems[name] = told
            continue
        dates += [told.date] if told.date else []
        if not told.cut:
            snapshot.found[name] = told.rows
            continue
        snapshot.problems[name] = told.cut
        if told.rows:
            snapshot.parts[name] = told.rows
    if dates:
        snapshot.taken = iso(max(dates))
    return snapshot


def _within(
    seconds: float, reading: Reading, tenant: Tenant, target: Target, still: Callable[[float], None]
) -> Rows | str:
    """The answer of a reading, or why there is none; one that is not done in time is left to itself.

    `still` is told now and again for how many seconds it has been under way.
    """
    told: list[Rows | str] = []

    def read() -> None:
        try:
            told.append(reading.ask(tenant, target))
        except TenantError as error:
            told.append(str(error))
        except Exception as error:  # noqa: BLE001 (an answer of another shape must not stop an emergency)
            told.append(f"its answer has another shape than known ({type(error).__name__})")

    here = copy_context()  # a thread of its own knows no limit of time that was set here
    thread = threading.Thread(target=here.run, args=(read,), daemon=True, name=f"reading {reading.title}")
    thread.start()
    began = time.monotonic()
    while thread.is_alive() and (left := seconds - (time.monotonic() - began)) > 0:
        thread.join(min(LOOK, left))
        if thread.is_alive():
            still(time.monotonic() - began)
    return told[0] if told else TIME_IS_UP


def _telling(tenant: Tenant, what: str, progress: Callable[[str], None]) -> Callable[[float], None]:
    """What is said of a reading that lasts: the pause that a service asks for, else the seconds, each once."""
    said = [what]

    def still(seconds: float) -> None:
        pace = tenant.session.pace
        text = f"{what}, {seconds // TELL * TELL:.0f} s" if seconds >= TELL else what
        if pace is not None and pace.waiting:
            text = f"Waiting: {pace.waiting}"
        if text != said[-1]:
            said.append(text)
            progress(text)

    return still


def first_of(case: Case, target: Target) -> Snapshot | None:
    """Each list as the case first read it of an account; None if it read none, or the files are gone.

    A list that the first snapshot could not read, or not whole, is that of the first one which could.
    """
    taken = list(filter(None, (read_again(case, target, entry) for entry in entries_of(case, target, TAKEN))))
    if not taken:
        return None
    found: dict[str, list[Row]] = {}
    for snapshot in reversed(taken):
        found |= snapshot.found
    return replace(taken[0], found=found, problems={}, parts={})


def read_again(case: Case, target: Target, entry: Entry) -> Snapshot | None:
    """The snapshot that a journal entry names; None if its file is gone or cannot be read."""
    try:
        told = json.loads((Path(case.folder) / str(entry.fields["file"])).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    parts = told.get("parts", {})
    return Snapshot(target, told["taken"], told["found"], told["not_read"], parts, file=entry.fields["file"])


def entries_of(case: Case, target: Target, kind: str) -> list[Entry]:
    """The journal's entries of one kind of snapshot about one target, oldest first."""
    return [e for e in case.journal.entries(kind) if e.fields["target"].get("object_id") == target.object_id]


def keep(case: Case, tenant: Tenant, snapshot: Snapshot, *, kind: str = TAKEN, folder: str = "containment") -> None:
    """Write a snapshot into the case and its SHA-256 into the journal, unless the last one says the same."""
    what = [snapshot.found, sorted(snapshot.problems), *([snapshot.parts] if snapshot.parts else [])]
    said = json.dumps(what, sort_keys=True).encode("utf-8", "replace")
    content = hashlib.sha256(said).hexdigest()
    if any(entry.fields.get("content") == content for entry in entries_of(case, snapshot.target, kind)[-1:]):
        return
    told = {
        "account": snapshot.target.named,
        "tenant_id": tenant.tenant_id,
        "taken": snapshot.taken,
        "found": snapshot.found,
        "not_read": snapshot.problems,
        "parts": snapshot.parts,
    }
    data = json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    snapshot.sha256 = hashlib.sha256(data).hexdigest()
    place = Path(case.folder) / folder
    place.mkdir(exist_ok=True)
    file = place / f"snapshot-{snapshot.taken[:19].replace(':', '')}-{snapshot.sha256[:8]}.json"
    snapshot.file = file.relative_to(case.folder).as_posix()
    write_atomically(file, data)
    case.journal.append(
        kind,
        practice=case.practice,
        tenant_id=tenant.tenant_id,
        target=snapshot.target.named,
        file=snapshot.file,
        taken=snapshot.taken,
        sha256=snapshot.sha256,
        content=content,
        read={name: len(rows) for name, rows in snapshot.found.items()},
        not_read=snapshot.problems,
    )
