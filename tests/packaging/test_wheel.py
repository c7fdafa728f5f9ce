"""What a user gets from the wheel: everything shipped is in it, nothing else, and the lab starts from it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab_process import LabProcess
from tests.needs import ROOT

PROJECT = "account_compromise_toolkit"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def committed(*paths: str) -> list[str]:
    """The files under `paths` that git tracks; a wheel is made of those, whatever else lies about."""
    out = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in out.stdout.splitlines() if (ROOT / line).exists()]


def test_licence_and_notice_of_everything_shipped_are_in_the_wheel(names: set[str]) -> None:
    inside = {name.split(".dist-info/licenses/")[1] for name in names if ".dist-info/licenses/" in name}
    assert inside == {"LICENSE", "NOTICE", *committed("licences")}


def test_every_module_data_file_and_notebook_is_in_the_wheel(names: set[str]) -> None:
    notebooks = [f"toolkit/{path}" for path in committed("notebooks")]
    assert len(notebooks) >= 3
    assert {*committed("toolkit"), *notebooks} - names == set()


def test_nothing_but_the_package_and_its_papers_is_in_the_wheel(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"toolkit", f"{PROJECT}-0.1.0.dist-info"}
    assert [name for name in names if "__pycache__" in name or "tests/" in name or "shared" in name] == []


def test_lists_that_may_not_be_shipped_are_not_in_the_wheel(names: set[str]) -> None:
    others = {"first_party_apps", "huntress_rogueapps", "hosting_vpn_asns", "vpn_ipv4", "vpn_ipv6"}
    assert {name for name in names if Path(name).stem in others} == set()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment into which only the wheel was installed.

    What it depends on is lent by the environment the tests run in, not downloaded again; a `.pth` file in a
    folder that is lent is not followed, so an editable install of this project does not come along.
    """
    folder = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = folder / scripts / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--force-reinstall",
        str(wheel),
    ]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


@pytest.fixture(scope="module")
def lab(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    scratch = tmp_path_factory.mktemp("elsewhere")
    running = LabProcess(None, scratch, python=str(installed))
    yield running
    running.stop()


def test_the_installed_package_is_the_wheels_not_the_clones(installed: Path, tmp_path: Path) -> None:
    ask = [str(installed), "-c", "import toolkit; print(toolkit.__file__)"]
    said = subprocess.run(ask, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.strip()
    assert Path(said).is_relative_to(installed.parents[1])


def test_the_lab_answers_on_its_url_from_another_folder(lab: LabProcess) -> None:
    with urllib.request.urlopen(lab.url, timeout=30) as answer:
        assert answer.status == 200
        assert b"JupyterLab" in answer.read()


def test_the_lab_refuses_who_has_no_token(lab: LabProcess) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{lab.base}/api/contents", timeout=30)


def test_the_wheels_notebooks_are_in_the_new_case(lab: LabProcess) -> None:
    with urllib.request.urlopen(f"{lab.base}/api/contents?token={lab.token}", timeout=30) as answer:
        listing = answer.read().decode()
    assert [path for path in committed("notebooks") if Path(path).name not in listing] == []


def test_ctrl_c_ends_the_lab_in_order(lab: LabProcess) -> None:
    assert lab.stop() == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(lab.url, timeout=5)
