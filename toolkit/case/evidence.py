"""Evidence files in the case: copied once, untouched, named by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from toolkit.errors import EvidenceError

CHUNK = 1 << 20


def take_in(path: Path, folder: Path, report: Callable[[float], None] = lambda _share: None) -> tuple[Path, str]:
    """Copy `path` into `folder` while hashing it; returns the copy and its SHA-256. `report` is told the share done.

    Raises:
        EvidenceError: the file cannot be read, or is no ordinary file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    incoming = folder / f".incoming.{os.getpid()}"
    digest = hashlib.sha256()
    try:
        if not path.is_file():
            raise EvidenceError("there is no such file" if not path.exists() else "it is no ordinary file")
        size = path.stat().st_size
        with open(path, "rb") as reader, open(incoming, "wb") as writer:
            while block := reader.read(CHUNK):
                digest.update(block)
                writer.write(block)
                report(writer.tell() / max(size, 1))
    except OSError as error:
        incoming.unlink(missing_ok=True)
        raise EvidenceError(f"it cannot be read ({error.strerror or error})") from error
    sha256 = digest.hexdigest()
    kept = folder / (sha256 + _suffix(path))
    existing = find(folder, sha256)
    if existing:
        incoming.unlink()
        return existing, sha256
    os.replace(incoming, kept)
    kept.chmod(stat.S_IREAD)
    return kept, sha256


def find(folder: Path, sha256: str) -> Path | None:
    """The evidence file of that hash, if the case has it."""
    return next(iter(sorted(folder.glob(f"{sha256}*"))), None)


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _suffix(path: Path) -> str:
    found = re.fullmatch(r"\.[a-z0-9]{1,8}", path.suffix.lower())
    return found[0] if found else ""
