"""What the lab does with a case folder before JupyterLab opens on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.lab_process import LabProcess
from toolkit.errors import UsageError
from toolkit.lab.pages import copy_missing, shipped
from toolkit.lab.practice_case import default_folder, load_exports, open_or_make
from toolkit.lab.rooms import rooms_for


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path / "documents"))


def test_without_a_folder_the_practice_case_lies_under_the_users_documents(tmp_path: Path) -> None:
    case, new = open_or_make(None)
    assert (case.folder, new, case.practice) == (default_folder(), True, True)
    assert default_folder() == tmp_path / "documents" / "account-compromise-cases" / "contoso-bec-practice"


def test_a_case_that_exists_stays_what_it_is(tmp_path: Path) -> None:
    open_or_make(tmp_path / "real")
    case, new = open_or_make(tmp_path / "real", practice=True)
    assert (case.practice, new) == (False, False)


def test_a_folder_full_of_other_things_is_not_made_a_case(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="not a case and not empty"):
        open_or_make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_the_practice_evidence_is_loaded_once_and_the_answers_are_not_evidence(tmp_path: Path) -> None:
    case, _ = open_or_make(tmp_path / "case", practice=True)
    assert load_exports(case) > 5
    names = {Path(entry.fields["path"]).name for entry in case.journal.entries("loaded", "not loaded")}
    assert names.isdisjoint({"README.md", "answer-key.json"})
    head = case.journal.head
    assert (load_exports(case), case.journal.head) == (0, head)


def test_missing_notebooks_are_copied_and_edited_ones_never_overwritten(tmp_path: Path) -> None:
    assert len(copy_missing(tmp_path, tmp_path)) == len(shipped()) >= 3
    edited = tmp_path / "notebooks" / shipped()[0].name
    edited.write_text("mine")
    (tmp_path / "notebooks" / shipped()[1].name).unlink()
    assert [page.name for page in copy_missing(tmp_path, tmp_path)] == [shipped()[1].name]
    assert edited.read_text() == "mine"


def test_jupyter_keeps_nothing_in_the_case_and_reads_no_configuration_from_it(tmp_path: Path) -> None:
    rooms = rooms_for(tmp_path / "case")
    env = rooms.environment(tmp_path / "case")
    jupyters = {name: value for name, value in env.items() if name.startswith(("JUPYTER", "IPYTHON"))}
    assert len(jupyters) == 6
    assert [value for value in jupyters.values() if not value.startswith(str(tmp_path / "state"))] == []
    page = json.loads((rooms.config / "labconfig" / "page_config.json").read_text())
    assert page == {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def test_the_users_own_jupyter_configuration_is_not_taken_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "guessed")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/elsewhere")
    env = rooms_for(tmp_path).environment(tmp_path)
    assert {"JUPYTER_TOKEN", "JUPYTER_CONFIG_PATH"}.isdisjoint(env)


def test_settings_that_the_user_changed_in_jupyterlab_are_kept(tmp_path: Path) -> None:
    tracker = rooms_for(tmp_path).settings / "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.write_text("{}")
    rooms_for(tmp_path)
    assert tracker.read_text() == "{}"


def test_a_new_or_empty_folder_becomes_an_empty_real_case_without_a_practice_tenant(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    lab = LabProcess(tmp_path / "real", tmp_path / "scratch", practice=False)
    try:
        assert (tmp_path / "real" / "case.json").exists()
        assert not (tmp_path / "real" / "practice").exists()
        assert "PRACTICE" not in "".join(lab.said)
    finally:
        assert lab.stop() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX systems")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
def test_however_the_lab_ends_jupyter_and_the_practice_tenant_end_with_it(tmp_path: Path, how: int) -> None:
    lab = LabProcess(tmp_path / "case", tmp_path / "scratch")
    tenant = json.loads((tmp_path / "case" / "practice" / "endpoint.json").read_text())
    ports = [int(lab.base.rsplit(":", 1)[1]), int(str(tenant["url"]).rsplit(":", 1)[1].strip("/"))]
    assert all(map(listening, ports))
    os.kill(lab.process.pid, how)
    lab.process.wait(30)
    until = time.monotonic() + 20
    while any(map(listening, ports)) and time.monotonic() < until:
        time.sleep(0.2)
    assert not any(map(listening, ports))


def test_a_second_lab_on_the_same_practice_case_says_so_in_one_sentence(tmp_path: Path) -> None:
    first = LabProcess(tmp_path / "case", tmp_path / "scratch")
    try:
        with pytest.raises(AssertionError, match="A practice tenant is already running"):
            LabProcess(tmp_path / "case", tmp_path / "scratch")
        assert urllib.request.urlopen(first.url, timeout=30).status == 200
    finally:
        first.stop()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
