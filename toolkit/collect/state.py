"""The state of the accounts and of the organisation as part of a collection: each reading a line of the ledger.

A state is of one moment and not of a window: its line stands for the day on which it was read. What files can bring
too, such as inbox rules and mailboxes, goes down the same road: its rows are loaded as evidence before the line counts.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.case.coverage import STATE_OF_ACCOUNT, STATE_OF_ORGANISATION
from toolkit.case.journal import iso
from toolkit.collect.consented import FURTHER_TAKEN
from toolkit.collect.ledger import (
    FAILED,
    NOT_AVAILABLE,
    PARTIAL,
    UNASKED,
    UNCONFIRMED,
    Line,
    set_aside,
    without,
    write,
)
from toolkit.collect.names import file_name, person
from toolkit.collect.roads.road import NOT_OFFERED, Halted
from toolkit.collect.shares import Readings, Report, in_turn
from toolkit.collect.state_readings import FURTHER_OF_ORGANISATION, OF_THE_ACCOUNT, OF_THE_ORGANISATION, readings_for
from toolkit.contain import resolve
from toolkit.contain.readings import HIDDEN, NAMES, Reading
from toolkit.contain.snapshot import Snapshot, look
from toolkit.contain.snapshot import keep as keep_snapshot
from toolkit.harden.state import read_state
from toolkit.tenant import Tenant

ACCOUNT = STATE_OF_ACCOUNT
ORGANISATION = STATE_OF_ORGANISATION
STATES = (ACCOUNT, ORGANISATION)
REFUSED = re.compile(rf"answered ({'|'.join(map(str, NOT_OFFERED))})\b|AadPremiumLicenseRequired")
FURTHER_FOLDER = "collected"
SECONDS = 300.0
OF_ACCOUNT = len(OF_THE_ACCOUNT)
OF_ORGANISATION = (len(OF_THE_ORGANISATION) - len(FURTHER_OF_ORGANISATION), len(FURTHER_OF_ORGANISATION))
"""How many lists there are to read, which is how large each part of a state is."""
# The lists whose records the formats room reads; what else a snapshot has stays in the snapshot alone. Risk of accounts
# and Secure Score have roads of their own.
EVIDENCE_OF_ACCOUNT = frozenset({"inbox rules", "mailbox"})
EVIDENCE_OF_ORGANISATION = frozenset({
    "licences", "organisation settings", "unified auditing", "mailboxes", "audit bypass", "accounts", "registration",
    "conditional access", "security defaults", "roles", "outbound spam policy", "remote domains", "mail flow settings",
    "external mark", "restricted senders",
})  # fmt: skip

# Of a list: what a row may lack, and is known by as an export's row of that cmdlet.
UNANSWERED: dict[str, dict[str, Any]] = {"audit bypass": {"AuditBypassEnabled": None}}


def collect_state(
    case: Case,
    tenant: Tenant,
    users: Sequence[str],
    told: Callable[[Line], None] = lambda line: None,
    report: Report = lambda what, share: None,
    halted: Halted = lambda: False,
    *,
    of: Collection[str] = STATES,
    seconds: float = SECONDS,
) -> list[Line]:
    """Read how each account and the organisation stand now, keep that in the case, and write a line for each reading.

    What was read of rules, mailboxes, settings and registered methods is loaded as evidence, as an export would be.

    `users` are user principal names or object ids; `of` says whether `ACCOUNT`, `ORGANISATION` or both, `seconds` how
    long each may take; `report` is told what is read, and the share of all that is behind it (0 to 1). A line's window
    is the day (UTC) of the reading, its road the name of the list that was read. What the service refuses is "not
    available", a list of which only a part came "partial", what failed otherwise "failed", each with the service's
    reason; nothing is "complete", because a state is read once. Between two snapshots `halted` is asked whether to
    stop. Nothing in the tenant is changed.

    Raises:
        GuardRefused: there is no such account, or nobody confirmed that the case is of this tenant.
        TenantError: the tenant cannot be asked at all.
    """
    written: list[Line] = []
    day = _today(case, tenant)

    def keep(snapshot: Snapshot, source: str, account: str, known: dict[str, Reading]) -> None:
        wanted = EVIDENCE_OF_ACCOUNT if source == ACCOUNT else EVIDENCE_OF_ORGANISATION
        loaded = _loaded(case, snapshot, wanted, account, day)
        for line in _lines(snapshot, source, account, known, day, loaded):
            write(case, line)
            written.append(line)
            told(line)

    sizes = [*([OF_ACCOUNT] * len(users) if ACCOUNT in of else []), *(OF_ORGANISATION if ORGANISATION in of else [])]
    turns = in_turn(report, sizes)
    for user in users if ACCOUNT in of else ():
        if halted():
            return written
        target, turn = resolve(tenant, user), Readings(next(turns))
        turn.progress(f"Reading the state of {target.user_principal_name}")
        snapshot = look(
            case, tenant, target, seconds=seconds, progress=turn.progress, share=turn.share,
            known=readings_for(tenant, target),
        )  # fmt: skip
        keep_snapshot(case, tenant, snapshot)
        if not halted():
            keep(snapshot, ACCOUNT, target.user_principal_name, OF_THE_ACCOUNT)
    if ORGANISATION in of and not halted():
        turn = Readings(next(turns))
        turn.progress("Reading the state of the organisation")
        state = read_state(case, tenant, progress=turn.progress, share=turn.share)
        turn = Readings(next(turns))
        further = look(
            case, tenant, state.target, seconds=seconds, progress=turn.progress, share=turn.share,
            known=FURTHER_OF_ORGANISATION,
        )  # fmt: skip
        keep_snapshot(case, tenant, further, kind=FURTHER_TAKEN, folder=FURTHER_FOLDER)
        if not halted():
            keep(state, ORGANISATION, "", OF_THE_ORGANISATION)
            keep(further, ORGANISATION, "", OF_THE_ORGANISATION)
    return written


def states_to_read(case: Case, tenant: Tenant, accounts: Sequence[str], of: Collection[str] = STATES) -> list[Line]:
    """What `collect_state` is going to read, for `ledger.plan`: a line for each account, and one for the organisation.

    They name no road, for which lists there are is known only when they were read.
    """
    day = _today(case, tenant)
    about = [*((ACCOUNT, account) for account in accounts), (ORGANISATION, "")]
    end = day + timedelta(days=1)
    return [Line(*whose, iso(day), iso(end), "", iso(day), UNASKED) for whose in about if whose[0] in of]


def _today(case: Case, tenant: Tenant) -> datetime:
    """Midnight of the day that it is by the services' own clock, as for the windows."""
    now = min([case.clock(), *filter(None, [tenant.graph.get("/organization").date])])
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


