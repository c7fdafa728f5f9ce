"""The organisation as it stands: read once, kept in the case with its hash, and read again when somebody asks."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.case import Case
from toolkit.contain.guards import check_tenant
from toolkit.contain.snapshot import Snapshot, keep, look, read_again
from toolkit.contain.target import Target, organisation
from toolkit.harden.readings import READINGS
from toolkit.tenant import Tenant

TAKEN = "hardening.state"
CLOUD = "hardening.cloud"
FOLDER = "hardening"
PATIENCE = 300.0  # seconds for all readings


def read_state(
    case: Case,
    tenant: Tenant,
    *,
    progress: Callable[[str], None] = lambda text: None,
    share: Callable[[float], None] = lambda share: None,
) -> Snapshot:
    """Read everything that hardening looks at, and keep it in `<case>/hardening/`; nothing is changed.

    What fails is in `problems` of the snapshot, and stops nothing. `progress` and `share` are told as by `look`.

    Raises:
        GuardRefused: the case is not of this tenant, and nobody confirmed that it is meant.
    """
    check_tenant(case, tenant)
    everybody = organisation(tenant)
    state = look(case, tenant, everybody, seconds=PATIENCE, progress=progress, share=share, known=READINGS)
    keep(case, tenant, state, kind=TAKEN, folder=FOLDER)
    if kept_cloud(case) != tenant.cloud.name:
        case.journal.append(CLOUD, practice=case.practice, tenant_id=tenant.tenant_id, cloud=tenant.cloud.name)
    return state


def kept_cloud(case: Case) -> str:
    """The name of the cloud in which the organisation was last read, as in `tenant.CLOUDS`; "" if it never was."""
    entries = case.journal.entries(CLOUD)
    return str(entries[-1].fields["cloud"]) if entries else ""


def kept_state(case: Case) -> Snapshot | None:
    """The newest state that the case has; None if nobody read one yet, or its file is gone."""
    for entry in reversed(case.journal.entries(TAKEN)):
        told = entry.fields["target"]
        target = Target(str(entry.fields["tenant_id"]), told["object_id"], told["user_principal_name"])
        found = read_again(case, target, entry)
        if found is not None:
            return found
    return None
