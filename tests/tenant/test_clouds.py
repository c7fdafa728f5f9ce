"""The clouds: every address belongs to one, and what one lacks is said with what to use in its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.contain.room import Room
from toolkit.errors import UsageError
from toolkit.tenant.clouds import CLOUDS, LACKS, RESOURCES, cloud_named, lacks


@pytest.mark.parametrize("name", CLOUDS)
def test_an_address_is_known_by_its_own_cloud_and_not_taken_for_another_service(name: str) -> None:
    cloud = CLOUDS[name]
    roads = {
        "graph": "/v1.0/users",
        "exchange": "/adminapi/beta/x/InvokeCommand",
        "management": "/api/v1.0/x/activity/feed/subscriptions/list",
        "log-analytics": "/v1/workspaces/x/query",
    }
    for resource, road in roads.items():
        if name == "china" and resource == "management":
            with pytest.raises(UsageError, match="No address of the Management Activity API"):
                cloud.base(resource)
            continue
        assert cloud.resource_of(cloud.base(resource) + road) == resource
        assert cloud.scope(resource) == cloud.base(resource) + "/.default"
        assert cloud.resource_of(cloud.base(resource) + ".evil.example" + road) is None
    assert set(roads) == set(RESOURCES)


def test_no_two_clouds_but_gcc_share_an_address_that_gets_a_token() -> None:
    graphs = {name: cloud.graph for name, cloud in CLOUDS.items() if name != "gcc"}
    assert len(set(graphs.values())) == len(graphs)
    assert CLOUDS["gcc"].graph == CLOUDS["global"].graph
    assert CLOUDS["gcc"].management != CLOUDS["global"].management


@pytest.mark.parametrize(
    ("cloud", "operation", "says"),
    [
        ("gcc-high", "/security/auditLog/queries", "use Search-UnifiedAuditLog"),
        ("dod", "/v1.0/admin/exchange/tracing/messageTraces", "use Get-MessageTraceV2"),
        ("china", "Search-UnifiedAuditLog", "Purview"),
        ("china", "management", "Purview"),
        ("china", "/users/{id}/authentication/methods/{id}/resetPassword", "plain password reset"),
        ("china", "/security/secureScores", "Secure Score is not available in the cloud in China"),
    ],
)
def test_what_a_cloud_lacks_is_said_with_what_to_use(cloud: str, operation: str, says: str) -> None:
    assert says in lacks(CLOUDS[cloud], operation)


@pytest.mark.parametrize("operation", ["/auditLogs/signIns", "/users", "Get-InboxRule", "exchange"])
def test_what_every_cloud_has_is_not_said_to_be_lacking(operation: str) -> None:
    assert [name for name in CLOUDS if lacks(CLOUDS[name], operation)] == []


def test_the_global_cloud_and_gcc_lack_nothing_that_is_used(shared: Path) -> None:
    spec = json.loads((shared / "contracts/graph-v1.0.subset.openapi.json").read_text("utf-8"))
    for path in spec["paths"]:
        assert lacks(CLOUDS["global"], path) == lacks(CLOUDS["gcc"], path) == ""
    for lack in LACKS:
        assert any(lack.pattern.search(path) for path in [*spec["paths"], "Search-UnifiedAuditLog"]) or re.search(
            "management", lack.pattern.pattern
        )


def test_an_unknown_cloud_is_refused_with_the_names(room: Room) -> None:
    with pytest.raises(UsageError, match="global, gcc, gcc-high, dod, china, practice"):
        cloud_named("azure")
    assert lacks(room.tenant.cloud, "/security/auditLog/queries") == ""
