"""Verdicts on findings: kept in the journal, found again by every run, taken back without being forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import open_case
from toolkit.case.verdicts import ATTACKER, OWNER, give, key_of, take_back, verdicts
from toolkit.errors import UsageError

KEY = key_of("IR-01", "Anna@contoso.com", ["b", "a~2", "a"])


def test_a_key_does_not_depend_on_order_case_or_conflicting_rows() -> None:
    assert key_of("IR-01", "anna@contoso.com", ["a", "b"]) == KEY
    assert key_of("IR-01", "anna@contoso.com", ["a", "c"]) != KEY


def test_the_last_verdict_counts_and_the_journal_has_all(tmp_path: Path) -> None:
    case = open_case(tmp_path)
    give(case, KEY, OWNER, by="li")
    give(case, KEY, ATTACKER, " she says no ", by="kim")
    (verdict,) = verdicts(open_case(tmp_path)).values()
    assert (verdict.verdict, verdict.note, verdict.by, verdict.user) == (
        ATTACKER,
        "she says no",
        "kim",
        "anna@contoso.com",
    )
    take_back(case, KEY)
    assert verdicts(case) == {}
    assert [e.fields["verdict"] for e in case.journal.entries("verdict")] == [OWNER, ATTACKER, ""]
    assert case.verify() == []


def test_a_word_that_is_no_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="attacker, owner, unknown"):
        give(open_case(tmp_path), KEY, "guilty")
