"""Every request that collecting sends, held against Microsoft's contracts and against what documentation adds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import jsonschema
import pytest
import requests

from tests.collect.pulling import days_back
from tests.contain.room import VICTIM, Room
from tests.contract.test_requests import GUID, closed, names_of, openapi, operation_of, sent
from toolkit import collect, contain, harden
from toolkit.collect.marks import ADDRESS, APP, SESSION, named_mark
from toolkit.collect.profile import ROADS, Profile
from toolkit.collect.pull import Asked, Pages
from toolkit.collect.roads.activity import BEFORE
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.road import Options
from toolkit.collect.roads.search_log import SearchLog
from toolkit.contain.actions import StartActivitySubscription
from toolkit.practice.intrusion import ROGUE_APP
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant.activity import CONTENT_TYPES
from toolkit.tenant.needs import NEEDS

__all__ = ["openapi", "sent"]

# What the services accept in a $filter, by path; the OpenAPI allows anything.
FILTERS = {
    "/auditLogs/signIns": r"(userId|appId|ipAddress) eq '[^']*' and signInEventTypes/any\(t: t eq '\w+'\) and "
    r"createdDateTime ge TIME and createdDateTime lt TIME",
    "/auditLogs/directoryAudits": r"(initiatedBy/(user/id|app/appId) eq '[^']*'|"
    r"targetResources/any\(t: t/id eq '[^']*'\)) and activityDateTime ge TIME and activityDateTime lt TIME",
    "/admin/exchange/tracing/messageTraces": r"(sender|recipient)Address eq '[^']*' (and status eq 'failed' )?and "
    r"receivedDateTime ge TIME and receivedDateTime le TIME",
    "/identityProtection/riskDetections": r"userId eq '[^']*'",
    "/servicePrincipals": r"appId eq '[^']*'",
}
LARGEST = {
    "/auditLogs/signIns": 1000,
    "/auditLogs/directoryAudits": 1000,
    "/admin/exchange/tracing/messageTraces": 5000,
    "/identityProtection/riskDetections": 500,
    "/security/secureScores": 1000,
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def everything(room: Room, sent: list[requests.PreparedRequest]) -> list[requests.PreparedRequest]:
    """A collection by every road that there is, with the feeds started by a person's yes."""
    plan = harden.hardening_plan(room.case, room.tenant, [StartActivitySubscription(one) for one in CONTENT_TYPES])
    yes = contain.confirm(plan, room.tenant.domain)
    for step in plan.steps:
        contain.run(plan, step.action.key, yes)
    room.service.clock.advance(86_400)
    roads = tuple(dict.fromkeys(ROADS.values()))
    wanted = Profile("all of it", (3,), twice=False, roads=roads, options=Options(workspace=WORKSPACE))
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert {line.road for line in done.lines} == {road.name for road in roads}
    refused = [line for line in done.lines if line.state in {"not available", "failed"}]
    assert all(line.reason.startswith(BEFORE.partition("{")[0]) for line in refused), refused
    marks = [named_mark(ADDRESS, "203.0.113.7"), named_mark(SESSION, "a session"), named_mark(APP, ROGUE_APP.app_id)]
    collect.pivot(room.case, room.tenant, marks, wanted=replace(wanted, days=(1,), roads=()))
    crowded = Asked("", VICTIM, days_back(room, 1), record_types=("ExchangeItem",), operations=("Send", "Create"))
    for road in (SearchLog(), AuditSearch()):
        road.pull(room.tenant, crowded, Pages(room.case.folder / "pulled.json"), lambda: False)
    return sent


def of(everything: list[requests.PreparedRequest], part: str) -> list[requests.PreparedRequest]:
    found = [one for one in everything if part in urlsplit(str(one.url)).path]
    assert found
    return found


def test_every_graph_request_is_published_and_its_filter_is_one_that_the_service_takes(
    everything: list[requests.PreparedRequest], openapi: dict[str, Any]
) -> None:
    seen = set()
    for request in of(everything, "/graph/"):
        address = urlsplit(str(request.url))
        _, version, path = address.path.removeprefix("/graph").split("/", 2)
        operation = operation_of(openapi[version], f"/{path}", str(request.method))
        assert operation is not None, f"{request.method} {address.path}"
        offered = {p.get("name") or p["$ref"].rpartition("/")[2] for p in operation.get("parameters", [])}
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        for name in set(query) - {"$skiptoken"}:
            assert name in offered or name.strip("$") in offered, (path, name)
        if "$filter" in query:
            assert re.fullmatch(FILTERS[f"/{path}"].replace("TIME", TIME), query["$filter"]), query["$filter"]
        if "$top" in query:
            assert 1 <= int(query["$top"]) <= LARGEST.get(f"/{path}", 1000), path
        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = json.loads(request.body)
            jsonschema.validate(body, closed(schema | {"components": openapi[version]["components"]}))
            assert set(body) <= names_of(openapi[version], schema)
        seen.add((request.method, version, GUID.sub("{id}", path)))
    assert seen >= {
        ("POST", "v1.0", "security/auditLog/queries"),
        ("GET", "v1.0", "security/auditLog/queries/{id}"),
        ("GET", "v1.0", "security/auditLog/queries/{id}/records"),
        ("GET", "beta", "auditLogs/signIns"),
        ("GET", "v1.0", "auditLogs/directoryAudits"),
        ("GET", "v1.0", "admin/exchange/tracing/messageTraces"),
        ("GET", "v1.0", "identityProtection/riskDetections"),
        ("GET", "v1.0", "identityProtection/riskyUsers/{id}"),
        ("GET", "v1.0", "identityProtection/riskyUsers/{id}/history"),
    }
    kinds = {"signInEventTypes" in str(request.url) for request in of(everything, "/v1.0/auditLogs/")}
    assert kinds == {False}  # v1.0 does not know the property


