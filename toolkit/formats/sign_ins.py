"""Entra sign-ins: pages of the Graph API, and the SigninLogs table of Log Analytics.

Source: Microsoft Graph `signIn` (v1.0 and beta); Azure Monitor table reference, `SigninLogs`.
"""

from __future__ import annotations

from toolkit.formats.format import Format, Head, joined

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
    "app_owner_tenant_id": ("doc:$.appOwnerTenantId",),
    "cross_tenant_access_type": ("doc:$.crossTenantAccessType",),
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

# Where each column stands in a row of SigninLogs or AADNonInteractiveUserSignInLogs; `@` is a column of the row.
_TABLE: dict[str, tuple[str, ...]] = {
    "time": ("@CreatedDateTime", "@TimeGenerated"),
    "user_principal_name": ("@UserPrincipalName",),
    "user_id": ("@UserId",),
    "user_display_name": ("@UserDisplayName", "@Identity"),
    "user_type": ("@UserType",),
    "ip_address": ("@IPAddress",),
    "country": ("Location:$.countryOrRegion", "@Location"),
    "state": ("Location:$.state",),
    "city": ("Location:$.city",),
    "latitude": ("Location:$.geoCoordinates.latitude",),
    "longitude": ("Location:$.geoCoordinates.longitude",),
    "autonomous_system_number": ("@AutonomousSystemNumber",),
    "app_id": ("@AppId",),
    "app_display_name": ("@AppDisplayName",),
    "resource_id": ("@ResourceIdentity",),
    "resource_display_name": ("@ResourceDisplayName",),
    "client_app_used": ("@ClientAppUsed",),
    "user_agent": ("@UserAgent",),
    "error_code": ("@ResultType", "Status:$.errorCode"),
    "failure_reason": ("Status:$.failureReason", "@ResultDescription"),
    "status_details": ("Status:$.additionalDetails",),
    "is_interactive": ("@IsInteractive",),
    "session_id": ("@SessionId",),
    "unique_token_id": ("@UniqueTokenIdentifier",),
    "correlation_id": ("@CorrelationId",),
    "original_request_id": ("@OriginalRequestId",),
    "authentication_requirement": ("@AuthenticationRequirement",),
    "authentication_protocol": ("@AuthenticationProtocol",),
    "authentication_details": ("@AuthenticationDetails",),
    "mfa_detail": ("@MfaDetail_dynamic", "@MfaDetail_string", "@MfaDetail"),
    "incoming_token_type": ("@IncomingTokenType",),
    "original_transfer_method": ("@OriginalTransferMethod",),
    "conditional_access_status": ("@ConditionalAccessStatus",),
    "conditional_access_policies": (
        "@ConditionalAccessPolicies_dynamic",
        "@ConditionalAccessPolicies_string",
        "@ConditionalAccessPolicies",
    ),
    "device_id": ("Device:$.deviceId",),
    "device_display_name": ("Device:$.displayName",),
    "operating_system": ("Device:$.operatingSystem",),
    "browser": ("Device:$.browser",),
    "is_compliant": ("Device:$.isCompliant",),
    "is_managed": ("Device:$.isManaged",),
    "trust_type": ("Device:$.trustType",),
    "risk_level_during_sign_in": ("@RiskLevelDuringSignIn",),
    "risk_level_aggregated": ("@RiskLevelAggregated",),
    "risk_state": ("@RiskState",),
    "risk_detail": ("@RiskDetail",),
    "risk_event_types": ("@RiskEventTypes_V2", "@RiskEventTypes"),
    "service_principal_id": ("@ServicePrincipalId",),
    "token_issuer_type": ("@TokenIssuerType",),
    "home_tenant_id": ("@HomeTenantId",),
    "resource_tenant_id": ("@ResourceTenantId",),
    "app_owner_tenant_id": ("@AppOwnerTenantId",),
    "cross_tenant_access_type": ("@CrossTenantAccessType",),
    "tenant_id": ("@AADTenantId",),
}


def _row_of(columns: dict[str, tuple[str, ...]], place: str) -> dict[str, tuple[str, ...]]:
    return {
        column: tuple(p.replace("@", place, 1) if p.startswith("@") else p for p in places)
        for column, places in columns.items()
    }


def _log_analytics(container: str) -> Format:
    place = "cell:" if container == "csv" else "doc:$."
    wanted = {"resulttype", "appdisplayname", "ipaddress"}
    nested = {"Location": "LocationDetails", "Device": "DeviceDetail", "Status": "Status"}
    return Format(
        name=f"log-analytics-signinlogs-{container}",
        table="signins",
        title=f"Log Analytics SigninLogs, {container.upper()}",
        source="https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs",
        container=container,
        recognise=lambda head: wanted <= (head.cells if container == "csv" else {k.lower() for k in head.keys}),
        record_id=(f"{place}Id", f"{place}OriginalRequestId"),
        date_order="mdy",
        json_texts={
            name: (f"{place}{column}_dynamic", f"{place}{column}_string", f"{place}{column}")
            for name, column in nested.items()
        },
        columns=_row_of(_TABLE, place),
    )


