"""The sample evidence in data/samples/contoso-bec: regenerated, and shaped like the services' own files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from toolkit import practice
from toolkit.practice import export

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "contoso-bec"
AUDIT = SAMPLES / "purview-audit-search.csv"
SEARCH = SAMPLES / "search-unifiedauditlog-katrin.vogel.csv"


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_samples_are_what_the_code_writes_byte_for_byte(tmp_path: Path) -> None:
    written = practice.write_exports(tmp_path / "again")
    kept = {path.name for path in SAMPLES.iterdir() if not path.name.startswith(".")}
    assert {path.name for path in written} == kept
    for path in written:
        assert path.read_bytes() == (SAMPLES / path.name).read_bytes(), path.name


def test_command_writes_the_samples_or_says_how_it_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export.main([]) == 2
    assert "usage:" in capsys.readouterr().err
    assert export.main([str(tmp_path / "out")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list((tmp_path / "out").iterdir()))


def test_samples_stay_small() -> None:
    sizes = {path.name: path.stat().st_size for path in SAMPLES.iterdir()}
    assert sum(sizes.values()) < 4_000_000
    assert max(sizes.values()) < 2_000_000


def test_portal_export_has_the_headers_of_the_portal() -> None:
    head = AUDIT.read_bytes().decode("utf-8").splitlines()[0]
    assert head == (
        "\ufeffRecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,"
        "AssociatedAdminUnitsNames"
    )
    for row in rows(AUDIT):
        record = json.loads(row["AuditData"])
        assert (row["RecordId"], row["Operation"], row["UserId"]) == (
            record["Id"],
            record["Operation"],
            record["UserId"],
        )
        assert row["CreationDate"] == record["CreationTime"] + ".0000000Z"
        assert int(row["RecordType"]) == record["RecordType"]


def test_cmdlet_export_has_the_headers_of_a_published_one(shared: Path) -> None:
    published = shared / "samples/det-eng-samples/t1564.008_New inbox rule to delete email.csv"
    assert SEARCH.read_text(encoding="utf-8").splitlines()[0] == published.read_text(encoding="utf-8").splitlines()[0]


def test_cmdlet_export_counts_its_rows_and_tells_time_the_american_way() -> None:
    found = rows(SEARCH)
    assert [int(row["ResultIndex"]) for row in found] == list(range(1, len(found) + 1))
    assert {row["ResultCount"] for row in found} == {str(len(found))}
    assert all(re.fullmatch(r"\d{1,2}/\d{1,2}/2026 \d{1,2}:\d\d:\d\d [AP]M", row["CreationDate"]) for row in found)


def test_both_exports_hold_the_same_records_of_the_victim() -> None:
    portal = {row["RecordId"]: json.loads(row["AuditData"]) for row in rows(AUDIT)}
    search = {row["Identity"]: json.loads(row["AuditData"]) for row in rows(SEARCH)}
    assert search == {key: value for key, value in portal.items() if value["UserId"] == "katrin.vogel@contoso.com"}


def published_records(shared: Path) -> dict[str, list[dict[str, Any]]]:
    """Real AuditData documents of the published samples, by operation."""
    by_operation: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((shared / "samples/det-eng-samples").glob("*.csv")):
        for row in rows(path):
            record = json.loads(row["AuditData"])
            by_operation.setdefault(record["Operation"], []).append(record)
    return by_operation


@pytest.mark.parametrize(
    ("operation", "newer"),
    [
        # Written by the service since 2024; the published records are from 2023.
        ("New-InboxRule", {"AppAccessContext", "AppPoolName", "CorrelationID", "RequestId"}),
        ("Set-Mailbox", {"AppAccessContext", "AppPoolName", "CorrelationID", "RequestId"}),
        ("Set-MailboxAuditBypassAssociation", {"AppAccessContext", "AppPoolName", "CorrelationID", "RequestId"}),
        ("UserLoggedIn", {"ErrorNumber"}),
        ("UserLoginFailed", set()),
        ("Update user.", {"ActorIpAddress"}),
    ],
)
def test_audit_records_name_their_properties_like_published_ones(shared: Path, operation: str, newer: set[str]) -> None:
    real = published_records(shared)[operation]
    allowed = set().union(*(record.keys() for record in real)) | newer
    always = set.intersection(*(set(record) for record in real))
    ours = [json.loads(row["AuditData"]) for row in rows(AUDIT) if row["Operation"] == operation]
    assert ours
    for record in ours:
        assert set(record) <= allowed
        assert always <= set(record)


def test_pages_lead_to_each_other() -> None:
    for name in ("signins-v1-interactive", "signins-beta-interactive", "signins-beta-noninteractive"):
        pages = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob(f"{name}-page*.json"))]
        assert len(pages) > 1
        assert ["@odata.nextLink" in page for page in pages] == [True] * (len(pages) - 1) + [False]
        assert all(page["@odata.nextLink"].startswith("https://graph.microsoft.com/") for page in pages[:-1])


def test_secure_score_knows_the_controls_that_matter(shared: Path) -> None:
    playbook = (shared / "design/playbook.md").read_text(encoding="utf-8")
    profiles = json.loads((SAMPLES / "secure-score-control-profiles.json").read_text(encoding="utf-8"))["value"]
    scores = json.loads((SAMPLES / "secure-scores.json").read_text(encoding="utf-8"))["value"]
    live = [profile["id"] for profile in profiles if not profile["deprecated"]]
    assert all(control in playbook for control in live)
    assert len(scores) == 40
    for score in scores:
        total = sum(control["score"] for control in score["controlScores"])
        assert score["currentScore"] == pytest.approx(total)
        assert score["currentScore"] < score["maxScore"]
