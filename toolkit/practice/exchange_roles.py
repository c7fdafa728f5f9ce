"""Which cmdlets a directory role offers: Exchange takes away the others, so that they seem not to exist.

Source: "Permissions in Exchange Online" for administrators and readers; Security Reader as observed.
"""

from __future__ import annotations

from collections.abc import Iterable

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
RECIPIENT_ADMINISTRATOR = "31392ffb-586c-42d1-9346-e59415a2cc4e"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
_ORGANISATION = (
    "transportrule",
    "inboundconnector",
    "outboundconnector",
    "organizationconfig",
    "adminauditlogconfig",
    "auditbypassassociation",
    "remotedomain",
    "spamfilterpolicy",
    "rolegroup",
    "rolegroupmember",
    "unifiedauditlog",
)


def offers(role_ids: Iterable[str], cmdlet: str) -> bool:
    """Whether one of the roles offers a cmdlet."""
    name = cmdlet.lower()
    return any(_offers(role, name) for role in role_ids)


def only_reads(role_ids: Iterable[str]) -> bool:
    """Whether none of the roles may change anything."""
    return set(role_ids) <= {GLOBAL_READER, SECURITY_READER}


def _offers(role: str, name: str) -> bool:
    if role in {GLOBAL_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR}:
        return True
    if role == RECIPIENT_ADMINISTRATOR:
        return not name.endswith(_ORGANISATION)
    if role == GLOBAL_READER:
        return name.startswith("get-")
    return role == SECURITY_READER and name == "get-adminauditlogconfig"
