"""The directory at the scenario's beginning: users, per-user MFA, domains, organisation."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.names import Record
from toolkit.practice.people import (
    DOMAIN,
    DRAW,
    FEDERATED_DOMAIN,
    INITIAL_DOMAIN,
    TENANT_ID,
    TENANT_NAME,
    Person,
    people,
)
from toolkit.practice.signin_records import stamp

EXCHANGE_PLAN = "efb87545-963c-4e0d-99df-69c6916d9eb0"
E5_SKU = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"


def users(instant: datetime) -> dict[str, Record]:
    """Graph `user` objects by object id."""
    return {person.id: _user(person, instant) for person in people().values()}


def _user(person: Person, instant: datetime) -> Record:
    created = stamp(instant - timedelta(days=DRAW.number(400, 1400, "created", person.key)))
    changed = stamp(instant - timedelta(days=DRAW.number(60, 300, "password", person.key), hours=3))
    guest = person.user_type == "Guest"
    licensed = person.has_mailbox
    return {
        "id": person.id,
        "businessPhones": [],
        "displayName": person.display_name,
        "givenName": person.given,
        "jobTitle": person.job or None,
        "mail": person.mail or None,
        "mobilePhone": None,
        "officeLocation": "Prague" if person.key == "federated" else None if guest else "Munich",
        "preferredLanguage": None if guest else "de-DE",
        "surname": person.family,
        "userPrincipalName": person.upn,
        "accountEnabled": True,
        "userType": person.user_type,
        "department": person.department or None,
        "mailNickname": person.upn.split("@")[0].replace("#EXT#", ""),
        "usageLocation": None if guest else "DE",
        "createdDateTime": created,
        "creationType": "Invitation" if guest else None,
        "externalUserState": "Accepted" if guest else None,
        "onPremisesSyncEnabled": True if person.synced else None,
        "onPremisesImmutableId": person.immutable_id or None,
        "onPremisesDomainName": "corp.contoso.com" if person.synced else None,
        "onPremisesSamAccountName": "plindner" if person.synced else None,
        "onPremisesLastSyncDateTime": stamp(instant - timedelta(minutes=21)) if person.synced else None,
        "lastPasswordChangeDateTime": changed,
        "signInSessionsValidFromDateTime": changed,
        "passwordPolicies": None,
        "proxyAddresses": _proxies(person),
        "otherMails": [person.mail] if guest else [],
        "assignedLicenses": [{"disabledPlans": [], "skuId": E5_SKU}] if licensed else [],
        "assignedPlans": [
            {
                "assignedDateTime": created,
                "capabilityStatus": "Enabled",
                "service": "exchange",
                "servicePlanId": EXCHANGE_PLAN,
            }
        ]
        if licensed
        else [],
    }


def _proxies(person: Person) -> list[str]:
    """The main mail address in capitals, the others not; and one that is no mail address, as they stand among them."""
    if not person.mail:
        return []
    sip = [f"SIP:{person.upn}"] if person.has_mailbox else []
    return [f"SMTP:{person.mail}", *(f"smtp:{alias}" for alias in person.aliases), *sip]


def mfa_requirements() -> dict[str, str]:
    """`perUserMfaState` by object id."""
    return {person.id: "disabled" for person in people().values()}


def domains() -> list[Record]:
    """`domain` objects: the default one, the initial one and a federated one."""
    return [
        _domain(DOMAIN, default=True),
        _domain(INITIAL_DOMAIN, initial=True),
        _domain(FEDERATED_DOMAIN, federated=True),
    ]


def _domain(name: str, *, default: bool = False, initial: bool = False, federated: bool = False) -> Record:
    return {
        "authenticationType": "Federated" if federated else "Managed",
        "availabilityStatus": None,
        "id": name,
        "isAdminManaged": True,
        "isDefault": default,
        "isInitial": initial,
        "isRoot": not federated,
        "isVerified": True,
        "supportedServices": ["Email"] if federated else ["Email", "OfficeCommunicationsOnline"],
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
        "state": None,
    }


def organization() -> Record:
    """The `organization` object."""
    return {
        "id": TENANT_ID,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": "Munich",
        "country": None,
        "countryLetterCode": "DE",
        "createdDateTime": "2019-03-04T09:12:44Z",
        "displayName": TENANT_NAME,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": "2026-09-18T13:39:00Z",
        "onPremisesSyncEnabled": True,
        "postalCode": "80331",
        "preferredLanguage": "de",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": None,
        "street": None,
        "technicalNotificationMails": [people()["operator"].upn],
        "tenantType": "AAD",
        "assignedPlans": [
            {
                "assignedDateTime": "2024-02-01T08:00:00Z",
                "capabilityStatus": "Enabled",
                "service": service,
                "servicePlanId": plan,
            }
            for service, plan in (
                ("exchange", EXCHANGE_PLAN),
                ("AADPremiumService", "eec0eb4f-6444-4f95-aba0-50c24d67f998"),
            )
        ],
        "provisionedPlans": [{"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": "exchange"}],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": name == DOMAIN,
                "isInitial": name == INITIAL_DOMAIN,
                "name": name,
                "type": "Federated" if name == FEDERATED_DOMAIN else "Managed",
            }
            for name in (DOMAIN, INITIAL_DOMAIN, FEDERATED_DOMAIN)
        ],
    }
