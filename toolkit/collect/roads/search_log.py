"""The unified audit log by `Search-UnifiedAuditLog`: never believing a zero, a full page, or an index with a gap.

What may be cut is split by time, and two seconds by record type, those by operation. Of an answer that is cut
`@odata.nextLink` is followed; where that does not help, fewer rows are asked for at once, or the window is split.

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
from toolkit.errors import TenantAnswer, TenantUnreachable
from toolkit.tenant import Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.exchange import cmdlet_call, listed, own_anchor

PAGE = 5_000
CAP = 50_000
"""Records that one session gives at most; a session that says as many has to be split."""
SHORTEST = timedelta(seconds=2)
ATTEMPTS = 4
ZEROS = 3
"""How often nothing has to be answered, each time in a new session, before it is believed."""
ZEROS_OF_PART = 2
"""The same of one record type, of which there are hundreds."""
REFUSED_AT_MOST = 2 * ATTEMPTS
"""Sessions in a row, over all parts of a window, that ended in an error: then the service is not asked for the rest."""
SPLITS_AT_MOST = 2_000
"""Of one pull: a service that calls every second full, or never gives what it counts, would be asked for days."""
ENDLESS = "the window was split {count:,} times, and still does not come whole"
LEAST = 100
"""Rows; where an answer is cut to fewer, asking for so many at once is no way."""
THOROUGH = "HighCompleteness"
"""The switch without which results might be missing, by Microsoft's reference; who asks again asks with it."""
PLAIN = "asked again without HighCompleteness, since with it {problem}"


class SearchLog(Road):
    """`Search-UnifiedAuditLog` with ReturnLargeSet sessions, split wherever an answer may be cut."""

    source = "audit log"
    name = "Search-UnifiedAuditLog"
    table = "audit"
    permission = "Exchange.Manage (View-Only Audit Logs)"
    alone = True

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, self.name):
            return Pull.failed(why, available=False)
        asking = _Asking(tenant, pages, halted, thorough=asked.again)
        pull = asking.window(asked)
        if pull.whole and not pull.reason:
            pull.reason = asking.plain
        return pull


class _Cut(Exception):
    """An answer of `rows` rows stays cut, and `why`; `counted`: all came that the service counts."""

    def __init__(self, why: str, rows: int, pull: Pull) -> None:
        super().__init__(why)
        self.why, self.rows, self.expected, self.counted = why, rows, pull.expected, pull.whole


