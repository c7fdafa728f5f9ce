"""Which case a bounce is: over every code that the playbook names, in hostile and foreign text, and in a trace."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path

import pytest

from tests.needs import ROOT
from toolkit import open_case
from toolkit.harden import bounces
from toolkit.harden.bounce_kinds import ACCOUNT, ADDRESS, FORWARDING, KINDS, ORDER, OTHER, TENANT
from toolkit.harden.bounces import case_of, codes
from toolkit.views.hardening_sending import bounces_html

PLAYBOOK = [
    ("5.1.8", ACCOUNT, "Let the sender send again"),
    ("5.7.520", FORWARDING, "nothing to lift"),
    ("AS(7555)", FORWARDING, "nothing to lift"),
    *((f"5.7.{detail}", ADDRESS, "sender.office.com") for detail in range(606, 650)),
    ("5.7.511", ADDRESS, "delist@microsoft.com"),
    ("5.7.705", TENANT, "Microsoft's support"),
    ("5.7.708", TENANT, "Microsoft's support"),
    ("5.7.750", TENANT, "Microsoft's support"),
    *((f"5.7.{detail}", TENANT, "Microsoft's support") for detail in range(700, 750) if detail != 703),
]
OTHERS = [
    ("5.7.501", ACCOUNT, "Microsoft's support"),
    ("5.7.502", ACCOUNT, "Microsoft's support"),
    ("5.7.503", ACCOUNT, "Microsoft's support"),
    ("5.1.90", ACCOUNT, "burst"),
    ("5.7.800", ADDRESS, "Microsoft's support"),
    ("5.7.703", OTHER, "Read the whole bounce"),
    ("5.7.507", OTHER, "Read the whole bounce"),
    ("5.7.513", OTHER, "Read the whole bounce"),
    ("5.7.509", OTHER, "Read the whole bounce"),
    ("4.7.500", OTHER, "Wait"),
]


@pytest.mark.parametrize(("code", "group", "step"), [*PLAYBOOK, *OTHERS])
def test_every_code_is_its_case_with_what_to_do(code: str, group: str, step: str) -> None:
    reply = "451" if code.startswith("4") else "550"
    for text in (code, f"{reply} {code} Access denied", f"Remote Server returned '{reply}-{code}'"):
        (bounce,) = bounces(text).bounces
        assert bounce.known
        assert bounce.kind.group == group
        assert any(step in said for said in bounce.kind.steps)
        assert bounce.kind.expect


def test_every_code_of_the_playbook_is_in_the_table(shared: Path) -> None:
    playbook = (shared / "design" / "playbook.md").read_text("utf-8")
    section = playbook[playbook.index("5.5 **Restricted sender") : playbook.index("5.6 ")]
    named = re.findall(r"\b5\.[17]\.\d{1,3}\b", section)
    assert set(named) >= {"5.1.8", "5.7.520", "5.7.606", "5.7.511", "5.7.705"}
    for code in named:
        assert bounces(f"550 {code}").bounces[0].known, code
    kinds = {row.kind for row in codes()}
    assert kinds == set(KINDS)
    assert {kind.group for kind in KINDS.values()} == set(ORDER)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.7.606-649 Access denied, banned sending IP", "5.7.606"),
        ("550  5. 7. 606 Zugriff verweigert", "5.7.606"),
        ("550 5.7.\r\n 606 accès refusé", "5.7.606"),
        ("5.7.=\r\n606 access denied", "5.7.606"),
        ("<td>550</td><td>5&#46;7&#46;<b>705</b></td>", "5.7.705"),
        ("５．７．７０５ アクセスが拒否されました", "5.7.705"),
        ("5.7.\u200b705", "5.7.705"),
        ("#< #5.7.520 smtp;550 5.7.520 Access denied AS(7555)>", "5.7.520"),
        ("{LED=550 5.1.8 Access denied, bad outbound sender AS(42004)}", "5.1.8"),
        ("Status: 5.7.511", "5.7.511"),
    ],
)
def test_codes_are_found_however_they_are_written(text: str, code: str) -> None:
    assert [b.code for b in bounces(text).bounces] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "access denied, bad outbound sender, your tenant has exceeded the threshold, banned sending IP",
        "Treffen am 5. 7. 26 in Raum 5",
        "from 10.5.7.606 by 5.7.705.1",
        "version 15.7.606",
        "x5.7.606y",
        "5.7.6066",
    ],
)
def test_words_dates_and_addresses_are_no_codes(text: str) -> None:
    report = bounces(text)
    assert report.bounces == []
    assert "No delivery code was found" in report.told
    assert "whole bounce" in report.told


def test_a_code_that_is_not_known_is_said_to_be_so() -> None:
    report = bounces("550 5.9.99 something new")
    assert [(b.code, b.known, b.kind.group) for b in report.bounces] == [("5.9.99", False, OTHER)]
    assert "not known to this version" in report.told


def test_the_address_to_enter_in_the_portal_is_told() -> None:
    for address in ("203.0.113.9", "2001:db8::25"):
        (bounce,) = bounces(f"550 5.7.606 Access denied, banned sending IP [{address}]. To request removal").bounces
        assert bounce.addresses == [address]


def test_nothing_pasted_is_not_nothing_found() -> None:
    report = bounces("  \n")
    assert not report.checked
    assert report.told.startswith("Not checked")


@pytest.mark.parametrize(
    "piece",
    ["5.7 <a href=x> 5 . 7 . ", "5.7.", "<" * 20, "[" * 20, "&#46;" * 4, "AS(", "#550 ", "5" * 20, "\u0000\ud800"],
)
def test_ten_million_characters_are_looked_through_in_seconds(piece: str) -> None:
    text = (piece * (10_000_000 // len(piece) + 1))[:10_000_000] + " \n\n550 5.1.8 bad outbound sender"
    began = time.monotonic()
    report = bounces(text)
    assert "5.1.8" in [b.code for b in report.bounces]
    assert time.monotonic() - began < 30
    assert len(bounces_html(report)) < 200_000


def test_what_is_beyond_the_limit_is_said() -> None:
    report = bounces("x " * 10_500_000 + "550 5.1.8")
    assert report.bounces == []
    assert "Only the first 20,000,000 characters" in report.notes[0]


def test_markup_in_a_bounce_stays_text() -> None:
    page = bounces_html(bounces("550 5.7.606 <script>alert(1)</script> [203.0.113.9] <img src=x onerror=alert(1)>"))
    assert "<script" not in page
    assert "<img" not in page
    assert "sender.office.com" in page


def test_a_trace_tells_codes_with_whom_they_are_about(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    trace = [
        {
            "id": "t1", "messageId": "<m1@contoso.example>", "senderAddress": "anna@contoso.example",
            "status": "failed", "recipientAddress": "x@evil.example", "receivedDateTime": "2026-09-18T09:00:00Z",
        }
    ]  # fmt: skip
    (tmp_path / "trace.json").write_text(json.dumps({"value": trace}), "utf-8")
    case.load(tmp_path / "trace.json")
    without = bounces(case)
    assert not without.checked
    assert "of 1 failed message no details are here" in without.told
    detail = "Reason: [{LED=550 5.7.520 Access denied, Your organization does not allow external forwarding. AS(7555)}]"
    events = [{"id": "t1", "messageId": "<m1@contoso.example>", "dateTime": "2026-09-18T09:00:01Z", "event": "Fail",
               "action": "", "description": detail, "data": "<root/>"}]  # fmt: skip
    (tmp_path / "details.json").write_text(json.dumps({"value": events}), "utf-8")
    case.load(tmp_path / "details.json")
    (bounce,) = bounces(case).bounces
    assert (bounce.code, bounce.kind.group, bounce.row.detection if bounce.row else "") == (
        "5.7.520",
        FORWARDING,
        "FW-08",
    )
    assert bounce.people == ["anna@contoso.example", "x@evil.example"]


def traced(number: int, status: str) -> dict[str, str]:
    return {
        "id": f"t{number}", "messageId": f"<m{number}@contoso.example>", "senderAddress": "anna@contoso.example",
        "status": status, "recipientAddress": "x@evil.example", "receivedDateTime": "2026-09-18T09:00:00Z",
    }  # fmt: skip


def event(number: int, what: str, description: str) -> dict[str, str]:
    return {
        "id": f"t{number}", "messageId": f"<m{number}@contoso.example>", "dateTime": "2026-09-18T09:00:01Z",
        "event": what, "action": "", "description": description, "data": "<root/>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "details", "checked", "said"),
    [
        (["failed"] * 15 + ["delivered"], [event(15, "Deliver", "delivered")], False,
         "of 15 failed messages no details are here"),
        (["failed"] * 15, [event(0, "Fail", "no code at all")], False, "the details of 1 are here"),
        (["failed"] * 3, [event(0, "Fail", "550 5.1.8 bad")], True, "Of 3 failed messages the details of 1 are here"),
        (["failed"] * 2, [event(n, "Fail", "550 5.1.8 bad") for n in (0, 1)], True, "1 code found"),
        (["failed"], [event(0, "Fail", "no code at all")], True, "No delivery code was found"),
        (["delivered", "quarantined"], [], True, "None of the 2 messages of the trace failed"),
        (["delivered", "gettingStatus"], [], False, "Not checked"),
    ],
)  # fmt: skip
def test_of_how_many_failed_messages_the_details_are_here_is_said(
    tmp_path: Path, statuses: list[str], details: list[dict[str, str]], checked: bool, said: str
) -> None:
    case = open_case(tmp_path / "case")
    rows = [traced(number, status) for number, status in enumerate(statuses)]
    (tmp_path / "trace.json").write_text(json.dumps({"value": rows}), "utf-8")
    (tmp_path / "details.json").write_text(json.dumps({"value": details}), "utf-8")
    case.load(*(tmp_path / name for name in (("trace.json", "details.json") if details else ("trace.json",))))
    report = bounces(case)
    assert (report.checked, said in " ".join([report.told, *report.notes])) == (checked, True), report
    case.close()


# What each row of the published table is, told apart by hand.
PUBLISHED = {
    "5.1.8": "account", "5.7.520": "forwarding", "5.7.606-649": "address", "5.7.511": "address", "5.7.705": "tenant",
    "5.7.700-5.7.750": "tenant",
}  # fmt: skip
# What the playbook (5.5) says of each code, told apart by hand.
NAMED = {
    "5.1.8": "account", "5.7.520": "forwarding", "5.7.606": "address", "5.7.649": "address", "5.7.511": "address",
    "5.7.705": "tenant", "5.7.7xx": "tenant",
}  # fmt: skip


def test_every_code_of_the_published_table_and_of_the_playbook_leads_to_its_case(shared: Path) -> None:
    with open(shared / "reference" / "bounce_codes.csv", encoding="utf-8", newline="") as file:
        published = list(csv.DictReader(file))
    playbook = (shared / "design" / "playbook.md").read_text("utf-8")
    (passage,) = (line for line in playbook.splitlines() if "Restricted sender last" in line)
    named = re.findall(r"(?<![\d.])[45]\.\d{1,3}\.(?:\dxx|\d{1,3})(?:[–-]\d{3})?", passage)
    spelled = {part for code in named for part in _ends(code.replace("–", "-"))}
    assert spelled == set(NAMED), "the playbook names other codes now"
    assert {row["code"]: PUBLISHED[row["code"]] for row in published} == PUBLISHED, (
        "the published table has other codes"
    )
    for row in published:
        for code in _ends(row["code"]):
            bounce = case_of(code)
            assert bounce.kind.group == PUBLISHED[row["code"]], code
            if bounce.row is not None and bounce.row.code == row["code"]:
                shipped = (bounce.row.text, bounce.row.meaning, bounce.row.action)
                assert shipped == (row["text"], row["meaning"], row["action"]), "the shipped table has drifted"
        assert row["code"] in {shipped.code for shipped in codes()}, "the shipped table lacks a code"
    for code, group in NAMED.items():
        assert case_of(code.replace("xx", "33")).kind.group == group, code


def _ends(code: str) -> list[str]:
    """`5.7.606-649` → both ends; `5.7.700-5.7.750` too."""
    first, _, last = code.partition("-")
    stem = first.rpartition(".")[0]
    return [first, *([last if "." in last else f"{stem}.{last}"] if last else [])]


def test_a_case_without_a_trace_says_so(tmp_path: Path) -> None:
    case = open_case(tmp_path / "case")
    case.load(ROOT / "data" / "samples" / "contoso-bec" / "secure-scores.json")
    report = bounces(case)
    assert (report.checked, report.bounces) == (False, [])
    assert "no message trace" in report.told
