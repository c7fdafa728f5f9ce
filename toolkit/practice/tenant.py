"""A running practice tenant: it lets requests in, hands them to a service, keeps state and log."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType

from toolkit.practice import exchange, graph
from toolkit.practice.clock import Clock, Seconds
from toolkit.practice.faults import Fault, Faults, Matcher
from toolkit.practice.http import Answer, Refused, Request, exchange_error, graph_error
from toolkit.practice.login import Login
from toolkit.practice.names import Record
from toolkit.practice.people import DOMAIN, TENANT_ID
from toolkit.practice.scenario import CLIENT_ID, CONTOSO_BEC, scenario
from toolkit.practice.server import Dropped, Server
from toolkit.practice.store import FolderLock, Store, write_whole
from toolkit.practice.tenant_state import Situation
from toolkit.practice.tokens import EXCHANGE, GRAPH, Tokens

ENDPOINT = "endpoint.json"
CA = "ca.pem"


class PracticeTenant:
    """A Microsoft 365 tenant to practise on, at `url`, with its state in `folder`.

    Also a context manager. `stop()` may be called twice. Times are the tenant's own: see `clock`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scenario_name: str = CONTOSO_BEC,
        port: int = 0,
        seconds: Seconds = time.monotonic,
    ) -> None:
        self.folder = folder.resolve()
        self.ca_file = self.folder / CA
        self.endpoint_file = self.folder / ENDPOINT
        self._scenario = scenario(scenario_name)
        self._folder_lock = FolderLock(self.folder)
        try:
            self._store = Store(self.folder, scenario_name)
            self.clock = Clock(self._store.latest_time(), seconds)
            self._lock = threading.RLock()
            self._faults = Faults()
            self._server = Server(self._answer, self.ca_file, port)
            self.url = self._server.url
            self._tokens = Tokens(self.url)
            self._login = Login(self.url, self.clock, self._tokens)
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
        """The request log, oldest first: time, method, path, cmdlet, kind, status, client_request_id.

        `kind` is read, write or sign-in; `status` is 0 where the connection was dropped.
        """
        with self._lock:
            return self._store.requests()

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
        self.endpoint_file.unlink(missing_ok=True)
        self._server.stop()
        with self._lock:
            self._store.save(self.clock.now())
        self._folder_lock.release()

    def fail_next(
        self,
        matcher: Matcher,
        *,
        status: int = 429,
        retry_after: int | None = None,
        times: int = 1,
        body: Record | bytes | None = None,
    ) -> None:
        """The next matching requests are answered with an error and not carried out."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        default = {"error": {"code": _ERROR_CODES.get(status, "UnknownError"), "message": "Ordered by a test."}}
        answer = Answer(status, default if body is None else body, headers)
        self._faults.order(Fault(matcher, answer, times=times))

    def drop_next(self, matcher: Matcher, *, done_before: bool = False, times: int = 1) -> None:
        """The next matching connections break off; with `done_before` after the request was carried out."""
        self._faults.order(Fault(matcher, None, done_before=done_before, times=times))

    def delay_next_change(self, reads: int) -> None:
        """The next change is accepted at once, but the first `reads` readings after it show the old state."""
        self._faults.delay_next_change(reads)

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
        }

    def _answer(self, request: Request) -> Answer:
        """Each request on its own: state, clock and log then always agree."""
        with self._lock:
            now = self.clock.now()
            request_id = str(uuid.uuid4())
            client_request_id = request.headers.get("client-request-id", request_id)
            service, request = _addressed(request)
            if service == "" and self._login.serves(request.path):
                service = "sign-in"
            line = _log_line(service, request, client_request_id, now)
            fault = self._faults.take(line)
            if fault and not fault.done_before and fault.answer is None:
                self._store.log(line | {"status": 0})
                raise Dropped
            answer = fault.answer if fault and fault.answer else None
            if answer is None:
                try:
                    answer = self._carry_out(service, request, line, now, request_id)
                except Exception:
                    # A request that broke the tenant must not be missing from its log.
                    self._store.log(line | {"status": 500})
                    raise
            answer.headers |= {
                "Date": format_datetime(now, usegmt=True),
                "request-id": request_id,
                "client-request-id": client_request_id,
                "Cache-Control": "no-store, no-cache",
            }
            dropped = fault is not None and fault.answer is None
            self._store.log(line | {"status": 0 if dropped else answer.status})
            if dropped:
                raise Dropped
            return answer

    def _carry_out(self, service: str, request: Request, line: Record, now: datetime, request_id: str) -> Answer:
        try:
            if service == "sign-in":
                return self._login.answer(request)
            if service not in (GRAPH, EXCHANGE):
                raise Refused(404, "ResourceNotFound", "There is nothing at this address.")
            self._tokens.check(request.headers.get("authorization", ""), service, now)
            return self._serve(service, request, line, now)
        except Refused as error:
            if service == EXCHANGE:
                return exchange_error(error)
            date = now.strftime("%Y-%m-%dT%H:%M:%S")
            return graph_error(error, request_id, line["client_request_id"], date)

    def _serve(self, service: str, request: Request, line: Record, now: datetime) -> Answer:
        speak = graph.answer if service == GRAPH else exchange.answer
        state = self._store.state
        if line["kind"] == "read":
            seen = self._faults.seen_by_reader(state)
            return speak(request, Situation(self._scenario, seen, now, f"{self.url}/{service}"))
        before = state["changes"]
        self._faults.before_change(state)
        answer = speak(request, Situation(self._scenario, state, now, f"{self.url}/{service}"))
        if state["changes"] != before:
            self._store.save(now)
        return answer


_ERROR_CODES = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "GatewayTimeout", 403: "Forbidden"}


def _addressed(request: Request) -> tuple[str, Request]:
    """Which service a path belongs to, and the request with the path as that service knows it."""
    path = request.path
    for service, roots in ((GRAPH, ("/v1.0/", "/beta/")), (EXCHANGE, ("/adminapi/",))):
        bare = path.removeprefix(f"/{service}")
        if bare.startswith(roots):
            return service, Request(request.method, bare, request.query_text, request.headers, request.body)
    return "", request


def _log_line(service: str, request: Request, client_request_id: str, now: datetime) -> Record:
    """What may be kept of a request: no query, no body, no header but the caller's own id."""
    cmdlet = exchange.cmdlet_named(request) if service == EXCHANGE else None
    if service == "sign-in":
        kind = "sign-in"
    elif request.method in graph.READS or (service == EXCHANGE and exchange.is_read(cmdlet)):
        kind = "read"
    else:
        kind = "write"
    return {
        "time": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "method": request.method,
        "path": request.path,
        "cmdlet": cmdlet,
        "kind": kind,
        "status": 0,
        "client_request_id": client_request_id[:64],
    }
