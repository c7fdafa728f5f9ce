"""What each source and each action needs: permissions, directory role, licence, one row for each.

Permissions are the least that Microsoft's permission file accepts for the calls and that serve for all of them: one
for reading every user in place of one for each property. Roles are those that a person who signs in needs besides;
one of them is enough, and a Global Administrator has all. For Exchange they are what Microsoft names for the task,
while the service itself goes by cmdlets: the preflight asks it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """What one source or action needs.

    `key` names it (`source:sign-ins`, `state:devices`, `action:block-sign-in`); `operations` are Graph operations as
    "v1.0 GET /path" or cmdlets; all of `delegated` (a person signs in) or all of `application` (an app on its own)
    are needed, and an empty one means that nobody can do it that way; one of `roles` is enough. `probe`
    is a Graph path whose reading costs little and tells more than a token can: a licence, a role in another place.
    """

    key: str
    what: str
    resource: str
    operations: tuple[str, ...]
    delegated: tuple[str, ...]
    application: tuple[str, ...]
    roles: tuple[str, ...] = ()
    licence: str = ""
    note: str = ""
    probe: str = ""

    @property
    def changes(self) -> bool:
        """Whether it changes the tenant."""
        return self.key.startswith("action:")


def _graph(
    key: str,
    what: str,
    operations: str,
    permissions: str,
    roles: str = "",
    licence: str = "",
    *,
    application: str | None = None,
    note: str = "",
    probe: str = "",
) -> Need:
    delegated = tuple(permissions.split())
    alone = delegated if application is None else tuple(application.split())
    calls = tuple(_operation(part) for part in operations.split(", "))
    return Need(key, what, "graph", calls, delegated, alone, _roles(roles), licence, note, probe)


def _exchange(key: str, what: str, cmdlets: str, roles: str, licence: str = "", note: str = "") -> Need:
    manage, alone = ("Exchange.Manage",), ("Exchange.ManageAsApp",)
    return Need(key, what, "exchange", tuple(cmdlets.split()), manage, alone, _roles(roles), licence, note)


def _operation(text: str) -> str:
    return text if text.startswith(("beta ", "v1.0 ")) else f"v1.0 {text}"


def _roles(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(", ") if part)


_LOG_READERS = "Reports Reader, Security Reader, Security Operator, Security Administrator, Global Reader"
_SECURITY = "Security Reader, Security Operator, Security Administrator, Global Reader"
_RECIPIENTS = "Exchange Recipient Administrator, Exchange Administrator"
_MAILBOX_READERS = "Global Reader, Exchange Recipient Administrator, Exchange Administrator"
_APPS = "Cloud Application Administrator, Application Administrator"
_METHODS = "Authentication Administrator, Privileged Authentication Administrator"
_AUDIT = "Compliance Administrator, Exchange Administrator"
_ADMINISTRATORS = "for an administrator's account: Privileged Authentication Administrator"
_USER = "/users/{user-id}"
_AUTH = f"{_USER}/authentication"
_ROLES = "/roleManagement/directory"
_PRINCIPAL = "/servicePrincipals/{servicePrincipal-id}"
_COLLECTIONS = (
    "emailMethods/{emailAuthenticationMethod-id}",
    "externalAuthenticationMethods/{externalAuthenticationMethod-id}",
    "fido2Methods/{fido2AuthenticationMethod-id}",
    "microsoftAuthenticatorMethods/{microsoftAuthenticatorAuthenticationMethod-id}",
    "phoneMethods/{phoneAuthenticationMethod-id}",
    "platformCredentialMethods/{platformCredentialAuthenticationMethod-id}",
    "softwareOathMethods/{softwareOathAuthenticationMethod-id}",
    "temporaryAccessPassMethods/{temporaryAccessPassAuthenticationMethod-id}",
    "windowsHelloForBusinessMethods/{windowsHelloForBusinessAuthenticationMethod-id}",
)

SOURCES: tuple[Need, ...] = (
    _graph(
        "source:sign-ins",
        "Sign-ins of people, interactive and not, and of applications",
        "GET /auditLogs/signIns, GET /auditLogs/signIns/{signIn-id}, beta GET /auditLogs/signIns",
        "AuditLog.Read.All",
        _LOG_READERS,
        "Entra ID P1",
        note="some tenants also want Directory.Read.All, a known fault of the service",
        probe="/auditLogs/signIns",
    ),
    _graph(
        "source:directory-audits",
        "Directory audits",
        "GET /auditLogs/directoryAudits",
        "AuditLog.Read.All",
        _LOG_READERS,
    ),
    _graph(
        "source:risky-users",
        "Risk of users, with its history",
        "GET /identityProtection/riskyUsers, GET /identityProtection/riskyUsers/{riskyUser-id}, "
        "GET /identityProtection/riskyUsers/{riskyUser-id}/history",
        "IdentityRiskyUser.Read.All",
        _SECURITY,
        "Entra ID P2",
        probe="/identityProtection/riskyUsers",
    ),
    _graph(
        "source:risk-detections",
        "Risk detections",
        "GET /identityProtection/riskDetections",
        "IdentityRiskEvent.Read.All",
        _SECURITY,
        "Entra ID P2 for details",
        probe="/identityProtection/riskDetections",
    ),
    _exchange(
        "source:audit-cmdlet",
        "Audit log by Search-UnifiedAuditLog",
        "Search-UnifiedAuditLog",
        _AUDIT,
        note="the Exchange role View-Only Audit Logs or Audit Logs",
    ),
    _graph(
        "source:audit-search",
        "Audit log by Graph's audit search",
        "GET /security/auditLog/queries, POST /security/auditLog/queries, "
        "GET /security/auditLog/queries/{auditLogQuery-id}, "
        "GET /security/auditLog/queries/{auditLogQuery-id}/records",
        "AuditLogsQuery.Read.All",
        note="the role View-Only Audit Logs or Audit Logs for a person",
        probe="/security/auditLog/queries",
    ),
    Need(
        "source:audit-activity",
        "Audit log by the Management Activity API",
        "management",
        ("GET /activity/feed/subscriptions/list", "GET /activity/feed/subscriptions/content"),
        ("ActivityFeed.Read",),
        ("ActivityFeed.Read",),
        note="only since a subscription was started, which changes the tenant",
    ),
    _exchange(
        "source:message-trace-cmdlet",
        "Message trace by Get-MessageTraceV2",
        "Get-MessageTraceV2 Get-MessageTraceDetailV2",
        "Security Reader, Global Reader, Exchange Administrator",
    ),
    _graph(
        "source:message-trace",
        "Message trace by Graph",
        "GET /admin/exchange/tracing/messageTraces, "
        "GET /admin/exchange/tracing/messageTraces/{exchangeMessageTrace-id}/getDetailsByRecipient"
        "(recipientAddress='{recipientAddress}')",
        "ExchangeMessageTrace.Read.All",
        note="the tenant must have the service principal of 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373",
        probe="/admin/exchange/tracing/messageTraces",
    ),
    _graph(
        "source:secure-score",
        "Secure Score and its controls",
        "GET /security/secureScores, GET /security/secureScoreControlProfiles, "
        "GET /security/secureScoreControlProfiles/{secureScoreControlProfile-id}",
        "SecurityEvents.Read.All",
        _SECURITY,
        probe="/security/secureScores",
    ),
    _exchange(
        "source:audit-configuration",
        "Audit configuration",
        "Get-AdminAuditLogConfig Get-OrganizationConfig Get-MailboxAuditBypassAssociation Get-Mailbox",
        "Global Reader, Exchange Administrator",
    ),
    Need(
        "source:log-analytics",
        "Sentinel and Log Analytics",
        "log-analytics",
        ("POST /v1/workspaces/{workspace-id}/query",),
        ("Data.Read",),
        ("Data.Read",),
        note="the Azure role Log Analytics Reader on the workspace",
    ),
)
"""Where evidence comes from."""

STATES: tuple[Need, ...] = (
    _graph("state:users", "Accounts", f"GET /users, GET {_USER}", "User.Read.All"),
    _graph("state:domains", "Domains", "GET /domains", "Domain.Read.All"),
    _graph(
        "state:organisation",
        "The organisation and its licences",
        "GET /organization, GET /subscribedSkus",
        "Organization.Read.All",
    ),
    _graph(
        "state:methods",
        "Sign-in methods",
        f"GET {_AUTH}/methods, GET {_AUTH}/methods/{{authenticationMethod-id}}, beta GET {_AUTH}/signInPreferences, "
        + ", ".join(f"GET {_AUTH}/{name}" for name in _COLLECTIONS),
        "UserAuthenticationMethod.Read.All",
        f"Global Reader, {_METHODS}",
    ),
    _graph(
        "state:registration",
        "Who registered which methods (report)",
        "GET /reports/authenticationMethods/userRegistrationDetails",
        "AuditLog.Read.All",
        _LOG_READERS,
        "Entra ID P1",
    ),
    _graph(
        "state:per-user-mfa",
        "Per-user multi-factor authentication",
        f"beta GET {_AUTH}/requirements",
        "Policy.Read.All",
        "Global Reader, Authentication Policy Administrator",
    ),
    _graph(
        "state:devices",
        "Devices",
        f"GET {_USER}/registeredDevices, GET {_USER}/ownedDevices",
        "User.Read.All",
    ),
    _graph(
        "state:device",
        "One device, and whose it is",
        "GET /devices, GET /devices/{device-id}, GET /devices/{device-id}/registeredOwners, "
        "GET /devices/{device-id}/registeredUsers",
        "Device.Read.All",
    ),
    _graph(
        "state:consents",
        "Consents, application roles, groups and what the account owns",
        f"GET {_USER}/oauth2PermissionGrants, GET /oauth2PermissionGrants, "
        "GET /oauth2PermissionGrants/{oAuth2PermissionGrant-id}, "
        f"GET {_USER}/appRoleAssignments, GET {_USER}/memberOf, GET {_USER}/transitiveMemberOf, "
        f"GET {_USER}/ownedObjects",
        "Directory.Read.All",
    ),
    _graph(
        "state:applications",
        "Applications: registered, enterprise, and what they may do",
        f"GET /servicePrincipals, GET {_PRINCIPAL}, GET {_PRINCIPAL}/appRoleAssignedTo, "
        f"GET {_PRINCIPAL}/appRoleAssignments, GET /applications, GET /applications/{{application-id}}",
        "Application.Read.All",
    ),
    _graph(
        "state:roles",
        "Directory roles",
        f"GET {_ROLES}/roleAssignments, GET {_ROLES}/roleAssignments/{{unifiedRoleAssignment-id}}, "
        f"GET {_ROLES}/roleDefinitions, GET {_ROLES}/roleDefinitions/{{unifiedRoleDefinition-id}}, "
        "GET /directoryRoles, GET /directoryRoles/{directoryRole-id}/members",
        "RoleManagement.Read.Directory",
    ),
    _graph(
        "state:role-eligibility",
        "Directory roles that can be activated",
        f"GET {_ROLES}/roleEligibilityScheduleInstances",
        "RoleManagement.Read.Directory",
        licence="Entra ID P2",
        probe=f"{_ROLES}/roleEligibilityScheduleInstances",
    ),
    _graph(
        "state:rules-graph",
        "Inbox rules by Graph, without hidden ones",
        f"GET {_USER}/mailFolders/{{mailFolder-id}}/messageRules",
        "",
        application="MailboxSettings.Read",
        note="for a person Graph reads the own mailbox only; Get-InboxRule reads them all",
    ),
    _graph(
        "state:policies",
        "Conditional Access, named locations and security defaults",
        "GET /identity/conditionalAccess/policies, "
        "GET /identity/conditionalAccess/policies/{conditionalAccessPolicy-id}, "
        "GET /identity/conditionalAccess/namedLocations, GET /policies/identitySecurityDefaultsEnforcementPolicy",
        "Policy.Read.All",
        f"{_SECURITY}, Conditional Access Administrator",
    ),
    _exchange(
        "state:mailbox",
        "Mailboxes: settings, rights, protocols, replies, senders, phones",
        "Get-Mailbox Get-Recipient Get-CASMailbox Get-MailboxPermission Get-RecipientPermission "
        "Get-MailboxFolderPermission Get-MailboxFolderStatistics Get-MailboxAutoReplyConfiguration "
        "Get-MailboxJunkEmailConfiguration Get-MailboxMessageConfiguration Get-MailboxCalendarFolder Get-MobileDevice "
        "Get-App",
        _MAILBOX_READERS,
    ),
    _exchange(
        "state:rules",
        "Inbox rules, hidden ones too, and sweep rules",
        "Get-InboxRule Get-SweepRule",
        _MAILBOX_READERS,
        note="Microsoft's text says that Global Reader cannot read inbox rules; it has been seen to work",
    ),
    _exchange(
        "state:mail-flow",
        "Transport rules, connectors, domains, spam policies, role groups",
        "Get-TransportRule Get-InboundConnector Get-OutboundConnector Get-RemoteDomain Get-AcceptedDomain "
        "Get-HostedOutboundSpamFilterPolicy Get-BlockedSenderAddress Get-RoleGroup "
        "Get-RoleGroupMember Get-TransportConfig Get-ExternalInOutlook",
        "Global Reader, Exchange Administrator",
    ),
)
"""What is read of an account, and of the organisation, before anything is changed."""

REGISTERING: tuple[Need, ...] = (
    _graph(
        "action:create-application",
        "Register an application of your own",
        "POST /applications, DELETE /applications/{application-id}",
        "Application.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:create-service-principal",
        "Make its enterprise application",
        f"POST /servicePrincipals, DELETE {_PRINCIPAL}",
        "Application.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:grant-consent",
        "Consent for the organisation to what it may do for people",
        "POST /oauth2PermissionGrants, DELETE /oauth2PermissionGrants/{oAuth2PermissionGrant-id}",
        "DelegatedPermissionGrant.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:grant-app-role",
        "Consent for the organisation to what it may do on its own",
        f"POST {_PRINCIPAL}/appRoleAssignedTo, DELETE {_PRINCIPAL}/appRoleAssignedTo/{{appRoleAssignment-id}}",
        "AppRoleAssignment.ReadWrite.All Application.Read.All",
        "Privileged Role Administrator",
    ),
    _graph(
        "action:remove-application",
        "Remove an application of your own",
        "DELETE /applications/{application-id}",
        "Application.ReadWrite.All",
        _APPS,
    ),
)
"""What registering an application of one's own needs; containment itself never does it."""

