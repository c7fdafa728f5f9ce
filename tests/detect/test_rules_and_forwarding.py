"""Inbox rules and forwarding: what is found, what is near it and is not, and the innocent that looks like it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats.exports import document, named, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import Finding
from toolkit.detect import triage as all_detections
from toolkit.detect.catalogue import DETECTIONS
from toolkit.detect.evidence import Evidence
from toolkit.detect.triage import found_by

MATT, STINGER = "matt@contoso.onmicrosoft.com", "stinger@contoso.onmicrosoft.com"  # of the published samples
OWN = document("own", "Set-Mailbox", UserType=2, UserId="admin@contoso.com")  # tells the tenant's own domain


IDS = ("IR-01", "IR-02", "IR-03", "FW-01")


def triage(case: Case) -> list[Finding]:
    """What the detections of this module find."""
    evidence = Evidence.of(case)
    assert evidence.counts["audit"], "without an audit log they are not run at all"
    ours = {d.id: d for d in DETECTIONS if d.id in IDS}
    return [finding for name in IDS for finding, _ in found_by(ours[name], evidence)]


def rule(record_id: str, operation: str = "New-InboxRule", object_id: str = "org/adele\\r", **parameters: str) -> Any:
    return document(record_id, operation, ObjectId=object_id, UserType=2, Parameters=named(**parameters))


def outlook_rule(record_id: str, *actions: dict[str, Any], **properties: str) -> Any:
    values = {"RuleOperation": "AddMailboxRule", "RuleId": "0", "RuleName": "r", "RuleActions": json.dumps(actions)}
    return document(
        record_id,
        "UpdateInboxRules",
        UserId="S-1-5-18",
        MailboxOwnerUPN="Adele@contoso.com",
        OperationProperties=named(**(values | properties)),
    )


def found(case: Case, folder: Path, *records: Any) -> list[Finding]:
    case.load(purview(folder / "audit.csv", OWN, *records))
    return triage(case)


def told(findings: list[Finding]) -> list[tuple[str, str, str, list[str]]]:
    return [(f.id, f.severity, f.user, f.evidence) for f in findings]


@pytest.mark.parametrize(
    "record",
    [
        rule("r", Name="x", ForwardTo="smtp:drop@evil.example"),
        rule("r", Name="x", RedirectTo="a@contoso.com;drop@evil.example"),
        rule("r", "Set-InboxRule", Name="x", ForwardAsAttachmentTo='"Drop" [SMTP:Drop@Evil.example]'),
        outlook_rule("r", {"ActionType": "Forward", "Recipients": ["drop@evil.example"]}),
        outlook_rule("r", {"ActionType": "Redirect", "Recipients": [{"Address": "drop@evil.example"}]}),
        outlook_rule("r", {"ActionType": "Forward", "Recipients": ["drop@evil.example"]}, RuleOperation="Create"),
    ],
    ids=["forward", "redirect", "attachment", "outlook", "outlook-object", "outlook-create"],
)
def test_ir01_a_rule_that_sends_mail_outside_is_critical(case: Case, tmp_path: Path, record: Any) -> None:
    (finding,) = found(case, tmp_path, record)
    assert told([finding]) == [("IR-01", "critical", "adele@contoso.com", ["r"])]
    assert "drop@evil.example, outside the organisation" in finding.summary
    assert "a@contoso.com" not in finding.summary
    assert (finding.technique, finding.count, finding.table) == ("T1114.003", 1, "audit")


def test_ir01_a_rule_that_sends_mail_inside_is_low(case: Case, tmp_path: Path) -> None:
    assert told(found(case, tmp_path, rule("r", Name="x", ForwardTo="boss@contoso.com"))) == [
        ("IR-01", "low", "adele@contoso.com", ["r"])
    ]


@pytest.mark.parametrize(("kind", "severity"), [("none", "low"), ("serviceProvider", "critical")])
def test_ir01_the_domain_of_a_partner_is_not_the_tenants_own(
    case: Case, tmp_path: Path, kind: str, severity: str
) -> None:
    """A partner's technician signs in as a member; only the kind of access tells that he is of another tenant."""
    technician = sign_in("s", userPrincipalName="tech@partner.example", userType="member", crossTenantAccessType=kind)
    case.load(written(tmp_path / "s.json", [technician]))
    assert told(found(case, tmp_path, rule("r", Name="x", ForwardTo="tech@partner.example"))) == [
        ("IR-01", severity, "adele@contoso.com", ["r"])
    ]


