"""The table of what each source and action needs, against Microsoft's permission file and against what is sent."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.contain.room import room, unconfirmed_room
from tests.contract.outside import OUTSIDE
from tests.contract.test_requests import GUID, everything, sent
from toolkit.contain.actions import KINDS
from toolkit.tenant.directory_roles import ROLES, role_names
from toolkit.tenant.needs import ACTIONS, NEEDS, REGISTERING, Need
from toolkit.tenant.permissions import (
    CONTAINMENT,
    EVIDENCE,
    REGISTRATION,
    application_permissions,
    covers,
    delegated_permissions,
    needs_for,
    permissions_frame,
    permissions_markdown,
)

__all__ = ["everything", "room", "sent", "unconfirmed_room"]

NOT_IN_THE_FILE = ("signInPreferences", "/records")
"""Operations that the permission file does not know, as its own note says."""


@pytest.fixture
def published(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "contracts/graph-permissions.subset.json").read_text("utf-8"))
    return dict(found["operations"])


def graph_needs() -> list[Need]:
    return [need for need in NEEDS if need.resource == "graph"]


@pytest.mark.parametrize("need", graph_needs(), ids=lambda need: need.key)
def test_every_graph_permission_is_accepted_for_each_of_its_calls(need: Need, published: dict[str, Any]) -> None:
    for operation in need.operations:
        if operation not in published:
            known = operation.removeprefix("v1.0 ") in OUTSIDE or any(part in operation for part in NOT_IN_THE_FILE)
            assert known, operation
            continue
        for kind, wanted in (("DelegatedWork", need.delegated), ("Application", need.application)):
            accepted = {name.partition(" ")[0] for name in (published[operation].get(kind) or {}).get("all", [])}
            if wanted:
                assert any(covers({name}, name) and name in accepted for name in wanted), (operation, kind)
            elif kind == "Application":
                assert not accepted, f"{operation} could be done by an app on its own"
            else:
                assert need.key == "state:rules-graph"  # a person's permission reads the own mailbox only


@pytest.mark.parametrize("need", graph_needs(), ids=lambda need: need.key)
def test_no_row_that_only_reads_asks_to_write(need: Need) -> None:
    if not need.changes:
        assert not any("ReadWrite" in name for name in (*need.delegated, *need.application))


def test_every_cmdlet_of_the_table_is_one_that_exchange_online_has(shared: Path) -> None:
    known = json.loads((shared / "contracts/exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    for need in NEEDS:
        if need.resource == "exchange":
            for cmdlet in need.operations:
                assert known[cmdlet]["online"], cmdlet
                assert need.changes or cmdlet.startswith(("Get-", "Search-"))


def test_every_kind_of_action_has_a_row_and_agrees_with_what_the_panel_says() -> None:
    assert [need.key for need in ACTIONS if need.key.removeprefix("action:") not in KINDS] == []
    assert set(KINDS) == {need.key.removeprefix("action:") for need in ACTIONS}
    for need in ACTIONS:
        said = set(re.findall(r"[\w-]+(?:\.\w+)+", KINDS[need.key.removeprefix("action:")].permission))
        assert set(need.delegated) <= said, need.key
        if need.resource == "graph":
            assert set(need.application) <= said, need.key


def test_the_role_ids_are_those_that_microsoft_publishes(shared: Path) -> None:
    with (shared / "reference/first_party_apps.csv").open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row[1] for row in csv.reader(file) if "EntraDocs" in row}
    for name, number in ROLES.items():
        assert rows.get(number, name) == name
    assert sum(number in rows for number in ROLES.values()) >= 15
    for need in NEEDS:
        assert set(need.roles) <= set(ROLES), need.key
    assert role_names([ROLES["Global Reader"].upper(), "unknown"]) == ["Global Reader"]


def test_whatever_is_sent_in_a_whole_containment_has_a_row(everything: list[requests.PreparedRequest]) -> None:
    patterns = [
        re.compile(re.sub(r"{[^}]+}", "[^/]+", re.escape(operation).replace(r"\{", "{").replace(r"\}", "}")))
        for need in graph_needs()
        for operation in need.operations
    ]
    cmdlets = {name for need in NEEDS if need.resource == "exchange" for name in need.operations}
    for request in everything:
        path = urlsplit(str(request.url)).path
        if "/adminapi/" in path:
            assert json.loads(request.body or b"")["CmdletInput"]["CmdletName"] in cmdlets
        elif path.startswith("/graph/"):
            _, version, rest = path.removeprefix("/graph").split("/", 2)
            asked = f"{version} {request.method} /{rest}"
            assert any(pattern.fullmatch(asked) for pattern in patterns), GUID.sub("{id}", asked)


def test_reading_is_asked_for_first_and_writing_only_for_containment() -> None:
    reading, all_of_it = delegated_permissions("graph", EVIDENCE), delegated_permissions("graph", CONTAINMENT)
    assert not [name for name in reading if "ReadWrite" in name or "AccessAsUser" in name or "Revoke" in name]
    assert all(covers(all_of_it, name) for name in reading)
    # Registering is no part of containment, whatever it comes to need.
    assert not set(REGISTERING) & set(needs_for(CONTAINMENT))
    assert set(REGISTERING) <= set(needs_for(REGISTRATION))
    assert "Directory.AccessAsUser.All" not in application_permissions("graph", CONTAINMENT)
    # What a wider permission contains is not asked for besides.
    assert "Application.Read.All" not in all_of_it
    assert "Application.ReadWrite.All" in all_of_it


def test_the_frame_and_the_markdown_tell_the_same_rows() -> None:
    frame, text = permissions_frame(), permissions_markdown()
    assert len(frame) == len(NEEDS)
    assert set(frame["kind"]) == {"source", "state", "action"}
    for what in frame["what"]:
        assert what[1:] in text
    assert frame.loc[frame["what"] == "Reset the password and write it back on premises", "app_only"].tolist() == [
        "not possible"
    ]


def test_the_small_reads_of_the_preflight_are_published_and_only_read(shared: Path) -> None:
    spec = json.loads((shared / "contracts/graph-v1.0.subset.openapi.json").read_text("utf-8"))
    probes = [need for need in NEEDS if need.probe]
    assert probes
    for need in probes:
        assert f"v1.0 GET {need.probe}" in need.operations
        assert not need.changes
        offered = spec["paths"][need.probe]["get"]["parameters"]
        assert "top" in {str(p.get("name") or p.get("$ref")).rpartition("/")[2].strip("$") for p in offered}
