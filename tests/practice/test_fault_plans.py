"""Fault plans: the same seed lets the same things go wrong."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock
from toolkit.practice import FaultPlan
from toolkit.practice.fault_plans import MISHAPS

USER = f"/v1.0/users/{VICTIM}"
QUICK = tuple(kind for kind in MISHAPS if kind != "late")


def line(method: str = "GET", path: str = "/v1.0/users", cmdlet: str | None = None) -> dict[str, Any]:
    reading = method == "GET" or str(cmdlet).startswith("Get-")
    return {"method": method, "path": path, "cmdlet": cmdlet, "kind": "read" if reading else "write"}


def course(plan: FaultPlan, *lines: dict[str, Any]) -> list[tuple[str, int, str]]:
    for one in lines:
        plan.fault_for(one)
    return [(m.request, m.number, m.what) for m in plan.happened]


def test_same_seed_same_mishaps_whatever_comes_between() -> None:
    reads, changes = [line()] * 60, [line("PATCH")] * 60
    apart = course(FaultPlan(7), *reads, *changes)
    mixed = course(FaultPlan(7), *(one for pair in zip(reads, changes, strict=True) for one in pair))
    assert sorted(apart) == sorted(mixed)
    assert apart != course(FaultPlan(8), *reads, *changes)


def test_so_many_percent_go_wrong_and_never_too_many_in_a_row() -> None:
    happened = course(FaultPlan("often", percent=60, in_a_row=2), *[line()] * 500)
    numbers = [number for _, number, _ in happened]
    assert 200 < len(numbers) < 330
    assert not [n for n in numbers if {n + 1, n + 2} <= set(numbers)]
    assert course(FaultPlan(1, percent=0), *[line()] * 50) == []


def test_each_kind_fits_its_requests() -> None:
    graph_reads = course(FaultPlan(3, percent=100), *[line()] * 400)
    cmdlets = course(FaultPlan(3, percent=100), *[line("POST", "/x", "Set-Mailbox")] * 400)
    assert {what for _, _, what in cmdlets} == set(MISHAPS)
    assert {what for _, _, what in graph_reads} == set(MISHAPS) - {
        *("stale for some readings", "stale for some time", "NUL body", "warning")
    }


def test_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no fault called 'earthquake'"):
        FaultPlan(1, kinds=["earthquake"])


def test_plan_is_followed_until_it_ends(client: Client) -> None:
    client.token("graph")
    plan = FaultPlan(1, percent=100, kinds=["throttled"], in_a_row=1)
    client.tenant.follow(plan)
    answer = client.graph("GET", USER)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 20
    assert client.graph("GET", USER).status_code == 200
    assert client.graph("GET", USER).status_code == 429
    client.tenant.follow(None)
    assert client.graph("GET", USER).status_code == 200
    assert [mishap.what for mishap in plan.happened] == ["throttled", "throttled"]


def test_signing_in_is_left_alone(client: Client) -> None:
    client.tenant.follow(FaultPlan(1, percent=100, kinds=["throttled"], in_a_row=99))
    assert client.sign_in()["access_token"]


@pytest.mark.parametrize("kind", QUICK)
def test_each_mishap_over_the_wire(client: Client, clock: Clock, kind: str) -> None:
    client.token("graph")
    client.token("exchange")
    before = client.tenant.state()["changes"]
    client.tenant.follow(FaultPlan("wire", percent=100, kinds=[kind], in_a_row=1))
    try:
        answer = client.cmdlet("Set-Mailbox", Identity=VICTIM, ForwardingSmtpAddress=None)
        status = answer.status_code
    except requests.exceptions.ConnectionError:
        status = 0
    client.tenant.follow(None)
    expected = {"throttled": 429, "503": 503, "504": 504, "cut": 0, "stale": 200, "NUL": 403, "warning": 200}
    assert status == expected[kind.split()[0]]
    took_effect = kind.endswith("after") or kind.startswith("stale")
    assert (client.tenant.state()["changes"] > before) is took_effect
    seen = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()["value"][0]["ForwardingSmtpAddress"]
    assert (seen is None) is kind.endswith("after")
    clock.seconds += 91
    for _ in range(4):
        seen = client.cmdlet("Get-Mailbox", Identity=VICTIM).json()["value"][0]["ForwardingSmtpAddress"]
    assert (seen is None) is took_effect


def test_late_is_more_than_five_seconds() -> None:
    plan = FaultPlan(1, percent=100, kinds=["late"])
    fault = plan.fault_for(line())
    assert fault is not None
    assert (fault.late > 5, fault.replaces) == (True, False)
