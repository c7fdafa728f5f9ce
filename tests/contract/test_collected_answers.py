"""What is collected page by page, against the contracts, and where the services are stricter than their OpenAPI."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.test_practice_answers import QUERY, VERSIONS, Contract
from tests.practice.analyst import Client, Clock, client_of
from toolkit import practice
from toolkit.practice.exchange import described


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock(), events=500) as tenant:
        yield client_of(tenant)


@pytest.mark.parametrize("version", VERSIONS)
def test_records_of_a_search_are_what_graph_promises(client: Client, shared: Path, version: str) -> None:
    contract = Contract(shared, version)
    query = {name: value for name, value in QUERY.items() if name.startswith("filter")}
    made = client.graph("POST", f"/{version}/security/auditLog/queries", json=query).json()
    client.tenant.arrange(record_count_limit=50)
    client.tenant.clock.advance(31)
    where = f"/{version}/security/auditLog/queries/{made['id']}"
    template = "/security/auditLog/queries/{auditLogQuery-id}"
    for path, of in ((where, template), (f"{where}/records", f"{template}/records")):
        schema = contract.response(of, "GET")
        assert schema is not None
        body = client.graph("GET", path).json()
        assert list(contract.check(body, schema)) == []
    assert body["value"]
    assert {row["auditLogRecordType"] for row in body["value"]} > {"ExchangeItem"}


def test_details_of_a_trace_are_what_graph_promises(client: Client, shared: Path) -> None:
    contract = Contract(shared, "v1.0")
    row = client.graph("GET", "/v1.0/admin/exchange/tracing/messageTraces?$top=1").json()["value"][0]
    call = f"getDetailsByRecipient(recipientAddress='{row['recipientAddress']}')"
    body = client.graph("GET", f"/v1.0/admin/exchange/tracing/messageTraces/{row['id']}/{call}").json()
    template = "/admin/exchange/tracing/messageTraces/{exchangeMessageTrace-id}"
    schema = contract.response(f"{template}/getDetailsByRecipient(recipientAddress='{{recipientAddress}}')", "GET")
    assert schema is not None
    assert list(contract.check(body, schema)) == []
    assert body["value"][0]["event"] == "Receive"


REFUSED = [
    ("v1.0", "/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'nonInteractiveUser')"),
    ("v1.0", "/auditLogs/signIns?$select=id"),
    ("beta", "/auditLogs/signIns?$count=true"),
    ("beta", "/auditLogs/signIns?$top=1001"),
    ("v1.0", "/auditLogs/directoryAudits?$expand=targetResources"),
    ("v1.0", "/auditLogs/directoryAudits?$filter=activityDateTime ge '2026-09-01T00:00:00Z'"),
    ("v1.0", "/auditLogs/directoryAudits?$skip=10"),
    ("v1.0", "/identityProtection/riskDetections?$top=501"),
    ("v1.0", "/identityProtection/riskDetections?$search=x"),
    ("v1.0", "/admin/exchange/tracing/messageTraces?$orderby=receivedDateTime"),
    ("v1.0", "/admin/exchange/tracing/messageTraces?$top=5001"),
    ("v1.0", "/admin/exchange/tracing/messageTraces?$filter=receivedDateTime ge 2026-09-17T00:00:00Z"),
]
"""In the OpenAPI, but not taken by the service."""


@pytest.mark.parametrize(("version", "path"), REFUSED)
def test_services_take_less_than_the_openapi_offers(client: Client, version: str, path: str) -> None:
    assert client.graph("GET", f"/{version}{path}").status_code == 400


@pytest.mark.parametrize("name", ["Search-UnifiedAuditLog", "Get-MessageTraceV2", "Get-MessageTraceDetailV2"])
def test_every_parameter_is_one_that_exchange_has(shared: Path, name: str) -> None:
    known = json.loads((shared / "contracts/exchange-cmdlets.json").read_text("utf-8"))["cmdlets"][name]["parameters"]
    cmdlet = described(name)
    assert cmdlet is not None
    assert cmdlet.known == {one for one in known if known[one]["online"] and one != "LegacyFlow"}
    assert cmdlet.required == {one for one in known if known[one]["required"]}


def names(value: object) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def documented(shared: Path, name: str) -> list[dict[str, Any]]:
    text = (shared / f"contracts/examples/activity-{name}.json").read_text("utf-8")
    return list(json.loads(text)["examples"])


def test_activity_answers_are_like_the_documented_ones(client: Client, shared: Path) -> None:
    root = f"{client.about['manage']}/api/v1.0/{client.about['tenant_id']}/activity/feed"
    headers = {"Authorization": f"Bearer {client.token('manage')}"}

    def ask(method: str, what: str, **query: str) -> requests.Response:
        return client.session.request(method, f"{root}/{what}", params=query, headers=headers, timeout=60)

    of = {"contentType": "Audit.Exchange"}
    started = ask("POST", "subscriptions/start", **of)
    client.tenant.clock.advance(300)
    subscriptions, content = ask("GET", "subscriptions/list"), ask("GET", "subscriptions/content", **of)
    blob = client.session.get(content.json()[0]["contentUri"], headers=headers, timeout=60)
    stopped = ask("POST", "subscriptions/stop", **of)
    assert names(started.json()) == names(documented(shared, "subscriptions-start")[0]["response"]["body"])
    assert names(subscriptions.json()[0]) == names(documented(shared, "subscriptions-list")[0]["response"]["body"][0])
    assert names(content.json()[0]) == names(documented(shared, "content-list")[0]["response"]["body"][0])
    common = {"CreationTime", "Id", "Operation", "OrganizationId", "RecordType", "UserKey", "UserType", "Workload"}
    assert all(common <= names(record) for record in blob.json())
    assert common <= names(documented(shared, "content-get")[0]["response"]["body"][0])
    assert (stopped.status_code, stopped.content) == (
        documented(shared, "subscriptions-stop")[0]["response"]["status"],
        b"",
    )


def test_every_activity_error_is_a_documented_one(client: Client, shared: Path) -> None:
    known = {code for example in documented(shared, "errors") for code in example.get("codes", {})}
    source = (Path(practice.__file__).parent / "activity.py").read_text("utf-8")
    # AF20024 is not on the page; that a subscription which is already enabled is answered so is common knowledge.
    assert set(re.findall(r"AF\d+", source)) - {"AF20024"} <= known
