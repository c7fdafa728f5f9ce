"""The call of every kind of action there is, and the call of its undo, against Microsoft's contracts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from tests.contain.room import VICTIM, Room, room, unconfirmed_room
from tests.contain.test_every_action import INSIDE, UNDONE
from tests.contract.cmdlets import is_a_cmdlet
from tests.contract.outside import OUTSIDE
from tests.contract.test_requests import GUID, closed, names_of, openapi, operation_of
from toolkit import contain
from toolkit.contain.action import Action
from toolkit.contain.actions import (
    KINDS,
    AuditMailbox,
    AuditOrganisation,
    AuditUnifiedLog,
    BlockSignIn,
    CreateApplication,
    CreateServicePrincipal,
    EndAuditBypass,
    GiveBack,
    GrantAppRole,
    GrantConsent,
    IssueAccessPass,
    RemoveApplication,
    RequireMfa,
    ResetPassword,
    ResetWithWriteback,
    RestoreAuditActions,
    RestoreAuditAge,
    RevokeAgain,
    RevokeSessions,
    SetControlState,
    StartActivitySubscription,
    UnblockSender,
)
from toolkit.tenant import Call

__all__ = ["openapi", "room", "unconfirmed_room"]

ONE, OTHER, THIRD = (f"{n}{n}{n}{n}{n}{n}{n}{n}-1111-4111-8111-111111111111" for n in "abc")
DOCUMENTED = {"security/secureScoreControlProfiles": {"state", "comment"}}
"""Properties of a body that the reference ("Update secureScoreControlProfile") names, and the description does not."""
OFF = {"AuditDisabled": True, "UnifiedAuditLogIngestionEnabled": False, "AuditEnabled": False}
ROW = {"row": {"id": THIRD}}


@dataclass(frozen=True)
class Example:
    """An action, the state before it, the state after it, and whether it has an undo."""

    action: Action
    before: dict[str, Any]
    after: dict[str, Any]
    undone: bool


def by_hand() -> list[Example]:
    """Those that the practice mailbox does not offer by itself."""
    app = {"id": THIRD, "appId": OTHER, "tags": ["mark"]}
    old = {"AuditEnabled": False, "AuditLogAgeLimit": "30.00:00:00", "AuditBypassEnabled": True}
    return [
        Example(BlockSignIn(), {"accountEnabled": True}, {}, False),
        Example(GiveBack(), {"accountEnabled": False}, {}, True),
        Example(ResetPassword(), {}, {}, False),
        Example(ResetWithWriteback(), {}, {}, False),
        Example(RevokeSessions(), {}, {}, False),
        Example(RevokeAgain(), {}, {}, False),
        Example(RequireMfa(), {"perUserMfaState": "disabled"}, {}, True),
        Example(IssueAccessPass(), {"passes": []}, {}, False),
        Example(UnblockSender(VICTIM, VICTIM), {"row": {"SenderAddress": VICTIM}}, {}, False),
        Example(SetControlState("MFARegistrationV2", "ThirdParty", "why"), {"state": "Default", "note": "x"}, {}, True),
        Example(AuditOrganisation(), OFF, {}, True),
        Example(AuditUnifiedLog(), OFF, {}, True),
        Example(EndAuditBypass(ONE, "x"), old, {}, True),
        Example(AuditMailbox(ONE, "x"), old, {}, True),
        Example(RestoreAuditAge(ONE, "x"), old, {}, True),
        Example(RestoreAuditActions(ONE, "x"), {"AuditOwner": ["Update"], "DefaultAuditSet": ["Admin"]}, {}, True),
        Example(StartActivitySubscription("Audit.Exchange"), {"row": None}, {"row": {"status": "enabled"}}, True),
        Example(
            CreateApplication("ours", ["mark"], [{"service": ONE, "ids": [OTHER]}]),
            {"applications": []}, {"applications": [app]}, True,
        ),
        Example(CreateServicePrincipal(ONE, "ours"), {"row": None}, ROW, True),
        Example(GrantConsent(ONE, OTHER, ["User.Read"], "ours"), {"row": None}, ROW, True),
        Example(GrantAppRole(ONE, OTHER, THIRD, "ours"), {"row": None}, ROW, True),
        Example(RemoveApplication(ONE, OTHER, "ours"), {"row": app}, {}, False),
    ]  # fmt: skip


@pytest.fixture
def examples(room: Room) -> dict[str, list[Example]]:
    """By kind; of what the scenario offers every single thing."""
    found: dict[str, list[Example]] = {}
    target = contain.resolve(room.tenant, VICTIM)
    for offer in room.plan(suspicion=INSIDE).offers:
        before = offer.action.read(room.tenant, target).values
        made = Example(offer.action, before, before, UNDONE[offer.action.kind] and not offer.is_off)
        found.setdefault(offer.action.kind, []).append(made)
    for example in by_hand():
        found.setdefault(example.action.kind, []).append(example)
    return found


def test_the_call_of_every_kind_and_of_its_undo_is_one_that_microsoft_publishes(
    room: Room, examples: dict[str, list[Example]], openapi: dict[str, Any], shared: Path
) -> None:
    cmdlets = json.loads((shared / "contracts" / "exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    target = contain.resolve(room.tenant, VICTIM)
    assert set(examples) == set(KINDS), "a kind without an example is not held against anything"
    for kind, ones in examples.items():
        for one in ones:
            calls = [one.action.call(room.tenant.cloud, target)]
            undo = one.action.undo_of(room.tenant.cloud, target, one.before, one.after)
            assert (undo is not None) is one.undone, kind
            for call in [*calls, *([undo] if undo else [])]:
                _is_published(call, openapi, cmdlets)


def _is_published(call: Call, openapi: dict[str, Any], cmdlets: dict[str, Any]) -> None:
    path = urlsplit(call.url).path
    if path.startswith("/graph/"):
        _is_graphs(call, openapi)
    elif "/adminapi/" in path:
        is_a_cmdlet(json.loads(json.dumps(call.body))["CmdletInput"], cmdlets)
    else:  # the Management Activity API publishes no contract; its reference names these two
        assert re.fullmatch(r"/manage/api/v1\.0/[0-9a-f-]{36}/activity/feed/subscriptions/(start|stop)", path), path
        assert call.method == "POST"
        assert call.body is None


def _is_graphs(call: Call, openapi: dict[str, Any]) -> None:
    _, version, path = urlsplit(call.url).path.removeprefix("/graph").split("/", 2)
    spec = openapi[version]
    operation = operation_of(spec, f"/{path}", call.method)
    named = f"{call.method} /{path}"
    outside = OUTSIDE.get(GUID.sub("{application-id}", named) if path.startswith("applications") else named)
    assert operation is not None or outside is not None, named
    if call.body is None:
        assert call.method in {"DELETE", "POST"}
        return
    assert call.method in {"POST", "PATCH"}
    schema = {"$ref": f"#/components/schemas/{outside.schema}"} if outside else {}
    if operation is not None:
        wanted = operation["requestBody"]
        wanted = spec["components"]["requestBodies"][wanted["$ref"].rpartition("/")[2]] if "$ref" in wanted else wanted
        schema = wanted["content"]["application/json"]["schema"]
    body = json.loads(json.dumps(call.body))
    jsonschema.validate(body, closed(schema | {"components": spec["components"]}))
    names = names_of(spec, schema) | DOCUMENTED.get(path.partition("/MFA")[0], set())
    assert set(body) <= names, (named, body)
