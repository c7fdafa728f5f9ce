"""Sign-ins of applications, on demand: of those that a person names, else of those that the account consented to; as a
pivot, all that came from an address or were an application's.

Source: Microsoft Graph beta `signIn`; kinds of people and of applications cannot be asked for in one call.
"""

from __future__ import annotations

import threading
from urllib.parse import quote

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.graph_lists import BY_MARK, InteractiveSignIns
from toolkit.collect.roads.road import NO_OPTIONS, Halted, Options, not_offered
from toolkit.collect.window import text_of
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant

NONE = "No application was named, and the account consented to none: there is nothing to ask for."


class ApplicationSignIns(InteractiveSignIns):
    """`GET /beta/auditLogs/signIns`, kind servicePrincipal: what applications did without a person."""

    source = "sign-ins, applications"
    kind = "servicePrincipal"

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, ...]] = {}

    def filters(self, asked: Asked) -> list[str]:
        start, end = text_of(asked.window.start), text_of(asked.window.end)
        times = f"createdDateTime ge {start} and createdDateTime lt {end}"
        kind = f"signInEventTypes/any(t: t eq '{self.kind}')"
        if asked.mark is not None:
            return [f"{BY_MARK[asked.mark.kind]} eq '{asked.mark.value}' and {kind} and {times}"]
        apps = self.options.apps or self._known.get(asked.object_id, ())
        return [f"appId eq '{app.replace(chr(39), chr(39) * 2)}' and {kind} and {times}" for app in apps]

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        try:
            with self._lock:
                if asked.mark is None and not self.options.apps and asked.object_id not in self._known:
                    self._known[asked.object_id] = _consented(tenant, asked.object_id)
        except TenantAnswer as error:
            return Pull.failed(str(error), available=not not_offered(error))
        if not self.filters(asked):
            return Pull(reason=NONE)
        return super().pull(tenant, asked, pages, halted)


def _consented(tenant: Tenant, object_id: str) -> tuple[str, ...]:
    """The application ids of the delegated grants of an account; an application that is gone has none."""
    grants = tenant.graph.rows(f"/users/{quote(object_id)}/oauth2PermissionGrants").rows
    principals = sorted({str(row["clientId"]) for row in grants if row.get("clientId")})
    return tuple(sorted({app for one in principals if (app := _app_id(tenant, one))}))


def _app_id(tenant: Tenant, principal: str) -> str:
    """The application id of a service principal; "" where it is gone."""
    try:
        data = tenant.graph.get(f"/servicePrincipals/{quote(principal)}", query={"$select": "id,appId"}).data
    except TenantAnswer as error:
        if error.status == 404:
            return ""
        raise
    return str(data.get("appId") or "")
