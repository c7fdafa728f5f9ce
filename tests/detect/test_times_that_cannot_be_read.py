"""Records whose time cannot be read: found all the same, and no detection fails over them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.detect.alone import ADELE, cmdlet
from tests.detect.test_identity import change, consent
from tests.detect.test_permissions import opened
from tests.detect.test_rule_changes import changed, made
from tests.formats.exports import document
from toolkit.case import Case
from toolkit.detect import triage

BYPASS, LOG = "Set-MailboxAuditBypassAssociation", "Set-AdminAuditLogConfig"
RECORDS = [
    made("m1", DeleteMessage="True", Name="."),
    changed("m2", Identity=".", DeleteMessage="False"),
    made("n1", ForwardTo="a@evil.example", Name="Golf"),
    changed("n2", 30, "Remove-InboxRule", Identity="Golf") | {"ObjectId": "adele\\Golf"},
    cmdlet("f1", "Set-Mailbox", Identity=ADELE, ForwardingSmtpAddress="a@evil.example"),
    cmdlet("f2", "Set-Mailbox", 5, Identity=ADELE, ForwardingSmtpAddress=""),
    cmdlet("f3", "Set-Mailbox", 5, Identity=ADELE, ForwardingAddress="Archive"),
    cmdlet("c1", BYPASS, Identity=ADELE, AuditBypassEnabled="True"),
    cmdlet("c2", BYPASS, 5, Identity=ADELE, AuditBypassEnabled="False"),
    cmdlet("l1", LOG, Identity="x", UnifiedAuditLogIngestionEnabled="False"),
    cmdlet("l2", LOG, 5, Identity="x", UnifiedAuditLogIngestionEnabled="True"),
    cmdlet("d1", "Add-MailboxPermission", AccessRights="FullAccess", Identity=ADELE, User="m@contoso.com"),
    opened("d3", "bob@contoso.com", "ReadAny"),
    change("i1", "User registered security info."),
    consent("o1", "Mail.Read"),
    document("s1", "Send", Item={"Subject": "Hello"}),
    document("u1", "UserLoggedIn", RecordType=15, Workload="AzureActiveDirectory", ClientIP="37.120.200.44"),
]


def test_records_without_a_time_are_found(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("\n".join(json.dumps(record | {"CreationTime": "soon"}) for record in RECORDS), "utf-8")
    account = case.load(file).files[0]
    assert (account.rows, case.frame("audit").time.notna().sum()) == (len(RECORDS), 0), account.notes
    found = {f.id: f for f in triage(case).findings}
    expected = ["IR-01", "IR-02", "IR-05", "FW-01", "FW-02", "CL-04", "CL-06", "DG-01", "DG-03", "ID-01", "OA-01"]
    assert set(expected) <= set(found)
    assert all(f.first is None for f in found.values())
    assert "changed again at a time the record does not say and no longer does so" in found["IR-02"].summary
    assert "switched on again at a time the record does not say." in found["CL-04"].summary
    assert len(triage(case).users())
