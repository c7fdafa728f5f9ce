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

from tests.contain.room import VICTIM
from toolkit import open_case

PASSWORD = re.compile(r"in person:\s+(\S{24})\s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "case"
    open_case(place, practice=True).close()
    return place


def on_a_terminal(arguments: list[str], typed: str, output: Path, seconds: float = 120) -> tuple[int, str]:
    """Run the command with a terminal of its own, its output going to a file; returns the code and the screen."""
    child, terminal = pty.fork()
    if child == 0:
        out = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        os.execv(sys.executable, [sys.executable, "-m", "toolkit", *arguments])
    screen, answered, until = "", False, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            block = os.read(terminal, 4096)
        except OSError:
            break
        if not block:
            break
        screen += block.decode("utf-8", "replace")
        if not answered and "to do it" in screen:
            os.write(terminal, f"{typed}\n".encode())
            answered = True
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
    said = out.read_text()
    assert said.count("DONE") == 3
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


def test_a_plan_is_written_shown_by_its_digest_and_run_without_a_terminal(folder: Path, tmp_path: Path) -> None:
    case = open_case(folder)
    case.journal.append("containment.tenant-confirmed", tenant_id="267be786-39f0-500e-8ce2-f6a7fb0a7a4a")
    case.close()
    plan, script = tmp_path / "plan.json", tmp_path / "plan.ps1"
    shown = command("--case", folder, "--account", VICTIM, "--write", plan, "--script", script)
    assert shown.returncode == 1, shown.stderr  # doors are open
    digest = re.search(r"digest is ([0-9a-f]{64})", shown.stdout)
    assert digest
    assert "OPEN" in shown.stdout
    assert "Invoke-MgGraphRequest" in script.read_text("utf-8")
    told = command("--case", folder, "--plan", plan)
    assert told.returncode == 0
    assert digest[1] in told.stdout
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


def test_what_the_plan_left_out_is_listed_and_taken_in_by_its_key(folder: Path) -> None:
    case = open_case(folder)
    case.journal.append("containment.tenant-confirmed", tenant_id="267be786-39f0-500e-8ce2-f6a7fb0a7a4a")
    case.close()
    shown = command("--case", folder, "--account", VICTIM)
    plan, _, left = shown.stdout.partition("Found, and not in the plan")
    keys = dict(re.findall(r"--with '?(\S+?)'?\n +([^:\n]+)", left))
    key, title = next((k, t) for k, t in keys.items() if t.startswith("Disable the inbox rule"))
    assert title not in plan
    again = command("--case", folder, "--account", VICTIM, "--with", key)
    plan, _, left = again.stdout.partition("Found, and not in the plan")
    assert title in plan
    assert key not in left
    wrong = command("--case", folder, "--account", VICTIM, "--with", "nothing:1")
    assert wrong.returncode == 2
    assert "'nothing:1'" in wrong.stderr


@pytest.mark.parametrize("arguments", [[], ["--emergency", VICTIM, "--account", VICTIM]])
def test_what_is_wanted_has_to_be_said(folder: Path, arguments: list[str]) -> None:
    said = command("--case", folder, *arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert len(said.stderr.strip().splitlines()) == 1
