"""The sample evidence loaded and triaged once for the tests that only read it, and what its answer key says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.formats.exports import SAMPLES
from toolkit import open_case
from toolkit.case import Case
from toolkit.detect import Triage, triage

KEY: dict[str, Any] = json.loads((SAMPLES / "answer-key.json").read_text("utf-8"))
VICTIM: str = KEY["people"]["victim"]["user_principal_name"]


def act(name: str) -> dict[str, Any]:
    return next(a for a in KEY["acts"] if a["id"] == name)


@pytest.fixture(scope="session")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.getbasetemp() / "contoso-bec"
    case = open_case(folder)
    if not case.count("audit"):
        case.load(sorted(p for p in SAMPLES.iterdir() if p.suffix in (".csv", ".json") and p.name != "answer-key.json"))
    yield case
    case.close()


@pytest.fixture(scope="session")
def contoso_found(contoso: Case) -> Triage:
    """What the detections find in it. Tests do not change it."""
    return triage(contoso)
