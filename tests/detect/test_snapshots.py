"""Rules and forwards that stand in a mailbox: found without a record of their making, and once where both have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.detect.alone import ADELE, ADMIN, acts, alone, cmdlet, entries, entry, reason, stamp
from tests.detect.test_rule_changes import NUMBER, changed, made
from tests.formats.exports import document, written
from toolkit.case import Case
from toolkit.detect import triage

OBJECT = "26be570a-ae82-4189-b4e2-a37c6808512d"
OWN = document("own", "Set-Mailbox", UserType=2, UserId=ADMIN, RecordType=1)  # tells the tenant's own domain
STANDS = " It stood in the mailbox when that was read."
UNRECORDED = STANDS + " No record of its making: older than the log, or not recorded."
RULES = ("IR-01", "IR-02", "IR-03", "IR-04", "IR-05")
BASE64 = "AQAAADo1y/Q="  # NUMBER as Graph writes it


def rule(number: str = NUMBER, mailbox: str = ADELE, **properties: Any) -> dict[str, Any]:
    """A rule as `Get-InboxRule` shows it."""
    return {
        "Name": "Order",
        "Identity": f"{mailbox}\\{number}",
        "RuleIdentity": number,
        "MailboxOwnerId": mailbox,
        "Enabled": True,
        "Priority": 1,
        "DeleteMessage": False,
        "MarkAsRead": False,
        **properties,
    }


def of_graph(number: str, name: str, actions: dict[str, Any], **conditions: Any) -> dict[str, Any]:
    return {
        "id": number,
        "displayName": name,
        "sequence": 1,
        "isEnabled": True,
        "conditions": conditions,
        "actions": actions,
    }


def mailbox(user: str = ADELE, number: str = OBJECT, **properties: Any) -> dict[str, Any]:
    """A mailbox as `Get-Mailbox` shows it."""
    return {
        "UserPrincipalName": user,
        "PrimarySmtpAddress": user,
        "ExternalDirectoryObjectId": number,
        "RecipientTypeDetails": "UserMailbox",
        "ForwardingAddress": None,
        "ForwardingSmtpAddress": None,
        "DeliverToMailboxAndForward": False,
        **properties,
    }


def shown(case: Case, folder: Path, *records: Any, name: str = "snapshot.json") -> None:
    case.load(written(folder / name, list(records)))


@pytest.mark.parametrize(
    ("name", "severity", "properties", "summary"),
    [
        (
            "IR-01",
            "critical",
            {"RedirectTo": ['"Drop" [SMTP:drop@evil.example]'], "SubjectContainsWords": ["bank"]},
            "An inbox rule named “Order” sends mail where subject contains bank to drop@evil.example, outside the"
            " organisation.",
        ),
        ("IR-01", "low", {"ForwardTo": ["boss@contoso.com"]}, "inside the organisation."),
        ("IR-02", "high", {"DeleteMessage": True}, "An inbox rule named “Order” deletes mail."),
        ("IR-02", "low", {"DeleteMessage": True, "From": ["news@shop.example"]}, "against newsletters."),
        ("IR-03", "high", {"MoveToFolder": "RSS-Feeds", "MarkAsRead": True}, "(“RSS-Feeds”) and marks it as read."),
        ("IR-04", "high", {"DeleteMessage": True, "BodyContainsWords": ["invoice", "phish"]}, "invoice, phish)."),
        ("IR-05", "high", {"Name": "..", "DeleteMessage": True}, "a name that says nothing. It hides, deletes or"),
    ],
)
def test_a_rule_without_a_record_of_its_making_is_found(
    case: Case, tmp_path: Path, name: str, severity: str, properties: dict[str, Any], summary: str
) -> None:
    acts(case, tmp_path, OWN)
    shown(case, tmp_path, rule(**properties))
    (finding,) = alone(case, name)
    assert (finding.severity, finding.user, finding.table, finding.count) == (severity, ADELE, "inbox_rules", 1)
    assert (finding.evidence, finding.further, finding.first) == ([f"{ADELE}|{NUMBER}"], {}, None)
    assert summary in finding.summary
    assert finding.summary.endswith(UNRECORDED)


def test_a_harmless_rule_that_stands_is_no_finding(case: Case, tmp_path: Path) -> None:
    shown(case, tmp_path, rule(MoveToFolder="Customers", From=["news@shop.example"], StopProcessingRules=True))
    assert [alone(case, name) for name in RULES] == [[]] * 5


def test_without_an_audit_log_snapshots_alone_are_looked_at(case: Case, tmp_path: Path) -> None:
    """Not the rule's making; and the mailboxes tell the organisation's own domain."""
    shown(case, tmp_path, rule(ForwardTo=["boss@contoso.com"]), rule("2", ForwardTo=["a@evil.example"]))
    assert reason(case, "FW-01") == "no audit log and no mailboxes in this case"
    shown(case, tmp_path, mailbox(ForwardingSmtpAddress="smtp:b@evil.example"), name="mailboxes.json")
    result = triage(case)
    assert sorted((f.id, f.severity) for f in result.findings) == [
        ("FW-01", "critical"),
        ("IR-01", "critical"),
        ("IR-01", "low"),
    ]
    told = STANDS + " There is no audit log in this case that could tell who made it."
    assert all(told in f.summary for f in result.findings)
    reasons = {n.id: n.reason for n in result.not_run}
    assert not {"FW-01", "FW-02", *RULES} & reasons.keys()
    assert reasons["DG-01"] == "no audit log in this case"


@pytest.mark.parametrize(
    "snapshot",
    [rule(DeleteMessage=True), of_graph(BASE64, "Order", {"delete": True})],
    ids=["get-inboxrule", "graph"],
)
@pytest.mark.parametrize(
    "records",
    [[made("made", DeleteMessage="True"), changed("set", Priority="2")], [changed("set", DeleteMessage="True")]],
    ids=["made", "changed"],
)
def test_a_rule_that_both_have_is_one_finding(case: Case, tmp_path: Path, records: list[Any], snapshot: Any) -> None:
    acts(case, tmp_path, *records)
    shown(case, tmp_path, snapshot)
    (finding,) = alone(case, "IR-02")
    assert (finding.user, finding.table, finding.evidence) == (ADELE, "audit", [r["Id"] for r in records])
    assert list(finding.further) == ["inbox_rules"]
    assert finding.summary == "An inbox rule named “Order” deletes mail." + STANDS


def test_a_rule_of_which_only_the_making_is_recorded_is_told_by_its_name(case: Case, tmp_path: Path) -> None:
    twins = [made("one", DeleteMessage="True", Name="."), made("two", 1, ForwardTo="a@evil.example", Name=".")]
    acts(case, tmp_path, OWN, *twins)
    shown(case, tmp_path, rule("1", Name=".", ForwardTo=["a@evil.example"]), rule("2", Name=".", DeleteMessage=True))
    found = [(f.evidence, f.further) for name in ("IR-02", "IR-01") for f in alone(case, name)]
    assert found == [(["one"], {"inbox_rules": [f"{ADELE}|2"]}), (["two"], {"inbox_rules": [f"{ADELE}|1"]})]


def test_one_id_in_two_mailboxes_is_two_rules(case: Case, tmp_path: Path) -> None:
    shown(case, tmp_path, *[rule(mailbox=m, DeleteMessage=True) for m in (ADELE, "bob@contoso.com")])
    assert [f.user for f in alone(case, "IR-02")] == [ADELE, "bob@contoso.com"]


def test_a_page_of_graph_does_not_say_whose_mailbox_it_is(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, OWN)
    conditions = {"subjectContains": ["invoice"], "fromAddresses": [{"emailAddress": {"address": "bank@x.example"}}]}
    shown(case, tmp_path, of_graph("AQAAAJ5dZqA=", "..", {"delete": True}, **conditions))
    (finding,) = alone(case, "IR-02")
    assert (finding.severity, finding.user) == ("high", "")
    assert finding.summary == (
        "An inbox rule named “..” of a mailbox the export does not name deletes mail where subject contains invoice;"
        " from bank@x.example." + UNRECORDED
    )
    assert [f.severity for f in alone(case, "IR-04")] == ["high"]


def test_the_same_rule_from_graph_and_from_exchange_is_one_finding(case: Case, tmp_path: Path) -> None:
    shown(case, tmp_path, of_graph(BASE64, "Order", {"delete": True}), name="graph.json")
    shown(case, tmp_path, rule(DeleteMessage=True))
    (finding,) = alone(case, "IR-02")
    assert (finding.user, len(finding.evidence), finding.further) == (ADELE, 2, {})


def test_what_the_mailbox_shows_changed_or_switched_off_is_said(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, made("gone", DeleteMessage="True"), made("plain", 1, Name="Plain", MarkAsRead="True"))
    shown(
        case,
        tmp_path,
        rule("1", MarkAsRead=True),
        rule("2", Name="Plain", DeleteMessage=True),
        rule("3", Name="Old", DeleteMessage=True, Enabled=False),
    )
    changed_since, unrecorded, off = alone(case, "IR-02")
    assert changed_since.summary.endswith(" In the mailbox it stands changed and no longer does so.")
    assert (changed_since.severity, changed_since.evidence) == ("high", ["gone"])
    assert unrecorded.summary.endswith(STANDS + " The audit log has no record of the change that made it so.")
    assert (unrecorded.severity, unrecorded.evidence) == ("high", [f"{ADELE}|2"])
    assert "It stood in the mailbox when that was read, switched off. No record" in off.summary
    assert off.severity == "medium"


@pytest.mark.parametrize("known_by", ["get-mailbox", "sign-ins", "its rules"])
def test_a_mailbox_under_another_name_is_its_owners(case: Case, tmp_path: Path, known_by: str) -> None:
    if known_by == "get-mailbox":
        shown(case, tmp_path, mailbox(), name="mailboxes.json")
    elif known_by == "sign-ins":
        entries(case, tmp_path, entry("s", 0, userId=OBJECT))
    else:
        sorts = made("sorts", MoveToFolder="Customers") | {"ObjectId": f"EURPR01.PROD/contoso/{OBJECT}\\Order"}
        acts(case, tmp_path, sorts)
    shown(case, tmp_path, rule("7", mailbox=OBJECT, Name="x", DeleteMessage=True))
    (finding,) = alone(case, "IR-02")
    assert (finding.user, "does not name" in finding.summary) == (ADELE, False)


def test_a_rule_that_somebody_else_made_names_both(case: Case, tmp_path: Path) -> None:
    theirs = made("made", DeleteMessage="True") | {"UserId": ADMIN, "ObjectId": f"EURPR01.PROD/contoso/{OBJECT}\\Order"}
    acts(case, tmp_path, theirs)
    (alone_it_is_the_administrators,) = alone(case, "IR-02")
    shown(case, tmp_path, mailbox(), name="mailboxes.json")
    (finding,) = alone(case, "IR-02")
    assert (alone_it_is_the_administrators.user, finding.user, finding.involved) == (ADMIN, ADELE, [ADMIN])
    assert finding.summary == f"An inbox rule named “Order” deletes mail. It was done by {ADMIN}."


def set_to(record_id: str, minutes: float = 0, about: str = OBJECT, **parameters: str) -> dict[str, Any]:
    """`Set-Mailbox` run by an administrator, with the mailbox by a name of the directory's own."""
    return cmdlet(record_id, "Set-Mailbox", minutes, Identity=about, **parameters)


