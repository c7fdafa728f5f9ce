"""Blocked from sending: restricted senders, what policies do, what is better; nothing is lifted here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contain.room import VICTIM, Room
from tests.harden.tenant_rows import state
from toolkit import contain, harden, open_case
from toolkit.case import Case
from toolkit.errors import GuardRefused
from toolkit.views.hardening_sending import sending_html


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(tmp_path / "case")


def spam(mode: str | None, name: str = "Default", **more: Any) -> dict[str, Any]:
    return {
        "Name": name, "AutoForwardingMode": mode, "ActionWhenThresholdReached": "BlockUser",
        "RecipientLimitExternalPerHour": 500, "RecipientLimitInternalPerHour": 1000,
        "RecipientLimitPerDay": 1000, **more,
    }  # fmt: skip


def remote(allowed: Any, where: str = "*") -> dict[str, Any]:
    return {"Name": where, "DomainName": where, "AutoForwardEnabled": allowed}


@pytest.mark.parametrize(
    ("policies", "domains", "refused"),
    [
        ([spam("Off")], [remote(True)], True),
        ([spam("Automatic")], [remote(True)], True),
        ([spam("On")], [remote(True)], False),
        ([spam("On")], [remote(False)], True),
        ([spam("On")], [remote(False), remote(True, "partner.example")], False),
        ([spam("Off"), spam("On", "For sales")], [remote(True)], True),
        ([spam("On"), spam("Off", "For sales")], [remote(True)], False),
        ([spam("Off", "A", IsDefault=False), spam("On", "B", IsDefault=True)], [remote(True)], False),
        ([spam("On", "A", IsDefault="False"), spam("Off", "B", IsDefault="True")], [remote(True)], True),
        ([spam("On", "A"), spam("Off", "B")], [remote(True)], None),
        ([spam("On", "A", IsDefault=False)], [remote(True)], None),
        ([spam(None)], [remote(True)], None),
        ([spam("Sideways")], [], None),
        ([], [], None),
    ],
)
def test_of_two_settings_the_refusing_one_wins(case: Case, policies: Any, domains: Any, refused: bool | None) -> None:
    found = state(outbound_spam_policy=policies, remote_domains=domains, restricted_senders=[])
    assert harden.sending(case, found).forwarding.done is refused


def test_each_policy_is_a_sentence_with_what_is_better(case: Case) -> None:
    loose = spam("On", ActionWhenThresholdReached="Alert", RecipientLimitPerDay=0)
    report = harden.sending(
        case, state(outbound_spam_policy=[loose, spam("Off", "Good")], remote_domains=[remote(True)])
    )
    told, advice = report.policies[0].told, " ".join(report.policies[0].recommended)
    assert "lets mail be forwarded to the outside" in told
    assert "500 recipients outside in an hour" in told
    assert "only tells administrators" in told
    for better in ("automatic forwarding to Off", "at most 1,000 recipients in a day", "BlockUser", "restricted from"):
        assert better in advice
    assert not any("forwarding" in said for said in report.policies[1].recommended)
    assert "refusing one wins" in report.domains[0].recommended[0]


def test_what_is_advised_is_what_the_check_asks_for(case: Case) -> None:
    before = harden.sending(case, state(outbound_spam_policy=[spam("On")], remote_domains=[remote(True)]))
    assert "allow it for single senders by a policy of their own" in before.policies[0].recommended[0]
    done = [spam("Off"), spam("On", "For sales")]
    found = state(outbound_spam_policy=done, remote_domains=[remote(True)], restricted_senders=[])
    after = harden.sending(case, found)
    assert after.forwarding.done is True
    assert "Except for some senders: “For sales” allows it for whom its rule names" in after.forwarding.told
    assert "Get-HostedOutboundSpamFilterRule" in after.forwarding.told
    assert after.policies[0].told.startswith("For everybody, it refuses automatic forwarding")
    assert after.policies[1].told.startswith("For whom its rule names, it lets mail be forwarded")
    assert "keep it small" in after.policies[1].recommended[0]
    assert harden.roadmap(case, found).item("auto-forward").done


def test_blocked_connectors_are_not_checked_unless_a_file_says_that_there_are_none(case: Case, tmp_path: Path) -> None:
    page = sending_html(harden.sending(case))
    assert "Get-BlockedConnector" in page
    assert "treat the administrator who made or changed it as a case of their own" in page
    (tmp_path / "blocked-connectors.json").write_text("[]", "utf-8")
    case.load(tmp_path / "blocked-connectors.json")
    assert harden.sending(case).connectors.done is True


def test_nobody_restricted_is_not_the_same_as_not_read(case: Case) -> None:
    assert "Nobody is on the list" in harden.sending(case, state(restricted_senders=[])).restricted_told
    missing = harden.sending(case)
    assert "not checked" in missing.restricted_told
    assert len(missing.not_checked) == 5
    page = sending_html(missing)
    assert "Get-BlockedSenderAddress" in page
    assert "Nobody is on the list" not in page


def test_files_tell_the_same_as_a_tenant(case: Case, tmp_path: Path) -> None:
    files = {
        "spam.json": [spam("On")],
        "remote.json": [remote(True)],
        "blocked.json": [{"SenderAddress": "anna@contoso.example", "Reason": "spam", "CreatedDatetime": "2026-09-18"}],
    }
    for name, rows in files.items():
        (tmp_path / name).write_text(json.dumps(rows), "utf-8")
        case.load(tmp_path / name)
    report = harden.sending(case)
    assert [r.address for r in report.restricted] == ["anna@contoso.example"]
    assert report.forwarding.done is False
    assert "from files of this case" in report.told
    assert "Let the sender send again" in " ".join(report.unblocking)


def test_the_practice_tenant_restricts_its_sender_and_reading_lifts_nothing(room: Room) -> None:
    harden.read_state(room.case, room.tenant)
    report = harden.sending(room.case)
    assert [r.address for r in report.restricted] == [VICTIM]
    assert report.restricted[0].since == "2026-09-18T06:31:44Z"
    assert report.forwarding.done is False
    page = sending_html(report)
    assert "Unblocking is rationed" in page
    assert VICTIM in page
    assert room.writes() == []
    with pytest.raises(GuardRefused, match="not given back while a door is not closed"):
        contain.make_return_plan(room.case, room.tenant, VICTIM)


def test_hostile_reasons_and_names_are_text_and_bounded(case: Case) -> None:
    image = "<img src=x onerror=alert(1)>"
    rows = [{"SenderAddress": f"{image}{n}", "Reason": image * 500, "CreatedDatetime": image} for n in range(500)]
    found = state(
        restricted_senders=rows, outbound_spam_policy=[spam(image, image * 200)], remote_domains=[remote(image, image)]
    )
    page = sending_html(harden.sending(case, found))
    assert "<img" not in page
    assert "… and 450 more." in page
    assert len(page) < 300_000
