"""What Exchange knows of the organisation at the scenario's beginning: mail flow, auditing, role groups."""

from __future__ import annotations

from datetime import datetime

from toolkit.practice.intrusion import DROP_BOX, FINANCE_WORDS
from toolkit.practice.last_hour import (
    CONNECTOR,
    CONNECTOR_MADE,
    DISCOVERY_GROUP,
    TRANSPORT_MADE,
    TRANSPORT_RULE,
)
from toolkit.practice.names import Record, utc
from toolkit.practice.people import (
    DOMAIN,
    DRAW,
    FEDERATED_DOMAIN,
    INITIAL_DOMAIN,
    TENANT_ID,
    TENANT_NAME,
    people,
    places,
)
from toolkit.practice.signin_records import stamp

_LONG_AGO = utc("2024-02-12 10:20:00")


def transport_rules() -> list[Record]:
    """`Get-TransportRule` rows: an old disclaimer, and the intruder's copy of everything about money."""
    return [
        _rule("Mark mail from outside", 0, _LONG_AGO, people()["operator"].upn)
        | {
            "FromScope": "NotInOrganization",
            "PrependSubject": "[external] ",
            "Description": "If the message:\r\n\tIs received from 'Outside the organization'\r\n"
            "Take the following actions:\r\n\tPrepend the subject with '[external] '\r\n",
        },
        _rule(TRANSPORT_RULE, 1, TRANSPORT_MADE, people()["victim"].upn)
        | {
            "BlindCopyTo": [DROP_BOX],
            "SubjectOrBodyContainsWords": list(FINANCE_WORDS),
            "Description": "If the message:\r\n\tIncludes these words in the message subject or body: "
            f"{' or '.join(repr(word) for word in FINANCE_WORDS)}\r\n"
            f"Take the following actions:\r\n\tBlind carbon copy (Bcc) the message to '{DROP_BOX}'\r\n",
        },
    ]


def _rule(name: str, priority: int, changed: datetime, by: str) -> Record:
    return {
        "Identity": name,
        "Name": name,
        "Guid": DRAW.uuid("transport rule", name),
        "Priority": priority,
        "State": "Enabled",
        "Mode": "Enforce",
        "Comments": None,
        "CreatedBy": by,
        "LastModifiedBy": by,
        "WhenChanged": stamp(changed),
        "FromScope": None,
        "SentToScope": None,
        "SubjectOrBodyContainsWords": None,
        "BlindCopyTo": None,
        "CopyTo": None,
        "AddToRecipients": None,
        "RedirectMessageTo": None,
        "RouteMessageOutboundConnector": None,
        "DeleteMessage": False,
        "SetSCL": None,
        "PrependSubject": None,
        "StopRuleProcessing": False,
        "IsValid": True,
    }


def inbound_connectors() -> list[Record]:
    """`Get-InboundConnector` rows: the gateway, and one by which the intruder's own server may send."""
    return [
        _connector("Mail gateway", "OnPremises", _LONG_AGO, ["192.0.2.25"]),
        _connector(CONNECTOR, "OnPremises", CONNECTOR_MADE, [places()["reuse"].address(people()["victim"].key)]),
    ]


def _connector(name: str, kind: str, made: datetime, addresses: list[str]) -> Record:
    return {
        **_named(name, "inbound connector", made),
        "Enabled": True,
        "ConnectorType": kind,
        "ConnectorSource": "Default",
        "Comment": None,
        "SenderDomains": ["smtp:*;1"],
        "SenderIPAddresses": addresses,
        "RequireTls": True,
        "RestrictDomainsToIPAddresses": False,
        "RestrictDomainsToCertificate": False,
        "CloudServicesMailEnabled": kind == "OnPremises",
        "TreatMessagesAsInternal": False,
        "TlsSenderCertificateName": None,
    }


def outbound_connectors() -> list[Record]:
    """`Get-OutboundConnector` rows."""
    return [
        {
            **_named("To the bank", "outbound connector", _LONG_AGO),
            "Enabled": True,
            "ConnectorType": "Partner",
            "ConnectorSource": "Default",
            "Comment": None,
            "RecipientDomains": ["bank.example"],
            "SmartHosts": ["mx.bank.example"],
            "UseMXRecord": False,
            "TlsSettings": "DomainValidation",
            "TlsDomain": "mx.bank.example",
            "IsTransportRuleScoped": False,
            "RouteAllMessagesViaOnPremises": False,
            "CloudServicesMailEnabled": False,
            "TestMode": False,
        }
    ]


