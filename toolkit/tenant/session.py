"""The one HTTP session to a tenant: pooling, time limits, retries of reads, and the write gate on its way out."""

from __future__ import annotations

import json
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from toolkit.errors import NothingSent, TenantAnswer, TenantError, TenantUnreachable, UsageError
from toolkit.tenant.answers import Answer, answer_of, cited, claims_challenge, error_of, retry_after, throttled
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import PLACEHOLDER, Approval, Call, Gate
from toolkit.tenant.meter import Meters
from toolkit.tenant.pace import Pace, too_long
from toolkit.tenant.paging import Trail, origin
from toolkit.tenant.secret import Secret
from toolkit.tenant.tokens import TokenSource, asking_once

CONNECT_SECONDS = 10
READ_SECONDS = {"graph": 60, "exchange": 300, "management": 120, "log-analytics": 600}
"""Cmdlets can take minutes, and so can a query; the services themselves cut them off after fifteen and ten."""
READ_ATTEMPTS = 5
WRITE_ATTEMPTS = 3
LONGEST_WAIT = 120.0
LEAST_SECONDS = 0.2
"""So long an answer is waited for however short the time is."""
LONGEST_ANSWER = 512 * 1024 * 1024
"""Bytes of one answer; more is refused rather than held in memory."""
PIECE = 256 * 1024
RETRIED = frozenset({429, 500, 502, 503, 504})
_PACE: ContextVar[tuple[object, Pace] | None] = ContextVar("pace", default=None)
_UNTIL: ContextVar[datetime | None] = ContextVar("until", default=None)
_WAITS: ContextVar[float] = ContextVar("waits", default=LONGEST_WAIT)


