"""Access tokens and who they speak for: the protocol that every way to sign in fulfils."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Operator:
    """Who acts, as the token names them: object id, user principal name, tenant id.

    For an app on its own these are the ids of its service principal and “application NAME (ID)”.
    """

    object_id: str
    user_principal_name: str
    tenant_id: str
    is_application: bool = False


_REFUSED: ContextVar[dict[tuple[str, str], str] | None] = ContextVar("refused", default=None)

_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def asking_once() -> Iterator[None]:
    """In here a person is asked once at most about each service that gives them no token; so in nested uses, and in
    threads that are started with a copy of the context."""
    before = _REFUSED.set({} if (known := _REFUSED.get()) is None else known)
    try:
        yield
    finally:
        _REFUSED.reset(before)


def refused_before() -> dict[tuple[str, str], str]:
    """What was refused inside of `asking_once`, by service and purpose, with the reason; what is added is kept."""
    known = _REFUSED.get()
    return {} if known is None else known


@contextmanager
def asking_nobody() -> Iterator[None]:
    """In here a person is asked to sign in to Graph at most, without which nothing goes on; so in threads that are
    started with a copy of the context. Any other service that the sign-in does not give by itself is not consented."""
    before = _QUIET.set(True)
    try:
        yield
    finally:
        _QUIET.reset(before)


def asks_nobody() -> bool:
    """Whether this is inside of `asking_nobody`."""
    return _QUIET.get()


SIGNED_OUT = "You have signed out; nobody is signed in."


class TokenSource(Protocol):
    """Where access tokens come from; it is asked before each call and never hands one on to be kept."""

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        """A valid access token for one of `clouds.RESOURCES`.

        `refresh` asks for a new one even if the old has not run out; `claims` is the challenge of a 401.

        Raises:
            SignInFailed: refused, expired or not consented.
        """
        ...

    @property
    def operator(self) -> Operator:
        """Who is signed in; signs in first if nobody is."""
        ...

    @property
    def about(self) -> str:
        """What the screen says before the sign-in, as plain text."""
        ...

    def widen(self, purpose: str) -> None:
        """Get the permissions of one of `permissions.ASKED_FOR` too, where they are asked for one by one."""
        ...

    def cancel(self) -> None:
        """End a sign-in that waits for a person; called from another thread."""
        ...

    def sign_out(self) -> None:
        """Forget what was had; work that is still under way with it fails (`SIGNED_OUT`), and nobody is asked."""
        ...


def permissions_in(token: str) -> frozenset[str]:
    """The permissions that a token carries: a person's scopes, or an application's roles."""
    claims = claims_of(token)
    roles = claims.get("roles")
    return frozenset([*str(claims.get("scp") or "").split(), *map(str, roles if isinstance(roles, list) else [])])


def runs_out(claims: dict[str, Any]) -> datetime | None:
    """When a token runs out by its claim `exp` (UTC); None where it has none.

    Raises:
        ValueError: it is no number of seconds since 1970 that a date can be made of.
    """
    given = claims.get("exp")
    if given is None:
        return None
    try:
        return datetime.fromtimestamp(given, UTC)
    except (OverflowError, OSError, TypeError) as error:
        raise ValueError("no date") from error


def claims_of(token: str) -> dict[str, Any]:
    """The claims that a JSON Web Token carries, unchecked; empty if it is not one."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