@pytest.mark.parametrize(
    "record",
    [
        rule("r", Name="x", ForwardTo="", MoveToFolder="Customers"),
        rule("r", "Remove-InboxRule", Identity="x"),
        rule("r", "Disable-InboxRule", Identity="x"),
        outlook_rule("r", {"ActionType": "Forward", "Recipients": ["a@b.example"]}, RuleOperation="RemoveMailboxRule"),
        outlook_rule("r", {"ActionType": "Categorize"}),
        document("r", "New-TransportRule", Parameters=named(RedirectMessageTo="a@evil.example", DeleteMessage="True")),
        document("r", "Send", Item={"Subject": "ForwardTo a@evil.example; DeleteMessage True"}),
        outlook_rule("r", RuleActions="not json"),
        document("r", "New-InboxRule", Parameters="not a list", ObjectId=7),
    ],
    ids=["no-target", "removed", "disabled", "outlook-removed", "category", "transport", "mail-about-rules",
         "broken-actions", "broken-parameters"],
)  # fmt: skip
def test_what_only_looks_like_such_a_rule_is_no_finding(case: Case, tmp_path: Path, record: Any) -> None:
    assert told(found(case, tmp_path, record)) == []


@pytest.mark.parametrize(
    "record",
    [
        rule("r", Name=".", DeleteMessage="True", SubjectContainsWords="hacked;phish"),
        rule("r", Name=".", SoftDeleteMessage="$true"),
        rule("r", "Set-InboxRule", "guid\\17639250888751054849", Name=".", DeleteMessage="TRUE"),
        outlook_rule("r", {"ActionType": "Delete"}),
        outlook_rule("r", {"ActionType": "PermanentDelete"}, RuleOperation="ModifyMailboxRule", RuleId="123456789012"),
        rule("r", Name="x", From="boss@contoso.com", SubjectContainsWords="invoice", DeleteMessage="True"),
    ],
    ids=["new", "soft", "set", "outlook", "outlook-permanent", "sender-and-words"],
)
def test_ir02_a_rule_that_deletes_is_high(case: Case, tmp_path: Path, record: Any) -> None:
    assert told(found(case, tmp_path, record)) == [("IR-02", "high", "adele@contoso.com", ["r"])]


def test_ir02_a_clean_up_of_one_sender_is_low_and_a_rule_that_does_not_delete_is_none(
    case: Case, tmp_path: Path
) -> None:
    newsletter = rule("n", Name="News", From="news@shop.example", DeleteMessage="True")
    harmless = rule("h", Name="Keep", DeleteMessage="False", MoveToFolder="Customers")
    (finding,) = found(case, tmp_path, newsletter, harmless)
    assert told([finding]) == [("IR-02", "low", "adele@contoso.com", ["n"])]
    assert "one sender" in finding.summary


@pytest.mark.parametrize(
    ("folder", "severity"),
    [
        ("RSS Feeds", "high"),
        ("adele@contoso.com:\\RSS-Abonnements", "high"),
        (":\\Gelöschte Elemente", "high"),
        ("Éléments supprimés", "high"),
        ("対話の履歴", None),
        ("会話の履歴", "high"),
        ("adele@contoso.com:\\Posteingang\\RSS-Feeds", "high"),
        ("Conversation History", "high"),
        (".", "high"),
        ("Archiv", "medium"),
        (":\\Archive\\Projects", "medium"),
        ("Customers", None),
        ("adele@contoso.com:\\Inbox\\Customers", None),
    ],
)
def test_ir03_a_rule_hides_mail_where_its_owner_does_not_look(
    case: Case, tmp_path: Path, folder: str, severity: str | None
) -> None:
    findings = told(found(case, tmp_path, rule("r", Name="x", MoveToFolder=folder, SubjectContainsWords="bank")))
    assert findings == ([("IR-03", severity, "adele@contoso.com", ["r"])] if severity else [])


