"""The catalog: which parts of which tables are visible, and what each loaded file came to."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import CaseDamaged


@dataclass
class FileAccount:
    """What became of one evidence file: read = rows + duplicates + rejected; `partial` counts among `rows`.

    `format` and `table` are "" for a file that no format fits; `notes` are sentences for the analyst.
    """

    path: str
    format: str
    table: str
    read: int
    rows: int
    partial: int
    duplicates: int
    rejected: int
    sha256: str
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Part:
    """One immutable Parquet file of a table; a `merged` part holds rows that replace earlier ones."""

    path: str
    rows: int
    sha256: str
    merged: bool = False


@dataclass
class Catalog:
    """The visible state of a case. `version` grows by one with each load.

    `parts` are a table's rows, `again` the records of it that came again (`merge.Merging.write_again`).
    """

    version: int = 0
    parts: dict[str, list[Part]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: dict[str, list[Part]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Catalog:
        if not path.exists():
            return cls()
        try:
            data = json.loads(path.read_text("utf-8"))
            parts, again = (
                {table: [Part(**p) for p in found] for table, found in data[kind].items()}
                for kind in ("parts", "again")
            )
            return cls(data["version"], parts, data["files"], again)
        except (ValueError, KeyError, TypeError) as error:
            raise CaseDamaged(f"{path} cannot be read; restore it from a copy of the case.") from error

    @property
    def written(self) -> list[Part]:
        """Every file of the case that the catalog vouches for, but the evidence."""
        return [p for kind in (self.parts, self.again) for found in kind.values() for p in found]

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` as a whole: a reader sees the old bytes or the new, never half."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(scratch, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)
