"""The Log Analytics query API of one workspace. Source: Azure Monitor "Query API"; limits as published."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.kql import run
from toolkit.practice.log_tables import COLUMNS, tables
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW
from toolkit.practice.services import services
from toolkit.practice.tenant_state import Situation

WORKSPACE = DRAW.uuid("log analytics workspace")
_PATH = re.compile(r"^/v1/workspaces/([^/]+)/query$")
_PERIOD = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_BODY = {"query", "timespan", "workspaces"}
_PARTIAL: Record = {
    "code": "PartialError",
    "message": "There were some errors when processing your query.",
    "details": [
        {
            "code": "EngineError",
            "message": "Something went wrong processing your query on the server.",
            "innererror": {"code": "-2133196797", "message": "The results of this query exceed the set limit."},
        }
    ],
}


def answer(request: Request, situation: Situation) -> Answer:
    """POST (or GET) /v1/workspaces/{id}/query. Raises `Refused`."""
    found = _PATH.match(request.path)
    if not found:
        raise Refused(404, "PathNotFoundError", "The requested path does not exist")
    if found[1].lower() != WORKSPACE:
        raise Refused(403, "InsufficientAccessError", "The provided credentials have insufficient access to perform it")
    asked = request.json_object() if request.method == "POST" else dict(request.query)
    if not isinstance(asked.get("query"), str) or set(asked) - _BODY:
        raise Refused(400, "BadArgumentError", "The request had some invalid properties")
    if "Data.Read" not in situation.scopes:
        raise Refused(403, "InsufficientAccessError", "The provided credentials have insufficient access to perform it")
    names, rows = run(asked["query"], tables(situation), COLUMNS, situation.now)
    if asked.get("timespan") and "TimeGenerated" in (rows[0] if rows else {}):
        start, end = _timespan(str(asked["timespan"]), situation.now)
        rows = [row for row in rows if start <= datetime.fromisoformat(row["TimeGenerated"]) <= end]
    limit = services(situation)["log_rows"]
    if situation.fault.effect == "partial":
        limit = min(limit, len(rows) // max(2, situation.fault.amount))
    body = _table(names, rows[:limit], asked["query"])
    return Answer(200, body | ({"error": _PARTIAL} if len(rows) > limit else {}))


def error(refused: Refused) -> Answer:
    """The error body of this API: what is really wrong stands one or two levels down."""
    body: Record = {"code": refused.code, "message": refused.text}
    if refused.kind:
        semantic = "SemanticError" if refused.kind.startswith("SEM") else "SyntaxError"
        inner: Record = {"code": refused.kind, "message": refused.text}
        body["message"] = "The request had some invalid properties"
        body["innererror"] = {"code": semantic, "message": f"A {semantic} occurred.", "innererror": inner}
    return Answer(refused.status, {"error": body}, refused.headers)


def _table(names: list[str], rows: list[Record], query: str) -> Record:
    kinds = COLUMNS.get(query.partition("|")[0].strip(), {})
    columns = [{"name": name, "type": kinds.get(name, "long")} for name in names]
    table: Record = {"name": "PrimaryResult", "columns": columns}
    return {"tables": [table | {"rows": [[row.get(name) for name in names] for row in rows]}]}


def _timespan(text: str, now: datetime) -> tuple[datetime, datetime]:
    """A length before now, or two moments with a slash between."""
    first, slash, last = text.partition("/")
    if not slash:
        return now - _period(first), now
    try:
        start = datetime.fromisoformat(first)
        return start, start + _period(last) if last.startswith("P") else datetime.fromisoformat(last)
    except ValueError:
        raise Refused(400, "BadArgumentError", f"The timespan '{json.dumps(text)}' is not valid") from None


def _period(text: str) -> timedelta:
    found = _PERIOD.match(text)
    if not found:
        raise Refused(400, "BadArgumentError", f"The timespan '{text}' is not valid")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
