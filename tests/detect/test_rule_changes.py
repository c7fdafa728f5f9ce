"""Rules that are changed after they were made: judged as they stood, and what became of them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.detect.alone import ADELE, acts, alone, stamp
from tests.formats.exports import document, named
from toolkit.case import Case
from toolkit.detect import Finding

NUMBER = "17639250888751054849"
AGAIN = " It was changed again at 2026-03-02 08:30 UTC and no longer does so."


def made(record_id: str, minutes: float = 0, **parameters: str) -> dict[str, Any]:
    """A rule as `New-InboxRule` records it: the object ends in its name."""
    name = parameters.setdefault("Name", "Order")
    return _rule(record_id, "New-InboxRule", minutes, f"EURPR01.PROD/contoso/adele\\{name}", parameters)


def changed(record_id: str, minutes: float = 30, operation: str = "Set-InboxRule", **parameters: str) -> dict[str, Any]:
    """A change of it, as it is recorded: the object ends in its number, `Identity` has its name."""
    return _rule(record_id, operation, minutes, f"adele\\{NUMBER}", {"Identity": "Order"} | parameters)


def _rule(record_id: str, operation: str, minutes: float, about: str, parameters: dict[str, str]) -> dict[str, Any]:
    return document(
        record_id,
        operation,
        CreationTime=stamp(minutes),
        UserId=ADELE,
        UserType=2,
        ObjectId=about,
        ResultStatus="True",
        Parameters=named(**parameters),
    )


def in_outlook(record_id: str, verb: str, minutes: float, *actions: str, condition: str = "") -> dict[str, Any]:
    said = {
        "RuleOperation": verb,
        "RuleId": NUMBER,
        "RuleName": "Order",
        "RuleActions": json.dumps([{"ActionType": action} for action in actions]),
        "RuleCondition": condition,
    }
    return document(
        record_id,
        "UpdateInboxRules",
        CreationTime=stamp(minutes),
        UserId="S-1-5-18",
        MailboxOwnerUPN=ADELE,
        OperationProperties=named(**said),
    )


def found(case: Case, folder: Path, name: str, *records: Any) -> list[Finding]:
    acts(case, folder, *records)
    return alone(case, name)


def test_a_deletion_added_later_keeps_what_the_rule_looked_for(case: Case, tmp_path: Path) -> None:
    """The finding begins where the deletion does, not where the owner made the rule."""
    before = made("made", SubjectContainsWords="bank", MoveToFolder="Customers")
    (finding,) = found(case, tmp_path, "IR-02", changed("set", DeleteMessage="True"), before)
    assert (finding.severity, finding.evidence) == ("high", ["set"])
    assert finding.summary == "An inbox rule named “Order” deletes mail where subject contains bank."


@pytest.mark.parametrize(
    ("name", "does", "undone"),
    [
        ("IR-01", {"ForwardTo": "a@evil.example"}, {"ForwardTo": ""}),
        ("IR-01", {"ForwardTo": "a@evil.example"}, {"ForwardTo": "", "RedirectTo": ""}),
        ("IR-02", {"DeleteMessage": "True"}, {"DeleteMessage": "False"}),
        ("IR-02", {"SoftDeleteMessage": "True"}, {"SoftDeleteMessage": "$false"}),
        ("IR-03", {"MoveToFolder": "RSS Feeds"}, {"MoveToFolder": "Customers"}),
        ("IR-04", {"DeleteMessage": "True", "SubjectContainsWords": "invoice"}, {"SubjectContainsWords": "golf"}),
        ("IR-05", {"Name": "."}, {"Identity": ".", "Name": "Golf"}),
    ],
)
def test_what_a_later_change_undid_is_said(
    case: Case, tmp_path: Path, name: str, does: dict[str, str], undone: dict[str, str]
) -> None:
    (stands,) = found(case, tmp_path, name, made("made", **does))
    (finding,) = found(case, tmp_path, name, made("made", **does), changed("set", **undone))
    assert (finding.severity, finding.summary) == (stands.severity, stands.summary + AGAIN)
    assert (finding.evidence, finding.count) == (["made", "set"], 2)


def test_other_later_changes_leave_the_rule_as_it_was(case: Case, tmp_path: Path) -> None:
    does = {"ForwardTo": "a@evil.example", "RedirectTo": "b@evil.example", "DeleteMessage": "True"}
    (finding,) = found(case, tmp_path, "IR-01", made("made", **does), changed("set", ForwardTo=""))
    assert "a@evil.example, b@evil.example, outside" in finding.summary
    assert "changed again" not in finding.summary
    assert ["no longer" in f.summary for f in alone(case, "IR-02")] == [False]


def test_what_was_undone_and_done_again_stands(case: Case, tmp_path: Path) -> None:
    off, on = changed("off", DeleteMessage="False"), changed("on", 40, DeleteMessage="True")
    (finding,) = found(case, tmp_path, "IR-02", made("made", DeleteMessage="True"), off, on)
    assert finding.summary == "An inbox rule named “Order” deletes mail."


def test_a_rule_that_once_took_everything_is_not_one_for_a_newsletter(case: Case, tmp_path: Path) -> None:
    narrow, wide = {"From": "news@shop.example"}, {"From": ""}
    assert [f.severity for f in found(case, tmp_path, "IR-02", made("m", DeleteMessage="True", **narrow))] == ["low"]
    assert [f.severity for f in found(case, tmp_path, "IR-02", changed("s", **wide))] == ["high"]


def test_a_rule_that_was_narrow_whenever_it_deleted_is_low(case: Case, tmp_path: Path) -> None:
    records = [made("m", MoveToFolder="News"), changed("s", From="news@shop.example", DeleteMessage="True")]
    assert [f.severity for f in found(case, tmp_path, "IR-02", *records)] == ["low"]


@pytest.mark.parametrize(
    ("operation", "said"),
    [("Remove-InboxRule", "removed"), ("Disable-InboxRule", "switched off")],
)
def test_a_rule_that_was_ended_says_when(case: Case, tmp_path: Path, operation: str, said: str) -> None:
    (finding,) = found(case, tmp_path, "IR-02", made("m", DeleteMessage="True"), changed("e", 30, operation))
    assert finding.summary.endswith(f" It was {said} at 2026-03-02 08:30 UTC.")
    assert (finding.severity, finding.evidence) == ("high", ["m", "e"])


def test_a_rule_switched_on_again_stands_and_ones_of_its_name_after_a_removal_are_others(
    case: Case, tmp_path: Path
) -> None:
    ends = [changed("off", 1, "Disable-InboxRule"), changed("on", 2, "Enable-InboxRule")]
    (finding,) = found(case, tmp_path, "IR-02", made("m", DeleteMessage="True"), *ends)
    assert "switched off" not in finding.summary
    acts(case, tmp_path, changed("gone", 3, "Remove-InboxRule"), made("new", 4, MoveToFolder="Customers"))
    (finding,) = alone(case, "IR-02")
    assert finding.evidence == ["m", "off", "on", "gone"]
    assert "removed at 2026-03-02 08:03 UTC" in finding.summary


def test_a_change_by_a_name_that_two_rules_have_belongs_to_neither(case: Case, tmp_path: Path) -> None:
    twins = [made("one", DeleteMessage="True"), made("two", 1, DeleteMessage="True")]
    findings = found(case, tmp_path, "IR-02", *twins, changed("set", DeleteMessage="False"))
    assert [(f.evidence, "changed again" in f.summary) for f in findings] == [(["one"], False), (["two"], False)]


def test_a_change_that_failed_changed_nothing(case: Case, tmp_path: Path) -> None:
    failed = changed("set", DeleteMessage="False") | {"ResultStatus": "False"}
    (finding,) = found(case, tmp_path, "IR-02", made("made", DeleteMessage="True"), failed)
    assert (finding.evidence, "changed again" in finding.summary) == (["made"], False)


def test_outlook_says_all_of_a_rule_with_every_change(case: Case, tmp_path: Path) -> None:
    first = in_outlook("a", "AddMailboxRule", 0, "Delete", condition="(SubjectProperty CONTAINS bank)")
    then = in_outlook("b", "ModifyMailboxRule", 30, "Categorize", condition="(SubjectProperty CONTAINS golf)")
    (finding,) = found(case, tmp_path, "IR-02", first, then)
    assert finding.summary == "An inbox rule named “Order” deletes mail where subject contains bank." + AGAIN


def test_a_change_of_a_rule_from_before_the_log_does_not_say_that_it_takes_all_mail(case: Case, tmp_path: Path) -> None:
    (finding,) = found(case, tmp_path, "IR-05", changed("s", Identity=".", Name=".", MarkAsRead="True"))
    assert finding.summary == "An inbox rule is named “.”, a name that says nothing."
    (finding,) = found(case, tmp_path, "IR-05", made("m", 60, Name="..", MarkAsRead="True"))[1:]
    assert finding.summary == "An inbox rule is named “..”, a name that says nothing; it takes all mail."
