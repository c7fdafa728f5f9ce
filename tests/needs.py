"""What some tests need and not every machine has: said aloud when it is missing, and a failure in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GET_A_BROWSER = (
    "no Chromium found: install it (Debian and Ubuntu: apt-get install chromium) or set TOOLKIT_CHROMIUM to its"
    " program file"
)
GET_SHARED = f"no folder {ROOT.parent / 'shared'}: the published samples and contracts lie beside the clone"


def missing(what: str) -> NoReturn:
    """Skip the test and say what is missing; where everything is required (CI), fail."""
    if os.environ.get("TOOLKIT_REQUIRE_ALL") == "1":
        pytest.fail(f"TOOLKIT_REQUIRE_ALL=1, but {what}", pytrace=False)
    pytest.skip(what)


def chromium() -> Path | None:
    """The browser's program file: TOOLKIT_CHROMIUM, else the first found under its usual names."""
    if named := os.environ.get("TOOLKIT_CHROMIUM"):
        return Path(named) if Path(named).exists() else None
    found = (shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/local/bin") for name in BROWSERS)
    return next((Path(path) for path in found if path), None)


def shared_folder() -> Path | None:
    """The folder `shared` beside the clone, if it is there."""
    folder = ROOT.parent / "shared"
    return folder if folder.is_dir() else None
