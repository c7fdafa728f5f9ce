"""DG: rights on mailboxes given to others."""

from __future__ import annotations

from pathlib import Path

from tests.detect.alone import ADELE, ADMIN, acts, alone, cmdlet, reason
from tests.formats.exports import document
from toolkit.case import Case
from toolkit.detect import triage


def test_without_an_audit_log_they_are_not_run(case: Case) -> None:
    not_run = {n.id: n.reason for n in triage(case).not_run}
    for name in ("DG-01", "DG-02", "DG-03", "DG-04", "DG-06", "CL-04", "CL-05", "CL-06", "CL-07", "ID-01", "OA-01"):
        assert not_run[name] == "no audit log in this case"


def test_full_access(case: Case, tmp_path: Path) -> None:
    rights = {"Identity": ADELE, "User": "mallory@contoso.com"}
    acts(
        case,
        tmp_path,
        cmdlet("full", "Add-MailboxPermission", AccessRights="FullAccess", **rights),
        cmdlet(
            "hid",
            "Add-MailboxPermission",
            1,
            AccessRights="FullAccess",
            Identity="b@contoso.com",
            User="m",
            AutoMapping="False",
        ),
        cmdlet("near", "Add-MailboxPermission", 2, AccessRights="ExternalAccount", Identity="c@contoso.com", User="m"),
        cmdlet(
            "self",
            "Add-MailboxPermission",
            3,
            AccessRights="FullAccess",
            Identity="d@contoso.com",
            User="NT AUTHORITY\\SELF",
        ),
        cmdlet("service", "Add-MailboxPermission", 4, AccessRights="FullAccess", Identity="e@contoso.com", User="m")
        | {"UserId": "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)", "UserType": 3},
        cmdlet("failed", "Add-MailboxPermission", 5, AccessRights="FullAccess", Identity="f@contoso.com", User="m")
        | {"ResultStatus": "False"},
    )
    first, hidden = alone(case, "DG-01")
    assert (first.severity, first.evidence, first.user) == ("high", ["full"], ADMIN)
    assert first.involved == [ADELE, "mallory@contoso.com"]
    assert f"mallory@contoso.com may now open the whole mailbox of {ADELE}" in first.summary
    assert (hidden.severity, hidden.evidence) == ("critical", ["hid"])
    assert {f.id for f in triage(case, [ADELE]).findings} == {"DG-01"}


def test_send_as_and_on_behalf(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet("as", "Add-RecipientPermission", AccessRights="SendAs", Identity=ADELE, Trustee="mallory@contoso.com"),
        cmdlet("for", "Set-Mailbox", 1, Identity="b@contoso.com", GrantSendOnBehalfTo="mallory@contoso.com"),
        cmdlet("other", "Set-Mailbox", 2, Identity="c@contoso.com", HiddenFromAddressListsEnabled="True"),
    )
    one, two = alone(case, "DG-02")
    assert (one.severity, one.evidence, two.evidence) == ("high", ["as"], ["for"])
    assert "send mail as" in one.summary
    assert "on behalf of" in two.summary


def test_folders(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet(
            "all", "Add-MailboxFolderPermission", Identity=f"{ADELE}:\\Inbox", User="Default", AccessRights="Reviewer"
        ),
        cmdlet("one", "Add-MailboxFolderPermission", 1, Identity=f"{ADELE}:\\Sent", User="bob", AccessRights="Owner"),
        cmdlet(
            "cal",
            "Set-MailboxFolderPermission",
            2,
            Identity=f"{ADELE}:\\Kalender",
            User="Default",
            AccessRights="Reviewer",
        ),
        cmdlet(
            "busy",
            "Set-MailboxFolderPermission",
            3,
            Identity=f"{ADELE}:\\X",
            User="Default",
            AccessRights="AvailabilityOnly",
        ),
        document("owa", "AddFolderPermissions", CreationTime="2026-03-02T08:04:00", Folder={"Path": "\\Inbox"}),
    )
    found = {f.evidence[0]: f for f in alone(case, "DG-03")}
    assert {i: f.severity for i, f in found.items()} == {"all": "high", "one": "medium", "cal": "low", "owa": "medium"}
    assert ADELE in found["all"].involved


def test_published_calendar_and_impersonation(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet(
            "web",
            "Set-MailboxCalendarFolder",
            Identity=f"{ADELE}:\\Calendar",
            PublishEnabled="True",
            DetailLevel="FullDetails",
        ),
        cmdlet("off", "Set-MailboxCalendarFolder", 1, Identity="b@contoso.com:\\Calendar", PublishEnabled="False"),
        cmdlet("role", "New-ManagementRoleAssignment", 2, Role="ApplicationImpersonation", User="mallory@contoso.com"),
        cmdlet("dull", "New-ManagementRoleAssignment", 3, Role="MyBaseOptions", User="bob@contoso.com"),
    )
    (calendar,) = alone(case, "DG-04")
    assert (calendar.severity, calendar.evidence) == ("medium", ["web"])
    (role,) = alone(case, "DG-06")
    assert (role.severity, role.evidence) == ("critical", ["role"])
    assert not reason(case, "DG-06")
