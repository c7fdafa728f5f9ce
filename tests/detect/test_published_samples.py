"""Published samples: what an expert would conclude from each, and panther's labels as true and false cases."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.needs import ROOT
from toolkit.case import Case
from toolkit.detect import triage
from toolkit.detect.catalogue import DETECTIONS

SAMPLES = ROOT.parent / "shared" / "samples"
PANTHER = SAMPLES / "panther"
# Where the samples are missing these tests are reported as skipped, in CI they fail.
pytestmark = pytest.mark.usefixtures("shared")

CONTOSO = "@contoso.onmicrosoft.com"
STINGER, MATT, ADAM = f"stinger{CONTOSO}", f"matt{CONTOSO}", "adam@contosomovement.onmicrosoft.com"
NOBODY = ""  # a page of Graph does not say whose rules it has
SPRAY = "SI-07 SI-11"  # eight or nine people, one guess each, from one address; who it was right for signs in
PARTNER, SPAM = f"IR-01 critical {NOBODY}", f"IR-02 high {NOBODY}"

# File → what is to be found (detection, severity, account) and nothing else; then the detections of the catalogue that
# an expert would raise too and that the toolkit does not have yet. Where a sample shows nothing of the catalogue, why.
LAB: dict[str, tuple[list[str], str]] = {
    "t1098.001_Add a user to company administrator role.csv": ([], "ID-08"),
    "t1098.002_ApplicationImpersonation.csv": ([f"DG-06 critical {STINGER}"], ""),
    "t1098.002_Mail Account Delegation full access permissions.csv": ([], ""),  # Microsoft's own service
    "t1098.002_Mail Account Delegation full access permissions.json": ([f"DG-01 high {STINGER}"], ""),
    "t1098.002_Mail account delegation-SendAs permission.csv": ([f"DG-02 high {STINGER}"], ""),
    "t1098.002_user-reset_mailbox_full_access.json": ([f"DG-01 high {STINGER}"], "ID-04"),
    "t1098.003_add_role_global_admin.json": ([], "ID-08"),
    "t1098_Add a user to company administrator role.json": ([], "ID-08"),
    "t1110.003_msolspray-powershell.json": ([], SPRAY),
    "t1110.003_msolspray-python.json": ([], SPRAY),
    "t1110.003_msolspraywithsuccess_1.csv": ([], SPRAY),
    "t1110.003_o365spray_default.json": ([], "SI-07"),
    "t1110.003_o365spray_reporting.csv": ([], "SI-07"),
    "t1110.003_o365spray_reporting.json": ([], "SI-07"),
    "t1114.002_Enable_POP_IMAP_OWA.csv": ([], "CL-11"),
    "t1114.002_Enable_POP_IMAP_OWA.json": ([], "CL-11"),
    "t1114.003_Forward_Rule_Multi_Users_Same_Forward_dest.json": ([f"FW-01 critical {ADAM}"] * 3, "FW-06"),
    "t1114.003_rule_mail_forward_same_dest.json": (
        [f"IR-01 critical adam{CONTOSO}", f"IR-01 critical {STINGER}"],
        "IR-06 IR-11 FW-06",
    ),
    "t1114_Set-Mailbox-ForwardSMTPAddress.csv": ([f"FW-01 critical {MATT}"], ""),
    "t1482_azurehound_list.csv": ([], "SI-11 SI-18 TK-15"),
    "t1531_Remove-Admin members from a group.csv": ([], ""),  # who is locked out is not in the catalogue
    "t1531_mass_delete_users.json": ([], ""),  # likewise
    "t1550.001_Allusers_consent_to_grant_permission_granted.json": ([], "ID-10"),
    "t1550.001_default_rclone_app_registration.json": ([], "OA-05"),  # registered, with nothing granted yet
    "t1556.006_Disable Strong Authentication.csv": ([], "ID-02"),  # taken away, so nothing was added
    "t1556_Disable _Strong_Authentication.json": ([], "ID-02"),
    "t1562-Set-MailboxAuditBypassAssociation.json": ([f"CL-04 critical {STINGER}"], ""),
    "t1562-UnifiedAuditlogIngestion-Stopped.json": ([f"CL-06 critical {STINGER}"], ""),
    "t1562.001_Remove-DlpCompliancePolicy.csv": ([], ""),  # the catalogue's mail protection is about what comes in
    "t1562.001_Set-Mailbox-AuditLogAgeLimitoZero.csv": ([f"CL-05 high {STINGER}"], ""),
    "t1562.008_Advanced Auditing policy removed from a user.csv": ([f"CL-07 high {STINGER}"], ""),
    "t1562.008_Disable UAL ingestion.csv": ([f"CL-06 critical {STINGER}"], ""),
    "t1562.008_Set-MailboxAuditBypassAssociation.csv": ([f"CL-04 critical {STINGER}"], ""),
    "t1562_Set-Mailbox-AuditLogAgeLimitoZero.json": ([f"CL-05 high {STINGER}"], ""),
    "t1564.008_New inbox rule to delete email.csv": ([f"IR-02 high {STINGER}"], ""),
    "t1564.008_Update existing mailbox rule using Set-InboxRule.csv": (
        [f"IR-03 high {MATT}", f"IR-04 high {MATT}"],
        "",
    ),
    "t1564.008_markasread_delete_all_email.json": (
        ["IR-02 high stinger@contoso.com", "IR-05 high stinger@contoso.com"],
        "IR-06",
    ),
    "t1564.008_rule_mark_as_read_move.json": ([f"IR-03 medium {STINGER}", f"IR-05 high {STINGER}"], "IR-06"),
    "t1592.004_mfa_sweep.csv": ([], "SI-11 SI-18"),  # one person, several clients, each a session of its own
}
OTHERS: dict[str, tuple[list[str], str]] = {
    "otrf-goldensaml/AADAuditEvents.json": (["OA-01 high pgustavo@simulandlabs.com"], "ID-13 OA-04"),
    # Of the same grant the record of Defender tells neither who got it nor what was granted.
    "otrf-goldensaml/Microsoft365DefenderEvents.json": (["OA-01 medium pgustavo@simulandlabs.com"], "OA-06"),
    "otrf-goldensaml/OfficeActivityEvents.json": ([], "OA-06"),
    # A rule that pins mail, two mails sent, and the service that opens the calendar of a new team to its members.
    "sentinel-training-lab/office_activity.csv": ([], "FL-03 FL-07"),
    "sentinel-training-lab/office_activity_inbox_rule.csv": (
        [f"IR-02 high adelev{CONTOSO}", f"IR-03 high adelev{CONTOSO}", f"IR-04 high adelev{CONTOSO}"],
        "",
    ),
    "sentinel-training-lab/sign-in_adelete.csv": ([], ""),  # one hour from one place: nothing to measure it against
    **{f"graph-docs/{v}_directoryaudit-{how}_0.json": ([], "") for v in ("beta", "v1_0") for how in ("get", "list")},
    **{
        f"graph-docs/{name}.json": ([], "")
        for name in ("beta_signin-get_0.repaired", "beta_signin-list_0.repaired", "beta_signin-list_1",
                     "v1_0_signin-get_0.repaired", "v1_0_signin-list_0.repaired", "v1_0_signin-list_1.repaired")
    },
    # Whether the partner is outside cannot be known from a page of rules alone; the finding says so.
    **{f"graph-docs/{v}_mailfolder-list-messagerules_0.json": ([PARTNER, SPAM], "") for v in ("beta", "v1_0")},
    **{f"graph-docs/{v}_messagerule-get_0.json": ([PARTNER], "") for v in ("beta", "v1_0")},
    **{f"graph-docs/{v}_messagerule-update_0.json": ([], "") for v in ("beta", "v1_0")},
}  # fmt: skip
EXPECTED = {f"det-eng-samples/{name}": told for name, told in LAB.items()} | OTHERS

# Rules of panther → our detections of the same thing, and the severity from which on ours means it too
OURS = {
    # About forwarding outside: that is critical; inside the organisation ours is medium.
    "Microsoft365.Exchange.External.Forwarding": ({"FW-01", "FW-02", "IR-01"}, {"critical"}),
    "Azure.Audit.LegacyAuth": ({"SI-05"}, {"high"}),
    "Azure.Audit.ROPCLoginNoMFA": ({"SI-05"}, {"high"}),  # its client is one that knows a password alone
}
# What panther's list of exceptions lets pass; in a case that is for `detections.toml` to say.
EXCEPTED = {"Sign-In with legacy auth, KNOWN_EXCEPTION"}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_an_expert_would_conclude(case: Case, name: str) -> None:
    loading = case.load(SAMPLES / name)
    assert any(a.rows for a in loading.files), loading
    expected, _ = EXPECTED[name]
    assert sorted(f"{f.id} {f.severity} {f.user}" for f in triage(case).findings) == sorted(expected)


def test_what_the_toolkit_would_not_find_is_not_built_yet() -> None:
    """Who builds one of these moves it, with its severity and account, to what is to be found."""
    built = {d.id for d in DETECTIONS}
    assert {name: more for name, (_, more) in EXPECTED.items() if built & set(more.split())} == {}


def test_every_sample_of_an_audit_log_or_of_sign_ins_has_an_expectation() -> None:
    words = ("directoryaudit", "signin", "messagerule")
    graph = {p for p in (SAMPLES / "graph-docs").glob("*.json") if any(word in p.name for word in words)}
    folders = ("det-eng-samples", "otrf-goldensaml", "sentinel-training-lab")
    files = {p for folder in folders for p in (SAMPLES / folder).iterdir() if p.suffix in (".csv", ".json")}
    assert {p.relative_to(SAMPLES).as_posix() for p in files | graph} == set(EXPECTED)


def labelled(stem: str) -> list[tuple[int, str, str, bool]]:
    """Lines of a file of panther's: number, rule, name of the test, whether the rule is to fire."""
    file = PANTHER / f"{stem}.labels.csv"
    if not file.exists():
        return []
    with open(file, encoding="utf-8", newline="") as rows:
        return [
            (int(row["line"]), row["rule_id"], row["test_name"], row["expected_match"] == "True")
            for row in csv.DictReader(rows)
        ]


