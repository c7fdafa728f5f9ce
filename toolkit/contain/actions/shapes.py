"""The shapes that most actions have: a thing that shall be gone, a thing that shall be switched off, settings."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.readings import READINGS
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.exchange import cmdlet_call

Row = dict[str, Any]


class OnThing(Action):
    """An action on one of several things: `identity` tells which, `name` what a person calls it.

    Its key is `kind:identity`. `titled` is the title with `{name}` in it; `reading` the list that it stands in.
    """

    kind: ClassVar[str]
    titled: ClassVar[str]
    reading: ClassVar[str]

    def __init__(self, identity: str, name: str = "", why: str = "") -> None:
        self.identity, self.name, self.why = identity, name, why
        self.key = f"{self.kind}:{identity}"
        self.title = self.titled.format(name=quoted(name or identity))

    @property
    def about(self) -> dict[str, Any]:
        return {"identity": self.identity, "name": self.name, "why": self.why}

    def read(self, tenant: Tenant, target: Target) -> State:
        found = READINGS[self.reading].ask(tenant, target)
        row = next((r for r in found.rows if self.identity_of(r) == self.identity), None)
        if row is None:
            found = found.whole  # a part of a list shows that a thing is there, never that it is gone
        return State({"row": _stable(row) if row else None}, found.date)

    @classmethod
    @abstractmethod
    def identity_of(cls, row: Row) -> str:
        """What tells a row of the list from the others."""

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        return super().changed(before.get("row") or {}, now.get("row") or {})

    def warnings(self, values: dict[str, Any]) -> list[str]:
        return ["It changes more than this account: everybody in the organisation."] if self.hits_everybody else []


class WithId(OnThing):
    """A thing told by what it is; `row_id` is its id in the service, which is another when it is made again."""

    def __init__(self, identity: str, name: str = "", why: str = "", row_id: str = "") -> None:
        super().__init__(identity, name, why)
        self.row_id = row_id

    @property
    def about(self) -> dict[str, Any]:
        return super().about | {"row_id": self.row_id}


class Removed(OnThing):
    """The thing shall no longer be in its list. Where it can be made again, `made_again` words the call."""

    def before(self, values: dict[str, Any]) -> str:
        row = values.get("row")
        return self.in_words(row) if row else "not there"

    def after(self) -> str:
        return "not there any more"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("row") is None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return now.values.get("row") is not None

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        row = before.get("row")
        return self.made_again(cloud, target, row) if row else None

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        """The call that makes it again as it stood; None where that is impossible."""
        return None

    @abstractmethod
    def in_words(self, row: Row) -> str:
        """The thing as a person reads it."""


class SwitchedOff(OnThing):
    """A thing with a switch (`flag`) that shall be off; undo puts it on again."""

    flag: ClassVar[str]
    on: ClassVar[Any] = True
    off: ClassVar[Any] = False

    def before(self, values: dict[str, Any]) -> str:
        row = values.get("row")
        return f"{self.flag}: {said(row.get(self.flag))}; {self.in_words(row)}" if row else "not there"

    def after(self) -> str:
        return f"{self.flag}: {said(self.off)}"

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self.switch(cloud, target, on=False)

    def is_so(self, now: State, sent: Sent | None) -> bool:
        row = now.values.get("row")
        return row is None or row.get(self.flag) == self.off

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        row = before.get("row")
        return self.switch(cloud, target, on=True) if row and row.get(self.flag) == self.on else None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        row = now.values.get("row")
        return row is not None and row.get(self.flag) == self.on

    @abstractmethod
    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        """The call that switches it."""

    @abstractmethod
    def in_words(self, row: Row) -> str:
        """The thing as a person reads it, beside its switch."""


class Settings(Action):
    """Settings of the mailbox that shall have the values `wanted`; undo puts back what was stored."""

    kind: ClassVar[str]
    reading: ClassVar[str]
    setter: ClassVar[str]
    wanted: ClassVar[dict[str, Any]]

    def read(self, tenant: Tenant, target: Target) -> State:
        found = READINGS[self.reading].read(tenant, target)
        row = found.rows[0] if found.rows else {}
        return State({name: row.get(name) for name in self.wanted}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._set(cloud, target, self.wanted)

    def before(self, values: dict[str, Any]) -> str:
        return "; ".join(f"{name}: {said(values.get(name))}" for name in self.wanted)

    def after(self) -> str:
        return "; ".join(f"{name}: {said(value)}" for name, value in self.wanted.items())

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return all(_plain(now.values.get(name)) == _plain(value) for name, value in self.wanted.items())

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        if all(_plain(before.get(name)) == _plain(value) for name, value in self.wanted.items()):
            return None
        return self._set(cloud, target, {name: before.get(name) for name in self.wanted})

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return all(_plain(now.values.get(name)) == _plain(before.get(name)) for name in self.wanted)

    def _set(self, cloud: Cloud, target: Target, values: dict[str, Any]) -> Call:
        return cmdlet(cloud, target, self.setter, Identity=target.object_id, **values)


def cmdlet(cloud: Cloud, target: Target, name: str, **parameters: Any) -> Call:
    """Word a cmdlet about the account's mailbox, or the organisation."""
    return cmdlet_call(cloud, target.tenant_id, name, parameters, target.anchor)


def quoted(name: str) -> str:
    return f"“{name}”" if name.strip() else "without a name"


def listed(value: Any) -> str:
    """A value that may be a list, as text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def said(value: Any) -> str:
    """A value of a setting as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not set" if value in (None, "", []) else listed(value)


def _plain(value: Any) -> Any:
    """Nothing, an empty text and an empty list mean the same to Exchange."""
    return None if value in ("", []) else value


def _stable(row: Row) -> Row:
    """A row without what the service words anew at each reading."""
    return {k: v for k, v in row.items() if "@" not in k and k not in {"Priority", "LastSyncAttemptTime"}}
