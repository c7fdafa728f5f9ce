"""The Management Activity API: subscriptions, lists of content, and the content itself.

Source: "Office 365 Management Activity API reference"; what it does beyond that is observed (`apis.md`, section 6).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from toolkit.practice.activity_blobs import TYPES, Blob, blobs
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.login import TENANT_NAMES
from toolkit.practice.names import Record
from toolkit.practice.people import TENANT_ID
from toolkit.practice.tenant_state import Situation

PAGE = 40
"""Blobs in one page of the list; the service publishes no number."""
LONGEST = timedelta(hours=24)
OLDEST = timedelta(days=7)
_PATH = re.compile(r"^/api/v1(?:\.0)?/([^/]+)/activity/feed/(.+)$")
_SHAPES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_SUBSCRIPTIONS = "activity_subscriptions"
_BEYOND = (
    "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart"
)


def answer(request: Request, situation: Situation) -> Answer:
    """The answer to a request below `/api/v1.0/{tenant}/activity/feed/`. Raises `Refused`."""
    found = _PATH.match(request.path)
    if not found:
        raise Refused(404, "AF20050", "The specified resource does not exist.")
    if found[1].lower() not in TENANT_NAMES:
        text = f"The tenant ID passed in the URL ({found[1]}) does not match the tenant ID passed in the access token "
        raise Refused(400, "AF20010", f"{text}({TENANT_ID}).")
    what = found[2].rstrip("/")
    if what.startswith("audit/"):
        return _content(what.removeprefix("audit/"), request, situation)
    offered = {
        "subscriptions/start": ("POST", _start),
        "subscriptions/stop": ("POST", _stop),
        "subscriptions/list": ("GET", _list),
        "subscriptions/content": ("GET", _list_content),
    }
    method, handler = offered.get(what, ("", None))
    if handler is None:
        raise Refused(404, "AF20050", "The specified resource does not exist.")
    if request.method != method:
        raise Refused(405, "AF20001", "The requested resource does not support this method.")
    return handler(request, situation)


def error(refused: Refused) -> Answer:
    """The error body of this API."""
    if refused.status == 401:
        return Answer(401, {"Message": "Authorization has been denied for this request."}, refused.headers)
    return Answer(refused.status, {"error": {"code": refused.code, "message": refused.text}}, refused.headers)


def _start(request: Request, situation: Situation) -> Answer:
    content_type = _type(request, situation)
    if not situation.state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"]:
        text = f"Specified tenant ID ({TENANT_ID}) is incorrectly configured in the system."
        raise Refused(400, "AF20012", text)
    subscriptions = situation.state.setdefault(_SUBSCRIPTIONS, {})
    before = subscriptions.get(content_type)
    if before and not before["stopped"]:
        raise Refused(400, "AF20024", "The subscription is already enabled. No property change.")
    subscriptions[content_type] = {"started": situation.now.isoformat(), "stopped": ""}
    situation.changed()
    return Answer(200, _shown(content_type))


def _stop(request: Request, situation: Situation) -> Answer:
    _subscription(_type(request, situation), situation)["stopped"] = situation.now.isoformat()
    situation.changed()
    return Answer(200)


def _list(request: Request, situation: Situation) -> Answer:
    _permitted("", situation)
    rows = situation.state.get(_SUBSCRIPTIONS, {})
    return _listed([_shown(name) | ({"status": "disabled"} if rows[name]["stopped"] else {}) for name in rows])


def _list_content(request: Request, situation: Situation) -> Answer:
    content_type = _type(request, situation)
    subscription = _subscription(content_type, situation)
    start, end = _window(request, situation.now)
    found = [one for one in blobs(content_type, subscription, situation) if start <= one.created < end]
    begin = _position(request)
    situation.memory.blobs.update((one.id, one) for one in found)
    page = [one.described(situation.base) for one in found[begin : begin + PAGE]]
    answer = _listed(page)
    if begin + PAGE < len(found):
        # As documented: without ".0", and without the publisher who asked.
        query = f"contentType={content_type}&startTime={_stamp(start)}&endTime={_stamp(end)}"
        path = f"{situation.base}/api/v1/{TENANT_ID}/activity/feed/subscriptions/content"
        answer.headers["NextPageUri"] = f"{path}?{query}&nextPage={quote(f'{_stamp(start)}R{begin + PAGE:012d}')}"
    return answer


def _content(content_id: str, request: Request, situation: Situation) -> Answer:
    if request.method != "GET":
        raise Refused(405, "AF20001", "The requested resource does not support this method.")
    _permitted("DLP.All" if "$audit_all$" in content_id else "", situation)
    found = _find(content_id, situation)
    if found is None:
        raise Refused(404, "AF20050", f"The specified content ({content_id}) does not exist.")
    if found.expires < situation.now:
        text = f"Content requested with the key {content_id} has already expired."
        raise Refused(400, "AF20051", f"{text} Content older than 7 days cannot be retrieved.")
    return _listed([entry.document() for entry in found.entries])


def _find(content_id: str, situation: Situation) -> Blob | None:
    listed: Blob | None = situation.memory.blobs.get(content_id)
    if listed:
        return listed
    rows = situation.state.get(_SUBSCRIPTIONS, {})
    for name in rows:
        if f"$audit_{name.rpartition('.')[2].lower()}$" in content_id:
            for one in blobs(name, rows[name], situation):
                if one.id == content_id:
                    return one
    return None


def _listed(rows: list[Record]) -> Answer:
    """A list without an envelope."""
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
    return Answer(200, text.encode(), {"Content-Type": "application/json; charset=utf-8"})


def _shown(content_type: str) -> Record:
    return {"contentType": content_type, "status": "enabled", "webhook": None}


def _type(request: Request, situation: Situation) -> str:
    name = request.query.get("contentType", "")
    if not name:
        raise Refused(400, "AF20001", "Missing parameter: contentType.")
    known = {one.lower(): one for one in TYPES}.get(name.lower())
    if known is None:
        raise Refused(400, "AF20020", "The specified content type is not valid.")
    _permitted(known, situation)
    return known


def _permitted(content_type: str, situation: Situation) -> None:
    wanted = "ActivityFeed.ReadDlp" if content_type == "DLP.All" else "ActivityFeed.Read"
    if wanted not in situation.scopes:
        sent = " ".join(sorted(situation.scopes))
        text = f"The permission set ({sent}) sent in the request did not include the expected permission {wanted}."
        raise Refused(403, "AF10001", text)


def _subscription(content_type: str, situation: Situation) -> Record:
    found: Record | None = situation.state.get(_SUBSCRIPTIONS, {}).get(content_type)
    if found is None:
        raise Refused(400, "AF20022", "No subscription found for the specified content type.")
    if found["stopped"]:
        raise Refused(400, "AF20023", f"The subscription was disabled by {situation.operator.upn}.")
    return found


def _window(request: Request, now: datetime) -> tuple[datetime, datetime]:
    """When content became available, the end not in it; without times the last 24 hours."""
    given = [request.query.get(name, "") for name in ("startTime", "endTime")]
    if not any(given):
        return now - LONGEST, now + timedelta(seconds=1)
    if not all(given):
        raise Refused(400, "AF20030", f"{_BEYOND}, with the start time no more than 7 days in the past.")
    start, end = (_time(text) for text in given)
    if start >= end:
        text = f"{_BEYOND}, with the start time prior to end time and start time no more than 7 days in the past."
        raise Refused(400, "AF20055", text)
    if end - start > LONGEST or start < now - OLDEST:
        raise Refused(400, "AF20030", f"{_BEYOND}, with the start time no more than 7 days in the past.")
    return start, end


def _time(text: str) -> datetime:
    for shape in _SHAPES:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refused(400, "AF20002", f"Invalid parameter type: {text}. Expected type: DateTime")


def _position(request: Request) -> int:
    text = request.query.get("nextPage", "")
    if not text:
        return 0
    _, _, number = text.rpartition("R")
    if not number.isdecimal():
        raise Refused(400, "AF20031", f"Invalid nextPage Input: {text}.")
    return int(number)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
