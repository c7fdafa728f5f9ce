"""What a practice tenant keeps in its folder: the state that can change, the request log, one lock."""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from toolkit.errors import PracticeError
from toolkit.practice.names import Record
from toolkit.practice.scenario import beginning

STATE = "state.json"
REQUESTS = "requests.jsonl"
_LOCK = "lock"


def write_whole(path: Path, text: str) -> None:
    """Replaces a file in one step, so that no reader ever sees half of it."""
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)


class FolderLock:
    """Keeps a second practice tenant, or a reset, off a folder in use. Released by the system at a crash."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = (folder / _LOCK).open("a+b")
        for patience in (0.05, 0.2, 0.0):  # whoever looks whether it is locked holds it for a moment
            try:
                _lock(self._file)
                return
            except OSError:
                time.sleep(patience)
        self._file.close()
        raise PracticeError(f"A practice tenant is already running in {folder}; stop it first.")

    def release(self) -> None:
        """Gives the folder free."""
        self._file.close()


def _lock(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        windows: Any = msvcrt
        windows.locking(file.fileno(), windows.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Store:
    """State and request log of one folder. The caller holds the tenant's lock around each use."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.folder = folder
        self.state = self._read(scenario)

    def _read(self, scenario: str) -> Record:
        path = self.folder / STATE
        if not path.exists():
            return beginning(scenario)
        try:
            state: Record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            state = {}
        if state.get("scenario") != scenario:
            raise PracticeError(f'{path} is not the state of the scenario "{scenario}"; reset the practice tenant.')
        # A state of an earlier version lacks what that version did not play.
        return beginning(scenario) | state

    def latest_time(self) -> datetime:
        """The latest tenant time that anybody was told: from the state, or from the request log after a crash."""
        told = [str(self.state["tenant_time"])]
        told += [str(line["time"]) for line in self.requests()[-1:]]
        return max(datetime.fromisoformat(moment) for moment in told).astimezone(UTC)

    def save(self, now: datetime) -> None:
        """Writes the state."""
        self.state["tenant_time"] = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        write_whole(self.folder / STATE, json.dumps(self.state, ensure_ascii=False))

    def log(self, line: Record) -> None:
        """Appends one line to the request log."""
        with (self.folder / REQUESTS).open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")

    def requests(self) -> list[Record]:
        """The request log; a last line cut by a crash is left out."""
        path = self.folder / REQUESTS
        lines: list[Record] = []
        if path.exists():
            for text in path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):
                    lines.append(json.loads(text))
        return lines


def forget(folder: Path) -> None:
    """Deletes state and request log. Raises `PracticeError` while a practice tenant runs there."""
    lock = FolderLock(folder)
    try:
        for name in (STATE, REQUESTS, "endpoint.json"):
            (folder / name).unlink(missing_ok=True)
    finally:
        lock.release()
