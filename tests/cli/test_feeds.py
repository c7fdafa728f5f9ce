"""`collect --start-feeds`: the exact calls, the typed domain, the journal, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_contain_command import on_a_terminal
from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from toolkit import cli_feeds, collect, contain, open_case
from toolkit.cli import cli
from toolkit.collect.profile import Profile
from toolkit.collect.roads.activity import FEEDS
from toolkit.errors import GuardRefused

__all__ = ["room", "unconfirmed_room"]


def feeds(room: Room, *words: str, typed: str | None, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(cli_feeds, "is_asked", lambda: typed is not None)
    told = ["collect", "--case", str(room.case.folder), *words]
    return CliRunner().invoke(cli, told, input=f"{typed}\n" if typed is not None else None)


def turned(room: Room) -> list[str]:
    return [w["path"].rpartition("/")[2] for w in room.writes()]


def test_the_ledger_names_the_command_and_it_starts_and_stops_them(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Profile("feed", (7,), twice=False, roads=FEEDS)
    done = collect.collect(room.case, room.tenant, [VICTIM], wanted=wanted)
    assert all("`python -m toolkit collect --start-feeds`" in line.reason for line in done.lines)

    refused = feeds(room, "--start-feeds", typed="wrong.example", monkeypatch=monkeypatch)
    assert isinstance(refused.exception, GuardRefused)
    assert turned(room) == []
    started = feeds(room, "--start-feeds", typed=DOMAIN, monkeypatch=monkeypatch)
    assert started.exit_code == 0, started.output
    assert started.stderr.count("/subscriptions/start?contentType=Audit.") == 4
    assert started.stderr.count("Undo (`collect --stop-feeds`): POST https://") == 4
    assert started.stderr.index("subscriptions/start") < started.stderr.index(f"Type {DOMAIN} to do it")
    assert started.stdout.count("DONE") == 4
    assert turned(room) == ["start"] * 4
    assert {r.action.partition(":")[0] for r in contain.records(room.case)} == {"start-activity-subscription"}
    again = feeds(room, "--start-feeds", typed=None, monkeypatch=monkeypatch)
    assert (again.exit_code, again.stdout) == (0, "All feeds run already.\n")

    stopped = feeds(room, "--stop-feeds", "--json", typed=DOMAIN, monkeypatch=monkeypatch)
    assert stopped.exit_code == 0, stopped.output
    assert {step["status"] for step in json.loads(stopped.stdout)["steps"].values()} == {"done"}
    assert turned(room) == ["start"] * 4 + ["stop"] * 4
    assert room.case.verify() == []


def test_without_a_terminal_nothing_is_sent(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = feeds(room, "--start-feeds", typed=None, monkeypatch=monkeypatch)
    assert isinstance(refused.exception, GuardRefused)
    assert "no terminal" in str(refused.exception)
    both = feeds(room, "--start-feeds", "--stop-feeds", typed=None, monkeypatch=monkeypatch)
    assert "name one of" in str(both.exception)
    assert room.writes() == []


def test_on_a_real_terminal(tmp_path: Path) -> None:
    folder, out = tmp_path / "case", tmp_path / "out.txt"
    open_case(folder, practice=True).close()
    code, screen = on_a_terminal(["collect", "--case", str(folder), "--start-feeds", "--tenant", DOMAIN], DOMAIN, out)
    assert code == 0, screen + out.read_text()
    assert out.read_text().count("DONE") == 4
