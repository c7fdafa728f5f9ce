"""Connecting a case to its tenant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from toolkit.errors import SignInFailed, UsageError
from toolkit.tenant.clouds import PRACTICE, Cloud, cloud_named, practice_cloud
from toolkit.tenant.exchange import Exchange
from toolkit.tenant.graph import Graph
from toolkit.tenant.pace import Pace
from toolkit.tenant.person import PersonTokenSource, PracticeTokenSource
from toolkit.tenant.session import Session
from toolkit.tenant.sign_in import sign_in
from toolkit.tenant.tokens import Operator, TokenSource

PRACTICE_PACE = 0.02  # the practice tenant may be asked faster than Microsoft's services


class CaseToConnect(Protocol):
    """What connecting needs of a case: its folder, its clock, and whether it is a practice case."""

    folder: Path
    clock: Callable[[], datetime]

    @property
    def practice(self) -> bool: ...


class Tenant:
    """A connected tenant: `cloud`, `operator` (who signed in), `graph`, `exchange`, and the `session` below.

    `tokens` is the source that it was connected with.
    """

    def __init__(
        self, session: Session, operator: Operator, sleep: Callable[[float], None], tokens: TokenSource
    ) -> None:
        self.session = session
        self.cloud: Cloud = session.cloud
        self.operator = operator
        self.tokens = tokens
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

    def ready_for(self, resources: Iterable[str]) -> dict[str, str]:
        """Ask for the sign-in to these services now, where a person signs in; why one cannot be had, by service.

        Raises:
            SignInFailed, TenantUnreachable: see `PersonTokenSource.ready_for`.
        """
        return self.tokens.ready_for(resources) if isinstance(self.tokens, PersonTokenSource) else {}

    def pace(self, seconds: float | None = None, go_on: Callable[[], None] = lambda: None) -> Pace:
        """How fast a run may ask, for `session.paced`: as the services say; `seconds` and `go_on` as for `Pace`."""
        scale = PRACTICE_PACE if self.cloud.practice else 1.0
        return Pace(sleep=self.sleep, scale=scale, seconds=seconds, go_on=go_on)

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

    `tokens` is where tokens come from (`sign_in`; without it the way that fits here, the practice tenant has its
    own); `cloud` a name of `clouds.CLOUDS` or `practice`. The permissions are those for reading;
    `tenant.tokens.widen("containment")` asks for the rest. Whether the case is of this tenant is asked by
    `contain.guards.tenant_question`.

    Raises:
        UsageError: no such cloud, or a practice case is to meet a real tenant, or the other way round.
        PracticeError: the case's practice tenant is not running.
        SignInFailed, TenantUnreachable: the sign-in did not work.
    """
    if cloud != PRACTICE:
        live = cloud_named(cloud)
        if case.practice:
            raise UsageError(
                "This is a practice case and is never mixed with a real tenant; make a case of your own with "
                "`python -m toolkit load` or `python -m toolkit lab --case FOLDER`."
            )
        return _connected(case, live, tokens or sign_in(cloud), sleep)
    if not case.practice:
        raise UsageError(
            "This case holds evidence of a real tenant and is never mixed with the practice tenant; "
            "make a practice case with `python -m toolkit lab`, or name the tenant's cloud."
        )
    place = practice_cloud(case.folder)
    tenant = _connected(case, place, tokens or PracticeTokenSource(place), sleep)
    if tenant.tenant_id.lower() != place.tenant_id.lower():
        tenant.close()
        raise SignInFailed(f"The sign-in is for tenant {tenant.tenant_id}, the practice tenant is {place.tenant_id}.")
    return tenant


def _connected(case: CaseToConnect, cloud: Cloud, source: TokenSource, sleep: Callable[[float], None]) -> Tenant:
    operator = source.operator
    place = replace(cloud, tenant_id=operator.tenant_id) if not cloud.practice else cloud
    session = Session(place, source, clock=case.clock, sleep=sleep)
    return Tenant(session, operator, sleep, source)
