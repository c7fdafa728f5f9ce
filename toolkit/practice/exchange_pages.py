"""How Exchange gives a long list: by pages as `Prefer` asks for them, or cut, as a test arranges it.

Source: observed, see `apis.md`, section 5: the rest is behind `@odata.nextLink`, for the same body and anchor, for half
an hour; some got that refused at once. Message trace has no pages and warns (documented).
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from toolkit.practice.http import Refused, Request
from toolkit.practice.memory import Rest
from toolkit.practice.names import Record
from toolkit.practice.services import services
from toolkit.practice.tenant_state import Situation

FOLLOWED, LINK_REFUSED, NO_LINK = "followed", "refused", "missing"
LIFE = timedelta(minutes=30)
MOST = 500
MORE = "There are more results available than are currently displayed."
UNPAGED = frozenset({"get-messagetracev2", "get-messagetracedetailv2"})
_ASKED = re.compile(r"odata\.maxpagesize=(\d+)", re.IGNORECASE)


def first_page(rows: list[Record], cmdlet: str, request: Request, situation: Situation) -> tuple[list[Record], str]:
    """The rows that an answer has, and the link to the others, "" for none."""
    setup = services(situation)
    asked = _ASKED.search(request.headers.get("prefer", ""))
    paged = int(asked[1]) if asked and cmdlet.lower() not in UNPAGED else 0
    cut = setup["exchange_rows"] or 0
    size = min((one for one in (paged, cut) if one), default=0)
    if not size or len(rows) <= size:
        return rows, ""
    if size == cut:
        situation.warnings.append(MORE)
        if setup["exchange_links"] == NO_LINK or cmdlet.lower() in UNPAGED:
            return rows[:size], ""
    return rows[:size], _link(rows[size:], request, situation)


def next_page(cmdlet: str, request: Request, situation: Situation) -> tuple[list[Record], str]:
    """The same of a page behind a link; raises `Refused` for one that is over, or was not asked as the first."""
    rest = situation.memory.exchange_pages.get(request.query["$skiptoken"])
    known = rest is not None and (rest.body, rest.anchor) == (request.body, situation.anchor)
    refused = services(situation)["exchange_links"] == LINK_REFUSED
    if rest is None or not known or situation.now > rest.until or refused:
        raise Refused(400, "BadRequest", "Expired or Invalid pagination request. Default Expiry time is 00:30:00")
    return first_page(rest.rows, cmdlet, request, situation)


def _link(rows: list[Record], request: Request, situation: Situation) -> str:
    token, waiting = uuid.uuid4().hex, situation.memory.exchange_pages
    waiting[token] = Rest(rows, request.body, situation.anchor, situation.now + LIFE)
    while len(waiting) > MOST:
        waiting.popitem(last=False)
    return f"{situation.base}{request.path}?$skiptoken={token}"