def test_ir03_copying_and_outlook_rules_hide_too(case: Case, tmp_path: Path) -> None:
    copy = rule("c", Name="x", CopyToFolder="Junk Email", MarkAsRead="True")
    move = outlook_rule("m", {"ActionType": "Move", "FolderName": "Notes"})
    findings = found(case, tmp_path, copy, move)
    assert sorted((f.id, f.severity, f.evidence[0]) for f in findings) == [
        ("IR-03", "high", "c"),
        ("IR-03", "high", "m"),
    ]
    assert "marks it as read" in next(f.summary for f in findings if f.evidence == ["c"])


def test_ir03_an_archive_rule_for_one_sender_is_low(case: Case, tmp_path: Path) -> None:
    record = rule("r", Name="Keep order", From="partner@fabrikam.example", MoveToFolder="Archive")
    assert told(found(case, tmp_path, record)) == [("IR-03", "low", "adele@contoso.com", ["r"])]


def test_a_rule_that_does_three_things_is_three_findings_on_one_record(case: Case, tmp_path: Path) -> None:
    record = rule("r", Name="x", ForwardTo="a@evil.example", DeleteMessage="True", MoveToFolder="RSS Feeds")
    assert [(f.id, f.evidence) for f in found(case, tmp_path, record)] == [
        ("IR-01", ["r"]),
        ("IR-02", ["r"]),
        ("IR-03", ["r"]),
    ]


def test_rules_of_one_name_are_separate_findings(case: Case, tmp_path: Path) -> None:
    records = [rule(f"r{n}", object_id="org/adele\\.", Name=".", DeleteMessage="True") for n in range(3)]
    outlook = [outlook_rule(f"o{n}", {"ActionType": "Delete"}, RuleName=".") for n in range(2)]
    findings = found(case, tmp_path, *records, *outlook)
    assert sorted(f.evidence for f in findings) == [["o0"], ["o1"], ["r0"], ["r1"], ["r2"]]


def test_changes_of_one_rule_are_one_finding_with_all_its_rows(case: Case, tmp_path: Path) -> None:
    changes = [
        rule(f"s{n}", "Set-InboxRule", "guid\\17639250888751054849", Name=name, DeleteMessage="True")
        for n, name in enumerate((".", "renamed"))
    ]
    (finding,) = found(case, tmp_path, *changes)
    assert (finding.count, finding.evidence) == (2, ["s0", "s1"])
    assert "“renamed”" in finding.summary


def test_rules_of_two_mailboxes_are_two_findings_and_users_choose(case: Case, tmp_path: Path) -> None:
    other = document("b", "New-InboxRule", UserId="Bob@Contoso.com", Parameters=named(Name="x", DeleteMessage="True"))
    findings = found(case, tmp_path, rule("a", Name="x", DeleteMessage="True"), other)
    assert [f.user for f in findings] == ["adele@contoso.com", "bob@contoso.com"]
    assert [f.user for f in all_detections(case, ["BOB@contoso.com"]).findings if f.id in IDS] == ["bob@contoso.com"]
    assert all_detections(case, ["nobody@contoso.com"]).findings == []


def test_records_that_contradict_each_other_count_once(case: Case, tmp_path: Path) -> None:
    case.load(purview(tmp_path / "1.csv", rule("r", Name="x", DeleteMessage="True")))
    case.load(purview(tmp_path / "2.csv", rule("r", Name="y", DeleteMessage="True")))
    assert case.count("audit") == 2
    (finding,) = triage(case)
    assert (finding.count, finding.evidence) == (1, ["r"])


def mailbox(record_id: str, second: int = 7, owner: str = "Adele@contoso.com", **parameters: str) -> Any:
    return document(
        record_id,
        "Set-Mailbox",
        ObjectId=owner,
        UserType=2,
        CreationTime=f"2026-03-04T05:06:{second:02d}",
        Parameters=named(Identity=owner, **parameters),
    )


