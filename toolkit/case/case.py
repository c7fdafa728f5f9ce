"""The case itself: opening it, what it is about, and the rooms inside its folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from toolkit.case.journal import Clock, Journal, system_clock
from toolkit.errors import CaseDamaged, CaseNotFound

LAYOUT = 1


class Case:
    """One investigation, in one folder that several notebooks and the command line may have open at once.

    `folder` is the case's place, `journal` its chained record, `practice` true for a case of the practice
    tenant, `clock` the time that windows and ledgers count from.
    """

    def __init__(self, folder: Path, about: dict[str, Any], clock: Clock = system_clock) -> None:
        self.folder = folder
        self.about = about
        self.clock = clock
        self.journal = Journal(folder / "journal.jsonl", clock)

    @property
    def name(self) -> str:
        return str(self.about["name"])

    @property
    def practice(self) -> bool:
        return bool(self.about.get("practice", False))


def open_case(
    folder: str | os.PathLike[str],
    *,
    create: bool = True,
    practice: bool = False,
    clock: Clock = system_clock,
) -> Case:
    """Open the case in `folder`; make it first if there is none and `create` is true.

    `practice` marks a case that is being made as one of the practice tenant.

    Raises:
        CaseNotFound: no case there and `create` is false.
        CaseDamaged: the folder's `case.json` cannot be read.
    """
    place = Path(folder).expanduser().resolve()
    about_file = place / "case.json"
    if not about_file.exists():
        if not create:
            raise CaseNotFound(
                f"There is no case in {place}; make one with `python -m toolkit load FILE --case {place}`."
            )
        place.mkdir(parents=True, exist_ok=True)
        about = {"layout": LAYOUT, "name": place.name, "practice": practice}
        write_atomically(about_file, json.dumps(about, indent=2).encode())
    try:
        about = json.loads(about_file.read_text("utf-8"))
    except ValueError as error:
        raise CaseDamaged(f"{about_file} is not readable JSON; restore it from a copy of the case.") from error
    return Case(place, about, clock)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` as a whole: a reader sees the old bytes or the new, never half."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(scratch, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)
