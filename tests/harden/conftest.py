"""The room that these tests are in: that of containment, for the organisation's plans run on the same road."""

from tests.contain.room import room, unconfirmed_room

__all__ = ["room", "unconfirmed_room"]
