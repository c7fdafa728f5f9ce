"""The case to learn on: where it lies, and how the practice tenant's exports come into it."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_documents_path

from toolkit.case import Case, open_case
from toolkit.errors import UsageError

SCENARIO = "contoso-bec"
NOT_EVIDENCE = {"README.md", "answer-key.json"}


def default_folder() -> Path:
    """Where the practice case lies unless the user names a folder: under their documents."""
    return user_documents_path() / "account-compromise-cases" / f"{SCENARIO}-practice"


def open_or_make(folder: Path | None, *, practice: bool = False) -> tuple[Case, bool]:
    """Open the case in `folder` (default: the practice case), or make it; returns it and whether it is new.

    `practice` decides only about a folder that is made a case now: true makes a practice case, false an empty
    one for real evidence. A case that exists stays what it is.

    Raises:
        UsageError: the folder holds other things but no case.
        CaseDamaged: the folder's `case.json` cannot be read.
    """
    place = (folder or default_folder()).expanduser().resolve()
    new = not (place / "case.json").exists()
    if new and place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{place} is not a case and not empty; name an empty or a new folder, or a case that exists.")
    return open_case(place, practice=practice or folder is None), new


def load_exports(case: Case) -> int:
    """Write the scenario's export files into the case and load them, once; returns how many were loaded."""
    from toolkit import practice

    folder = case.folder / "practice" / "exports"
    done = folder / ".loaded"
    if done.exists():
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    files = practice.write_exports(folder)
    evidence = [file for file in files if file.name not in NOT_EVIDENCE]
    case.load(evidence)
    # Written last: a start that was cut short loads again, and what is already there counts as a duplicate.
    done.touch()
    return len(evidence)
