"""Every Graph answer of the practice tenant, and every exported page, against Microsoft's published contract.

A property that the schema does not name is an error too, except where a type is open and where the service is known
to send more than it documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.practice.analyst import VICTIM, Client, Clock, client_of
from toolkit import practice

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "contoso-bec"
UNDOCUMENTED = {
    "microsoft.graph.controlScore": {"implementationStatus", "lastSynced", "on", "scoreInPercentage"},
    "microsoft.graph.averageComparativeScore": {"SeatSizeRangeLowerValue"},
}
"""Open in practice. Source: apis.md section 4 and formats.md, "Secure Score"."""
READS = [
    ("v1.0", "/users", "/users?$top=3"),
    ("v1.0", "/users", "/users?$select=id,proxyAddresses,assignedLicenses,assignedPlans,otherMails,userType"),
    ("v1.0", "/users/{user-id}", f"/users/{VICTIM}"),
    ("v1.0", "/users/{user-id}", f"/users/{VICTIM}?$select=id,signInSessionsValidFromDateTime,assignedPlans"),
    ("v1.0", "/users/{user-id}/authentication/methods", f"/users/{VICTIM}/authentication/methods"),
    (
        "v1.0",
        "/users/{user-id}/authentication/methods",
        "/users/emergency.access@contoso.onmicrosoft.com/authentication/methods",
    ),
    ("beta", "/users/{user-id}/authentication/requirements", f"/users/{VICTIM}/authentication/requirements"),
    ("v1.0", "/auditLogs/signIns", "/auditLogs/signIns"),
    ("beta", "/auditLogs/signIns", "/auditLogs/signIns"),
    ("beta", "/auditLogs/signIns", "/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'nonInteractiveUser')"),
    ("v1.0", "/security/secureScores", "/security/secureScores"),
    ("v1.0", "/security/secureScoreControlProfiles", "/security/secureScoreControlProfiles?$top=1000"),
    ("v1.0", "/organization", "/organization"),
    ("v1.0", "/domains", "/domains"),
]
CHANGES = [
    ("v1.0", "/users/{user-id}", "PATCH", f"/users/{VICTIM}", {"accountEnabled": False}),
    (
        "v1.0",
        "/users/{user-id}",
        "PATCH",
        f"/users/{VICTIM}",
        {"passwordProfile": {"password": "Correct-Horse-7-Battery", "forceChangePasswordNextSignIn": True}},
    ),
    ("v1.0", "/users/{user-id}/revokeSignInSessions", "POST", f"/users/{VICTIM}/revokeSignInSessions", None),
    (
        "beta",
        "/users/{user-id}/authentication/requirements",
        "PATCH",
        f"/users/{VICTIM}/authentication/requirements",
        {"perUserMfaState": "enforced"},
    ),
]


class Contract:
    """One OpenAPI document; `check` says everything that is wrong with a value."""

    def __init__(self, shared: Path, version: str) -> None:
        file = shared / "contracts" / f"graph-{version}.subset.openapi.json"
        self.document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def operation(self, template: str, method: str) -> dict[str, Any]:
        return dict(self.document["paths"][template][method.lower()])

    def response(self, template: str, method: str) -> dict[str, Any] | None:
        responses = self.operation(template, method)["responses"]
        good = self.resolve(next(answer for status, answer in responses.items() if status.startswith("2")))
        content = good.get("content", {}).get("application/json")
        return dict(content["schema"]) if content else None

    def body(self, template: str, method: str) -> dict[str, Any]:
        asked = self.resolve(self.operation(template, method)["requestBody"])
        return dict(asked["content"]["application/json"]["schema"])

    def properties(self, schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """All named properties, inherited ones too, and whether the type is open."""
        schema = self.resolve(schema)
        named: dict[str, Any] = dict(schema.get("properties", {}))
        is_open = bool(schema.get("x-open-type"))
        for part in schema.get("allOf", []):
            more, also = self.properties(part)
            named |= more
            is_open |= also
        return named, is_open

    def check(self, value: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self.resolve(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                tried = [list(self.check(value, part, where)) for part in schema[key]]
                yield from min(tried, key=len)
                return
        if value is None:
            if not (schema.get("nullable") or None in schema.get("enum", [0])):
                yield f"{where}: null is not allowed"
            return
        if isinstance(value, dict):
            yield from self._object(value, schema, name, where)
        elif isinstance(value, list):
            if schema.get("type") != "array":
                yield f"{where}: a list is not expected"
                return
            for number, item in enumerate(value):
                yield from self.check(item, schema["items"], f"{where}[{number}]")
        else:
            plain = {key: schema[key] for key in ("type", "enum", "format") if key in schema}
            if plain.get("type") == "object" and "enum" in plain:
                yield f"{where}: {value!r} where only null fits"
            checker = jsonschema.Draft202012Validator(plain, format_checker=jsonschema.FormatChecker())
            yield from (f"{where}: {error.message}" for error in checker.iter_errors(value))

    def _object(self, value: dict[str, Any], schema: dict[str, Any], name: str, where: str) -> Iterator[str]:
        kind = value.get("@odata.type", "").removeprefix("#")
        if kind:
            name = kind
            schema = self.document["components"]["schemas"][kind]
        named, is_open = self.properties(schema)
        if not named and schema.get("type") not in ("object", None):
            yield f"{where}: an object is not expected"
        for key, part in value.items():
            if key.startswith("@odata.") or "@odata." in key:
                continue
            if key in named:
                yield from self.check(part, named[key], f"{where}.{key}")
            elif not is_open and key not in UNDOCUMENTED.get(name, set()):
                yield f"{where}.{key}: no such property in {name or 'the schema'}"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock()) as tenant:
        yield client_of(tenant)


@pytest.mark.parametrize(("version", "template", "path"), READS)
def test_every_answer_is_what_graph_promises(
    client: Client, shared: Path, version: str, template: str, path: str
) -> None:
    contract = Contract(shared, version)
    answer = client.graph("GET", f"/{version}{path}")
    assert answer.status_code == 200
    schema = contract.response(template, "GET")
    assert schema is not None
    assert list(contract.check(answer.json(), schema)) == []
    assert answer.json()["@odata.context"]


def test_single_domain_is_what_graph_promises(client: Client, shared: Path) -> None:
    body = client.graph("GET", "/v1.0/domains/emea.contoso.com").json()
    domain = {"$ref": "#/components/schemas/microsoft.graph.domain"}
    assert list(Contract(shared, "v1.0").check(body, domain)) == []


@pytest.mark.parametrize(("version", "template", "method", "path", "body"), CHANGES)
def test_every_change_is_one_that_graph_takes(
    client: Client, shared: Path, version: str, template: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    contract = Contract(shared, version)
    if body is not None:
        assert list(contract.check(body, contract.body(template, method))) == []
    answer = client.graph(method, f"/{version}{path}", json=body)
    if answer.status_code == 204:
        assert answer.content == b""
    else:
        schema = contract.response(template, method)
        assert schema is not None
        assert list(contract.check(answer.json(), schema)) == []
    assert client.tenant.state()["changes"] == 1


@pytest.mark.parametrize(
    ("pattern", "version", "template"),
    [
        ("signins-v1-*.json", "v1.0", "/auditLogs/signIns"),
        ("signins-beta-*.json", "beta", "/auditLogs/signIns"),
        ("secure-scores.json", "v1.0", "/security/secureScores"),
        ("secure-score-control-profiles.json", "v1.0", "/security/secureScoreControlProfiles"),
    ],
)
def test_exported_pages_are_what_graph_promises(shared: Path, pattern: str, version: str, template: str) -> None:
    contract = Contract(shared, version)
    schema = contract.response(template, "GET")
    assert schema is not None
    pages = sorted(SAMPLES.glob(pattern))
    assert pages
    for page in pages:
        body = json.loads(page.read_text(encoding="utf-8"))
        assert list(contract.check(body, schema)) == [], page.name


def test_the_check_notices_what_does_not_belong(shared: Path) -> None:
    contract = Contract(shared, "beta")
    schema = {"$ref": "#/components/schemas/microsoft.graph.signIn"}
    wrong = {
        "id": 7,
        "createdDateTime": None,
        "isInteractive": "yes",
        "riskState": "very",
        "shoeSize": 43,
        "location": {"village": "Aying"},
        "signInEventTypes": {},
    }
    found = [problem.split(":")[0] for problem in contract.check(wrong, schema)]
    assert found == [
        *(".id", ".createdDateTime", ".isInteractive", ".riskState", ".shoeSize", ".location.village"),
        ".signInEventTypes",
    ]