class _Again(Exception):
    """A read that may be repeated: the error to raise in the end, and how long the service asks to wait."""

    def __init__(self, error: TenantError, wait: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.wait = wait


class GatedAdapter(HTTPAdapter):
    """Asks the gate for every single request, so that nothing gets round it by taking the raw session."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        super().__init__(pool_connections=8, pool_maxsize=16, max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        admission = self._gate.check(str(request.method), str(request.url), body, getattr(request, "admission", None))
        response = super().send(request, *args, **kwargs)
        if admission is not None and response.status_code == 429:
            self._gate.renew(admission)
        return response


class Session:
    """Sends calls to one cloud with the operator's token; `clock` and `sleep` are arguments, never the machine's.

    `meters` count what is sent. Inside of `paced` reads are held back until their service may be asked, and a pause
    that it asks for is waited for; elsewhere, where a person waits, one of more than `LONGEST_WAIT` is an error.

    Errors are `TenantAnswer` (the service said no) and `TenantUnreachable` (no whole answer); no text holds a
    token, a password or a body.
    """

    def __init__(
        self,
        cloud: Cloud,
        tokens: TokenSource,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        seconds: Mapping[str, float] = READ_SECONDS,
    ) -> None:
        self.cloud = cloud
        self.gate = Gate(clock)
        self.http = requests.Session()
        self.http.trust_env = not cloud.practice
        if cloud.ca_file:
            self.http.verify = cloud.ca_file
        self.http.mount("https://", GatedAdapter(self.gate))
        self.http.mount("http://", GatedAdapter(self.gate))
        self.meters = Meters()
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"Session({self.cloud.name})"

    def close(self) -> None:
        self.http.close()

    @contextmanager
    def within(self, seconds: float, *, waits: float = LONGEST_WAIT) -> Iterator[None]:
        """What is sent in here waits no longer than so many seconds in all, and at most `waits` to be asked again."""
        before, until = _UNTIL.get(), self._clock() + timedelta(seconds=seconds)
        tokens = _UNTIL.set(min(before, until) if before else until), _WAITS.set(min(_WAITS.get(), waits))
        try:
            yield
        finally:
            _UNTIL.reset(tokens[0])
            _WAITS.reset(tokens[1])

    def time_left(self) -> float:
        """Seconds that `within`, else the run whose pace is kept, leaves; infinite where there is no end."""
        until = _UNTIL.get()
        if until is None:
            return self.pace.time_left if self.pace else math.inf
        return max(0.0, (until - self._clock()).total_seconds())

    def _longest_wait(self) -> float:
        return min(_WAITS.get(), self.time_left())

    @property
    def pace(self) -> Pace | None:
        """What reads keep to in this context; nothing where somebody waits (`within`)."""
        of, pace = _PACE.get() or (None, None)
        return pace if of is self and _UNTIL.get() is None else None

    @contextmanager
    def paced(self, pace: Pace) -> Iterator[None]:
        """Inside of the block, and in threads that are started with a copy of its context, reads keep to a pace, and a
        person is asked once about each service that gives no token."""
        before = _PACE.set((self, pace))
        try:
            with asking_once():
                yield
        finally:
            _PACE.reset(before)

    def read(self, call: Call) -> Answer:
        """Send a read; repeated on 429, 500, 502, 503, 504, broken connections and cut answers, five times in all.

        It waits as long as the service asks, else twice as long each time, with some chance in it so that several
        do not come back at the same moment.
        """

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, _Again) else None
            grown = 2 ** (state.attempt_number - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            wait = min(self._longest_wait(), asked if asked is not None else grown)
            for meter in self.meters.running:
                meter.retries += 1
                meter.throttled += wait
            return wait

        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=lambda state: state.attempt_number >= READ_ATTEMPTS or self.time_left() <= 0,
            wait=pause,
            sleep=self._sleep,
            reraise=True,
        )
        failure: TenantError
        try:
            return retrying(self._read_once, call)
        except _Again as again:
            failure = again.error
        raise failure

    def ask_once(self, call: Call) -> Answer:
        """Send a POST that only asks, such as a search that is made: once, and again only after a 429 or a 401.

        Raises:
            TenantUnreachable: no whole answer came: it may have been taken or not.
            TenantAnswer: the service answered with an error.
        """
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            request = self._prepared(call, None, new_request_id())
            self._authorise(request)
            with self._turn(call):
                response = self._send(request)
                if response.status_code == 401:  # nothing was done: the token was not good enough
                    self._authorise(request, refresh=True, claims=claims_challenge(response))
                    response = self._send(request)
            wait = retry_after(response, self._clock()) if response.status_code == 429 else None
            waits = wait is None or self._waits(call, wait)
            if response.status_code != 429 or attempt == WRITE_ATTEMPTS or not waits:
                break
            if wait is None or self.pace is None:
                self._sleep(wait if wait is not None else 5.0 * attempt)
        if response.status_code >= 300:
            raise error_of(response, call.method)
        return self._answer(call, response, request)

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        """All objects of a collection: see `answers`."""
        for answer in self.answers(call):
            yield from answer.rows

    def answers(self, call: Call) -> Iterator[Answer]:
        """A collection, page by page; `@odata.nextLink` only leads on within the same service, with the same body.

        Raises:
            TenantAnswer: a page has no list; a nextLink leads elsewhere, or to a page that was read before; or the
                pages have no end (its code is `ENDLESS`): they bring nothing new.
        """
        trail = Trail(self.cloud, call)
        onward: Call | None = call
        while onward is not None:
            answer = self.read(onward)
            yield answer
            onward = trail.onward(answer)

    def write(
        self,
        call: Call,
        approval: Approval | None,
        *,
        secret: Secret | None = None,
        client_request_id: str = "",
    ) -> Answer:
        """Send a changing call once. Only a 429, which means that nothing was done, lets it go out again.

        `secret` takes the place of `PLACEHOLDER` in the body as the bytes are made.

        Raises:
            WriteRefused: without an unspent approval for exactly this call.
            NothingSent: no connection could be made.
            TenantUnreachable: it was sent and no whole answer came: it may or may not have been done.
            TenantAnswer: the service answered with an error.
        """
        request = self._prepared(call, secret, client_request_id or new_request_id())
        request.admission = self.gate.spend(call, approval, _bytes(request))  # type: ignore[attr-defined]
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            self._authorise(request)
            response = self._send(request)
            wait = retry_after(response, self._clock()) if response.status_code == 429 else None
            pause = wait if wait is not None else 5.0 * attempt
            if response.status_code != 429 or attempt == WRITE_ATTEMPTS or pause > self._longest_wait():
                break
            self._sleep(pause)
        if response.status_code >= 300:
            refusal = error_of(response, call.method, secret)
            refusal.wait = wait
            raise refusal
        return answer_of(response, str(request.headers["client-request-id"]))

    def _read_once(self, call: Call) -> Answer:
        request = self._prepared(call, None, new_request_id())
        self._authorise(request)
        failure: TenantUnreachable | None = None
        try:
            with self._turn(call) as paused:
                for meter in self.meters.running:
                    meter.throttled += paused
                response = self._send(request)
                if response.status_code == 401:
                    self._authorise(request, refresh=True, claims=claims_challenge(response))
                    response = self._send(request)
        except TenantUnreachable as error:
            failure = error
        if failure is not None:
            raise _Again(failure)
        if response.status_code in RETRIED or throttled(response):
            wait = retry_after(response, self._clock())
            refusal = error_of(response, call.method)
            refusal.wait = wait
            if wait is not None and not self._waits(call, wait):
                if self.pace is not None:
                    text = f"{refusal}. It {too_long(wait)}"
                    raise TenantAnswer(
                        text, status=refusal.status, code=refusal.code, request_id=refusal.request_id, wait=wait
                    )
                raise refusal
            raise _Again(refusal, wait if wait is None or self.pace is None else 0.0)
        if response.status_code >= 300:
            raise error_of(response, call.method)
        try:
            return self._answer(call, response, request)
        except TenantAnswer as error:
            unread = error
        raise _Again(unread)

    def _turn(self, call: Call) -> AbstractContextManager[float]:
        """The turn of a call at the pace that is kept; gives the seconds of pause before it."""
        return self.pace.turn(call.url, _cmdlet(call)) if self.pace else nullcontext(0.0)

    def _waits(self, call: Call, seconds: float) -> bool:
        """Whether a pause that a service asks for is waited for; where a pace is kept, by all that ask this service."""
        return self.pace.hold(call.url, seconds, _cmdlet(call)) if self.pace else seconds <= self._longest_wait()

    def _answer(self, call: Call, response: requests.Response, request: requests.PreparedRequest) -> Answer:
        answer = answer_of(response, str(request.headers["client-request-id"]))
        if self.pace:
            self.pace.answered(call.url, _cmdlet(call))
        return answer

    def _prepared(self, call: Call, secret: Secret | None, request_id: str) -> requests.PreparedRequest:
        if self.cloud.resource_of(call.url) is None:
            raise UsageError(f"{urlsplit(call.url).netloc} is not an address of the {self.cloud.name} cloud.")
        request = requests.Request(call.method, call.url).prepare()
        if call.body is not None:
            request.headers["Content-Type"] = "application/json; charset=utf-8"
            request.prepare_body(json.dumps(_filled(call.body, secret)).encode(), None)
        request.headers.update(call.headers)
        request.headers["client-request-id"] = request_id
        request.headers["Accept"] = "application/json"
        return request

    def _authorise(
        self, request: requests.PreparedRequest, *, refresh: bool = False, claims: str | None = None
    ) -> None:
        resource = str(self.cloud.resource_of(str(request.url)))
        token = Secret(self._tokens.token(resource, refresh=refresh, claims=claims))
        request.headers["Authorization"] = f"Bearer {token.reveal()}"

    def _whole(self, response: requests.Response) -> requests.Response:
        """The response with its body read, which is bounded.

        Raises:
            TenantAnswer: the body is larger than `LONGEST_ANSWER`.
        """
        pieces, size = [], 0
        for piece in response.iter_content(PIECE):
            size += len(piece)
            if size > LONGEST_ANSWER:
                response.close()
                raise _too_large(response)
            pieces.append(piece)
        response._content = b"".join(pieces)
        for meter in self.meters.running:
            meter.received_bytes += size
        return response

    def _send(self, request: requests.PreparedRequest) -> requests.Response:
        resource = str(self.cloud.resource_of(str(request.url)))
        longest = self._seconds.get(resource, READ_SECONDS[resource])
        left = max(LEAST_SECONDS, self.time_left())
        limits = (min(CONNECT_SECONDS, left), min(longest, left))
        for meter in self.meters.running:
            meter.sent(str(request.headers["client-request-id"]))
        try:
            # `verify` is given here because the environment's CA bundle would win over the session's.
            response = self.http.send(
                request, timeout=limits, verify=self.http.verify, allow_redirects=False, stream=True
            )
            return self._whole(response)
        except requests.exceptions.SSLError:
            sent, text = False, "is not the server that its certificate should name"
        except requests.ConnectTimeout:
            sent, text = False, f"did not take the connection within {CONNECT_SECONDS} s"
        except requests.Timeout:
            sent, text = True, f"gave no answer within {limits[1]:g} s"
        except requests.ConnectionError as error:
            sent = not _never_connected(error)
            text = "broke the connection before the answer was whole" if sent else "cannot be reached"
        except requests.RequestException:
            sent, text = True, "gave an answer that cannot be read"
        # Raised outside the handlers: the caught error holds the request, its token and its body.
        kind = TenantUnreachable if sent else NothingSent
        asked = f"{request.method} {urlsplit(str(request.url)).path}"
        ours = request.headers["client-request-id"]
        raise kind(f"{origin(str(request.url))} {text} ({asked}, client-request-id {ours}).")


def _too_large(response: requests.Response) -> TenantAnswer:
    path = urlsplit(response.url).path
    size = f"{LONGEST_ANSWER // 1024**2} MB"
    text = f"{path} answered with more than {size}; ask for less{cited(response)}."
    return TenantAnswer(text, status=0, code="TooLarge")


def _cmdlet(call: Call) -> str:
    return str(call.headers.get("X-CmdletName", ""))


def new_request_id() -> str:
    """A fresh GUID for `client-request-id`, which the service repeats in its own logs."""
    return str(uuid.uuid4())


def _filled(value: Any, secret: Secret | None) -> Any:
    if secret is not None and value == PLACEHOLDER:
        return secret.reveal()
    if isinstance(value, Mapping):
        return {key: _filled(inner, secret) for key, inner in value.items()}
    return value


def _bytes(request: requests.PreparedRequest) -> bytes | None:
    return request.body.encode() if isinstance(request.body, str) else request.body


def _never_connected(error: BaseException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
