"""The rooms that these tests are in."""

from tests.collect.room import busy_room
from tests.contain.room import room, unconfirmed_room

__all__ = ["busy_room", "room", "unconfirmed_room"]
