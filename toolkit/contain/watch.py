"""Watching the doors: read now and again, since whoever has a live token comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.contain.doors import OPEN, Door, doors, note_doors
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import Target
from toolkit.tenant import Tenant

AT_MINUTES = (0, 15, 60)


@dataclass(frozen=True)
class Watch:
    """One look: after how many minutes, the doors, and which of them are open that were not before."""

    minutes: int
    doors: list[Door]
    opened: list[str]


def watch(
    case: Case,
    tenant: Tenant,
    target: Target,
    *,
    suspicion: Suspicion | None = None,
    at: Sequence[int] = AT_MINUTES,
    waiting: Callable[[int], None] = lambda minutes: None,
) -> Iterator[Watch]:
    """Look at the doors after so many minutes each; every look is in the journal. Nothing is changed."""
    before: set[str] | None = None
    last = 0
    for minutes in at:
        if minutes > last:
            waiting(minutes - last)
            tenant.sleep(60.0 * (minutes - last))
            last = minutes
        found = doors(case, tenant, target, suspicion)
        now = {door.name for door in found if door.state == OPEN and door.must}
        opened = sorted(now - before) if before is not None else []
        before = now
        note_doors(case, tenant, target, found, minutes=minutes, opened=opened)
        yield Watch(minutes, found, opened)
