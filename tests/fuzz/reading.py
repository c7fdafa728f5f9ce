"""One bent file through the readers: each record is handed on or set aside, none twice, none lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from toolkit.errors import EvidenceError
from toolkit.formats.source import Reader


def read(data: bytes) -> int:
    """How many records the file had; asserts that every one is accounted for.

    Anything but an EvidenceError with one sentence is a failure.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        scratch = Path(folder)
        evidence = scratch / "evidence"
        evidence.write_bytes(data)
        try:
            sources = Reader(evidence, scratch).careful()
        except EvidenceError as error:
            sentence = str(error)
            sources = []
        else:
            sentence = "read"
        assert sentence
        assert sentence.isprintable()
        if not sources:
            return 0
        kept = [
            position
            for sheet in scratch.glob("records-*.parquet")
            for position in pq.read_table(sheet, columns=["position"])["position"].to_pylist()
        ]
        rejected = [r for source in sources for r in source.rejected]
        positions = sorted(kept + [r.position for r in rejected])
        assert positions == list(range(1, len(positions) + 1))
        assert all(r.reason for r in rejected)
        return len(positions)
