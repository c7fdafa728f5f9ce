"""CL-04 to CL-07: audit logging weakened."""

from __future__ import annotations

from pathlib import Path

from tests.detect.alone import ADELE, ADMIN, acts, alone, cmdlet
from tests.formats.exports import document
from toolkit.case import Case


def test_bypass(case: Case, tmp_path: Path) -> None:
    name = "Set-MailboxAuditBypassAssociation"
    acts(
        case,
        tmp_path,
        cmdlet("on", name, Identity=ADELE, AuditBypassEnabled="True"),
        cmdlet("off", name, 5, Identity=ADELE, AuditBypassEnabled="False"),
        cmdlet("near", name, 1, Identity="b@contoso.com", AuditBypassEnabled="False"),
    )
    (finding,) = alone(case, "CL-04")
    assert (finding.severity, finding.evidence, finding.involved) == ("critical", ["on", "off"], [ADELE])
    assert "switched on again at 2026-03-02 08:05 UTC" in finding.summary


def test_mailbox_auditing(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet("off", "Set-Mailbox", Identity="a@contoso.com", AuditEnabled="False"),
        cmdlet("age", "Set-Mailbox", 1, Identity="b@contoso.com", AuditLogAgeLimit="00:00:00"),
        cmdlet("longer", "Set-Mailbox", 2, Identity="c@contoso.com", AuditLogAgeLimit="90.00:00:00"),
        cmdlet("set", "Set-Mailbox", 3, Identity="d@contoso.com", AuditOwner="MailboxLogin;HardDelete"),
        cmdlet("remove", "Set-Mailbox", 4, Identity="e@contoso.com", AuditOwner="@{remove=MailItemsAccessed}"),
        cmdlet("on", "Set-Mailbox", 5, Identity="f@contoso.com", AuditEnabled="True"),
        cmdlet("all", "Set-OrganizationConfig", 6, AuditDisabled="True"),
    )
    found = {f.evidence[0]: f for f in alone(case, "CL-05")}
    assert {i: f.severity for i, f in found.items()} == {
        "off": "high",
        "age": "high",
        "set": "high",
        "remove": "high",
        "all": "critical",
    }
    assert "records kept for 0 days only" in found["age"].summary
    assert "MailItemsAccessed" in found["remove"].summary


def test_unified_log(case: Case, tmp_path: Path) -> None:
    name = "Set-AdminAuditLogConfig"
    acts(
        case,
        tmp_path,
        cmdlet("off", name, Identity="one", UnifiedAuditLogIngestionEnabled="False"),
        cmdlet("near", name, 1, Identity="two", UnifiedAuditLogIngestionEnabled="True"),
    )
    (finding,) = alone(case, "CL-06")
    assert (finding.severity, finding.evidence, finding.user) == ("critical", ["off"], ADMIN)


def test_retention_and_licence(case: Case, tmp_path: Path) -> None:
    plans = "[SkuName=E5, DisabledPlans=[{}EQUIVIO_ANALYTICS]]"
    licence = {"UserId": ADMIN, "ObjectId": ADELE, "RecordType": 8, "Workload": "AzureActiveDirectory"}
    changed = [
        {"Name": "AssignedLicense", "NewValue": plans.format("M365_ADVANCED_AUDITING,"), "OldValue": plans.format("")}
    ]
    kept = [{"Name": "AssignedLicense", "NewValue": plans.format(""), "OldValue": "M365_ADVANCED_AUDITING"}]
    acts(
        case,
        tmp_path,
        cmdlet("rule", "Remove-UnifiedAuditLogRetentionPolicy", Identity="Ten years"),
        document("plan", "Update user.", ModifiedProperties=changed, **licence),
        document("near", "Update user.", ModifiedProperties=kept, **(licence | {"ObjectId": "b@contoso.com"})),
    )
    found = {f.evidence[0]: f.severity for f in alone(case, "CL-07")}
    assert found == {"rule": "high", "plan": "high"}
