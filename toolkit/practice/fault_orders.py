"""What a test or an exercise can order from a practice tenant to go wrong."""

from __future__ import annotations

import base64
import dataclasses

from toolkit.practice.collect_faults import COLLECTING
from toolkit.practice.faults import Fault, Faults, Matcher, Plan
from toolkit.practice.http import Answer, Refused
from toolkit.practice.names import Record

_ERROR_CODES = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "GatewayTimeout", 403: "Forbidden"}


class FaultOrders:
    """The part of a practice tenant that takes orders for faults."""

    _faults: Faults

    def fail_next(
        self,
        matcher: Matcher,
        *,
        status: int = 429,
        retry_after: int | None = None,
        times: int = 1,
        body: Record | bytes | None = None,
        done_before: bool = False,
    ) -> None:
        """The next matching requests are answered with an error; with `done_before` they take effect all the same."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        default = {"error": {"code": _ERROR_CODES.get(status, "UnknownError"), "message": "Ordered by a test."}}
        answer = Answer(status, default if body is None else body, headers)
        self._faults.order(Fault(matcher, answer, carried_out=done_before, times=times))

    def refuse_next(
        self,
        matcher: Matcher,
        text: str,
        *,
        status: int = 400,
        code: str = "BadRequest",
        kind: str = "",
        times: int = 1,
    ) -> None:
        """The next matching requests are refused as the service refuses; Exchange says 403 with NUL bytes only."""
        self._faults.order(Fault(matcher, refusal=Refused(status, code, text, kind=kind), times=times))

    def warn_next(self, matcher: Matcher, text: str, *, carried_out: bool = False, times: int = 1) -> None:
        """The next matching cmdlets answer 200 and warn; a change is not made unless it is `carried_out`."""
        self._faults.order(Fault(matcher, warning=text, carried_out=carried_out, times=times))

    def challenge_next(self, matcher: Matcher, *, times: int = 1) -> None:
        """The next matching requests are answered 401 with a claims challenge; a fresh token satisfies it."""
        claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1758204000"}}}').decode()
        challenge = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
        body: Record = {"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation."}}
        answer = Answer(401, body, {"WWW-Authenticate": challenge})
        self._faults.order(Fault(matcher, answer, times=times))

    def drop_next(self, matcher: Matcher, *, done_before: bool = False, times: int = 1) -> None:
        """The next matching connections break off; with `done_before` after the request was carried out."""
        self._faults.order(Fault(matcher, dropped=True, carried_out=done_before, times=times))

    def answer_late(self, matcher: Matcher, seconds: float = 6.0, *, times: int = 1) -> None:
        """The next matching requests are carried out at once and answered so many real seconds later."""
        self._faults.order(Fault(matcher, late=seconds, times=times))

    def delay_next_change(self, reads: int = 0, *, seconds: float = 0.0) -> None:
        """The next change is accepted at once, but reading shows the old state.

        The first `reads` readings after it do, or all of them for `seconds` of the tenant's clock.
        """
        self._faults.delay_next_change(reads, seconds)

    def happen_next(self, matcher: Matcher, what: str, *, amount: int | None = None, times: int = 1) -> None:
        """The next matching requests meet a mishap of `COLLECTING`, by its name; raises `KeyError` for another.

        `amount` is how much of it: seconds to wait, every how-manieth row to leave out.
        """
        made = COLLECTING[what].make(lambda low, high: amount if amount is not None else low)
        self._faults.order(dataclasses.replace(made, matcher=matcher, name=what, times=times))

    def follow(self, plan: Plan | None) -> None:
        """From now on any request may meet a fault of the plan (see `FaultPlan`); `None` ends it."""
        self._faults.follow(plan)
