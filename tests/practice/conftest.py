"""A practice tenant for each test that asks for one, with a clock that moves only when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.practice.analyst import Client, Clock, client_of
from toolkit import practice


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], practice.PracticeTenant]]:
    """Starts a tenant on this test's folder; all of them are stopped at the end."""
    started: list[practice.PracticeTenant] = []

    def start() -> practice.PracticeTenant:
        started.append(practice.start(tmp_path / "practice", seconds=clock))
        return started[-1]

    yield start
    for tenant in started:
        tenant.stop()


@pytest.fixture
def tenant(begin: Callable[[], practice.PracticeTenant]) -> practice.PracticeTenant:
    return begin()


@pytest.fixture
def client(tenant: practice.PracticeTenant) -> Client:
    return client_of(tenant)