class _Asking:
    """One pull: how often the service refused in a row is counted over all parts of the window.

    `thorough`: with `HighCompleteness`, which takes longer and misses less. `plain` says why it was left off.
    """

    def __init__(self, tenant: Tenant, pages: Pages, halted: Halted, *, thorough: bool) -> None:
        self._tenant, self._pages, self._halted, self._thorough = tenant, pages, halted, thorough
        self._refused = self._splits = 0
        self._problem = self.plain = ""
        self._size = PAGE

    def window(self, asked: Asked, before: frozenset[str] = frozenset()) -> Pull:
        """The window, by as many sessions as it takes; split where rows came, or a cap was said, and not all came.

        `before` are the ids that came before it was split off.
        """
        zeros, errors, last, problem = 0, 0, Pull(), ""
        found: set[str] = set()
        seen: Seen = {}
        said: int | None = None
        for _ in range(ATTEMPTS + ZEROS):
            halt_if(self._halted)
            if errors >= ATTEMPTS or self._refused >= REFUSED_AT_MOST or self._splits > SPLITS_AT_MOST:
                break
            try:
                last = self._session(asked, seen, found)
            except _Cut as cut:
                said = max(said or 0, cut.expected) if cut.expected is not None else said
                self._refused, problem = 0, cut.why
                if self._asks_for_less(cut.rows):
                    continue
                if cut.counted and found <= before:  # the smaller window told nothing that the larger one had not
                    return Pull(found, len(found), said, whole=False, reason=problem)
                return self._split(asked, found, seen, said, problem)
            except (TenantAnswer, TenantUnreachable) as error:
                if self._refuses_thorough(error, errors):
                    continue
                if isinstance(error, TenantAnswer) and not_offered(error) and not found:
                    return Pull.failed(str(error), available=False)
                if isinstance(error, TenantAnswer) and refused(error, asked):
                    return Pull.failed(NO_SUCH_TYPE)
                self._problem = problem = str(error)
                errors, self._refused = errors + 1, self._refused + 1
                continue
            self._refused = 0
            if last.expected is not None:
                said = max(said or 0, last.expected)
            if said is not None and said >= CAP:
                return self._split(asked, found, seen, said)
            if last.whole and last.expected == 0 and not found:
                zeros += 1
                if zeros >= (ZEROS_OF_PART if asked.record_types else ZEROS):
                    return last
                continue
            if last.whole and found == last.ids:
                return last
            problem = last.reason or "it answered fewer records than before"
        refused_on = self._refused >= REFUSED_AT_MOST
        # A service that only refuses would refuse every part of the window too.
        if (found or seen) and not refused_on and (asked.window.length > SHORTEST or not asked.record_types):
            return self._split(asked, found, seen, said)
        problem = self._problem if refused_on else problem or "its answers do not agree"
        return Pull(found, len(found), last.expected, whole=False, reason=problem, hopeless=refused_on)

    def _asks_for_less(self, rows: int) -> bool:
        """Whether sessions are begun anew with smaller pages, of the size to which an answer was cut: once a pull."""
        if self._size < PAGE or not LEAST <= rows < PAGE:
            return False
        self._size = rows
        return True

    def _refuses_thorough(self, error: TenantAnswer | TenantUnreachable, errors: int) -> bool:
        """Whether an error is about `HighCompleteness`; it is left off from then on, and after any second error too."""
        named = self._thorough and THOROUGH.lower() in str(error).lower()
        if named or (self._thorough and errors):
            self._thorough, self.plain = False, PLAIN.format(problem=error)
        return named

    def _split(self, asked: Asked, found: set[str], seen: Seen, said: int | None, why: str = "") -> Pull:
        """The window in two halves; two seconds by record type, one record type by operation.

        `why` is what is said where neither can be done.
        """
        whole, self._splits = Pull(splits=1), self._splits + 1
        if self._splits > SPLITS_AT_MOST:
            endless = ENDLESS.format(count=SPLITS_AT_MOST)
            return Pull(set(found), len(found), said, whole=False, reason=endless, hopeless=True)
        if asked.window.length > SHORTEST:
            for half in reversed(asked.window.halves()):
                whole.add(self.window(asked.within(half), frozenset(found)))
            whole.ids |= found
            whole.received = max(whole.received, len(whole.ids))
            return whole
        cut = said is not None and said >= CAP
        parts = parts_of(asked, seen, known=cut, lists=False)
        if not parts:
            text = why or f"more than {CAP:,} records within two seconds, which one session does not give"
            return Pull(set(found), len(found), said, whole=False, reason=text)
        for part in parts:
            one = self.window(part, frozenset(found))
            if one.reason != NO_SUCH_TYPE or set(part.record_types) & set(seen):
                whole.add(one)
        return joined(whole, asked, found, said, cut=cut)

    def _session(self, asked: Asked, seen: Seen, found: set[str]) -> Pull:
        """One session from its first page to the empty one; `found` gets the ids page by page, should it break off.

        Raises:
            _Cut: a page stays cut; the session is not gone on with.
        """
        session, said, more = str(uuid.uuid4()), None, False
        rows: list[dict[str, Any]] = []
        for _ in range(2 * CAP // self._size + 2):
            halt_if(self._halted)
            page, cut = self._page(asked, session, seen, found)
            if not page:
                break
            more = _more(page)
            counts = {_number(row.get("ResultCount")) for row in page}
            if -1 in {_number(row.get("ResultIndex")) for row in page} or counts == {0}:
                return Pull(whole=False, reason="its session broke off", expected=said)
            said = max((n for n in counts if n is not None), default=None) if said is None else said
            rows += page
            if cut:
                raise _Cut(cut, len(page), _pull_of(rows, said, more=more))
            if said is not None and said >= CAP and asked.window.length > SHORTEST:
                break
        return _pull_of(rows, 0 if said is None and not rows else said, more=more)

    def _page(self, asked: Asked, session: str, seen: Seen, found: set[str]) -> tuple[list[dict[str, Any]], str]:
        """The rows of the session's next page, kept and noted before anything is concluded; and why there are more."""
        parameters = {
            "StartDate": text_of(asked.window.start),
            "EndDate": text_of(asked.window.end),
            **_whose(asked),
            **({"RecordType": asked.record_types[0]} if asked.record_types else {}),
            **({"Operations": list(asked.operations)} if asked.operations else {}),
            "SessionId": session,
            "SessionCommand": "ReturnLargeSet",
            "ResultSize": self._size,
            **({THOROUGH: True} if self._thorough else {}),
        }
        tenant = self._tenant
        call = cmdlet_call(tenant.cloud, tenant.tenant_id, SearchLog.name, parameters, own_anchor(tenant.operator))
        came = listed(tenant.session, call)
        for answer in came.answers:
            if answer.rows:
                self._pages.add(answer.content)
        rows = came.rows
        found |= _ids(rows)
        for row in rows:
            note(seen, row.get("RecordType"), row.get("Operations"))
        if came.lost is not None and not (rows and came.is_cut):
            raise came.lost
        return rows, f"an answer of {len(rows):,} records stays cut: {came.lost}" if came.lost is not None else ""


def _whose(asked: Asked) -> dict[str, Any]:
    """The parameters that say whose records: an account's, or everybody's with a mark or words."""
    if asked.words:
        return {"FreeText": asked.words}
    if asked.mark is None:
        return {"UserIds": [asked.user_principal_name]}
    if asked.mark.kind == ADDRESS:
        return {"IPAddresses": [asked.mark.value]}
    return {"FreeText": asked.mark.value}


def _ids(rows: list[dict[str, Any]]) -> set[str]:
    return {identity for row in rows if (identity := record_id(row))}


def _more(page: list[dict[str, Any]]) -> bool:
    """Whether the service says with a page that there is more to come."""
    told = (row.get("AuditSearchRequestMetadata") for row in page)
    return any(isinstance(one, dict) and one.get("moreRecordsAvailable") is True for one in told)


def _pull_of(rows: list[dict[str, Any]], said: int | None, *, more: bool) -> Pull:
    """Whether the pages of a session are all there: its indices run from 1 to its own count, without a gap, and the
    last of them (`more`) did not say that there are others."""
    pull = Pull(_ids(rows), len(rows), said)
    indices = {number for row in rows if (number := _number(row.get("ResultIndex"))) is not None}
    counts = {_number(row.get("ResultCount")) for row in rows}
    if said is None:
        pull.whole, pull.reason = False, "it does not say how many records there are"
    elif len(counts) > 1:
        pull.whole, pull.reason = False, "its pages say different counts"
    elif len(indices) != said or (indices and (min(indices), max(indices)) != (1, said)):
        missing = max(1, said - sum(1 <= number <= said for number in indices))
        pull.whole, pull.reason = False, f"{missing:,} of the {said:,} records it counts did not come"
    elif more:
        pull.whole, pull.reason = False, "with its last page it said that there are more records, and none came"
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
    except (TypeError, ValueError, OverflowError):
        return None
