"""Published samples: what an expert would conclude from each, and panther's labels as true and false cases."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.needs import ROOT
from toolkit.case import Case
from toolkit.detect import triage

SAMPLES = ROOT.parent / "shared" / "samples"
LAB, PANTHER = SAMPLES / "det-eng-samples", SAMPLES / "panther"
# Where the samples are missing these tests are reported as skipped, in CI they fail.
pytestmark = pytest.mark.usefixtures("shared")

# file → detections that an expert expects of those that exist; empty: nothing of these families is in it
EXPECTED: dict[str, set[str]] = {
    "t1098.002_Mail Account Delegation full access permissions.csv": set(),  # Microsoft's own service
    "t1098.002_Mail Account Delegation full access permissions.json": {"DG-01"},
    "t1098.002_Mail account delegation-SendAs permission.csv": {"DG-02"},
    "t1098.002_ApplicationImpersonation.csv": {"DG-06"},
    "t1098.003_add_role_global_admin.json": set(),
    "t1114.003_rule_mail_forward_same_dest.json": {"IR-01"},
    "t1114_Set-Mailbox-ForwardSMTPAddress.csv": {"FW-01"},
    "t1562-Set-MailboxAuditBypassAssociation.json": {"CL-04"},
    "t1562.008_Set-MailboxAuditBypassAssociation.csv": {"CL-04"},
    "t1562-UnifiedAuditlogIngestion-Stopped.json": {"CL-06"},
    "t1562.008_Disable UAL ingestion.csv": {"CL-06"},
    "t1562.001_Set-Mailbox-AuditLogAgeLimitoZero.csv": {"CL-05"},
    "t1562_Set-Mailbox-AuditLogAgeLimitoZero.json": {"CL-05"},
    "t1564.008_New inbox rule to delete email.csv": {"IR-02"},
    "t1564.008_rule_mark_as_read_move.json": {"IR-03"},
    "t1556.006_Disable Strong Authentication.csv": set(),
}
FAMILIES = ("DG", "CL", "IR-01", "IR-02", "IR-03", "FW", "ID", "OA", "SD")
OURS = {"Microsoft365.Exchange.External.Forwarding": {"FW-01", "FW-02", "IR-01"}}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_an_expert_would_conclude(case: Case, name: str) -> None:
    loading = case.load(LAB / name)
    assert case.count("audit"), loading
    found = {f.id for f in triage(case).findings if f.id.startswith(FAMILIES)}
    assert found == EXPECTED[name]


def _labelled() -> list[tuple[int, str, str, bool]]:
    file = PANTHER / "Microsoft365_Audit_Exchange.labels.csv"
    if not file.exists():
        return []
    with open(file, encoding="utf-8", newline="") as rows:
        return [
            (int(row["line"]), row["rule_id"], row["test_name"], row["expected_match"] == "True")
            for row in csv.DictReader(rows)
            if row["rule_id"] in OURS
        ]


@pytest.mark.parametrize(("line", "rule", "name", "fires"), _labelled())
def test_panthers_labels(case: Case, tmp_path: Path, line: int, rule: str, name: str, fires: bool) -> None:
    text = (PANTHER / "Microsoft365_Audit_Exchange.jsonl").read_text("utf-8").splitlines()[line - 1]
    record = json.loads(text)
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(record) + "\n", encoding="utf-8")
    assert case.load(file).files[0].rows == 1
    # The rule is about forwarding outside: that is critical; inside the organisation ours is medium.
    found = [f for f in triage(case).findings if f.id in OURS[rule] and f.severity == "critical"]
    assert bool(found) == fires, [(f.id, f.severity, f.summary) for f in found]
