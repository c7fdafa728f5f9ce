"""Tokens that something else has made, for automation: each from an environment variable, read at every call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from toolkit.errors import SignInFailed, UsageError
from toolkit.tenant.clouds import RESOURCES, Cloud
from toolkit.tenant.permissions import ASKED_FOR
from toolkit.tenant.tokens import SIGNED_OUT, Operator, claims_of, runs_out

VARIABLES = {
    "graph": "TOOLKIT_GRAPH_TOKEN",
    "exchange": "TOOLKIT_EXCHANGE_TOKEN",
    "management": "TOOLKIT_MANAGEMENT_TOKEN",
    "log-analytics": "TOOLKIT_LOG_ANALYTICS_TOKEN",
}
_WELL_KNOWN = {
    "https://outlook.office.com": "exchange",
    "00000003-0000-0000-c000-000000000000": "graph",
    "00000002-0000-0ff1-ce00-000000000000": "exchange",
    "c5393580-f805-4401-95e8-94b7a6ef2fc2": "management",
    "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5": "log-analytics",
}


class ReadyTokenSource:
    """Access tokens of the environment, one variable for each service (`VARIABLES`); none can be renewed from here.

    A token's own claims say whom it is of, what it permits (`scp`, `roles`) and when it runs out.
    """

    def __init__(
        self,
        cloud: Cloud,
        *,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cloud, self._now = cloud, now
        self._environ = os.environ if environ is None else environ
        self._given: dict[str, int] = {}  # which token was handed out last, not kept as text
        self._signed_out = False

    def __repr__(self) -> str:
        return f"ReadyTokenSource({self._cloud.name})"

    @property
    def about(self) -> str:
        given = [name for name in VARIABLES.values() if self._environ.get(name)]
        return f"Tokens are taken as they are from {', '.join(given) or 'the environment, which has none yet'}."

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        if self._signed_out:
            raise SignInFailed(SIGNED_OUT)
        variable = VARIABLES[resource]
        token = self._environ.get(variable, "").strip()
        if not token:
            raise SignInFailed(f"There is no token for {RESOURCES[resource]}: put one into the variable {variable}.")
        told = claims_of(token)
        problem = self._problem(resource, told)
        if (refresh or claims) and self._given.get(resource) == hash(token):
            problem = problem or "was refused by the service and cannot be renewed from here"
        if problem:
            raise SignInFailed(f"The token in {variable} {problem}: put a new one there.")
        self._given[resource] = hash(token)
        return token

    @property
    def operator(self) -> Operator:
        resource = next((name for name, variable in VARIABLES.items() if self._environ.get(variable)), "graph")
        told = claims_of(self.token(resource))
        name = told.get("upn") or told.get("unique_name") or told.get("preferred_username")
        alone = not name
        if alone:
            name = (
                f"application {told.get('app_displayname') or told.get('appid') or told.get('azp') or 'without a name'}"
            )
        if not told.get("oid") or not told.get("tid"):
            raise SignInFailed(f"The token in {VARIABLES[resource]} does not say whose it is (no oid or tid in it).")
        return Operator(str(told["oid"]), str(name), str(told["tid"]), alone)

    def widen(self, purpose: str) -> None:
        """Nothing to ask for: a token permits what it permits. The preflight says what is missing."""
        if purpose not in ASKED_FOR:
            raise UsageError(f"There is no purpose {purpose!r}; there are {', '.join(ASKED_FOR)}.")

    def cancel(self) -> None:
        """Nobody is waited for."""

    def sign_out(self) -> None:
        """The variables stay as they are: this source takes nothing from them any more."""
        self._signed_out = True

    def _problem(self, resource: str, told: dict[str, Any]) -> str:
        if not told:
            return "is not a token (a JSON Web Token has three parts with full stops between them)"
        audience = str(told.get("aud", "")).rstrip("/")
        meant = _WELL_KNOWN.get(audience) or next(
            (name for name in RESOURCES if self._cloud.has(name) and audience == self._cloud.base(name)), None
        )
        if meant != resource:
            return f"is not for {RESOURCES[resource]} in {self._cloud.title} but for {audience[:80] or 'nothing named'}"
        try:
            end = runs_out(told)
        except ValueError:
            return "does not say when it runs out (its exp is no number of seconds since 1970)"
        return f"ran out at {end:%Y-%m-%d %H:%M} UTC" if end is not None and end <= self._now() else ""
