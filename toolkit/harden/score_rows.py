"""Where Secure Score comes from, files or the tenant: every record under Graph's names, with all that it says.

Source: Microsoft Graph `secureScore` and `secureScoreControlProfile` (v1.0). Numbers may come as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.harden import portal_list

Row = dict[str, Any]
SCORE_NAMES = {
    "time": "createdDateTime",
    "tenant_id": "azureTenantId",
    "current_score": "currentScore",
    "max_score": "maxScore",
    "active_user_count": "activeUserCount",
    "licensed_user_count": "licensedUserCount",
    "enabled_services": "enabledServices",
    "average_all_tenants": "averageAllTenants",
    "comparative_scores": "averageComparativeScores",
    "control_scores": "controlScores",
}
CONTROL_NAMES = {
    "control_id": "id",
    "tenant_id": "azureTenantId",
    "title": "title",
    "control_category": "controlCategory",
    "service": "service",
    "action_type": "actionType",
    "action_url": "actionUrl",
    "max_score": "maxScore",
    "rank": "rank",
    "tier": "tier",
    "threats": "threats",
    "implementation_cost": "implementationCost",
    "user_impact": "userImpact",
    "remediation": "remediation",
    "remediation_impact": "remediationImpact",
    "deprecated": "deprecated",
    "control_state_updates": "controlStateUpdates",
    "last_modified": "lastModifiedDateTime",
}
_JSON = {"enabledServices", "averageComparativeScores", "controlScores", "threats", "controlStateUpdates"}
_NOTHING = {"", "n/a", "null", "none", "-"}


@dataclass(frozen=True)
class Told:
    """One record: `row` under Graph's names, `further` what it says besides, as its file heads it; `source` in words.

    `live`: read from the tenant, not from a file. `of_graph`: it has the service's own shape, not that of a CSV.
    `loaded`: the place of its file in the order of loading.
    """

    row: Row
    further: Row
    source: str
    live: bool = False
    of_graph: bool = True
    loaded: int = 0

    @property
    def tenant(self) -> str:
        return text_of(self.row.get("azureTenantId")).lower()

    @property
    def time(self) -> datetime | None:
        return moment_of(self.row.get("createdDateTime"))


def told_by_files(case: Case, table: str) -> list[Told]:
    """The rows of `secure_scores` or `secure_score_controls`, each with what only its record says.

    Raises:
        CaseDamaged: the case, or a piece of evidence, can no longer be read.
    """
    names = SCORE_NAMES if table == "secure_scores" else CONTROL_NAMES
    frame = case.frame(table)
    records = case.raw([str(i) for i in frame.row_id], table) if len(frame) else {}
    files = case.catalog.files
    found = []
    turn = {name: number for number, name in enumerate(files)}
    for values in frame.to_dict("records"):
        row = {names[str(n)]: _value(names[str(n)], v) for n, v in values.items() if n in names and not _missing(v)}
        accounts: list[Row] = files.get(str(values["file"]), {}).get("accounts", [])
        account = next((a for a in accounts if a["table"] == table), {})
        record = _object(records.get(str(values["row_id"]), ""))
        of_graph = str(account.get("format", "graph")).startswith("graph")
        # The record of a CSV has other headings, and some of them mislead: nothing of it passes for Graph's.
        further = {k: v for k, v in record.items() if not (of_graph and k in names.values())}
        if not of_graph and portal_list.is_row(record):
            listed, further = portal_list.as_graph(record)
            row |= listed
        name = Path(str(account.get("path", ""))).name or "a file of this case"
        loaded = turn.get(str(values["file"]), 0)
        found.append(Told(row, further, f"the file {name}", of_graph=of_graph, loaded=loaded))
    return found


def told_by_tenant(state: Snapshot, reading: str) -> list[Told]:
    """The rows of the reading “scores” or “controls” of a snapshot of the organisation."""
    names = SCORE_NAMES if reading == "scores" else CONTROL_NAMES
    source = f"the tenant itself, read on {state.taken[:16].replace('T', ' ')} UTC"
    found = []
    for record in state.rows(reading):
        row = {n: record[n] for n in names.values() if not _missing(record.get(n))}
        row.setdefault("azureTenantId", state.target.tenant_id)
        further = {k: v for k, v in record.items() if k not in names.values()}
        found.append(Told(row, further, source, live=True))
    return found


def number_of(value: Any) -> float | None:
    """A number, also one that came as text; None for what is none."""
    if isinstance(value, bool) or _missing(value):
        return None
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def text_of(value: Any) -> str:
    """A text without blanks around it; “N/A” and the like are none."""
    text = "" if _missing(value) else str(value).strip()
    return "" if text.lower() in _NOTHING else text


def truth_of(value: Any) -> bool | None:
    """True or false, also as text; None for anything else."""
    return {"true": True, "false": False}.get(str(value).strip().lower())


def moment_of(value: Any) -> datetime | None:
    """A time with its zone, UTC where none is given; None for what is no time."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def rows_in(value: Any) -> list[Row]:
    """The objects of a list; none for anything else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts_in(value: Any) -> list[str]:
    """The texts of a list, or the one text."""
    values = value if isinstance(value, list) else [value]
    return [text for text in map(text_of, values) if text]


def _value(name: str, value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if name in _JSON and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _object(text: str) -> Row:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return dict(found) if isinstance(found, Mapping) else {}


def _missing(value: Any) -> bool:
    return value is None or (not isinstance(value, str | list | dict) and bool(pd.isna(value)))
