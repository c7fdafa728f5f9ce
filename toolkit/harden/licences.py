"""Do the licences that the organisation has include what a control needs?

Source: `GET /subscribedSkus` (Microsoft Graph v1.0), "Product names and service plan identifiers for licensing".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.detect.words import listed as joined
from toolkit.harden.inputs import Row, input_of, text

NOT_TOLD = "not told"
ANY = "any plan"
# What the table of controls calls a product, and the service plans that are it, or have it in them.
PRODUCTS = {
    "Entra ID P1": ("AAD_PREMIUM", "AAD_PREMIUM_P2"),
    "Entra ID P2": ("AAD_PREMIUM_P2",),
    "Defender for Office 365 Plan 1": (
        "ATP_ENTERPRISE", "THREAT_INTELLIGENCE", "ATP_ENTERPRISE_GOV", "THREAT_INTELLIGENCE_GOV",
    ),
}  # fmt: skip
BUSINESS, BUSINESS_NAMES = "a Microsoft 365 business plan", ("O365_BUSINESS", "SMB_BUSINESS", "SPB")


@dataclass(frozen=True)
class Licences:
    """The active subscriptions: the service plans of each by its name. `missing` says why there are none to look at."""

    plans: dict[str, frozenset[str]]
    missing: str = ""

    def having(self, product: str) -> list[str]:
        """The subscriptions that have a product of `PRODUCTS`, or are a business plan."""
        if product == BUSINESS:
            return [name for name in self.plans if name.startswith(BUSINESS_NAMES)]
        wanted = set(PRODUCTS[product])
        return [name for name, plans in self.plans.items() if wanted & plans]


def licences(case: Case, state: Snapshot | None) -> Licences:
    """The organisation's subscriptions as the tenant told them, else as a file of the case has them."""
    found = input_of(case, state, "licences")
    return Licences(dict(_active(found.rows)), found.missing)


def licence_said(needs: str, held: Licences | None, portal: bool | None = None) -> str:
    """One sentence: whether the licences include what a control needs (the words of the table of controls).

    `portal` is what the portal's list says of it, for where the subscriptions do not tell. “not told” where neither
    does.
    """
    named = [product for product in (*PRODUCTS, BUSINESS) if product in needs]
    if needs.startswith(ANY):
        more = f"; {_said(named, held)}" if named and held is not None and not held.missing else ""
        return f"included in any plan{more}"
    if named and held is not None and not held.missing:
        return _said(named, held)
    if portal is not None:
        return f"{'included' if portal else 'not included'}, as the portal's list says"
    return NOT_TOLD


def _said(products: list[str], held: Licences) -> str:
    for product in products:
        if having := held.having(product):
            return f"{product} is included in the organisation's licences ({joined(having, most=3)})"
    return f"{' or '.join(products)} is not among the organisation's licences"


def _active(rows: Iterable[Row]) -> Iterable[tuple[str, frozenset[str]]]:
    for row in rows:
        if text(row.get("capabilityStatus") or "Enabled").lower() not in {"enabled", "warning"}:
            continue
        plans = [plan for plan in row.get("servicePlans") or [] if isinstance(plan, dict)]
        names = (p.get("servicePlanName") for p in plans if p.get("provisioningStatus") != "Disabled")
        yield text(row.get("skuPartNumber")).upper(), frozenset(text(name).upper() for name in names)
