"""The portal's list of recommended actions (CSV): what its columns say, under the names of Microsoft Graph.

Source: Microsoft Secure Score, Recommended actions, Export. Its points are “4/9”; spreadsheets turn some into dates.
"""

from __future__ import annotations

import re
from typing import Any

from toolkit.formats.format import fold

Row = dict[str, Any]
AS_LISTED = "asListed"  # the understood cells as they stand, for where Microsoft Graph's own word counts instead
LICENSED = "haveLicense"
MAXIMUM = "scoreOf"  # the maximum that the points stand beside
COMPLETED, WAITING = "completed", ("to address", "planned", "risk accepted")
_POINTS, _STATUS = ("points achieved",), ("status",)
_LICENCE, _NOTES = ("have license?", "have licence?", "have license"), ("notes", "note")
_ACTION = ("recommended action", "improvement action")
_TAKEN = (*_ACTION, "category", "product", "rank")
_SAID = {
    "risk accepted": "Ignored",
    "ignored": "Ignored",
    "resolved through third party": "ThirdParty",
    "third party": "ThirdParty",
    "reviewed": "Reviewed",
    "planned": "Planned",
    "resolved through alternate mitigation": "Resolved through alternate mitigation",
    "alternate mitigation": "Resolved through alternate mitigation",
}
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_OF = re.compile(rf"{_NUMBER}\s*(?:/|of)\s*{_NUMBER}")
_PERCENT = re.compile(rf"{_NUMBER}\s*%")
_ALONE = re.compile(_NUMBER)


def is_row(record: Row) -> bool:
    """Whether a CSV's record is of the portal's list, by its headings."""
    return any(fold(str(name)) in _ACTION for name in record)


def as_graph(record: Row) -> tuple[Row, Row]:
    """One row of the list: its score, status, licence and note under Graph's names, and the cells that are left.

    Points that are no number stay among the cells that are left.
    """
    cells = {fold(str(name)): str(value).strip() for name, value in record.items() if value is not None}
    points, status, licence, note = (_first(cells, names) for names in (_POINTS, _STATUS, _LICENCE, _NOTES))
    told = points_of(points)
    row: Row = dict(told)
    if status:
        row["implementationStatus"] = status
    if licence:
        row[LICENSED] = licence
    said = _SAID.get(status.lower(), "Default")
    if note or said != "Default":
        row["controlStateUpdates"] = [{"state": said, "comment": note}]
    understood = {*_TAKEN, *_STATUS, *_LICENCE, *_NOTES, *(_POINTS if told else ())}
    row[AS_LISTED] = {
        name: value for name, value in record.items() if fold(str(name)) in understood and fold(str(name)) not in _TAKEN
    }
    return row, {name: value for name, value in record.items() if fold(str(name)) not in understood}


def unread_points(further: Row) -> str:
    """What stands under “Points achieved” and is no number; "" where nothing does."""
    return next((str(v).strip() for k, v in further.items() if fold(str(k)) in _POINTS and v is not None), "")


def points_of(text: str) -> Row:
    """“4/9”, “4,5 of 9”, “40 %” or “4” as `score` with `scoreOf`, or `scoreInPercentage`; nothing for anything else."""
    if found := _OF.fullmatch(text):
        return {"score": _number(found[1]), MAXIMUM: _number(found[2])}
    if found := _PERCENT.fullmatch(text):
        return {"scoreInPercentage": _number(found[1])}
    return {"score": _number(text)} if _ALONE.fullmatch(text) else {}


def entry_of(row: Row) -> Row | None:
    """What a merged row has of the portal's list, in the shape of Graph's `controlScores`; None for nothing."""
    names = ("score", MAXIMUM, "scoreInPercentage", "implementationStatus")
    return {name: row[name] for name in names if name in row} if AS_LISTED in row else None


def contradicts(entry: Row, share: float | None) -> bool:
    """Status and points of an entry of the portal's list say different things; `share` is the reached part, 0 to 1."""
    status = str(entry.get("implementationStatus") or "").lower()
    if share is None:
        return False
    return share < 1 if status == COMPLETED else share >= 1 and status in WAITING


def _first(cells: dict[str, str], names: tuple[str, ...]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def _number(text: str) -> float:
    return float(text.replace(",", "."))
