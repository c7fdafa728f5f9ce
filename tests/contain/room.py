"""A practice case, its running tenant and a connection to it, with pauses that only move the tenant's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from toolkit import contain, practice
from toolkit.case import Case, open_case
from toolkit.tenant import Secret, Tenant, connect

VICTIM = "katrin.vogel@contoso.com"
OPERATOR = "jonas.reuter@contoso.com"
BREAK_GLASS = "emergency.access@contoso.onmicrosoft.com"
SYNCED = "petra.lindner@contoso.com"
FEDERATED = "tomas.novak@emea.contoso.com"
GUEST = "lena.fischer_fabrikam.example#EXT#@contoso.onmicrosoft.com"
DOMAIN = "contoso.com"


@dataclass
class Room:
    """Everything a test of containment needs."""

    case: Case
    service: practice.PracticeTenant
    naps: list[float] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    tenant: Tenant = field(init=False)

    def __post_init__(self) -> None:
        self.tenant = self.connect()

    def connect(self) -> Tenant:
        return connect(self.case, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.service.clock.advance(seconds)

    def plan(self, user: str = VICTIM, **how: Any) -> contain.Plan:
        return contain.make_plan(self.case, self.tenant, user, **how)

    def confirmed(self) -> tuple[contain.Plan, contain.Confirmation]:
        plan = self.plan()
        return plan, contain.confirm(plan, VICTIM)

    def run(self, key: str, **how: Any) -> contain.Outcome:
        plan, yes = self.confirmed()
        return contain.run(plan, key, yes, **{"show_secret": self.show} | how)

    def undo(self, key: str) -> contain.Outcome:
        plan, yes = self.confirmed()
        return contain.undo(plan, key, yes)

    def show(self, secret: Secret, run: str) -> bool:
        self.shown.append(secret.reveal())
        return True

    def writes(self) -> list[dict[str, Any]]:
        return [line for line in self.service.requests() if line["kind"] == "write"]

    def user(self, name: str = VICTIM) -> dict[str, Any]:
        users = self.service.state()["users"].values()
        return next(dict(u) for u in users if u["userPrincipalName"] == name)

    def rules(self, name: str = VICTIM) -> dict[str, dict[str, Any]]:
        return {rule["Name"]: rule for rule in self.service.state()["inbox_rules"][self.user(name)["id"]]}

    def rule_key(self, name: str) -> str:
        return f"disable-inbox-rule:{self.rules()[name]['RuleIdentity']}"

    def change_user(self, **values: Any) -> None:
        """As if somebody else changed the account, behind the toolkit's back."""
        self.service._store.state["users"][self.user()["id"]].update(values)

    def door(self, name: str) -> contain.Door:
        found = contain.doors(self.case, self.tenant, contain.resolve(self.tenant, VICTIM))
        return next(door for door in found if door.name == name)

    def statuses(self) -> dict[str, str]:
        return {step.action.key: step.status for step in self.plan().steps}


@pytest.fixture
def unconfirmed_room(tmp_path: Path) -> Iterator[Room]:
    """A practice case without evidence, so the tenant is not told by it."""
    case = open_case(tmp_path / "case", practice=True)
    with practice.start(case.folder / "practice") as service:
        room = Room(case, service)
        yield room
        room.tenant.close()
    case.close()


@pytest.fixture
def room(unconfirmed_room: Room) -> Room:
    """The same after the person typed the tenant's domain."""
    contain.confirm_tenant(unconfirmed_room.case, unconfirmed_room.tenant, DOMAIN)
    return unconfirmed_room
