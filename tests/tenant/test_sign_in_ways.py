"""Which way of signing in fits, what is said before it, and that what is kept is encrypted or not kept."""

from __future__ import annotations

import logging
import sys
import types
from pathlib import Path

import pytest

from tests.tenant.signing import CLIENT_ID, Sheet, by_code, place_of
from tests.tenant.test_connection import TENANT, reader
from tests.tenant.test_sign_in_application import PASSPHRASE, SECRET, app
from toolkit.errors import SignInFailed, ToolkitError, UsageError
from toolkit.practice import PracticeTenant
from toolkit.tenant import CLOUDS, Secret, sign_in
from toolkit.tenant.clients import EXCHANGE_APP, about_clients, clients_of
from toolkit.tenant.clouds import GRAPH_COMMAND_LINE_APP
from toolkit.tenant.local_browser import browser_is_elsewhere
from toolkit.tenant.permissions import CONTAINMENT, delegated_permissions
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.ready_token import ReadyTokenSource
from toolkit.tenant.token_cache import remembered
from toolkit.tenant.ways import Browser

DESKTOP = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environ", "platform", "page", "says"),
    [
        ({"JUPYTERHUB_USER": "jane"} | DESKTOP, "linux", "", "JupyterHub"),
        ({"SSH_CONNECTION": "192.0.2.1"} | DESKTOP, "linux", "", "SSH"),
        ({}, "linux", "", "no screen"),
        (DESKTOP, "linux", "https://notebooks.contoso.com/lab", "served by notebooks.contoso.com"),
        (DESKTOP, "linux", "http://localhost:8888/", ""),
        ({}, "darwin", "http://127.0.0.1:8888/", ""),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", "", ""),
        ({}, "win32", "", ""),
    ],
)
def test_a_browser_that_nobody_would_see_is_recognised(
    environ: dict[str, str], platform: str, page: str, says: str
) -> None:
    found = browser_is_elsewhere(environ, platform=platform, containers=(), page=page)
    assert (says in found) if says else found == ""


def test_a_container_is_recognised(tmp_path: Path) -> None:
    mark = tmp_path / ".dockerenv"
    mark.touch()
    assert "container" in browser_is_elsewhere(DESKTOP, platform="linux", containers=(mark,), page="")


def test_the_way_that_fits_is_taken_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.tenant.local_browser._CONTAINERS", ())
    shown: list[str] = []
    remote = {"SSH_CONNECTION": "192.0.2.1"}
    assert repr(sign_in(environ=remote, prompt=shown.append)) == "PersonTokenSource(global, device code)"
    assert shown == [
        "You sign in by device code, because you are connected by SSH: a browser opened here would not be yours."
    ]
    given = remote | {"TOOLKIT_GRAPH_TOKEN": "x"}
    assert isinstance(sign_in(environ=given, prompt=shown.append), ReadyTokenSource)
    by_file = sign_in(environ=remote, certificate=tmp_path / "app.pem", tenant=TENANT, client_id=CLIENT_ID)
    assert repr(by_file) == f"ApplicationTokenSource(global, {CLIENT_ID}, certificate)"


def test_a_way_that_cannot_work_names_the_other_one() -> None:
    remote = {"JUPYTERHUB_USER": "jane"}
    with pytest.raises(UsageError, match="JupyterHub: sign in with `--sign-in device-code`; where"):
        sign_in(way="browser", environ=remote)
    with pytest.raises(UsageError, match="no way to sign in named 'smoke'"):
        sign_in(way="smoke", environ=remote)
    with pytest.raises(UsageError, match="not both"):
        sign_in(way="secret", certificate=Path("app.pem"), environ=remote)
    with pytest.raises(UsageError, match="no cloud named"):
        sign_in("moon")


def test_before_the_first_look_it_is_said_whose_clients_are_used_and_what_is_consented_to() -> None:
    said = about_clients(clients_of(), CLOUDS["global"])
    assert GRAPH_COMMAND_LINE_APP in said
    assert EXCHANGE_APP in said
    for name in delegated_permissions("graph"):
        assert name in said
    assert "User.RevokeSessions.All" not in said
    assert "no permission that only reads" in said
    assert "User.RevokeSessions.All" in about_clients(clients_of(), CLOUDS["global"], CONTAINMENT)
    assert CLIENT_ID in about_clients(clients_of(CLIENT_ID), CLOUDS["global"])


