"""The Microsoft Graph calls that are used: reads, which are sent, and changes, which are only worded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from toolkit.errors import TenantAnswer
from toolkit.tenant.answers import Answer, Rows
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.gate import Call
from toolkit.tenant.session import Session

USER_FIELDS = (
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "proxyAddresses",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "lastPasswordChangeDateTime",
    "signInSessionsValidFromDateTime",
)


class Graph:
    """Reads of users, domains and per-user MFA. Users are named by object id or user principal name."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._cloud = session.cloud

    def user(self, who: str) -> Answer:
        """`GET /users/{id}` with `USER_FIELDS`; what is not selected is absent, not null."""
        return self._session.read(
            graph_call(self._cloud, "GET", f"/users/{quote(who, safe='@')}", query={"$select": ",".join(USER_FIELDS)})
        )

    def users(self) -> list[dict[str, Any]]:
        """All users: `id`, `userPrincipalName`, `displayName`."""
        query = {"$select": "id,userPrincipalName,displayName", "$top": "999"}
        return list(self._session.pages(graph_call(self._cloud, "GET", "/users", query=query)))

    def domains(self) -> list[dict[str, Any]]:
        """`GET /domains`: `id` (the name), `authenticationType` (Managed, Federated), `isDefault`, `isInitial`."""
        return list(self._session.pages(graph_call(self._cloud, "GET", "/domains")))

    def get(self, path: str, *, version: str = "v1.0", query: Mapping[str, str] | None = None) -> Answer:
        """`GET` of one object by its path (`/devices/{id}`)."""
        return self._session.read(graph_call(self._cloud, "GET", path, version=version, query=query))

    def rows(self, path: str, *, version: str = "v1.0", query: Mapping[str, str] | None = None) -> Rows:
        """All objects of a collection, and the server's date of its last page."""
        call = graph_call(self._cloud, "GET", path, version=version, query=query)
        found, date = [], None
        for answer in self._session.answers(call):
            found += answer.rows
            date = answer.date
        return Rows(found, date)

    def operation(self, location: str) -> Answer:
        """`GET` of an operation at the address an answer named; only on the host of this cloud.

        Raises:
            TenantAnswer: the address leads to another host.
        """
        if not location.startswith(f"{self._cloud.graph}/"):
            raise TenantAnswer("The operation is at another host; it was not asked about.", status=202, code="Location")
        return self._session.read(Call("GET", location))

    def mfa_requirements(self, who: str) -> Answer:
        """`GET /beta/users/{id}/authentication/requirements`: `perUserMfaState` (disabled, enabled, enforced)."""
        return self._session.read(mfa_call(self._cloud, "GET", who))


def graph_call(
    cloud: Cloud,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    version: str = "v1.0",
    query: Mapping[str, str] | None = None,
) -> Call:
    """Word a Graph call; nothing is sent."""
    text = "&".join(f"{name}={quote(value, safe=',$')}" for name, value in (query or {}).items())
    return Call(method, f"{cloud.graph}/{version}{path}" + (f"?{text}" if text else ""), body)


def user_call(cloud: Cloud, method: str, who: str, body: Mapping[str, Any]) -> Call:
    """Word `PATCH /users/{id}`."""
    return graph_call(cloud, method, f"/users/{quote(who, safe='@')}", body)


def revoke_call(cloud: Cloud, who: str) -> Call:
    """Word `POST /users/{id}/revokeSignInSessions`, which takes no body."""
    return graph_call(cloud, "POST", f"/users/{quote(who, safe='@')}/revokeSignInSessions")


def mfa_call(cloud: Cloud, method: str, who: str, body: Mapping[str, Any] | None = None) -> Call:
    """Word a call to `/beta/users/{id}/authentication/requirements`."""
    path = f"/users/{quote(who, safe='@')}/authentication/requirements"
    return graph_call(cloud, method, path, body, version="beta")
