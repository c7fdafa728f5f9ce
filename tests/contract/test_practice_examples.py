"""The practice tenant's answers beside Microsoft's own examples: the same status, the same kind of body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.test_practice_answers import CHANGES, OWN_MAILBOX_ONLY, READS
from tests.practice.analyst import Client, Clock, client_of
from toolkit import practice

MISPRINTS = {
    # The page's text says 201, which is what the service answers; its example says 200.
    ("POST", "/users/{user-id}/appRoleAssignments"): 201,
}
ASKED: list[tuple[str, str, str, str, Any, bool]] = [
    *((version, "GET", template, path, None, False) for version, template, path in READS),
    *((version, method, template, path, body, False) for version, template, method, path, body in CHANGES),
    *(("v1.0", method, template, path, body, True) for method, template, path, body in OWN_MAILBOX_ONLY),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with practice.start(tmp_path, seconds=Clock()) as tenant:
        yield client_of(tenant)


def examples(shared: Path, method: str, template: str) -> list[dict[str, Any]]:
    """The official examples of an operation; `/me` stands for a user."""
    pattern = re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template).replace("\\-", "-")))
    return [answer for verb, where, answer in published(shared) if verb == method and pattern.fullmatch(where)]


@cache
def published(shared: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path without version, and response of every official example that shows its request."""
    found = []
    for path in sorted((shared / "contracts/examples").glob("*.json")):
        for example in json.loads(path.read_text(encoding="utf-8"))["examples"]:
            asked = example.get("request") or {}
            where = urlsplit(str(asked.get("url"))).path.replace("/me", "/users/x", 1).rstrip("/")
            found.append((str(asked.get("method")), re.sub(r"^/(v1\.0|beta)", "", where), example.get("response")))
    return found


def first_item(body: Any) -> dict[str, Any]:
    rows = body.get("value", body) if isinstance(body, dict) else {}
    item = rows[0] if isinstance(rows, list) and rows else rows
    return item if isinstance(item, dict) else {}


@pytest.mark.parametrize(("version", "method", "template", "path", "body", "by_application"), ASKED)
def test_answer_is_like_the_published_example(
    client: Client, shared: Path, version: str, method: str, template: str, path: str, body: Any, by_application: bool
) -> None:
    shown = examples(shared, method, template)
    if not shown:
        return
    ask = client.as_application if by_application else client.graph
    answer = ask(method, f"/{version}{path}", json=body)
    wanted = {MISPRINTS.get((method, template), example["status"]) for example in shown}
    assert answer.status_code in wanted
    if answer.status_code == 204:
        return
    named = {name for example in shown for name in first_item(example.get("body")) if "@" not in name}
    ours = set(first_item(answer.json()))
    assert not named or not ours or named & ours, (sorted(named), sorted(ours))


def test_most_operations_have_an_example(shared: Path) -> None:
    with_example = {(method, template) for _, method, template, *_ in ASKED if examples(shared, method, template)}
    assert len(with_example) > 50
