"""Why mails did not go out: the details of the messages of an account that failed, which have the delivery codes.

Source: Microsoft Graph `exchangeMessageTrace: getDetailsByRecipient`; Exchange Online `Get-MessageTraceDetailV2`. Both
tell one message to one recipient at a call, a hundred calls in five minutes, so only the newest are asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.addresses import addresses_of, with_addresses
from toolkit.collect.roads.graph_lists import MISSING_APP, TRACE_APP, MessageTrace
from toolkit.collect.roads.message_trace import CMDLET, PAGE
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered
from toolkit.collect.window import text_of
from toolkit.detect.words import plural
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.answers import Answer
from toolkit.tenant.clouds import lacks
from toolkit.tenant.exchange import WARNINGS, cmdlet_call, own_anchor
from toolkit.tenant.graph import graph_call

DETAIL = "Get-MessageTraceDetailV2"
MOST = 100
"""Failed messages of an account whose details are asked for, the newest first."""
NONE = "No message that it sent failed, so that there is nothing to ask for."
Message = tuple[str, str]
"""A trace id and a recipient."""


class TraceDetails(Road):
    """The details of the newest `MOST` failed messages that an account sent, by Graph, else by the cmdlets."""

    source = "message trace details"
    name = f"Microsoft Graph, else {DETAIL}"
    table = "message_events"
    permission = MessageTrace.permission
    confirms = False
    once = MessageTrace.reach

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        why = lacks(tenant.cloud, MessageTrace.path)
        if not why:
            pull = self._by(_Graph(tenant), asked, pages, halted)
            if pull.available:
                return pull
            why = pull.reason
        pull = self._by(_Cmdlets(tenant), asked, pages, halted)
        if not pull.available:
            return Pull.failed(f"{why} {DETAIL} does not help out: {pull.reason}", available=False)
        pull.reason = "; ".join(filter(None, (f"by {DETAIL}", pull.reason, why if pull.whole else "")))
        return pull

    def _by(self, way: _Way, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        pull, found, told = Pull(), dict[Message, None](), 0
        try:
            for message in way.failed(asked):
                halt_if(halted)
                found[message] = None
                if len(found) > MOST:
                    break
            for trace, recipient in list(found)[:MOST]:
                halt_if(halted)
                answer = way.details(trace, recipient)
                rows = answer.rows
                if rows:
                    pages.add(answer.content)
                    told += 1
                pull.ids |= {f"{trace}|{_identity(row)}" for row in rows}
                pull.received += len(rows)
        except TenantAnswer as error:
            missing = error.status == 401 and TRACE_APP in str(error)
            if (not_offered(error) or missing) and not pull.received:
                return Pull.failed(MISSING_APP if missing else str(error), available=False)
            pull.whole, pull.reason = False, str(error)
            return pull
        if way.cut and len(found) <= MOST:
            pull.whole, pull.reason = False, way.cut
        elif len(found) > MOST:
            pull.whole, pull.reason = False, f"only of the newest {MOST} failed messages; there are more"
        elif told < len(found):
            pull.reason = (
                f"the service has no details of {len(found) - told:,} of {plural(len(found), 'failed message')}"
            )
        elif not found:
            pull.reason = NONE
        return with_addresses(pull, asked)


class _Way:
    """How failed messages, and the details of one, are asked for."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.cut = ""
        """Why there may be more failed messages, or details, than came."""

    def failed(self, asked: Asked) -> Iterator[Message]:
        """The failed messages that the account sent by any of its addresses, the newest first."""
        start, end = asked.window.start, asked.window.end
        while end > start:
            begin = max(start, end - MessageTrace.longest)
            each = [self._window(sender, text_of(begin), text_of(end)) for sender in addresses_of(asked)]
            yield from (message for _, message in heapq.merge(*each, key=itemgetter(0), reverse=True))
            end = begin

    def _window(self, sender: str, start: str, end: str) -> Iterator[tuple[str, Message]]:
        """The failed messages of one address with the time of each, the newest first."""
        raise NotImplementedError

    def details(self, trace: str, recipient: str) -> Answer:
        raise NotImplementedError


class _Graph(_Way):
    def _window(self, sender: str, start: str, end: str) -> Iterator[tuple[str, Message]]:
        name = sender.replace("'", "''")
        times = f"receivedDateTime ge {start} and receivedDateTime le {end}"
        query = {"$filter": f"senderAddress eq '{name}' and status eq 'failed' and {times}", "$top": MessageTrace.top}
        call = graph_call(self.tenant.cloud, "GET", MessageTrace.path, query=query)
        for answer in self.tenant.session.answers(call):
            for row in answer.rows:
                yield str(row.get("receivedDateTime")), (str(row.get("id")), str(row.get("recipientAddress")))

    def details(self, trace: str, recipient: str) -> Answer:
        whom = quote(recipient.replace("'", "''"), safe="@")
        path = f"{MessageTrace.path}/{quote(trace)}/getDetailsByRecipient(recipientAddress='{whom}')"
        return self.tenant.session.read(graph_call(self.tenant.cloud, "GET", path))


class _Cmdlets(_Way):
    def _window(self, sender: str, start: str, end: str) -> Iterator[tuple[str, Message]]:
        asked = {"SenderAddress": sender, "Status": "Failed", "StartDate": start, "EndDate": end, "ResultSize": PAGE}
        for row in self._run(CMDLET, asked).rows:
            yield str(row.get("Received")), (str(row.get("MessageTraceId")), str(row.get("RecipientAddress")))

    def details(self, trace: str, recipient: str) -> Answer:
        return self._run(DETAIL, {"MessageTraceId": trace, "RecipientAddress": recipient})

    def _run(self, cmdlet: str, parameters: dict[str, Any]) -> Answer:
        tenant, anchor = self.tenant, own_anchor(self.tenant.operator)
        answer = tenant.session.read(cmdlet_call(tenant.cloud, tenant.tenant_id, cmdlet, parameters, anchor))
        if answer.data.get(WARNINGS) or answer.data.get("@odata.nextLink"):
            self.cut = f"{cmdlet} gave a part of a list only: there may be more failed messages than these"
        return answer


def _identity(row: dict[str, Any]) -> str:
    """What tells a detail from the others of its message; it does not name the recipient."""
    names = (("dateTime", "Date"), ("event", "Event"), ("description", "Detail"))
    return "|".join(str(row.get(graph) or row.get(cmdlet)) for graph, cmdlet in names)