# Category of a diagnostic envelope → signInEventTypes, as Graph has them
_CATEGORIES = (
    "sql:CASE {row:$.category} WHEN 'SignInLogs' THEN 'interactiveUser'"
    " WHEN 'NonInteractiveUserSignInLogs' THEN 'nonInteractiveUser'"
    " WHEN 'ServicePrincipalSignInLogs' THEN 'servicePrincipal'"
    " WHEN 'ManagedIdentitySignInLogs' THEN 'managedIdentity' END"
)


def _is_envelope(head: Head) -> bool:
    return {"category", "properties"} <= head.keys and any(
        str(record.get("category", "")).endswith("SignInLogs") for record in head.records
    )


DIAGNOSTIC = Format(
    name="diagnostic-signin-logs",
    table="signins",
    title="Entra sign-in logs, diagnostic settings",
    source="https://learn.microsoft.com/entra/identity/monitoring-health/concept-diagnostic-settings-logs-options",
    container="json",
    recognise=_is_envelope,
    document="$.properties",
    record_id=("doc:$.id",),
    columns=joined(
        GRAPH,
        {
            "time": ("row:$.time",),
            "ip_address": ("row:$.callerIpAddress", "row:$.calleripaddress"),
            "country": ("row:$.location",),
            "error_code": ("row:$.resultType", "row:$.resulttype"),
            "failure_reason": ("row:$.resultDescription", "row:$.resultdescription"),
            "user_display_name": ("row:$.identity",),
            "correlation_id": ("row:$.correlationId", "row:$.correlationid"),
            "sign_in_event_types": (_CATEGORIES,),
            "tenant_id": ("row:$.tenantId", "row:$.tenantid"),
        },
    ),
)

# Location reads `Melbourne, Victoria, AU`.
_PLACE = "string_split({cell:Location}, ', ')"
PORTAL = Format(
    name="entra-portal-signins-csv",
    table="signins",
    title="Entra portal sign-ins, CSV",
    source="https://learn.microsoft.com/entra/identity/monitoring-health/howto-download-logs",
    container="csv",
    recognise=lambda head: (
        {"request id", "username", "ip address", "status"} <= head.cells
        or {"request id", "service principal id", "ip address"} <= head.cells
    ),
    record_id=("cell:Request ID",),
    columns={
        "time": ("cell:Date (UTC)", "cell:Date"),
        "user_principal_name": ("cell:Username",),
        "user_id": ("cell:User ID",),
        "user_display_name": ("cell:User",),
        "user_type": ("cell:User type",),
        "ip_address": ("cell:IP address",),
        "country": (f"sql:CASE WHEN len({_PLACE}[-1]) = 2 THEN {_PLACE}[-1] END",),
        "state": (f"sql:CASE WHEN len({_PLACE}) >= 3 THEN {_PLACE}[-2] END",),
        "city": (f"sql:CASE WHEN len({_PLACE}) >= 2 THEN {_PLACE}[1] END",),
        "autonomous_system_number": ("cell:Autonomous system number",),
        "app_id": ("cell:Application ID",),
        "app_display_name": ("cell:Application",),
        "resource_id": ("cell:Resource ID",),
        "resource_display_name": ("cell:Resource",),
        "client_app_used": ("cell:Client app",),
        "user_agent": ("cell:User agent",),
        "error_code": ("cell:Sign-in error code", "sql:CASE lower({cell:Status}) WHEN 'success' THEN '0' END"),
        "failure_reason": ("sql:nullif({cell:Failure reason}, 'Other.')",),
        "status_details": ("cell:Multifactor authentication result",),
        "session_id": ("cell:Session ID",),
        "unique_token_id": ("cell:Unique token identifier",),
        "correlation_id": ("cell:Correlation ID",),
        "authentication_requirement": ("cell:Authentication requirement",),
        "authentication_protocol": ("cell:Authentication Protocol",),
        "incoming_token_type": ("cell:Incoming token type",),
        "original_transfer_method": ("cell:Original transfer method",),
        "conditional_access_status": ("cell:Conditional Access",),
        "device_id": ("cell:Device ID",),
        "operating_system": ("cell:Operating System",),
        "browser": ("cell:Browser",),
        "is_compliant": ("cell:Compliant",),
        "is_managed": ("cell:Managed",),
        "trust_type": ("cell:Join Type",),
        "service_principal_id": ("cell:Service principal ID",),
        "token_issuer_type": ("cell:Token issuer type",),
        "home_tenant_id": ("cell:Home tenant ID",),
        "resource_tenant_id": ("cell:Resource tenant ID",),
        "cross_tenant_access_type": ("cell:Cross tenant access type",),
    },
)

FORMATS = (GRAPH_BETA, GRAPH_V1, DIAGNOSTIC, _log_analytics("csv"), _log_analytics("json"), PORTAL)
