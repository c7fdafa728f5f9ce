"""The unified audit log: a JSON document `AuditData` for each record, in a CSV cell, in a JSON row, or alone.

Source: Purview portal export; `Search-UnifiedAuditLog`; Microsoft's Office 365 Management Activity API schema.
"""

from __future__ import annotations

from dataclasses import replace

from toolkit.formats.format import Columns, Format, Head, Recognise, joined, moved

# Parameters of New-/Set-InboxRule that say what a rule looks for; the others say what it does.
_CONDITIONS = (
    "(?i)^(from|sentto|.*contains.*|fromsubscription|hasattachment|hasclassification|header.*|flaggedforaction|"
    "messagetypematches|mynam.*|myname.*|received.*|sent(cc|only|to).*|withimportance|withinsize.*|withsensitivity)$"
)

# The pieces of SQL below stand over the record's document; `{place}` is where a value stands (see Format.columns).
_IS_RULE = "ends_with({doc:$.Operation}, '-InboxRule')"
_IS_MAPI_RULE = "{doc:$.Operation} = 'UpdateInboxRules'"
_IS_MAILBOX = "{doc:$.Operation} = 'Set-Mailbox'"
_ACTIONS = f"CASE WHEN {_IS_MAPI_RULE} THEN {{list:operation/RuleActions}} END"

# The rule a cmdlet was about, as its last part says it: a long number, or (always in New-InboxRule) its name.
_RULE = (
    f"CASE WHEN {_IS_RULE} THEN nullif(regexp_extract("
    "coalesce({doc:$.ObjectId}, {list:parameters/Identity}), '[^\\\\/]*$'), '') END"
)


def _mapi(property_name: str) -> str:
    """A property of a rule made through MAPI; most records have OperationProperties of another kind."""
    return f"sql:CASE WHEN {_IS_MAPI_RULE} THEN {{list:operation/{property_name}}} END"


def _parameters(*names: str) -> str:
    """The filled values of an inbox rule's named parameters, joined by semicolons."""
    wanted = ", ".join(f"'{n}'" for n in names)
    found = f"list_filter({{list:parameters}}, lambda p: p.Name IN ({wanted}) AND p.Value <> '')"
    return f"CASE WHEN {_IS_RULE} THEN nullif(array_to_string(list_transform({found}, lambda p: p.Value), ';'), '') END"


def _true(expression: str) -> str:
    return f"CASE WHEN contains(lower({expression}), 'true') THEN 'true' END"


def _action(kind: str) -> str:
    types = f"lower(array_to_string(TRY(json_extract_string({_ACTIONS}, '$[*].ActionType')), ' '))"
    return f"CASE WHEN {_ACTIONS} IS NOT NULL AND contains({types}, '{kind}') THEN 'true' END"


def _action_values(*paths: str) -> str:
    found = ", ".join(f"TRY(json_extract_string({_ACTIONS}, '{p}'))" for p in paths)
    texts = f"list_filter(list_concat({found}), lambda x: x <> '' AND NOT starts_with(x, '{{'))"
    return f"CASE WHEN {_ACTIONS} IS NOT NULL THEN nullif(array_to_string({texts}, ';'), '') END"


