"""Zip archives: what is inside, one file after another, within bounds.

Member names are shown, never used as paths: `../../x` is a file called that. Source: PKWARE APPNOTE.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.formats.containers import CHUNK, MAX_BYTES, MAX_RATIO

MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
MAX_MEMBERS = 20_000
_SYMLINK = 0o120000


@dataclass(frozen=True)
class Member:
    """One file of an archive: its `name`, and either where it was unpacked to or why it was not."""

    name: str
    path: Path | None
    problem: str = ""


def is_archive(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) in (MAGIC, EMPTY_MAGIC)


def members(archive: Path, scratch: Path) -> Iterator[Member]:
    """Unpack the archive's files into `scratch`, one at a time: each is gone when the next is asked for."""
    target, unpacked = scratch / "member", 0
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [e for e in opened.infolist() if not e.is_dir()]
            if any(e.filename == "[Content_Types].xml" for e in entries):
                yield Member(
                    "", None, "it is an Office document, such as an Excel workbook; save it as CSV and load that"
                )
                return
            if not entries:
                yield Member("", None, "the archive is empty")
            for number, entry in enumerate(entries):
                name = _shown(entry.filename)
                if number >= MAX_MEMBERS:
                    yield Member(name, None, f"the archive holds over {MAX_MEMBERS} files; the rest was not read")
                    return
                if problem := _refused(entry):
                    yield Member(name, None, problem)
                    continue
                bound = min(MAX_BYTES - unpacked, max(entry.compress_size * MAX_RATIO, CHUNK))
                problem = _unpack(opened, entry, target, bound)
                unpacked += target.stat().st_size if target.exists() else 0
                yield Member(name, None if problem else target, problem)
                target.unlink(missing_ok=True)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        yield Member("", None, f"the archive is damaged ({error}); export it again")


def _refused(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x1:
        return "it is encrypted; unpack the archive with its password and load what is inside"
    if (entry.external_attr >> 16) & 0o170000 == _SYMLINK:
        return "it is a link to another file, not a file"
    return ""


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, bound: int) -> str:
    """Write the member to `target`; what was wrong, "" for nothing."""
    written = 0
    try:
        with opened.open(entry) as reader, open(target, "wb") as writer:
            while block := reader.read(CHUNK):
                written += len(block)
                if written > bound:
                    return f"it unpacks to over {MAX_RATIO} times its size, or the archive to too much; it was not read"
                writer.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        return f"it cannot be unpacked ({error})"
    return ""


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in name)[:200]
