"""SD-01 and FW-02: bursts of sending, forwarding by way of a contact; thresholds set for one case."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.detect.alone import ADELE, ADMIN, START, acts, alone, cmdlet, stamp
from tests.formats.exports import document
from toolkit.case import Case
from toolkit.errors import UsageError


def sent(count: int, user: str = ADELE, start: float = 0, gap: float = 0.5) -> list[dict[str, object]]:
    return [
        document(f"{user}-{n}", "Send", CreationTime=stamp(start + gap * n), UserId=user, Item={"Subject": "Hello"})
        for n in range(count)
    ]


def test_burst_in_the_audit_log(case: Case, tmp_path: Path) -> None:
    slow = sent(30, "slow@contoso.com", gap=3)
    acts(case, tmp_path, *sent(30), *sent(29, "near@contoso.com"), *slow, *sent(1, start=900))
    (finding,) = alone(case, "SD-01")
    assert (finding.severity, finding.user, finding.count) == ("high", ADELE, 30)
    assert "30 mails left the account in 14 minutes" in finding.summary
    assert "audit log, which does not name the recipients" in finding.summary


def test_who_always_sends_much_is_usual(case: Case, tmp_path: Path) -> None:
    usual = [m for day in range(5) for m in sent(12, start=-1440 * (day + 2), gap=2)]
    usual = [{**m, "Id": f"u{n}"} for n, m in enumerate(usual)]
    acts(case, tmp_path, *usual, *sent(40))
    assert alone(case, "SD-01", cut=START - timedelta(hours=1)) == []
    assert len(alone(case, "SD-01")) == 1  # without a cut nothing tells what was before


def test_bursts_on_many_days_are_a_newsletter(case: Case, tmp_path: Path) -> None:
    mails = [m for day in range(4) for m in sent(30, start=-1440 * day, gap=0.5)]
    acts(case, tmp_path, *[{**m, "Id": f"n{n}"} for n, m in enumerate(mails)])
    assert alone(case, "SD-01") == []


def test_threshold_of_a_case(case: Case, tmp_path: Path) -> None:
    acts(case, tmp_path, *sent(12))
    assert alone(case, "SD-01") == []
    (case.folder / "detections.toml").write_text("[thresholds]\nmails_an_hour = 12\n", encoding="utf-8")
    assert len(alone(case, "SD-01")) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("detections.toml", "[thresholds]\nmails = 3\n"),
        ("detections.toml", '[thresholds]\nguesses = "many"\n'),
        ("detections.toml", "[allow\n"),
        ("owner-facts.toml", '[users."a@b.c"]\ntravel = [{country = "US"}]\n'),
        ("owner-facts.toml", '[users."a@b.c"]\ncountry = ["US"]\n'),
        ("networks.csv", "network,kind\n1,2\n"),
        ("networks.csv", "asn,class\nmany,vpn\n"),
    ],
)
def test_what_cannot_be_used_is_said(case: Case, tmp_path: Path, file: str, text: str) -> None:
    acts(case, tmp_path, *sent(1))
    (case.folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        alone(case, "SD-01")


def test_forwarding_to_a_contact_outside(case: Case, tmp_path: Path) -> None:
    acts(
        case,
        tmp_path,
        cmdlet("made", "New-MailContact", 0, Name="Archive", ExternalEmailAddress="SMTP:box@collector.example"),
        cmdlet("set", "Set-Mailbox", 30, Identity=ADELE, ForwardingAddress="x/contoso.onmicrosoft.com/Archive"),
        cmdlet("inside", "Set-Mailbox", 40, Identity="b@contoso.com", ForwardingAddress="c@contoso.com"),
        cmdlet("cleared", "Set-Mailbox", 50, Identity="d@contoso.com", ForwardingAddress=""),
    )
    found = {f.user: f for f in alone(case, "FW-02")}
    assert (found[ADELE].severity, found[ADELE].evidence) == ("critical", ["made", "set"])
    assert "box@collector.example" in found[ADELE].summary
    assert f"It was set by {ADMIN}" in found[ADELE].summary
    assert found["b@contoso.com"].severity == "medium"
    assert "d@contoso.com" not in found


def test_forwarding_that_the_organisation_allows_is_low(case: Case, tmp_path: Path) -> None:
    set_to = {"Identity": ADELE, "ForwardingSmtpAddress": "smtp:tickets@helpdesk.example"}
    acts(case, tmp_path, cmdlet("set", "Set-Mailbox", **set_to))
    assert [f.severity for f in alone(case, "FW-01")] == ["critical"]
    (case.folder / "detections.toml").write_text('[allow]\ndomains = ["helpdesk.example"]\n', encoding="utf-8")
    assert [f.severity for f in alone(case, "FW-01")] == ["low"]