@pytest.mark.parametrize(
    ("target", "severity"),
    [
        ("smtp:drop@evil.example", "critical"),
        ("DROP@EVIL.example", "critical"),
        ("smtp:boss@contoso.com", "medium"),
        ("smtp:boss@CONTOSO.com", "medium"),
    ],
)
def test_fw01_a_mailbox_that_forwards_is_found(case: Case, tmp_path: Path, target: str, severity: str) -> None:
    (finding,) = found(case, tmp_path, mailbox("f", ForwardingSmtpAddress=target, DeliverToMailboxAndForward="True"))
    assert told([finding]) == [("FW-01", severity, "adele@contoso.com", ["f"])]
    assert target.removeprefix("smtp:").lower() in finding.summary
    assert "without leaving a copy" not in finding.summary


@pytest.mark.parametrize(
    "record",
    [
        mailbox("f", ForwardingSmtpAddress=""),
        mailbox("f", MaxSendSize="10MB"),
        mailbox("f", DeliverToMailboxAndForward="True"),
        document("f", "Get-Mailbox", Parameters=named(ForwardingSmtpAddress="smtp:a@evil.example")),
    ],
    ids=["cleared", "other-setting", "copy-only", "read"],
)
def test_fw01_what_only_looks_like_forwarding_is_no_finding(case: Case, tmp_path: Path, record: Any) -> None:
    assert told(found(case, tmp_path, record)) == []


def test_fw01_set_by_another_for_long_and_cleared_again_is_told(case: Case, tmp_path: Path) -> None:
    set_to = mailbox("f", 1, ForwardingSmtpAddress="smtp:a@evil.example", DeliverToMailboxAndForward="False")
    set_to["UserId"] = "Intruder@contoso.com"
    (finding,) = found(case, tmp_path, set_to, mailbox("g", 9, ForwardingSmtpAddress=""))
    assert (finding.user, finding.count, finding.evidence) == ("adele@contoso.com", 2, ["f", "g"])
    assert "without leaving a copy" in finding.summary
    assert "set by intruder@contoso.com" in finding.summary
    assert "cleared again" in finding.summary


def test_fw01_each_mailbox_is_its_own_finding(case: Case, tmp_path: Path) -> None:
    records = [
        mailbox(u[0], owner=u, ForwardingSmtpAddress="smtp:a@evil.example") for u in ("x@contoso.com", "y@contoso.com")
    ]
    assert [f.user for f in found(case, tmp_path, *records)] == ["x@contoso.com", "y@contoso.com"]


@pytest.mark.parametrize(
    ("name", "finding", "severity", "user", "says"),
    [
        ("t1114_Set-Mailbox-ForwardSMTPAddress.csv", "FW-01", "critical", MATT, "bla@bla.com"),
        ("t1564.008_New inbox rule to delete email.csv", "IR-02", "high", STINGER, "Attention"),
        ("t1564.008_Update existing mailbox rule using Set-InboxRule.csv", "IR-03", "high",
         MATT, "deleted items"),
    ],
)  # fmt: skip
def test_published_samples_are_found(
    case: Case, shared: Path, name: str, finding: str, severity: str, user: str, says: str
) -> None:
    case.load(shared / "samples" / "det-eng-samples" / name)
    (only,) = triage(case)
    assert (only.id, only.severity, only.user, only.count) == (finding, severity, user, 1)
    assert says in only.summary


def test_published_samples_of_other_acts_give_no_such_finding(case: Case, shared: Path) -> None:
    others = ("t1098", "t1110", "t1482", "t1531", "t1556", "t1562", "t1592")
    files = [p for p in (shared / "samples" / "det-eng-samples").glob("*.csv") if p.name.startswith(others)]
    case.load(files)
    assert case.count("audit") > 20
    assert told(triage(case)) == []


def test_an_empty_case_says_not_run_for_each_and_never_nothing_found(case: Case) -> None:
    result = all_detections(case)
    assert result.findings == []
    reasons = {n.id: n.reason for n in result.not_run}
    rules = "no audit log and no inbox rules in this case"
    assert [reasons[i] for i in IDS] == [rules, rules, rules, "no audit log and no mailboxes in this case"]
    assert reasons["SI-02"] == "no sign-ins in this case"
