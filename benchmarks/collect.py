"""Collecting with several requests at once against one after another, and our session against bare requests.

Every answer is held back on its way, as a real network does; the pace that the services ask for is left out, since the
question is what concurrency brings. How many calls a service takes at once stays. It is measured with Graph's roads to
a month of one account, its audit search and message trace among them, and with `Search-UnifiedAuditLog` in place of
the search: of that one is asked at a time, which bounds the second ratio. One after another means that no two requests
are under way together; pages are loaded meanwhile in both. With many events the played tenant, which shares the
machine, is what is waited for. The second figure is without any delay: what our own code costs on each page.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import requests

from benchmarks.tenant import ACCOUNT, tenant_elsewhere
from toolkit import collect
from toolkit.collect.profile import Profile
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.graph_lists import DirectoryChanges, InteractiveSignIns, MessageTrace, NonInteractiveSignIns
from toolkit.collect.roads.search_log import SearchLog
from toolkit.tenant import Tenant
from toolkit.tenant.graph import graph_call
from toolkit.tenant.pace import LIMITS, Pace

LISTS = (InteractiveSignIns, NonInteractiveSignIns, DirectoryChanges, MessageTrace)
GRAPH = Profile("by Microsoft Graph", (7, 30), twice=True, roads=(AuditSearch, *LISTS))
CMDLET = Profile("with Search-UnifiedAuditLog", (7, 30), twice=True, roads=(SearchLog, *LISTS))
UNPACED = tuple(replace(limit, calls=1_000_000, seconds=1.0) for limit in LIMITS)


def measure(delay: float, rounds: int, pages: int, events: int) -> None:
    """Print the two ratios. `delay` is in seconds and is added to every answer; `events` are those of 90 days."""
    print(f"a month of one account, {events:,} events in 90 days, {1000 * delay:.0f} ms a page; median of {rounds}")
    for wanted in (GRAPH, CMDLET):
        one, several = (_collecting(wanted, delay, rounds, workers, events) for workers in (1, collect.WORKERS))
        print(f"{wanted.name}: one request after another {one:.1f} s, several at once {several:.1f} s")
        print(f"several at once are {one / several:.1f} times as fast (aim: 4)")
    ours, bare = _pages(pages)
    print(f"our session {1000 * ours:.1f} ms a page, bare requests {1000 * bare:.1f} ms: {ours / bare:.2f} times")


def _collecting(wanted: Profile, delay: float, rounds: int, workers: int, events: int) -> float:
    taken = []
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory() as name,
            tenant_elsewhere(Path(name) / "case", events) as (case, tenant),
        ):
            _hold_back(tenant, delay)
            began = time.perf_counter()
            collect.collect(case, tenant, [ACCOUNT], wanted=wanted, workers=workers, pace=Pace(UNPACED))
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _hold_back(tenant: Tenant, delay: float) -> None:
    """Hold every answer back, as a network far away does."""
    send = tenant.session.http.send

    def late(request: requests.PreparedRequest, **how: object) -> requests.Response:
        time.sleep(delay)
        return send(request, **how)  # type: ignore[arg-type]

    tenant.session.http.send = late  # type: ignore[method-assign]


def _pages(number: int) -> tuple[float, float]:
    """Seconds a page by our session, and by bare requests with the same token on the same connection."""
    with tempfile.TemporaryDirectory() as name, tenant_elsewhere(Path(name) / "case", 0) as (_case, tenant):
        call = graph_call(tenant.cloud, "GET", "/users", query={"$top": "10"})
        answer = tenant.session.read(call)
        began = time.perf_counter()
        for _ in range(number):
            tenant.session.read(call)
        ours = (time.perf_counter() - began) / number
        bare = requests.Session()
        bare.verify, bare.trust_env = tenant.cloud.ca_file, False
        token = tenant.session._tokens.token("graph")
        bare.headers["Authorization"] = f"Bearer {token}"
        assert bare.get(call.url, timeout=60).content[:20] == answer.content[:20]
        began = time.perf_counter()
        for _ in range(number):
            bare.get(call.url, timeout=60).json()
        return ours, (time.perf_counter() - began) / number
