"""The story that the scenario tells: the acts are there, and the innocents are innocent."""

from __future__ import annotations

import ipaddress
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from toolkit.practice.scenario import CONTOSO_BEC, beginning, scenario

Record = dict[str, Any]
ATTACK_BEGINS = "2026-09-16T07:41:05Z"
CUT = "2026-09-15T07:41:05Z"
DOCUMENTATION = [
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
KEY = scenario(CONTOSO_BEC).answer_key
ATTACKER = {place["address"] for place in KEY["attacker"]["addresses"]}
VICTIM = KEY["people"]["victim"]["user_principal_name"]


@pytest.fixture
def sign_ins() -> list[Record]:
    return list(scenario(CONTOSO_BEC).sign_ins)


@pytest.fixture
def audit() -> list[Record]:
    return list(scenario(CONTOSO_BEC).audit)


def act(name: str) -> Record:
    return next(dict(planted) for planted in KEY["acts"] if planted["id"] == name)


def bare(address: str) -> str:
    if address.startswith("["):
        return address[1 : address.index("]")]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def addresses_of(record: Record) -> set[str]:
    names = ("ipAddress", "ClientIP", "ClientIPAddress", "ActorIpAddress")
    return {bare(record[name]) for name in names if record.get(name)}


def test_same_seed_tells_the_same_story(sign_ins: list[Record], audit: list[Record]) -> None:
    scenario.cache_clear()
    again = scenario(CONTOSO_BEC)
    assert list(again.sign_ins) == sign_ins
    assert list(again.audit) == audit
    assert beginning(CONTOSO_BEC) == beginning(CONTOSO_BEC)


def test_every_id_is_there_once(sign_ins: list[Record], audit: list[Record]) -> None:
    assert len({record["id"] for record in sign_ins}) == len(sign_ins)
    assert len({record["Id"] for record in audit}) == len(audit)


def test_nothing_happens_after_the_instant_or_before_the_forty_days(
    sign_ins: list[Record], audit: list[Record]
) -> None:
    times = [record["createdDateTime"] for record in sign_ins] + [r["CreationTime"] + "Z" for r in audit]
    assert max(times) < "2026-09-18T14:00:00Z"
    assert "2026-08-09" <= min(times) < "2026-08-11"


def test_acts_come_in_order_and_name_their_records(sign_ins: list[Record], audit: list[Record]) -> None:
    times = [planted["time"] for planted in KEY["acts"]]
    assert times == sorted(times)
    assert times[0] == ATTACK_BEGINS
    known_audit = {record["Id"] for record in audit}
    known_sign_ins = {record["id"] for record in sign_ins}
    for planted in KEY["acts"]:
        assert planted["audit_records"], planted["id"]
        assert set(planted["audit_records"]) <= known_audit, planted["id"]
        assert set(planted["sign_ins"]) <= known_sign_ins, planted["id"]


def test_answer_key_names_every_record_of_the_intruder(sign_ins: list[Record], audit: list[Record]) -> None:
    named_sign_ins = {i for planted in KEY["acts"] for i in planted["sign_ins"]}
    named_audit = {i for planted in KEY["acts"] for i in planted["audit_records"]}
    assert {r["id"] for r in sign_ins if addresses_of(r) & ATTACKER} == named_sign_ins
    from_there = {r["Id"] for r in audit if addresses_of(r) & ATTACKER}
    # Entra's own service and the spam filter write without the intruder's address.
    assert named_audit - from_there == {act("MFA")["audit_records"][1], act("BLOCKED")["audit_records"][0]}
    assert from_there <= named_audit


def test_stolen_session_ties_the_intruders_records_together(sign_ins: list[Record], audit: list[Record]) -> None:
    session = KEY["attacker"]["session_id"]
    assert {r["location"]["countryOrRegion"] for r in sign_ins if r["sessionId"] == session} == {"NL", "RO"}
    mailbox = [r for r in audit if r.get("AppAccessContext", {}).get("AADSessionId") == session]
    assert {r["UserId"] for r in mailbox} == {VICTIM}
    assert {"MailItemsAccessed", "Send", "UpdateInboxRules", "New-InboxRule", "Set-Mailbox"} <= {
        r["Operation"] for r in mailbox
    }


def test_planted_rules_and_forwarding_read_as_the_services_write_them(audit: list[Record]) -> None:
    records = {record["Id"]: record for record in audit}
    hidden = records[act("RULE-HIDDEN")["audit_records"][0]]
    values = {pair["Name"]: pair["Value"] for pair in hidden["OperationProperties"]}
    assert (hidden["RecordType"], values["RuleOperation"]) == (2, "AddMailboxRule")
    assert json.loads(values["RuleActions"])[0]["Recipients"] == [act("RULE-HIDDEN")["details"]["forwards_to"]]
    visible = records[act("RULE-HIDES")["audit_records"][0]]
    given = {pair["Name"]: pair["Value"] for pair in visible["Parameters"]}
    assert (given["Name"], given["MoveToFolder"], given["MarkAsRead"]) == (".", "RSS-Abonnements", "True")
    forward = records[act("FORWARD")["audit_records"][0]]
    given = {pair["Name"]: pair["Value"] for pair in forward["Parameters"]}
    assert given["ForwardingSmtpAddress"].startswith("smtp:")


def test_bypass_silences_the_mailbox_of_the_victim(audit: list[Record]) -> None:
    after = act("BYPASS")["time"].rstrip("Z")
    late = [r for r in audit if r["UserId"] == VICTIM and r["CreationTime"] > after]
    assert {r["RecordType"] for r in late} <= {6, 15}
    assert late, "the victim goes on working"


def test_ordinary_people_use_documentation_addresses_only(sign_ins: list[Record], audit: list[Record]) -> None:
    for record in sign_ins + audit:
        for address in addresses_of(record) - ATTACKER:
            found = ipaddress.ip_address(address)
            assert any(found in network for network in DOCUMENTATION if network.version == found.version), address
    ordinary = [r for r in sign_ins if r["ipAddress"] not in ATTACKER]
    assert all(64496 <= r["autonomousSystemNumber"] <= 64511 for r in ordinary)


def test_intruders_addresses_lie_in_hosting_networks(shared: Path) -> None:
    networks = (shared / "reference/ip/asn-ipv4.parquet").as_posix()
    countries = (shared / "reference/ip/country-ipv4.parquet").as_posix()
    listed = (shared / "reference/hosting_vpn_asns.csv").read_text(encoding="utf-8").splitlines()
    for place in KEY["attacker"]["addresses"]:
        number = int(ipaddress.ip_address(place["address"]))
        between = f"where {number} between first and last"
        assert duckdb.sql(f"select asn from '{networks}' {between}").fetchall() == [(place["asn"],)]
        assert duckdb.sql(f"select country from '{countries}' {between}").fetchall() == [(place["country"],)]
        row = next(line for line in listed if line.startswith(f"{place['asn']},"))
        assert "hosting" in row


def test_everybody_has_enough_history_before_the_attack(sign_ins: list[Record]) -> None:
    days: dict[str, list[str]] = defaultdict(list)
    for record in sign_ins:
        if record["createdDateTime"] < CUT and record["status"]["errorCode"] == 0:
            days[record["userPrincipalName"]].append(record["createdDateTime"][:10])
    assert len(days) == 9
    for user, seen in days.items():
        assert len(seen) >= 10, user
        assert len(set(seen)) >= 5, user


def test_colleagues_abroad_carry_the_computer_they_have_at_home(sign_ins: list[Record]) -> None:
    """New countries of innocents after the cut: at least two people, each with a device of their own baseline."""
    before: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for record in sign_ins:
        if record["createdDateTime"] < CUT and record["status"]["errorCode"] == 0:
            seen = (record["location"]["countryOrRegion"], record["deviceDetail"]["deviceId"])
            before[record["userPrincipalName"]].add(seen)
    travellers = set()
    for record in sign_ins:
        user, device = record["userPrincipalName"], record["deviceDetail"]["deviceId"]
        countries = {country for country, _ in before[user]}
        if user == VICTIM or record["createdDateTime"] < CUT:
            continue
        if record["location"]["countryOrRegion"] not in countries:
            assert device, record["id"]
            assert device in {known for _, known in before[user]}
            travellers.add(user)
    assert len(travellers) >= 2
    assert travellers <= {innocent["user"] for innocent in KEY["innocents"]}


def test_only_the_victim_meets_new_countries_without_her_device(sign_ins: list[Record]) -> None:
    foreign = [r for r in sign_ins if r["location"]["countryOrRegion"] in ("NL", "RO")]
    assert {r["userPrincipalName"] for r in foreign} == {VICTIM}
    assert {r["deviceDetail"]["deviceId"] for r in foreign} == {""}


def test_innocent_rules_move_mail_into_visible_folders(audit: list[Record]) -> None:
    made = [r for r in audit if r["Operation"] == "New-InboxRule" and r["UserId"] != VICTIM]
    assert len(made) == 2
    for record in made:
        given = {pair["Name"]: pair["Value"] for pair in record["Parameters"]}
        assert given["MoveToFolder"] == given["Name"]
        assert not {"DeleteMessage", "ForwardTo", "RedirectTo", "MarkAsRead"} & set(given)


def test_state_of_the_tenant_agrees_with_the_logs() -> None:
    state = beginning(CONTOSO_BEC)
    victim = KEY["people"]["victim"]["id"]
    forward = act("FORWARD")["details"]["address"]
    assert state["mailboxes"][victim]["ForwardingSmtpAddress"] == f"smtp:{forward}"
    names = {rule["Name"] for rule in state["inbox_rules"][victim]}
    assert {act(rule)["details"]["name"] for rule in ("RULE-HIDDEN", "RULE-HIDES", "RULE-DELETES")} <= names
    assert act("MFA")["details"]["method_id"] in {m["id"] for m in state["authentication_methods"][victim]}
    assert state["grants"][0]["id"] == act("CONSENT")["details"]["grant_id"]
