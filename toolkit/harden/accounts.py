"""What is read of chosen accounts beside the organisation: per-user state and groups; reading all would be rationed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolkit.case import Case
from toolkit.contain.guards import check_tenant
from toolkit.contain.readings import Reading, from_graph
from toolkit.contain.snapshot import Snapshot, keep, look, read_again
from toolkit.contain.target import Target, resolve
from toolkit.contain.values import text
from toolkit.detect import Triage
from toolkit.errors import GuardRefused
from toolkit.harden.state import FOLDER
from toolkit.tenant import Rows, Tenant

TAKEN = "hardening.account"
MOST = 50
"""Accounts that are read at once."""


def _per_user(tenant: Tenant, target: Target) -> Rows:
    answer = tenant.graph.mfa_requirements(target.object_id)
    return Rows([answer.data], answer.date)


ACCOUNT_READINGS: dict[str, Reading] = {
    "per-user state": Reading("its per-user state", _per_user),
    "groups": Reading("its groups", from_graph("/users/{id}/transitiveMemberOf")),
}


def accounts_of_interest(found: Triage) -> list[str]:
    """The accounts with severe findings, worst first: whose per-user state is worth a reading."""
    severe = (f.user for f in found.findings if f.severity in ("critical", "high") and "@" in f.user)
    return list(dict.fromkeys(severe))[:MOST]


def administrators_in(state: Snapshot) -> list[str]:
    """The object ids of accounts that have a role, as a state of the organisation tells them, at most `MOST`.

    Emergency accounts are among them. Groups and applications that have a role are not.
    """
    people = {text(row.get("id")).lower() for row in state.rows("accounts")}
    holders = dict.fromkeys(text(row.get("principalId")).lower() for row in state.rows("roles"))
    return [key for key in holders if key in people][:MOST]


def read_accounts(
    case: Case,
    tenant: Tenant,
    users: Iterable[str],
    *,
    most: int = MOST,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Snapshot]:
    """Read per-user state and groups of these accounts, at most `most`, and keep each in the case; nothing is changed.

    An account that the tenant does not have is left out; what cannot be read is in `problems` of its snapshot.

    Raises:
        GuardRefused: the case is not of this tenant, and nobody confirmed that it is meant.
        TenantError: the tenant could not be asked.
    """
    check_tenant(case, tenant)
    found = []
    read: set[str] = set()
    for user in list(dict.fromkeys(users))[:most]:
        progress(f"reading {user}")
        try:
            target = resolve(tenant, user)
        except GuardRefused:
            continue
        if target.object_id in read:
            continue
        read.add(target.object_id)
        snapshot = look(case, tenant, target, known=ACCOUNT_READINGS)
        keep(case, tenant, snapshot, kind=TAKEN, folder=FOLDER)
        found.append(snapshot)
    return found


def kept_accounts(case: Case) -> list[Snapshot]:
    """The newest reading of each account that the case has."""
    found: dict[str, Snapshot] = {}
    for entry in reversed(case.journal.entries(TAKEN)):
        told = entry.fields["target"]
        if told["object_id"] in found:
            continue
        target = Target(str(entry.fields["tenant_id"]), told["object_id"], told["user_principal_name"])
        snapshot = read_again(case, target, entry)
        if snapshot is not None:
            found[told["object_id"]] = snapshot
    return list(found.values())
