"""Message trace: by Microsoft Graph, and where a tenant or a cloud does not have that, by `Get-MessageTraceV2`.

Source: Microsoft Graph `exchangeMessageTrace`; Exchange Online `Get-MessageTraceV2`, which has no pages: who wants
more asks again from the last row on, by its time and its recipient, both.
"""

from __future__ import annotations

from typing import Any

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.addresses import addresses_of, with_addresses
from toolkit.collect.roads.graph_lists import MessageTrace
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered
from toolkit.collect.window import text_of
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.exchange import cmdlet_call, own_anchor

CMDLET = "Get-MessageTraceV2"
PAGE = 5_000
CALLS_AT_MOST = 200
"""Of one window: a million rows. Whoever has more is told so."""


class TraceCmdlet(Road):
    """`Get-MessageTraceV2`, for each address of the account, as sender and as recipient."""

    source = "message trace"
    name = CMDLET
    table = "messages"
    permission = "Exchange.Manage (Security Reader, Global Reader or Exchange Administrator)"
    longest = MessageTrace.longest
    reach = MessageTrace.reach

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        whole = Pull()
        for address in addresses_of(asked):
            for side in ("SenderAddress", "RecipientAddress"):
                whole.add(self._side(tenant, asked, {side: address}, pages, halted))
        return with_addresses(whole, asked)

    def _side(self, tenant: Tenant, asked: Asked, whose: dict[str, str], pages: Pages, halted: Halted) -> Pull:
        pull, end, after = Pull(), text_of(asked.window.end), ""
        for _ in range(CALLS_AT_MOST):
            halt_if(halted)
            parameters: dict[str, Any] = {
                "StartDate": text_of(asked.window.start),
                "EndDate": end,
                **whose,
                "ResultSize": PAGE,
            }
            if after:
                parameters["StartingRecipientAddress"] = after
            anchor = own_anchor(tenant.operator)
            try:
                answer = tenant.session.read(cmdlet_call(tenant.cloud, tenant.tenant_id, CMDLET, parameters, anchor))
            except TenantAnswer as error:
                if not_offered(error) and not pull.received:
                    return Pull.failed(str(error), available=False)
                pull.whole, pull.reason = False, str(error)
                return pull
            rows = answer.rows
            if rows:
                pages.add(answer.content)
            new = {f"{row.get('MessageTraceId')}|{row.get('RecipientAddress')}" for row in rows}
            pull.received += len(rows)
            cut = bool(answer.data.get("@adminapi.warnings") or answer.data.get("@odata.nextLink"))
            if not cut and len(rows) < PAGE:
                pull.ids |= new
                return pull
            if not rows or new <= pull.ids:
                pull.whole, pull.reason = False, f"{CMDLET} says that there is more and gives nothing new"
                return pull
            pull.ids |= new
            end, after = _time_of(rows[-1]), str(rows[-1].get("RecipientAddress") or "")
        pull.whole, pull.reason = False, f"there are more than {CALLS_AT_MOST * PAGE:,} messages in this window"
        return pull


class EitherTrace(Road):
    """Microsoft Graph; `Get-MessageTraceV2` where Graph does not offer it. The ledger's reason says which and why."""

    source = "message trace"
    name = f"Microsoft Graph, else {CMDLET}"
    table = "messages"
    permission = MessageTrace.permission
    longest = MessageTrace.longest
    reach = MessageTrace.reach

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        why = lacks(tenant.cloud, MessageTrace.path)
        if not why:
            pull = MessageTrace(self.options).pull(tenant, asked, pages, halted)
            if pull.available:
                return pull
            why = pull.reason
        pull = TraceCmdlet(self.options).pull(tenant, asked, pages, halted)
        if not pull.available:
            return Pull.failed(f"{why} {CMDLET} does not help out: {pull.reason}", available=False)
        pull.reason = "; ".join(filter(None, (f"by {CMDLET}", pull.reason, why if pull.whole else "")))
        return pull


def _time_of(row: dict[str, Any]) -> str:
    """The time of a row as the cmdlet takes it back: what it wrote itself, to the second or finer."""
    text = str(row.get("Received") or "")
    return text if text.endswith("Z") or "+" in text else f"{text}Z"
