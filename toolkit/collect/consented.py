"""Which application a consent let in, by the case alone: as its records say, or by the enterprise applications read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from toolkit import engine
from toolkit.case import Case
from toolkit.contain.readings import APPLICATION, FOR_EVERYBODY
from toolkit.contain.snapshot import TAKEN
from toolkit.detect.consent import application_of

FURTHER_TAKEN = "collect.state"
"""The journal's entry of a snapshot that a collection makes besides those of containment and hardening."""
LISTS = ("apps", "new applications")
"""The lists of a snapshot that have enterprise applications."""


def consented(case: Case, row_ids: Sequence[str]) -> set[str]:
    """The ids (lower case) of the application that audit records of one consent let in; empty where nothing tells.

    Records that name only its service principal are looked up in the snapshots that this case has.
    """
    if not row_ids:
        return set()
    rows = case.sql(
        "SELECT regexp_replace(lower(operation), '\\.\\s*$', '') AS name, object_id, modified_properties, target "
        f"FROM audit WHERE row_id IN ({', '.join(engine.text(row) for row in row_ids)})"
    )
    applications, principals = application_of(rows)
    return applications or {app for principal, app in _read(case) if principal in principals}


def _read(case: Case) -> Iterable[tuple[str, str]]:
    """The enterprise applications in the case's snapshots: object id and application id, lower case."""
    for entry in case.journal.entries(TAKEN, FURTHER_TAKEN):
        try:
            found = json.loads((Path(case.folder) / str(entry.fields["file"])).read_text("utf-8"))["found"]
            rows = [row for name in LISTS for row in found.get(name) or []]
            rows += [row.get(APPLICATION) or {} for row in found.get(FOR_EVERYBODY) or []]
        except (OSError, ValueError, KeyError):
            continue  # a snapshot that is gone tells nothing
        for row in rows:
            if row.get("id") and row.get("appId"):
                yield str(row["id"]).lower(), str(row["appId"]).lower()
