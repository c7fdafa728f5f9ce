"""A collection in a process of its own, to be killed: it stops for nothing and tidies nothing up."""

from __future__ import annotations

import os
import signal
import threading
import time

from toolkit import collect
from toolkit.case import Case, open_case
from toolkit.collect.gather import gather
from toolkit.collect.profile import Profile
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, NonInteractiveSignIns
from toolkit.collect.roads.message_trace import EitherTrace
from toolkit.collect.roads.risk import AccountRisk, RiskDetections
from toolkit.collect.roads.scores import SecureScore
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.roads.trace_details import TraceDetails
from toolkit.tenant import Tenant, connect

ROADS = (
    SearchLog, InteractiveSignIns, NonInteractiveSignIns, DirectoryChanges, EitherTrace, TraceDetails, RiskDetections,
    AccountRisk, SecureScore,
)  # fmt: skip
STATES_ALONE = Profile("states", (1,), twice=False, roads=())
WEEK = Profile("a week", (7,), twice=True, roads=ROADS)


def run(folder: str, user: str, seconds: float, states: bool = False) -> None:
    """Collect into the case, or with `states` read how things stand, and be killed after so many seconds."""

    def kill() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    case = open_case(folder)
    tenant = connect(case, sleep=lambda _: None)
    threading.Thread(target=kill, daemon=True).start()
    work(case, tenant, user, states=states)


def work(case: Case, tenant: Tenant, user: str, *, states: bool) -> None:
    """What is to be killed, or goes on undisturbed."""
    if states:
        gather(case, tenant, [user], wanted=STATES_ALONE)
    else:
        collect.collect(case, tenant, [user], wanted=WEEK, refresh=False)
