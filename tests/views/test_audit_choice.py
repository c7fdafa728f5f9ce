"""What can be set right about auditing: one mailbox, the case's, or all with the same flaw, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.harden.audit_states import ANNA, Row, mailbox, state
from toolkit import open_case
from toolkit.case import Case
from toolkit.detect import Finding, Triage
from toolkit.views.hardening_audit_choice import MOST_STEPS, AuditChoice
from toolkit.views.hardening_reports import Reports

BY_HAND = {"DefaultAuditSet": [], "AuditOwner": ["Update"], "AuditDelegate": ["Update"], "AuditAdmin": ["Update"]}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


def choice(case: Case, boxes: Sequence[Row], *users: str) -> AuditChoice:
    found = Triage(findings=[_finding(user) for user in users])
    return AuditChoice(Reports(case, state(*boxes), found))


def many(number: int) -> list[Row]:
    return [mailbox(f"box{n}@contoso.com", AuditEnabled=False, **BY_HAND) for n in range(number)]


def titles(made: AuditChoice) -> list[str]:
    return [action.title for action in made.actions()]


def offered(made: AuditChoice) -> list[str]:
    return [tick.description for _, tick in made._ticks]


def press(made: AuditChoice, named: str = "", button: str = "only") -> None:
    if named:
        made.mailbox.value = named
    getattr(made, button).click()


def _finding(user: str) -> Finding:
    return Finding("IR-01", "A rule", "critical", "T1564.008", user, None, None, 1, "", [], "audit", "")


def test_the_case_s_mailbox_is_first_and_ticked_and_the_others_are_not(case: Case) -> None:
    made = choice(case, [*many(300), mailbox(ANNA, **BY_HAND)], ANNA)
    assert titles(made) == [f"Log Microsoft's default actions again in the mailbox “{ANNA}”"]
    assert offered(made)[0] == titles(made)[0]
    assert any("Log Microsoft's default actions again in 300 mailboxes, all at once" in one for one in offered(made))
    assert any("Switch auditing on for 300 mailboxes" in one for one in offered(made))


def test_one_mailbox_of_hundreds_is_repaired_alone(case: Case) -> None:
    made = choice(case, [*many(300), mailbox(ANNA, **BY_HAND)], ANNA)
    press(made, "box277@contoso.com")
    assert all("box277@contoso.com" in title for title in titles(made))
    assert len(titles(made)) == 2
    assert any("in 299 mailboxes, all at once" in one for one in offered(made))
    press(made, "id of box12@contoso.com", "add")
    assert len(titles(made)) == 4
    press(made, button="none")
    assert titles(made) == []


def test_all_with_the_same_flaw_are_taken_in_turns_and_said(case: Case) -> None:
    made = choice(case, many(300))
    press(made, button="all")
    assert len(made.actions()) == MOST_STEPS
    assert "600 repairs are ticked" in made._told.value
    assert "400 are left then" in made._told.value
    made.renew(Reports(case, state(*many(20)), Triage()))
    assert len(made.actions()) == 40, "what was ticked stays so when the rest is offered again"


@pytest.mark.parametrize(
    ("named", "said"), [("nobody@contoso.com", "No mailbox"), ("", "Name a mailbox"), (ANNA, "asks for no repair")]
)
def test_a_mailbox_without_a_repair_is_answered(case: Case, named: str, said: str) -> None:
    made = choice(case, [*many(2), mailbox(ANNA)])
    press(made, named)
    assert said in made._told.value


def test_every_repair_is_offered_once(case: Case) -> None:
    for number in (3, 15, 16, 300):
        made = choice(case, [*many(number), mailbox(ANNA, **BY_HAND)], ANNA)
        keys = [action.key for actions, _ in made._ticks for action in actions]
        assert len(keys) == len(set(keys)) == 2 * number + 1
