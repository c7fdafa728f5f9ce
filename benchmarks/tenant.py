"""A practice case whose tenant has a busy mailbox, connected, with pauses that only move the tenant's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


def audit_ids(case: Case) -> set[str]:
    """The ids of the account's audit records in the case."""
    found = case.sql(f"SELECT record_id FROM audit WHERE lower(user_principal_name) = '{ACCOUNT}'")
    return {str(one).lower() for one in found.record_id}