# Keeping a sign-in


def test_a_computer_without_a_key_store_keeps_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msal_extensions

    def none_here(_: str) -> object:
        raise OSError("no keyring")

    monkeypatch.setattr(msal_extensions, "build_encrypted_persistence", none_here)
    cache, said = remembered(tmp_path / "kept" / "sign-in.bin")
    assert cache is None
    assert (
        said
        == "The sign-in is kept in memory only and ends with this program: this computer offers no key store (OSError)."
    )
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_a_key_store_that_does_not_encrypt_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import msal_extensions

    monkeypatch.setattr(msal_extensions, "build_encrypted_persistence", msal_extensions.FilePersistence)
    cache, said = remembered(tmp_path / "sign-in.bin")
    assert cache is None
    assert "does not encrypt" in said


def test_without_the_extra_package_it_is_said_which_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msal_extensions", types.ModuleType("msal_extensions"))
    cache, said = remembered(tmp_path / "sign-in.bin")
    assert cache is None
    assert "keep-sign-in" in said


def test_a_kept_sign_in_needs_no_second_code_and_signing_out_forgets_it(
    service: PracticeTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msal_extensions

    class Scrambled(msal_extensions.FilePersistence):  # type: ignore[misc]
        """Stands for a key store: what it writes is not what it was given."""

        is_encrypted = True

        def save(self, content: str) -> None:
            super().save(content.encode().hex())

        def load(self) -> str:
            return bytes.fromhex(super().load()).decode()

    monkeypatch.setattr(msal_extensions, "build_encrypted_persistence", Scrambled)
    codes: list[str] = []
    for _ in range(2):
        cache, said = remembered(tmp_path / "sign-in.bin")
        assert said.startswith("The sign-in is kept encrypted in ")
        source = by_code(service, codes.append, cache=cache)
        token = source.token("graph")
    assert len(codes) == 1
    assert token not in (tmp_path / "sign-in.bin").read_text()
    source.sign_out()
    by_code(service, codes.append, cache=remembered(tmp_path / "sign-in.bin")[0]).token("graph")
    assert len(codes) == 2


# Nothing secret is seen


def test_no_token_passphrase_or_secret_is_in_a_name_an_error_or_a_log(
    service: PracticeTenant, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    sheet = Sheet(tmp_path, passphrase=PASSPHRASE)
    service.login.credentials.register(certificate=sheet.public, secret=SECRET)
    given = reader(place_of(service).graph)
    sources = [
        by_code(service),
        app(service, file=sheet.pfx, asking=lambda _: Secret(PASSPHRASE)),
        app(service, environ={"TOOLKIT_CLIENT_SECRET": SECRET}),
        ReadyTokenSource(place_of(service), environ={"TOOLKIT_GRAPH_TOKEN": given}, now=service.clock.now),
    ]
    canaries = [PASSPHRASE, SECRET, given]
    told = []
    for source in sources:
        canaries.append(source.token("graph"))
        told += [repr(source), str(source), source.about, repr(source.operator)]
    for number in (65001, 90019):
        for source in sources[:3]:
            service.login.refuse_next(number, f"echo {SECRET if number == 65001 else ''}")
            service.login.refuse_next(number, "again")
            with pytest.raises(SignInFailed) as caught:
                source.token("exchange", refresh=True)
            told += [str(caught.value), repr(caught.value)]
            seen: BaseException | None = caught.value
            while seen is not None:
                assert isinstance(seen, ToolkitError)
                seen = seen.__context__ or seen.__cause__
    log = [record.getMessage() + str(record.args) for record in caplog.records]
    requests = [str(line) for line in service.requests()]
    output = capsys.readouterr()
    for text in [*told, *log, *requests, output.out, output.err]:
        for canary in canaries:
            assert canary not in text
    for file in service.folder.iterdir():
        assert not any(canary.encode() in file.read_bytes() for canary in canaries), file


def test_a_persons_source_shows_only_where_and_how(service: PracticeTenant) -> None:
    source = by_code(service, way=Browser())
    assert isinstance(source, PersonTokenSource)
    assert repr(source) == "PersonTokenSource(practice, browser)"
