"""An app signs in on its own with the real MSAL: by secret, and by certificate as PEM or PFX; and ready tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.practice.analyst import Clock
from tests.tenant.signing import CLIENT_ID, Sheet, place_of
from tests.tenant.test_connection import TENANT, reader, token
from toolkit.errors import SignInFailed, UsageError
from toolkit.practice import PracticeTenant
from toolkit.tenant import CLOUDS, Secret
from toolkit.tenant.application import SECRET_VARIABLE, ApplicationTokenSource
from toolkit.tenant.certificate import PASSPHRASE_VARIABLE
from toolkit.tenant.gate import Call
from toolkit.tenant.ready_token import VARIABLES, ReadyTokenSource
from toolkit.tenant.session import Session
from toolkit.tenant.tokens import claims_of

PASSPHRASE = "canary passphrase 7"
SECRET = "canary~secret~42"


def app(service: PracticeTenant, **how: Any) -> ApplicationTokenSource:
    place = place_of(service)
    return ApplicationTokenSource(place, tenant=place.tenant_id, client_id=CLIENT_ID, **{"environ": {}} | how)


def never(question: str) -> Secret:
    pytest.fail(f"nothing should be asked: {question}")


# Certificate


@pytest.mark.parametrize("kind", ["pem", "pfx"])
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_a_certificate_signs_an_app_in_and_its_key_is_proven(
    service: PracticeTenant, tmp_path: Path, kind: str, passphrase: str
) -> None:
    sheet = Sheet(tmp_path, passphrase=passphrase)
    service.login.credentials.register(certificate=sheet.public)
    questions: list[str] = []

    def asking(question: str) -> Secret:
        questions.append(question)
        return Secret(PASSPHRASE)

    source = app(service, file=getattr(sheet, kind), asking=asking if passphrase else never)
    assert "UserAuthenticationMethod.ReadWrite.All" in claims_of(source.token("graph"))["roles"]
    assert claims_of(source.token("exchange"))["roles"] == ["Exchange.ManageAsApp"]
    assert source.operator.user_principal_name == f"application Mailbox Response ({CLIENT_ID})"
    named = f"Passphrase of {getattr(sheet, kind).name} (not shown)"
    assert questions == ([named] if passphrase else [])


def test_a_passphrase_of_the_environment_is_taken_without_asking(service: PracticeTenant, tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, passphrase=PASSPHRASE)
    service.login.credentials.register(certificate=sheet.public)
    assert app(service, file=sheet.pfx, asking=never, environ={PASSPHRASE_VARIABLE: PASSPHRASE}).token("graph")


def test_a_certificate_that_is_not_registered_is_told_as_such(service: PracticeTenant, tmp_path: Path) -> None:
    service.login.credentials.register(certificate=Sheet(tmp_path).public)
    with pytest.raises(SignInFailed, match=r"not the one that is registered .* \(AADSTS700027\)\.$"):
        app(service, file=Sheet(tmp_path, name="other").pem).token("graph")


def test_the_practice_tenant_checks_the_signature_and_not_only_the_thumbprint(
    service: PracticeTenant, tmp_path: Path
) -> None:
    own, other = Sheet(tmp_path), Sheet(tmp_path, name="other")
    service.login.credentials.register(certificate=own.public)
    forged: Callable[..., dict[str, Any]] = lambda *_: {  # noqa: E731
        "private_key": other.private.decode(),
        "public_certificate": own.public.decode(),
    }
    source = app(service, file=own.pem)
    source._credential = forged  # type: ignore[method-assign]
    with pytest.raises(SignInFailed, match="AADSTS700027"):
        source.token("graph")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda sheet: sheet.pem.write_bytes(sheet.public), "must hold a private key and its certificate"),
        (lambda sheet: sheet.pem.write_bytes(b"\x00\x01"), "must hold a private key"),
        (lambda sheet: sheet.pem.unlink(), "cannot be read"),
        (lambda sheet: sheet.pem.write_bytes(b"x" * 2_000_000), "larger than a certificate can be"),
        (
            lambda sheet: sheet.pem.write_bytes(sheet.private + Sheet(sheet.pem.parent, name="b").public),
            "does not belong to the certificate",
        ),
        (
            lambda sheet: sheet.pem.write_bytes(sheet.private[:200] + b"-----END PRIVATE KEY-----\n" + sheet.public),
            "not a PEM",
        ),
    ],
    ids=["no key", "no text", "missing", "huge", "another key", "cut"],
)
def test_a_certificate_file_that_is_no_good_is_one_sentence(
    service: PracticeTenant, tmp_path: Path, change: Callable[[Sheet], object], says: str
) -> None:
    sheet = Sheet(tmp_path)
    change(sheet)
    with pytest.raises(SignInFailed, match=says):
        app(service, file=sheet.pem).token("graph")
    assert [line for line in service.requests() if line["path"].endswith("/token")] == []


@pytest.mark.parametrize("kind", ["pem", "pfx"])
def test_a_wrong_passphrase_is_told_without_repeating_it(service: PracticeTenant, tmp_path: Path, kind: str) -> None:
    sheet = Sheet(tmp_path, passphrase="right")
    with pytest.raises(SignInFailed, match="the passphrase is wrong") as caught:
        app(service, file=getattr(sheet, kind), asking=lambda _: Secret(PASSPHRASE)).token("graph")
    assert PASSPHRASE not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_certificate_that_ran_out_is_told_before_anything_is_sent(service: PracticeTenant, tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, days=-1)
    with pytest.raises(SignInFailed, match=r"ran out on \d{4}-\d\d-\d\d: make a new one"):
        app(service, file=sheet.pem).token("graph")


# Secret


def test_a_secret_comes_from_the_environment_or_is_asked_for_and_is_checked(service: PracticeTenant) -> None:
    service.login.credentials.register(secret=SECRET)
    assert app(service, asking=never, environ={SECRET_VARIABLE: SECRET}).token("graph")
    asked: list[str] = []

    def asking(question: str) -> Secret:
        asked.append(question)
        return Secret(SECRET)

    assert app(service, asking=asking).token("graph")
    assert asked == [f"Client secret of {CLIENT_ID} (not shown)"]


def test_a_wrong_secret_says_what_is_usually_wrong_with_it(service: PracticeTenant) -> None:
    service.login.credentials.register(secret="another")
    with pytest.raises(SignInFailed, match="give the secret's value and not its id") as caught:
        app(service, environ={SECRET_VARIABLE: SECRET}).token("graph")
    assert SECRET not in str(caught.value)
    assert str(caught.value).endswith("(AADSTS7000215).")


def test_without_a_secret_nothing_is_sent(service: PracticeTenant) -> None:
    with pytest.raises(SignInFailed, match=f"put it into the variable {SECRET_VARIABLE}"):
        app(service).token("graph")
    with pytest.raises(SignInFailed, match="was not given"):
        app(service, asking=lambda _: Secret("")).token("graph")
    assert service.requests() == []


def test_an_apps_token_is_kept_renewed_and_challenged_as_a_persons(service: PracticeTenant, clock: Clock) -> None:
    service.login.credentials.register(secret=SECRET)
    source = app(service, environ={SECRET_VARIABLE: SECRET})
    first = source.token("graph")
    assert source.token("graph") == first
    session = Session(place_of(service), source, clock=service.clock.now, sleep=lambda _: None)
    call = Call("GET", f"{place_of(service).graph}/v1.0/users?$top=1")
    clock.seconds += 80 * 60
    assert session.read(call).status == 200
    service.challenge_next("GET /v1.0/users")
    assert session.read(call).status == 200
    assert any("1758204000" in json.dumps(text) for text in service.login.claims)
    session.close()


def test_after_a_sign_out_work_that_still_runs_gets_no_token_and_nobody_is_asked(service: PracticeTenant) -> None:
    service.login.credentials.register(secret=SECRET)
    alone = app(service, environ={SECRET_VARIABLE: SECRET}, asking=never)
    environ = {"TOOLKIT_GRAPH_TOKEN": alone.token("graph")}
    ready = ReadyTokenSource(place_of(service), environ=environ, now=service.clock.now)
    assert ready.token("graph")
    before = len(service.requests())
    for source in (alone, ready):
        source.sign_out()
        with pytest.raises(SignInFailed, match="You have signed out"):
            source.token("graph")
    assert len(service.requests()) == before


def test_an_app_needs_a_tenant_and_an_id() -> None:
    with pytest.raises(UsageError, match="--tenant"):
        ApplicationTokenSource(CLOUDS["global"], tenant="", client_id=CLIENT_ID)
    with pytest.raises(UsageError, match="--client-id"):
        ApplicationTokenSource(CLOUDS["global"], tenant=TENANT, client_id="")


# A ready token


def ready(resource: str = "graph", **environ: str) -> str:
    return ReadyTokenSource(CLOUDS["global"], environ=environ).token(resource)


def test_a_ready_token_is_used_as_long_as_it_holds() -> None:
    given = reader("https://graph.microsoft.com")
    assert ready(TOOLKIT_GRAPH_TOKEN=given) == given
    by_id = reader("00000002-0000-0ff1-ce00-000000000000")
    assert ready("exchange", TOOLKIT_EXCHANGE_TOKEN=by_id) == by_id
    app_only = token(aud="https://graph.microsoft.com/", tid=TENANT, oid="2", app_displayname="Nightly")
    source = ReadyTokenSource(CLOUDS["global"], environ={"TOOLKIT_GRAPH_TOKEN": app_only})
    assert source.operator.user_principal_name == "application Nightly"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "no token for Microsoft Graph: put one into the variable TOOLKIT_GRAPH_TOKEN"),
        ("canary-not-a-token", "is not a token"),
        (
            reader("https://outlook.office365.com"),
            "is not for Microsoft Graph in the global cloud but for https://outlook",
        ),
        (reader("https://graph.microsoft.us"), "is not for Microsoft Graph in the global cloud"),
        (reader("https://graph.microsoft.com", exp=time.time() - 60), r"ran out at \d{4}-\d\d-\d\d \d\d:\d\d UTC"),
        (reader("https://graph.microsoft.com", exp=int(time.time() * 1000)), "does not say when it runs out"),
        (reader("https://graph.microsoft.com", exp=-(10**30)), "does not say when it runs out"),
        (reader("https://graph.microsoft.com", exp="tomorrow"), "does not say when it runs out"),
    ],
)
def test_a_ready_token_that_is_no_good_is_one_sentence(given: str, says: str) -> None:
    with pytest.raises(SignInFailed, match=says) as caught:
        ready(TOOLKIT_GRAPH_TOKEN=given)
    assert not given or given not in str(caught.value)


def test_a_ready_token_that_was_refused_cannot_be_renewed_but_a_new_one_is_taken() -> None:
    environ = {VARIABLES["graph"]: reader("https://graph.microsoft.com")}
    source = ReadyTokenSource(CLOUDS["global"], environ=environ)
    source.token("graph")
    with pytest.raises(SignInFailed, match="was refused by the service and cannot be renewed"):
        source.token("graph", refresh=True)
    environ[VARIABLES["graph"]] = new = reader("https://graph.microsoft.com", jti="2")
    assert source.token("graph", refresh=True) == new
