"""Who registered which methods, as the practice tenant's report tells it: hours late."""

from __future__ import annotations

from typing import Any

from tests.practice.analyst import VICTIM, Client, Clock

REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
METHODS = f"/v1.0/users/{VICTIM}/authentication"
RECOVERY = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"


def told(client: Client, name: str = VICTIM) -> dict[str, Any]:
    rows = client.graph("GET", REPORT).json()["value"]
    return next(dict(row) for row in rows if row["userPrincipalName"] == name)


def later(client: Client, clock: Clock, hours: int) -> None:
    """Hours pass, and the analyst signs in again."""
    clock.seconds += hours * 3600
    client.__post_init__()


def test_it_lags_behind_the_methods_by_hours(client: Client, clock: Clock) -> None:
    before = told(client)
    assert before["lastUpdatedDateTime"] == "2026-09-18T09:00:00Z"
    assert "email" not in before["methodsRegistered"], "the mail address was added at 13:06"
    assert client.graph("GET", f"{METHODS}/emailMethods").json()["value"]
    later(client, clock, 2)
    after = told(client)
    assert after["lastUpdatedDateTime"] == "2026-09-18T15:00:00Z"
    assert "email" in after["methodsRegistered"]
    assert client.graph("DELETE", f"{METHODS}/emailMethods/{RECOVERY}").status_code == 204
    assert "email" in told(client)["methodsRegistered"], "the report does not know it yet"
    later(client, clock, 6)
    assert "email" not in told(client)["methodsRegistered"]


def test_it_names_administrators_guests_and_those_without_a_method(client: Client) -> None:
    assert told(client)["isAdmin"] is True
    assert told(client, "emergency.access@contoso.onmicrosoft.com")["methodsRegistered"] == ["passKeyDeviceBound"]
    guest = told(client, "lena.fischer_fabrikam.example#EXT#@contoso.onmicrosoft.com")
    assert (guest["userType"], guest["isMfaRegistered"], guest["methodsRegistered"]) == ("guest", False, [])
    administrators = client.graph("GET", f"{REPORT}?$filter=isAdmin eq true").json()["value"]
    assert len(administrators) == 3


def test_a_disabled_account_is_not_in_it(client: Client, clock: Clock) -> None:
    assert client.graph("PATCH", f"/v1.0/users/{VICTIM}", json={"accountEnabled": False}).status_code == 204
    later(client, clock, 6)
    names = [row["userPrincipalName"] for row in client.graph("GET", REPORT).json()["value"]]
    assert VICTIM not in names
    assert len(names) == 9


def test_it_is_not_for_everybody(client: Client) -> None:
    client.tenant.withhold("AuditLog.Read.All")
    assert client.graph("GET", REPORT).status_code == 403
