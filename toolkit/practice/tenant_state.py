"""What a service needs to carry out one request: the state, the scenario, the clock and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toolkit.practice.faults import Fault
from toolkit.practice.memory import Memory
from toolkit.practice.names import Record
from toolkit.practice.people import Person, people
from toolkit.practice.scenario import Scenario

EVERYWHERE_AFTER = timedelta(seconds=3)
"""How long it takes until a new application can be named by other objects. Here; the real directory takes longer."""


@dataclass(frozen=True)
class Situation:
    """One request's view of the tenant; `state` is changed in place by writing requests."""

    scenario: Scenario
    state: Record
    now: datetime
    base: str
    address: str = "127.0.0.1"
    scopes: frozenset[str] = frozenset()
    """The permissions in the caller's token: delegated scopes, or an application's roles."""
    app_only: bool = False
    roles: frozenset[str] | None = None
    """The ids of the directory roles that the person in the token holds; None for an application."""
    anchor: str = ""
    """The mailbox by which Exchange routes the request (`X-AnchorMailbox`)."""
    withheld: frozenset[str] = frozenset()
    """Cmdlets that the caller may not run, in lower case."""
    memory: Memory = field(default_factory=Memory)
    """What the running tenant remembers beside its state."""
    fault: Fault = field(default_factory=Fault)
    """What is to go wrong with this request, for services that lie in ways of their own."""
    notes: list[str] = field(default_factory=list)
    """What the request log should say about this request beyond its address."""
    warnings: list[str] = field(default_factory=list)
    """What Exchange warns of; goes into `@adminapi.warnings`."""

    @property
    def operator(self) -> Person:
        return people()["operator"]

    def changed(self, *records: Record) -> None:
        """Counts a change and appends what the tenant's audit log says about it."""
        self.state["changes"] += 1
        self.state["audit"].extend(records)

    def is_older(self, object_id: str, span: timedelta = EVERYWHERE_AFTER) -> bool:
        """Whether an object of the directory was made longer ago than it takes until all of the directory knows it."""
        made = self.state["made"].get(object_id)
        return made is None or self.now - datetime.fromisoformat(made) >= span

    def key(self, what: str) -> str:
        """A key for the ids of a new record: the same history gives the same ids."""
        return f"change {self.state['changes']} {what}"


def person_of(user_id: str) -> Person:
    """The person behind an object id."""
    return next(person for person in people().values() if person.id == user_id)
