"""Every request that is sent, held against Microsoft's contracts: Graph's OpenAPI, Exchange's cmdlet reference."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.contain.room import Room
from tests.contract.cmdlets import is_a_cmdlet
from toolkit import contain, harden

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """What leaves, as it leaves."""
    requests_sent: list[requests.PreparedRequest] = []
    real = HTTPAdapter.send

    def keep(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        requests_sent.append(request.copy())
        return real(adapter, request, *args, **how)

    monkeypatch.setattr(HTTPAdapter, "send", keep)
    return requests_sent


@pytest.fixture
def everything(room: Room, sent: list[requests.PreparedRequest]) -> list[requests.PreparedRequest]:
    """All requests of a whole walk: plan, each action, each undo, doors, settling."""
    room.tenant.graph.users()
    for step in room.plan().steps:
        room.run(step.action.key)
    for step in room.plan().steps:
        if step.undo is not None:
            room.undo(step.action.key)
    contain.settle(room.case, room.tenant)
    _organisation(room)
    return sent


def _organisation(room: Room) -> None:
    """Everything that hardening reads, each repair of auditing, and its undo."""
    room.service.change_behind(_auditing_off)
    report = harden.auditing(room.case, harden.read_state(room.case, room.tenant))
    for turn in (contain.run, contain.undo):
        plan = harden.hardening_plan(room.case, room.tenant, harden.audit_repairs(report))
        yes = contain.confirm(plan, room.tenant.domain)
        for step in plan.steps:
            turn(plan, step.action.key, yes)


def _auditing_off(state: dict[str, Any]) -> None:
    state["organization_config"]["AuditDisabled"] = True
    state["admin_audit_log_config"]["UnifiedAuditLogIngestionEnabled"] = False


@pytest.fixture
def openapi(shared: Path) -> dict[str, Any]:
    contracts = shared / "contracts"
    return {
        version: json.loads((contracts / f"graph-{version}.subset.openapi.json").read_text("utf-8"))
        for version in ("v1.0", "beta")
    }


def operation_of(spec: dict[str, Any], path: str, method: str) -> dict[str, Any] | None:
    for template, item in spec["paths"].items():
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"({[^}]+})", template)
        )
        if re.fullmatch(pattern, path) and method.lower() in item:
            found: dict[str, Any] = item[method.lower()]
            return found
    return None


def closed(schema: Any) -> Any:
    """The schema with OpenAPI's `nullable` as JSON Schema knows it."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    if made.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def names_of(spec: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """All properties that a schema names, its bases included."""
    if "$ref" in schema:
        return names_of(spec, spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found |= names_of(spec, part)
    return found


def test_every_graph_request_is_one_that_graph_publishes(
    everything: list[requests.PreparedRequest], openapi: dict[str, Any]
) -> None:
    checked = set()
    for request in everything:
        address = urlsplit(str(request.url))
        if "/graph/" not in address.path:
            continue
        _, version, path = address.path.removeprefix("/graph").split("/", 2)
        operation = operation_of(openapi[version], f"/{path}", str(request.method))
        assert operation is not None, f"{request.method} {address.path}"
        offered = {p.get("name") or p["$ref"].rpartition("/")[2] for p in operation.get("parameters", [])}
        for name in set(parse_qs(address.query)) - {"$skiptoken"}:  # the service's own next link, followed as it is
            assert name in offered or name.strip("$") in offered, name
        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = json.loads(request.body)
            jsonschema.validate(body, closed(schema | {"components": openapi[version]["components"]}))
            assert set(body) <= names_of(openapi[version], schema)
            if "passwordProfile" in body:
                profile = {"$ref": "#/components/schemas/microsoft.graph.passwordProfile"}
                assert set(body["passwordProfile"]) <= names_of(openapi[version], profile)
        elif request.method in {"PATCH", "PUT"}:
            pytest.fail(f"{request.method} {address.path} has no body")
        checked.add((request.method, version, GUID.sub("{id}", path)))
    assert checked >= {
        ("PATCH", "v1.0", "users/{id}"),
        ("POST", "v1.0", "users/{id}/revokeSignInSessions"),
        ("PATCH", "beta", "users/{id}/authentication/requirements"),
        ("GET", "v1.0", "domains"),
        ("GET", "v1.0", "subscribedSkus"),
    }


def test_every_cmdlet_and_parameter_is_one_that_exchange_online_has(
    everything: list[requests.PreparedRequest], shared: Path
) -> None:
    known = json.loads((shared / "contracts" / "exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    seen = set()
    for request in everything:
        if "/adminapi/" not in str(request.url):
            continue
        assert request.method == "POST"
        assert re.fullmatch(r"/exchange/adminapi/beta/[0-9a-f-]{36}/InvokeCommand", urlsplit(str(request.url)).path)
        asked = json.loads(request.body or b"")["CmdletInput"]
        is_a_cmdlet(asked, known)
        assert request.headers["X-CmdletName"] == asked["CmdletName"]
        assert request.headers["X-AnchorMailbox"].startswith(("UPN:", "APP:SystemMailbox{"))
        seen.add(asked["CmdletName"])
    assert seen >= {"Get-InboxRule", "Disable-InboxRule", "Enable-InboxRule", "Get-Mailbox", "Set-Mailbox"}
    assert seen >= {"Set-OrganizationConfig", "Set-AdminAuditLogConfig", "Set-MailboxAuditBypassAssociation"}


def test_every_request_says_who_asks_and_under_which_id(everything: list[requests.PreparedRequest]) -> None:
    for request in everything:
        if "/oauth2/" in str(request.url) or "/.well-known/" in str(request.url):
            continue
        assert request.headers["Authorization"].startswith("Bearer ")
        assert GUID.fullmatch(request.headers["client-request-id"])


def test_every_permission_named_in_a_preview_is_one_that_graph_has(room: Room, shared: Path) -> None:
    known = (shared / "contracts" / "graph-permissions.subset.json").read_text("utf-8")
    for step in room.plan().steps:
        if step.action.permission == "Exchange.Manage":
            continue
        for name in re.findall(r"[A-Z][A-Za-z-]+\.[A-Za-z.]+[a-z]", step.action.permission):
            assert name in known, name
