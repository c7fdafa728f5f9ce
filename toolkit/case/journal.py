"""The case's journal: append-only JSON Lines in which each line carries the hash of the one before.

Everything that happens to a case is one line here: files loaded, verdicts, notes, each call to a tenant before
and after it was made. The head (the hash of the last line) sums up all of it; a report cites it.
What the chain proves: that nothing before a cited head was changed or taken out since. What it does not: who
wrote it, or that the whole file was not written anew before anybody noted a head.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from toolkit.errors import CaseBusy, CaseDamaged

Clock = Callable[[], datetime]
EMPTY_HEAD = "0" * 64
LOCK_SECONDS = 30
LINES_KEPT = 4096


def system_clock() -> datetime:
    """The machine's time, in UTC. The only place that asks for it."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """UTC as text, e.g. `2026-09-18T14:00:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Entry:
    """One line: `seq` from 1, `time` (UTC text), `kind`, its own `fields` (not to be changed), and its `hash`."""

    seq: int
    time: str
    kind: str
    fields: dict[str, Any]
    previous: str
    hash: str


class Journal:
    """The chained file `journal.jsonl` of a case."""

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self.path = path
        self.clock = clock
        self._lock = FileLock(str(path) + ".lock", timeout=LOCK_SECONDS)

    def append(self, kind: str, **fields: Any) -> Entry:
        """Write one entry and flush it to disk before returning.

        Raises:
            CaseBusy: another process kept the journal locked for 30 s.
        """
        try:
            with self._lock:
                return self._append(kind, fields)
        except Timeout as error:
            raise CaseBusy(
                f"The journal of {self.path.parent} is being written by another process; try again."
            ) from error

    def entries(self, *kinds: str) -> list[Entry]:
        """All entries, or those of the given kinds, oldest first. A torn last line is left out."""
        return [e for e in self._read()[0] if not kinds or e.kind in kinds]

    @property
    def head(self) -> str:
        """SHA-256 of the last whole line; sixty-four zeros while there is none."""
        entries, _ = self._read()
        return entries[-1].hash if entries else EMPTY_HEAD

    def verify(self, head: str | None = None) -> list[str]:
        """What is wrong with the chain, one sentence each; empty when it holds.

        `head`: a hash noted earlier; it must be in the chain (it need not be the last).
        """
        try:
            entries, torn = self._read()
        except CaseDamaged as error:
            return [str(error)]
        problems = []
        if torn:
            problems.append(f"{self.path.name}: the last line was cut while being written ({len(torn)} bytes).")
        if head is not None and head != EMPTY_HEAD and head not in {e.hash for e in entries}:
            problems.append(f"{self.path.name}: the head {head[:16]}… is not in this journal.")
        return problems

    def _append(self, kind: str, fields: dict[str, Any]) -> Entry:
        last, torn = self._end()
        seq, previous = (last.seq + 1, last.hash) if last else (1, EMPTY_HEAD)
        if whole := _whole(torn.rpartition(b"\n")[2]):
            self._write(b"\n")  # all that was cut off is the line's end
            seq, previous = whole.seq + 1, whole.hash
        elif torn:
            # The cut bytes stay where they are; the new line names them, so that the chain has no silent hole.
            cut = torn.removesuffix(b"\n")
            closing = self._line(seq, "torn", previous, {"sha256": hashlib.sha256(cut).hexdigest(), "bytes": len(cut)})
            self._write((b"\n" if torn == cut else b"") + closing + b"\n")
            seq, previous = seq + 1, hashlib.sha256(closing).hexdigest()
        line = self._line(seq, kind, previous, fields)
        self._write(line + b"\n")
        return _entry(line)

    def _line(self, seq: int, kind: str, previous: str, fields: dict[str, Any]) -> bytes:
        head = {"seq": seq, "time": iso(self.clock()), "kind": kind, "previous": previous}
        return json.dumps(head | {"fields": fields}, ensure_ascii=True, separators=(",", ":")).encode()

    def _write(self, data: bytes) -> None:
        fresh = not self.path.exists()
        with open(self.path, "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if fresh and os.name == "posix":
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _end(self) -> tuple[Entry | None, bytes]:
        """The last whole entry and the bytes of a torn last line, without reading all that is before them."""
        if not self.path.exists():
            return None, b""
        size, tail = self.path.stat().st_size, 1 << 16
        while True:
            with open(self.path, "rb") as file:
                file.seek(max(0, size - tail))
                *lines, torn = file.read().split(b"\n")
            if tail >= size or len(lines) > 1:
                break
            tail *= 4
        if not lines:
            return None, torn
        try:
            return _entry(lines[-1]), torn
        except ValueError:
            entries, torn = self._read()
            return entries[-1] if entries else None, torn

    def _read(self) -> tuple[list[Entry], bytes]:
        """All whole entries and the torn bytes behind them; raises CaseDamaged where the chain breaks."""
        if not self.path.exists():
            return [], b""
        *lines, last = self.path.read_bytes().split(b"\n")
        entries: list[Entry] = []
        torn: list[bytes] = []
        for number, line in enumerate(lines, 1):
            entry = _whole(line)
            if entry is None:
                torn.append(line)
                continue
            expected = entries[-1].hash if entries else EMPTY_HEAD
            if entry.previous != expected or entry.seq != len(entries) + 1:
                raise CaseDamaged(
                    f"{self.path.name}, line {number}: the chain is broken here; the journal was changed."
                )
            named = entry.fields.get("sha256") if entry.kind == "torn" else None
            if torn and named != hashlib.sha256(b"\n".join(torn)).hexdigest():
                raise CaseDamaged(
                    f"{self.path.name}, line {number - 1}: this is no journal entry; the journal was changed."
                )
            torn = []
            entries.append(entry)
        return entries, b"\n".join([*torn, last])


def _whole(line: bytes) -> Entry | None:
    try:
        return _entry(line)
    except ValueError:
        return None


@lru_cache(maxsize=LINES_KEPT)
def _entry(line: bytes) -> Entry:
    """The line parsed; one that was read before is not parsed again, for the journal is read whole many times."""
    try:
        data = json.loads(line)
        return Entry(
            seq=data["seq"],
            time=data["time"],
            kind=data["kind"],
            fields=data["fields"],
            previous=data["previous"],
            hash=hashlib.sha256(line).hexdigest(),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a journal entry") from error
