"""Connecting: practice and real tenants are never mixed, and a real one is read with whoever signed in."""

from __future__ import annotations

import base64
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.contain.room import Room
from toolkit import connect
from toolkit.case import open_case
from toolkit.errors import SignInFailed, UsageError
from toolkit.tenant import CLOUDS
from toolkit.tenant.ready_token import ReadyTokenSource

TENANT = "11111111-2222-3333-4444-555555555555"


def token(**claims: object) -> str:
    parts = ({"alg": "none"}, claims, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def reader(audience: str, **more: object) -> str:
    named = {"tid": TENANT, "oid": "1", "upn": "jane@fabrikam.example", "exp": time.time() + 600}
    return token(aud=audience, **named | more)


@pytest.mark.parametrize("cloud", [*CLOUDS, "moon"])
def test_a_practice_case_never_meets_a_real_tenant(room: Room, cloud: str) -> None:
    with pytest.raises(UsageError, match=r"never mixed|no cloud named"):
        connect(room.case, cloud=cloud)


def test_a_case_of_evidence_never_meets_the_practice_tenant(tmp_path: Path) -> None:
    with closing(open_case(tmp_path / "case")) as case, pytest.raises(UsageError, match="never mixed"):
        connect(case)


@pytest.mark.parametrize("name", CLOUDS)
def test_a_case_is_connected_to_the_tenant_that_the_sign_in_is_for(tmp_path: Path, name: str) -> None:
    source = ReadyTokenSource(CLOUDS[name], environ={"TOOLKIT_GRAPH_TOKEN": reader(CLOUDS[name].graph)})
    with closing(open_case(tmp_path / "case")) as case:
        tenant = connect(case, source, name)
        assert (tenant.cloud.name, tenant.tenant_id) == (name, TENANT)
        assert tenant.operator.user_principal_name == "jane@fabrikam.example"
        assert tenant.cloud.tenant_id == TENANT
        assert tenant.tokens is source
        tenant.close()


def test_a_token_for_another_tenant_does_not_open_the_practice_case(room: Room) -> None:
    source = ReadyTokenSource(
        room.tenant.cloud, environ={"TOOLKIT_GRAPH_TOKEN": reader(room.tenant.cloud.graph)}, now=room.case.clock
    )
    with pytest.raises(SignInFailed, match="the practice tenant is"):
        connect(room.case, source)
