"""A practice case whose tenant has a busy mailbox, connected, with pauses that only move the tenant's clock."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

from toolkit import contain, practice
from toolkit.case import Case, open_case
from toolkit.tenant import Tenant, connect

ACCOUNT = "katrin.vogel@contoso.com"


@contextmanager
def busy_tenant(folder: Path, events: int) -> Iterator[tuple[Case, Tenant, practice.PracticeTenant]]:
    """The case, a connection, and the practice tenant itself."""
    case = open_case(folder, practice=True)
    with practice.start(case.folder / "practice", events=events) as service:
        tenant = connect(case, sleep=service.clock.advance)
        contain.confirm_tenant(case, tenant, tenant.domain)
        yield case, tenant, service
        tenant.close()
    case.close()


@contextmanager
def tenant_elsewhere(folder: Path, events: int) -> Iterator[tuple[Case, Tenant]]:
    """As `busy_tenant`, but the tenant is a process of its own, as in the world, and pauses are real."""
    case = open_case(folder, practice=True)
    processes = multiprocessing.get_context("spawn")
    ready, over = processes.Event(), processes.Event()
    service = processes.Process(target=_serve, args=(case.folder / "practice", events, ready, over), daemon=True)
    service.start()
    try:
        if not ready.wait(60):
            raise TimeoutError("The practice tenant did not start within a minute.")
        tenant = connect(case, sleep=time.sleep)
        contain.confirm_tenant(case, tenant, tenant.domain)
        yield case, tenant
        tenant.close()
    finally:
        over.set()
        service.join(30)
        case.close()


def _serve(folder: Path, events: int, ready: Event, over: Event) -> None:
    with practice.start(folder, events=events):
        ready.set()
        over.wait()


def audit_ids(case: Case) -> set[str]:
    """The ids of the account's audit records in the case."""
    found = case.sql(f"SELECT record_id FROM audit WHERE lower(user_principal_name) = '{ACCOUNT}'")
    return {str(one).lower() for one in found.record_id}
