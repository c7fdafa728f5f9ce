"""Operations that are sent and that the contracts at hand do not hold, and where each stands in Graph's reference.

Their bodies are held against the schema that the contract has for the same object as reading answers it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outside:
    """`page` is the reference page's name, `schema` that of the body, `required` what the page says must be given."""

    page: str
    schema: str = ""
    required: frozenset[str] = frozenset()
    permission: str = "Application.ReadWrite.All"


OUTSIDE = {
    "POST /applications": Outside(
        "application-post-applications", "microsoft.graph.application", frozenset({"displayName"})
    ),
    "POST /servicePrincipals": Outside(
        "serviceprincipal-post-serviceprincipals", "microsoft.graph.servicePrincipal", frozenset({"appId"})
    ),
    "DELETE /applications/{application-id}": Outside("application-delete"),
}
"""Method and path, v1.0. No other operation may be missing from the contracts (`test_registering_requests`)."""
