"""The unified audit log by the Management Activity API: everybody's records, in blobs, by when they became available.

It tells of seven days at most, and only of those since somebody started a subscription, which changes the tenant and
is an action of its own (`start-activity-subscription`). A window here is one of availability, not of event time. The
first content of a new subscription may take half a day: until then, and of the time before, a feed that lists nothing
tells nothing.
Source: "Office 365 Management Activity API reference".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.road import NO_OPTIONS, Halted, Options, Road, halt_if, not_offered
from toolkit.collect.window import DAY, Window
from toolkit.errors import NotConsented, TenantAnswer, TenantError
from toolkit.tenant import Answer, Call, Tenant
from toolkit.tenant.activity import activity_call
from toolkit.tenant.clouds import lacks
from toolkit.tenant.paging import STALE_PAGES

ATTEMPTS = 3
LISTS_AT_MOST = 10_000
NEXT = "NextPageUri"
NO_SUBSCRIPTION = "AF20022"
STOPPED = "AF20023"
EXPIRED = "AF20051"
PAUSE = timedelta(hours=12)
"""How long the first content of a new subscription may take."""
BACK = 7
"""Days for which content is listed."""
BEFORE = "Nothing became available before the subscription was started ({:%Y-%m-%d %H:%M} UTC)."
PAUSED = (
    "Nothing was listed here, and nothing before it: the feed has not begun to deliver, or nothing was recorded. The "
    "first content may come up to twelve hours after a subscription was started. Ask again later."
)
BEGAN = (
    "The feed lists nothing before this window: it began to deliver in it, or is as old as that. What became available "
    "before its beginning is not in it."
)
QUIET = "Nothing was listed here, and nothing before it; the first content may come up to twelve hours after the start."
BY_AVAILABILITY = "The window says when records became available, not when they happened."


class ActivityFeed(Road):
    """`GET /activity/feed/subscriptions/content` of one content type, and every blob that it names."""

    source = "audit log"
    table = "audit"
    permission = "ActivityFeed.Read"
    longest = DAY
    # Content is listed up to seven days back, to the second: the day that begins earlier would be refused.
    reach = timedelta(days=6)
    everybody = True
    content_type: ClassVar[str]

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        super().__init__(options)
        self._now: datetime | None = None
        """By the service's own clock."""

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, "management"):
            return Pull.failed(why, available=False)
        pull = Pull(whole=False)
        blobs: set[str] = set()
        for _ in range(ATTEMPTS):
            problem = ""
            try:
                listed = self._listed(tenant, asked, halted)
            except TenantAnswer as error:
                if error.code in {NO_SUBSCRIPTION, STOPPED}:
                    return Pull.failed(self._missing(error), available=False)
                if not_offered(error) and not pull.received:
                    return Pull.failed(str(error), available=False)
                listed, problem = set(), str(error)
            except NotConsented:
                raise
            except TenantError as error:
                listed, problem = set(), str(error)
            for address in sorted(listed - blobs):
                halt_if(halted)
                failed = self._fetched(tenant, address, pages, pull)
                if failed:
                    problem = problem or failed
                else:
                    blobs.add(address)
            if not problem and blobs - listed:
                problem = "asked again, it listed fewer blobs than before"
            pull.whole, pull.reason = not problem, problem or BY_AVAILABILITY
            if not problem:
                break
        return self._believed(tenant, asked, halted, pull, blobs) if pull.whole else pull

    def _believed(self, tenant: Tenant, asked: Asked, halted: Halted, pull: Pull, blobs: set[str]) -> Pull:
        """What may be said of a window whose list came whole: nothing, where the feed had not begun to deliver."""
        started = dict(self.options.started).get(self.content_type)
        if started is not None and asked.window.end <= started and not blobs:
            return Pull.failed(BEFORE.format(started), available=False)
        if started is not None and asked.window.start >= started + PAUSE:
            return pull
        try:
            if self._before(tenant, asked, halted):
                return pull
            again = blobs or self._listed(tenant, asked, halted)  # nothing is not believed at once
        except NotConsented:
            raise
        except TenantError as error:
            pull.whole, pull.reason = False, str(error)
            return pull
        if again and not blobs:
            pull.whole, pull.reason = False, "it listed nothing, and asked again something"
        elif blobs:
            pull.proven, pull.reason = False, BEGAN
        elif started is not None and (self._now or asked.window.start) >= started + PAUSE:
            pull.proven, pull.reason = False, QUIET
        else:
            return Pull.failed(PAUSED)
        return pull

    def _before(self, tenant: Tenant, asked: Asked, halted: Halted) -> bool:
        """Whether anything is listed from before a window, as far back as content is listed at all."""
        end = asked.window.start
        oldest = (self._now or end) - timedelta(days=BACK) + timedelta(minutes=5)
        while end > oldest:
            start = max(end - DAY, oldest)
            if self._listed(tenant, asked.within(Window(start, end)), halted):
                return True
            end = start
        return False

    def _listed(self, tenant: Tenant, asked: Asked, halted: Halted) -> set[str]:
        """The addresses of the blobs that became available in the window, from every page of their list."""
        start, end = (moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in (asked.window.start, asked.window.end))
        asked_for = {"contentType": self.content_type, "startTime": start, "endTime": end}
        path = "/subscriptions/content"
        address = activity_call(tenant.cloud, tenant.tenant_id, "GET", path, **asked_for).url
        found: set[str] = set()
        seen: set[str] = set()
        idle = 0
        for _ in range(LISTS_AT_MOST):
            halt_if(halted)
            seen.add(address)
            answer = tenant.session.read(Call("GET", address))
            self._now = answer.date or self._now
            rows = answer.rows
            listed = {str(row["contentUri"]) for row in rows if row.get("contentUri")}
            idle = 0 if listed - found else idle + 1
            found |= listed
            address = _next(tenant, answer)
            if not address:
                return found
            if idle >= STALE_PAGES:
                raise _broken(f"{idle} pages of the list of content brought nothing new; it is incomplete", answer)
            if address in seen:
                raise _broken("The list of content leads to a page that was read before; it is incomplete", answer)
        raise _broken("The list of content has no end; it is incomplete", answer)

    def _fetched(self, tenant: Tenant, address: str, pages: Pages, pull: Pull) -> str:
        """Keep a blob; what went wrong, or ""."""
        if tenant.cloud.resource_of(address) != "management":
            return "A blob lies at another host; it was not fetched."
        try:
            answer = tenant.session.read(Call("GET", _published(tenant, address)))
            rows = answer.rows
        except TenantAnswer as error:
            return "A blob ran out before it was fetched." if error.code == EXPIRED else str(error)
        except NotConsented:
            raise
        except TenantError as error:
            return str(error)
        if rows:
            pages.add(answer.content)
        pull.ids |= {_identity(row) for row in rows}
        pull.received += len(rows)
        return ""

    def _missing(self, error: TenantAnswer) -> str:
        what = "there is no subscription" if error.code == NO_SUBSCRIPTION else "the subscription was stopped"
        return (
            f"Of {self.content_type} {what}. Starting one changes the tenant: `python -m toolkit collect "
            "--start-feeds`, or “The audit log's feeds” in notebook 0, shows the call and asks for your yes; records "
            "come from then on."
        )


