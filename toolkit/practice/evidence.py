"""What a test may ask a practice tenant about its evidence: what is really in the log, and how the services stand."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

from toolkit.practice.app_sign_ins import app_sign_ins
from toolkit.practice.audit_records import DIRECTORY
from toolkit.practice.clock import Clock
from toolkit.practice.graph_directory_audits import audit_id
from toolkit.practice.mail_traces import traces
from toolkit.practice.memory import Memory
from toolkit.practice.scenario import scenario
from toolkit.practice.services import DEFAULTS
from toolkit.practice.store import Store
from toolkit.practice.unified_log import Search

APPLICATION = "servicePrincipal"


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

    def truth_naming(self, account: str, start: datetime, end: datetime) -> set[str]:
        """The ids of everybody's audit records from `start` to before `end` that name an account, late ones with them.

        Named is its user principal name or its object id, anywhere in a record.
        """
        later = datetime(2100, 1, 1, tzinfo=UTC)
        with self._lock:
            names = (account, self._object_id(account))
            wanted = [Search(start, end, words=name) for name in names]
            found = [entry for one in wanted for entry in self._memory.log.search(one, self._store.state, later)]
            return {entry.id for entry in found}

    def truth_of_sign_ins(self, kind: str, account: str, start: datetime, end: datetime) -> set[str]:
        """The ids of an account's sign-ins of one kind (`interactiveUser` …) from `start` to before `end`.

        Of kind `servicePrincipal` they are those of the applications that the account consented to. Late ones are
        among them.
        """
        with self._lock:
            state = self._store.state
            person = self._object_id(account)
            granted = {grant["clientId"] for grant in state["grants"] if grant.get("principalId") == person}
            return {
                str(record["id"])
                for record in (*state["sign_ins"], *scenario(state["scenario"]).sign_ins, *app_sign_ins())
                if kind in record["signInEventTypes"]
                and start <= datetime.fromisoformat(record["createdDateTime"]) < end
                and (record["servicePrincipalId"] in granted if kind == APPLICATION else record["userId"] == person)
            }

    def truth_of_changes(self, account: str, start: datetime, end: datetime) -> set[str]:
        """The ids, as Entra's own log has them, of changes by an account or to it from `start` to before `end`."""
        wanted = Search(start, end, record_types=frozenset({DIRECTORY}))
        with self._lock:
            person = self._object_id(account)
            found = self._memory.log.search(wanted, self._store.state, datetime(2100, 1, 1, tzinfo=UTC))
            records = [entry.document() for entry in found]
            return {
                audit_id(record)
                for record in records
                if any(part["ID"] == person for part in (*record["Actor"], *record["Target"]))
            }

    def truth_of_mail(self, account: str, start: datetime, end: datetime) -> set[str]:
        """Each mail to or from any address of an account from `start` to before `end`, as `<trace id>|<recipient>`."""
        with self._lock:
            user = self._store.state["users"][self._object_id(account)]
            proxies = [one for one in user["proxyAddresses"] if one.lower().startswith("smtp:")]
            own = {account.lower(), *(one.partition(":")[2].lower() for one in proxies)}
            return {
                f"{one.id}|{one.recipient}"
                for one in traces()
                if start <= datetime.fromisoformat(one.received) < end and own & {one.sender, one.recipient}
            }

    def _object_id(self, account: str) -> str:
        users = self._store.state["users"].values()
        return next(str(user["id"]) for user in users if user["userPrincipalName"].lower() == account.lower())

    def arrange(self, **setup: object) -> None:
        """Sets up services: names and meanings are in `services.DEFAULTS`. Raises `ValueError` for another name."""
        unknown = sorted(set(setup) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"there is nothing called {unknown[0]!r} to arrange; there are {', '.join(DEFAULTS)}")
        with self._lock:
            self._store.state["services"] = self._store.state.get("services", {}) | json.loads(json.dumps(setup))
            self._store.save(self.clock.now())
