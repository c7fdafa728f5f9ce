"""What protects sign-ins and sending: the registration report, Conditional Access, roles, outbound policies.

Source: Microsoft Graph `userRegistrationDetails`, `conditionalAccessPolicy`, `unifiedRoleAssignment`, `user`,
`identitySecurityDefaultsEnforcementPolicy`; the user registration details of the Entra admin centre; Exchange Online
`Get-HostedOutboundSpamFilterPolicy`, `Get-RemoteDomain`, `Get-TransportConfig`, `Get-ExternalInOutlook`,
`Get-BlockedSenderAddress`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolkit.formats.format import Format, Head

_DETAILS = {
    "time": "lastUpdatedDateTime",
    "user_principal_name": "userPrincipalName",
    "user_id": "id",
    "user_display_name": "userDisplayName",
    "user_type": "userType",
    "is_admin": "isAdmin",
    "is_mfa_registered": "isMfaRegistered",
    "is_mfa_capable": "isMfaCapable",
    "is_passwordless_capable": "isPasswordlessCapable",
    "is_sspr_registered": "isSsprRegistered",
    "is_sspr_enabled": "isSsprEnabled",
    "is_sspr_capable": "isSsprCapable",
    "methods_registered": "methodsRegistered",
}


def _details(container: str) -> Format:
    place = "cell:" if container == "csv" else "doc:$."
    wanted = {"userprincipalname", "methodsregistered"}
    columns: dict[str, tuple[str, ...]] = {column: (place + name,) for column, name in _DETAILS.items()}
    columns["default_method"] = tuple(
        place + name for name in ("userPreferredMethodForSecondaryAuthentication", "defaultMfaMethod", "defaultMethod")
    )
    who = f"coalesce({{{place}id}}, {{{place}userPrincipalName}})"
    return Format(
        name=f"registration-details-{container}",
        table="mfa_registration",
        title=f"Registered methods, {container.upper()}",
        source="https://learn.microsoft.com/graph/api/resources/userregistrationdetails",
        container=container,
        recognise=lambda head: wanted <= _names(head),
        record_id=(f"sql:{who} || '|' || coalesce({{{place}lastUpdatedDateTime}}, '')",),
        columns=columns,
    )


def _names(head: Head) -> set[str]:
    """CSV columns or JSON keys, in lower case."""
    return head.cells if head.container == "csv" else {key.lower() for key in head.keys}


def _setting(
    name: str,
    setting: str,
    container: str,
    recognise: Callable[[set[str]], bool],
    *,
    identity: Iterable[str],
    key: Iterable[str],
    kept: Iterable[str] = (),
    source: str,
) -> Format:
    """A record that is kept whole (JSON), or of which a CSV row keeps the columns `kept`."""
    place = "cell:" if container == "csv" else "doc:$."
    said = ", ".join(f"'{column}', {{cell:{column}}}" for column in kept)
    known = " || '|' || ".join(f"coalesce({{{place}{part}}}, '')" for part in key)
    return Format(
        name=name,
        table="tenant_settings",
        title=f"{source.rpartition('/')[2]}, {container.upper()}",
        source=source,
        container=container,
        recognise=lambda head: recognise(_names(head)),
        record_id=(f"sql:'{setting}|' || {known}",),
        columns={
            "setting": (f"sql:'{setting}'",),
            "identity": tuple(place + part for part in identity),
            "document": (f"sql:json_object({said})::VARCHAR",) if container == "csv" else ("doc:$",),
        },
    )


_GRAPH = "https://learn.microsoft.com/graph/api/resources/"
_CMDLET = "https://learn.microsoft.com/powershell/module/exchange/"
CONDITIONAL_ACCESS = _setting(
    "graph-conditional-access-policies",
    "conditional access",
    "json",
    lambda names: {"conditions", "grantcontrols", "state"} <= names,
    identity=("displayName", "id"),
    key=("id", "displayName"),
    source=f"{_GRAPH}conditionalaccesspolicy",
)
SECURITY_DEFAULTS = _setting(
    "graph-security-defaults",
    "security defaults",
    "json",
    lambda names: (
        {"isenabled", "displayname", "description"} <= names and not {"actions", "conditions", "templateid"} & names
    ),
    identity=("displayName",),
    key=("id",),
    source=f"{_GRAPH}identitysecuritydefaultsenforcementpolicy",
)
ROLES = _setting(
    "graph-role-assignments",
    "roles",
    "json",
    lambda names: (
        {"principalid", "roledefinitionid"} <= names
        and not {"roleeligibilityscheduleid", "roleassignmentscheduleid", "action"} & names
    ),
    identity=("roleDefinition.displayName", "roleDefinitionId"),
    key=("id", "principalId", "roleDefinitionId", "directoryScopeId"),
    source=f"{_GRAPH}unifiedroleassignment",
)
ROLE_MEMBERS = _setting(
    "role-members-csv",
    "roles",
    "csv",
    lambda names: {"rolename", "memberupn"} <= names,
    identity=("RoleName",),
    key=("RoleId", "RoleName", "MemberId", "MemberUPN"),
    kept=("RoleName", "RoleId", "MemberUPN", "MemberId", "MemberType", "MemberDisplayName"),
    source=f"{_GRAPH}directoryrole",
)
ACCOUNTS = _setting(
    "graph-users",
    "accounts",
    "json",
    lambda names: (
        {"userprincipalname", "accountenabled"} <= names and not {"recipienttypedetails", "createddatetime"} <= names
    ),
    identity=("userPrincipalName", "id"),
    key=("id", "userPrincipalName"),
    source=f"{_GRAPH}user",
)
_MAIL = {
    "Get-HostedOutboundSpamFilterPolicy": (
        "outbound spam policy",
        {"autoforwardingmode"},
        (
            *("Identity", "Name", "IsDefault", "Enabled", "AutoForwardingMode", "ActionWhenThresholdReached"),
            *("RecipientLimitExternalPerHour", "RecipientLimitInternalPerHour", "RecipientLimitPerDay"),
            *("NotifyOutboundSpam", "NotifyOutboundSpamRecipients"),
        ),
    ),
    "Get-RemoteDomain": (
        "remote domains",
        {"domainname", "autoforwardenabled"},
        ("Identity", "Name", "DomainName", "AutoForwardEnabled", "AutoReplyEnabled", "AllowedOOFType"),
    ),
    "Get-TransportConfig": (
        "mail flow settings",
        {"smtpclientauthenticationdisabled"},
        ("Identity", "Name", "SmtpClientAuthenticationDisabled", "AllowLegacyTLSClients"),
    ),
    "Get-ExternalInOutlook": ("external mark", {"enabled", "allowlist"}, ("Identity", "Enabled", "AllowList")),
    "Get-BlockedSenderAddress": (
        "restricted senders",
        {"senderaddress", "reason"},
        ("SenderAddress", "Reason", "CreatedDatetime", "ChangedDatetime", "TemporaryBlock", "ExpiresOn"),
    ),
}


_OTHERS = {"recipientaddress", "messagetraceid"}
_TRANSPORT = "Get-TransportConfig"
_TRANSPORT_ALONE = {"smtpclientauthenticationdisabled", "allowlegacytlsclients"}
_TRANSPORT_ONLY = {"externalpostmasteraddress", "journalingreportndrto", "maxrecipientenvelopelimit"}


def _of_everybody(names: set[str]) -> bool:
    """Get-CASMailbox has a property of the same name, for one mailbox."""
    return names <= _TRANSPORT_ALONE or bool(names & _TRANSPORT_ONLY)


def _mail(cmdlet: str, container: str) -> Format:
    setting, telling, kept = _MAIL[cmdlet]
    identity = ("SenderAddress",) if setting == "restricted senders" else ("Name", "Identity")
    return _setting(
        f"{cmdlet.lower()}-{container}",
        setting,
        container,
        lambda names: telling <= names and not _OTHERS & names and (cmdlet != _TRANSPORT or _of_everybody(names)),
        identity=identity,
        key=identity,
        kept=kept if container == "csv" else (),
        source=_CMDLET + cmdlet.lower(),
    )


FORMATS = (
    _details("json"),
    _details("csv"),
    CONDITIONAL_ACCESS,
    SECURITY_DEFAULTS,
    ROLES,
    ROLE_MEMBERS,
    *(_mail(cmdlet, container) for cmdlet in _MAIL for container in ("json", "csv")),
    ACCOUNTS,
)
