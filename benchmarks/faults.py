"""Collecting under seeded plans of trouble: how many windows are called complete, and how many of these lie.

A window lies if it is called complete and the tenant has a record in it that the case has not.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from benchmarks.tenant import ACCOUNT, audit_ids, busy_tenant
from toolkit import collect, practice
from toolkit.collect.ledger import COMPLETE
from toolkit.collect.profile import Profile
from toolkit.collect.roads.search_log import SearchLog

MONTH = Profile("a month", (7, 30), twice=True, roads=(SearchLog,))


def measure(plans: int, events: int, first: int = 0) -> None:
    """Print, over so many plans, the states of the windows, the trouble that happened, and every lie."""
    states: Counter[str] = Counter()
    trouble: Counter[str] = Counter()
    lies: list[str] = []
    short = 0
    began = time.perf_counter()
    for seed in range(first, first + plans):
        with (
            tempfile.TemporaryDirectory() as name,
            busy_tenant(Path(name) / "case", events) as (case, tenant, service),
        ):
            plan = practice.FaultPlan.collecting(seed, slowness=0.001)
            service.follow(plan)
            collect.collect(case, tenant, [ACCOUNT], wanted=MONTH)
            service.follow(None)
            held = audit_ids(case)
            for line in collect.lines(case):
                states[line.state] += 1
                start, end = (datetime.fromisoformat(text) for text in (line.start, line.end))
                missing = {one.lower() for one in service.truth(ACCOUNT, start, end)} - held
                short += bool(missing)
                if missing and line.state == COMPLETE:
                    lies.append(f"plan {seed}: {line.start} lacks {len(missing)} records")
            trouble.update(mishap.what for mishap in plan.happened)
    seconds = time.perf_counter() - began
    print(f"{plans} plans over {events:,} events in 90 days, 30 of them collected; {seconds:.0f} s")
    print(f"windows: {', '.join(f'{number:,} {state}' for state, number in states.most_common())}")
    print(f"windows that lack a record: {short:,}; of these called complete: {len(lies)} (aim: 0)")
    print(f"trouble: {', '.join(f'{number:,} × {what}' for what, number in trouble.most_common())}")
    for text in lies:
        print(text)
