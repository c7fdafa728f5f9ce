"""Who has which second factor, and is made to use it by what: on published samples, files, and the practice tenant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import BREAK_GLASS, GUEST, OPERATOR, VICTIM, Room
from tests.harden.tenant_rows import OFF, ON, policy, registered, state
from tests.needs import ROOT
from toolkit import harden, open_case
from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import Target
from toolkit.detect import Triage
from toolkit.harden.mfa import MfaAccount, MfaReport, export_mfa
from toolkit.views.hardening_mfa import lookup_html, mfa_html

CONTOSO = ROOT / "data" / "samples" / "contoso-bec"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


def account(report: MfaReport, user: str) -> MfaAccount:
    return next(a for a in report.accounts if a.user.lower().startswith(user))


def required(
    case: Case, *policies: dict[str, Any], defaults: Any = OFF, user: Any = None, **more: Any
) -> tuple[str, str]:
    """The answer for anna."""
    anna = user or registered("anna", "mobilePhone")
    found = state(registration=[anna], conditional_access=list(policies), security_defaults=defaults, **more)
    answer = account(harden.mfa(case, found, found=Triage()), "anna").required
    return answer.state, answer.told


def test_published_report_of_a_small_tenant_invents_and_drops_nothing(case: Case, shared: Path) -> None:
    sample = shared / "samples" / "m365-assess"
    case.load(sample / "03-MFA-Report.csv", sample / "04-Admin-Roles.csv")
    report = harden.mfa(case)
    assert {a.user for a in report.accounts} == {
        "admin@contoso.com",
        "alex.johnson@contoso.com",
        "guest_outlook.com#EXT#@contoso.onmicrosoft.com",
        "guest2_outlook.com#EXT#@contoso.onmicrosoft.com",
    }
    assert all(a.admin for a in report.accounts)
    assert [a.strength for a in report.accounts] == ["none", "none", "phishable", "resistant"]
    alex, admin = account(report, "alex"), account(report, "admin@")
    assert alex.roles == ["Compliance Administrator", "Global Administrator"]
    assert [m.name for m in alex.methods or []] == [
        "email", "microsoftAuthenticatorPush", "mobilePhone", "passKeyDeviceBoundAuthenticator",
        "softwareOneTimePasscode",
    ]  # fmt: skip
    assert "attacks chooses the weakest" in " ".join(alex.remarks)
    assert (admin.strength, admin.roles, admin.enabled) == ("phishable", ["Global Administrator"], None)
    assert all(a.guest for a in report.accounts if a.strength == "none")
    assert {a.required.state for a in report.accounts} == {"not checked"}
    assert "does not say when it was made" in report.told
    assert any("Conditional Access: not checked" in said for said in report.not_checked)


def test_published_graph_page_is_read_as_it_stands(case: Case, shared: Path, tmp_path: Path) -> None:
    example = json.loads((shared / "contracts/examples/userregistrationdetails-list.json").read_text("utf-8"))
    (tmp_path / "page.json").write_text(json.dumps(example["examples"][0]["response"]["body"]), "utf-8")
    case.load(tmp_path / "page.json")
    report = harden.mfa(case)
    assert {a.user: a.strength for a in report.accounts} == {
        "AlexW@Contoso.com": "phishable",
        "AllanD@Contoso.com": "none",
        "BiancaP@Contoso.com": "phishable",
    }
    assert {a.admin for a in report.accounts} == {None}, "the page does not say"


@pytest.mark.parametrize(
    ("methods", "strength"),
    [
        ((), "none"),
        (("email",), "none"),
        (("mobilePhone",), "weak"),
        (("officePhone", "alternateMobilePhone"), "weak"),
        (("mobilePhone", "email"), "weak"),
        (("microsoftAuthenticatorPush",), "phishable"),
        (("softwareOneTimePasscode", "mobilePhone"), "phishable"),
        (("hardwareOneTimePasscode",), "phishable"),
        (("passKeyDeviceBound",), "resistant"),
        (("windowsHelloForBusiness", "email"), "resistant"),
        (("x509CertificateMultiFactor",), "resistant"),
        (("thoughtTransfer",), "unknown"),
        (("temporaryAccessPass",), "weak"),
    ],
)
def test_the_best_method_counts(case: Case, methods: tuple[str, ...], strength: str) -> None:
    report = harden.mfa(case, state(registration=[registered("anna", *methods)]), found=Triage())
    assert account(report, "anna").strength == strength


def test_administrators_come_first_the_weakest_first_guests_and_disabled_apart(case: Case) -> None:
    rows = [
        registered("zoe", "passKeyDeviceBound", isAdmin=True),
        registered("adam"),
        registered("berta", isAdmin=True),
        registered("carl", "mobilePhone"),
        registered("guest", userType="guest"),
    ]
    accounts = [{"id": "id-gone", "userPrincipalName": "gone@contoso.example", "accountEnabled": False}]
    report = harden.mfa(case, state(registration=rows, accounts=accounts))
    assert [a.user.partition("@")[0] for a in report.accounts] == ["berta", "zoe", "adam", "carl", "guest", "gone"]
    assert [a.user.partition("@")[0] for a in report.disabled] == ["gone"]
    assert [a.user.partition("@")[0] for a in report.guests] == ["guest"]
    assert report.disabled[0].remarks == ["It is disabled, and the report leaves such accounts out."]


def test_a_policy_in_report_only_enforces_nothing(case: Case) -> None:
    answer, told = required(case, policy(state="enabledForReportingButNotEnforced"))
    assert answer == "no policy"
    assert "report-only and enforces nothing" in told
    assert "per-user state was not read" in told


@pytest.mark.parametrize(
    ("given", "answer", "phrase"),
    [
        (policy(), "yes", "asks for a second factor"),
        (policy(state="disabled"), "no policy", "No policy that is on reaches it"),
        (policy(users={"includeUsers": ["All"], "excludeUsers": ["id-anna"]}), "no policy", "leaves this account out"),
        (policy(users={"includeUsers": ["ID-ANNA"]}), "yes", "by name"),
        (policy(users={"includeUsers": ["id-bert"]}), "no policy", "No policy"),
        (policy(users={"includeGroups": ["g-finance"]}), "perhaps", "may apply through the group"),
        (
            policy(users={"includeUsers": ["All"], "excludeGroups": ["g-finance"]}),
            "perhaps",
            "may leave this account out through the group",
        ),
        (policy(users={"includeUsers": ["GuestsOrExternalUsers"]}), "no policy", "No policy"),
        (policy(clientAppTypes=["browser", "mobileAppsAndDesktopClients"]), "partly", "old protocols are not covered"),
        (policy(locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}), "partly", "trusted"),
        (policy(applications={"includeApplications": ["Office365"]}), "partly", "Office 365 only"),
        (policy(applications={"includeApplications": ["All"], "excludeApplications": ["x"]}), "partly", "leaves out"),
        (policy(signInRiskLevels=["high"]), "partly", "only when the sign-in is risky"),
        (policy(moonPhase=["full"]), "partly", "does not know (moonPhase)"),
        (
            policy(grant={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}),
            "partly",
            "a compliant device will do instead",
        ),
        (policy(grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}), "yes", "second factor"),
        (
            policy(grant={"operator": "OR", "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}}),
            "yes",
            "phishing-resistant",
        ),
        (policy(grant={"operator": "OR", "builtInControls": ["block"]}), "yes", "No sign-in gets through"),
        (
            policy(applications={"includeUserActions": ["urn:user:registersecurityinfo"]}),
            "no policy",
            "No policy",
        ),
    ],
)
def test_is_this_account_made_to_use_it_by_what(case: Case, given: dict[str, Any], answer: str, phrase: str) -> None:
    found, told = required(case, given)
    assert (found, phrase in told) == (answer, True), told


def test_roles_groups_and_the_per_user_state_decide_where_they_were_read(case: Case) -> None:
    by_role = policy("For administrators", users={"includeRoles": ["r-admin"]})
    holds = [{"principalId": "id-anna", "roleDefinitionId": "r-admin", "roleDefinition": {"displayName": "Admin"}}]
    assert required(case, by_role, roles=holds)[0] == "yes"
    assert "through the role “Admin”" in required(case, by_role, roles=holds)[1]
    assert required(case, by_role, roles=[])[0] == "no policy"
    assert required(case, by_role, user=registered("anna", isAdmin=None))[0] == "perhaps"
    by_group = policy("For finance", users={"includeGroups": ["g-finance"]})
    closer = Snapshot(Target("t", "id-anna", "anna@contoso.example"), "2026-09-18T14:00:00Z")
    found = state(registration=[registered("anna")], conditional_access=[by_group], security_defaults=OFF)
    for groups, per_user, answer in (
        ([{"id": "g-finance", "displayName": "Finance"}], "disabled", "yes"),
        ([], "disabled", "no"),
        ([], "enabled", "partly"),
        ([], "enforced", "yes"),
    ):
        closer.found = {"groups": groups, "per-user state": [{"perUserMfaState": per_user}]}
        report = harden.mfa(case, found, accounts=[closer], found=Triage())
        assert account(report, "anna").required.state == answer, (groups, per_user)
    assert "read for 1 chosen account" in report.per_user


def test_mfa_and_a_policy_of_its_own_against_old_protocols_are_one_answer(case: Case) -> None:
    new = ["browser", "mobileAppsAndDesktopClients"]
    mfa = policy("MFA for all", clientAppTypes=new)
    block = policy(
        "Block legacy authentication", clientAppTypes=["exchangeActiveSync", "other"],
        grant={"operator": "OR", "builtInControls": ["block"]},
    )  # fmt: skip
    rows = [registered("anna", "mobilePhone"), registered("bert", "microsoftAuthenticatorPush")]
    found = state(registration=rows, conditional_access=[mfa, block], security_defaults=OFF)
    report = harden.mfa(case, found, found=Triage())
    assert [a.required.state for a in report.accounts] == ["yes", "yes"]
    assert "“Block legacy authentication” blocks the sign-in" in report.accounts[0].required.told
    assert {s.number: s.done for s in report.steps if s.number in (5, 6)} == {
        5: True, 6: True
    }  # fmt: skip
    assert "2 of 2 accounts made to use one at every sign-in" in mfa_html(report)
    alone = harden.mfa(case, state(registration=rows, conditional_access=[mfa], security_defaults=OFF), found=Triage())
    assert {a.required.state for a in alone.accounts} == {"partly"}
    assert {s.done for s in alone.steps if s.number in (5, 6)} == {False}


def test_security_defaults_are_not_said_to_ask_at_every_sign_in(case: Case) -> None:
    rows = [registered("anna", "mobilePhone"), registered("bert", "mobilePhone")]
    holds = [{"principalId": "id-bert", "roleDefinitionId": "r", "roleDefinition": {"displayName": "Admin"}}]
    found = state(registration=rows, conditional_access=[], security_defaults=ON, roles=holds)
    page = mfa_html(harden.mfa(case, found, found=Triage()))
    assert "1 of 2 accounts made to use one at every sign-in" in page
    assert "1 more is asked only when Microsoft finds it needed (security defaults)" in page
    assert "asked when Microsoft finds it needed, not each time" in page


def test_security_defaults_answer_for_everybody(case: Case) -> None:
    assert required(case, defaults=ON)[0] == "yes"
    found = state(registration=[registered("anna")], conditional_access=[])
    assert account(harden.mfa(case, found, found=Triage()), "anna").required.state == "not checked", (
        "defaults were not read"
    )


def test_what_could_not_be_read_is_said_with_the_service_s_own_reason(case: Case) -> None:
    found = state(registration=[registered("anna")])
    found.problems = {"conditional access": "Microsoft Graph answered 403 Forbidden to GET /identity: no licence"}
    report = harden.mfa(case, found, found=Triage())
    assert report.policies is None
    assert "403 Forbidden" in report.policies_told
    assert account(report, "anna").required.state == "not checked"


def test_old_protocols_in_the_sign_ins_are_named_with_who_and_when(case: Case, tmp_path: Path) -> None:
    rows = [
        ("a", "anna@contoso.example", "IMAP4", 0, "2026-09-01T10:00:00Z"),
        ("b", "anna@contoso.example", "IMAP4", 50126, "2026-09-02T10:00:00Z"),
        ("c", "bert@contoso.example", "Exchange ActiveSync", 0, "2026-09-03T10:00:00Z"),
        ("d", "carl@contoso.example", "Other clients; POP", 50126, "2026-09-04T10:00:00Z"),
        ("e", "dora@contoso.example", "Browser", 0, "2026-09-05T10:00:00Z"),
    ]
    signins = [
        {"id": i, "userPrincipalName": who, "clientAppUsed": client, "status": {"errorCode": error}, "appId": "x",
         "createdDateTime": at, "ipAddress": "203.0.113.9", "isInteractive": True}
        for i, who, client, error, at in rows
    ]  # fmt: skip
    (tmp_path / "signins.json").write_text(json.dumps({"value": signins}), "utf-8")
    case.load(tmp_path / "signins.json")
    old = harden.mfa(case).old
    assert [(r.user.partition("@")[0], r.protocol, r.surely, r.successes, r.failures) for r in old.rows] == [
        ("anna", "IMAP", True, 1, 1),
        ("bert", "EAS", False, 1, 0),
        ("carl", "POP", True, 0, 1),
    ]
    assert str(old.rows[0].last_success)[:10] == "2026-09-01"
    assert "1 account signed in by an old protocol" in old.told
    assert "Only interactive sign-ins are here" in old.told


def test_a_case_of_files_alone_says_what_was_not_checked(case: Case) -> None:
    report = harden.mfa(case)
    assert report.accounts == []
    assert not report.old.checked
    assert not report.changes.checked
    said = " ".join(report.not_checked)
    for what in (
        "Conditional Access",
        "Security defaults",
        "Old protocols",
        "Changes of methods",
        "registration details",
    ):
        assert what in said
    assert [step.done for step in report.steps] == [None] * len(report.steps)
    page = mfa_html(report)
    assert "Not checked" in page
    assert "no sign-ins of Entra in this case" in page


def test_the_contoso_files_tell_the_intruders_method_and_no_more(case: Case) -> None:
    case.load(CONTOSO)
    report = harden.mfa(case)
    assert report.changes.checked
    assert {c.user for c in report.changes.rows} == {VICTIM}
    assert any("SM-A546B" in c.what for c in report.changes.rows)
    assert {c.severity for c in report.changes.rows} == {"high"}
    assert report.old.checked
    assert report.old.rows == []


def test_the_practice_tenant_from_reading_to_page(room: Room) -> None:
    room.case.load(CONTOSO)
    found = harden.read_state(room.case, room.tenant)
    assert found.problems == {}
    harden.read_accounts(room.case, room.tenant, [VICTIM, "nobody@contoso.com"])
    report = harden.mfa(room.case)
    assert len(report.accounts) == 10
    assert report.not_checked == []
    victim, operator, guest = (account(report, u.lower()) for u in (VICTIM, OPERATOR, GUEST))
    assert (victim.required.state, operator.required.state) == ("no", "no policy")
    assert "report-only" in victim.required.told
    assert "per-user state is disabled" in victim.required.told
    assert (guest.guest, guest.strength) == (True, "none")
    assert account(report, BREAK_GLASS).strength == "resistant"
    assert [a.user for a in report.administrators] == [OPERATOR, BREAK_GLASS, VICTIM]
    assert "last made 2026-09-18 09:00 UTC" in report.told
    assert "some hours old" in report.told
    assert "Security defaults are off" in report.defaults
    assert room.writes() == []
    page = mfa_html(report)
    assert "It is report-only: it enforces nothing" in page
    assert "SM-A546B" in page
    room.service.change_behind(lambda s: next(iter(s["conditional_access"].values())).update(state="enabled"))
    harden.read_state(room.case, room.tenant)
    again = harden.mfa(room.case)
    assert account(again, VICTIM).required.state == "yes"
    assert account(again, BREAK_GLASS).required.state == "no policy"
    assert "leaves this account out by name" in account(again, BREAK_GLASS).required.told
    assert next(s for s in again.steps if "old protocols for everybody" in s.title).done


def test_any_account_can_be_asked_about_and_the_case_s_come_first(case: Case) -> None:
    rows = [registered(f"user{n:03}") for n in range(300)] + [registered("zoe", "passKeyDeviceBound")]
    found = state(
        registration=rows, conditional_access=[policy(users={"includeUsers": ["id-zoe"]})], security_defaults=OFF
    )
    report = harden.mfa(case, found, found=Triage())
    assert "zoe@contoso.example" not in mfa_html(report)
    page = mfa_html(report, ["ZOE@contoso.example", "ghost@contoso.example"])
    assert page.index("Accounts of this case: 1") < page.index("zoe@contoso.example") < page.index("user000@")
    assert "Nothing that was read or loaded tells the second factors of ghost@contoso.example" in page
    for named in ("zoe", "id-ZOE", "Zoe@Contoso.Example"):
        told = lookup_html(report, named)
        assert "zoe@contoso.example: Yes" in told
        assert "The policy “MFA for all” asks for a second factor (it applies by name)" in told
        assert "per-user state and its groups were not read" in told
    assert "user299@contoso.example: No policy" in lookup_html(report, "user299@contoso.example")
    assert lookup_html(report, "user").count("contoso.example") >= 10
    assert "Look at the spelling" in lookup_html(report, "<b>nobody</b>")
    assert "<b>nobody" not in lookup_html(report, "<b>nobody</b>")


def test_all_accounts_are_written_to_a_file_with_the_answer(case: Case, tmp_path: Path) -> None:
    rows = [registered("anna", "mobilePhone"), registered("=cmd|x")]
    found = state(registration=rows, conditional_access=[policy()], security_defaults=OFF)
    assert export_mfa(harden.mfa(case, found, found=Triage()), tmp_path / "mfa.csv") == 2
    written = (tmp_path / "mfa.csv").read_text("utf-8-sig")
    assert "anna@contoso.example" in written
    assert "asks for a second factor" in written
    assert ",=cmd" not in written
    assert not written.splitlines()[1].startswith("=cmd")


def test_hostile_names_and_methods_are_text_and_bounded(case: Case) -> None:
    image = "<img src=x onerror=alert(1)>"
    rows = [registered(f"a{n}", image, *(f"{image}{m}" for m in range(200)), userDisplayName=image) for n in range(300)]
    policies = [policy(image + "x" * 5000, users={"includeGroups": [image] * 500}) for _ in range(120)]
    report = harden.mfa(
        case, state(registration=rows, conditional_access=policies, security_defaults=OFF), found=Triage()
    )
    page = mfa_html(report)
    assert "<img" not in page
    assert "&lt;img" in page
    assert "… and 250 more." in page
    assert len(page) < 1_000_000


@pytest.mark.parametrize("odd", [None, "x", 7, [], [[]], {"a": 1}])
def test_answers_of_another_shape_do_not_end_in_a_traceback(case: Case, odd: Any) -> None:
    row = {"id": odd, "userPrincipalName": odd, "methodsRegistered": odd, "isAdmin": odd, "lastUpdatedDateTime": odd}
    strange = {"id": odd, "displayName": odd, "state": odd, "conditions": odd, "grantControls": odd}
    users = policy(users={"includeUsers": odd, "excludeGroups": odd}, locations=odd, platforms=odd)
    found = state(
        registration=[row, registered("anna")],
        conditional_access=[strange, users],
        security_defaults=[{"isEnabled": odd}],
        roles=[{"principalId": odd, "roleDefinition": odd}],
        accounts=[{"id": odd, "userPrincipalName": odd}],
    )
    assert "Second factors" in mfa_html(harden.mfa(case, found, found=Triage()))
