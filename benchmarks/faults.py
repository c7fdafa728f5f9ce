"""Two hundred plans of trouble over a busy mailbox, on every road: is any window called complete that lacks a record?

Sleeps only move the tenant's clock, and a slow answer takes milliseconds. A lie would be a line of the ledger that says
complete while the tenant has a record in it that the case has not. `tests/collect/test_faults.py` has twenty of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from benchmarks.tenant import ACCOUNT, busy_tenant
from benchmarks.troubles import all_held, goes_away, group_of, lacking, over, prepare, profile_of
from toolkit import collect
from toolkit.collect.ledger import COMPLETE
from toolkit.errors import TenantError


def measure(plans: int, events: int, first: int = 0) -> None:
    """Print, over so many plans, the states of the windows of each road, the trouble that happened, and every lie."""
    states: dict[str, Counter[str]] = {}
    trouble: Counter[str] = Counter()
    lies: list[str] = []
    refused: list[str] = []
    short = gone = 0
    began = time.perf_counter()
    with click.progressbar(range(first, first + plans), label="plans", file=sys.stderr) as seeds:
        for seed in seeds:
            group = group_of(seed)
            with (
                tempfile.TemporaryDirectory() as name,
                busy_tenant(Path(name) / "case", events // group.share) as (case, tenant, service),
            ):
                prepare(case, tenant, service, seed)
                try:
                    collect.collect(case, tenant, [ACCOUNT], wanted=profile_of(case, group))
                except TenantError as error:
                    refused.append(f"plan {seed}: nothing could be asked: {error}")
                trouble.update(str(line["fault"]) for line in service.requests() if line.get("fault"))
                over(service)
                gone += goes_away(seed)
                held = all_held(case)
                for line in collect.lines(case):
                    states.setdefault(group.name, Counter())[line.state] += 1
                    missing = lacking(case, tenant, service, line, group, held)
                    short += bool(missing)
                    if missing and line.state == COMPLETE:
                        lies.append(
                            f"plan {seed}: {line.source}, {line.road}, {line.start} lacks {len(missing)} records"
                        )
    seconds = time.perf_counter() - began
    print(f"{plans} plans over {events:,} events in 90 days, in {gone} the service went away; {seconds:.0f} s")
    for name, counted in states.items():
        print(f"{name}: {', '.join(f'{number:,} {state}' for state, number in counted.most_common())}")
    print(f"windows that lack a record: {short:,}; of these called complete: {len(lies)} (aim: 0)")
    print(f"trouble: {', '.join(f'{number:,} × {what}' for what, number in trouble.most_common())}")
    print(f"runs that could not begin: {len(refused)}")
    print("what no plan can show: a service that lies twice in the same way looks complete")
    for text in lies + refused:
        print(text)
