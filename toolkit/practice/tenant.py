"""A running practice tenant: it lets requests in, hands them to a service, keeps state and log."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from toolkit.practice import activity, exchange, fault_effects, graph, intruder, log_analytics
from toolkit.practice.busy_mailbox import Events
from toolkit.practice.clock import Clock, Seconds
from toolkit.practice.cmdlets_mailbox import forwarding
from toolkit.practice.evidence import Evidence
from toolkit.practice.fault_orders import FaultOrders
from toolkit.practice.faults import Fault, Faults
from toolkit.practice.graph_passwords import finish_operations
from toolkit.practice.http import Answer, Refused, Request, exchange_error, graph_error
from toolkit.practice.login import Login
from toolkit.practice.memory import Memory
from toolkit.practice.names import Record
from toolkit.practice.people import DOMAIN, TENANT_ID
from toolkit.practice.registration_report import keep_up
from toolkit.practice.request_lines import addressed, log_line
from toolkit.practice.scenario import CLIENT_ID, CONTOSO_BEC, scenario
from toolkit.practice.server import Dropped, Server
from toolkit.practice.services import services
from toolkit.practice.signin_records import stamp
from toolkit.practice.store import FolderLock, Store, write_whole
from toolkit.practice.tenant_state import Situation
from toolkit.practice.tokens import EXCHANGE, GRAPH, LOGS, MANAGE, Tokens, scopes_of
from toolkit.practice.traces import open_traces
from toolkit.practice.unified_log import UnifiedLog

ENDPOINT = "endpoint.json"
CA = "ca.pem"
_SERVICES: dict[str, Any] = {GRAPH: graph, EXCHANGE: exchange, MANAGE: activity, LOGS: log_analytics}
_ERRORS = {EXCHANGE: exchange_error, MANAGE: activity.error, LOGS: log_analytics.error}


class PracticeTenant(FaultOrders, Evidence):
    """A Microsoft 365 tenant to practise on, at `url`, with its state in `folder`.

    Also a context manager. `stop()` may be called twice. Times are the tenant's own: see `clock`. How a sign-in goes
    is told to `login`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scenario_name: str = CONTOSO_BEC,
        port: int = 0,
        seconds: Seconds = time.monotonic,
        events: Events | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.ca_file = self.folder / CA
        self.endpoint_file = self.folder / ENDPOINT
        self._scenario = scenario(scenario_name)
        self._folder_lock = FolderLock(self.folder)
        try:
            self.endpoint_file.unlink(missing_ok=True)  # of one that was killed
            self._store = Store(self.folder, scenario_name)
            self.clock = Clock(self._store.latest_time(), seconds)
            self._lock = threading.RLock()
            self._stopping = threading.Event()
            self._faults = Faults()
            self._memory = Memory(UnifiedLog(self._scenario, events), delay=self._faults.delay)
            self._server = Server(self._answer, self.ca_file, port)
            self.url = self._server.url
            self._tokens = Tokens(self.url)
            self.login = Login(self.url, self.clock, self._tokens)
            self._store.save(self.clock.now())
            self._server.start()
            write_whole(self.endpoint_file, json.dumps(self._endpoint(scenario_name), indent=1))
        except BaseException:
            self._folder_lock.release()
            raise
        self._running = True

    def __enter__(self) -> PracticeTenant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def requests(self) -> list[Record]:
        """The request log, oldest first: time, method, path, cmdlet, kind, fields, status, client_request_id.

        `kind` is read, write, sign-in, or intruder for what the returning intruder did; `fields` names the
        parameters or properties that were sent, `target` the mailbox or object that a cmdlet was aimed at.
        A write says in `changed` whether it took effect, and in `body` what was sent, but for secrets. `notes` is
        what else is remarkable. `status` is 0 where the connection was dropped.
        """
        with self._lock:
            return self._store.requests()

    def writes(self) -> list[Record]:
        """The changing requests of the log that reached the tenant, in order, those that were refused among them."""
        return [line for line in self.requests() if line["kind"] == "write"]

    def state(self) -> Record:
        """A copy of the tenant's present state, its own audit records of changes among it (`audit`)."""
        with self._lock:
            copied: Record = json.loads(json.dumps(self._store.state))
            return copied

    def stop(self) -> None:
        """Stops serving and gives the folder free; the state stays."""
        if not self._running:
            return
        self._running = False
        self._stopping.set()
        self.endpoint_file.unlink(missing_ok=True)
        self._server.stop()
        with self._lock:
            self._store.save(self.clock.now())
        self._folder_lock.release()

    def traces(self) -> list[str]:
        """What the intruder left that is still there, by the names of `traces.TRACES`."""
        with self._lock:
            self._catch_up(self.clock.now())
            return open_traces(self._store.state)

    def forwards_to(self, user_principal_name: str) -> str | None:
        """Where mail to a mailbox is forwarded at present by its settings; inbox rules are another matter."""
        with self._lock:
            boxes = self._store.state["mailboxes"].values()
            return forwarding(next(box for box in boxes if box["UserPrincipalName"] == user_principal_name))

    def let_intruder_return(self, *, seed: int | str = 1, continuous_access: bool = True) -> None:
        """From now on the intruder acts between requests, as the tenant's clock moves; see `intruder`.

        Without `continuous_access` his access token works until it expires, whatever is done to the account.
        """
        with self._lock:
            now = self.clock.now()
            intruder.comes_back(self._store.state, now, seed=seed, continuous_access=continuous_access)
            self._store.save(now)

    def intruder_is_back(self) -> bool:
        """Whether the intruder was let in on this folder."""
        with self._lock:
            return "intruder" in self._store.state

    def intruder_acts(self) -> list[Record]:
        """What the returning intruder did so far: time, door, act, and Entra's error where he was refused."""
        with self._lock:
            self._catch_up(self.clock.now())
            acts: list[Record] = json.loads(json.dumps(self._store.state.get("intruder", {}).get("acts", [])))
            return acts

    def synchronise(self) -> None:
        """A cycle of directory synchronisation: what on-premises says of its users overwrites the cloud."""
        with self._lock:
            for user in self._store.state["users"].values():
                if user["onPremisesSyncEnabled"]:
                    user |= {"accountEnabled": True, "onPremisesLastSyncDateTime": stamp(self.clock.now())}
            self._store.save(self.clock.now())

    def break_writeback(self, broken: bool = True) -> None:
        """Passwords of synchronised users can no longer be written back: such operations fail from now on."""
        with self._lock:
            self._store.state["writeback"]["reachable"] = not broken

    def withhold(self, *names: str) -> None:
        """The caller lacks these permissions and cmdlets: new tokens are without them, and the answer is 403."""
        self._tokens.withhold(*names)

    def consent(self, *names: str) -> None:
        """These permissions of Microsoft Graph were consented to besides: new tokens carry them."""
        self._tokens.consent(*names)

    def change_behind(self, change: Callable[[Record], object]) -> None:
        """Lets `change` edit the state in place: what somebody else did, unseen by the log."""
        with self._lock:
            change(self._store.state)
            self._store.save(self.clock.now())

    def give_roles(self, *ids: str) -> None:
        """The person who signs in holds these directory roles (ids) from now on, and no others."""
        self._tokens.give_roles(*ids)

    def expire_tokens(self) -> None:
        """All access tokens given out so far are expired; refresh tokens stay good."""
        self._tokens.expire_all()

    def _endpoint(self, scenario_name: str) -> Record:
        return {
            "url": self.url,
            "ca_file": str(self.ca_file),
            "tenant_id": TENANT_ID,
            "tenant_domain": DOMAIN,
            "client_id": CLIENT_ID,
            "scenario": scenario_name,
            "graph": f"{self.url}/graph",
            "exchange": f"{self.url}/exchange",
            "login": self.url,
            "manage": f"{self.url}/manage",
            "loganalytics": f"{self.url}/loganalytics",
            "workspace_id": log_analytics.WORKSPACE,
        }

    def _answer(self, request: Request) -> Answer:
        """Each request on its own: state, clock and log then always agree. Only waiting is done side by side."""
        with self._lock:
            answer, late = self._answered(request)
        if late:
            self._stopping.wait(late)
        if answer is None:
            raise Dropped
        return answer

    def _answered(self, request: Request) -> tuple[Answer | None, float]:
        """The answer, None for a connection to be dropped, and how long it is held back."""
        now = self.clock.now()
        request_id = str(uuid.uuid4())
        client_request_id = request.headers.get("client-request-id", request_id)
        asked, (service, request) = request, addressed(request)
        if service == "" and self.login.serves(request.path):
            service = "sign-in"
        line = log_line(service, request, client_request_id, now)
        address = _address(asked)
        page = {"page": fault_effects.is_page(request)}
        fault = self._faults.take(line | page, address) or Fault()
        self._faults.stick(address, fault, fault_effects.STICKS.get(fault.effect, 0))
        self._catch_up(now)
        before = self._store.state["changes"]
        answer: Answer | None = None
        if fault.effect == "expired":
            self._tokens.expire_all()
        try:
            refusal = fault_effects.refuses(fault, request)
            if refusal is not None:
                fault = dataclasses.replace(fault, refusal=refusal)
            if fault.carried_out or not fault.replaces:
                answer = self._carry_out(service, request, line, now, request_id, fault)
            if fault.answer is not None:
                answer = Answer(fault.answer.status, fault.answer.body, dict(fault.answer.headers))
            elif fault.refusal is not None:
                answer = self._refusal(service, fault.refusal, line, now, request_id)
        except Exception:
            # A request that broke the tenant must not be missing from its log.
            self._store.log(line | {"status": 500})
            raise
        if line["kind"] == "write":
            line["changed"] = self._store.state["changes"] != before
        if fault.dropped or answer is None:
            self._store.log(line | {"status": 0} | ({"fault": fault.name} if fault.name else {}))
            return None, fault.late
        told = now + timedelta(seconds=self._faults.skew)
        if self._faults.planned or fault.effect:
            own = f"{self.url}{asked.path}" + (f"?{asked.query_text}" if asked.query_text else "")
            unchanged = dataclasses.replace(answer, headers=dict(answer.headers))
            if fault_effects.touched(fault, answer, request, line, self._memory, own, told) and fault.name:
                line["fault"] = fault.name
            fault_effects.keep_page(unchanged, request, self._memory)
        answer.headers |= {
            "Date": format_datetime(told, usegmt=True),
            "request-id": request_id,
            "client-request-id": client_request_id,
            "Cache-Control": "no-store, no-cache",
        }
        self._store.log(line | {"status": answer.status})
        return answer, fault.late

    def _catch_up(self, now: datetime) -> None:
        """Does what was due before this request: ends operations, lets the intruder act."""
        keep_up(self._store.state, now)
        ended = finish_operations(self._store.state, now)
        acts = intruder.moves(Situation(self._scenario, self._store.state, now, self.url))
        for act in acts:
            line = {"time": act["time"].replace("Z", ".000000Z"), "method": "", "path": "", "cmdlet": None}
            self._store.log(
                line | {"kind": "intruder", "status": act["error"], "client_request_id": ""} | {"notes": [act["act"]]}
            )
        if ended or acts:
            self._store.save(now)

    def _carry_out(
        self, service: str, request: Request, line: Record, now: datetime, request_id: str, fault: Fault
    ) -> Answer:
        try:
            if service == "sign-in":
                return self.login.answer(request)
            if service not in _SERVICES:
                raise Refused(404, "ResourceNotFound", "There is nothing at this address.")
            claims = self._tokens.check(request.headers.get("authorization", ""), service, now)
            return self._serve(service, request, line, now, claims, fault)
        except Refused as error:
            return self._refusal(service, error, line, now, request_id)

    def _refusal(self, service: str, error: Refused, line: Record, now: datetime, request_id: str) -> Answer:
        if service in _ERRORS:
            return _ERRORS[service](error)
        return graph_error(error, request_id, line["client_request_id"], now.strftime("%Y-%m-%dT%H:%M:%S"))

    def _serve(
        self, service: str, request: Request, line: Record, now: datetime, claims: Record, fault: Fault
    ) -> Answer:
        speak: Callable[[Request, Situation], Answer] = _SERVICES[service].answer
        state, reading = self._store.state, line["kind"] == "read"
        situation = Situation(
            self._scenario,
            self._faults.seen_by_reader(state, now) if reading else state,
            now,
            f"{self.url}/{service}",
            scopes=scopes_of(claims),
            app_only=claims["idtyp"] == "app",
            roles=frozenset(claims["wids"]) if "wids" in claims else None,
            anchor=request.headers.get("x-anchormailbox", ""),
            withheld=frozenset(name.lower() for name in self._tokens.withheld),
            memory=self._memory,
            fault=fault,
        )
        if services(situation)["limits"]:
            self._memory.counted.check(line, now)
        if fault.warning and service == EXCHANGE:
            situation.warnings.append(fault.warning)
            if not reading and not fault.carried_out:
                return exchange.done([], situation)
        if reading:
            answer = speak(request, situation)
            if situation.notes:
                line["notes"] = situation.notes
            return exchange.first_half(answer) if fault.warning and service == EXCHANGE else answer
        before = state["changes"]
        self._faults.before_change(state, now, fault)
        try:
            return speak(request, situation)
        finally:
            line["notes"] = situation.notes
            if state["changes"] != before:
                self._store.save(now)


def _address(request: Request) -> str:
    """Where exactly a request went, and what with: the same for the same request sent again."""
    return f"{request.method} {request.path}?{request.query_text} {hashlib.sha256(request.body).hexdigest()}"
