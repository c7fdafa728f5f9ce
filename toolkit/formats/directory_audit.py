"""Changes in the directory (Entra audit log): Graph pages, diagnostic envelopes, and the AuditLogs table.

They are rows of the audit table, of workload AzureActiveDirectory, as the same changes are in the unified log; the
two logs give them different ids.
Source: Microsoft Graph `directoryAudit`; Azure Monitor table reference, `AuditLogs`.
"""

from __future__ import annotations

from toolkit.formats.format import Format, Head, joined

_CHANGES = "TRY(json_extract({targets}, '$[*].modifiedProperties[*]'))"


def _columns(place: str, initiated: str, targets: str) -> dict[str, tuple[str, ...]]:
    """`place.format(name)` is where a property stands; `initiated` and `targets` name the JSON texts."""
    changes = _CHANGES.format(targets=f"{{{targets}}}")
    pairs = "struct_pack(Name := c->>'$.displayName', NewValue := c->>'$.newValue', OldValue := c->>'$.oldValue')"
    names = [
        f"TRY(json_extract_string({{{targets}}}, '$[0].{key}'))" for key in ("userPrincipalName", "displayName", "id")
    ]
    return {
        "time": (place.format("activityDateTime"),),
        "operation": (place.format("activityDisplayName"), place.format("operationName")),
        "workload": ("sql:'AzureActiveDirectory'",),
        "record_type": ("sql:'8'",),
        "user_principal_name": (
            f"{initiated}:$.user.userPrincipalName",
            f"{initiated}:$.app.displayName",
            f"{initiated}:$.app.servicePrincipalName",
            f"{initiated}:$.user.id",
        ),
        "user_key": (f"{initiated}:$.user.id", f"{initiated}:$.app.servicePrincipalId"),
        "ip_address": (f"{initiated}:$.user.ipAddress",),
        "result_status": (place.format("result"),),
        "object_id": tuple(f"sql:nullif({n}, '')" for n in names),
        "correlation_id": (place.format("correlationId"),),
        "user_agent": ("list:more/User-Agent",),
        "target": (targets,),
        "additional_details": (place.format("additionalDetails"),),
        "modified_properties": (
            f"sql:CASE WHEN len({changes}) > 0 THEN to_json(list_transform({changes}, lambda c: {pairs}))::VARCHAR END",
        ),
    }


_GRAPH = _columns("doc:$.{}", "Initiated", "doc:$.targetResources")


def _is_change(head: Head) -> bool:
    return {"activityDateTime", "activityDisplayName"} <= head.keys


def _envelope(head: Head) -> bool:
    return {"category", "properties", "time"} <= head.keys and any(
        isinstance(inner := record.get("properties"), dict)
        and {k.lower() for k in inner} & {"activitydisplayname", "activitydatetime", "targetresources", "initiatedby"}
        for record in head.records
    )


GRAPH = Format(
    name="graph-directory-audits",
    table="audit",
    title="Graph directory audits",
    source="https://learn.microsoft.com/graph/api/resources/directoryaudit",
    container="json",
    recognise=_is_change,
    record_id=("doc:$.id",),
    lists={"more": "doc:$.additionalDetails|key|value"},
    json_texts={"Initiated": ("doc:$.initiatedBy",)},
    columns=_GRAPH,
)
DIAGNOSTIC = Format(
    name="diagnostic-audit-logs",
    table="audit",
    title="Entra audit logs, diagnostic settings",
    source="https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities",
    container="json",
    recognise=_envelope,
    document="$.properties",
    record_id=("doc:$.id",),
    lists={"more": "doc:$.additionalDetails|key|value"},
    json_texts={"Initiated": ("doc:$.initiatedBy",)},
    columns=joined(
        _GRAPH,
        {
            "time": ("row:$.time",),
            "operation": ("row:$.operationName", "row:$.operationname"),
            "ip_address": ("row:$.callerIpAddress", "row:$.calleripaddress"),
            "user_principal_name": ("row:$.identity",),
            "correlation_id": ("row:$.correlationId", "row:$.correlationid"),
            "tenant_id": ("row:$.tenantId", "row:$.tenantid"),
        },
    ),
)
_TABLE = {
    "activityDateTime": "ActivityDateTime",
    "activityDisplayName": "ActivityDisplayName",
    "operationName": "OperationName",
    "result": "Result",
    "correlationId": "CorrelationId",
    "additionalDetails": "AdditionalDetails",
}


def _table(container: str) -> Format:
    prefix = "cell:" if container == "csv" else "doc:$."
    columns = _columns(prefix + "{}", "Initiated", f"{prefix}TargetResources")
    renamed = {
        column: tuple(
            prefix + _TABLE[p.removeprefix(prefix)] if p.removeprefix(prefix) in _TABLE else p for p in places
        )
        for column, places in columns.items()
    }
    further = {
        "time": (f"{prefix}TimeGenerated",),
        "user_principal_name": (f"{prefix}Identity",),
        "tenant_id": (f"{prefix}AADTenantId",),
    }
    return Format(
        name=f"log-analytics-auditlogs-{container}",
        table="audit",
        title=f"Log Analytics AuditLogs, {container.upper()}",
        source="https://learn.microsoft.com/azure/azure-monitor/reference/tables/auditlogs",
        container=container,
        recognise=lambda head: (
            {"initiatedby", "targetresources", "operationname"}
            <= (head.cells if container == "csv" else {k.lower() for k in head.keys})
            and "properties" not in head.keys
        ),
        record_id=(f"{prefix}Id",),
        date_order="mdy",
        lists={"more": f"{prefix}AdditionalDetails|key|value"},
        json_texts={"Initiated": (f"{prefix}InitiatedBy",)},
        columns=joined(renamed, further),
    )


FORMATS = (GRAPH, DIAGNOSTIC, _table("json"), _table("csv"))
