"""SD-01 on the message trace, in each of the forms in which it comes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.detect.alone import ADELE, START, acts, alone, entries, entry, reason, stamp
from tests.formats.exports import document
from toolkit.case import Case
from toolkit.detect import triage


@dataclass(frozen=True)
class Mail:
    """One mail of a trace, to any number of people."""

    name: str
    minutes: float
    to: list[str]
    sender: str = ADELE
    subject: str = "Offer"


def people(count: int, first: int = 0) -> list[str]:
    return [f"p{n}@customers.example" for n in range(first, first + count)]


def graph(file: Path, mails: Iterable[Mail]) -> None:
    rows = [
        {
            "id": f"trace-{mail.name}",
            "senderAddress": mail.sender,
            "recipientAddress": to,
            "messageId": f"<{mail.name}@contoso.com>",
            "receivedDateTime": stamp(mail.minutes) + "Z",
            "subject": mail.subject,
            "size": 9100,
            "fromIP": "203.0.113.9",
            "toIP": None,
            "status": "delivered",
        }
        for mail in mails
        for to in mail.to
    ]
    file.write_text(json.dumps({"value": rows}), "utf-8")


def cmdlet(file: Path, mails: Iterable[Mail]) -> None:
    """`Get-MessageTraceV2 | Export-Csv`: a row for each recipient."""
    with open(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["MessageId", "MessageTraceId", "Received", "SenderAddress", "RecipientAddress", "Subject",
                       "Status", "Size", "FromIP"])  # fmt: skip
        for mail in mails:
            for to in mail.to:
                rows.writerow([f"<{mail.name}@contoso.com>", f"trace-{mail.name}", stamp(mail.minutes) + "Z",
                               mail.sender, to, mail.subject, "Delivered", 9100, "203.0.113.9"])  # fmt: skip


def portal(file: Path, mails: Iterable[Mail]) -> None:
    """The Exchange admin center's report: a row for each mail, its recipients in one cell."""
    with open(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["origin_timestamp_utc", "sender_address", "recipient_status", "message_subject", "total_bytes",
                       "message_id", "network_message_id", "original_client_ip", "directionality"])  # fmt: skip
        for mail in mails:
            status = ";".join(f"{to}##Receive, Deliver" for to in mail.to)
            way = "Originating" if mail.sender.endswith("contoso.com") else "Incoming"
            rows.writerow([stamp(mail.minutes) + "Z", mail.sender, status, mail.subject, 9100,
                           f"<{mail.name}@contoso.com>", f"trace-{mail.name}", "203.0.113.9", way])  # fmt: skip


Export = Callable[[Path, Iterable[Mail]], None]
every_form = pytest.mark.parametrize("export", [graph, cmdlet, portal])


def traced(case: Case, folder: Path, export: Export, *mails: Mail) -> None:
    suffix = "json" if export is graph else "csv"
    file = folder / f"{export.__name__}.{suffix}"
    export(file, mails)
    account = case.load(file).files[0]
    assert (account.table, account.rejected) == ("messages", 0), account.notes


def own_domain(case: Case, folder: Path) -> None:
    entries(case, folder, entry("own", 0, -30))


@every_form
def test_many_recipients_in_an_hour_are_a_burst(case: Case, tmp_path: Path, export: Export) -> None:
    own_domain(case, tmp_path)
    mails = [Mail(f"m{n}", n * 5, people(10, n * 10)) for n in range(6)]
    traced(case, tmp_path, export, *mails, Mail("later", 600, people(3)))
    (finding,) = alone(case, "SD-01")
    assert (finding.severity, finding.user, finding.table) == ("high", ADELE, "messages")
    assert finding.summary == (
        "6 mails to 60 recipients left the account in 25 minutes. The first subject: “Offer”."
        " Counted in the message trace."
    )
    rows = 6 if export is portal else 60
    assert (finding.count, len(set(finding.evidence)), finding.first) == (rows, rows, START)


