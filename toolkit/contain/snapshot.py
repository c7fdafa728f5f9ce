"""Everything about the account as it stands, read and hashed into the case before anything is changed."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.case.catalog import write_atomically
from toolkit.case.journal import Entry, iso
from toolkit.contain.readings import READINGS
from toolkit.contain.target import Target
from toolkit.errors import TenantError
from toolkit.tenant import Tenant

TAKEN = "containment.snapshot"
TIME_IS_UP = "not read: the time for the snapshot was up"
Row = dict[str, Any]


@dataclass
class Snapshot:
    """`found`: the rows of each reading that worked; `problems`: why the others did not; `taken` (UTC, ISO 8601)."""

    target: Target
    taken: str = ""
    found: dict[str, list[Row]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""

    def rows(self, reading: str) -> list[Row]:
        """The rows of a reading; none where it could not be read (`problems` says so)."""
        return self.found.get(reading, [])


def take(
    case: Case,
    tenant: Tenant,
    target: Target,
    *,
    seconds: float = 60.0,
    readings: Collection[str] = tuple(READINGS),
    progress: Callable[[str], None] = lambda text: None,
) -> Snapshot:
    """Read everything that a plan may change (see `look`), and keep it in the case.

    It is written to `<case>/containment/snapshot-….json`, with its SHA-256 in the journal, unless the last one of
    the account says the same.
    """
    snapshot = look(case, tenant, target, seconds=seconds, readings=readings, progress=progress)
    _keep(case, tenant, snapshot)
    return snapshot


def look(
    case: Case,
    tenant: Tenant,
    target: Target,
    *,
    seconds: float = 60.0,
    readings: Collection[str] = tuple(READINGS),
    progress: Callable[[str], None] = lambda text: None,
    now: Callable[[], float] = time.monotonic,
) -> Snapshot:
    """Read for at most `seconds`; what fails is noted and stops nothing, not even a service that does not answer."""
    snapshot = Snapshot(target, iso(case.clock()))
    until = now() + seconds
    for number, name in enumerate(readings, 1):
        left = until - now()
        if left <= 0:
            snapshot.problems[name] = TIME_IS_UP
            continue
        progress(f"reading {READINGS[name].title.lower()} ({number} of {len(readings)})")
        told = _within(left, name, tenant, target)
        if isinstance(told, str):
            snapshot.problems[name] = told
        else:
            snapshot.found[name] = told
    return snapshot


def _within(seconds: float, name: str, tenant: Tenant, target: Target) -> list[Row] | str:
    """The rows of a reading, or why there are none; one that is not done in time is left to itself."""
    told: list[list[Row] | str] = []

    def read() -> None:
        try:
            told.append(READINGS[name].read(tenant, target).rows)
        except TenantError as error:
            told.append(str(error))
        except Exception as error:  # noqa: BLE001 (an answer of another shape must not stop an emergency)
            told.append(f"its answer has another shape than known ({type(error).__name__})")

    thread = threading.Thread(target=read, daemon=True, name=f"reading {name}")
    thread.start()
    thread.join(seconds)
    return told[0] if told else TIME_IS_UP


def first_of(case: Case, target: Target) -> Snapshot | None:
    """The first snapshot that the case has of an account; None if there is none, or its file is gone."""
    for entry in _entries(case, target):
        try:
            told = json.loads((Path(case.folder) / str(entry.fields["file"])).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        return Snapshot(target, told["taken"], told["found"], told["not_read"], entry.fields["file"])
    return None


def _entries(case: Case, target: Target) -> list[Entry]:
    return [e for e in case.journal.entries(TAKEN) if e.fields["target"].get("object_id") == target.object_id]


def _keep(case: Case, tenant: Tenant, snapshot: Snapshot) -> None:
    said = json.dumps([snapshot.found, snapshot.problems], sort_keys=True).encode("utf-8", "replace")
    content = hashlib.sha256(said).hexdigest()
    if any(entry.fields.get("content") == content for entry in _entries(case, snapshot.target)[-1:]):
        return
    told = {
        "account": snapshot.target.named,
        "tenant_id": tenant.tenant_id,
        "taken": snapshot.taken,
        "found": snapshot.found,
        "not_read": snapshot.problems,
    }
    data = json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    snapshot.sha256 = hashlib.sha256(data).hexdigest()
    folder = Path(case.folder) / "containment"
    folder.mkdir(exist_ok=True)
    file = folder / f"snapshot-{snapshot.taken[:19].replace(':', '')}-{snapshot.sha256[:8]}.json"
    snapshot.file = file.relative_to(case.folder).as_posix()
    write_atomically(file, data)
    case.journal.append(
        TAKEN,
        practice=case.practice,
        tenant_id=tenant.tenant_id,
        target=snapshot.target.named,
        file=snapshot.file,
        sha256=snapshot.sha256,
        content=content,
        read={name: len(rows) for name, rows in snapshot.found.items()},
        not_read=snapshot.problems,
    )
