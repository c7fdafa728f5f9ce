"""Secure Score and its controls: no window and no account, the newest ninety days as they are."""

from __future__ import annotations

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.road import Halted, Road, halt_if, not_offered, without_end
from toolkit.collect.window import DAY
from toolkit.errors import TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.graph import graph_call


class SecureScore(Road):
    """`GET /security/secureScores?$top=90` and `/secureScoreControlProfiles`."""

    source = "Secure Score"
    name = "Microsoft Graph"
    table = "secure_scores"
    permission = "SecurityEvents.Read.All"
    confirms = False
    once = 90 * DAY
    everybody = True

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        pull = Pull()
        calls = (
            graph_call(tenant.cloud, "GET", "/security/secureScores", query={"$top": "90"}),
            graph_call(tenant.cloud, "GET", "/security/secureScoreControlProfiles"),
        )
        try:
            for call in calls:
                for answer in tenant.session.answers(call):
                    halt_if(halted)
                    pages.add(answer.content)
                    rows = answer.rows
                    pull.ids |= {str(row.get("id")) for row in rows}
                    pull.received += len(rows)
        except TenantAnswer as error:
            if not_offered(error) and not pull.received:
                return Pull.failed(str(error), available=False)
            pull.whole, pull.reason, pull.hopeless = False, str(error), without_end(error)
        return pull
