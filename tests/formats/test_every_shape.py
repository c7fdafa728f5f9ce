"""Each shape of export is told by its content and fills the columns it can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolkit.case import Case
from toolkit.formats.source import BATCH

AUDIT = {
    "CreationTime": "2026-03-04T05:06:07",
    "Id": "0A1B2C3D-0000-4000-8000-000000000001",
    "Operation": "Set-Mailbox",
    "RecordType": 1,
    "UserType": 2,
    "Workload": "Exchange",
    "UserId": "Anna@contoso.example",
    "ClientIP": "[2001:db8::9]:1234",
    "OrganizationId": "267be786-39f0-500e-8ce2-f6a7fb0a7a4a",
    "Parameters": [{"Name": "ForwardingSmtpAddress", "Value": "smtp:x@evil.example"}],
}
AUDIT_ROW = {
    "row_id": "0a1b2c3d-0000-4000-8000-000000000001",
    "time": "2026-03-04T05:06:07+00:00",
    "operation": "Set-Mailbox",
    "record_type": 1,
    "user_type": "2",
    "user_principal_name": "Anna@contoso.example",
    "ip_address": "2001:db8::9",
    "forwarding_smtp_address": "smtp:x@evil.example",
}
LOWER = {k.lower(): v for k, v in AUDIT.items()}
SENTINEL = {
    "TimeGenerated": "2026-03-04T05:06:07Z",
    "OfficeId": AUDIT["Id"],
    "Operation": "Set-Mailbox",
    "RecordType": "ExchangeAdmin",
    "UserType": "Admin",
    "OfficeWorkload": "Exchange",
    "UserId": "Anna@contoso.example",
    "ClientIP": "[2001:db8::9]:1234",
    "Parameters": json.dumps(AUDIT["Parameters"], indent=2),
}
GRAPH_RECORD = {
    "@odata.type": "#microsoft.graph.security.auditLogRecord",
    "id": AUDIT["Id"],
    "createdDateTime": "2026-03-04T05:06:07Z",
    "auditLogRecordType": "exchangeAdmin",
    "operation": "Set-Mailbox",
    "service": "Exchange",
    "userId": "6ca6383f-f734-5c95-a862-dff2e974dfd3",
    "userPrincipalName": "Anna@contoso.example",
    "clientIp": None,
    "auditData": AUDIT,
}
EXTRACTOR = {
    "RecordType": "ExchangeAdmin",
    "CreationDate": "/Date(1772600767000)/",
    "UserIds": "Anna@contoso.example",
    "Operations": "Set-Mailbox",
    "AuditData": AUDIT,
    "Identity": AUDIT["Id"],
}
HUNTING = {
    "Timestamp": "2026-03-04T05:06:07Z",
    "ActionType": "Set-Mailbox",
    "Application": "Microsoft Exchange Online",
    "IPAddress": "2001:db8::9",
    "ReportId": "r1",
    "RawEventData": AUDIT,
}
CHANGE = {
    "id": "Directory_1",
    "activityDateTime": "2026-03-04T05:06:07.1234567Z",
    "activityDisplayName": "Consent to application",
    "result": "success",
    "correlationId": "c1",
    "initiatedBy": {"user": {"userPrincipalName": "anna@contoso.example", "ipAddress": "203.0.113.9", "id": "u1"}},
    "targetResources": [
        {
            "displayName": "Mail Archive",
            "modifiedProperties": [{"displayName": "ConsentContext", "oldValue": None, "newValue": '"x"'}],
        }
    ],
    "additionalDetails": [{"key": "User-Agent", "value": "Mozilla/5.0"}],
}
CHANGE_ROW = {
    "row_id": "directory_1",
    "operation": "Consent to application",
    "workload": "AzureActiveDirectory",
    "record_type": 8,
    "user_principal_name": "anna@contoso.example",
    "ip_address": "203.0.113.9",
    "object_id": "Mail Archive",
    "correlation_id": "c1",
    "user_agent": "Mozilla/5.0",
    "additional_details": '[{"key":"User-Agent","value":"Mozilla/5.0"}]',
    "modified_properties": '[{"Name":"ConsentContext","NewValue":"\\"x\\"","OldValue":null}]',
}
SIGN_IN = {
    "id": "S1",
    "createdDateTime": "2026-03-04T05:06:07Z",
    "userPrincipalName": "anna@contoso.example",
    "appId": "a1",
    "ipAddress": "203.0.113.9",
    "status": {"errorCode": 50126},
    "location": {"countryOrRegion": "AT", "city": "Vienna"},
}
SIGN_IN_ROW = {"row_id": "s1", "error_code": 50126, "country": "AT", "ip_address": "203.0.113.9"}

SHAPES: list[tuple[str, Any, str, str, dict[str, Any]]] = [
    ("bare audit record", AUDIT, "activity-api", "audit", AUDIT_ROW),
    ("array of audit records", [AUDIT], "activity-api", "audit", AUDIT_ROW),
    ("keys in lower case", [LOWER], "activity-api-lower-case", "audit", AUDIT_ROW),
    ("every number as text", [AUDIT | {"RecordType": "1", "UserType": "2"}], "activity-api", "audit", AUDIT_ROW),
    ("Sentinel row", [SENTINEL], "sentinel-officeactivity-json", "audit", AUDIT_ROW),
    ("Graph audit search", {"value": [GRAPH_RECORD]}, "graph-audit-log-record", "audit", AUDIT_ROW),
    ("row with AuditData as object", [EXTRACTOR], "search-unifiedauditlog-json", "audit", AUDIT_ROW),
    (
        "row with AuditData as text",
        EXTRACTOR | {"AuditData": json.dumps(AUDIT)},
        "search-unifiedauditlog-json",
        "audit",
        AUDIT_ROW,
    ),
    ("advanced hunting", [HUNTING], "defender-cloudappevents", "audit", AUDIT_ROW),
    (
        "streamed hunting",
        {"time": "2026-03-04T05:10:00Z", "category": "AdvancedHunting-CloudAppEvents", "properties": HUNTING},
        "defender-cloudappevents-streamed",
        "audit",
        AUDIT_ROW,
    ),
    ("directory audit page", {"value": [CHANGE]}, "graph-directory-audits", "audit", CHANGE_ROW),
    (
        "directory audit in an envelope",
        {"time": "2026-03-04T05:06:07Z", "category": "AuditLogs", "tenantId": "t", "properties": CHANGE},
        "diagnostic-audit-logs",
        "audit",
        CHANGE_ROW,
    ),
    (
        "AuditLogs row",
        {
            "TimeGenerated": "2026-03-04T05:06:07Z",
            "OperationName": "Consent to application",
            "ActivityDisplayName": "Consent to application",
            "InitiatedBy": json.dumps(CHANGE["initiatedBy"]),
            "TargetResources": json.dumps(CHANGE["targetResources"]),
            "AdditionalDetails": json.dumps(CHANGE["additionalDetails"], separators=(",", ":")),
            "CorrelationId": "c1",
            "Id": "Directory_1",
        },
        "log-analytics-auditlogs-json",
        "audit",
        CHANGE_ROW,
    ),
    (
        "sign-in in an envelope",
        {"time": "2026-03-04T05:06:07Z", "category": "SignInLogs", "resultType": "50126", "properties": SIGN_IN},
        "diagnostic-signin-logs",
        "signins",
        SIGN_IN_ROW | {"sign_in_event_types": "interactiveUser"},
    ),
    (
        "service principal in an envelope with small letters",
        {
            "time": "2026-03-04T05:06:07Z",
            "category": "ServicePrincipalSignInLogs",
            "calleripaddress": "203.0.113.9",
            "resulttype": "0",
            "properties": {"id": "S2", "servicePrincipalId": "sp1", "appId": "a1"},
        },
        "diagnostic-signin-logs",
        "signins",
        {
            "row_id": "s2",
            "service_principal_id": "sp1",
            "sign_in_event_types": "servicePrincipal",
            "error_code": 0,
            "ip_address": "203.0.113.9",
        },
    ),
    (
        "AADNonInteractiveUserSignInLogs row",
        {
            "TimeGenerated": "2026-03-04T05:06:07Z",
            "Id": "S1",
            "UserPrincipalName": "anna@contoso.example",
            "AppDisplayName": "Outlook",
            "IPAddress": "203.0.113.9",
            "ResultType": "50126",
            "LocationDetails": '{"city":"Vienna","countryOrRegion":"AT"}',
            "DeviceDetail": '{"deviceId":"d1","operatingSystem":"iOS"}',
        },
        "log-analytics-signinlogs-json",
        "signins",
        SIGN_IN_ROW | {"device_id": "d1", "operating_system": "iOS"},
    ),
    (
        "Graph message trace",
        {
            "value": [
                {
                    "id": "t1",
                    "senderAddress": "a@contoso.example",
                    "recipientAddress": "b@x.example",
                    "receivedDateTime": "2026-03-04T05:06:07Z",
                    "status": "delivered",
                    "messageId": "<m1>",
                    "fromIP": "203.0.113.9",
                }
            ]
        },
        "graph-message-traces",
        "messages",
        {"row_id": "t1|b@x.example", "status": "delivered", "message_id": "<m1>", "from_ip": "203.0.113.9"},
    ),
    (
        "Get-MessageTraceV2",
        [
            {
                "MessageTraceId": "t1",
                "SenderAddress": "a@contoso.example",
                "RecipientAddress": "b@x.example",
                "Received": "2026-03-04T05:06:07Z",
                "Subject": "invoice",
                "Status": "Delivered",
            }
        ],
        "get-messagetrace-json",
        "messages",
        {"row_id": "t1|b@x.example", "subject": "invoice"},
    ),
    (
        "Get-InboxRule with a rule id beyond 64 bits",
        [
            {
                "Name": ".",
                "RuleIdentity": "98765432109876543210",
                "Identity": "anna\\98765432109876543210",
                "Enabled": True,
                "Priority": 1,
                "ForwardTo": ['"x" [SMTP:x@evil.example]'],
                "DeleteMessage": True,
                "SubjectContainsWords": ["invoice", "bank"],
            }
        ],
        "get-inboxrule-json",
        "inbox_rules",
        {
            "rule_id": "98765432109876543210",
            "mailbox": "anna",
            "forward_to": '"x" [SMTP:x@evil.example]',
            "deletes": True,
            "conditions": "SubjectContainsWords: invoice, bank",
        },
    ),
    (
        "Graph inbox rule",
        {
            "value": [
                {
                    "id": "AQ",
                    "displayName": "..",
                    "sequence": 1,
                    "isEnabled": True,
                    "conditions": {"subjectContains": ["x"]},
                    "actions": {"redirectTo": [{"emailAddress": {"address": "x@evil.example"}}], "delete": True},
                }
            ]
        },
        "graph-message-rules",
        "inbox_rules",
        {"rule_name": "..", "forward_to": "x@evil.example", "deletes": True, "enabled": True},
    ),
    (
        "Get-Mailbox",
        {
            "UserPrincipalName": "anna@contoso.example",
            "RecipientTypeDetails": "UserMailbox",
            "ExternalDirectoryObjectId": "u1",
            "ForwardingSmtpAddress": "smtp:x@evil.example",
            "DeliverToMailboxAndForward": False,
            "AuditEnabled": True,
            "DefaultAuditSet": ["Admin", "Delegate", "Owner"],
        },
        "get-mailbox-json",
        "mailboxes",
        {"row_id": "u1", "deliver_and_forward": False, "default_audit_set": "Admin, Delegate, Owner"},
    ),
    (
        "Get-OrganizationConfig",
        {"Identity": "contoso.onmicrosoft.com", "AuditDisabled": False, "OAuth2ClientProfileEnabled": True},
        "get-organizationconfig-json",
        "tenant_settings",
        {"setting": "organisation settings", "identity": "contoso.onmicrosoft.com"},
    ),
    (
        "Get-AdminAuditLogConfig",
        {"Identity": "Admin Audit Log Settings", "UnifiedAuditLogIngestionEnabled": True},
        "get-adminauditlogconfig-json",
        "tenant_settings",
        {"setting": "unified auditing"},
    ),
    (
        "Get-MailboxAuditBypassAssociation",
        [{"Identity": "Backup Service", "Guid": "7d0e", "AuditBypassEnabled": True}],
        "get-mailboxauditbypassassociation-json",
        "tenant_settings",
        {"row_id": "audit bypass|7d0e", "setting": "audit bypass", "identity": "Backup Service"},
    ),
    (
        "Graph subscribedSkus",
        {"value": [{"skuId": "k1", "skuPartNumber": "SPE_E3", "servicePlans": [], "consumedUnits": 3}]},
        "graph-subscribed-skus",
        "tenant_settings",
        {"row_id": "licences|k1", "setting": "licences", "identity": "SPE_E3"},
    ),
]


@pytest.mark.parametrize(("what", "content", "fmt", "table", "columns"), SHAPES, ids=[s[0] for s in SHAPES])
def test_a_shape_is_recognised_and_fills_its_columns(
    what: str, content: Any, fmt: str, table: str, columns: dict[str, Any], case: Case, tmp_path: Path
) -> None:
    file = tmp_path / "named-like-nothing.dat"
    file.write_text(json.dumps(content), "utf-8")
    account = case.load(file).files[0]
    assert (account.format, account.table, account.rows, account.rejected) == (fmt, table, 1, 0), account.notes
    row = case.frame(table).iloc[0]
    for column, expected in columns.items():
        found = row[column].isoformat() if column == "time" else row[column]
        assert found == expected, column
    if "time" in case.frame(table):
        assert row["time"].isoformat().startswith("2026-03-04T05:06:07")


@pytest.mark.parametrize(
    ("text", "setting", "kept"),
    [
        ('"Identity","AuditDisabled","X"\r\n"contoso","True","y"\r\n', "organisation settings", "AuditDisabled"),
        (
            '"Identity","UnifiedAuditLogIngestionEnabled"\r\n"Settings","True"\r\n',
            "unified auditing",
            "UnifiedAuditLogIngestionEnabled",
        ),
        ('"Name","AuditBypassEnabled"\r\n"Backup","True"\r\n', "audit bypass", "AuditBypassEnabled"),
    ],
)
def test_settings_exported_as_csv_keep_what_is_asked_of_them(
    text: str, setting: str, kept: str, case: Case, tmp_path: Path
) -> None:
    file = tmp_path / "settings.csv"
    file.write_text(text, "utf-8")
    account = case.load(file).files[0]
    assert (account.table, account.read, account.rows, account.rejected) == ("tenant_settings", 1, 1, 0)
    row = case.frame("tenant_settings").iloc[0]
    assert row.setting == setting
    assert json.loads(row.document)[kept] == "True"


def test_a_row_without_the_flag_is_set_aside_with_its_reason(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "bypass.json"
    file.write_text(json.dumps([{"Identity": "a", "AuditBypassEnabled": False}, {"Identity": "System"}]), "utf-8")
    account = case.load(file).files[0]
    assert (account.read, account.rows, account.rejected) == (2, 1, 1)
    assert "does not read" in case.rejected().iloc[0].reason


PORTAL = (
    'Date (UTC),Request ID,User agent,User,Username,"Application ID ",Application,IP address,Location,Status,'
    'Sign-in error code,Failure reason,"Autonomous system  number",Incoming token type,Incoming token type\r\n'
    '2026-03-04T05:06:07Z,S1,Mozilla,Anna,anna@contoso.example,a1,Outlook,203.0.113.9,"Melbourne, Victoria, AU",'
    "Failure,50126,Wrong password,64500,none,none\r\n"
    '2026-03-04T05:07:07Z,S2,Mozilla,Anna,anna@contoso.example,a1,Outlook,203.0.113.9,"Melbourne, Victoria, AU",'
    "Success,,Other.,64500,none,none\r\n"
)


def test_the_portals_sign_in_csv_is_matched_by_name_after_folding_blanks(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "InteractiveSignIns.csv"
    file.write_text(PORTAL, "utf-8")
    assert case.load(file).files[0].format == "entra-portal-signins-csv"
    frame = case.frame("signins").set_index("row_id")
    assert list(frame.error_code) == [50126, 0]
    assert tuple(frame.loc["s1", ["city", "state", "country"]]) == ("Melbourne", "Victoria", "AU")
    assert frame.loc["s1", "app_id"] == "a1"
    assert frame.loc["s1", "autonomous_system_number"] == 64500


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0, 3, 1)])
def test_one_record_from_five_pipelines_is_one_row_without_conflict(
    order: tuple[int, ...], case: Case, tmp_path: Path
) -> None:
    """Purview-like row, Graph page, a lower-casing pipeline, Sentinel and advanced hunting."""
    contents = [EXTRACTOR, {"value": [GRAPH_RECORD]}, [LOWER], [SENTINEL], [HUNTING]]
    for number in order:
        (tmp_path / f"{number}.json").write_text(json.dumps(contents[number]), "utf-8")
        case.load(tmp_path / f"{number}.json")
    frame = case.frame("audit")
    assert len(frame) == 1
    row = frame.iloc[0]
    assert not row.conflict
    assert {column: row[column] for column in AUDIT_ROW if column != "time"} == {
        column: value for column, value in AUDIT_ROW.items() if column != "time"
    }
    assert row.tenant_id == AUDIT["OrganizationId"]


def test_a_file_with_two_kinds_of_records_has_an_account_for_each(case: Case, tmp_path: Path) -> None:
    lines = [
        {"time": "2026-03-04T05:06:07Z", "category": "AuditLogs", "properties": CHANGE},
        {"time": "2026-03-04T05:06:07Z", "category": "SignInLogs", "properties": SIGN_IN},
        {"time": "2026-03-04T05:06:07Z", "category": "SomethingElse", "properties": {"x": 1}},
    ]
    file = tmp_path / "insights-logs.json"
    file.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    accounts = case.load(file).files
    assert {(a.table, a.rows) for a in accounts} == {("audit", 1), ("signins", 1)}
    assert sum(a.read for a in accounts) == 3
    assert sum(a.rejected for a in accounts) == 1
    assert any("of a kind that the toolkit does not read" in note for a in accounts for note in a.notes)
    again = case.load(file).files
    assert sum(a.rows for a in again) == 0
    assert sum(a.duplicates for a in again) == 2


@pytest.mark.parametrize("count", [BATCH - 1, BATCH, BATCH + 1])
def test_as_many_records_as_are_written_at_once_are_all_loaded(count: int, case: Case, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(json.dumps(AUDIT | {"Id": f"id-{n}"}) for n in range(count)), "utf-8")
    assert case.load(file).files[0].rows == count


def test_every_published_sample_loads_or_says_in_one_sentence_why_not(shared: Path, case: Case) -> None:
    accounts = case.load(shared / "samples").files
    for account in accounts:
        assert account.read == account.rows + account.duplicates + account.rejected
        assert account.format or (len(account.notes) == 1 and account.notes[0].endswith(".")), account
    loaded = {Path(a.path).name for a in accounts if a.format}
    expected = {f.name for f in (shared / "samples" / "det-eng-samples").glob("t1*")}
    expected |= {f.name for f in (shared / "samples" / "otrf-goldensaml").glob("*.json")}
    expected |= {f.name for f in (shared / "samples" / "panther").glob("*_A*.jsonl")}
    expected |= {f.name for f in (shared / "samples" / "sentinel-training-lab").glob("*.csv")}
    assert expected <= loaded
    assert sum(a.rejected for a in accounts) == 0
    det_eng = [a for a in accounts if "det-eng-samples" in a.path]
    assert sum(a.read for a in det_eng) == 125
