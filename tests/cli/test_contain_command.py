"""`python -m toolkit contain` on a real terminal: the typed name, the password on the screen and nowhere else."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.contain.room import DOMAIN, VICTIM
from toolkit import open_case
from toolkit.cli import cli
from toolkit.contain.actions import BlockSignIn
from toolkit.errors import UsageError

PASSWORD = re.compile(r"in person:\s+(\S{24})\s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "case"
    open_case(place, practice=True).close()
    return place


def on_a_terminal(
    arguments: list[str], typed: str | dict[str, str], output: Path, seconds: float = 120
) -> tuple[int, str]:
    """Run the command with a terminal of its own, its output going to a file; returns the code and the screen.

    `typed` is the answer to what asks "to do it", or the answers by a piece of their questions.
    """
    answers = {"to do it": typed} if isinstance(typed, str) else dict(typed)
    child, terminal = pty.fork()
    if child == 0:
        out = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        os.execv(sys.executable, [sys.executable, "-m", "toolkit", *arguments])
    screen, until = "", time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            block = os.read(terminal, 4096)
        except OSError:
            break
        if not block:
            break
        screen += block.decode("utf-8", "replace")
        for piece in [piece for piece in answers if piece in screen]:
            os.write(terminal, f"{answers.pop(piece)}\n".encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    told = [sys.executable, "-m", "toolkit", "contain", *map(str, arguments)]
    # A session of its own has no terminal, as in a pipeline.
    return subprocess.run(
        told, capture_output=True, text=True, check=False, timeout=180, stdin=subprocess.DEVNULL, start_new_session=True
    )


def test_an_emergency_shows_the_calls_asks_for_the_name_and_the_password_is_on_the_screen_alone(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.txt"
    code, screen = on_a_terminal(["contain", "--case", str(folder), "--emergency", VICTIM], VICTIM, out)
    assert code == 0, screen + out.read_text()
    assert "revokeSignInSessions" in screen
    assert "Now:        accountEnabled: true" in screen
    assert "Afterwards: accountEnabled: false" in screen
    said = out.read_text()
    assert said.count("DONE") == 3
    assert "CLOSED       sign-in: accountEnabled: false" in said
    assert "OPEN         forwarding: " in said
    found = PASSWORD.search(screen)
    assert found, screen
    assert found[1] not in said
    assert [p for p in folder.rglob("*") if p.is_file() and found[1].encode() in p.read_bytes()] == []
    kinds = [json.loads(line)["kind"] for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert kinds.count("containment.sending") == 3
    assert "containment.password-shown" in kinds


def test_another_name_sends_nothing(folder: Path, tmp_path: Path) -> None:
    code, screen = on_a_terminal(["contain", "--case", str(folder), "--emergency", VICTIM], "yes", tmp_path / "out.txt")
    assert code == 2
    assert f"Type {VICTIM} exactly" in screen
    assert not open_case(folder).journal.entries("containment.sending")


def test_where_nobody_types_the_name_nothing_is_sent(folder: Path) -> None:
    said = command("--case", folder, "--emergency", VICTIM)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.strip().splitlines()[-1] == f"Nothing was sent, because nobody typed {VICTIM}."
    assert not open_case(folder).journal.entries("containment.sending")


def test_whose_tenant_it_is_is_asked_on_the_terminal_and_then_it_goes_on(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    words = ["contain", "--case", str(folder), "--account", VICTIM, "--json"]
    code, screen = on_a_terminal(words, {"The domain": DOMAIN}, out)
    assert code == 1, screen  # doors are open
    assert f"Type {DOMAIN} to say" in screen
    told = json.loads(out.read_text())
    assert told["steps"][0] | {"url": ""} == {
        "key": "block-sign-in", "title": "Block sign-in", "status": "to do", "method": "PATCH", "url": "",
        "body": {"accountEnabled": False}, "now": "accountEnabled: true", "afterwards": "accountEnabled: false",
        "reason": BlockSignIn.reason, "does_not": BlockSignIn.does_not,
    }  # fmt: skip
    # Said once, it is in the journal.
    assert command("--case", folder, "--account", VICTIM, "--json").returncode == 1


def test_a_plan_is_written_shown_step_by_step_and_run_without_a_terminal(folder: Path, tmp_path: Path) -> None:
    plan, script = tmp_path / "plan.json", tmp_path / "plan.ps1"
    whose = ("--tenant", DOMAIN)
    shown = command("--case", folder, "--account", VICTIM, *whose, "--write", plan, "--script", script)
    assert shown.returncode == 1, shown.stderr  # doors are open
    digest = re.search(r"digest is ([0-9a-f]{64})", shown.stdout)
    assert digest
    assert "OPEN" in shown.stdout
    assert "Invoke-MgGraphRequest" in script.read_text("utf-8")
    told = command("--plan", plan)  # it needs neither a case nor a tenant
    assert (told.returncode, told.stderr) == (0, "")
    assert digest[1] in told.stdout
    step = told.stdout.partition("Clear the mailbox's forwarding")[2].partition("\n\n")[0]
    assert "Why:        Every message leaves by it" in step
    assert "Now:        ForwardingAddress: not set; ForwardingSmtpAddress: smtp:accounts@" in step
    assert "Afterwards: ForwardingAddress: not set; ForwardingSmtpAddress: not set" in step
    assert "Does not:   It brings nothing back that has left" in step
    assert "which is: Set-Mailbox -Identity" in step
    assert "-ForwardingSmtpAddress $null" in step
    wrong = command("--case", folder, "--plan", plan, "--approve", "0" * 64)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "not the digest" in wrong.stderr
    four = command("--case", folder, "--plan", plan, "--approve", digest[1], "--four-eyes")
    assert four.returncode == 2
    assert "somebody else" in four.stderr
    run = command("--case", folder, "--plan", plan, "--approve", digest[1])
    assert "DONE      Block sign-in" in run.stdout, run.stdout + run.stderr
    # No terminal, no password: the reset is refused, and what builds on it is not begun.
    assert "REFUSED   Reset the password" in run.stdout
    assert "were not begun" in run.stderr
    assert run.returncode == 1
    # What the doors say afterwards stands below.
    assert "CLOSED       sign-in" in run.stdout
    assert "OPEN         password" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name one of --emergency UPN"),
        (["--emergency", VICTIM, "--account", VICTIM], "Name one of --emergency UPN"),
        (["--give-back", VICTIM, "--unblock-sender", VICTIM], "Name one of --emergency UPN"),
        (["--emergency", VICTIM, "--with", "x"], "--with KEY goes with --account UPN."),
        (["--give-back", VICTIM, "--undo", "x"], "--undo KEY goes with --account UPN."),
        (["--account", VICTIM, "--approve", "x"], "--approve DIGEST goes with --plan FILE."),
        (["--account", VICTIM, "--undo", "x", "--suspect", "y"], "--undo KEY does not go together with --suspect KEY."),
        (["--account", VICTIM, "--undo", "x", "--write", "y"], "--undo KEY does not go together with --write PATH."),
        (["--account", VICTIM, "--legitimate", "x"], "go together: say how it is known."),
        (["--account", VICTIM, "--note", "x"], "go together: say how it is known."),
    ],
)
def test_what_is_wanted_has_to_be_said_and_to_go_together(folder: Path, arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(cli, ["contain", "--case", str(folder), *arguments])
    assert isinstance(told.exception, UsageError)
    assert said in str(told.exception)
    assert str(told.exception).count(". ") == 0


def test_a_refusal_is_one_sentence_and_code_two(folder: Path) -> None:
    told = command("--case", folder)
    assert (told.returncode, told.stdout) == (2, "")
    assert len(told.stderr.strip().splitlines()) == 1