Loaded = dict[str, tuple[list[str], list[str]]]
"""Of each reading that was loaded as evidence: why records were set aside, one each, and its files (SHA-256)."""


def _loaded(case: Case, snapshot: Snapshot, wanted: Collection[str], account: str, day: datetime) -> Loaded:
    """Load what was read as an export of the same cmdlet or page would be: a file for each list that has rows."""
    found: Loaded = {}
    scratch = Path(case.folder) / ".scratch"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="state-", dir=scratch) as folder:
        for name in (name for name in (*snapshot.found, *snapshot.parts) if name in wanted and snapshot.rows(name)):
            path = Path(folder) / file_name(f"state-{name}", person(account), day, day)
            rows = [_exported(name, row) for row in snapshot.rows(name)]
            path.write_bytes(json.dumps(rows, indent=1, ensure_ascii=False).encode("utf-8", "replace"))
            accounts = case.load(path, report=lambda what, share: None).files
            files = sorted({a.sha256 for a in accounts})
            lost = list(set_aside(case, files).reason) if any(a.rejected for a in accounts) else []
            found[name] = lost, files
    return found


def _exported(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row without our own words beside it; whether the owner's list hides a rule is said as exports say it.

    A mailbox of the system may have no answer to who is left out of auditing: that is said too, as no value.
    """
    told = {key: value for key, value in row.items() if key not in (HIDDEN, NAMES)}
    told = {**UNANSWERED.get(name, {}), **told}
    return told | ({"Hidden": row[HIDDEN]} if HIDDEN in row else {})


def _lines(
    snapshot: Snapshot, source: str, account: str, known: dict[str, Reading], day: datetime, loaded: Loaded
) -> list[Line]:
    start, end = iso(day), iso(day + timedelta(days=1))
    lines = []
    for name in (*snapshot.found, *snapshot.problems):
        reason, count = snapshot.problems.get(name, ""), len(snapshot.rows(name))
        refused = NOT_AVAILABLE if REFUSED.search(reason) else FAILED
        state = UNCONFIRMED if not reason else PARTIAL if count else refused
        title = known[name].title if name in known else name
        lost, files = loaded.get(name, ([], []))
        line = Line(
            source, account, start, end, title, snapshot.taken, state, reason, received=count, records=count,
            files=files,
        )  # fmt: skip
        lines.append(without(line, lost))
    return lines
