"""What registering an application sends, against Graph's contract; what that does not hold, against its schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
import requests

from tests.contain.registrations import public, register, registration
from tests.contain.room import DOMAIN, Room, room, unconfirmed_room
from tests.contract.outside import OUTSIDE
from tests.contract.test_requests import GUID, closed, names_of, openapi, operation_of, sent
from toolkit import contain
from toolkit.contain.registering import creation, registered, removal
from toolkit.tenant.needs import NEEDS, REGISTERING

__all__ = ["openapi", "room", "sent", "unconfirmed_room"]


@pytest.fixture
def walk(room: Room, sent: list[requests.PreparedRequest], tmp_path: Path) -> list[requests.PreparedRequest]:
    """Both kinds registered, seen, undone step by step or removed."""
    for app_only in (False, True):
        wanted = registration(room, "containment", app_only=app_only)
        key = public(tmp_path) if app_only else None
        register(room, wanted, key)
        registered(room.tenant, wanted)
        plan = removal(room.case, room.tenant, wanted)
        contain.run(plan, plan.steps[0].action.key, contain.confirm(plan, DOMAIN))
        register(room, wanted, key)
        for _ in creation(room.case, room.tenant, wanted, key).plan.steps[:-1]:
            stage = creation(room.case, room.tenant, wanted, key).plan
            last = [step for step in stage.steps if step.undo is not None][-1]
            contain.undo(stage, last.action.key, contain.confirm(stage, DOMAIN))
    return [request for request in sent if "/graph/v1.0/" in str(request.url)]


def template(request: requests.PreparedRequest) -> str:
    """Method and path, with the name of the id where the list of what is outside has it."""
    path = urlsplit(str(request.url)).path.removeprefix("/graph/v1.0")
    return f"{request.method} {GUID.sub('{application-id}', path) if path.startswith('/applications') else path}"


def test_every_request_is_published_or_stands_on_the_short_list(
    walk: list[requests.PreparedRequest], openapi: dict[str, Any]
) -> None:
    spec, seen = openapi["v1.0"], set()
    for request in walk:
        address = urlsplit(str(request.url))
        operation = operation_of(spec, address.path.removeprefix("/graph/v1.0"), str(request.method))
        outside = OUTSIDE.get(template(request))
        assert (operation is None) is (outside is not None), template(request)
        if operation is not None:
            offered = {p.get("name") or p["$ref"].rpartition("/")[2] for p in operation.get("parameters", [])}
            assert {name.strip("$") for name in parse_qs(address.query)} <= {str(name).strip("$") for name in offered}
        else:
            seen.add(template(request))
        assert bool(request.body) is (request.method == "POST"), template(request)
        if not request.body:
            continue
        schema = (
            {"$ref": f"#/components/schemas/{outside.schema}"}
            if outside
            else operation["requestBody"]["content"]["application/json"]["schema"]  # type: ignore[index]
        )
        body = json.loads(request.body)
        whole = schema | {"components": spec["components"]}
        # OpenAPI's nullable objects are no JSON Schema; of what is sent none is null.
        jsonschema.validate(body, closed(whole) | ({"required": sorted(outside.required)} if outside else {}))
        assert set(body) <= names_of(spec, schema)
        _check_inside(body, spec)
    assert seen == set(OUTSIDE)


def _check_inside(body: dict[str, Any], spec: dict[str, Any]) -> None:
    """The objects within: no property that their schemas do not name."""
    within = {
        "publicClient": "publicClientApplication",
        "requiredResourceAccess": "requiredResourceAccess",
        "resourceAccess": "resourceAccess",
        "keyCredentials": "keyCredential",
    }
    for name, kind in within.items():
        found = body.get(name, [])
        for one in found if isinstance(found, list) else [found]:
            assert set(one) <= names_of(spec, {"$ref": f"#/components/schemas/microsoft.graph.{kind}"}), one
            _check_inside(one, spec)


def test_the_list_of_what_is_outside_is_no_longer_than_it_has_to_be(openapi: dict[str, Any]) -> None:
    for operation in OUTSIDE:
        method, path = operation.split(" ")
        assert method.lower() not in openapi["v1.0"]["paths"].get(path, {}), operation
        needs = [need for need in REGISTERING if f"v1.0 {operation}" in need.operations]
        assert needs
        for need in needs:
            assert OUTSIDE[operation].permission in need.delegated


def test_whatever_registering_sends_has_a_row_in_the_table_of_needs(walk: list[requests.PreparedRequest]) -> None:
    patterns = [
        re.compile("[^/]+".join(re.escape(part) for part in re.split(r"{[^}]+}", operation)))
        for need in NEEDS
        if need.resource == "graph"
        for operation in need.operations
    ]
    for request in walk:
        asked = f"v1.0 {request.method} {urlsplit(str(request.url)).path.removeprefix('/graph/v1.0')}"
        assert any(pattern.fullmatch(asked) for pattern in patterns), asked


def test_what_the_practice_tenant_answers_is_what_graph_would(
    room: Room, openapi: dict[str, Any], tmp_path: Path
) -> None:
    spec = openapi["v1.0"]
    register(room, registration(room, app_only=True), public(tmp_path))
    for path, name in (("/applications", "application"), ("/servicePrincipals", "servicePrincipal")):
        schema = {"$ref": f"#/components/schemas/microsoft.graph.{name}"}
        for row in room.tenant.graph.rows(path).rows:
            jsonschema.validate(row, closed(schema | {"components": spec["components"]}))
            assert {key for key in row if "@" not in key} <= names_of(spec, schema)
