"""`app create`, `show` and `remove`: on a terminal, by programs, and without anybody to ask."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_contain_command import on_a_terminal
from tests.contain.registrations import assign_the_operator, certificate_file
from tests.contain.room import DOMAIN, Room, room, unconfirmed_room
from toolkit import cli_app_register, contain, open_case
from toolkit.cli import cli
from toolkit.contain.registering import APP_ID
from toolkit.errors import ToolkitError

__all__ = ["room", "unconfirmed_room"]


def app(room: Room, *arguments: object, typed: str | None = None, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the command; `typed` is what a person answers, None where nobody is there."""
    monkeypatch.setattr(cli_app_register, "is_asked", lambda: typed is not None)
    monkeypatch.setattr("toolkit.cli_app_register.connected", _of(room))
    told = ["app", arguments[0], "--case", room.case.folder, *arguments[1:]]
    return CliRunner().invoke(cli, list(map(str, told)), input=f"{typed}\n" if typed is not None else None)


def _of(room: Room) -> Any:
    from contextlib import nullcontext

    return lambda case, signing_in: nullcontext(room.tenant)


def test_on_a_real_terminal_it_is_registered_after_the_typed_domain(tmp_path: Path) -> None:
    folder, out = tmp_path / "case", tmp_path / "out.txt"
    open_case(folder, practice=True).close()
    words = ["app", "create", "--case", str(folder), "--for", "evidence", "--tenant", DOMAIN]
    code, screen = on_a_terminal(words, "contoso.org", out)
    assert code == 2
    assert f"Type {DOMAIN} exactly" in screen
    code, screen = on_a_terminal(words, DOMAIN, out)
    assert code == 0, screen + out.read_text()
    assert screen.index("POST https://") < screen.index(f"Type {DOMAIN} to do it")
    assert APP_ID in screen
    said = out.read_text()
    assert said.count("DONE") == 6
    assert "By hand: Enterprise applications" in said
    shown = subprocess.run(
        [sys.executable, "-m", "toolkit", "app", "show", "--case", str(folder), "--json"],
        capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    # Nobody is assigned to it yet, so nobody can use it.
    assert shown.returncode == 1, shown.stderr
    [one] = json.loads(shown.stdout)["registrations"]
    assert (one["as_wanted"], one["people"]) == (False, 0)
    assert (one["missing"], one["too_many"]) == ([], [])
    assert f"--client-id {one['app_id']}" in said


def test_an_app_on_its_own_is_registered_shown_and_removed(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate_file(tmp_path / "app.cer", days=200)
    words = ("--for", "containment", "--app-only")
    done = app(room, "create", *words, "--certificate", file, "--json", typed=DOMAIN, monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.output
    assert "Its certificate: CN=Mailbox response, ends on" in done.stderr
    told = json.loads(done.stdout)
    assert {step["status"] for step in told["steps"].values()} == {"done"}
    assert any("Exchange Administrator" in text for text in told["by_hand"])
    again = app(room, "create", *words, "--certificate", file, monkeypatch=monkeypatch)
    assert again.exit_code == 0, again.output
    assert f"{told['application_id']}: already so" in again.stdout

    shown = app(room, "show", monkeypatch=monkeypatch)
    assert shown.exit_code == 0, shown.output
    assert "missing: none" in shown.stdout
    assert re.search(r"certificate ends on \d{4}-\d\d-\d\d \(UTC\)", shown.stdout)
    gone = app(room, "remove", *words, typed=DOMAIN, monkeypatch=monkeypatch)
    assert gone.exit_code == 0, gone.output
    assert "DONE" in gone.stdout
    assert app(room, "show", monkeypatch=monkeypatch).exit_code == 2
    nothing = app(room, "remove", *words, monkeypatch=monkeypatch)
    assert (nothing.exit_code, "nothing was sent" in nothing.stdout) == (0, True)


def test_without_a_terminal_nothing_is_sent(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = app(room, "create", "--for", "evidence", monkeypatch=monkeypatch)
    assert isinstance(refused.exception, ToolkitError)
    assert "no terminal" in str(refused.exception)
    assert str(refused.exception).count(". ") == 0
    assert room.writes() == []


def test_the_command_itself_ends_with_two_and_one_sentence(tmp_path: Path) -> None:
    told = [sys.executable, "-m", "toolkit", "app", "create", "--practice", "--case", str(tmp_path / "case")]
    for more in (["--for", "evidence", "--tenant", DOMAIN], ["--for", "evidence"], ["--for", "evidence", "--app-only"]):
        done = subprocess.run(
            [*told, *more], capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) <= 2


def test_plans_written_and_approved_by_their_digest_register_it_without_a_terminal(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.json"
    for _ in range(3):
        wrote = app(room, "create", "--for", "evidence", "--write", file, monkeypatch=monkeypatch)
        assert wrote.exit_code == 0, wrote.output
        found = re.search(r"digest is ([0-9a-f]{64})", wrote.stdout)
        assert found, wrote.stdout
        monkeypatch.setattr("toolkit.cli_contain.connected", lambda case, asked, purpose: _of(room)(case, asked))
        words = ["contain", "--case", str(room.case.folder), "--plan", str(file), "--approve", found[1]]
        ran = CliRunner().invoke(cli, words)
        assert ran.exit_code == 0, ran.output
        room.sleep(10)
    last = app(room, "create", "--for", "evidence", "--write", file, monkeypatch=monkeypatch)
    assert "nothing to do" in last.stdout
    shown = app(room, "show", "--for", "evidence", monkeypatch=monkeypatch)
    assert shown.exit_code == 1
    assert "assigned to 0, nobody else" in shown.stdout
    assert "nobody can use it yet: Entra, Enterprise applications" in shown.stdout
    assign_the_operator(room)
    shown = app(room, "show", "--for", "evidence", "--json", monkeypatch=monkeypatch)
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["registrations"][0]["as_wanted"]
    assert len(contain.records(room.case)) == 6


def test_only_part_of_it_is_code_one_and_the_same_command_goes_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.service.refuse_next(
        "POST /v1.0/servicePrincipals", "Not today.", status=403, code="Authorization_RequestDenied"
    )
    part = app(room, "create", "--for", "evidence", typed=DOMAIN, monkeypatch=monkeypatch)
    assert part.exit_code == 1
    assert "REFUSED" in part.stdout
    shown = app(room, "show", monkeypatch=monkeypatch)
    assert (shown.exit_code, "no enterprise application" in shown.stdout) == (1, True)
    rest = app(room, "create", "--for", "evidence", typed=DOMAIN, monkeypatch=monkeypatch)
    assert rest.exit_code == 0, rest.output
    assert "Register the application" not in rest.stdout
    assign_the_operator(room)
    assert app(room, "show", monkeypatch=monkeypatch).exit_code == 0


def test_what_a_tenant_says_rewrites_no_terminal(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def evil(state: dict[str, Any]) -> None:
        application = next(iter(state["applications"].values()))
        principal = next(p for p in state["service_principals"].values() if p["appId"] == application["appId"])
        state["grants"].append(
            {"id": "g", "clientId": principal["id"], "consentType": "AllPrincipals", "principalId": None,
             "resourceId": principal["id"], "scope": "\x1b[2Jx"}
        )  # fmt: skip

    app(room, "create", "--for", "evidence", typed=DOMAIN, monkeypatch=monkeypatch)
    room.service.change_behind(evil)
    shown = app(room, "show", monkeypatch=monkeypatch)
    assert shown.exit_code == 1
    assert "\x1b" not in shown.stdout
    assert "too many" in shown.stdout
