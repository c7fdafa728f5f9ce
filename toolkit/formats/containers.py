"""From an evidence file to plain UTF-8 text: gzip and UTF-16 are undone into a scratch file, within bounds."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from toolkit.errors import EvidenceError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"(\xb5/\xfd"
FOREIGN = {
    b"PK\x03\x04": "a zip archive inside another one",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
}
MAX_BYTES = 20 * 2**30
MAX_RATIO = 400  # audit records compress 10 to 30 times; a bomb 1,000 times
CHUNK = 1 << 20


@dataclass
class PlainText:
    """A UTF-8 text file to read from, and what was odd on the way to it (one sentence each)."""

    path: Path
    notes: list[str] = field(default_factory=list)


def plain_text(evidence: Path, scratch: Path) -> PlainText:
    """The evidence as UTF-8 text, in place where it is that already, else in a file under `scratch`.

    Raises:
        EvidenceError: empty, or of a kind that is not text, or grows beyond the bounds when unpacked.
    """
    with open(evidence, "rb") as file:
        head = file.read(64)
    if not head:
        raise EvidenceError("the file is empty; export it again")
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise EvidenceError(f"the file is {what}; unpack it and load what is inside")
    text = PlainText(evidence)
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        text.path = scratch / "unpacked"
        kind = "gzip" if head.startswith(GZIP_MAGIC) else "zstd"
        _unpack(evidence, text, kind)
        with open(text.path, "rb") as file:
            head = file.read(64)
        if not head:
            raise EvidenceError(f"the {kind} file holds nothing readable; export it again")
    encoding = _utf16(head)
    if encoding:
        source, text.path = text.path, scratch / "transcoded"
        with (
            open(source, encoding=encoding, errors="replace", newline="") as reader,
            open(text.path, "w", encoding="utf-8", errors="replace", newline="") as writer,
        ):
            while block := reader.read(CHUNK):
                writer.write(block)
    return text


def mend_encoding(text: PlainText, scratch: Path) -> bool:
    """Where the text is not UTF-8 but, as Excel saves it, Windows-1252: write it as UTF-8 and say so.

    A few stray bytes in a UTF-8 file stay with it: readers replace them. False if nothing was rewritten.
    """
    bad = other = 0
    with open(text.path, encoding="utf-8", errors="replace", newline="") as reader:
        while block := reader.read(CHUNK):
            bad += block.count("\ufffd")
            other += 0 if block.isascii() else sum(1 for c in block if c > "\x7f")
    if not bad:
        return False
    if bad <= other - bad:
        text.notes.append(f"{bad} bytes are not UTF-8; they were replaced")
        return False
    source, text.path = text.path, scratch / "windows-1252"
    with (
        open(source, encoding="cp1252", errors="replace", newline="") as reader,
        open(text.path, "w", encoding="utf-8", newline="") as writer,
    ):
        while block := reader.read(CHUNK):
            writer.write(block)
    text.notes.append("it is not UTF-8; it was read as Windows-1252")
    return True


def _utf16(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 8 and head[1::2].count(0) > len(head) // 3 and head[0::2].count(0) == 0:
        return "utf-16-le"
    return ""


def _unpack(evidence: Path, text: PlainText, kind: str) -> None:
    size, written = evidence.stat().st_size, 0
    with open(text.path, "wb") as writer:
        for block in _unpacked(evidence, text.notes, kind):
            written += len(block)
            if written > min(MAX_BYTES, max(size * MAX_RATIO, CHUNK)):
                raise EvidenceError(f"the {kind} file unpacks to over {MAX_RATIO} times its size; it was not read")
            writer.write(block)


def _unpacked(evidence: Path, notes: list[str], kind: str) -> Iterator[bytes]:
    try:
        if kind == "gzip":
            with gzip.open(evidence) as reader:
                # read1: what could be unpacked before a cut is handed out, not thrown away with the error.
                while block := reader.read1(CHUNK):
                    yield block
        else:
            with pa.input_stream(str(evidence), compression="zstd") as stream:
                while block := stream.read(CHUNK):
                    yield block
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
        notes.append(f"the {kind} file is cut or damaged; what came before the break was read, export it again")