ACTIONS: tuple[Need, ...] = (
    _exchange("action:hold-mail", "Hold the mailbox", "Set-Mailbox", _RECIPIENTS, "Exchange Online Plan 2"),
    _graph(
        "action:block-sign-in",
        "Block sign-in",
        f"PATCH {_USER}",
        "User.EnableDisableAccount.All User.Read.All",
        "User Administrator",
        note=_ADMINISTRATORS,
    ),
    _graph(
        "action:reset-password",
        "Reset the password",
        f"PATCH {_USER}",
        "User-PasswordProfile.ReadWrite.All",
        f"User Administrator, Helpdesk Administrator, {_METHODS}",
        note=f"an app needs such a role too; {_ADMINISTRATORS}",
    ),
    _graph(
        "action:reset-password-writeback",
        "Reset the password and write it back on premises",
        f"POST {_AUTH}/methods/{{authenticationMethod-id}}/resetPassword, "
        f"GET {_AUTH}/operations/{{longRunningOperation-id}}",
        "UserAuthenticationMethod.ReadWrite.All",
        _METHODS,
        "Entra ID P1",
        application="",
        note=_ADMINISTRATORS,
    ),
    *(
        _graph(
            f"action:{kind}",
            what,
            f"POST {_USER}/revokeSignInSessions",
            "User.RevokeSessions.All",
            f"User Administrator, Helpdesk Administrator, {_METHODS}",
        )
        for kind, what in (("revoke-sessions", "Revoke sessions"), ("revoke-sessions-again", "Revoke sessions again"))
    ),
    _graph(
        "action:disable-device",
        "Disable a device",
        "PATCH /devices/{device-id}",
        "Directory.AccessAsUser.All",
        "Cloud Device Administrator, Intune Administrator",
        application="Device.ReadWrite.All",
    ),
    _graph(
        "action:remove-method",
        "Remove a sign-in method",
        ", ".join(f"DELETE {_AUTH}/{name}" for name in _COLLECTIONS),
        "UserAuthenticationMethod.ReadWrite.All",
        _METHODS,
        note=_ADMINISTRATORS,
    ),
    _graph(
        "action:remove-consent",
        "Remove a consent",
        "DELETE /oauth2PermissionGrants/{oAuth2PermissionGrant-id}, POST /oauth2PermissionGrants, "
        "PATCH /oauth2PermissionGrants/{oAuth2PermissionGrant-id}",
        "DelegatedPermissionGrant.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:remove-app-role",
        "Remove the account from an application",
        f"DELETE {_USER}/appRoleAssignments/{{appRoleAssignment-id}}, POST {_USER}/appRoleAssignments",
        "AppRoleAssignment.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:remove-consent-of-everybody",
        "Remove a consent for everybody",
        "DELETE /oauth2PermissionGrants/{oAuth2PermissionGrant-id}, POST /oauth2PermissionGrants",
        "DelegatedPermissionGrant.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:disable-app",
        "Disable an application for everybody",
        "PATCH /servicePrincipals/{servicePrincipal-id}",
        "Application.ReadWrite.All",
        _APPS,
    ),
    _graph(
        "action:remove-role",
        "Take away a directory role",
        f"DELETE {_ROLES}/roleAssignments/{{unifiedRoleAssignment-id}}, POST {_ROLES}/roleAssignments",
        "RoleManagement.ReadWrite.Directory",
        "Privileged Role Administrator",
    ),
    _exchange(
        "action:leave-role-group",
        "Take the account out of a role group of Exchange",
        "Remove-RoleGroupMember",
        "Exchange Administrator",
        note="or whoever manages the role group",
    ),
    _graph(
        "action:remove-ownership",
        "Take away the ownership of a group",
        "DELETE /groups/{group-id}/owners/{directoryObject-id}/$ref",
        "Group.ReadWrite.All",
        "Groups Administrator, User Administrator",
    ),
    _graph(
        "action:leave-group",
        "Take the account out of a group",
        "DELETE /groups/{group-id}/members/{directoryObject-id}/$ref, POST /groups/{group-id}/members/$ref",
        "GroupMember.ReadWrite.All",
        "Groups Administrator, User Administrator",
    ),
    _graph(
        "action:confirm-compromised",
        "Tell Entra that the account is compromised",
        "POST /identityProtection/riskyUsers/confirmCompromised, POST /identityProtection/riskyUsers/dismiss",
        "IdentityRiskyUser.ReadWrite.All",
        "Security Operator, Security Administrator",
        "Entra ID P2",
    ),
    *(
        _exchange(f"action:{kind}", what, cmdlets, _RECIPIENTS)
        for kind, what, cmdlets in (
            ("disable-inbox-rule", "Disable an inbox rule", "Disable-InboxRule Enable-InboxRule"),
            ("disable-sweep-rule", "Disable a sweep rule", "Disable-SweepRule"),
            ("clear-outside-forwarding", "Clear the forwarding to an outside address", "Set-Mailbox"),
            ("clear-forwarding", "Clear the forwarding", "Set-Mailbox"),
            ("auto-reply-off", "Switch off automatic replies", "Set-MailboxAutoReplyConfiguration"),
            ("signature-off", "Leave the signature off new mail", "Set-MailboxMessageConfiguration"),
            ("distrust-sender", "Take a sender off the safe list", "Set-MailboxJunkEmailConfiguration"),
            ("unblock-correspondent", "Take a sender off the blocked list", "Set-MailboxJunkEmailConfiguration"),
            (
                "remove-full-access",
                "Take the mailbox away from others",
                "Remove-MailboxPermission Add-MailboxPermission",
            ),
            ("remove-send-as", "Take away sending as", "Remove-RecipientPermission Add-RecipientPermission"),
            ("remove-send-on-behalf", "Take away sending on behalf", "Set-Mailbox"),
            (
                "remove-folder-right",
                "Close a folder",
                "Remove-MailboxFolderPermission Set-MailboxFolderPermission Add-MailboxFolderPermission",
            ),
            ("close-protocols", "Close the old protocols", "Set-CASMailbox"),
            ("remove-mobile-device", "Remove a mobile partnership", "Remove-MobileDevice"),
            ("audit-mailbox", "Switch auditing on for a mailbox", "Set-Mailbox"),
            ("restore-audit-actions", "Log Microsoft's default actions again", "Set-Mailbox"),
            ("restore-audit-age", "Keep audit records for 90 days again", "Set-Mailbox"),
        )
    ),
    *(
        _exchange(f"action:{kind}", what, cmdlets, "Exchange Administrator")
        for kind, what, cmdlets in (
            ("disable-transport-rule", "Disable a transport rule", "Disable-TransportRule Enable-TransportRule"),
            ("disable-inbound-connector", "Disable an inbound connector", "Set-InboundConnector"),
            ("disable-outbound-connector", "Disable an outbound connector", "Set-OutboundConnector"),
            ("audit-organisation", "Switch mailbox auditing on for everybody", "Set-OrganizationConfig"),
            ("end-audit-bypass", "Log again what an account does", "Set-MailboxAuditBypassAssociation"),
        )
    ),
    _exchange(
        "action:audit-unified-log",
        "Switch the searchable audit log on for everybody",
        "Set-AdminAuditLogConfig",
        "Exchange Administrator",
        note="with the Exchange role Audit Logs",
    ),
    _graph(
        "action:require-mfa",
        "Require multi-factor authentication (per user)",
        f"beta PATCH {_AUTH}/requirements",
        "Policy.ReadWrite.AuthenticationMethod",
        "Authentication Policy Administrator",
    ),
    _graph(
        "action:issue-access-pass",
        "Make a Temporary Access Pass",
        f"POST {_AUTH}/temporaryAccessPassMethods",
        "UserAuthenticationMethod.ReadWrite.All",
        _METHODS,
        "Entra ID P1",
        note=_ADMINISTRATORS,
    ),
    _graph(
        "action:give-back",
        "Give the account back",
        f"PATCH {_USER}",
        "User.EnableDisableAccount.All User.Read.All",
        "User Administrator",
        note=_ADMINISTRATORS,
    ),
    _exchange(
        "action:unblock-sender",
        "Let the account send again",
        "Remove-BlockedSenderAddress",
        "Security Administrator, Exchange Administrator",
    ),
    _graph(
        "action:set-control-state",
        "Set what is said of a Secure Score control",
        "PATCH /security/secureScoreControlProfiles/{secureScoreControlProfile-id}",
        "SecurityEvents.ReadWrite.All",
        "Security Administrator",
    ),
    Need(
        "action:start-activity-subscription",
        "Start the feed of audit records",
        "management",
        ("POST /activity/feed/subscriptions/start", "POST /activity/feed/subscriptions/stop"),
        ("ActivityFeed.Read",),
        ("ActivityFeed.Read",),
    ),
    *REGISTERING,
)
"""What changes the tenant, one for each kind of action."""

NEEDS: tuple[Need, ...] = (*SOURCES, *STATES, *ACTIONS)
