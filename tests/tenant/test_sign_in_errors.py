"""What a refused sign-in is told as: one sentence with the number, and with what to do about it."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from tests.tenant.signing import CLIENT_ID, by_code
from toolkit.errors import SignInFailed
from toolkit.practice import PracticeTenant
from toolkit.tenant.answers import claims_challenge
from toolkit.tenant.sign_in_errors import APP_ONLY, BROWSER, DEVICE_CODE, sentence

CHALLENGE = '{"access_token":{"nbf":{"essential":true,"value":"1758204000>>>???"}}}'


def said(number: int, *, error: str = "access_denied", way: str = BROWSER) -> str:
    answer = {"error": error, "error_description": f"AADSTS{number}: The service's own words.\r\nTrace ID: 1"}
    return sentence(answer, way=way, client=CLIENT_ID, tenant="contoso.com")


@pytest.mark.parametrize(
    ("number", "does"),
    [
        (530003, "Sign in from a device and a place that the organisation allows, or with a registered application"),
        (53000, "a device that complies with the organisation's policies"),
        (53001, "a device that is joined to the organisation's domain"),
        (50097, "a device that proves which one it is"),
        (90094, "only an administrator can consent to: have one do it, once"),
        (50105, f"not assigned to the application {CLIENT_ID}: an administrator assigns you in Entra"),
        (650057, f"The registration of the application {CLIENT_ID} does not have this service"),
        (65002, "register one of your own"),
        (7000218, "allow public client flows"),
        (7000222, "The client secret has run out: make a new one"),
    ],
)
def test_what_the_organisation_forbids_is_told_with_what_to_do_and_never_as_declined(number: int, does: str) -> None:
    for error in ("access_denied", "invalid_grant", "invalid_client"):
        text = said(number, error=error)
        assert does in text
        assert text.endswith(f"(AADSTS{number}).")
        assert "declined" not in text
        assert "own words" not in text


def test_a_device_that_is_not_managed_names_the_way_that_is_left() -> None:
    assert "--sign-in browser" in said(530003, way=DEVICE_CODE)
    assert "--certificate" in said(53000)
    assert "Ask who keeps its policies" in said(53003, way=APP_ONLY)


def test_access_denied_with_a_number_that_is_not_known_is_told_in_the_services_words() -> None:
    text = said(90019)
    assert text == "Sign-in failed (access_denied): AADSTS90019: The service's own words."
    assert sentence({"error": "access_denied"}, way=BROWSER, client="", tenant="").startswith(
        "The sign-in was declined on the page"
    )
    assert "declined on the page" in said(65004)


def test_a_sign_in_that_is_refused_so_is_told_so(service: PracticeTenant) -> None:
    service.login.refuse_next(530003, error="access_denied")
    with pytest.raises(SignInFailed, match=r"the organisation manages.*AADSTS530003"):
        by_code(service).token("graph")


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padding", ["", "="])
def test_a_claims_challenge_is_decoded_in_either_alphabet(encode: object, padding: str) -> None:
    for more in ("", " ", "  "):
        text = CHALLENGE + more
        coded = encode(text.encode()).decode().rstrip("=")  # type: ignore[operator]
        coded += padding * (-len(coded) % 4)
        header = f'Bearer realm="", error="insufficient_claims", claims="{coded}"'
        response = SimpleNamespace(headers={"WWW-Authenticate": header})
        assert claims_challenge(response) == text  # type: ignore[arg-type]
