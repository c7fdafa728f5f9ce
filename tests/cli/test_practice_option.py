"""`--practice` on a case of a real tenant is refused by every command; what a practice case does not use is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from toolkit import open_case
from toolkit.cli import cli
from toolkit.errors import UsageError

__all__ = ["room", "unconfirmed_room"]

COMMANDS = (
    ("collect", "--account", VICTIM),
    ("collect", "--pivot"),
    ("collect", "--start-feeds"),
    ("contain", "--emergency", VICTIM),
    ("app", "create", "--for", "evidence"),
    ("app", "show"),
    ("app", "remove", "--for", "evidence"),
    ("lab", "--no-browser"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_nobody_who_means_to_practise_is_led_to_a_real_tenant(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*_given: object, **_more: object) -> None:
        raise AssertionError("the sign-in was begun")

    monkeypatch.setattr("toolkit.tenant.connect", reached)
    monkeypatch.setattr("toolkit.lab.run_lab", reached)
    open_case(tmp_path / "case").close()  # as a sign-in that failed leaves it
    done = CliRunner().invoke(cli, [*words, "--case", str(tmp_path / "case"), "--practice"])
    assert isinstance(done.exception, UsageError)
    assert "is one of a real tenant, so nothing was done: leave --practice out" in str(done.exception)
    assert not (tmp_path / "case" / "journal.jsonl").exists()


def test_options_that_a_practice_case_does_not_use_are_named(room: Room) -> None:
    words = ["app", "show", "--case", str(room.case.folder), "--practice", "--tenant", DOMAIN]
    done = CliRunner().invoke(cli, [*words, "--cloud", "gcc", "--client-id", "1"])
    assert done.exit_code == 2
    assert done.stderr.splitlines()[0] == "A practice case signs in by itself: --cloud, --client-id are not used."
    one = CliRunner().invoke(cli, [*words, "--keep-sign-in"])
    assert "--keep-sign-in is not used." in one.stderr
    assert "signs in by itself" not in CliRunner().invoke(cli, words).stderr
