"""Microsoft Graph as far as this practice tenant speaks it: which path goes where."""

from __future__ import annotations

import re
from collections.abc import Callable

from toolkit.practice import (
    graph_applications,
    graph_apps,
    graph_audit_search,
    graph_devices,
    graph_directory_audits,
    graph_directory_roles,
    graph_grants,
    graph_groups,
    graph_inbox_rules,
    graph_licences,
    graph_mailbox,
    graph_methods,
    graph_passwords,
    graph_permissions,
    graph_protection,
    graph_registration,
    graph_reports,
    graph_risk_detections,
    graph_roles,
    graph_secure_score,
    graph_traces,
    graph_users,
)
from toolkit.practice.http import Answer, Refused, Request
from toolkit.practice.tenant_state import Situation

Handler = Callable[..., Answer]
READS = ("GET", "HEAD")
_ROLES = "roleManagement/directory"
_PRINCIPAL = "servicePrincipals/{id}"
_USER = "users/{id}"
_GROUP = "groups/{id}"
_RULES = "users/{id}/mailFolders/{id}/messageRules"
ROUTES: tuple[tuple[str, str, dict[str, Handler]], ...] = (
    ("", "users", {"GET": graph_users.list_users}),
    ("", _USER, {"GET": graph_users.get_user, "PATCH": graph_users.update_user}),
    ("", f"{_USER}/revokeSignInSessions", {"POST": graph_users.revoke_sessions}),
    ("beta", f"{_USER}/invalidateAllRefreshTokens", {"POST": graph_users.invalidate_tokens}),
    ("", f"{_USER}/authentication/methods", {"GET": graph_methods.list_methods}),
    ("", f"{_USER}/authentication/methods/{{id}}", {"GET": graph_methods.get_method}),
    ("", f"{_USER}/authentication/methods/{{id}}/resetPassword", {"POST": graph_passwords.reset_password}),
    ("", f"{_USER}/authentication/operations/{{id}}", {"GET": graph_passwords.get_operation}),
    *(route for name in graph_methods.COLLECTIONS for route in graph_methods.collection(name)),
    (
        "beta",
        f"{_USER}/authentication/signInPreferences",
        {"GET": graph_methods.get_preferences, "PATCH": graph_methods.update_preferences},
    ),
    (
        "beta",
        f"{_USER}/authentication/requirements",
        {"GET": graph_users.get_requirements, "PATCH": graph_users.update_requirements},
    ),
    ("", f"{_USER}/registeredDevices", {"GET": graph_devices.devices_of_user}),
    ("", f"{_USER}/ownedDevices", {"GET": graph_devices.devices_of_user}),
    ("", "devices", {"GET": graph_devices.list_devices}),
    (
        "",
        "devices/{id}",
        {
            "GET": graph_devices.get_device,
            "PATCH": graph_devices.update_device,
            "DELETE": graph_devices.delete_device,
        },
    ),
    ("", "devices/{id}/registeredOwners", {"GET": graph_devices.people_of}),
    ("", "devices/{id}/registeredUsers", {"GET": graph_devices.people_of}),
    ("", f"{_USER}/oauth2PermissionGrants", {"GET": graph_grants.grants_of_user}),
    ("", "oauth2PermissionGrants", {"GET": graph_grants.list_grants, "POST": graph_grants.create_grant}),
    (
        "",
        "oauth2PermissionGrants/{id}",
        {"GET": graph_grants.get_grant, "PATCH": graph_grants.update_grant, "DELETE": graph_grants.delete_grant},
    ),
    ("", f"{_USER}/appRoleAssignments", {"GET": graph_apps.assignments_of_user, "POST": graph_apps.assign_user}),
    ("", f"{_USER}/appRoleAssignments/{{id}}", {"DELETE": graph_apps.unassign_user}),
    ("", "servicePrincipals", {"GET": graph_apps.list_principals, "POST": graph_applications.create_principal}),
    (
        "",
        "applications",
        {"GET": graph_applications.list_applications, "POST": graph_applications.create_application},
    ),
    (
        "",
        "applications/{id}",
        {"GET": graph_applications.get_application, "DELETE": graph_applications.delete_application},
    ),
    (
        "",
        _PRINCIPAL,
        {
            "GET": graph_apps.get_principal,
            "PATCH": graph_apps.update_principal,
            "DELETE": graph_apps.delete_principal,
        },
    ),
    ("", f"{_PRINCIPAL}/oauth2PermissionGrants", {"GET": graph_grants.grants_of_principal}),
    ("", f"{_PRINCIPAL}/appRoleAssignedTo", {"GET": graph_apps.assigned_to, "POST": graph_apps.assign_to}),
    ("", f"{_PRINCIPAL}/appRoleAssignedTo/{{id}}", {"DELETE": graph_apps.unassign_to}),
    ("", f"{_PRINCIPAL}/appRoleAssignments", {"GET": graph_apps.assignments_of_principal}),
    ("", f"{_PRINCIPAL}/appRoleAssignments/{{id}}", {"DELETE": graph_apps.unassign_principal}),
    ("", f"{_ROLES}/roleDefinitions", {"GET": graph_roles.list_definitions}),
    ("", f"{_ROLES}/roleDefinitions/{{id}}", {"GET": graph_roles.get_definition}),
    (
        "",
        f"{_ROLES}/roleAssignments",
        {"GET": graph_roles.list_assignments, "POST": graph_roles.create_assignment},
    ),
    (
        "",
        f"{_ROLES}/roleAssignments/{{id}}",
        {"GET": graph_roles.get_assignment, "DELETE": graph_roles.delete_assignment},
    ),
    ("", f"{_ROLES}/roleAssignmentScheduleInstances", {"GET": graph_roles.list_instances}),
    ("", f"{_ROLES}/roleEligibilityScheduleInstances", {"GET": graph_roles.list_eligibilities}),
    ("", f"{_ROLES}/roleEligibilityScheduleRequests", {"POST": graph_roles.request_eligibility}),
    ("", "directoryRoles", {"GET": graph_directory_roles.list_roles}),
    ("", "directoryRoles/{id}", {"GET": graph_directory_roles.get_role}),
    ("", "directoryRoles/{id}/members", {"GET": graph_directory_roles.list_members}),
    ("", "directoryRoles/{id}/members/$ref", {"POST": graph_directory_roles.add_member}),
    ("", "directoryRoles/{id}/members/{id}", {"DELETE": graph_directory_roles.delete_person}),
    ("", "directoryRoles/{id}/members/{id}/$ref", {"DELETE": graph_directory_roles.remove_member}),
    ("", f"{_USER}/memberOf", {"GET": graph_groups.member_of}),
    ("", f"{_USER}/transitiveMemberOf", {"GET": graph_groups.member_of}),
    ("", f"{_USER}/ownedObjects", {"GET": graph_groups.owned_objects}),
    ("", "groups", {"GET": graph_groups.list_groups}),
    ("", _GROUP, {"GET": graph_groups.get_group}),
    ("", f"{_GROUP}/members", {"GET": graph_groups.list_members}),
    ("", f"{_GROUP}/members/$ref", {"POST": graph_groups.add_member}),
    ("", f"{_GROUP}/members/{{id}}", {"DELETE": graph_groups.delete_person}),
    ("", f"{_GROUP}/members/{{id}}/$ref", {"DELETE": graph_groups.remove_member}),
    ("", f"{_GROUP}/owners", {"GET": graph_groups.list_owners}),
    ("", f"{_GROUP}/owners/$ref", {"POST": graph_groups.add_owner}),
    ("", f"{_GROUP}/owners/{{id}}", {"DELETE": graph_groups.delete_person}),
    ("", f"{_GROUP}/owners/{{id}}/$ref", {"DELETE": graph_groups.remove_owner}),
    ("", f"{_USER}/mailboxSettings", {"GET": graph_mailbox.get_settings, "PATCH": graph_mailbox.update_settings}),
    ("", f"{_USER}/mailFolders", {"GET": graph_mailbox.list_folders}),
    ("", f"{_USER}/mailFolders/{{id}}", {"GET": graph_mailbox.get_folder}),
    ("", _RULES, {"GET": graph_inbox_rules.list_rules, "POST": graph_inbox_rules.create_rule}),
    (
        "",
        f"{_RULES}/{{id}}",
        {
            "GET": graph_inbox_rules.get_rule,
            "PATCH": graph_inbox_rules.update_rule,
            "DELETE": graph_inbox_rules.delete_rule,
        },
    ),
    ("", "identityProtection/riskyUsers", {"GET": graph_protection.list_risky}),
    ("", "identityProtection/riskyUsers/confirmCompromised", {"POST": graph_protection.confirm_compromised}),
    ("", "identityProtection/riskyUsers/dismiss", {"POST": graph_protection.dismiss}),
    ("", "identityProtection/riskyUsers/{id}", {"GET": graph_protection.get_risky}),
    ("", "identityProtection/riskyUsers/{id}/history", {"GET": graph_protection.list_history}),
    (
        "",
        "identity/conditionalAccess/policies",
        {"GET": graph_protection.list_policies, "POST": graph_protection.create_policy},
    ),
    (
        "",
        "identity/conditionalAccess/policies/{id}",
        {
            "GET": graph_protection.get_policy,
            "PATCH": graph_protection.update_policy,
            "DELETE": graph_protection.delete_policy,
        },
    ),
    ("", "identity/conditionalAccess/namedLocations", {"GET": graph_protection.list_locations}),
    (
        "",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        {"GET": graph_protection.get_security_defaults},
    ),
    ("", "auditLogs/signIns", {"GET": graph_reports.list_sign_ins}),
    ("", "auditLogs/signIns/{id}", {"GET": graph_reports.get_sign_in}),
    ("", "auditLogs/directoryAudits", {"GET": graph_directory_audits.list_audits}),
    ("", "auditLogs/directoryAudits/{id}", {"GET": graph_directory_audits.get_audit}),
    ("", "identityProtection/riskDetections", {"GET": graph_risk_detections.list_detections}),
    ("", "identityProtection/riskDetections/{id}", {"GET": graph_risk_detections.get_detection}),
    ("", graph_traces.PATH, {"GET": graph_traces.list_traces}),
    ("", f"{graph_traces.PATH}/{{id}}/{{function}}", {"GET": graph_traces.details}),
    (
        "",
        graph_audit_search.PATH,
        {"GET": graph_audit_search.list_queries, "POST": graph_audit_search.create_query},
    ),
    ("", f"{graph_audit_search.PATH}/{{id}}", {"GET": graph_audit_search.get_query}),
    ("", f"{graph_audit_search.PATH}/{{id}}/records", {"GET": graph_audit_search.list_records}),
    ("", "security/secureScores", {"GET": graph_secure_score.list_scores}),
    ("", "security/secureScoreControlProfiles", {"GET": graph_secure_score.list_profiles}),
    (
        "",
        "security/secureScoreControlProfiles/{id}",
        {"GET": graph_secure_score.get_profile, "PATCH": graph_secure_score.update_profile},
    ),
    ("", graph_registration.PATH, {"GET": graph_registration.list_details}),
    ("", f"{graph_registration.PATH}/{{id}}", {"GET": graph_registration.get_details}),
    ("", "organization", {"GET": graph_reports.list_organization}),
    ("", "subscribedSkus", {"GET": graph_licences.list_skus}),
    ("", "domains", {"GET": graph_reports.list_domains}),
    ("", "domains/{id}", {"GET": graph_reports.get_domain}),
)
"""Version it exists in ("" for both), path, methods. The first that fits answers."""


def answer(request: Request, situation: Situation) -> Answer:
    """The answer to a Graph request below `/v1.0/` or `/beta/`. Raises `Refused`."""
    _, version, *segments = request.path.rstrip("/").split("/")
    for only_in, template, methods in ROUTES:
        found = _match(template, segments)
        if found is None or only_in not in ("", version):
            continue
        handler = methods.get(request.method)
        if handler is None:
            raise Refused(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
                headers={"Allow": ", ".join(methods)},
            )
        graph_permissions.check(request.method, template, situation)
        return handler(request, situation, version, *found)
    raise Refused(404, "ResourceNotFound", f"Resource not found for the segment '{segments[-1] if segments else ''}'.")


def _match(template: str, segments: list[str]) -> list[str] | None:
    parts = template.split("/")
    if len(parts) != len(segments):
        return None
    values: list[str] = []
    for part, segment in zip(parts, segments, strict=True):
        if re.fullmatch(r"\{\w+\}", part):
            values.append(segment)
        elif part.lower() != segment.lower():
            return None
    return values
