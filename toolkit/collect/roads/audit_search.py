"""The unified audit log by Graph's audit search: a search is made, waited for, and its records read page by page.

Searches end in failure, are cancelled, stop at a limit, miss records in silence, and their lists break off after
thousands of rows. What was read is kept; another search is made, and where that does not help, two of half the window;
of two seconds one of each record type, and of one record type one of each operation.
Source: Microsoft Graph `auditLogQuery`, `auditLogRecord` (global cloud only).
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from toolkit.collect.marks import ADDRESS
from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.parts import NO_SUCH_TYPE, Seen, joined, note, parts_of, refused
from toolkit.collect.roads.road import NO_OPTIONS, Halted, Options, Road, halt_if, not_offered, without_end
from toolkit.collect.window import DAY, text_of
from toolkit.errors import NotConsented, TenantAnswer, TenantError
from toolkit.tenant import Call, Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.graph import graph_call
from toolkit.tenant.permissions import audit_workloads
from toolkit.tenant.tokens import permissions_in

QUERIES = "/security/auditLog/queries"
PRACTICE_WAIT = 0.1  # searches of the practice tenant take seconds where Microsoft's take minutes
LONGEST_WAIT = timedelta(hours=2)
POLL_SECONDS = (15.0, 30.0, 60.0)
NAP = 5.0
"""Seconds after which a wait looks whether a person stopped the collection."""
SHORTEST = timedelta(seconds=2)
LIMIT = "the search stopped at its limit"
ATTEMPTS = 3
AT_ONCE = 4
"""Searches of ours that run side by side; the service refuses more than five to ten of a tenant."""
RUNNING = {"notstarted", "running"}
OFF = "AuditingDisabledTenant"
NARROW = (
    "The token may see {} only: what other services recorded is not in it, and the search does not say so. "
    "AuditLogsQuery.Read.All shows all."
)
SWITCHED_OFF = "Auditing is switched off for the whole organisation, so there is nothing to search."


class AuditSearch(Road):
    """`POST /security/auditLog/queries`, then its records. A search that stopped at its limit is split."""

    source = "audit log"
    name = "Graph audit search"
    table = "audit"
    permission = "AuditLogsQuery.Read.All"
    longest = 7 * DAY

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        super().__init__(options)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, QUERIES):
            return Pull.failed(why, available=False)
        pull = self._asked_for(tenant, asked, pages, halted)
        workloads = audit_workloads(permissions_in(tenant.tokens.token("graph")))
        if pull.whole and workloads:
            pull.narrow, pull.reason = True, NARROW.format(", ".join(workloads))
        return pull

    def _asked_for(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        pull, problem = Pull(), ""
        seen: Seen = {}
        for attempt in range(ATTEMPTS):
            halt_if(halted)
            try:
                with self._places:
                    done, problem = self._search(tenant, asked, pages, halted, pull, seen)
            except TenantAnswer as error:
                if OFF.lower() in f"{error.code} {error}".lower():
                    return Pull.failed(SWITCHED_OFF, available=False)
                if not_offered(error) and not pull.received:
                    return Pull.failed(str(error), available=False)
                if refused(error, asked):
                    return self._without_refused(tenant, asked, pages, halted)
                done, problem = {}, str(error)
                if without_end(error):
                    pull.whole, pull.reason, pull.hopeless = False, problem, True
                    return pull
                _nap(tenant, POLL_SECONDS[attempt], halted)
            except NotConsented:
                raise
            except TenantError as error:
                done, problem = {}, str(error)
            if done.get("isRecordCountLimitExceeded") is True:
                return self._split(tenant, asked, pages, halted, pull, LIMIT, seen, cut=True)
            if done and not problem:
                return pull
        if pull.received:
            return self._split(tenant, asked, pages, halted, pull, problem, seen)
        pull.whole, pull.reason = False, problem
        return pull

    def _search(
        self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted, pull: Pull, seen: Seen
    ) -> tuple[dict[str, Any], str]:
        """One search from its making to its last page: how it says that it ended, and what is missing."""
        query = self._made(tenant, asked)
        done = self._waited_for(tenant, query, halted)
        status = str(done.get("status"))
        if status.lower() in RUNNING:
            return {}, f"the search was not done after {LONGEST_WAIT.total_seconds() / 3600:g} hours"
        if status.lower() != "succeeded":
            return {}, f"the search ended as {status}"
        before = len(pull.ids)
        found = self._records(tenant, query, pages, halted, pull, seen)
        if not found and not before:
            # A search that has just succeeded may say nothing at first.
            _nap(tenant, POLL_SECONDS[0], halted)
            found = self._records(tenant, query, pages, halted, pull, seen)
        said = done.get("approximateReturnedRecordCount")
        if isinstance(said, int):
            pull.expected = said
            if said > len(found):
                return done, f"it counts about {said:,} records and {len(found):,} came"
        if pull.ids - found:
            return done, "it found fewer records than the search before it"
        return done, ""

    def _split(
        self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted, pull: Pull, why: str, seen: Seen,
        *, cut: bool = False,
    ) -> Pull:  # fmt: skip
        """The window in two halves; two seconds by record type, one record type by operation."""
        whole = Pull(ids=set(pull.ids), received=pull.received, splits=1)
        if asked.window.length > SHORTEST:
            for half in reversed(asked.window.halves()):
                whole.add(self._asked_for(tenant, asked.within(half), pages, halted))
            return whole
        parts = parts_of(asked, seen, known=cut, lists=True) if seen and (cut or not asked.record_types) else []
        if not parts:
            pull.whole, pull.reason = False, f"{why}, and the window cannot be made smaller"
            return pull
        whole.ids = set()
        for part in parts:
            one = self._asked_for(tenant, part, pages, halted)
            if one.reason != NO_SUCH_TYPE or set(part.record_types) & set(seen):
                whole.add(one)
        return joined(whole, asked, pull.ids, len(pull.ids) if cut else pull.expected, cut=cut)

    def _without_refused(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        """A list of record types one of which the service does not have is refused as a whole: ask for its halves."""
        types = asked.record_types
        if len(types) == 1:
            return Pull.failed(NO_SUCH_TYPE)
        whole = Pull()
        for some in (types[: len(types) // 2], types[len(types) // 2 :]):
            one = self._asked_for(tenant, replace(asked, record_types=some), pages, halted)
            if one.reason != NO_SUCH_TYPE:
                whole.add(one)
        return whole

    def _made(self, tenant: Tenant, asked: Asked) -> str:
        """Make the search and return its id; an answer that got lost is looked for by the search's name."""
        name = f"evidence {uuid.uuid4()}"
        body = {
            "displayName": name,
            "filterStartDateTime": text_of(asked.window.start),
            "filterEndDateTime": text_of(asked.window.end),
            **_whose(asked),
            **({"recordTypeFilters": list(asked.record_types)} if asked.record_types else {}),
            **({"operationFilters": list(asked.operations)} if asked.operations else {}),
        }
        try:
            answer = tenant.session.ask_once(graph_call(tenant.cloud, "POST", QUERIES, body))
            if answer.data.get("id"):
                return str(answer.data["id"])
            if answer.data.get("Status") == OFF:
                raise TenantAnswer(SWITCHED_OFF, status=400, code=OFF)
        except TenantAnswer as error:
            if 400 <= error.status < 500:
                raise
        except NotConsented:
            raise
        except TenantError:
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
            _nap(tenant, pause, halted)
            waited, number = waited + pause, number + 1

    def _records(
        self, tenant: Tenant, query: str, pages: Pages, halted: Halted, pull: Pull, seen: Seen
    ) -> set[str]:  # fmt: skip
        """The ids of the records of a search. They are in `pull` too, page by page, should the list break off."""
        first: Call = graph_call(tenant.cloud, "GET", f"{QUERIES}/{quote(query)}/records", query={"$top": "1000"})
        found: set[str] = set()
        for answer in tenant.session.answers(first):
            halt_if(halted)
            rows = answer.rows
            if rows:
                pages.add(answer.content)
            ids = {_identity(row) for row in rows}
            for row in rows:
                note(seen, row.get("auditLogRecordType"), row.get("operation"))
            pull.received += len(rows)
            pull.ids |= ids
            found |= ids
        return found


def _whose(asked: Asked) -> dict[str, Any]:
    """The filters that say whose records: an account's, or everybody's with a mark or words."""
    if asked.words:
        return {"keywordFilter": asked.words}
    if asked.mark is None:
        return {"userPrincipalNameFilters": [asked.user_principal_name]}
    if asked.mark.kind == ADDRESS:
        return {"ipAddressFilters": [asked.mark.value]}
    return {"keywordFilter": asked.mark.value}


def _identity(row: dict[str, Any]) -> str:
    """The id of a record: the row's own, which is that of its auditData."""
    inner = row.get("auditData")
    return str(row.get("id") or (inner.get("Id") if isinstance(inner, dict) else "") or row).lower()


def _nap(tenant: Tenant, seconds: float, halted: Halted) -> None:
    """Wait, and look now and again whether a person stopped the collection."""
    seconds *= PRACTICE_WAIT if tenant.cloud.practice else 1.0
    while seconds > 0:
        tenant.sleep(min(NAP, seconds))
        seconds -= NAP
        halt_if(halted)
