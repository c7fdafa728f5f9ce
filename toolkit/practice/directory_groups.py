"""Groups at the scenario's beginning: dynamic, synchronised, and made in the cloud."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.last_hour import PAYMENT_GROUP
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, people
from toolkit.practice.signin_records import stamp

EVERYBODY = "All Employees"
SYNCED = "Finance"
OWN = "Accounts Payable"


def groups(instant: datetime) -> dict[str, Record]:
    """`group` objects by object id; `_members` and `_owners` are object ids."""
    created = stamp(instant - timedelta(days=600))
    staff = [person.key for person in people().values() if person.has_mailbox]
    rows = [
        _group(EVERYBODY, created, staff, [])
        | {
            "groupTypes": ["DynamicMembership"],
            "membershipRule": '(user.userType -eq "Member")',
            "membershipRuleProcessingState": "On",
        },
        _group(SYNCED, created, ["victim", "synced"], [])
        | {
            "onPremisesDomainName": "corp.contoso.com",
            "onPremisesLastSyncDateTime": stamp(instant - timedelta(minutes=21)),
            "onPremisesSamAccountName": "Finance",
            "onPremisesSyncEnabled": True,
        },
        _group(OWN, created, ["victim", "marketing"], ["victim"]),
        _group(PAYMENT_GROUP, created, ["director", "synced", "victim"], ["director", "victim"])
        | {
            "groupTypes": ["Unified"],
            "mail": "payment.approvals@contoso.com",
            "mailEnabled": True,
            "proxyAddresses": ["SMTP:payment.approvals@contoso.com"],
            "securityEnabled": False,
            "visibility": "Private",
        },
    ]
    return {row["id"]: row for row in rows}


def _group(name: str, created: str, members: list[str], owners: list[str]) -> Record:
    return {
        "id": DRAW.uuid("group", name),
        "deletedDateTime": None,
        "classification": None,
        "createdDateTime": created,
        "description": None,
        "displayName": name,
        "expirationDateTime": None,
        "groupTypes": [],
        "isAssignableToRole": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": name.replace(" ", ""),
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesDomainName": None,
        "onPremisesLastSyncDateTime": None,
        "onPremisesSamAccountName": None,
        "onPremisesSyncEnabled": None,
        "preferredLanguage": None,
        "proxyAddresses": [],
        "renewedDateTime": created,
        "securityEnabled": True,
        "visibility": None,
        "_members": [people()[key].id for key in members],
        "_owners": [people()[key].id for key in owners],
    }
