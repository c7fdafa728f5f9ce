"""Entra sign-ins: pages of the Graph API, and the SigninLogs table of Log Analytics.

Source: Microsoft Graph `signIn` (v1.0 and beta); Azure Monitor table reference, `SigninLogs`.
"""

from __future__ import annotations

from toolkit.formats.format import Format, Head

BETA_ONLY = {
    "signInEventTypes",
    "sessionId",
    "uniqueTokenIdentifier",
    "authenticationDetails",
    "incomingTokenType",
}


def _joined(path: str) -> str:
    """A JSON array of texts as one text; a text stays as it is."""
    place = f"{{doc:{path}}}"
    array = f"array_to_string(TRY(json_extract_string({place}, '$[*]')), ',')"
    return f"sql:CASE WHEN starts_with({place}, '[') THEN nullif({array}, '') ELSE {place} END"


GRAPH: dict[str, tuple[str, ...]] = {
    "time": ("doc:$.createdDateTime",),
    "user_principal_name": ("doc:$.userPrincipalName",),
    "user_id": ("doc:$.userId",),
    "user_display_name": ("doc:$.userDisplayName",),
    "user_type": ("doc:$.userType",),
    "ip_address": ("doc:$.ipAddress",),
    "country": ("doc:$.location.countryOrRegion",),
    "state": ("doc:$.location.state",),
    "city": ("doc:$.location.city",),
    "latitude": ("doc:$.location.geoCoordinates.latitude",),
    "longitude": ("doc:$.location.geoCoordinates.longitude",),
    "autonomous_system_number": ("doc:$.autonomousSystemNumber",),
    "app_id": ("doc:$.appId",),
    "app_display_name": ("doc:$.appDisplayName",),
    "resource_id": ("doc:$.resourceId",),
    "resource_display_name": ("doc:$.resourceDisplayName",),
    "client_app_used": ("doc:$.clientAppUsed",),
    "user_agent": ("doc:$.userAgent",),
    "error_code": ("doc:$.status.errorCode",),
    "failure_reason": ("doc:$.status.failureReason",),
    "status_details": ("doc:$.status.additionalDetails",),
    "is_interactive": ("doc:$.isInteractive",),
    "sign_in_event_types": (_joined("$.signInEventTypes"),),
    "session_id": ("doc:$.sessionId",),
    "unique_token_id": ("doc:$.uniqueTokenIdentifier",),
    "correlation_id": ("doc:$.correlationId",),
    "original_request_id": ("doc:$.originalRequestId",),
    "authentication_requirement": ("doc:$.authenticationRequirement",),
    "authentication_protocol": ("doc:$.authenticationProtocol",),
    "authentication_details": ("doc:$.authenticationDetails",),
    "mfa_detail": ("doc:$.mfaDetail",),
    "incoming_token_type": ("doc:$.incomingTokenType",),
    "original_transfer_method": ("doc:$.originalTransferMethod",),
    "conditional_access_status": ("doc:$.conditionalAccessStatus",),
    "conditional_access_policies": ("doc:$.appliedConditionalAccessPolicies",),
    "device_id": ("doc:$.deviceDetail.deviceId",),
    "device_display_name": ("doc:$.deviceDetail.displayName",),
    "operating_system": ("doc:$.deviceDetail.operatingSystem",),
    "browser": ("doc:$.deviceDetail.browser",),
    "is_compliant": ("doc:$.deviceDetail.isCompliant",),
    "is_managed": ("doc:$.deviceDetail.isManaged",),
    "trust_type": ("doc:$.deviceDetail.trustType",),
    "risk_level_during_sign_in": ("doc:$.riskLevelDuringSignIn",),
    "risk_level_aggregated": ("doc:$.riskLevelAggregated",),
    "risk_state": ("doc:$.riskState",),
    "risk_detail": ("doc:$.riskDetail",),
    "risk_event_types": (_joined("$.riskEventTypes_v2"), _joined("$.riskEventTypes")),
    "service_principal_id": ("doc:$.servicePrincipalId",),
    "token_issuer_type": ("doc:$.tokenIssuerType",),
    "home_tenant_id": ("doc:$.homeTenantId",),
    "resource_tenant_id": ("doc:$.resourceTenantId",),
}


def _is_sign_in(head: Head) -> bool:
    return {"createdDateTime", "appId", "status"} <= head.keys and bool(
        {"userPrincipalName", "servicePrincipalId"} & head.keys
    )


def _is_beta(head: Head) -> bool:
    return _is_sign_in(head) and (bool(BETA_ONLY & head.keys) or "/beta/" in head.context)


