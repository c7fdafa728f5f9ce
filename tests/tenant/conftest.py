"""The room that these tests are in, and a practice tenant to sign in to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contain.room import room, unconfirmed_room
from tests.practice.analyst import Clock
from toolkit import practice

__all__ = ["room", "unconfirmed_room"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Iterator[practice.PracticeTenant]:
    """A practice tenant whose clock moves only when told to; a code is asked after at once."""
    with practice.start(tmp_path / "practice", seconds=clock) as tenant:
        tenant.login.interval = 1
        yield tenant
