"""How the services of one practice tenant are set up, as far as a test or an exercise may choose it."""

from __future__ import annotations

from toolkit.practice.names import Record
from toolkit.practice.tenant_state import Situation

DEFAULTS: Record = {
    "lacks": [],
    "audit_days": 180,
    "sign_in_days": None,
    "search_seconds": 3,
    "searches_at_once": 10,
    "record_count_limit": None,
    "first_content_seconds": 120,
    "session_records": 50_000,
    "plain_search_lacks": 0,
    "exchange_rows": None,
    "exchange_links": "followed",
    "trace_days": 90,
    "log_rows": 500_000,
    "limits": False,
}
"""By name:

- lacks: licences and services that are missing, out of `LACKING`
- audit_days, sign_in_days, trace_days: how far back the log, the Entra logs (None: no end) and the trace reach
- search_seconds: how long a Graph audit search takes, by the tenant's clock
- searches_at_once: how many of them may run; one more is answered 429
- first_content_seconds: how long after the start of a subscription its first content comes; documented are 12 hours at
  most, observed two minutes
- session_records: how many records a large set of Search-UnifiedAuditLog gives, and counts, at most
- plain_search_lacks: of a hundred records how many Search-UnifiedAuditLog never finds without HighCompleteness
- exchange_rows: to how many rows every answer of Exchange is cut, with a warning; None for no such end
- exchange_links: what is with `@odata.nextLink` of a list with more rows: "followed" it leads on, "refused" it is
  answered 400, "missing" an answer that is cut has none
- record_count_limit: where a Graph audit search stops, None for nowhere
- log_rows: where a Log Analytics query stops
- limits: whether the services count requests and answer 429 beyond the published limits
"""
LACKING = {
    "p1": "Entra ID P1: sign-ins are answered 403",
    "p2": "Entra ID P2: risk detections are generic",
    "message trace": "the service principal that message trace over Graph needs: 401",
    "graph audit search": "the audit search in this cloud: 404",
}


def services(situation: Situation) -> Record:
    """The services' setup at present."""
    return DEFAULTS | dict(situation.state.get("services", {}))


def lacks(situation: Situation, what: str) -> bool:
    """Whether the tenant is without it."""
    return what in services(situation)["lacks"]