def test_no_trace_asks_for_more_than_ten_days(everything: list[requests.PreparedRequest]) -> None:
    lists = [one for one in of(everything, "/messageTraces") if "getDetails" not in str(one.url)]
    assert any("status eq 'failed'" in unquote_plus(str(one.url)) for one in lists)
    for request in lists:
        text = parse_qs(urlsplit(str(request.url)).query)["$filter"][0]
        start, end = (datetime.fromisoformat(one) for one in re.findall(TIME, text))
        assert end - start <= timedelta(days=10)
        assert " or " not in text  # ignored in silence


def test_every_cmdlet_is_one_that_reads_and_that_exchange_online_has(
    everything: list[requests.PreparedRequest], shared: Path
) -> None:
    known = json.loads((shared / "contracts" / "exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    seen = set()
    for request in of(everything, "/adminapi/"):
        asked = json.loads(request.body or b"")["CmdletInput"]
        seen.add(asked["CmdletName"])
        assert asked["CmdletName"].startswith(("Get-", "Search-"))
        for name, value in asked["Parameters"].items():
            parameter = known[asked["CmdletName"]]["parameters"][name]
            assert parameter["online"], name
            assert isinstance(value, bool | int | str | list)
        if asked["CmdletName"] == "Get-MessageTraceV2":
            start, end = (datetime.fromisoformat(asked["Parameters"][name]) for name in ("StartDate", "EndDate"))
            assert end - start <= timedelta(days=10)
            assert 1 <= asked["Parameters"]["ResultSize"] <= 5000
    assert seen >= {"Search-UnifiedAuditLog", "Get-MessageTraceV2"}
    searched = [json.loads(one.body or b"")["CmdletInput"] for one in of(everything, "/adminapi/")]
    named = {name for one in searched if one["CmdletName"] == "Search-UnifiedAuditLog" for name in one["Parameters"]}
    assert named >= {"UserIds", "IPAddresses", "FreeText", "RecordType", "Operations"}


def example(shared: Path, name: str) -> set[str]:
    """The parameters of the documented request of the activity API."""
    told = json.loads((shared / "contracts" / "examples" / f"{name}.json").read_text("utf-8"))
    return set(parse_qs(urlsplit(told["examples"][0]["request"]["url"]).query))


def test_the_activity_api_is_asked_as_documented(everything: list[requests.PreparedRequest], shared: Path) -> None:
    known = {
        "start": example(shared, "activity-subscriptions-start"),
        "list": example(shared, "activity-subscriptions-list"),
        "content": example(shared, "activity-content-list") | {"startTime", "endTime"},
    }
    methods = set()
    for request in of(everything, "/activity/feed/"):
        address = urlsplit(str(request.url))
        query = parse_qs(address.query)
        what = address.path.rpartition("/")[2]
        methods.add((request.method, what if "/subscriptions/" in address.path else "blob"))
        assert re.search(r"/api/v1(\.0)?/[0-9a-f-]{36}/activity/feed/(subscriptions/\w+|audit/.+)$", address.path)
        assert GUID.fullmatch(query["PublisherIdentifier"][0])
        assert not request.body
        if "/subscriptions/" not in address.path:
            continue
        assert set(query) - {"nextPage"} == known[what]
        if what == "content":
            start, end = (datetime.fromisoformat(query[name][0]) for name in ("startTime", "endTime"))
            assert timedelta(0) < end - start <= timedelta(hours=24)
            assert not query["startTime"][0].endswith("Z")
    assert methods == {("POST", "start"), ("GET", "list"), ("GET", "content"), ("GET", "blob")}


def test_log_analytics_is_asked_as_documented(everything: list[requests.PreparedRequest]) -> None:
    for request in of(everything, "/v1/workspaces/"):
        assert request.method == "POST"
        assert urlsplit(str(request.url)).path.endswith(f"/v1/workspaces/{WORKSPACE}/query")
        body = json.loads(request.body or b"")
        assert set(body) == {"query", "timespan"}
        assert re.fullmatch(f"{TIME}/{TIME}", body["timespan"])


def test_whatever_is_asked_has_a_row_in_the_table_of_permissions(everything: list[requests.PreparedRequest]) -> None:
    rows = [operation for need in NEEDS if need.resource != "exchange" for operation in need.operations]
    patterns = [re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(one))) for one in rows]
    for request in everything:
        path = urlsplit(str(request.url)).path
        if path.startswith("/graph/"):
            _, version, rest = path.removeprefix("/graph").split("/", 2)
            asked = f"{version} {request.method} /{rest}"
        elif "/activity/feed/subscriptions/" in path:
            asked = f"{request.method} /activity/feed{path.partition('/activity/feed')[2]}"
        elif "/v1/workspaces/" in path:
            asked = f"{request.method} /v1{path.partition('/v1')[2]}"
        else:
            continue
        assert any(pattern.fullmatch(asked) for pattern in patterns), asked


def test_nothing_but_the_subscriptions_was_a_change(everything: list[requests.PreparedRequest], room: Room) -> None:
    paths = {r["path"] for r in room.writes() if not r["path"].endswith(("/auditLog/queries", "/query"))}
    assert {path.rpartition("/")[2] for path in paths} == {"start"}
