"""Accounts ranked by the points of their findings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.detect.alone import ADELE, acts, entries, entry, place, stamp
from tests.detect.scenario import VICTIM
from tests.formats.exports import document, named
from toolkit.case import Case
from toolkit.case.verdicts import give, key_of, verdicts
from toolkit.detect import Finding, Triage, triage
from toolkit.detect.score import COLUMNS, score

DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def finding(name: str, severity: str, user: str = ADELE, hour: int = 0, **more: Any) -> Finding:
    first = DAY.replace(hour=8 + hour)
    evidence = more.pop("evidence", [f"{name}-{hour}"])
    return Finding(
        name, "title", severity, "T1", user, first, first, 1, "summary", evidence, "audit", "innocent", **more
    )


@pytest.mark.parametrize(
    ("severity", "more", "families", "owners", "points"),
    [
        ("low", {}, (), False, 1),
        ("medium", {}, (), False, 3),
        ("high", {}, (), False, 6),
        ("critical", {}, (), False, 10),
        ("high", {"from_intruder": True}, (), False, 8),
        ("high", {}, ("IR",), False, 6),
        ("high", {}, ("IR", "SI"), False, 7),
        ("critical", {"from_intruder": True}, ("SI",), False, 13),
        ("high", {}, (), True, 4),
        ("low", {}, (), True, 0),
    ],
)
def test_points_of_a_finding(
    severity: str, more: dict[str, Any], families: tuple[str, ...], owners: bool, points: int
) -> None:
    assert score(finding("IR-02", severity, **more), families, owners) == points


def test_accounts_come_by_their_points_then_by_time(case: Case) -> None:
    found = Triage(
        [
            finding("IR-02", "high"),
            finding("SI-02", "medium", hour=1, from_intruder=True),
            finding("FW-01", "critical", "b@contoso.com", 2),
            finding("IR-01", "critical", "c@contoso.com", 1),
            finding("IR-02", "low", "", 3),
        ]
    )
    frame = found.users()
    assert tuple(frame.columns) == COLUMNS
    assert list(zip(frame.user, frame.score, strict=True)) == [
        (ADELE, 7 + 6),
        ("c@contoso.com", 10),
        ("b@contoso.com", 10),
        ("", 1),
    ]
    first = frame.iloc[0]
    assert (first.highest, first.worst, first.findings, first.detections) == (7, "high", 2, "IR-02, SI-02")
    assert (first["first"], first["last"]) == (DAY, DAY.replace(hour=9))


def test_many_findings_of_one_detection_count_as_its_worst() -> None:
    frame = Triage([*[finding("SI-04", "low", hour=n) for n in range(9)], finding("SI-04", "medium", hour=9)]).users()
    assert list(frame.score) == [3]
    assert list(frame.findings) == [10]


def test_what_the_analyst_gave_to_the_owner_weighs_less_and_bears_nothing_out(case: Case) -> None:
    rule, entry_ = finding("IR-02", "high"), finding("SI-02", "medium")
    found = Triage([rule, entry_])
    give(case, key_of(rule.id, rule.user, rule.evidence), "owner", "asked by phone")
    give(case, key_of(entry_.id, entry_.user, entry_.evidence), "attacker")
    assert list(found.users().score) == [7 + 4]
    # The rule: 6 + 1 - 2, as the sign-in still speaks of the account; the sign-in: 3, as nothing else does.
    assert list(found.users(verdicts(case)).score) == [5 + 3]


def test_nothing_found_is_an_empty_table_with_its_columns(case: Case) -> None:
    frame = triage(case).users()
    assert (len(frame), tuple(frame.columns)) == (0, COLUMNS)


def test_findings_of_a_snapshot_have_no_time_and_come_after_others_of_their_score() -> None:
    standing = finding("FW-01", "critical", "a@contoso.com")
    standing.first = standing.last = None
    frame = Triage([standing, finding("FW-01", "critical", "b@contoso.com")]).users()
    assert list(frame.user) == ["b@contoso.com", "a@contoso.com"]


def test_done_from_the_intruders_place_is_marked_and_counts_more(case: Case, tmp_path: Path) -> None:
    home = [entry(f"h{n}", 0, n - 20) for n in range(15)]
    claim = [{"authenticationStepResultDetail": "MFA requirement satisfied by claim in the token"}]
    far = {"ipAddress": "203.0.113.9", "location": place("NG", 9.0, 8.0), "authenticationDetails": claim}
    entries(case, tmp_path, *home, entry("far", 60, **far))
    rule = {"CreationTime": stamp(70), "UserType": 2, "Parameters": named(Name="Order", DeleteMessage="True")}
    theirs = document("theirs", "New-InboxRule", ClientIP="203.0.113.9", **rule)
    own = document("own", "New-InboxRule", ClientIP="192.0.2.7", UserId="b@contoso.com", **rule)
    acts(case, tmp_path, theirs, own)
    result = triage(case)
    assert {f.user: f.from_intruder for f in result.findings if f.id == "IR-02"} == {
        ADELE: True,
        "b@contoso.com": False,
    }
    ranked = result.users().set_index("user").score
    assert ranked[ADELE] > ranked["b@contoso.com"] == 6


def test_the_victim_of_the_sample_comes_first_by_far(contoso: Case) -> None:
    ranked = triage(contoso).users()
    assert ranked.user.iloc[0] == VICTIM
    assert ranked.score.iloc[0] > 3 * ranked.score.iloc[1:].max()
