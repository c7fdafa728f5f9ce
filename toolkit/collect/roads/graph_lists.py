"""Lists of Microsoft Graph that are read by a filter on time: sign-ins, directory changes, risk, message trace."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from toolkit.collect.marks import ADDRESS, APP, Mark
from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.addresses import addresses_of, with_addresses
from toolkit.collect.roads.road import NO_OPTIONS, Halted, Options, Road, halt_if, not_offered, without_end
from toolkit.collect.window import DAY, text_of
from toolkit.errors import TenantAnswer, TenantUnreachable
from toolkit.tenant import Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.graph import graph_call

ATTEMPTS = 3
FAR = timedelta(days=30)
TRACE_APP = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"
MISSING_APP = (
    "The message trace of Microsoft Graph needs Microsoft's application "
    f"{TRACE_APP} in the tenant: an administrator makes its service principal once (New-MgServicePrincipal -AppId "
    f"{TRACE_APP}), and after that it works."
)


# What of sign-ins the service can look for, by the kind of mark.
BY_MARK = {ADDRESS: "ipAddress", APP: "appId"}
CANNOT = "Microsoft Graph cannot look for {what} by {kind}; a Log Analytics workspace that has them can."


class GraphList(Road):
    """A collection read page by page. A page that repeats, or a link that leads nowhere, begins the list anew."""

    name = "Microsoft Graph"
    path: ClassVar[str]
    version: ClassVar[str] = "v1.0"
    top: ClassVar[str] = "1000"

    def filters(self, asked: Asked) -> list[str]:
        """The `$filter` texts whose answers together are the window."""
        raise NotImplementedError

    def identity(self, row: dict[str, Any]) -> str:
        """What tells a record from others."""
        return str(row.get("id"))

    def explained(self, error: TenantAnswer) -> str:
        """Why it is not offered, and where that is known what somebody has to do."""
        return str(error)

    def said(self, rows: list[dict[str, Any]]) -> str:
        """What a reader should know of the rows; "" for nothing."""
        return ""

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, self.path):
            return Pull.failed(why, available=False)
        whole = Pull()
        for text in self.filters(asked):
            whole.add(self._list(tenant, text, pages, halted))
        if whole.available and not whole.whole and not whole.hopeless and asked.window.length > DAY:
            # A long list that does not come whole may come in parts.
            parts = Pull(splits=1)
            for half in reversed(asked.window.halves()):
                parts.add(self.pull(tenant, asked.within(half), pages, halted))
            parts.received += whole.received
            parts.ids |= whole.ids
            return parts
        return whole

    def _list(self, tenant: Tenant, text: str, pages: Pages, halted: Halted) -> Pull:
        pull = Pull(whole=False)
        for _ in range(ATTEMPTS):
            rows: list[dict[str, Any]] = []
            try:
                for page in self._pages(tenant, text, pages, halted):
                    rows += page
                problem = ""
            except TenantAnswer as error:
                why = self.explained(error)
                if (not_offered(error) or why != str(error)) and not (pull.received or rows):
                    return Pull.failed(why, available=False)
                problem, pull.hopeless = str(error), without_end(error)
            except TenantUnreachable as error:
                problem = str(error)
            found = {self.identity(row) for row in rows}
            pull.received += len(rows)
            if not problem and pull.ids - found:
                problem = "asked again, it left out records that it had given before"
            pull.ids |= found
            pull.whole, pull.reason = not problem, problem or self.said(rows)
            if not problem or pull.hopeless:
                break
        return pull

    def _pages(self, tenant: Tenant, text: str, pages: Pages, halted: Halted) -> Iterator[list[dict[str, Any]]]:
        query = {"$filter": text, "$top": self.top}
        call = graph_call(tenant.cloud, "GET", self.path, version=self.version, query=query)
        for answer in tenant.session.answers(call):
            halt_if(halted)
            rows = answer.rows
            if rows:
                pages.add(answer.content)
            yield rows


class _SignIns(GraphList):
    table = "signins"
    permission = "AuditLog.Read.All"
    path = "/auditLogs/signIns"
    version = "beta"
    longest = 7 * DAY
    reach = FAR
    kind: ClassVar[str]

    def filters(self, asked: Asked) -> list[str]:
        times = _between("createdDateTime", asked)
        whose = f"userId eq '{asked.object_id}'"
        if asked.mark is not None:
            whose = f"{BY_MARK[asked.mark.kind]} eq '{asked.mark.value}'"
        return [f"{whose} and signInEventTypes/any(t: t eq '{self.kind}') and {times}"]

    def cannot(self, mark: Mark) -> str:
        return "" if mark.kind in BY_MARK else CANNOT.format(what="sign-ins", kind=mark.kind)


class InteractiveSignIns(_SignIns):
    """`GET /beta/auditLogs/signIns`, kind interactiveUser: beta, because v1.0 has no session id."""

    source = "sign-ins, interactive"
    kind = "interactiveUser"


class NonInteractiveSignIns(_SignIns):
    """`GET /beta/auditLogs/signIns`, kind nonInteractiveUser: what tokens did without a person."""

    source = "sign-ins, non-interactive"
    kind = "nonInteractiveUser"


class DirectoryChanges(GraphList):
    """`GET /auditLogs/directoryAudits`: what the account did, and what was done to it; two lists, one source.

    Of an application: what it did, and what was done to its service principal. By address or session the service
    does not look.
    """

    source = "directory changes"
    table = "audit"
    permission = "AuditLog.Read.All"
    path = "/auditLogs/directoryAudits"
    longest = 7 * DAY
    reach = FAR

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._principals: dict[str, tuple[str, ...]] = {}

    def cannot(self, mark: Mark) -> str:
        return "" if mark.kind == APP else CANNOT.format(what="directory changes", kind=mark.kind)

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if asked.mark is not None:
            try:
                with self._lock:
                    if asked.mark.value not in self._principals:
                        self._principals[asked.mark.value] = _principals(tenant, asked.mark.value)
            except TenantAnswer as error:
                return Pull.failed(str(error), available=not not_offered(error))
        return super().pull(tenant, asked, pages, halted)

    def filters(self, asked: Asked) -> list[str]:
        times = _between("activityDateTime", asked)
        if asked.mark is not None:
            targets = [f"targetResources/any(t: t/id eq '{one}')" for one in self._principals[asked.mark.value]]
            return [f"{whose} and {times}" for whose in (f"initiatedBy/app/appId eq '{asked.mark.value}'", *targets)]
        return [
            f"initiatedBy/user/id eq '{asked.object_id}' and {times}",
            f"targetResources/any(t: t/id eq '{asked.object_id}') and {times}",
        ]


class MessageTrace(GraphList):
    """`GET /admin/exchange/tracing/messageTraces`: one value for each property.

    So each address of the account is asked for alone, as sender and as recipient.
    """

    source = "message trace"
    table = "messages"
    permission = "ExchangeMessageTrace.Read.All"
    path = "/admin/exchange/tracing/messageTraces"
    longest = timedelta(days=10)
    reach = timedelta(days=89)
    """Ninety days are kept; a window that begins a moment earlier is refused as a whole."""
    top = "5000"

    def filters(self, asked: Asked) -> list[str]:
        start, end = text_of(asked.window.start), text_of(asked.window.end)
        # The service takes the end only as "le"; what lies on the border comes twice, and is one record.
        times = f"receivedDateTime ge {start} and receivedDateTime le {end}"
        names = [address.replace("'", "''") for address in addresses_of(asked)]
        return [f"{side}Address eq '{name}' and {times}" for name in names for side in ("sender", "recipient")]

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        return with_addresses(super().pull(tenant, asked, pages, halted), asked)

    def identity(self, row: dict[str, Any]) -> str:
        return f"{row.get('id')}|{row.get('recipientAddress')}"

    def explained(self, error: TenantAnswer) -> str:
        return MISSING_APP if error.status == 401 and TRACE_APP in str(error) else str(error)


def _principals(tenant: Tenant, app_id: str) -> tuple[str, ...]:
    """The service principals of an application: changes to it name these, not its application id."""
    found = tenant.graph.rows("/servicePrincipals", query={"$filter": f"appId eq '{app_id}'", "$select": "id,appId"})
    return tuple(sorted(str(row["id"]) for row in found.rows if row.get("id")))


def _between(field: str, asked: Asked) -> str:
    return f"{field} ge {text_of(asked.window.start)} and {field} lt {text_of(asked.window.end)}"