GRAPH_BETA = Format(
    name="graph-signins-beta",
    table="signins",
    title="Graph sign-ins (beta)",
    source="https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta",
    container="json",
    recognise=_is_beta,
    record_id=("doc:$.id",),
    columns=GRAPH,
)
GRAPH_V1 = Format(
    name="graph-signins-v1",
    table="signins",
    title="Graph sign-ins (v1.0)",
    source="https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-1.0",
    container="json",
    recognise=_is_sign_in,
    record_id=("doc:$.id",),
    columns=GRAPH,
)

LOG_ANALYTICS = Format(
    name="log-analytics-signinlogs-csv",
    table="signins",
    title="Log Analytics SigninLogs, CSV",
    source="https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs",
    container="csv",
    recognise=lambda head: {"resulttype", "appdisplayname", "ipaddress", "userprincipalname"} <= head.cells,
    record_id=("cell:Id", "cell:OriginalRequestId"),
    date_order="mdy",
    json_texts={
        "Location": ("cell:LocationDetails_dynamic", "cell:LocationDetails_string", "cell:LocationDetails"),
        "Device": ("cell:DeviceDetail_dynamic", "cell:DeviceDetail_string", "cell:DeviceDetail"),
        "Status": ("cell:Status_dynamic", "cell:Status_string", "cell:Status"),
    },
    columns={
        "time": ("cell:CreatedDateTime", "cell:TimeGenerated"),
        "user_principal_name": ("cell:UserPrincipalName",),
        "user_id": ("cell:UserId",),
        "user_display_name": ("cell:UserDisplayName", "cell:Identity"),
        "user_type": ("cell:UserType",),
        "ip_address": ("cell:IPAddress",),
        "country": ("Location:$.countryOrRegion", "cell:Location"),
        "state": ("Location:$.state",),
        "city": ("Location:$.city",),
        "latitude": ("Location:$.geoCoordinates.latitude",),
        "longitude": ("Location:$.geoCoordinates.longitude",),
        "autonomous_system_number": ("cell:AutonomousSystemNumber",),
        "app_id": ("cell:AppId",),
        "app_display_name": ("cell:AppDisplayName",),
        "resource_id": ("cell:ResourceIdentity",),
        "resource_display_name": ("cell:ResourceDisplayName",),
        "client_app_used": ("cell:ClientAppUsed",),
        "user_agent": ("cell:UserAgent",),
        "error_code": ("cell:ResultType", "Status:$.errorCode"),
        "failure_reason": ("Status:$.failureReason", "cell:ResultDescription"),
        "status_details": ("Status:$.additionalDetails",),
        "is_interactive": ("cell:IsInteractive",),
        "session_id": ("cell:SessionId",),
        "unique_token_id": ("cell:UniqueTokenIdentifier",),
        "correlation_id": ("cell:CorrelationId",),
        "original_request_id": ("cell:OriginalRequestId",),
        "authentication_requirement": ("cell:AuthenticationRequirement",),
        "authentication_protocol": ("cell:AuthenticationProtocol",),
        "authentication_details": ("cell:AuthenticationDetails",),
        "mfa_detail": ("cell:MfaDetail_dynamic", "cell:MfaDetail_string", "cell:MfaDetail"),
        "incoming_token_type": ("cell:IncomingTokenType",),
        "original_transfer_method": ("cell:OriginalTransferMethod",),
        "conditional_access_status": ("cell:ConditionalAccessStatus",),
        "conditional_access_policies": (
            "cell:ConditionalAccessPolicies_dynamic",
            "cell:ConditionalAccessPolicies_string",
            "cell:ConditionalAccessPolicies",
        ),
        "device_id": ("Device:$.deviceId",),
        "device_display_name": ("Device:$.displayName",),
        "operating_system": ("Device:$.operatingSystem",),
        "browser": ("Device:$.browser",),
        "is_compliant": ("Device:$.isCompliant",),
        "is_managed": ("Device:$.isManaged",),
        "trust_type": ("Device:$.trustType",),
        "risk_level_during_sign_in": ("cell:RiskLevelDuringSignIn",),
        "risk_level_aggregated": ("cell:RiskLevelAggregated",),
        "risk_state": ("cell:RiskState",),
        "risk_detail": ("cell:RiskDetail",),
        "risk_event_types": ("cell:RiskEventTypes_V2", "cell:RiskEventTypes"),
        "service_principal_id": ("cell:ServicePrincipalId",),
        "token_issuer_type": ("cell:TokenIssuerType",),
        "home_tenant_id": ("cell:HomeTenantId",),
        "resource_tenant_id": ("cell:ResourceTenantId",),
        "tenant_id": ("cell:AADTenantId",),
    },
)

FORMATS = (GRAPH_BETA, GRAPH_V1, LOG_ANALYTICS)