def test_a_forward_without_a_record_of_its_making_is_found(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, OWN)
    shown(
        case,
        tmp_path,
        mailbox(ForwardingSmtpAddress="smtp:drop@evil.example"),
        mailbox("b@contoso.com", "2", ForwardingSmtpAddress="smtp:c@contoso.com", DeliverToMailboxAndForward=True),
        mailbox("c@contoso.com", "3"),
    )
    inside, outside = alone(case, "FW-01")
    assert (outside.severity, outside.user) == ("critical", ADELE)
    assert (outside.table, outside.evidence, outside.first) == ("mailboxes", [OBJECT], None)
    assert outside.summary == (
        "All mail of the mailbox is forwarded to drop@evil.example, without leaving a copy, outside the organisation."
        + UNRECORDED
    )
    assert (inside.severity, inside.user) == ("medium", "b@contoso.com")


def test_a_forward_that_both_have_is_one_finding_and_the_owners(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        set_to("set", ForwardingSmtpAddress="smtp:drop@evil.example"),
        set_to("name", 5, about="adele_73cfb10e5c", ForwardingSmtpAddress="smtp:box@evil.example"),
    )
    shown(case, tmp_path, mailbox(ForwardingSmtpAddress="smtp:drop@evil.example", DisplayName="adele_73cfb10e5c"))
    (finding,) = alone(case, "FW-01")
    assert (finding.user, finding.evidence, finding.further) == (ADELE, ["set", "name"], {"mailboxes": [OBJECT]})
    assert f"It was set by {ADMIN}." + STANDS in finding.summary
    assert "No record" not in finding.summary


