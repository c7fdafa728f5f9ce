"""Connecting a case to its tenant."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from toolkit.errors import NotBuiltYet, SignInFailed, UsageError
from toolkit.tenant.clouds import PRACTICE, Cloud, cloud_named, practice_cloud
from toolkit.tenant.exchange import Exchange
from toolkit.tenant.graph import Graph
from toolkit.tenant.session import Session
from toolkit.tenant.tokens import Operator, PracticeTokenSource, TokenSource


class CaseToConnect(Protocol):
    """What connecting needs of a case: its folder, its clock, and whether it is a practice case."""

    folder: Path
    clock: Callable[[], datetime]

    @property
    def practice(self) -> bool: ...


class Tenant:
    """A connected tenant: `cloud`, `operator` (who signed in), `graph`, `exchange`, and the `session` below."""

    def __init__(self, session: Session, operator: Operator, sleep: Callable[[float], None]) -> None:
        self.session = session
        self.cloud: Cloud = session.cloud
        self.operator = operator
        self.tenant_id = operator.tenant_id
        self.graph = Graph(session)
        self.exchange = Exchange(session, operator.tenant_id)
        self.sleep = sleep
        self._domain = ""

    @property
    def domain(self) -> str:
        """The tenant's default domain, as its own directory names it."""
        if not self._domain:
            domains = self.graph.domains()
            default = [d for d in domains if d.get("isDefault")] or domains
            self._domain = str(default[0]["id"]) if default else ""
        return self._domain

    def close(self) -> None:
        self.session.close()

    def __repr__(self) -> str:
        return f"Tenant({self.cloud.name}, {self.tenant_id}, as {self.operator.user_principal_name})"


def connect(
    case: CaseToConnect,
    tokens: TokenSource | None = None,
    cloud: str = PRACTICE,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Tenant:
    """Sign in to the tenant of a case.

    `tokens` is where tokens come from (the practice tenant has its own); `cloud` a name of `clouds.CLOUDS` or
    `practice`.

    Raises:
        NotBuiltYet: any cloud but the practice tenant.
        UsageError: no such cloud, or a case of real evidence is to meet the practice tenant.
        PracticeError: the case's practice tenant is not running.
        SignInFailed, TenantUnreachable: the sign-in did not work.
    """
    if cloud != PRACTICE:
        cloud_named(cloud)
        raise NotBuiltYet(
            "Live sign-in is not built yet; use the practice tenant (`python -m toolkit lab`), or follow the plan "
            "that the containment notebook shows by hand."
        )
    if not case.practice:
        raise UsageError(
            "This case holds evidence of a real tenant and is never mixed with the practice tenant; "
            "make a practice case with `python -m toolkit lab`."
        )
    place = practice_cloud(case.folder)
    source = tokens or PracticeTokenSource(place)
    session = Session(place, source, clock=case.clock, sleep=sleep)
    operator = source.operator
    if operator.tenant_id.lower() != place.tenant_id.lower():
        raise SignInFailed(f"The sign-in is for tenant {operator.tenant_id}, the practice tenant is {place.tenant_id}.")
    return Tenant(session, operator, sleep)
