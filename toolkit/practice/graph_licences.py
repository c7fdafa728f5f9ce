"""Graph: the licences that the organisation bought, Microsoft 365 E5 for everybody with a mailbox."""

from __future__ import annotations

from toolkit.practice import odata
from toolkit.practice.directory import E5_SKU, EXCHANGE_PLAN
from toolkit.practice.http import Answer, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, TENANT_NAME, people
from toolkit.practice.tenant_state import Situation

_PLANS = (
    ("EXCHANGE_S_ENTERPRISE", EXCHANGE_PLAN),
    ("M365_ADVANCED_AUDITING", "2f442157-a11c-46b9-ae5b-6e39ff4e5849"),
    ("M365_AUDIT_PLATFORM", "f6de4823-28fa-440b-b886-4783fa86ddba"),
    ("EQUIVIO_ANALYTICS", "4de31727-a228-4ec3-a5bf-8e45b5ca48cc"),
    ("AAD_PREMIUM", "41781fb2-bc02-4b7c-bd55-b576c07bb09d"),
    ("AAD_PREMIUM_P2", "eec0eb4f-6444-4f95-aba0-50c24d67f998"),
)
"""Some of the plan's services. Source: "Product names and service plan identifiers for licensing"."""


def list_skus(request: Request, situation: Situation, version: str) -> Answer:
    """GET /subscribedSkus"""
    odata.only(request, ())
    context = f"{situation.base}/{version}/$metadata#subscribedSkus"
    return Answer(200, {"@odata.context": context, "value": [_e5()]})


def _e5() -> Record:
    return {
        "accountId": TENANT_ID,
        "accountName": TENANT_NAME,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": sum(person.has_mailbox for person in people().values()),
        "id": f"{TENANT_ID}_{E5_SKU}",
        "skuId": E5_SKU,
        "skuPartNumber": "SPE_E5",
        "subscriptionIds": [DRAW.uuid("subscription", "e5")],
        "prepaidUnits": {"enabled": 10, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {
                "servicePlanId": plan,
                "servicePlanName": name,
                "provisioningStatus": "Success",
                "appliesTo": "User",
            }
            for name, plan in _PLANS
        ],
    }
