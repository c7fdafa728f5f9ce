"""The lists inside audit records (parameters, changed properties, targets), read for the few rows that matter.

Both spellings: `Name`/`Value` lists of the unified audit log and `displayName`/`newValue` of Graph's directory
audits, with keys in any case.
"""

from __future__ import annotations

import json
import re
from typing import Any

import ibis
import ibis.expr.types as ir

MAIL = r"[A-Za-z0-9._%+'#-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"

FAILED = ("failure", "failed", "false", "fail")
"""What a record's result says, in lower case, where a change failed."""


def parameters(document: Any) -> dict[str, str]:
    """Parameters of a cmdlet: name (lower case) → value."""
    return {name: new for name, new, _ in _entries(document)}


def changes(document: Any) -> list[tuple[str, str, str]]:
    """Changed properties: name, new value, old value."""
    return _entries(document)


def detailed(document: Any) -> list[tuple[str, str, str]]:
    """Changes that the additional details alone tell: of large ones the list of properties is empty.

    They are cut there into pieces, a record each, so that a piece may begin or end anywhere (`seq`, `c`, `b`).
    """
    try:
        data = json.loads(document) if isinstance(document, str) else document
    except (ValueError, RecursionError):
        return []
    piece = data.get("b") if isinstance(data, dict) else None
    if not isinstance(piece, str):
        return []
    plain = re.sub(r"\\(.)", r"\1", piece)  # the list is a text inside the piece
    found = []
    for start in re.finditer(r'\{"Name":', plain):
        try:
            entry, _ = json.JSONDecoder().raw_decode(plain, start.start())
        except (ValueError, RecursionError):
            continue
        found += _entries([entry])
    return found


def _entries(document: Any) -> list[tuple[str, str, str]]:
    try:
        data = json.loads(document) if isinstance(document, str) else document
        data = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError):
        return []
    if isinstance(data, dict):
        return [(str(name).lower(), _text(value), "") for name, value in data.items()]
    found = []
    for entry in data if isinstance(data, list) else []:
        if not isinstance(entry, dict):
            continue
        low = {str(name).lower(): value for name, value in entry.items()}
        name = low.get("name") or low.get("displayname")
        if name is not None:
            new = low.get("value", low.get("newvalue"))
            found.append((str(name).lower(), _text(new), _text(low.get("oldvalue"))))
        if isinstance(low.get("modifiedproperties"), list):  # a target of a directory audit
            found += _entries(low["modifiedproperties"])
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        # Graph writes values as JSON texts: "\"Principal\"".
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return json.dumps(value, ensure_ascii=False)


def truth(value: str | None) -> bool | None:
    """`True`, `$true`, `1` → True; `False` … → False; else None."""
    said = (value or "").strip().strip("$").lower()
    return True if said in ("true", "1", "enabled") else False if said in ("false", "0", "disabled") else None


def operation(audit: ir.Table) -> ir.StringValue:
    """Operations without case and without the full stop that the unified log adds to directory changes."""
    return audit.operation.lower().re_replace(r"\.\s*$", "")


def act(rows: ir.Table) -> ir.StringValue:
    """One change of the directory arrives in the unified log and in Graph's: told as one by its correlation id."""
    return ibis.coalesce(rows.name + "|" + rows.correlation_id.nullif("").lower(), rows.record_id)


def affected(rows: ir.Table) -> ir.StringValue:
    """The account a directory change is about: its target, else its object, else who did it (lower case)."""
    target = rows.target.re_extract(MAIL, 0).nullif("")
    whole = ibis.cases((rows.object_id.re_search(f"^{MAIL}$"), rows.object_id), else_=None)
    return ibis.coalesce(whole, target, rows.user_principal_name).lower()


def succeeded(rows: ir.Table) -> ir.BooleanValue:
    """The record does not say that the change failed."""
    return ~rows.result_status.fill_null("").lower().isin(FAILED)
