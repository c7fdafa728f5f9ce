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


def opened(record_id: str, member: str, rights: str, path: str = "\\Inbox", **more: object) -> dict[str, object]:
    """A folder's permissions changed in Outlook, as Exchange records it."""
    folder = {"Id": "LgAAAA", "MemberRights": rights, "MemberUpn": member, "Name": path[1:], "Path": path}
    item = {"Id": "LgAAAA", "ParentFolder": folder}
    return document(record_id, "AddFolderPermissions", Item=item, **({"MailboxOwnerUPN": ADELE} | more))


def test_folders_opened_in_outlook_name_the_person_and_the_rights(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        opened("bob", "bob@contoso.com", "ReadAny, Visible"),
        opened("all", "Default", "ReadAny, Create, Visible", "\\Sent Items"),
        opened("cal", "bob@contoso.com", "ReadAny, FreeBusySimple, FreeBusyDetailed", "\\Kalender"),
        opened("other", "bob@contoso.com", "ReadAny", MailboxOwnerUPN="carol@contoso.com", UserId="S-1-5-18"),
    )
    found = {f.evidence[0]: f for f in alone(case, "DG-03")}
    severities = {"bob": "medium", "all": "high", "cal": "low", "other": "medium"}
    assert {i: f.severity for i, f in found.items()} == severities
    said = f"The folder “\\Inbox” of {ADELE} was opened to bob@contoso.com (ReadAny, Visible). It was done by {ADELE}."
    assert (found["bob"].summary, found["bob"].involved) == (said, ["bob@contoso.com"])
    assert (found["other"].user, found["other"].involved) == ("carol@contoso.com", ["bob@contoso.com"])


def test_folders_opened_without_the_right_to_read_or_by_the_service_are_no_finding(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        opened("busy", "Default", "FreeBusySimple"),
        opened("none", "bob@contoso.com", "None", "\\A"),
        opened("put", "bob@contoso.com", "Create, Visible", "\\B"),
        opened("team", "Member@local", "ReadAny, Create, EditAny", "\\C"),
        opened("service", "bob@contoso.com", "ReadAny", "\\D", UserId="S-1-5-18", ExternalAccess=True),
        cmdlet("post", "Add-MailboxFolderPermission", Identity=f"{ADELE}:\\E", User="bob", AccessRights="Contributor"),
    )
    assert alone(case, "DG-03") == []


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
