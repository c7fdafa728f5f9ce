"""What is read of the whole organisation: each list by name, from Graph or from Exchange."""

from __future__ import annotations

from toolkit.contain.readings import Reading, from_exchange, from_graph

READINGS: dict[str, Reading] = {
    "organisation": Reading("the organisation", from_graph("/organization"), of_tenant=True),
    "domains": Reading("its domains", from_graph("/domains"), of_tenant=True),
    "licences": Reading("its licences", from_graph("/subscribedSkus"), of_tenant=True),
    "organisation settings": Reading(
        "the settings of Exchange for everybody", from_exchange("Get-OrganizationConfig", ""), of_tenant=True
    ),
    "unified auditing": Reading("unified auditing", from_exchange("Get-AdminAuditLogConfig", ""), of_tenant=True),
    "mailboxes": Reading("all mailboxes", from_exchange("Get-Mailbox", "", ResultSize="Unlimited"), of_tenant=True),
    "audit bypass": Reading(
        "who is left out of auditing",
        from_exchange("Get-MailboxAuditBypassAssociation", "", ResultSize="Unlimited"),
        of_tenant=True,
    ),
    "registration": Reading(
        "who registered which methods", from_graph("/reports/authenticationMethods/userRegistrationDetails"), True
    ),
    "conditional access": Reading("Conditional Access", from_graph("/identity/conditionalAccess/policies"), True),
    "security defaults": Reading(
        "security defaults", from_graph("/policies/identitySecurityDefaultsEnforcementPolicy"), of_tenant=True
    ),
    "roles": Reading(
        "who has which role",
        from_graph("/roleManagement/directory/roleAssignments", query={"$expand": "roleDefinition"}),
        of_tenant=True,
    ),
    "outbound spam policy": Reading(
        "the outbound spam policies", from_exchange("Get-HostedOutboundSpamFilterPolicy", ""), of_tenant=True
    ),
    "remote domains": Reading("remote domains", from_exchange("Get-RemoteDomain", ""), of_tenant=True),
    "restricted senders": Reading("restricted senders", from_exchange("Get-BlockedSenderAddress", ""), of_tenant=True),
    "scores": Reading("Secure Score", from_graph("/security/secureScores", query={"$top": "90"}), of_tenant=True),
    "controls": Reading(
        "the controls of Secure Score", from_graph("/security/secureScoreControlProfiles"), of_tenant=True
    ),
}
