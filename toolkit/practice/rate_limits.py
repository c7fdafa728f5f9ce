"""The published limits of the services, counted by the tenant's clock; only where a tenant is arranged so.

Source: "Microsoft Graph service-specific throttling limits", `Get-MessageTraceV2`, "Azure Monitor service limits",
"Office 365 Management Activity API reference".
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.practice.http import Refused
from toolkit.practice.names import Record


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds, and whether the service says how long to wait."""

    name: str
    what: re.Pattern[str]
    requests: int
    seconds: int
    says: bool = True


LIMITS = (
    Limit("reporting", re.compile(r"/auditLogs/|/reports/"), 5, 10),
    Limit("identity protection", re.compile(r"/identityProtection/|/conditionalAccess/"), 1, 1, says=False),
    Limit("message trace", re.compile(r"/messageTraces|Get-MessageTrace"), 100, 300),
    Limit("Log Analytics", re.compile(r"/workspaces/[^/]+/query"), 200, 30),
    Limit("activity feed", re.compile(r"/activity/feed/"), 2000, 60),
)


@dataclass
class Counted:
    """When requests came, for each limit."""

    times: dict[str, deque[float]] = field(default_factory=dict)

    def check(self, line: Record, now: datetime) -> None:
        """Counts a request. Raises `Refused` (429) beyond a limit; what was refused does not count."""
        text, present = f"{line['path']} {line['cmdlet'] or ''}", now.timestamp()
        for limit in LIMITS:
            if not limit.what.search(text):
                continue
            times = self.times.setdefault(limit.name, deque())
            while times and times[0] <= present - limit.seconds:
                times.popleft()
            if len(times) >= limit.requests:
                wait = max(1, round(times[0] + limit.seconds - present))
                headers = {"Retry-After": str(wait)} if limit.says else {}
                code = "AF429" if limit.name == "activity feed" else "TooManyRequests"
                raise Refused(429, code, "Too many requests. Please retry again later.", headers=headers)
            times.append(present)
