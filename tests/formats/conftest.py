"""An empty case for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import open_case
from toolkit.case import Case


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    opened = open_case(tmp_path / "case")
    yield opened
    opened.close()
