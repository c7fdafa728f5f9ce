"""Notebooks run by programs while a tenant listens: papermill and nbconvert change nothing and keep no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import papermill
import pytest

from tests.needs import ROOT
from toolkit import open_case, practice

NOTEBOOKS = [ROOT / "notebooks" / name for name in ("0-start.ipynb", "3-containment.ipynb", "4-hardening.ipynb")]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, practice.PracticeTenant]]:
    """A practice case and its running tenant."""
    open_case(tmp_path / "case", practice=True).close()
    with practice.start(tmp_path / "case" / "practice") as tenant:
        yield tmp_path / "case", tenant


def changed(tenant: practice.PracticeTenant) -> list[object]:
    return [line for line in tenant.requests() if line["kind"] == "write"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_changes_nothing(
    notebook: Path, served: tuple[Path, practice.PracticeTenant], tmp_path: Path
) -> None:
    case, tenant = served
    out = tmp_path / notebook.name
    papermill.execute_notebook(notebook, out, parameters={"case": str(case)}, cwd=tmp_path, progress_bar=False)
    assert changed(tenant) == []
    assert "eyJ" not in out.read_text("utf-8")  # how a token begins


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbconvert_changes_nothing_and_makes_a_page(
    notebook: Path, served: tuple[Path, practice.PracticeTenant], tmp_path: Path
) -> None:
    case, tenant = served
    told = [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", "html", "--output-dir", str(tmp_path)]
    done = subprocess.run(
        [*told, str(notebook)],
        env=os.environ | {"TOOLKIT_CASE": str(case)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / f"{notebook.stem}.html").read_text("utf-8")
    assert "PRACTICE" in page
    assert "eyJ" not in page
    assert changed(tenant) == []
