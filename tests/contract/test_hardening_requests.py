"""Every request that reading the organisation sends, held against Microsoft's contracts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.contain.room import VICTIM, Room
from tests.contract.test_requests import openapi, operation_of, sent
from toolkit import harden

__all__ = ["openapi", "sent"]


def test_reading_the_organisation_asks_only_for_what_is_published(
    room: Room, sent: list[requests.PreparedRequest], openapi: dict[str, Any], shared: Path
) -> None:
    harden.read_state(room.case, room.tenant)
    harden.read_accounts(room.case, room.tenant, [VICTIM])
    cmdlets = json.loads((shared / "contracts" / "exchange-cmdlets.json").read_text("utf-8"))["cmdlets"]
    asked = set()
    for request in sent:
        address = urlsplit(str(request.url))
        if "/graph/" in address.path:
            _, version, path = address.path.removeprefix("/graph").split("/", 2)
            assert request.method == "GET"
            operation = operation_of(openapi[version], f"/{path}", "GET")
            assert operation is not None, address.path
            offered = {p.get("name") or p["$ref"].rpartition("/")[2] for p in operation.get("parameters", [])}
            for name in set(parse_qs(address.query)) - {"$skiptoken"}:  # of the service's own next link
                assert name in offered or name.strip("$") in offered, (path, name)
            asked.add(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", path))
        elif "/adminapi/" in address.path:
            said = json.loads(request.body or b"")["CmdletInput"]
            assert said["CmdletName"].startswith("Get-")
            known = cmdlets[said["CmdletName"]]
            assert known["online"]
            assert all(known["parameters"][name]["online"] for name in said["Parameters"]), said
            asked.add(said["CmdletName"])
    assert asked >= {
        "reports/authenticationMethods/userRegistrationDetails",
        "identity/conditionalAccess/policies",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "users/{id}/authentication/requirements",
        "users/{id}/transitiveMemberOf",
        "Get-HostedOutboundSpamFilterPolicy",
        "Get-RemoteDomain",
        "Get-TransportConfig",
        "Get-ExternalInOutlook",
        "Get-BlockedSenderAddress",
    }
    assert room.writes() == []
