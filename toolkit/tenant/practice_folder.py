"""Whether the practice tenant of a folder runs: its lock tells, which the system releases even at a crash."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

LOCK = "lock"


def is_running(folder: Path) -> bool:
    """Whether a practice tenant runs on `folder`; the file with its address may be left by one that was killed."""
    try:
        with (folder / LOCK).open("r+b") as file:
            return _held(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nobody can tell: its address will


def _held(file: IO[bytes]) -> bool:
    """Look for a moment, in a way that does not keep others from looking."""
    try:
        if os.name == "nt":
            import msvcrt

            windows: Any = msvcrt
            windows.locking(file.fileno(), windows.LK_NBLCK, 1)
            windows.locking(file.fileno(), windows.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
