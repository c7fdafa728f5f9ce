"""What a running practice tenant remembers beside its state file, and forgets when it stops."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toolkit.practice.http import Answer
from toolkit.practice.names import Record
from toolkit.practice.rate_limits import Counted
from toolkit.practice.unified_log import Delay, Entry, UnifiedLog

MOST_SESSIONS = 200


@dataclass
class AuditSession:
    """One session of Search-UnifiedAuditLog: what it found, and how far it was read."""

    asked: Record
    found: list[Entry]
    total: int
    """As ResultCount tells it."""
    position: int = 0
    commands: set[str] = field(default_factory=set)
    broken: bool = False
    last_page: tuple[int, int] | None = None


@dataclass(frozen=True)
class Rest:
    """What is behind a link of Exchange: the rows, and what a request must be like to get them."""

    rows: list[Record]
    body: bytes
    anchor: str
    until: datetime


@dataclass
class Memory:
    """The log, the sessions that are open, the results that searches have found."""

    log: UnifiedLog = field(default_factory=UnifiedLog)
    sessions: OrderedDict[str, AuditSession] = field(default_factory=OrderedDict)
    results: dict[str, list[Entry]] = field(default_factory=dict)
    """By the id of the Graph search."""
    blobs: dict[str, Any] = field(default_factory=dict)
    """Those that were listed, by id; see `activity_blobs`."""
    pages: OrderedDict[str, Answer] = field(default_factory=OrderedDict)
    """The last page of each list, while a fault plan is followed."""
    exchange_pages: OrderedDict[str, Rest] = field(default_factory=OrderedDict)
    """What is behind the links of Exchange, by their tokens; see `exchange_pages`."""
    counted: Counted = field(default_factory=Counted)
    """Requests, for the published limits."""
    delay: Delay = lambda record_id: 0.0
    """How late records are at present."""
    withheld: set[str] = field(default_factory=set)
    """Ids of the records that a silent lie has left out once: none is left out a second time, so that whoever asks
    twice notices."""

    def open(self, session_id: str, session: AuditSession) -> AuditSession:
        """Keeps a session; the oldest is forgotten when there are too many."""
        self.sessions[session_id] = session
        while len(self.sessions) > MOST_SESSIONS:
            self.sessions.popitem(last=False)
        return session

    def may_withhold(self, ids: list[str]) -> bool:
        """Whether these may be left out of an answer; if so they count as left out."""
        if not ids or self.withheld.intersection(ids):
            return False
        self.withheld.update(ids)
        return True
