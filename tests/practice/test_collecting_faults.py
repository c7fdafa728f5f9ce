"""What goes wrong with collecting: each mishap over the wire, and plans that are hard but never unfair."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice
from toolkit.errors import PracticeError
from toolkit.practice import FaultPlan, plan_of
from toolkit.practice.__main__ import main
from toolkit.practice.collect_faults import COLLECTING
from toolkit.practice.fault_plans import MISHAPS

SIGN_INS = "/v1.0/auditLogs/signIns"
START, END = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 18, 14, 0, 1, tzinfo=UTC)


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.token("graph")
    client.token("exchange")
    return client


def fault(client: Client) -> str:
    return str(client.tenant.requests()[-1].get("fault", ""))


def test_retry_after_may_be_a_date_by_the_services_own_clock(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "429 storm with a date", amount=12)
    answer = signed_in.graph("GET", SIGN_INS)
    assert answer.status_code == 429
    now, until = (parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Retry-After"))
    assert until - now == timedelta(seconds=12)
    assert fault(signed_in) == "429 storm with a date"


def test_storm_lasts_for_some_requests_and_then_lets_one_through(signed_in: Client) -> None:
    signed_in.tenant.follow(FaultPlan(3, percent=100, kinds=["429 storm"]))
    statuses = [signed_in.graph("GET", SIGN_INS).status_code for _ in range(12)]
    storms = "".join("x" if status == 429 else "." for status in statuses).strip(".").split(".")
    assert all(2 <= len(storm) <= 4 for storm in storms[:-1])
    assert len(storms) > 1


def test_connection_breaks_off_in_mid_body(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "reset in mid-body")
    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        signed_in.graph("GET", SIGN_INS)
    assert signed_in.graph("GET", SIGN_INS).status_code == 200


def test_json_ends_in_the_middle(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "truncated JSON")
    answer = signed_in.graph("GET", SIGN_INS)
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()


def test_gateway_answers_with_a_page(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "502")
    answer = signed_in.graph("GET", SIGN_INS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_token_expires_in_mid_paging(signed_in: Client) -> None:
    link = signed_in.graph("GET", f"{SIGN_INS}?$top=100").json()["@odata.nextLink"]
    signed_in.tenant.happen_next(SIGN_INS, "expired token")
    path = link.removeprefix(signed_in.about["graph"])
    assert signed_in.graph("GET", path).status_code == 401
    again = client_of(signed_in.tenant)
    assert again.graph("GET", path).status_code == 200


def test_next_link_leads_to_itself_until_one_gives_up(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "nextLink loop")
    path = f"{SIGN_INS}?$top=100"
    for _ in range(5):
        body = signed_in.graph("GET", path).json()
        assert body["@odata.nextLink"].endswith("/graph" + path)
    assert "$skiptoken" in signed_in.graph("GET", f"{SIGN_INS}?$top=99").json()["@odata.nextLink"]


def test_next_link_is_refused_for_a_while(signed_in: Client) -> None:
    link = signed_in.graph("GET", f"{SIGN_INS}?$top=100").json()["@odata.nextLink"]
    path = link.removeprefix(signed_in.about["graph"])
    signed_in.tenant.happen_next(SIGN_INS, "nextLink refused")
    assert [signed_in.graph("GET", path).status_code for _ in range(5)] == [400, 400, 400, 400, 200]


def test_page_comes_again_and_nothing_is_lost(signed_in: Client) -> None:
    signed_in.tenant.follow(FaultPlan(1, percent=0))
    first = signed_in.graph("GET", f"{SIGN_INS}?$top=100").json()
    signed_in.tenant.happen_next(SIGN_INS, "repeated page")
    path = first["@odata.nextLink"].removeprefix(signed_in.about["graph"])
    assert signed_in.graph("GET", path).json() == first
    assert signed_in.graph("GET", path).json()["value"] != first["value"]


def test_page_with_fewer_rows_is_told_once(signed_in: Client) -> None:
    whole = signed_in.graph("GET", f"{SIGN_INS}?$top=100").json()
    for expected in (50, 100):
        signed_in.tenant.happen_next(SIGN_INS, "short page")
        body = signed_in.graph("GET", f"{SIGN_INS}?$top=100").json()
        assert len(body["value"]) == expected
        assert body["@odata.nextLink"] == whole["@odata.nextLink"]


def test_false_zero_of_a_list(signed_in: Client) -> None:
    signed_in.tenant.happen_next(SIGN_INS, "false zero", times=2)
    body = signed_in.graph("GET", SIGN_INS).json()
    assert body["value"] == []
    assert "@odata.nextLink" not in body
    assert signed_in.graph("GET", SIGN_INS).json()["value"]


def test_records_of_a_search_end_in_500(signed_in: Client) -> None:
    query = signed_in.graph("POST", "/v1.0/security/auditLog/queries", json={"displayName": "x"}).json()["id"]
    signed_in.tenant.clock.advance(31)
    records = f"/v1.0/security/auditLog/queries/{query}/records"
    link = signed_in.graph("GET", f"{records}?$top=100").json()["@odata.nextLink"]
    signed_in.tenant.happen_next("/records", "records end in 500")
    path = link.removeprefix(signed_in.about["graph"])
    assert [signed_in.graph("GET", path).status_code for _ in range(4)] == [500] * 4
    assert signed_in.graph("GET", f"{records}?$top=100").status_code == 200


def test_warning_with_half_the_rows_and_a_link_that_is_refused(signed_in: Client) -> None:
    signed_in.tenant.happen_next("Get-Mailbox", "warning and half")
    body = signed_in.cmdlet("Get-Mailbox", ResultSize="Unlimited").json()
    whole = signed_in.cmdlet("Get-Mailbox", ResultSize="Unlimited").json()
    assert len(body["value"]) == len(whole["value"]) // 2
    assert body["@adminapi.warnings"]
    headers = {"Authorization": f"Bearer {signed_in.token('exchange')}"}
    sent = {"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"ResultSize": "Unlimited"}}}
    answer = signed_in.session.post(body["@odata.nextLink"], json=sent, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert "Expired or Invalid pagination request" in answer.text


def test_late_records_arrive_within_a_day_and_the_clock_may_be_wrong(client: Client, clock: Clock) -> None:
    client.tenant.follow(FaultPlan(2, percent=0, kinds=["late records", "clock skew"]))
    everything = client.tenant.truth()
    there = client.tenant.truth(arrived=True)
    yesterday = client.tenant.truth(None, END - timedelta(hours=20), END)
    assert there < everything
    assert everything - there < yesterday
    clock.seconds += 20 * 3600
    assert client.tenant.truth(arrived=True) == everything
    answer = client_of(client.tenant).graph("GET", "/v1.0/organization")
    skew = parsedate_to_datetime(answer.headers["Date"]) - client.tenant.clock.now()
    assert 1 < abs(skew.total_seconds()) <= 600


def test_plan_is_the_same_for_the_same_seed_and_stands_in_the_log(tmp_path: Path) -> None:
    seen = []
    for name in ("a", "b"):
        with practice.start(tmp_path / name, seconds=Clock(), faults=FaultPlan.collecting(11, percent=60)) as tenant:
            client = client_of(tenant)
            for _ in range(25):
                try:
                    client.graph("GET", f"{SIGN_INS}?$top=50")
                except requests.exceptions.RequestException:
                    continue
            seen.append([(line["path"], line.get("fault"), line["status"]) for line in tenant.requests()])
    assert seen[0] == seen[1]
    assert len({fault for _, fault, _ in seen[0] if fault}) > 4


def line(method: str, path: str, cmdlet: str | None = None, *, page: bool = False) -> dict[str, Any]:
    reading = method == "GET" or str(cmdlet).startswith(("Get-", "Search-"))
    return {
        "method": method,
        "path": path,
        "cmdlet": cmdlet,
        "kind": "read" if reading else "write",
        "fields": [],
        "page": page,
    }


def test_every_kind_of_mishap_happens_to_something() -> None:
    lines = [
        line("POST", "/adminapi/beta/x/InvokeCommand", "Search-UnifiedAuditLog"),
        line("POST", "/adminapi/beta/x/InvokeCommand", "Get-Mailbox"),
        line("GET", "/v1.0/auditLogs/signIns", page=True),
        line("POST", "/v1.0/security/auditLog/queries"),
        line("GET", "/v1.0/security/auditLog/queries/1/records", page=True),
        line("GET", "/api/v1.0/x/activity/feed/subscriptions/content"),
        line("POST", "/v1/workspaces/x/query") | {"kind": "read"},
    ]
    plan = FaultPlan.collecting(5, percent=100)
    for _ in range(400):
        for one in lines:
            plan.fault_for(one)
    assert {mishap.what for mishap in plan.happened} == set(COLLECTING) - {"late records", "clock skew"}


def test_containment_meets_its_own_mishaps_only() -> None:
    plan = FaultPlan(5, percent=100)
    for _ in range(300):
        plan.fault_for(line("GET", "/v1.0/auditLogs/signIns", page=True))
    assert {mishap.what for mishap in plan.happened} <= set(MISHAPS)


def test_plan_from_a_file_or_a_seed(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text('seed = 9\npercent = 40\nkinds = ["500", "false zero"]\n', encoding="utf-8")
    plan = plan_of(str(file))
    assert (plan.seed, plan.percent, plan.kinds) == (9, 40, ("500", "false zero"))
    assert set(plan_of("17").kinds) == set(COLLECTING)
    file.write_text('seed = 9\nkinds = ["earthquake"]\n', encoding="utf-8")
    with pytest.raises(PracticeError, match="earthquake"):
        plan_of(str(file))


def test_plan_and_events_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    arguments = ["--folder", str(tmp_path), "--faults", "17", "--events", "300"]
    assert main(arguments, wait=lambda tenant: seen.append(len(tenant.truth(VICTIM)))) == 0
    assert seen[0] > 300
    (tmp_path / "bad.toml").write_text("seed = ", encoding="utf-8")
    assert main(["--folder", str(tmp_path), "--faults", str(tmp_path / "bad.toml")]) == 1
    assert "is not a fault plan" in capsys.readouterr().err


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock(), events=2_000) as tenant:
        client = client_of(tenant)
        client.token("exchange")
        yield client


def careful(client: Client, name: str) -> tuple[set[str], bool]:
    """One pass over a window as a careful collector makes it: the ids, and whether anything looked wrong."""
    asked = {"StartDate": START.isoformat(), "EndDate": END.isoformat(), "UserIds": VICTIM}
    found: set[str] = set()
    expected, total, zeros = 1, None, 0
    for _ in range(80):
        try:
            answer = client.cmdlet(
                "Search-UnifiedAuditLog", **asked, SessionId=name, SessionCommand="ReturnLargeSet", ResultSize=400
            )
            if answer.status_code == 401:
                client = client_of(client.tenant)
            body = answer.json() if answer.status_code == 200 else {}
        except (requests.exceptions.RequestException, ValueError):
            continue
        if not body:
            continue
        rows = body["value"]
        if not rows:
            zeros += 1
            if zeros > 3:
                return found, total is not None and expected == total + 1
            continue
        for row in rows:
            if row["ResultIndex"] == -1:
                return found, False
            found.add(row["Identity"])
        total, zeros = rows[0]["ResultCount"], 0
        expected = max(expected, rows[-1]["ResultIndex"] + 1)
    return found, False


@pytest.mark.parametrize("seed", range(12))
def test_two_passes_that_agree_have_everything(busy: Client, seed: int) -> None:
    """No plan lies the same way twice: so a collector that asks twice can always tell."""
    busy.tenant.follow(FaultPlan.collecting(seed, percent=30, without=["late records"]))
    truth = busy.tenant.truth(VICTIM, START, END)
    (first, well), (second, also) = careful(busy, "one"), careful(busy, "two")
    assert first <= truth
    assert second <= truth
    if well and also and first == second:
        assert first == truth
