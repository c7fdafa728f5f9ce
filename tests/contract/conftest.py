"""The room that these tests are in."""

from tests.contain.room import room, unconfirmed_room

__all__ = ["room", "unconfirmed_room"]
