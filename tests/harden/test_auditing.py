"""The truth table of auditing, row by row: what was read, what that means, and what would set it right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.detect.alone import acts, cmdlet
from tests.harden.audit_states import ANNA, ROOM, mailbox, state
from toolkit import harden, open_case
from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    opened = open_case(tmp_path / "case")
    yield opened
    opened.close()


SWITCH, LOG, OUT = "mailbox auditing", "searchable audit log", "accounts left out"
FLAG, ACTIONS, AGE = "flag of the mailbox", "actions that are logged", "age limit of the mailbox"
RESOURCES, KEPT = "resource and public-folder mailboxes", "how long records are kept"
BYPASS = [{"Identity": "guid-1", "UserPrincipalName": ANNA, "AuditBypassEnabled": True}]
FULL = [
    *("Update", "MoveToDeletedItems", "SoftDelete", "HardDelete", "UpdateFolderPermissions", "UpdateInboxRules"),
    *("UpdateCalendarDelegation", "ApplyRecord", "MailItemsAccessed", "Send"),
]
WITHOUT_PREMIUM = {"PersistedCapabilities": ["BPOS_S_Standard"]}
BY_HAND = {"DefaultAuditSet": ["Admin", "Delegate"]}

# state, check, scope, verdict, part of what it says, kind of the repair
ROWS: list[tuple[Snapshot, str, str, str, str, str]] = [
    (state(), SWITCH, "everybody", "on", "whatever their own flag says", ""),
    (state(disabled=True), SWITCH, "everybody", "off", "Nothing that anybody does", "audit-organisation"),
    (state(disabled="True"), SWITCH, "everybody", "off", "Nothing", "audit-organisation"),
    (state(problems={"organisation settings": "403 a role is missing"}), SWITCH, "everybody", "not checked", "403", ""),
    (state(disabled=None), SWITCH, "everybody", "not checked", "AuditDisabled is missing", ""),
    (state(), LOG, "everybody", "on", "arrive in the audit log", ""),
    (state(ingested=False), LOG, "everybody", "off", "Exchange itself says so", "audit-unified-log"),
    (state(problems={"unified auditing": "time is up"}), LOG, "everybody", "not checked", "time is up", ""),
    (state(), OUT, "everybody", "on", "Nobody is left out", ""),
    (state(bypass=BYPASS), OUT, "everybody", "partly", ANNA, ""),
    (state(bypass=BYPASS), OUT, ANNA, "off", "leaves no record", "end-audit-bypass"),
    (state(bypass=[{"Identity": "Backup"}]), OUT, "everybody", "not checked", "Backup", ""),
    (state(problems={"audit bypass": "403"}), OUT, "everybody", "not checked", "403", ""),
    (state(), FLAG, ANNA, "on", "overrides the flag", ""),
    (state(mailbox(AuditEnabled=False)), FLAG, ANNA, "on", "overrides the flag", "audit-mailbox"),
    (state(mailbox(AuditEnabled=False, **WITHOUT_PREMIUM)), FLAG, ANNA, "partly", "may not reach", "audit-mailbox"),
    (state(mailbox(), disabled=True), FLAG, ANNA, "off", "counts for nothing", ""),
    (
        state(mailbox(AuditEnabled=False), problems={"organisation settings": "403"}),
        *(FLAG, ANNA, "not checked", "decides over the flag", "audit-mailbox"),
    ),
    (state(mailbox(ROOM, RecipientTypeDetails="RoomMailbox")), FLAG, ROOM, "on", "by this flag alone", ""),
    (
        state(mailbox(ROOM, RecipientTypeDetails="RoomMailbox", AuditEnabled=False)),
        *(FLAG, ROOM, "off", "by this flag alone", "audit-mailbox"),
    ),
    (
        state(mailbox(ROOM, RecipientTypeDetails="EquipmentMailbox", AuditEnabled="absent")),
        *(FLAG, ROOM, "not checked", "by this flag alone", ""),
    ),
    (state(), RESOURCES, "everybody", "not checked", "Get-Mailbox -PublicFolder", ""),
    (
        state(mailbox(ROOM, RecipientTypeDetails="RoomMailbox", AuditEnabled=False)),
        *(RESOURCES, "everybody", "off", "does not cover resource", ""),
    ),
    (state(), ACTIONS, ANNA, "on", "Microsoft's default actions", ""),
    (
        state(mailbox(**BY_HAND, AuditOwner=["MailboxLogin"])),
        *(ACTIONS, ANNA, "partly", "mail read (MailItemsAccessed)", "restore-audit-actions"),
    ),
    (state(mailbox(**BY_HAND, AuditOwner=["MailboxLogin"])), ACTIONS, ANNA, "partly", "Send", "restore-audit-actions"),
    (
        state(mailbox(**BY_HAND, AuditOwner=FULL[:-1])),
        *(ACTIONS, ANNA, "partly", "of the owner: mail sent (Send).", "restore-audit-actions"),
    ),
    # What only Audit (Premium) logs is not missed where the licence is known to lack it.
    (state(mailbox(**BY_HAND, AuditOwner=FULL[:-2], **WITHOUT_PREMIUM)), ACTIONS, ANNA, "on", "by hand", ""),
    (state(mailbox(**BY_HAND, AuditOwner=FULL)), ACTIONS, ANNA, "on", "kept by hand", ""),
    (state(mailbox(DefaultAuditSet=[], AuditOwner="absent")), ACTIONS, ANNA, "partly", "", "restore-audit-actions"),
    (state(mailbox(**BY_HAND, AuditOwner="absent")), ACTIONS, ANNA, "partly", "not read", "restore-audit-actions"),
    (
        state(mailbox(DefaultAuditSet="absent", AuditOwner="absent", AuditDelegate="absent", AuditAdmin="absent")),
        *(ACTIONS, ANNA, "not checked", "not known", ""),
    ),
    (state(), AGE, ANNA, "on", "as is usual", ""),
    (state(mailbox(AuditLogAgeLimit="180.00:00:00")), AGE, ANNA, "on", "", ""),
    (state(mailbox(AuditLogAgeLimit="30.00:00:00")), AGE, ANNA, "partly", "after 30 days", "restore-audit-age"),
    (state(mailbox(AuditLogAgeLimit="00:00:00")), AGE, ANNA, "partly", "after 0 days", "restore-audit-age"),
    (state(mailbox(AuditLogAgeLimit="absent")), AGE, ANNA, "not checked", "", ""),
    (state(), KEPT, "everybody", "on", "SPE_E5", ""),
    (state(licences=[]), KEPT, "everybody", "not checked", "no licence", ""),
    (
        state(mailbox(PersistedCapabilities="absent"), problems={"licences": "403"}),
        *(KEPT, "everybody", "not checked", "403", ""),
    ),
    (state(licences=[{"skuPartNumber": "10_ALR_ADDON"}]), KEPT, "everybody", "on", "Ten years", ""),
]  # fmt: skip


@pytest.mark.parametrize(("given", "check", "scope", "verdict", "says", "repair"), ROWS)
def test_a_row_of_the_truth_table(
    case: Case, given: Snapshot, check: str, scope: str, verdict: str, says: str, repair: str
) -> None:
    (row,) = [r for r in harden.auditing(case, given).rows if (r.check, r.scope) == (check, scope)]
    assert row.verdict == verdict
    assert says in f"{row.read} {row.meaning}"
    assert (row.repair.kind if row.repair else "") == repair
    assert row.meaning.endswith(".")
    assert row.read


def test_the_default_lists_are_those_that_microsoft_documents() -> None:
    from toolkit.harden.audit_turns import default_actions

    lists = {kind: set(actions) for kind, actions in default_actions().items()}
    assert lists["Owner"] == set(FULL)
    assert lists["Delegate"] == set(FULL) - {"Send", "UpdateCalendarDelegation"} | {"SendAs", "SendOnBehalf", "Create"}
    assert lists["Admin"] == set(FULL) | {"SendAs", "SendOnBehalf", "Create"}


def test_one_mailbox_is_trusted_only_as_far_as_was_read(case: Case) -> None:
    well = harden.auditing(case, state())
    assert well.sentence == "Auditing is on for the organisation, and whole for 1 mailbox."
    assert well.trust(ANNA).startswith("Yes, as it was read on 2026-03-05")
    assert "Since when cannot be said: the case has no audit log" in well.trust(ANNA)
    assert well.now("nobody@contoso.com") == "It cannot be said: no mailbox of nobody@contoso.com was read."
    assert well.trust(f"ID of {ANNA}") == well.trust(ANNA)

    off = harden.auditing(case, state(disabled=True))
    assert off.trust(ANNA).startswith("No. Nothing that anybody does in any mailbox is logged")
    assert off.sentence.startswith("Off for everybody: mailbox auditing.")

    part = harden.auditing(case, state(mailbox(**BY_HAND, AuditOwner=["MailboxLogin"]), mailbox("b@contoso.com")))
    assert part.trust(ANNA).startswith("Only in part. A list changed by hand")
    assert part.trust("b@contoso.com").startswith("Yes")
    assert part.sentence == f"Auditing is on for the organisation, but not whole for 1 account: {ANNA}."

    unseen = harden.auditing(case, state(problems={"audit bypass": "403", "unified auditing": "403"}))
    assert unseen.trust(ANNA).startswith("It cannot be said: not checked is searchable audit log, accounts left out.")


def test_somebody_left_out_is_a_hole_in_everybodys_log(case: Case) -> None:
    report = harden.auditing(case, state(mailbox(), mailbox("b@contoso.com"), bypass=BYPASS))
    assert report.trust(ANNA).startswith("No. ")
    assert report.trust("b@contoso.com").startswith(f"Only in part. What {ANNA} does in any mailbox")


def test_a_log_without_changes_says_how_far_it_reaches(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, cmdlet("x", "New-InboxRule", Name="a"))
    said = harden.auditing(case, state()).trust(ANNA)
    assert "from 2026-03-02 08:00 UTC to 2026-03-02 08:00 UTC, has no change of these settings" in said


def test_repairs_are_the_organisations_first_and_can_be_those_of_one_mailbox(case: Case) -> None:
    boxes = [mailbox(AuditLogAgeLimit="1.00:00:00"), mailbox("b@contoso.com", AuditEnabled=False)]
    report = harden.auditing(case, state(*boxes, disabled=True, ingested=False, bypass=BYPASS))
    assert [action.kind for action in harden.audit_repairs(report)] == [
        *("audit-organisation", "audit-unified-log", "end-audit-bypass", "audit-mailbox", "restore-audit-age"),
    ]
    one = harden.audit_repairs(report, "B@contoso.com", everybody=False)
    assert [action.key for action in one] == ["audit-mailbox:id of b@contoso.com"]
    kinds = {action.kind for action in harden.audit_repairs(report, [f"id of {ANNA}"])}
    assert kinds == {"audit-organisation", "audit-unified-log", "end-audit-bypass", "restore-audit-age"}
    assert harden.audit_repairs(harden.auditing(case, state())) == []


def load(case: Case, folder: Path, **files: Any) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
        case.load(folder / f"{name}.json")


def test_files_alone_tell_the_same(case: Case, tmp_path: Path) -> None:
    given = state(
        mailbox(**BY_HAND, AuditOwner=["MailboxLogin"]),
        bypass=[*BYPASS, {"Identity": "b", "AuditBypassEnabled": False}],
    )
    load(
        case,
        tmp_path,
        organisation=given.rows("organisation settings"),
        log=given.rows("unified auditing"),
        boxes=given.rows("mailboxes"),
        bypass=given.rows("audit bypass"),
        licences={"value": [{"skuId": "k"} | given.rows("licences")[0]]},
    )  # fmt: skip
    live, offline = harden.auditing(case, given), harden.auditing(case)
    assert [(r.check, r.scope, r.verdict) for r in offline.rows] == [(r.check, r.scope, r.verdict) for r in live.rows]
    assert [r.repair.about for r in offline.rows if r.repair] == [r.repair.about for r in live.rows if r.repair]
    assert "from a file" in offline.rows[0].read
    assert offline.trust(ANNA).startswith("No. ")


def test_without_anything_it_is_not_checked_and_says_what_to_export(case: Case) -> None:
    report = harden.auditing(case)
    assert {row.verdict for row in report.rows} == {"not checked"}
    assert all(row.read.startswith("no file of this case has it") for row in report.rows)
    assert "Get-OrganizationConfig | ConvertTo-Json" in report.rows[0].read
    assert report.sentence == (
        "It cannot be said whether auditing is on: not checked is mailbox auditing, searchable audit log."
    )
    assert report.trust(ANNA).startswith("It cannot be said: not checked is mailbox auditing")
    assert harden.audit_repairs(report) == []


def test_a_reading_that_failed_is_taken_from_a_file(case: Case, tmp_path: Path) -> None:
    load(case, tmp_path, organisation={"Identity": "x", "AuditDisabled": True})
    (row, *_) = harden.auditing(case, state(problems={"organisation settings": "403"})).rows
    assert (row.verdict, row.read) == ("off", "AuditDisabled: true, from a file")


def test_a_compliance_sessions_false_is_no_alarm(case: Case, tmp_path: Path) -> None:
    load(case, tmp_path, log={"Identity": "x", "UnifiedAuditLogIngestionEnabled": False})
    acts(case, tmp_path, cmdlet("x", "New-InboxRule", Name="a"))
    report = harden.auditing(case)
    row = report.rows[1]
    assert (row.verdict, row.repair) == ("not checked", None)
    assert "A compliance session (Connect-IPPSSession) always says false" in row.meaning
    assert "records up to 2026-03-02 08:00 UTC, so it was on then" in row.meaning
    assert report.gaps.empty

    load(case, tmp_path, log={"Identity": "x", "UnifiedAuditLogIngestionEnabled": True})
    assert "say both" in harden.auditing(case).rows[1].read  # which of the two is the older one, no file tells


def test_the_table_is_a_frame_with_the_title_of_each_repair(case: Case) -> None:
    frame = harden.auditing(case, state(mailbox(AuditLogAgeLimit="1.00:00:00"))).frame()
    assert list(frame.columns) == ["check", "scope", "read", "verdict", "meaning", "repair"]
    assert frame.repair[frame.check == AGE].iloc[0] == (
        f"Keep the audit records of the mailbox “{ANNA}” for 90 days again"
    )
