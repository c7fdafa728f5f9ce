"""`sign-out` forgets what an earlier program kept; what cannot be kept is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msal
import pytest
from click.testing import CliRunner

from tests.contain.room import Room, room, unconfirmed_room
from tests.tenant.signing import CLIENT_ID
from toolkit.cli import cli
from toolkit.tenant import token_cache
from toolkit.tenant.clients import Clients
from toolkit.tenant.clouds import CLOUDS, practice_cloud
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.sign_in import sign_in
from toolkit.tenant.ways import DeviceCode

__all__ = ["room", "unconfirmed_room"]


class Kept(msal.SerializableTokenCache):  # type: ignore[misc]  # msal is not typed
    """A cache that stays in a file, as the one of a computer with a key store."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        if file.exists():
            self.deserialize(file.read_text("utf-8"))

    def modify(self, *given: object, **named: object) -> None:
        super().modify(*given, **named)
        self.file.write_text(self.serialize(), "utf-8")


def signed_in(room: Room, file: Path) -> PersonTokenSource:
    cloud = practice_cloud(room.case.folder)
    clients = Clients(CLIENT_ID, CLIENT_ID, CLIENT_ID, registered=True)
    return PersonTokenSource(cloud, clients, DeviceCode(), tenant=cloud.tenant_id, cache=Kept(file))


def test_signing_out_in_a_new_program_forgets_what_was_kept(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "kept.bin"
    signed_in(room, file).token("graph")
    assert list(Kept(file).search("RefreshToken"))
    signed_in(room, file).sign_out()
    cache = Kept(file)
    assert not any(list(cache.search(kind)) for kind in ("RefreshToken", "AccessToken", "Account", "IdToken"))


def test_the_command_forgets_it_and_says_so(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "user_data_path", lambda name: tmp_path)
    monkeypatch.setattr(token_cache, "remembered", lambda file: (Kept(file), "kept"))
    file = token_cache.place_of(CLOUDS["global"])
    signed_in(room, file).token("graph")
    done = CliRunner().invoke(cli, ["sign-out"])
    assert done.exit_code == 0, done.output
    assert f"The kept sign-in to {CLOUDS['global'].title} is forgotten (1 account)." in done.output
    assert f"No sign-in to {CLOUDS['china'].title} is kept on this computer." in done.output
    assert not file.exists()


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    named: dict[str, Any] = {"tenant": "contoso.com", "client_id": "x", "prompt": told.append, "keep": True}
    sign_in(way="secret", environ={}, **named)
    sign_in(way="certificate", certificate=tmp_path / "app.pem", environ={}, **named)
    sign_in(way="token", environ={}, **named)
    assert [text.partition(":")[0] for text in told] == ["Nothing is kept"] * 3