def test_a_forward_cleared_in_the_log_that_stands_nevertheless_says_both(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        set_to("set", ForwardingSmtpAddress="a@evil.example"),
        set_to("off", 5, ForwardingSmtpAddress=""),
    )
    shown(case, tmp_path, mailbox(ForwardingSmtpAddress="a@evil.example", ForwardingAddress="Boss"))
    (finding,) = alone(case, "FW-01")
    assert f"It was cleared again at {stamp(5)[:10]} 08:05 UTC." + STANDS in finding.summary
    assert finding.summary.endswith(" ForwardingAddress is set too: until that is cleared it acts alone.")


def test_forwarding_to_a_contact_stands(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet("contact", "New-MailContact", Name="Archive", ExternalEmailAddress="SMTP:box@collector.example"),
        set_to("set", 30, ForwardingAddress="x/contoso.onmicrosoft.com/Archive"),
    )
    shown(case, tmp_path, mailbox(ForwardingAddress="Archive"), mailbox("b@contoso.com", "2", ForwardingAddress="Boss"))
    found = {f.user: f for f in alone(case, "FW-02")}
    assert (found[ADELE].severity, found[ADELE].further) == ("critical", {"mailboxes": [OBJECT]})
    assert "box@collector.example" in found[ADELE].summary
    assert STANDS in found[ADELE].summary
    assert (found["b@contoso.com"].severity, found["b@contoso.com"].table) == ("medium", "mailboxes")
    assert found["b@contoso.com"].summary.endswith("look it up." + UNRECORDED)


def test_a_forward_of_a_mailbox_that_records_do_not_tell_is_named_as_they_name_it(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, set_to("set", about="x/y/adele_73cfb10e5c", ForwardingSmtpAddress="a@evil.example"))
    (finding,) = alone(case, "FW-01")
    assert finding.user == ADMIN
    assert finding.summary.startswith("All mail of the mailbox “adele_73cfb10e5c” is forwarded to a@evil.example")


def test_neither_log_nor_snapshot_is_said(case: Case) -> None:
    missing = {"FW-01": "mailboxes", "FW-02": "mailboxes"} | dict.fromkeys(RULES, "inbox rules")
    for name, snapshot in missing.items():
        assert reason(case, name) == f"no audit log and no {snapshot} in this case"