# Where each column of the audit table stands in an AuditData document.
AUDIT_DATA: dict[str, tuple[str, ...]] = {
    "time": ("doc:$.CreationTime",),
    "operation": ("doc:$.Operation",),
    "workload": ("doc:$.Workload",),
    "record_type": ("doc:$.RecordType",),
    "user_principal_name": ("doc:$.UserId", "doc:$.MailboxOwnerUPN", "doc:$.UserKey"),
    "user_type": ("doc:$.UserType",),
    "user_key": ("doc:$.UserKey",),
    "ip_address": ("doc:$.ClientIPAddress", "doc:$.ClientIP", "doc:$.ActorIpAddress"),
    "result_status": ("doc:$.ResultStatus",),
    "error_number": ("doc:$.ErrorNumber",),
    "object_id": ("doc:$.ObjectId",),
    "tenant_id": ("doc:$.OrganizationId",),
    "app_id": ("doc:$.AppId", "doc:$.ApplicationId"),
    "client_app_id": ("doc:$.ClientAppId",),
    "client_info": ("doc:$.ClientInfoString",),
    "user_agent": ("doc:$.UserAgent", "list:extended/UserAgent"),
    "request_type": ("list:extended/RequestType",),
    "device_id": ("list:device/Id",),
    "operating_system": ("list:device/OS",),
    "session_id": ("doc:$.AppAccessContext.AADSessionId", "list:device/SessionId", "doc:$.SessionId"),
    "unique_token_id": ("doc:$.AppAccessContext.UniqueTokenId",),
    "correlation_id": ("doc:$.AppAccessContext.CorrelationId", "doc:$.InterSystemsId"),
    "external_access": ("doc:$.ExternalAccess",),
    "logon_type": ("doc:$.LogonType",),
    "mailbox_owner_upn": ("doc:$.MailboxOwnerUPN",),
    "mailbox_guid": ("doc:$.MailboxGuid",),
    "subject": ("doc:$.Item.Subject",),
    "internet_message_id": ("doc:$.Item.InternetMessageId",),
    "folder_path": ("doc:$.Folder.Path", "doc:$.Item.ParentFolder.Path", "doc:$.Folders[0].Path"),
    "mail_access_type": ("list:operation/MailAccessType",),
    "is_throttled": ("list:operation/IsThrottled",),
    "operation_count": ("doc:$.OperationCount",),
    "parameters": ("doc:$.Parameters",),
    "modified_properties": ("doc:$.ModifiedProperties",),
    "target": ("doc:$.Target",),
    "additional_details": ("list:extended/additionalDetails",),
    "member_upn": ("doc:$.Item.ParentFolder.MemberUpn",),
    "member_rights": ("doc:$.Item.ParentFolder.MemberRights",),
    "rule_id": (
        f"sql:CASE WHEN {_IS_MAPI_RULE} THEN nullif({{list:operation/RuleId}}, '0') END",
        f"sql:CASE WHEN regexp_matches({_RULE}, '^\\d{{10,}}$') THEN {_RULE} END",
    ),
    "rule_name": (
        f"sql:CASE WHEN {_IS_RULE} THEN {{list:parameters/Name}} END",
        _mapi("RuleName"),
        f"sql:CASE WHEN NOT regexp_matches({_RULE}, '^\\d{{10,}}$') THEN {_RULE} END",
    ),
    "rule_operation": (
        _mapi("RuleOperation"),
        f"sql:CASE WHEN {_IS_RULE} THEN split_part({{doc:$.Operation}}, '-', 1) END",
    ),
    "rule_forward_to": (
        "sql:" + _parameters("ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "SendTextMessageNotificationTo"),
        "sql:" + _action_values("$[*].Recipients[*]", "$[*].Recipients[*].Address"),
    ),
    "rule_move_to": (
        "sql:" + _parameters("MoveToFolder", "CopyToFolder"),
        "sql:" + _action_values("$[*].FolderName", "$[*].DestinationFolder", "$[*].FolderPath"),
        "sql:" + _action_values("$[*].FolderId", "$[*].DestinationFolderId"),
    ),
    "rule_deletes": (
        "sql:" + _true(_parameters("DeleteMessage", "SoftDeleteMessage", "PermanentDelete")),
        "sql:" + _action("delete"),
    ),
    "rule_marks_read": ("sql:" + _true(_parameters("MarkAsRead")), "sql:" + _action("markasread")),
    "rule_conditions": (
        f"sql:CASE WHEN {_IS_RULE} THEN nullif(array_to_string(list_transform(list_filter({{list:parameters}},"
        f" lambda p: regexp_matches(p.Name, '{_CONDITIONS}') AND p.Value <> ''),"
        " lambda p: p.Name || ': ' || p.Value), '; '), '') END",
        _mapi("RuleCondition"),
    ),
    "forwarding_smtp_address": (f"sql:CASE WHEN {_IS_MAILBOX} THEN {{list:parameters/ForwardingSmtpAddress}} END",),
    "forwarding_address": (f"sql:CASE WHEN {_IS_MAILBOX} THEN {{list:parameters/ForwardingAddress}} END",),
    "deliver_and_forward": (f"sql:CASE WHEN {_IS_MAILBOX} THEN {{list:parameters/DeliverToMailboxAndForward}} END",),
}

LISTS = {
    "parameters": "doc:$.Parameters",
    "extended": "doc:$.ExtendedProperties",
    "device": "doc:$.DeviceProperties",
    "operation": "doc:$.OperationProperties",
}


def _lower(name: str, rest: str) -> str:
    return f"doc:$.{name.lower()}{rest}"


def _lower_throughout(name: str, rest: str) -> str:
    return f"doc:$.{name.lower()}{rest.lower()}"


# The list at a place, its keys `Name` and `Value` even where the pipeline lower-cased them too.
_NAMED = (
    """sql:regexp_replace(regexp_replace({{{}}}, '"name"\\s*:', '"Name":', 'g'), '"value"\\s*:', '"Value":', 'g')"""
)


def _in_lower_case(fmt: Format) -> Format:
    """The same export from a pipeline that writes the keys of its documents in lower case: those on top, or all."""
    columns = joined(moved(fmt.columns, _lower), moved(fmt.columns, _lower_throughout))
    return replace(
        fmt,
        record_id=moved({"x": fmt.record_id}, _lower)["x"],
        lists={name: _NAMED.format(moved({"x": (place,)}, _lower)["x"][0]) for name, place in fmt.lists.items()},
        columns={column: tuple(dict.fromkeys(places)) for column, places in columns.items()},
    )


def with_envelope(**cells: str) -> dict[str, tuple[str, ...]]:
    """The document's places, and after them the export's own columns, for records whose document is lost."""
    return {c: (*places, f"cell:{cells[c]}") if c in cells else places for c, places in AUDIT_DATA.items()}


def _purview_new(head: Head) -> bool:
    return {"recordid", "creationdate", "auditdata", "operation"} <= head.cells


def _purview_old(head: Head) -> bool:
    return {"creationdate", "userids", "operations", "auditdata"} <= head.cells and "resultindex" not in head.cells


def _search(head: Head) -> bool:
    return {"creationdate", "userids", "operations", "auditdata", "resultindex"} <= head.cells


def _csv(name: str, title: str, recognise: Recognise, **cells: str) -> Format:
    fmt = Format(
        name=name,
        table="audit",
        title=title,
        source="https://learn.microsoft.com/purview/audit-log-export-records",
        container="csv",
        recognise=recognise,
        document="AuditData",
        record_id=("doc:$.Id", "cell:RecordId", "cell:Identity"),
        lists=LISTS,
        columns=with_envelope(**cells),
    )
    return replace(fmt, lower_case=_in_lower_case(fmt))


PURVIEW_CSV = _csv(
    "purview-csv",
    "Purview audit search, CSV",
    _purview_new,
    time="CreationDate",
    operation="Operation",
    user_principal_name="UserId",
    record_type="RecordType",
)
PURVIEW_CSV_OLD = _csv(
    "purview-csv-old",
    "Purview audit search, CSV (older headers)",
    _purview_old,
    time="CreationDate",
    operation="Operations",
    user_principal_name="UserIds",
)
SEARCH_CSV = _csv(
    "search-unifiedauditlog-csv",
    "Search-UnifiedAuditLog, CSV",
    _search,
    time="CreationDate",
    operation="Operations",
    user_principal_name="UserIds",
)

ID = ("doc:$.Id",)
SCHEMA = "https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema"


def _json(
    name: str, title: str, recognise: Recognise, document: str = "", row: Columns | None = None, source: str = SCHEMA
) -> Format:
    """An AuditData document as a JSON record, or inside one at the path `document`."""
    record_id = (*ID, *(row or {}).get("record_id", ()))
    further = {column: places for column, places in (row or {}).items() if column != "record_id"}
    fmt = Format(
        name=name,
        table="audit",
        title=title,
        source=source,
        container="json",
        recognise=recognise,
        document=document,
        record_id=record_id,
        lists=LISTS,
        columns=joined(AUDIT_DATA, further),
    )
    return replace(fmt, lower_case=_in_lower_case(fmt)) if document else fmt


ACTIVITY = _json(
    "activity-api",
    "Management Activity API records, or bare AuditData documents",
    lambda head: (
        {"CreationTime", "Operation", "RecordType"} <= head.keys or {"CreationTime", "Operation", "Id"} <= head.keys
    ),
)
ACTIVITY_LOWER = replace(
    _in_lower_case(ACTIVITY),
    name="activity-api-lower-case",
    title="Management Activity API records, keys in lower case",
    recognise=lambda head: {"creationtime", "operation"} <= head.keys,
)
SEARCH_JSON = _json(
    "search-unifiedauditlog-json",
    "Search-UnifiedAuditLog, JSON (also as Microsoft-Extractor-Suite writes it)",
    lambda head: {"AuditData", "Operations", "UserIds"} <= head.keys,
    document="$.AuditData",
    row={
        "record_id": ("row:$.Identity",),
        "time": ("row:$.CreationDate",),
        "operation": ("row:$.Operations",),
        "user_principal_name": ("row:$.UserIds",),
        "record_type": ("row:$.RecordType",),
    },
)
PURVIEW_JSON = _json(
    "purview-json",
    "Purview audit records, JSON",
    lambda head: {"AuditData", "Operation"} <= head.keys,
    document="$.AuditData",
    row={
        "record_id": ("row:$.RecordId", "row:$.Identity", "row:$.Id"),
        "time": ("row:$.CreationDate", "row:$.CreationTime"),
        "operation": ("row:$.Operation",),
        "user_principal_name": ("row:$.UserId",),
        "record_type": ("row:$.RecordType",),
    },
)
GRAPH_RECORD = _json(
    "graph-audit-log-record",
    "Graph audit search records",
    lambda head: {"auditData", "operation"} <= head.keys,
    document="$.auditData",
    source="https://learn.microsoft.com/graph/api/resources/security-auditlogrecord",
    row={
        "record_id": ("row:$.id",),
        "time": ("row:$.createdDateTime",),
        "operation": ("row:$.operation",),
        "workload": ("row:$.service",),
        # userId is an object id; "Not Available" and "__NULL__" name nobody.
        "user_principal_name": (
            "sql:CASE WHEN {row:$.userPrincipalName} NOT IN ('Not Available', '__NULL__') "
            "THEN {row:$.userPrincipalName} END",
            "row:$.userId",
        ),
        "user_type": ("row:$.userType",),
        "record_type": ("row:$.auditLogRecordType",),
        "ip_address": ("row:$.clientIp",),
        "object_id": ("row:$.objectId",),
        "tenant_id": ("row:$.organizationId",),
    },
)

FORMATS = (
    PURVIEW_CSV,
    SEARCH_CSV,
    PURVIEW_CSV_OLD,
    SEARCH_JSON,
    PURVIEW_JSON,
    GRAPH_RECORD,
    ACTIVITY,
    ACTIVITY_LOWER,
)
