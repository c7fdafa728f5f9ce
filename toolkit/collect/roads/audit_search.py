"""The unified audit log by Graph's audit search: a search is made, waited for, and its records read page by page.

Source: Microsoft Graph `auditLogQuery`, `auditLogRecord` (global cloud only).
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered
from toolkit.collect.window import DAY, text_of
from toolkit.errors import TenantAnswer, TenantError
from toolkit.tenant import Call, Tenant
from toolkit.tenant.graph import graph_call

QUERIES = "/security/auditLog/queries"
LONGEST_WAIT = timedelta(hours=2)
POLL_SECONDS = (15.0, 30.0, 60.0)
SHORTEST = timedelta(minutes=5)
ATTEMPTS = 3
RUNNING = {"notstarted", "running"}
OFF = "AuditingDisabledTenant"


class AuditSearch(Road):
    """`POST /security/auditLog/queries`, then its records. A search that stopped at its limit is split."""

    source = "audit log"
    name = "Graph audit search"
    table = "audit"
    permission = "AuditLogsQuery.Read.All"
    longest = 7 * DAY

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        pull, problem = Pull(), ""
        for _ in range(ATTEMPTS):
            halt_if(halted)
            try:
                query = self._made(tenant, asked)
                done = self._waited_for(tenant, query, halted)
                status = str(done.get("status")).lower()
                if status != "succeeded":
                    problem = f"the search ended as {status}"
                    continue
                found = self._records(tenant, query, pages, halted)
                if not found and not pull.ids:
                    # A search that has just succeeded may say nothing at first.
                    tenant.sleep(POLL_SECONDS[0])
                    found = self._records(tenant, query, pages, halted)
            except TenantAnswer as error:
                if OFF.lower() in str(error).lower():
                    return Pull.failed("Auditing is switched off for the organisation.", available=False)
                if not_offered(error):
                    return Pull.failed(str(error), available=False)
                problem = str(error)
                continue
            pull.ids |= {str(row.get("id")).lower() for row in found}
            pull.received += len(found)
            if done.get("isRecordCountLimitExceeded") is True:
                return self._split(tenant, asked, pages, halted, pull)
            said = done.get("approximateReturnedRecordCount")
            if isinstance(said, int) and said > len(pull.ids):
                problem = f"it counts about {said:,} records and {len(pull.ids):,} came"
                continue
            return pull
        pull.whole, pull.reason = False, problem
        return pull

    def _split(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted, pull: Pull) -> Pull:
        if asked.window.length <= SHORTEST:
            pull.whole, pull.reason = False, "the search stopped at its limit, and the window cannot be made smaller"
            return pull
        whole = Pull(ids=set(pull.ids), splits=1)
        for half in reversed(asked.window.halves()):
            whole.add(self.pull(tenant, Asked(asked.object_id, asked.user_principal_name, half), pages, halted))
        return whole

    def _made(self, tenant: Tenant, asked: Asked) -> str:
        """Make the search and return its id; an answer that got lost is looked for by the search's name."""
        name = f"evidence {uuid.uuid4()}"
        body = {
            "displayName": name,
            "filterStartDateTime": text_of(asked.window.start),
            "filterEndDateTime": text_of(asked.window.end),
            "userPrincipalNameFilters": [asked.user_principal_name],
        }
        try:
            answer = tenant.session.ask_once(graph_call(tenant.cloud, "POST", QUERIES, body))
            return str(answer.data["id"])
        except TenantAnswer as error:
            if 400 <= error.status < 500:
                raise
        except (TenantError, KeyError):
            pass
        for row in tenant.session.pages(graph_call(tenant.cloud, "GET", QUERIES)):
            if row.get("displayName") == name:
                return str(row["id"])
        raise TenantAnswer("The search was not made; ask again.", status=503, code="NotMade")

    def _waited_for(self, tenant: Tenant, query: str, halted: Halted) -> dict[str, Any]:
        waited, number = 0.0, 0
        while True:
            halt_if(halted)
            data = tenant.session.read(graph_call(tenant.cloud, "GET", f"{QUERIES}/{quote(query)}")).data
            if str(data.get("status")).lower() not in RUNNING or waited > LONGEST_WAIT.total_seconds():
                return data
            pause = POLL_SECONDS[min(number, len(POLL_SECONDS) - 1)]
            tenant.sleep(pause)
            waited, number = waited + pause, number + 1

    def _records(self, tenant: Tenant, query: str, pages: Pages, halted: Halted) -> list[dict[str, Any]]:
        first: Call = graph_call(tenant.cloud, "GET", f"{QUERIES}/{quote(query)}/records", query={"$top": "1000"})
        rows: list[dict[str, Any]] = []
        for answer in tenant.session.answers(first):
            halt_if(halted)
            found = [row for row in answer.data.get("value", []) if isinstance(row, dict)]
            if found:
                pages.add(answer.content)
            rows += found
        return rows
