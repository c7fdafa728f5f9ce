"""What every action is: the state it reads, one exact call, how a read-back shows its effect, and its undo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from toolkit.contain.target import Target, moment
from toolkit.tenant import Answer, Call, Cloud, Secret, Tenant

RESOLUTION = timedelta(seconds=1)
"""Times in Graph and the `Date` header are whole seconds."""
WINDOW = timedelta(minutes=5)
"""A time that moved later than this after the answer is not the trace of our call."""


@dataclass(frozen=True)
class State:
    """What an action read: plain JSON `values`, and the server's clock (`date`, UTC) when it answered."""

    values: dict[str, Any]
    date: datetime | None


@dataclass(frozen=True)
class Sent:
    """What was so just before a call (`before`, read at the server's `before_date`), and when it was answered."""

    before: dict[str, Any]
    before_date: datetime | None
    answered_date: datetime | None


class Action(ABC):
    """One thing that can be done to an account.

    `kind` says what it does, `key` also to which thing, and names it in the journal; `patience` is how many seconds
    the read-back waits for the directory to agree; `settles` says whether reading alone can tell if a call whose
    answer was lost was done; `hits_everybody` that it changes more than this account, and needs a yes of its own;
    `last` that it belongs to the way back, `restores_use` that the doors are read again just before it is sent, and
    have to be closed; `purpose` for what the sign-in is asked before it is sent.
    """

    kind: ClassVar[str]
    key: str
    title: str
    reason: ClassVar[str]
    effect: ClassVar[str]
    does_not: ClassVar[str]
    residual: ClassVar[str]
    permission: ClassVar[str]
    role: ClassVar[str]
    undo_note: ClassVar[str]
    live_verified: ClassVar[str] = "never"
    patience: ClassVar[float] = 60.0
    settles: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False
    makes_secret: ClassVar[bool] = False
    shown_as: ClassVar[str] = "New password"
    hits_everybody: ClassVar[bool] = False
    last: ClassVar[bool] = False
    restores_use: ClassVar[bool] = False
    purpose: ClassVar[str] = "containment"

    @property
    def about(self) -> dict[str, Any]:
        """What tells this action from others of its kind, as plain JSON: the journal keeps it, and plan files do."""
        return {}

    @abstractmethod
    def read(self, tenant: Tenant, target: Target) -> State:
        """The state that this action changes."""

    @abstractmethod
    def call(self, cloud: Cloud, target: Target) -> Call:
        """The one request that does it."""

    @abstractmethod
    def after(self) -> str:
        """What a read-back will show, in words."""

    @abstractmethod
    def before(self, values: dict[str, Any]) -> str:
        """What is so now, in words."""

    @abstractmethod
    def is_so(self, now: State, sent: Sent | None) -> bool:
        """Whether the state shows the action's effect; `sent` is the call it has to come from, if any."""

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        """What is no longer as the preview showed it, one phrase each."""
        names = sorted(set(before) | set(now))
        return [f"{n} was {before.get(n)!r}, is {now.get(n)!r}" for n in names if before.get(n) != now.get(n)]

    def warnings(self, values: dict[str, Any]) -> list[str]:
        """What a person should know before saying yes, beyond the standing texts."""
        return []

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        """The request that brings the stored state back; None where there is no way back, or no need."""
        return None

    def undo_of(self, cloud: Cloud, target: Target, before: dict[str, Any], now: dict[str, Any]) -> Call | None:
        """The same for a thing that got its id by the call: it is in the present state, `now`."""
        return self.undo_call(cloud, target, before)

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        """Whether the stored state is back."""
        return False

    def secret_in(self, answer: Answer) -> Secret | None:
        """A secret that the service made and its answer holds, to be shown once; None if there is none."""
        return None

    def outcome(self, tenant: Tenant, answer: Answer) -> tuple[bool, str]:
        """How a call ended that was only accepted: whether it was done, and what to say about it."""
        return True, ""

    def settling_seconds(self, state: State) -> float:
        """Seconds to wait before the call, so that its own time can be told from the one that is there."""
        return 0.0


class MovesATime(Action):
    """An action whose only trace is a time that moves: done means moved, and not older than our own call."""

    field: ClassVar[str]
    settles = False
    repeatable = True

    def read(self, tenant: Tenant, target: Target) -> State:
        answer = tenant.graph.user(target.object_id)
        return State({self.field: answer.data.get(self.field)}, answer.date)

    def before(self, values: dict[str, Any]) -> str:
        return f"{self.field}: {values.get(self.field) or 'not set'}"

    def after(self) -> str:
        return f"{self.field}: a moment after this call"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        if sent is None or not (sent.before_date and sent.answered_date and now.date):
            return False
        then, here = moment(sent.before.get(self.field)), moment(now.values.get(self.field))
        if here is None or here == then:
            return False
        ours = sent.before_date - RESOLUTION <= here <= sent.answered_date + WINDOW
        return ours and now.date >= sent.answered_date

    def settling_seconds(self, state: State) -> float:
        last = moment(state.values.get(self.field))
        if last is None or state.date is None or state.date - last > RESOLUTION:
            return 0.0
        return 1.1
