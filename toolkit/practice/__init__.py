"""The practice tenant: a taken-over Microsoft 365 mailbox to practise on, served over HTTPS on this computer.

It knows nothing of the rest of the toolkit, so that it cannot share its misreadings.

The story (a pure function of seed and instant): `facts/`, `people`, `background`, `intrusion`, `attack…`, told in
records by `signin_records`, `audit_records`, `directory_records`; `last_hour` is what only the tenant's state tells.
The state it begins with: `directory…`, `protection`, `mailbox…`, `mail_flow`, `secure_score`; `scenario` puts it
together, `exports` writes the evidence files.
The service: `tenant` lets a request in, `login` signs in, `graph` says which of `graph_…` answers a path, `exchange`
and `cmdlets` which of `cmdlets_…` plays a cmdlet; `activity…` and `log_analytics`, `kql`, `log_tables` are services of
their own; `services` says how all of them are set up. `change_records` writes the tenant's own audit log, `store` keeps
state and request log, `memory` what a running tenant remembers, `clock` tells the time.
What is collected: `unified_log`, `busy_mailbox`, `audit_search`, `graph_audit_search`, `mail_traces`, `app_sign_ins`.
What goes wrong: `fault_orders`, `faults`, `fault_plans`, `collect_faults`, `fault_effects`; who comes back: `intruder`,
`intruder_acts`.
"""

from __future__ import annotations

import time
from pathlib import Path

from toolkit.practice import exports, store
from toolkit.practice.busy_mailbox import Events
from toolkit.practice.clock import Seconds
from toolkit.practice.fault_plans import FaultPlan, plan_of
from toolkit.practice.faults import Plan
from toolkit.practice.scenario import CONTOSO_BEC
from toolkit.practice.tenant import PracticeTenant

__all__ = ["Events", "FaultPlan", "PracticeTenant", "plan_of", "reset", "start", "write_exports"]


def start(
    folder: Path,
    *,
    scenario: str = CONTOSO_BEC,
    port: int = 0,
    seconds: Seconds = time.monotonic,
    attacker_returns: bool = False,
    events: int | Events = 0,
    faults: Plan | None = None,
) -> PracticeTenant:
    """Starts a practice tenant that keeps its state in `folder`, or goes on with the state that is there.

    `port` 0 takes a free one. `seconds` replaces the machine's monotonic clock, for tests. With `attacker_returns`
    the intruder acts while the account is contained; once let in he stays, over restarts too. With `events` the
    victim's mailbox, or the one that `Events` names, has so many audit events more; they are kept in no file.
    `faults` is the plan of what goes wrong from the first request on.
    Raises `PracticeError`: unknown scenario, folder in use, or a state that cannot be read.
    """
    busy = Events(events) if isinstance(events, int) and events else events or None
    tenant = PracticeTenant(Path(folder), scenario_name=scenario, port=port, seconds=seconds, events=busy)
    tenant.follow(faults)
    if attacker_returns and not tenant.intruder_is_back():
        tenant.let_intruder_return()
    return tenant


def write_exports(folder: Path, *, scenario: str = CONTOSO_BEC) -> list[Path]:
    """Writes the scenario's evidence files into `folder` and returns their paths. Raises `PracticeError`."""
    return exports.write_exports(Path(folder), scenario_name=scenario)


def reset(folder: Path) -> None:
    """Puts a stopped practice tenant back to the scenario's beginning. Raises `PracticeError` while it runs."""
    store.forget(Path(folder))