class ActivityExchange(ActivityFeed):
    """Content type Audit.Exchange: mailboxes and their settings."""

    name = "Management Activity API, Audit.Exchange"
    content_type = "Audit.Exchange"


class ActivityEntra(ActivityFeed):
    """Content type Audit.AzureActiveDirectory: sign-ins and the directory."""

    name = "Management Activity API, Audit.AzureActiveDirectory"
    content_type = "Audit.AzureActiveDirectory"


class ActivitySharePoint(ActivityFeed):
    """Content type Audit.SharePoint: files of SharePoint and OneDrive."""

    name = "Management Activity API, Audit.SharePoint"
    content_type = "Audit.SharePoint"


class ActivityGeneral(ActivityFeed):
    """Content type Audit.General: everything else."""

    name = "Management Activity API, Audit.General"
    content_type = "Audit.General"


FEEDS: tuple[type[ActivityFeed], ...] = (ActivityExchange, ActivityEntra, ActivitySharePoint, ActivityGeneral)


def _published(tenant: Tenant, address: str) -> str:
    """The address with the publisher in it; the service's own links may lack it."""
    if "publisheridentifier=" in address.lower():
        return address
    return f"{address}{'&' if '?' in address else '?'}PublisherIdentifier={quote(tenant.tenant_id)}"


def _next(tenant: Tenant, answer: Answer) -> str:
    """The address of the next page, which stands in a header; "" at the end."""
    link = next((value for name, value in answer.headers.items() if name.lower() == NEXT.lower()), "")
    if not link:
        return ""
    if tenant.cloud.resource_of(link) != "management":
        raise _broken("The next page of the list of content is at another host; it was not followed", answer)
    return _published(tenant, link)


def _identity(row: dict[str, Any]) -> str:
    return str(row.get("Id") or row).lower()


def _broken(text: str, answer: Answer) -> TenantAnswer:
    return answer.error(text, "NextPage")
