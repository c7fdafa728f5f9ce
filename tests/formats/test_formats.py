"""Each known export: told by its content, its columns filled as its shape is documented."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.formats.exports import (
    BETA,
    PURVIEW,
    PURVIEW_OLD,
    SEARCH,
    accounted,
    csv_text,
    document,
    named,
    page,
    purview,
    row,
    sign_in,
    written,
)
from tests.formats.pipelines import lowered, lowered_on_top
from toolkit.case import Case

UTC = "2026-03-04T05:06:07+00:00"


def loaded(case: Case, path: Path, fmt: str, table: str, rows: int) -> pd.DataFrame:
    account = accounted(case.load(path).files[0])
    assert (account.format, account.table, account.rows, account.rejected) == (fmt, table, rows, 0), account
    return case.frame(table)


def test_purview_export_fills_the_audit_columns_from_its_document(case: Case, tmp_path: Path) -> None:
    record = document(
        "E1",
        "UserLoggedIn",
        RecordType="15",
        ClientIP="[2A01:110::5F1F]:36185",
        ErrorNumber="50140",
        ApplicationId="app",
        InterSystemsId="correlation",
        ExtendedProperties=named(UserAgent="Mozilla/5.0", RequestType="Login:login"),
        DeviceProperties=named(Id="device", OS="Windows10", SessionId="session"),
        ModifiedProperties=[{"Name": "a", "NewValue": '[\r\n  "x"\r\n]', "OldValue": "[]"}],
    )
    said = loaded(case, purview(tmp_path / "x.csv", record), "purview-csv", "audit", 1).iloc[0]
    assert said.time.isoformat() == UTC
    assert (said.row_id, said.record_id, bool(said.partial), bool(said.conflict)) == ("e1", "e1", False, False)
    assert (said.operation, said.workload, said.record_type) == ("UserLoggedIn", "Exchange", 15)
    assert (said.user_principal_name, said.ip_address) == ("Adele@contoso.com", "2a01:110::5f1f")
    assert (said.error_number, said.app_id, said.correlation_id) == (50140, "app", "correlation")
    assert (said.user_agent, said.request_type) == ("Mozilla/5.0", "Login:login")
    assert (said.device_id, said.operating_system, said.session_id) == ("device", "Windows10", "session")
    assert said.tenant_id == "8d4121ed-0008-406d-bff9-0d5bb312183c"
    assert json.loads(said.modified_properties)[0]["OldValue"] == "[]"


def test_mailbox_records_tell_item_folder_and_access(case: Case, tmp_path: Path) -> None:
    records = [
        document("m1", "MailItemsAccessed", ClientIPAddress="192.0.2.1", ClientIP="192.0.2.2", OperationCount=3,
                 OperationProperties=named(MailAccessType="Bind", IsThrottled="False"), LogonType=0,
                 Folders=[{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": "<a@b>"}]}], SessionId="s"),
        document("m2", "Send", UserId="", MailboxOwnerUPN="owner@contoso.com", ExternalAccess=False,
                 Item={"Subject": "Grüße", "InternetMessageId": "<c@d>", "ParentFolder": {"Path": "\\Drafts"}}),
        document("m3", "Add member to role.", UserId="", UserKey="key@contoso.com", ActorIpAddress="192.0.2.3:99",
                 AppAccessContext={"AADSessionId": "aad", "UniqueTokenId": "token", "CorrelationId": "c"}),
    ]  # fmt: skip
    said = loaded(case, purview(tmp_path / "x.csv", *records), "purview-csv", "audit", 3).set_index("row_id")
    first, second, third = said.loc["m1"], said.loc["m2"], said.loc["m3"]
    assert (first.ip_address, first.mail_access_type, first.operation_count) == ("192.0.2.1", "Bind", 3)
    assert (bool(first.is_throttled), first.folder_path, first.session_id) == (False, "\\Inbox", "s")
    assert (second.user_principal_name, second.subject) == ("owner@contoso.com", "Grüße")
    assert (second.internet_message_id, second.folder_path) == ("<c@d>", "\\Drafts")
    assert (third.user_principal_name, third.ip_address) == ("key@contoso.com", "192.0.2.3")
    assert (third.session_id, third.unique_token_id, third.correlation_id) == ("aad", "token", "c")


def test_rules_of_cmdlets_and_of_outlook_have_one_shape(case: Case, tmp_path: Path) -> None:
    actions = [
        {"ActionType": "Forward", "Recipients": ["a@evil.example", {"Address": "b@evil.example"}]},
        {"ActionType": "Delete"},
        {"ActionType": "MarkAsRead"},
        {"ActionType": "Move", "FolderName": "RSS Feeds"},
    ]
    records = [
        document("c", "New-InboxRule", ObjectId="EURPR01.PROD/contoso/adele\\.", Parameters=named(
            Name=".", SubjectContainsWords="invoice;payment", ForwardTo="smtp:a@evil.example", RedirectTo="b@x.example",
            DeleteMessage="True", MarkAsRead="True", MoveToFolder="adele@contoso.com:\\RSS Feeds", Force="False")),
        document("s", "Set-InboxRule", ObjectId="guid\\17639250888751054849",
                 Parameters=named(Identity="Accounts", Name="Accounts", DeleteMessage="False")),
        document("u", "UpdateInboxRules", OperationProperties=named(
            RuleOperation="ModifyMailboxRule", RuleId="8765432109876543210", RuleName="Sync", RuleCondition="(x)",
            RuleActions=json.dumps(actions))),
        document("r", "Remove-InboxRule", ObjectId="guid\\Accounts", Parameters=named(Identity="Accounts")),
    ]  # fmt: skip
    said = loaded(case, purview(tmp_path / "x.csv", *records), "purview-csv", "audit", 4).set_index("row_id")
    cmdlet, change, outlook, removed = (said.loc[i] for i in "csur")
    assert (cmdlet.rule_name, cmdlet.rule_operation) == (".", "New")
    assert pd.isna(cmdlet.rule_id), "a rule that is being made is known by its name only"
    assert cmdlet.rule_forward_to == "smtp:a@evil.example;b@x.example"
    assert (cmdlet.rule_move_to, cmdlet.rule_conditions) == (
        "adele@contoso.com:\\RSS Feeds",
        "SubjectContainsWords: invoice;payment",
    )
    assert (cmdlet.rule_deletes, cmdlet.rule_marks_read) == (True, True)
    assert (change.rule_id, change.rule_name, change.rule_operation) == ("17639250888751054849", "Accounts", "Set")
    assert pd.isna(change.rule_deletes)
    assert (outlook.rule_id, outlook.rule_name, outlook.rule_operation) == (
        "8765432109876543210",
        "Sync",
        "ModifyMailboxRule",
    )
    assert sorted(outlook.rule_forward_to.split(";")) == ["a@evil.example", "b@evil.example"]
    assert (outlook.rule_deletes, outlook.rule_marks_read, outlook.rule_move_to) == (True, True, "RSS Feeds")
    assert (removed.rule_name, removed.rule_operation) == ("Accounts", "Remove")


def test_a_cleared_forward_is_empty_text_and_an_untouched_one_is_nothing(case: Case, tmp_path: Path) -> None:
    records = [
        document("set", "Set-Mailbox", Parameters=named(ForwardingSmtpAddress="smtp:a@b.example",
                                                        DeliverToMailboxAndForward="True")),
        document("clear", "Set-Mailbox", Parameters=named(ForwardingSmtpAddress="")),
        document("other", "Set-Mailbox", Parameters=named(Identity="x")),
    ]  # fmt: skip
    said = loaded(case, purview(tmp_path / "x.csv", *records), "purview-csv", "audit", 3).set_index("row_id")
    assert said.loc["set"].forwarding_smtp_address == "smtp:a@b.example"
    assert said.loc["set"].deliver_and_forward
    assert said.loc["clear"].forwarding_smtp_address == ""
    assert pd.isna(said.loc["other"].forwarding_smtp_address)


@pytest.mark.parametrize("shaped", [lowered, lowered_on_top])
def test_documents_with_lower_cased_keys_in_a_csv_fill_all_their_columns(
    shaped: Callable[[dict[str, Any]], dict[str, Any]], case: Case, tmp_path: Path
) -> None:
    folder = {"Path": "\\Inbox", "MemberUpn": "x@y.example", "MemberRights": "ReadAny"}
    access = named(MailAccessType="Bind")
    record = shaped(document("L1", Item={"Subject": "Invoice", "ParentFolder": folder}, OperationProperties=access))
    purview(tmp_path / "lower.csv", row(record, "L1"))
    account = accounted(case.load(tmp_path / "lower.csv").files[0])
    assert (account.rows, account.partial) == (1, 0)
    assert "the keys of its documents are in lower case" in account.notes[0]
    said = case.frame("audit").iloc[0]
    assert (said.row_id, said.subject, said.folder_path) == ("l1", "Invoice", "\\Inbox")
    assert (said.member_upn, said.member_rights, said.mail_access_type) == ("x@y.example", "ReadAny", "Bind")


def test_old_purview_headers_are_read(case: Case, tmp_path: Path) -> None:
    text = csv_text(PURVIEW_OLD, [["2026-03-04T05:06:07", "adele@contoso.com", "Send", json.dumps(document("o1"))]])
    said = loaded(case, written(tmp_path / "x.csv", text), "purview-csv-old", "audit", 1).iloc[0]
    assert (said.row_id, said.operation, said.time.isoformat()) == ("o1", "Send", UTC)


def test_search_export_through_a_siem_keeps_the_records_own_time(case: Case, tmp_path: Path) -> None:
    cells = ["", "run", "False", "ExchangeItem", "3/4/2026 5:06:07 AM", "adele@contoso.com", "Send"]
    cells += [json.dumps(document("S1")), "1", "1", "S1", "True", "Unchanged", "2026-03-04 09:00:00 +0400", "idx"]
    text = csv_text(SEARCH + ",_time,index", [cells])
    said = loaded(case, written(tmp_path / "x.csv", text), "search-unifiedauditlog-csv", "audit", 1).iloc[0]
    assert (said.time.isoformat(), said.record_type, said.row_id) == (UTC, 2, "s1")


def test_search_row_without_document_is_kept_from_its_envelope(case: Case, tmp_path: Path) -> None:
    cells = [["", "r", "False", "ExchangeAdmin", "3/14/2026 5:06:07 PM", "a@contoso.com", "Add user.", "", "1", "1",
              "Ab-1", "True", "Unchanged"]]  # fmt: skip
    account = case.load(written(tmp_path / "x.csv", csv_text(SEARCH, cells))).files[0]
    assert (accounted(account).rows, account.partial) == (1, 1)
    said = case.frame("audit").iloc[0]
    assert (said.row_id, said.operation, said.user_principal_name) == ("ab-1", "Add user.", "a@contoso.com")
    assert said.time.isoformat() == "2026-03-14T17:06:07+00:00"


def test_graph_sign_ins_of_v1_fill_their_columns(case: Case, tmp_path: Path) -> None:
    record = sign_in(
        "V1",
        clientAppUsed="Browser",
        isInteractive=True,
        riskEventTypes_v2=["unfamiliarFeatures", "anonymizedIPAddress"],
        riskLevelDuringSignIn="high",
        deviceDetail={"deviceId": "d", "operatingSystem": "Windows 10", "browser": "Edge", "isCompliant": None},
        appliedConditionalAccessPolicies=[{"id": "p", "result": "notEnabled"}],
    )
    path = written(tmp_path / "x.json", page(record, more="https://graph.microsoft.com/next"))
    said = loaded(case, path, "graph-signins-v1", "signins", 1).iloc[0]
    assert (said.row_id, said.time.isoformat(), said.error_code) == ("v1", UTC, 0)
    assert (said.country, said.state, said.city, said.ip_address) == ("US", "Washington", "Redmond", "192.0.2.7")
    assert said.risk_event_types == "unfamiliarFeatures,anonymizedIPAddress"
    assert (said.device_id, said.operating_system, said.browser) == ("d", "Windows 10", "Edge")
    assert bool(said.is_interactive)
    assert json.loads(said.conditional_access_policies)[0]["id"] == "p"
    assert pd.isna(said.session_id)
    assert "next page" in case.load(path).files[0].notes[0]


def test_graph_sign_ins_of_beta_bring_session_network_and_kind(case: Case, tmp_path: Path) -> None:
    record = sign_in("B1", sessionId="s", uniqueTokenIdentifier="t", autonomousSystemNumber=9009,
                     signInEventTypes=["nonInteractiveUser"], authenticationDetails=[{"succeeded": True}])  # fmt: skip
    path = written(tmp_path / "x.json", page(record, context=BETA))
    said = loaded(case, path, "graph-signins-beta", "signins", 1).iloc[0]
    assert (said.session_id, said.unique_token_id, said.autonomous_system_number) == ("s", "t", 9009)
    assert said.sign_in_event_types == "nonInteractiveUser"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(sign_in("A")),
        "\r\n  " + json.dumps(sign_in("A")) + "\r\n",
        json.dumps([sign_in("A")], indent=2),
        json.dumps(page(sign_in("A"))),
        json.dumps(sign_in("A")) + "\n" + json.dumps(sign_in("B")) + "\n",
        json.dumps(page(sign_in("A"))) + json.dumps(page(sign_in("B"))),
        json.dumps(page(sign_in("A")), indent=1) + "\r\n" + json.dumps(page(sign_in("B"), sign_in("C")), indent=1),
        json.dumps([sign_in("A")]) + json.dumps([sign_in("B")]),
    ],
    ids=["object", "blanks", "array", "page", "lines", "pages", "pretty pages", "arrays"],
)
def test_records_are_found_however_they_are_wrapped(case: Case, tmp_path: Path, text: str) -> None:
    wanted = [i for i in "abc" if f'"{i.upper()}"' in text]
    said = loaded(case, written(tmp_path / "x.json", text), "graph-signins-v1", "signins", len(wanted))
    assert sorted(said.row_id) == wanted


def test_log_analytics_sign_ins_are_read_from_columns_and_their_json(case: Case, shared: Path) -> None:
    path = shared / "samples" / "sentinel-training-lab" / "sign-in_adelete.csv"
    said = loaded(case, path, "log-analytics-signinlogs-csv", "signins", 56).set_index("row_id")
    one = said.loc["cfb68155-70f5-4e28-b046-0a3a7086c401"]
    assert one.time.isoformat() == "2021-04-28T14:08:45.221000+00:00"
    assert (one.ip_address, one.country, one.operating_system) == ("175.45.176.99", "IL", "Windows 10")
    assert (one.app_display_name, one.user_display_name, one.error_code) == ("Azure Portal", "Adele Vance", 0)
    assert one.latitude == pytest.approx(31, abs=3)
    assert said.time.notna().all()
    assert case.tenant_ids, "the tenant is named by AADTenantId"


def test_log_analytics_query_without_time_column_keeps_its_rows_and_says_so(case: Case, tmp_path: Path) -> None:
    text = csv_text("UserPrincipalName,AppDisplayName,IPAddress,ResultType", [["a@b.c", "Portal", "192.0.2.1", "0"]])
    path = written(tmp_path / "saved-query.csv", text)
    said = loaded(case, path, "log-analytics-signinlogs-csv", "signins", 1).iloc[0]
    assert pd.isna(said.time)
    assert len(said.row_id) == 64
    assert any("no time" in note and "saved-query.csv" in note for note in case.load(path).files[0].notes)


def test_secure_scores_read_numbers_as_text_and_keep_undocumented_fields(case: Case, tmp_path: Path) -> None:
    control = {"controlName": "AdminMFAV2", "score": 9.5, "scoreInPercentage": 95.0, "on": "true", "count": "5",
               "implementationStatus": "5 of 6", "lastSynced": "2026-03-04T00:00:00Z"}  # fmt: skip
    score = {
        "id": "8d4121ed-0008-406d-bff9-0d5bb312183c_2026-03-04",
        "azureTenantId": "8d4121ed-0008-406d-bff9-0d5bb312183c",
        "createdDateTime": "2026-03-04T05:06:07Z",
        "currentScore": "387.5",
        "maxScore": 697,
        "licensedUserCount": "100",
        "averageComparativeScores": [
            {"basis": "AllTenants", "averageScore": "37.25"},
            {"basis": "TotalSeats", "averageScore": 46, "seatSizeRangeLowerValue": "1"},
        ],
        "controlScores": [control],
    }
    said = loaded(case, written(tmp_path / "x.json", page(score)), "graph-secure-scores", "secure_scores", 1).iloc[0]
    assert (said.current_score, said.max_score, said.licensed_user_count) == (387.5, 697.0, 100)
    assert (said.average_all_tenants, said.average_total_seats) == (37.25, 46.0)
    assert pd.isna(said.average_industry)
    assert json.loads(said.control_scores) == [control]
    assert case.tenant_ids == ["8d4121ed-0008-406d-bff9-0d5bb312183c"]


def test_control_profiles_are_one_row_a_control(case: Case, tmp_path: Path) -> None:
    profile = {"id": "AdminMFAV2", "title": "Ensure MFA", "controlCategory": "Identity", "maxScore": "10", "rank": 1,
               "tier": "Core", "threats": ["accountBreach"], "deprecated": False, "service": "AzureAD",
               "remediation": "<p>Do <b>this</b></p>", "lastModifiedDateTime": "2026-03-04T05:06:07Z"}  # fmt: skip
    path = written(tmp_path / "x.json", page(profile))
    said = loaded(case, path, "graph-secure-score-controls", "secure_score_controls", 1).iloc[0]
    assert (said.control_id, said.title, said.max_score, said["rank"]) == ("AdminMFAV2", "Ensure MFA", 10.0, 1)
    assert (said.remediation, said.last_modified.isoformat()) == ("<p>Do <b>this</b></p>", UTC)
    assert not said.deprecated


@pytest.mark.parametrize(
    ("name", "fmt", "table"),
    [
        ("v1_0_signin-list_0.repaired.json", "graph-signins-v1", "signins"),
        ("v1_0_signin-get_0.repaired.json", "graph-signins-v1", "signins"),
        ("beta_signin-list_0.repaired.json", "graph-signins-beta", "signins"),
        ("beta_signin-list_1.json", "graph-signins-beta", "signins"),
        ("v1_0_security-list-securescores_0.json", "graph-secure-scores", "secure_scores"),
        ("beta_securescorecontrolprofiles-list_0.json", "graph-secure-score-controls", "secure_score_controls"),
        ("v1_0_securescorecontrolprofile-get_0.repaired.json", "graph-secure-score-controls", "secure_score_controls"),
    ],
)
def test_examples_of_the_published_documentation_load(
    case: Case, shared: Path, name: str, fmt: str, table: str
) -> None:
    said = loaded(case, shared / "samples" / "graph-docs" / name, fmt, table, 1)
    assert said.record_id.notna().all()


def test_every_published_audit_csv_loads_whole(case: Case, shared: Path) -> None:
    files = case.load(sorted((shared / "samples" / "det-eng-samples").glob("*.csv"))).files
    assert len(files) >= 15
    for account in files:
        assert accounted(account).format == "search-unifiedauditlog-csv"
        assert account.read > 0
        assert (account.rejected, account.partial) == (0, 0)
    said = case.frame("audit")
    assert said.time.notna().all()
    assert said.operation.notna().all()
    assert said.user_principal_name.notna().all()


@pytest.mark.parametrize("name", ["signins.json", "export.txt", "no-ending", "page.csv.gz", "a b'c\"ü.PNG"])
def test_the_files_name_says_nothing(case: Case, tmp_path: Path, name: str) -> None:
    assert len(loaded(case, purview(tmp_path / name, document("n1")), "purview-csv", "audit", 1)) == 1


RECORD = document("enc-1", Item={"Subject": "Grüße, „Rechnung“ – 東京"})
TEXT = csv_text(PURVIEW, [row(json.dumps(RECORD, ensure_ascii=False), "enc-1")])


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\r\n", "\n").encode(),
        TEXT.removesuffix("\r\n").encode(),
        ("\r\n" + TEXT).encode(),
        csv_text(PURVIEW, [row(json.dumps(RECORD, ensure_ascii=False), "enc-1")], delimiter=";").encode("utf-8-sig"),
        csv_text(PURVIEW, [row(json.dumps(RECORD, ensure_ascii=False, indent=2), "enc-1")]).encode(),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode("utf-16")),
    ],
    ids=["utf8", "bom", "utf16", "utf16le-no-bom", "utf16be", "lf", "no-last-newline", "blank-line-above",
         "semicolon", "pretty-json", "gzip", "gzip-utf16"],
)  # fmt: skip
def test_one_record_reads_the_same_in_every_encoding(case: Case, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    said = loaded(case, tmp_path / "x.csv", "purview-csv", "audit", 1).iloc[0]
    assert (said.row_id, said.subject) == ("enc-1", "Grüße, „Rechnung“ – 東京")
    assert "東京" in json.loads(case.raw(["enc-1"], "audit")["enc-1"])["AuditData"]


def test_windows_1252_is_read_and_said(case: Case, tmp_path: Path) -> None:
    record = json.dumps(document("w1", Item={"Subject": "Grüße für €5"}), ensure_ascii=False)
    (tmp_path / "excel.csv").write_bytes(csv_text(PURVIEW, [row(record, "w1")]).encode("cp1252"))
    account = case.load(tmp_path / "excel.csv").files[0]
    assert accounted(account).rows == 1
    assert "Windows-1252" in " ".join(account.notes)
    assert case.frame("audit").subject[0] == "Grüße für €5"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_pages_are_read_with_bom_and_as_utf16(case: Case, tmp_path: Path, encoding: str) -> None:
    data: dict[str, Any] = page(sign_in("j1", userDisplayName="Zoë"))
    (tmp_path / "x").write_bytes(gzip.compress(json.dumps(data, ensure_ascii=False).encode(encoding)))
    assert loaded(case, tmp_path / "x", "graph-signins-v1", "signins", 1).user_display_name[0] == "Zoë"


def test_order_and_case_of_csv_columns_do_not_matter(case: Case, tmp_path: Path) -> None:
    text = csv_text("auditdata, Operation ,USERID,extra,creationdate,RecordId,Note",
                    [[json.dumps(document("c1")), "Send", "a@b.c", "1", "2026-03-04", "c1", "n"]])  # fmt: skip
    assert loaded(case, written(tmp_path / "x.csv", text), "purview-csv", "audit", 1).row_id[0] == "c1"


def test_two_columns_of_one_name_do_not_stop_a_load(case: Case, tmp_path: Path) -> None:
    text = csv_text(PURVIEW + ",Note,note", [[*row(document("d1")), "x", "y"]])
    assert loaded(case, written(tmp_path / "x.csv", text), "purview-csv", "audit", 1).row_id[0] == "d1"
