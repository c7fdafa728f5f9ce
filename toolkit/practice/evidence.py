"""What a test may ask a practice tenant about its evidence: what is really in the log, and how the services stand."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

from toolkit.practice.clock import Clock
from toolkit.practice.memory import Memory
from toolkit.practice.services import DEFAULTS
from toolkit.practice.store import Store
from toolkit.practice.unified_log import Search


class Evidence:
    """The part of a practice tenant that knows what there is to be collected."""

    clock: Clock
    _lock: threading.RLock
    _memory: Memory
    _store: Store

    def truth(
        self,
        account: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        arrived: bool = False,
    ) -> set[str]:
        """The ids of the audit records from `start` to before `end`, of one account or of all.

        Late ones are among them, or with `arrived` only those that can be found at present.
        """
        wanted = Search(
            start or datetime(2000, 1, 1, tzinfo=UTC),
            end or datetime(2100, 1, 1, tzinfo=UTC),
            users=frozenset({account.lower()} if account else ()),
        )
        with self._lock:
            now = self.clock.now()
            seen = now if arrived else datetime(2100, 1, 1, tzinfo=UTC)
            delay = self._memory.delay if arrived else lambda record_id: 0.0
            return {entry.id for entry in self._memory.log.search(wanted, self._store.state, seen, delay)}

    def arrange(self, **setup: object) -> None:
        """Sets up services: names and meanings are in `services.DEFAULTS`. Raises `ValueError` for another name."""
        unknown = sorted(set(setup) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"there is nothing called {unknown[0]!r} to arrange; there are {', '.join(DEFAULTS)}")
        with self._lock:
            self._store.state["services"] = self._store.state.get("services", {}) | json.loads(json.dumps(setup))
            self._store.save(self.clock.now())