def _named(name: str, kind: str, made: datetime) -> Record:
    moment = stamp(made)
    return {
        "Identity": name,
        "Name": name,
        "Guid": DRAW.uuid(kind, name),
        "WhenCreatedUTC": moment,
        "WhenChangedUTC": moment,
        "IsValid": True,
    }


def remote_domains() -> list[Record]:
    """`Get-RemoteDomain` rows."""
    return [
        {
            **_named("Default", "remote domain", _LONG_AGO),
            "DomainName": "*",
            "AutoForwardEnabled": True,
            "AutoReplyEnabled": True,
            "AllowedOOFType": "External",
        }
    ]


def transport_config() -> Record:
    """The `Get-TransportConfig` row: SMTP AUTH is on for every mailbox that does not have it off itself."""
    return {
        "Identity": "Transport Settings",
        "Name": "Transport Settings",
        "SmtpClientAuthenticationDisabled": False,
        "AllowLegacyTLSClients": None,
        "ExternalPostmasterAddress": None,
        "JournalingReportNdrTo": "<>",
        "MaxRecipientEnvelopeLimit": "Unlimited",
        "Rfc2231EncodingEnabled": False,
        "IsValid": True,
    }


def external_in_outlook() -> Record:
    """The `Get-ExternalInOutlook` row: mail from outside bears no mark."""
    return {"Identity": TENANT_ID, "Enabled": False, "AllowList": []}


def outbound_spam_policies() -> list[Record]:
    """`Get-HostedOutboundSpamFilterPolicy` rows: forwarding outside is allowed here."""
    return [
        {
            **_named("Default", "outbound spam policy", _LONG_AGO),
            "AutoForwardingMode": "On",
            "ActionWhenThresholdReached": "BlockUserForToday",
            "RecipientLimitExternalPerHour": 500,
            "RecipientLimitInternalPerHour": 1000,
            "RecipientLimitPerDay": 1000,
            "NotifyOutboundSpam": False,
        }
    ]


def accepted_domains() -> list[Record]:
    """`Get-AcceptedDomain` rows."""
    return [
        {
            **_named(name, "accepted domain", _LONG_AGO),
            "DomainName": name,
            "DomainType": "Authoritative",
            "Default": name == DOMAIN,
            "InitialDomain": name == INITIAL_DOMAIN,
        }
        for name in (DOMAIN, INITIAL_DOMAIN, FEDERATED_DOMAIN)
    ]


def organization_config() -> Record:
    """The `Get-OrganizationConfig` row."""
    return {
        "Identity": INITIAL_DOMAIN,
        "Name": INITIAL_DOMAIN,
        "DisplayName": TENANT_NAME,
        "AuditDisabled": False,
        "OAuth2ClientProfileEnabled": True,
        "EwsEnabled": None,
        "MessageRecallEnabled": True,
        "IsDehydrated": False,
        "IsValid": True,
    }


def admin_audit_log_config() -> Record:
    """The `Get-AdminAuditLogConfig` row."""
    return {
        "Identity": "Admin Audit Log Settings",
        "Name": "Admin Audit Log Settings",
        "AdminAuditLogEnabled": True,
        "AdminAuditLogAgeLimit": "90.00:00:00",
        "UnifiedAuditLogIngestionEnabled": True,
        "UnifiedAuditLogFirstOptInDate": "2023-01-16T08:10:00Z",
        "IsValid": True,
    }


def role_groups() -> list[Record]:
    """`Get-RoleGroup` rows; `_members` are object ids. The victim's account joined one in the last hour."""
    everyone = people()
    return [
        {
            "Identity": name,
            "Name": name,
            "DisplayName": name,
            "Guid": DRAW.uuid("role group", name),
            "ManagedBy": ["Organization Management"],
            "Roles": roles,
            "_members": [everyone[key].id for key in members],
        }
        for name, roles, members in (
            ("Organization Management", ["Audit Logs", "Mail Recipients", "Transport Rules"], ["operator"]),
            ("Recipient Management", ["Mail Recipients"], []),
            (DISCOVERY_GROUP, ["Legal Hold", "Mailbox Search"], ["victim"]),
        )
    ]