FILES = ("Azure_Audit", "Microsoft365_Audit_AzureActiveDirectory", "Microsoft365_Audit_Exchange")
CASES = [(stem, *label) for stem in FILES for label in labelled(stem) if label[1] in OURS]


def load_lines(case: Case, folder: Path, stem: str, lines: list[int]) -> None:
    texts = (PANTHER / f"{stem}.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        file = folder / f"{line}.jsonl"
        file.write_text(texts[line - 1] + "\n", encoding="utf-8")
        account = case.load(file).files[0]
        assert account.read == account.rows + account.duplicates == 1


@pytest.mark.parametrize(("stem", "line", "rule", "name", "fires"), CASES)
def test_panthers_labels(case: Case, tmp_path: Path, stem: str, line: int, rule: str, name: str, fires: bool) -> None:
    load_lines(case, tmp_path, stem, [line])
    ids, severities = OURS[rule]
    found = [f for f in triage(case).findings if f.id in ids and f.severity in severities]
    assert bool(found) == (fires or name in EXCEPTED), [(f.id, f.severity, f.summary) for f in found]


def test_an_exception_of_panthers_is_one_of_the_organisations_list(case: Case, tmp_path: Path) -> None:
    line = next(line for line, _, name, _ in labelled("Azure_Audit") if name in EXCEPTED)
    load_lines(case, tmp_path, "Azure_Audit", [line])
    (case.folder / "detections.toml").write_text('[allow]\naddresses = ["12.12.12.12", "173.53.70.163"]\n', "utf-8")
    assert [(f.id, f.severity) for f in triage(case).findings] == [("SI-05", "low")]


METHODS = [label for label in labelled(FILES[1]) if label[1] == "Microsoft365.MFA.Disabled"]


@pytest.mark.parametrize(("line", "rule", "name", "removes"), METHODS)
def test_a_method_added_is_one_and_a_method_removed_is_none(
    case: Case, tmp_path: Path, line: int, rule: str, name: str, removes: bool
) -> None:
    """Panther's rule is about the removal, which the toolkit does not look for yet."""
    load_lines(case, tmp_path, FILES[1], [line])
    added = [("ID-01", "medium", "sample.user@yourorg.onmicrosoft.com")]
    assert [(f.id, f.severity, f.user) for f in triage(case).findings] == ([] if removes else added)


def of_other_rules() -> list[tuple[str, list[int]]]:
    """Lines for rules that the toolkit has no detection for: sign-ins one by one, as people of one name would travel
    from one test of panther's to the next; all others of a file together."""
    found: list[tuple[str, list[int]]] = []
    for stem in (*FILES, "Microsoft365_Audit_SharePoint"):
        lines = [line for line, rule, _, _ in labelled(stem) if rule not in {*OURS, "Microsoft365.MFA.Disabled"}]
        texts = (PANTHER / f"{stem}.jsonl").read_text("utf-8").splitlines() if lines else []
        entries = [line for line in lines if "SignInLogs" in texts[line - 1]]
        found += [(stem, [line]) for line in entries] + [(stem, [line for line in lines if line not in entries])]
    return [(stem, lines) for stem, lines in found if lines]


@pytest.mark.parametrize(("stem", "lines"), of_other_rules())
def test_panthers_other_events_give_no_finding(case: Case, tmp_path: Path, stem: str, lines: list[int]) -> None:
    """No detection takes them for its own."""
    load_lines(case, tmp_path, stem, lines)
    assert [(f.id, f.severity, f.user) for f in triage(case).findings] == []