@every_form
def test_one_mail_to_many_is_a_burst_and_to_one_fewer_is_none(case: Case, tmp_path: Path, export: Export) -> None:
    own_domain(case, tmp_path)
    near = Mail("near", 0, people(49), "near@contoso.com")
    traced(case, tmp_path, export, Mail("one", 0, people(50)), near)
    (finding,) = alone(case, "SD-01")
    assert finding.user == ADELE
    assert finding.summary.startswith("1 mail to 50 recipients left the account in 1 minute.")


@every_form
def test_a_newsletter_that_comes_in_is_no_burst(case: Case, tmp_path: Path, export: Export) -> None:
    """Nobody of the organisation sent it; without any other log its own domain is told by the trace itself."""
    colleagues = [f"c{n}@contoso.com" for n in range(60)]
    outgoing = Mail("out", 5, ["someone@partner.example"])
    traced(case, tmp_path, export, Mail("news", 0, colleagues, "news@shop.example"), outgoing)
    assert alone(case, "SD-01") == []
    assert not reason(case, "SD-01")


@every_form
def test_mails_to_the_same_few_colleagues_are_no_burst(case: Case, tmp_path: Path, export: Export) -> None:
    own_domain(case, tmp_path)
    traced(case, tmp_path, export, *[Mail(f"m{n}", n, people(6)) for n in range(20)])
    assert alone(case, "SD-01") == []


@every_form
def test_who_sends_so_every_week_is_no_burst(case: Case, tmp_path: Path, export: Export) -> None:
    own_domain(case, tmp_path)
    letters = [Mail(f"w{week}", week * 7 * 1440, people(60)) for week in range(4)]
    traced(case, tmp_path, export, *letters)
    assert alone(case, "SD-01") == []
    # Measured against the weeks before, five times as many are more than usual, and as many again are not.
    cut = START + timedelta(days=25)
    traced(case, tmp_path, export, *letters, Mail("usual", 28 * 1440, people(60)))
    assert alone(case, "SD-01", cut=cut) == []
    traced(case, tmp_path, export, *letters, Mail("spam", 29 * 1440, people(300)))
    assert [f.evidence[0].partition("|")[0] for f in alone(case, "SD-01", cut=cut)] == ["trace-spam"]


@every_form
def test_many_in_a_day_are_a_burst_though_no_hour_is(case: Case, tmp_path: Path, export: Export) -> None:
    own_domain(case, tmp_path)
    mails = [Mail(f"m{n}", -480 + n * 65, people(10, n * 10)) for n in range(20)]
    traced(case, tmp_path, export, *mails)
    (finding,) = alone(case, "SD-01")
    assert finding.summary.startswith("20 mails to 200 recipients left the account in one day.")


def test_the_same_mails_in_three_exports_count_once(case: Case, tmp_path: Path) -> None:
    own_domain(case, tmp_path)
    mails = [Mail(f"m{n}", n, people(10, n * 10)) for n in range(4)]
    for export in (graph, cmdlet, portal):
        traced(case, tmp_path, export, *mails)
    assert alone(case, "SD-01") == []
    traced(case, tmp_path, cmdlet, *mails, Mail("m4", 5, people(10, 40)))
    (finding,) = alone(case, "SD-01")
    assert finding.summary.startswith("5 mails to 50 recipients")


def test_with_a_trace_the_audit_log_is_not_counted_too(case: Case, tmp_path: Path) -> None:
    sent = [document(f"s{n}", "Send", CreationTime=stamp(n / 2), UserId=ADELE) for n in range(40)]
    acts(case, tmp_path, *sent)
    assert [f.table for f in alone(case, "SD-01")] == ["audit"]
    traced(case, tmp_path, graph, Mail("m", 0, people(2)))
    assert alone(case, "SD-01") == []


def test_a_burst_is_part_of_the_whole_triage(case: Case, tmp_path: Path) -> None:
    own_domain(case, tmp_path)
    traced(case, tmp_path, graph, Mail("one", 0, people(50)))
    assert [(f.id, f.user, len(f.evidence)) for f in triage(case).findings] == [("SD-01", ADELE, 50)]
