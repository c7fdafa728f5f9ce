"""What Identity Protection noticed: risk detections of an account, and its risk as it is and as it was.

Source: Microsoft Graph `riskDetection` (kept for ninety days at most), `riskyUser`, `riskyUserHistoryItem`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.graph_lists import GraphList
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered, without_end
from toolkit.collect.window import DAY
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.clouds import lacks
from toolkit.tenant.graph import graph_call

USERS = "/identityProtection/riskyUsers"
HIDDEN = "Without Entra ID P2 the service says only that there was a risk, not which: the type is generic."


class RiskDetections(GraphList):
    """`GET /identityProtection/riskDetections`: all that are kept of the account, in one list."""

    source = "risk detections"
    table = "risk"
    permission = "IdentityRiskEvent.Read.All"
    path = "/identityProtection/riskDetections"
    top = "500"
    once = 90 * DAY

    def filters(self, asked: Asked) -> list[str]:
        return [f"userId eq '{asked.object_id}'"]

    def said(self, rows: list[dict[str, Any]]) -> str:
        return HIDDEN if any(row.get("riskEventType") == "generic" for row in rows) else ""


class AccountRisk(Road):
    """`GET /identityProtection/riskyUsers/{id}` and its history. An account never at risk is answered 404."""

    source = "risk of the account"
    name = "Microsoft Graph"
    table = "risky_users"
    permission = "IdentityRiskyUser.Read.All"
    confirms = False
    once = 90 * DAY

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        if why := lacks(tenant.cloud, f"{USERS}/"):
            return Pull.failed(why, available=False)
        pull = Pull()
        path = f"{USERS}/{quote(asked.object_id)}"
        try:
            state = tenant.session.read(graph_call(tenant.cloud, "GET", path))
            pages.add(state.content)
            pull.ids.add(str(state.data.get("id")))
            pull.received += 1
            for answer in tenant.session.answers(graph_call(tenant.cloud, "GET", f"{path}/history")):
                halt_if(halted)
                rows = answer.rows
                if rows:
                    pages.add(answer.content)
                pull.ids |= {f"{row.get('id')}|{row.get('riskLastUpdatedDateTime')}" for row in rows}
                pull.received += len(rows)
        except TenantAnswer as error:
            if error.status == 404 and not pull.received:
                return Pull(reason="It was never at risk, as far as Identity Protection noticed.")
            if not_offered(error) and not pull.received:
                return Pull.failed(str(error), available=False)
            pull.whole, pull.reason, pull.hopeless = False, str(error), without_end(error)
        return pull
