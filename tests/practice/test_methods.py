"""Authentication methods and new passwords as the practice tenant's Graph plays them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.practice.analyst import VICTIM, Client, Clock

ROOT = f"/v1.0/users/{VICTIM}/authentication"
PASSWORD = "28c10230-6103-485e-b985-444c60001490"
MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
PASSES = f"{ROOT}/temporaryAccessPassMethods"
SYNCED = "petra.lindner@contoso.com"
GOOD = "Correct-Horse-7-Battery"


def methods(client: Client, collection: str = "methods") -> dict[str, dict[str, Any]]:
    rows = client.graph("GET", f"{ROOT}/{collection}").json()["value"]
    return {row.get("displayName") or row["@odata.type"].rpartition(".")[2]: row for row in rows}


def delete(client: Client, name: str, collection: str) -> requests.Response:
    return client.graph("DELETE", f"{ROOT}/{collection}/{methods(client)[name]['id']}")


def reset(client: Client, who: str = VICTIM, **body: Any) -> requests.Response:
    path = f"/v1.0/users/{who}/authentication/methods/{PASSWORD}/resetPassword"
    return client.graph("POST", path, json=body or None)


def operation(client: Client, answer: requests.Response) -> dict[str, Any]:
    return dict(client.graph("GET", answer.headers["Location"].removeprefix(client.about["graph"])).json())


def changed(client: Client, who: str = VICTIM) -> str:
    path = f"/v1.0/users/{who}?$select=lastPasswordChangeDateTime"
    return str(client.graph("GET", path).json()["lastPasswordChangeDateTime"])


def test_each_kind_has_its_collection_and_all_are_listed_together(client: Client) -> None:
    assert set(methods(client)) == {
        *("passwordAuthenticationMethod", "phoneAuthenticationMethod", "emailAuthenticationMethod"),
        *("Katrin's phone", "SM-A546B", "LT-CTS-0141"),
    }
    assert set(methods(client, "microsoftAuthenticatorMethods")) == {"Katrin's phone", "SM-A546B"}
    one = methods(client)["SM-A546B"]
    assert client.graph("GET", f"{ROOT}/microsoftAuthenticatorMethods/{one['id']}").json()["displayName"] == "SM-A546B"
    assert client.graph("GET", f"{ROOT}/methods/{one['id']}").json()["displayName"] == "SM-A546B"
    assert client.graph("GET", f"{ROOT}/phoneMethods/{one['id']}").status_code == 404


def test_intruders_authenticator_is_deleted(client: Client) -> None:
    assert delete(client, "SM-A546B", "microsoftAuthenticatorMethods").status_code == 204
    assert "SM-A546B" not in methods(client)
    assert client.tenant.state()["audit"][-1]["Operation"] == "Admin deleted security info."


def test_a_method_is_deleted_in_its_own_collection_only(client: Client) -> None:
    assert delete(client, "SM-A546B", "methods").status_code == 405
    assert delete(client, "SM-A546B", "phoneMethods").status_code == 404
    assert client.graph("DELETE", f"{ROOT}/passwordMethods/{PASSWORD}").status_code == 405
    assert client.tenant.state()["changes"] == 0


def test_default_method_stays_while_there_are_others(client: Client) -> None:
    answer = delete(client, "Katrin's phone", "microsoftAuthenticatorMethods")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Cannot delete default method with other methods configured")
    assert delete(client, "phoneAuthenticationMethod", "phoneMethods").status_code == 204
    assert delete(client, "SM-A546B", "microsoftAuthenticatorMethods").status_code == 204
    assert delete(client, "Katrin's phone", "microsoftAuthenticatorMethods").status_code == 204


def test_default_can_be_changed_and_then_go(client: Client) -> None:
    path = f"/beta/users/{VICTIM}/authentication/signInPreferences"
    wanted = {"userPreferredMethodForSecondaryAuthentication": "sms"}
    assert (
        client.graph("PATCH", path, json={"userPreferredMethodForSecondaryAuthentication": "oath2"}).status_code == 400
    )
    assert client.graph("PATCH", path, json=wanted).status_code == 204
    assert client.graph("GET", path).json()["userPreferredMethodForSecondaryAuthentication"] == "sms"
    assert delete(client, "Katrin's phone", "microsoftAuthenticatorMethods").status_code == 204
    assert delete(client, "phoneAuthenticationMethod", "phoneMethods").status_code == 400


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        ("phoneAuthenticationMethod", "phoneMethods"),
        ("emailAuthenticationMethod", "emailMethods"),
        ("LT-CTS-0141", "windowsHelloForBusinessMethods"),
    ],
)
def test_other_kinds_are_deleted_too(client: Client, name: str, collection: str) -> None:
    assert delete(client, name, collection).status_code == 204
    assert name not in methods(client)


def test_methods_of_other_people_are_deleted_by_kind(client: Client) -> None:
    for who, collection in (
        ("ana.petrovic@contoso.com", "softwareOathMethods"),
        ("miriam.hoffmann@contoso.com", "platformCredentialMethods"),
        ("emergency.access@contoso.onmicrosoft.com", "fido2Methods"),
    ):
        path = f"/v1.0/users/{who}/authentication/{collection}"
        (row,) = client.graph("GET", path).json()["value"]
        assert client.graph("DELETE", f"{path}/{row['id']}").status_code == 204
        assert client.graph("GET", path).json()["value"] == []


def test_phone_is_added_again_under_its_fixed_id(client: Client) -> None:
    delete(client, "phoneAuthenticationMethod", "phoneMethods")
    office = {"phoneNumber": "+49 8900000", "phoneType": "alternateMobile"}
    assert client.graph("POST", f"{ROOT}/phoneMethods", json=office).status_code == 400
    mobile = {"phoneNumber": "+49 1510000000", "phoneType": "mobile"}
    answer = client.graph("POST", f"{ROOT}/phoneMethods", json=mobile)
    assert (answer.status_code, answer.json()["id"]) == (201, MOBILE)
    assert client.graph("POST", f"{ROOT}/phoneMethods", json=mobile).status_code == 400
    assert client.graph("POST", f"{ROOT}/phoneMethods", json=office).status_code == 201
    assert client.graph("DELETE", f"{ROOT}/phoneMethods/{MOBILE}").status_code == 400


def test_temporary_access_pass_is_told_once(client: Client) -> None:
    answer = client.graph("POST", PASSES, json={"lifetimeInMinutes": 60, "isUsableOnce": True})
    assert answer.status_code == 201
    told = answer.json()["temporaryAccessPass"]
    assert len(told) >= 8
    (row,) = client.graph("GET", PASSES).json()["value"]
    assert row["temporaryAccessPass"] is None
    assert (row["isUsable"], row["methodUsabilityReason"]) == (True, "EnabledByPolicy")
    client.tenant.stop()
    assert all(told.encode() not in path.read_bytes() for path in client.tenant.folder.iterdir())


def test_second_pass_is_refused_until_the_first_is_gone_or_over(client: Client, clock: Clock) -> None:
    first = client.graph("POST", PASSES, json={"lifetimeInMinutes": 30}).json()
    assert client.graph("POST", PASSES, json={}).status_code == 400
    assert client.graph("DELETE", f"{PASSES}/{first['id']}").status_code == 204
    assert client.graph("POST", PASSES, json={"lifetimeInMinutes": 30}).status_code == 201
    clock.seconds += 31 * 60
    assert client.graph("GET", PASSES).json()["value"][0]["methodUsabilityReason"] == "Expired"
    answer = client.graph("POST", PASSES, json={})
    assert (answer.status_code, answer.json()["lifetimeInMinutes"]) == (201, 60)
    assert len(client.graph("GET", PASSES).json()["value"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"lifetimeInMinutes": 5},
        {"lifetimeInMinutes": 50_000},
        {"lifetimeInMinutes": True},
        {"isUsableOnce": "yes"},
        {"startDateTime": "tomorrow"},
        {"temporaryAccessPass": "my own"},
    ],
)
def test_pass_outside_the_policy_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert client.graph("POST", PASSES, json=body).status_code == 400


def test_pass_may_begin_later(client: Client) -> None:
    body = {"startDateTime": "2026-09-19T08:00:00Z", "lifetimeInMinutes": 60}
    assert client.graph("POST", PASSES, json=body).json()["methodUsabilityReason"] == "NotYetValid"


def test_password_of_a_synchronised_user_is_reset_in_steps(client: Client, clock: Clock) -> None:
    before = changed(client, SYNCED)
    answer = reset(client, SYNCED, newPassword=GOOD)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (202, {}, "2")
    seen = []
    for _ in range(4):
        seen.append(operation(client, answer)["status"])
        assert (changed(client, SYNCED) == before) is (seen[-1] != "succeeded")
        clock.seconds += 3
    assert seen == ["notStarted", "running", "running", "succeeded"]
    assert changed(client, SYNCED) == "2026-09-18T14:00:08Z"


def test_password_is_made_by_the_service_if_none_is_sent(client: Client, clock: Clock) -> None:
    answer = reset(client)
    assert len(answer.json()["newPassword"]) >= 8
    clock.seconds += 8
    assert operation(client, answer)["status"] == "succeeded"
    client.tenant.stop()
    told = answer.json()["newPassword"].encode()
    assert all(told not in path.read_bytes() for path in client.tenant.folder.iterdir())


@pytest.mark.parametrize("why", ["agent", "policy"])
def test_reset_may_fail_long_after_it_was_accepted(client: Client, clock: Clock, why: str) -> None:
    if why == "agent":
        client.tenant.break_writeback()
    before = changed(client, SYNCED)
    answer = reset(client, SYNCED, newPassword=GOOD if why == "agent" else "Lindner-2026-secret")
    assert answer.status_code == 202
    clock.seconds += 20
    ended = operation(client, answer)
    assert ended["status"] == "failed"
    assert "OnPremises" in ended["statusDetail"]
    assert changed(client, SYNCED) == before


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        (SYNCED, {}, 400),
        (VICTIM, {"newPassword": "short"}, 400),
        (VICTIM, {"password": GOOD}, 400),
        ("tomas.novak@emea.contoso.com", {"newPassword": GOOD}, 400),
        ("lena.fischer_fabrikam.example%23EXT%23@contoso.onmicrosoft.com", {"newPassword": GOOD}, 400),
        ("jonas.reuter@contoso.com", {"newPassword": GOOD}, 403),
    ],
)
def test_reset_that_cannot_be_is_refused_at_once(client: Client, who: str, body: dict[str, str], status: int) -> None:
    assert reset(client, who, **body).status_code == status
    assert client.tenant.state()["changes"] == 0


def test_only_a_person_may_reset_and_follow(client: Client) -> None:
    path = f"/v1.0/users/{VICTIM}/authentication/methods/{PASSWORD}/resetPassword"
    assert client.as_application("POST", path, json={"newPassword": GOOD}).status_code == 403
    where = reset(client).headers["Location"].removeprefix(client.about["graph"])
    assert client.as_application("GET", where).status_code == 403


def test_operation_belongs_to_its_user(client: Client) -> None:
    where = reset(client).headers["Location"].removeprefix(client.about["graph"])
    assert client.graph("GET", where.replace(where.split("/")[3], SYNCED)).status_code == 404
    assert client.graph("GET", f"{ROOT}/operations/nothing").status_code == 404
