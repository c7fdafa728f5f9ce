"""Since when auditing was off: from the audit log, as it was read, and what stays unknown is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.detect.alone import ADELE, ADMIN, acts, cmdlet
from tests.formats.exports import SAMPLES
from tests.harden.audit_states import mailbox, state
from toolkit import harden, open_case
from toolkit.case import Case
from toolkit.harden import gap_sentence
from toolkit.views.coverage import coverage_html
from toolkit.views.hardening_auditing import auditing_html, gaps_html
from toolkit.views.look import BOX_COLOURS

ALL, LOG, BYPASS, BOX = (
    *("Set-OrganizationConfig", "Set-AdminAuditLogConfig"),
    *("Set-MailboxAuditBypassAssociation", "Set-Mailbox"),
)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    opened = open_case(tmp_path / "case")
    yield opened
    opened.close()


def told(case: Case, *given: Any) -> list[str]:
    return [gap_sentence(gap) for gap in harden.audit_gaps(case, *given).itertuples()]


EIGHT = "2026-03-02 08:00 UTC"
UNREAD = f"was switched off by {ADMIN} at {EIGHT}; whether it is on again was not read."
BOTH = f"(switched off by {ADMIN}, and on again by {ADMIN})."
ORGANISATION = "Mailbox auditing of the whole organisation"
MISSING = "MailItemsAccessed, Send, UpdateInboxRules, SoftDelete and 3 more"

# what was run (cmdlet, minute, parameters), and what is told of it without and with a state read afterwards
RUNS: list[tuple[list[tuple[str, int, dict[str, str]]], list[str], list[str]]] = [
    (
        [(ALL, 0, {"AuditDisabled": "True"}), (ALL, 5, {"AuditDisabled": "False"})],
        [f"{ORGANISATION} was off from {EIGHT} to 2026-03-02 08:05 UTC {BOTH}"],
        [],
    ),
    (
        [(ALL, 0, {"AuditDisabled": "True"}), (ALL, 1, {"AuditDisabled": "True"})],
        [f"{ORGANISATION} {UNREAD}"],
        [f"{ORGANISATION} was off from {EIGHT} to 2026-03-05 08:00 UTC (switched off by {ADMIN})."],
    ),
    (
        [(LOG, 3, {"UnifiedAuditLogIngestionEnabled": "True"}), (LOG, 4, {"UnifiedAuditLogIngestionEnabled": "True"})],
        [
            f"The searchable audit log of the whole organisation was switched on by {ADMIN} at 2026-03-02 08:03 UTC; "
            "whether it was off before is not recorded."
        ],
        [],
    ),
    (
        [(BYPASS, 0, {"Identity": ADELE, "AuditBypassEnabled": "$true"})],
        [f"Logging of what {ADELE} does in mailboxes {UNREAD}"],
        [],
    ),
    (
        [
            (BOX, 0, {"Identity": ADELE, "AuditOwner": "MailboxLogin;HardDelete"}),
            (BOX, 9, {"Identity": ADELE, "DefaultAuditSet": "Admin;Delegate;Owner"}),
        ],
        [
            f"Logging of some acts of the owner in the mailbox {ADELE} ({MISSING}) was off from {EIGHT} to "
            f"2026-03-02 08:09 UTC {BOTH}"
        ],
        [],
    ),
    (
        [
            (BOX, 0, {"Identity": ADELE, "AuditDelegate": "@{remove=SendAs}"}),
            (BOX, 1, {"Identity": ADELE, "AuditDelegate": "@{add=Move}"}),
        ],
        [f"Logging of some acts of delegates in the mailbox {ADELE} (SendAs) {UNREAD}"],
        [],
    ),
    (
        [
            (BOX, 0, {"Identity": ADELE, "AuditLogAgeLimit": "00:00:00", "AuditEnabled": "False"}),
            (BOX, 2, {"Identity": ADELE, "AuditLogAgeLimit": "365.00:00:00", "AuditEnabled": "True"}),
        ],
        [
            f"The auditing flag of the mailbox {ADELE} (for most mailboxes the organisation's switch overrides it) was "
            f"off from {EIGHT} to 2026-03-02 08:02 UTC {BOTH}",
            f"Keeping audit records in the mailbox {ADELE} for the usual 90 days (set to 0) was off from {EIGHT} to "
            f"2026-03-02 08:02 UTC {BOTH}",
        ],
        [],
    ),
    ([(BOX, 0, {"Identity": ADELE, "ForwardingSmtpAddress": "x@audit.example"})], [], []),
]


@pytest.mark.parametrize(("run", "expected", "with_state"), RUNS)
def test_what_the_log_tells(
    case: Case, tmp_path: Path, run: list[Any], expected: list[str], with_state: list[str]
) -> None:
    acts(case, tmp_path, *(cmdlet(f"r{n}", name, minute, **how) for n, (name, minute, how) in enumerate(run)))
    assert told(case) == expected
    if with_state:
        assert told(case, state()) == with_state


def test_what_failed_switched_nothing_off(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, cmdlet("x", ALL, AuditDisabled="True") | {"ResultStatus": "False"})
    assert told(case) == []


def test_what_is_off_without_a_record_is_off_since_nobody_knows(case: Case) -> None:
    bypass = [{"Identity": "1", "UserPrincipalName": ADELE, "AuditBypassEnabled": True}]
    gaps = harden.audit_gaps(case, state(mailbox(ADELE, AuditLogAgeLimit="7.00:00:00"), bypass=bypass))
    assert list(gaps.columns) == ["scope", "topic", "what", "since", "until", "by", "ended_by", "still", "how"]
    assert [gap_sentence(gap) for gap in gaps.itertuples()] == [
        f"Logging of what {ADELE} does in mailboxes is off; since when is not recorded.",
        f"Keeping audit records in the mailbox {ADELE} for the usual 90 days (set to 7) is off; since when is not "
        "recorded.",
    ]
    assert set(gaps.how) == {"so it was when the tenant was read; no record says since when"}
    assert gaps.since.isna().all()
    assert list(gaps.still) == [True, True]


def test_the_record_gives_the_time_to_what_is_still_off(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, cmdlet("x", BYPASS, Identity="adele@CONTOSO.com", AuditBypassEnabled="True"))
    bypass = [{"Identity": "1", "UserPrincipalName": ADELE, "AuditBypassEnabled": True}]
    report = harden.auditing(case, state(mailbox(ADELE), bypass=bypass))
    (gap,) = report.gaps.itertuples()
    assert gap.still is True
    assert gap.since == pd.Timestamp("2026-03-02 08:00", tz="UTC")
    assert gap_sentence(gap) == (
        f"Logging of what {ADELE} does in mailboxes is off since 2026-03-02 08:00 UTC (switched off by {ADMIN})."
    )
    said = report.trust(ADELE)
    assert said.startswith(f"No. What {ADELE} does in any mailbox")
    assert "is off since 2026-03-02 08:00 UTC" in said
    assert said.endswith("does not mean that nothing happened.")


def test_a_mailbox_named_by_its_id_is_told_by_its_address(case: Case, tmp_path: Path) -> None:
    name = f"EURP/Hosted Organizations/contoso/id of {ADELE}"
    acts(case, tmp_path, cmdlet("x", BOX, Identity=name, AuditOwner="MailboxLogin") | {"ObjectId": name})
    assert list(harden.audit_gaps(case, state(mailbox(ADELE))).scope) == [ADELE]


STINGER, ALEX = "stinger@contoso.onmicrosoft.com", "alex@contoso.onmicrosoft.com"


@pytest.mark.parametrize(
    ("sample", "scope", "topic", "minute"),
    [
        ("t1562-Set-MailboxAuditBypassAssociation.json", ALEX, "bypass", "2023-05-20 11:07"),
        ("t1562.008_Set-MailboxAuditBypassAssociation.csv", ALEX, "bypass", "2023-05-20 11:07"),
        ("t1562-UnifiedAuditlogIngestion-Stopped.json", "everybody", "searchable log", "2023-05-20 10:54"),
        ("t1562.008_Disable UAL ingestion.csv", "everybody", "searchable log", "2023-05-23 13:38"),
        ("t1562.001_Set-Mailbox-AuditLogAgeLimitoZero.csv", ALEX, "age", "2023-05-20 11:01"),
    ],
)
def test_published_samples_tell_since_when(
    case: Case, shared: Path, sample: str, scope: str, topic: str, minute: str
) -> None:
    case.load(shared / "samples" / "det-eng-samples" / sample)
    (gap,) = harden.audit_gaps(case).itertuples()
    assert (gap.scope, gap.topic, gap.by, gap.still) == (scope, topic, STINGER, None)
    assert f"{gap.since:%Y-%m-%d %H:%M}" == minute


def test_the_scenarios_bypass_is_found_with_its_time_and_shown_in_the_coverage_view(case: Case) -> None:
    case.load(SAMPLES / "purview-audit-search.csv")
    (gap,) = harden.audit_gaps(case).itertuples()
    assert (gap.scope, gap.topic, gap.by, gap.still) == (*["katrin.vogel@contoso.com", "bypass"], gap.scope, None)
    html = coverage_html(case, gap.since.tzinfo, "UTC")
    assert f"switched off by katrin.vogel@contoso.com at {gap.since:%Y-%m-%d %H:%M} UTC" in html
    assert "does not look back" in html


def test_the_coverage_view_says_nothing_found_only_where_a_log_was(case: Case, tmp_path: Path) -> None:
    utc = pd.Timestamp.now("UTC").tzinfo
    assert utc is not None
    assert "not checked: this case has no audit log" in coverage_html(case, utc, "UTC")
    acts(case, tmp_path, cmdlet("x", "New-InboxRule", Name="a"))
    assert "No record here switches auditing off" in coverage_html(case, utc, "UTC")


@pytest.mark.parametrize(
    ("given", "colour"),
    [
        (state(), BOX_COLOURS["done"]),
        (state(mailbox(AuditLogAgeLimit="1.00:00:00")), BOX_COLOURS["warning"]),
        (state(disabled=True), BOX_COLOURS["error"]),
        (None, BOX_COLOURS["note"]),
    ],
)
def test_the_page_is_green_only_where_everything_was_read_and_is_on(case: Case, given: Any, colour: str) -> None:
    html = auditing_html(harden.auditing(case, given))
    assert html.startswith(f'<div class="toolkit-box" style="border-left-color:{colour}">')


def test_the_page_says_what_a_manager_has_to_know_and_escapes_the_rest(case: Case, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>@evil.example"
    acts(case, tmp_path, cmdlet("x", BYPASS, Identity="<img src=x onerror=1>" * 9000, AuditBypassEnabled="True"))
    boxes = [mailbox(evil, AuditLogAgeLimit="1.00:00:00"), mailbox(ADELE), mailbox("b@contoso.com")]
    report = harden.auditing(case, state(*boxes))
    html = auditing_html(report, [ADELE, evil])
    assert "Is what happens in mailboxes recorded?" in html
    assert "Is its audit log trustworthy? <b>Yes, as it was read on 2026-03-05" in html
    assert "Auditing is on for the organisation, but not whole for 1 account" in html
    assert "2 mailboxes are audited as they should be." in html
    assert "Keep the audit records of the mailbox" in html
    assert "Switching auditing on does not look back" in html
    assert "<script>" not in html
    assert "<img" not in html
    assert len(html) < 40_000
    assert "not checked: this case has no audit log" in gaps_html(report.gaps.head(0), log=False)


def test_a_dated_gap_is_not_lost_among_hundreds_without_a_date(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, cmdlet("r1", BYPASS, 0, Identity=ADELE, AuditBypassEnabled="True"))
    boxes = [mailbox(f"box{n}@contoso.com", AuditEnabled=False, DefaultAuditSet=[]) for n in range(300)]
    off = [{"Identity": ADELE, "UserPrincipalName": ADELE, "AuditBypassEnabled": True}]
    report = harden.auditing(case, state(*boxes, bypass=off))
    assert str(report.gaps.iloc[0].scope) == ADELE
    page = gaps_html(report.gaps, log=True)
    lines = re.findall(r"<li>(.*?)<span", page)
    assert lines[0].startswith(f"Logging of what {ADELE} does in mailboxes is off since 2026-03-02 08:00 UTC")
    assert any("The auditing flag of 300 mailboxes (box0@contoso.com, " in line for line in lines)
    assert any("Logging of some acts of the owner in 300 mailboxes" in line for line in lines)
    assert len(lines) < 10
    assert "more.</p>" not in page
    first = re.findall(r"<li>(.*?)<span", gaps_html(report.gaps, log=True, accounts=["box7@contoso.com"]))
    assert "box7@contoso.com" in first[1]


def test_many_mailboxes_switched_off_one_by_one_are_one_line_with_its_times(case: Case, tmp_path: Path) -> None:
    boxes = (f"box{n}@contoso.com" for n in range(50))
    acts(case, tmp_path, *(cmdlet(b, BOX, n, Identity=b, AuditEnabled="False") for n, b in enumerate(boxes)))
    lines = re.findall(r"<li>(.*?)<span", gaps_html(harden.audit_gaps(case), log=True))
    assert len(lines) == 1
    assert "of 50 mailboxes" in lines[0]
    assert f"switched off by {ADMIN} between 2026-03-02 08:00 UTC and 2026-03-02 08:49 UTC" in lines[0]
