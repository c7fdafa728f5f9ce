"""Access tokens and who they speak for: the protocol that a sign-in fulfils, and the practice tenant's sign-in."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msal
import requests

from toolkit.errors import NothingSent, SignInFailed
from toolkit.tenant.clouds import Cloud


@dataclass(frozen=True)
class Operator:
    """The person at the keyboard, as the token names them: object id, user principal name, tenant id."""

    object_id: str
    user_principal_name: str
    tenant_id: str


class TokenSource(Protocol):
    """Where access tokens come from; it is asked before each call and never hands one on to be kept."""

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        """A valid access token for `graph` or `exchange`.

        `refresh` asks for a new one even if the old has not run out; `claims` is the challenge of a 401.

        Raises:
            SignInFailed: refused, expired or not consented.
        """
        ...

    @property
    def operator(self) -> Operator:
        """Who is signed in; signs in first if nobody is."""
        ...


class PracticeTokenSource:
    """Signs in to the practice tenant with the real MSAL: device code first, refresh tokens after that.

    Tokens stay in MSAL's memory. `prompt` is given the message that tells the person where to type the code; the
    practice tenant approves at the first poll, so by default nobody is asked.
    """

    def __init__(self, cloud: Cloud, prompt: Callable[[str], None] | None = None) -> None:
        self._cloud = cloud
        self._prompt = prompt
        self._lock = threading.RLock()
        self._app: Any = None
        self._operator: Operator | None = None

    def __repr__(self) -> str:
        return f"PracticeTokenSource({self._cloud.name})"

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        with self._lock:
            app = self._client()
            answer = self._ask(lambda: self._silently(app, resource, refresh, claims))
            if not answer or "access_token" not in answer:
                answer = self._ask(lambda: self._with_device_code(app, resource))
            if "access_token" not in answer:
                raise SignInFailed(_why(answer))
            self._remember(answer)
            return str(answer["access_token"])

    @property
    def operator(self) -> Operator:
        if self._operator is None:
            self.token("graph")
        if self._operator is None:
            raise SignInFailed("The sign-in did not say who signed in; sign in again.")
        return self._operator

    def _client(self) -> Any:
        if self._app is None:
            self._app = self._ask(
                lambda: msal.PublicClientApplication(
                    self._cloud.client_id,
                    authority=f"{self._cloud.login}/{self._cloud.tenant_id}",
                    http_client=_http_client(self._cloud.ca_file),
                    instance_discovery=False,
                    # MSAL answers a repeated failing request from this cache for a minute; a fresh one does not.
                    http_cache={},
                )
            )
        return self._app

    def _silently(self, app: Any, resource: str, refresh: bool, claims: str | None) -> dict[str, Any] | None:
        accounts = app.get_accounts()
        if not accounts:
            return None
        answer: dict[str, Any] | None = app.acquire_token_silent_with_error(
            [self._cloud.scope(resource)], account=accounts[0], force_refresh=refresh, claims_challenge=claims
        )
        return answer

    def _with_device_code(self, app: Any, resource: str) -> dict[str, Any]:
        flow = app.initiate_device_flow(scopes=[self._cloud.scope(resource)])
        if "user_code" not in flow:
            return dict(flow)
        if self._prompt:
            self._prompt(str(flow.get("message", "")))
        return dict(app.acquire_token_by_device_flow(flow))

    def _remember(self, answer: dict[str, Any]) -> None:
        claims = claims_of(str(answer["access_token"])) | dict(answer.get("id_token_claims") or {})
        name = claims.get("upn") or claims.get("preferred_username") or ""
        if claims.get("oid") and name:
            self._operator = Operator(str(claims["oid"]), str(name), str(claims.get("tid", "")))

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except requests.RequestException:
            text = f"The sign-in service at {self._cloud.login} does not answer; is the practice tenant running?"
        except ValueError:
            text = f"The sign-in service at {self._cloud.login} gave an answer that is not a sign-in."
        # Raised outside the handlers: the caught error holds the request, and with it the code or token.
        raise NothingSent(text)


def claims_of(token: str) -> dict[str, Any]:
    """The claims that a JSON Web Token carries, unchecked; empty if it is not one."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _why(answer: dict[str, Any]) -> str:
    code = str(answer.get("error", "no token"))
    first = str(answer.get("error_description", "")).splitlines()[:1]
    return f"Sign-in failed ({code}): {first[0][:200] if first else 'no reason given'}"


class _Timed(requests.Session):
    """MSAL sets no time limit of its own on this client."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", (10, 60))
        return super().request(*args, **kwargs)


def _http_client(ca_file: str) -> requests.Session:
    session = _Timed()
    if ca_file:
        # Without this, REQUESTS_CA_BUNDLE and proxies of the environment win over the practice tenant's CA.
        session.trust_env = False
        session.verify = ca_file
    return session
