"""The state of the accounts and of the organisation as part of a collection: each reading a line of the ledger.

A state is of one moment and not of a window: its line stands for the day on which it was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from toolkit.case import Case
from toolkit.case.journal import iso
from toolkit.collect.ledger import FAILED, NOT_AVAILABLE, UNCONFIRMED, Line, write
from toolkit.collect.roads.road import NOT_OFFERED, Halted
from toolkit.contain import readings as of_account
from toolkit.contain import resolve
from toolkit.contain.readings import Reading
from toolkit.contain.snapshot import Snapshot, take
from toolkit.harden import readings as of_organisation
from toolkit.harden.state import read_state
from toolkit.tenant import Tenant

ACCOUNT = "state of the account"
ORGANISATION = "state of the organisation"
REFUSED = re.compile(rf"answered ({'|'.join(map(str, NOT_OFFERED))})\b")
SECONDS = 300.0


def collect_state(
    case: Case,
    tenant: Tenant,
    users: Sequence[str],
    told: Callable[[Line], None] = lambda line: None,
    progress: Callable[[str], None] = lambda text: None,
    halted: Halted = lambda: False,
) -> list[Line]:
    """Read how each account and the organisation stand now, keep that in the case, and write a line for each reading.

    `users` are user principal names or object ids. A line's window is the day (UTC) of the reading, its road the name
    of the list that was read. What the service refuses is "not available", what failed otherwise "failed", each with
    the service's reason; nothing is "complete", because a state is read once. Between two snapshots `halted` is asked
    whether to stop. Nothing in the tenant is changed.

    Raises:
        GuardRefused: there is no such account, or nobody confirmed that the case is of this tenant.
        TenantError: the tenant cannot be asked at all.
    """
    written: list[Line] = []
    # As for the windows: by the services' own clock.
    now = min([case.clock(), *filter(None, [tenant.graph.get("/organization").date])])
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)

    def keep(snapshot: Snapshot, source: str, account: str, known: dict[str, Reading]) -> None:
        for line in _lines(snapshot, source, account, known, day):
            write(case, line)
            written.append(line)
            told(line)

    for user in users:
        if halted():
            return written
        target = resolve(tenant, user)
        progress(f"Reading the state of {target.user_principal_name}")
        snapshot = take(case, tenant, target, seconds=SECONDS, progress=progress)
        if not halted():
            keep(snapshot, ACCOUNT, target.user_principal_name, dict(of_account.READINGS))
    if not halted():
        progress("Reading the state of the organisation")
        state = read_state(case, tenant, progress=progress)
        if not halted():
            keep(state, ORGANISATION, "", dict(of_organisation.READINGS))
    return written


def _lines(snapshot: Snapshot, source: str, account: str, known: dict[str, Reading], day: datetime) -> list[Line]:
    start, end = iso(day), iso(day + timedelta(days=1))
    lines = []
    for name in (*snapshot.found, *snapshot.problems):
        reason, count = snapshot.problems.get(name, ""), len(snapshot.rows(name))
        state = UNCONFIRMED if not reason else NOT_AVAILABLE if REFUSED.search(reason) else FAILED
        title = known[name].title if name in known else name
        lines.append(
            Line(source, account, start, end, title, snapshot.taken, state, reason, received=count, records=count)
        )
    return lines
