"""The browser, the lab and the desk, for tests that drive the real thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests import needs
from tests.browser.desk import Desk, pictures_folder
from tests.lab_process import LabProcess

# Kernels and labs of several tests may share two cores.
expect.set_options(timeout=30_000)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    program = needs.chromium() or needs.missing(needs.GET_A_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    """A lab on a new practice case, one for the tests of a module."""
    scratch = tmp_path_factory.mktemp("lab")
    running = LabProcess(scratch / "case", scratch)
    yield running
    running.stop()


@pytest.fixture
def sit_down(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """A function that opens a desk on a lab; afterwards no request may have tried to leave the machine."""
    desks: list[Desk] = []

    def at(lab: LabProcess) -> Desk:
        desks.append(Desk(chromium, lab.url, pictures_folder(tmp_path)))
        return desks[-1]

    yield at
    outside = [url for desk in desks for url in desk.outside]
    for desk in desks:
        desk.leave()
    assert outside == [], "requests that left this machine"


@pytest.fixture
def desk(lab: LabProcess, sit_down: Callable[..., Desk]) -> Desk:
    """A browser page on the module's lab."""
    return sit_down(lab)
