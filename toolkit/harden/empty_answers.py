"""Lists that are in a file and have nothing in them: none is an answer too, where the file says of what.

A page of Graph names its collection. What a cmdlet prints does not: there the file's own name has to.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.case.evidence import find

LONGEST = 4_000  # bytes of a file with nothing in it
_COLLECTIONS = {
    "conditional access": "conditionalaccess/policies",
    "roles": "rolemanagement/directory/roleassignments",
    "licences": "subscribedskus",
}


def empty_answer(case: Case, reading: str) -> str:
    """The name of the file of this case that says that a list is empty; "" where none does."""
    for entry in reversed(case.journal.entries("not loaded")):
        if entry.fields.get("read"):
            continue
        name = Path(str(entry.fields["path"])).name
        kept = find(case.folder / "evidence", str(entry.fields["sha256"]))
        if kept is not None and kept.stat().st_size <= LONGEST and _says(kept, name, reading):
            return name
    return ""


def file_name(reading: str) -> str:
    """What an empty list of a reading has to be called, as nothing else tells what it is a list of."""
    return f"{reading.replace(' ', '-')}.json"


def _says(kept: Path, name: str, reading: str) -> bool:
    try:
        found: Any = json.loads(kept.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError, OSError):
        return False
    if isinstance(found, dict) and found.get("value") == [] and not found.get("@odata.nextLink"):
        context = re.sub(r"\(.*?\)", "", str(found.get("@odata.context", ""))).partition("#")[2].lower()
        collection = _COLLECTIONS.get(reading, "")
        return bool(collection) and (context == collection or context.endswith(f"/{collection}"))
    return bool(found == [] and name.lower() == file_name(reading))
