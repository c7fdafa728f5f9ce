"""Whether what the journal says of each call is what the practice tenant's own log says that it took."""

from __future__ import annotations

from tests.contain.room import Room
from toolkit import contain
from toolkit.contain.actions import KINDS


def tells_the_truth(room: Room) -> None:
    """Every call is in the journal, what is told of it is so, and nothing was done twice."""
    writes = room.writes()
    took = {w["client_request_id"] for w in writes if w["changed"]}
    found = contain.records(room.case)
    for record in found:
        if record.status in ("done", "not done", "refused"):
            assert (record.run in took) is (record.status == "done"), record
    answered: dict[str, list[int]] = {}
    for write in writes:
        answered.setdefault(write["client_request_id"], []).append(write["status"])
    assert set(answered) <= {r.run for r in found}
    for statuses in answered.values():  # a throttled call goes out again with its own id, no other does
        assert all(status == 429 for status in statuses[:-1]), statuses
    # Where the state decides, nothing is done again that stands: between two doings there is an undoing.
    last: dict[str, str] = {}
    for record in [r for r in found if r.run in took and KINDS[r.action.partition(":")[0]].settles]:
        thing = f"{record.action} of {record.target['object_id']}"
        assert last.get(thing) != record.direction, record
        last[thing] = record.direction
