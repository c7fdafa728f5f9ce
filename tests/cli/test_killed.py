"""A practice tenant that was killed together with its command: the same command goes on, a notebook says what to do."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.test_collect_command import a_week_of_sign_ins, command, told
from tests.contain.room import DOMAIN, VICTIM, Room, room, unconfirmed_room
from toolkit import collect, open_case, practice
from toolkit.cli import cli
from toolkit.collect.roads.graph_lists import InteractiveSignIns
from toolkit.collect.roads.search_log import SearchLog
from toolkit.contain import confirm_tenant
from toolkit.errors import PracticeError
from toolkit.tenant import connect
from toolkit.views import practice_tenant
from toolkit.views.signing_in import SignIn

__all__ = ["room", "unconfirmed_room"]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed there by other means")
def test_after_a_kill_with_its_practice_tenant_the_same_command_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    arguments = a_week_of_sign_ins(folder, "--practice", "--tenant", DOMAIN)
    running = subprocess.Popen(
        told(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert running.stderr is not None
    assert any("… Fetching" in line for line in running.stderr)
    running.kill()
    running.wait(60)
    running.stderr.close()
    assert (folder / "practice" / "endpoint.json").exists()  # nobody tidied up
    went_on = command(*arguments)
    assert went_on.returncode == 0, went_on.stderr
    case, whole = open_case(folder), open_case(tmp_path / "undisturbed", practice=True)
    assert [problem for problem in case.verify() if "torn" not in problem] == []
    with practice.start(whole.folder / "practice"), closing(connect(whole)) as tenant:
        confirm_tenant(whole, tenant, DOMAIN)
        wanted = replace(collect.profile("quick"), roads=(InteractiveSignIns, SearchLog))
        collect.collect(whole, tenant, [VICTIM], wanted=wanted)
    for table in ("audit", "signins"):
        ids = [list(one.sql(f"SELECT record_id FROM {table} ORDER BY ALL").record_id) for one in (case, whole)]
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == len(ids[0]) > 0


def test_where_the_practice_tenant_was_killed_commands_and_notebooks_start_it(room: Room) -> None:
    address = room.service.endpoint_file.read_bytes()
    room.service.stop()
    room.service.endpoint_file.write_bytes(address)
    with pytest.raises(PracticeError, match=r"No practice tenant is running .*`python -m toolkit lab`"):
        room.connect()
    with closing(SignIn(room.case, ask=False).tenant()) as tenant:
        assert tenant.domain == DOMAIN
    practice_tenant._running[-1].stop()
    # A command starts it for as long as it runs.
    done = CliRunner().invoke(cli, ["contain", "--case", str(room.case.folder), "--account", VICTIM])
    assert "OPEN         sign-in: accountEnabled: true" in done.output


def test_a_kernel_that_started_the_practice_tenant_ends_with_it(tmp_path: Path) -> None:
    open_case(tmp_path / "case", practice=True).close()
    kernel = (
        "import sys; from toolkit import open_case; from toolkit.views.signing_in import SignIn; "
        "print(SignIn(open_case(sys.argv[1])).tenant().domain)"
    )
    done = subprocess.run(
        [sys.executable, "-c", kernel, str(tmp_path / "case")], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, DOMAIN)
    assert not (tmp_path / "case" / "practice" / "endpoint.json").exists()
