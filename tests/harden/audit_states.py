"""States of an organisation as `harden.read_state` keeps them, for tests of auditing: all is well unless told."""

from __future__ import annotations

from typing import Any

from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import Target

ANNA, ROOM = "anna@contoso.com", "room1@contoso.com"
TAKEN = "2026-03-05T08:00:00.000Z"
EVERY = ["Admin", "Delegate", "Owner"]
Row = dict[str, Any]


def mailbox(name: str = ANNA, **other: Any) -> Row:
    """A `Get-Mailbox` row."""
    row: Row = {
        "ExternalDirectoryObjectId": f"id of {name}",
        "UserPrincipalName": name,
        "RecipientTypeDetails": "UserMailbox",
        "AuditEnabled": True,
        "AuditLogAgeLimit": "90.00:00:00",
        "DefaultAuditSet": EVERY,
        "AuditOwner": ["Update"],
        "AuditDelegate": ["Update"],
        "AuditAdmin": ["Update"],
        "PersistedCapabilities": ["M365Auditing"],
    }
    return {key: value for key, value in (row | other).items() if value != "absent"}


def state(*boxes: Row, problems: dict[str, str] | None = None, **found: Any) -> Snapshot:
    """What was read: `disabled` and `ingested` are the two switches, `bypass` and `licences` rows."""
    sku = {"skuPartNumber": "SPE_E5", "consumedUnits": 3, "capabilityStatus": "Enabled"}
    sku |= {"servicePlans": [{"servicePlanName": "M365_ADVANCED_AUDITING", "provisioningStatus": "Success"}]}
    rows: dict[str, list[Row]] = {
        "organisation settings": [{"Identity": "contoso", "AuditDisabled": found.get("disabled", False)}],
        "unified auditing": [{"Identity": "x", "UnifiedAuditLogIngestionEnabled": found.get("ingested", True)}],
        "mailboxes": list(boxes) or [mailbox()],
        "audit bypass": found.get("bypass", [{"Identity": "SystemMailbox{1}"}]),
        "licences": found.get("licences", [sku]),
    }
    missing = problems or {}
    target = Target("tenant", "tenant", "contoso.com")
    return Snapshot(target, TAKEN, {k: v for k, v in rows.items() if k not in missing}, missing)
