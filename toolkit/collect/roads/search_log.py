"""The unified audit log by `Search-UnifiedAuditLog`: never believing a zero, a full page, or an index with a gap.

What may be cut is split by time, and two seconds by record type, those by operation.

Source: Exchange Online cmdlet reference; what is undocumented is as observed and published by others.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from toolkit.collect.marks import ADDRESS
from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.parts import NO_SUCH_TYPE, Seen, joined, note, parts_of, refused
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered
from toolkit.collect.window import text_of
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.exchange import cmdlet_call

PAGE = 5_000
CAP = 50_000
"""Records that one session gives at most; a session that says as many has to be split."""
SHORTEST = timedelta(seconds=2)
ATTEMPTS = 4
ZEROS = 3
"""How often nothing has to be answered, each time in a new session, before it is believed."""
ZEROS_OF_PART = 2
"""The same of one record type, of which there are hundreds."""
PAGES_AT_MOST = 2 * CAP // PAGE + 2


class SearchLog(Road):
    """`Search-UnifiedAuditLog` with ReturnLargeSet sessions, split wherever an answer may be cut."""

    source = "audit log"
    name = "Search-UnifiedAuditLog"
    table = "audit"
    permission = "Exchange.Manage (View-Only Audit Logs)"

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, self.name):
            return Pull.failed(why, available=False)
        zeros, last = 0, Pull()
        problem = ""
        found: set[str] = set()
        seen: Seen = {}
        said: int | None = None
        for _ in range(ATTEMPTS + ZEROS):
            halt_if(halted)
            try:
                last = self._session(tenant, asked, pages, halted, seen)
            except TenantAnswer as error:
                if not_offered(error):
                    return Pull.failed(str(error), available=False)
                if refused(error, asked):
                    return Pull.failed(NO_SUCH_TYPE)
                problem = str(error)
                continue
            found |= last.ids
            if last.expected is not None:
                said = max(said or 0, last.expected)
            if said is not None and said >= CAP:
                return self._split(tenant, asked, pages, halted, found, seen, said)
            if last.whole and last.expected == 0 and not found:
                zeros += 1
                if zeros >= (ZEROS_OF_PART if asked.record_types else ZEROS):
                    return last
                continue
            if last.whole and found == last.ids:
                return last
            problem = last.reason or "it answered fewer records than before"
        if asked.window.length > SHORTEST or (found and not asked.record_types):
            return self._split(tenant, asked, pages, halted, found, seen, said)
        last.ids |= found
        last.whole, last.reason = False, problem or "its answers do not agree"
        last.received = last.received or len(last.ids)
        return last

    def _split(
        self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted, found: set[str], seen: Seen, said: int | None
    ) -> Pull:
        """The window in two halves; two seconds by record type, one record type by operation."""
        whole = Pull(splits=1)
        if asked.window.length > SHORTEST:
            for half in reversed(asked.window.halves()):
                whole.add(self.pull(tenant, asked.within(half), pages, halted))
            whole.ids |= found
            return whole
        cut = said is not None and said >= CAP
        parts = parts_of(asked, seen, known=cut, lists=False)
        if not parts:
            text = f"more than {CAP:,} records within two seconds, which one session does not give"
            return Pull(set(found), len(found), said, whole=False, reason=text)
        for part in parts:
            one = self.pull(tenant, part, pages, halted)
            if one.reason != NO_SUCH_TYPE or set(part.record_types) & set(seen):
                whole.add(one)
        return joined(whole, asked, found, said, cut=cut)

    def _session(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted, seen: Seen) -> Pull:
        """One session from its first page to the empty one."""
        session, rows, said = str(uuid.uuid4()), [], None
        for _ in range(PAGES_AT_MOST):
            halt_if(halted)
            page = self._page(tenant, asked, session, pages)
            if not page:
                break
            counts = {_number(row.get("ResultCount")) for row in page}
            if -1 in {_number(row.get("ResultIndex")) for row in page} or counts == {0}:
                return Pull(whole=False, reason="its session broke off", expected=said)
            said = max((n for n in counts if n is not None), default=None) if said is None else said
            rows += page
            for row in page:
                note(seen, row.get("RecordType"), row.get("Operations"))
            if said is not None and said >= CAP and asked.window.length > SHORTEST:
                break
        return _pull_of(rows, 0 if said is None and not rows else said)

    def _page(self, tenant: Tenant, asked: Asked, session: str, pages: Pages) -> list[dict[str, Any]]:
        parameters = {
            "StartDate": text_of(asked.window.start),
            "EndDate": text_of(asked.window.end),
            **_whose(asked),
            **({"RecordType": asked.record_types[0]} if asked.record_types else {}),
            **({"Operations": list(asked.operations)} if asked.operations else {}),
            "SessionId": session,
            "SessionCommand": "ReturnLargeSet",
            "ResultSize": PAGE,
        }
        call = cmdlet_call(tenant.cloud, tenant.tenant_id, self.name, parameters, tenant.operator.user_principal_name)
        answer = tenant.session.read(call)
        rows = [row for row in answer.data.get("value", []) if isinstance(row, dict)]
        if rows:
            pages.add(answer.content)
        if answer.data.get("@adminapi.warnings") or answer.data.get("@odata.nextLink"):
            raise TenantAnswer(
                "Search-UnifiedAuditLog answered with a warning that its list is cut.",
                status=answer.status,
                code="Incomplete",
                request_id=answer.request_id,
            )
        return rows


def _whose(asked: Asked) -> dict[str, Any]:
    """The parameters that say whose records: an account's, or everybody's with a mark."""
    if asked.mark is None:
        return {"UserIds": [asked.user_principal_name]}
    if asked.mark.kind == ADDRESS:
        return {"IPAddresses": [asked.mark.value]}
    return {"FreeText": asked.mark.value}


def _pull_of(rows: list[dict[str, Any]], said: int | None) -> Pull:
    """Whether the pages of a session are all there: its indices run from 1 to its own count, without a gap."""
    ids = {identity for row in rows if (identity := record_id(row))}
    pull = Pull(ids, len(rows), said)
    indices = {_number(row.get("ResultIndex")) for row in rows}
    counts = {_number(row.get("ResultCount")) for row in rows}
    if said is None:
        pull.whole, pull.reason = False, "it does not say how many records there are"
    elif len(counts) > 1:
        pull.whole, pull.reason = False, "its pages say different counts"
    elif indices != set(range(1, said + 1)):
        missing = len(set(range(1, said + 1)) - indices)
        pull.whole, pull.reason = False, f"{missing:,} of the {said:,} records it counts did not come"
    return pull


def record_id(row: dict[str, Any]) -> str:
    """The id of the record in a row: that of its AuditData."""
    try:
        return str(json.loads(row["AuditData"])["Id"]).lower()
    except (KeyError, TypeError, ValueError):
        return str(row.get("Identity") or "").lower()


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
