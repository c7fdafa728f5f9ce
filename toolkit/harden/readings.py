"""What is read of the whole organisation: each list by name, from Graph or from Exchange."""

from __future__ import annotations

from toolkit.contain.readings import Read, Reading, from_exchange, from_graph
from toolkit.contain.target import Target
from toolkit.tenant import Rows, Tenant


def _one(path: str) -> Read:
    """A single object of Graph, as a list of one."""

    def read(tenant: Tenant, target: Target) -> Rows:
        answer = tenant.graph.get(path)
        return Rows([answer.data], answer.date)

    return read


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
    "accounts": Reading(
        "all accounts",
        from_graph("/users", query={"$select": "id,userPrincipalName,accountEnabled,userType", "$top": "999"}),
        of_tenant=True,
    ),
    "registration": Reading(
        "who registered which methods", from_graph("/reports/authenticationMethods/userRegistrationDetails"), True
    ),
    "conditional access": Reading("Conditional Access", from_graph("/identity/conditionalAccess/policies"), True),
    "security defaults": Reading(
        "security defaults", _one("/policies/identitySecurityDefaultsEnforcementPolicy"), of_tenant=True
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
    "mail flow settings": Reading(
        "the settings of mail flow for everybody", from_exchange("Get-TransportConfig", ""), of_tenant=True
    ),
    "external mark": Reading("the mark on mail from outside", from_exchange("Get-ExternalInOutlook", ""), True),
    "restricted senders": Reading("restricted senders", from_exchange("Get-BlockedSenderAddress", ""), of_tenant=True),
    "scores": Reading("Secure Score", from_graph("/security/secureScores", query={"$top": "90"}), of_tenant=True),
    "controls": Reading(
        "the controls of Secure Score", from_graph("/security/secureScoreControlProfiles"), of_tenant=True
    ),
}
