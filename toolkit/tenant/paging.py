"""From page to page of a collection: where a nextLink may lead, and when there is no end to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from toolkit.tenant.answers import Answer
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import Call, is_read

PAGES_AT_MOST = 20_000
"""Of one collection: more than any list has. Pages that bring nothing new end it sooner."""
STALE_PAGES = 20
EMPTY_PAGES = 200
"""So many pages in a row may bring only rows that came before, or none at all, which is allowed."""
ENDLESS = "Endless"


class Trail:
    """The pages of a collection that were read so far, from the call for the first on."""

    def __init__(self, cloud: Cloud, first: Call) -> None:
        self._cloud, self._last = cloud, first
        self._seen = {first.url}
        self._rows: set[int] = set()
        self._pages = self._idle = 0

    def onward(self, answer: Answer) -> Call | None:
        """The call for the page after this one: within the same service, with the same body; None after the last.

        Raises:
            TenantAnswer: the link leads elsewhere, or to a page that was read before; or the pages have no end (its
                code is `ENDLESS`): they bring nothing new.
        """
        call = self._last
        page = {_row_key(row) for row in answer.rows}
        self._idle = 0 if page - self._rows else self._idle + 1
        self._rows |= page
        self._pages += 1
        link, path = without_port(answer.data.get("@odata.nextLink")), urlsplit(call.url).path
        if not link:
            return None
        problem = ""
        if not isinstance(link, str) or origin(link) != origin(call.url):
            problem = "leads to another host; it was not followed"
        elif link in self._seen:
            problem = "leads to a page that was read before; the collection is incomplete"
        elif not self._leads_on(call, link):
            problem = "leads to another service; it was not followed"
        if problem:
            raise answer.error(f"The next page of {path} {problem}", "NextLink")
        if self._idle >= (STALE_PAGES if page else EMPTY_PAGES):
            what = f"{self._idle} pages of {path} in a row brought nothing new, and there were more"
            raise answer.error(f"{what}; the collection is incomplete", ENDLESS)
        if self._pages >= PAGES_AT_MOST:
            raise answer.error(f"{path} has more than {PAGES_AT_MOST:,} pages; the collection is incomplete", ENDLESS)
        self._seen.add(link)
        self._last = Call(call.method, link, call.body, call.headers)
        return self._last

    def _leads_on(self, call: Call, link: str) -> bool:
        """Whether a link is of the service that was asked, and asking there with the same body is a read as well."""
        body = json.dumps(call.body).encode() if call.body is not None else None
        same = self._cloud.resource_of(link) == self._cloud.resource_of(call.url)
        return same and is_read(call.method, link, body)


def without_port(link: Any) -> Any:
    """A link without the port that HTTPS has anyway, which Exchange may write into it."""
    if not isinstance(link, str):
        return link
    host, slash, rest = link.removeprefix("https://").partition("/")
    plain = link.startswith("https://") and host.endswith(":443")
    return f"https://{host.removesuffix(':443')}{slash}{rest}" if plain else link


def origin(url: str) -> str:
    """Scheme and host of an address, with its port if one is written."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _row_key(row: Mapping[str, Any]) -> int:
    """What tells a row from others, whatever list it is of: all its texts."""
    return hash(tuple(value for value in row.values() if isinstance(value, str)))
