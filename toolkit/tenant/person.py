"""Tokens of a person who signs in once (`ways`), and after that by refresh tokens that MSAL keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import msal

from toolkit.errors import NotConsented, NothingSent, SignInFailed, ToolkitError, UsageError
from toolkit.tenant.clients import Clients, about_clients
from toolkit.tenant.clouds import RESOURCES, Cloud
from toolkit.tenant.msal_client import ask, forget_refusals, settings
from toolkit.tenant.permissions import ASKED_FOR, EVIDENCE
from toolkit.tenant.sign_in_errors import sentence
from toolkit.tenant.token_cache import forget_all
from toolkit.tenant.tokens import SIGNED_OUT, Operator, asks_nobody, claims_of, refused_before
from toolkit.tenant.ways import DeviceCode, DeviceCodeMessage, Way

_NOT_OF_A_RESOURCE = frozenset({"openid", "profile", "email", "offline_access"})
_FOR_NOW = frozenset({"temporarily_unavailable", "server_error"})
NOT_CONSENTED = "not consented"
_IN_THE_MIDDLE = (
    "nobody is asked for one in the middle of a collection. Begin it anew: `collect`, and “Start collecting” in "
    "notebook 0, ask for it beforehand."
)
_CANCELLED = "The sign-in was cancelled; nobody is signed in."


class PersonTokenSource:
    """Tokens of the person who signs in; nothing is written to disk unless `cache` is one that does, encrypted.

    `tenant` is a domain or id ("" asks in the person's own organisation). `login_hint` is the user principal name
    that is expected. Every service is signed in to as the same person, or not at all.
    """

    def __init__(
        self,
        cloud: Cloud,
        clients: Clients,
        way: Way,
        *,
        tenant: str = "",
        login_hint: str = "",
        cache: Any = None,
    ) -> None:
        self._cloud, self._clients, self._way = cloud, clients, way
        self._tenant = tenant or cloud.tenant_id or "organizations"
        self._hint = login_hint
        self._cache = cache
        self._lock = threading.RLock()
        """Held while a token is had by itself, and never while a person is waited for."""
        self._person = threading.RLock()
        """Held while a person is waited for, who is asked for one thing at a time; taken before the other."""
        self._apps: dict[str, Any] = {}
        self._http_caches: dict[str, dict[str, Any]] = {}
        self.times_asked = 0
        """How often a person was asked to sign in."""
        self._refusals: dict[tuple[str, str], tuple[int, type[ToolkitError], str]] = {}
        self._declined: dict[tuple[str, str], str] = {}
        self._granted: dict[tuple[str, str], list[str]] = {}
        self._purpose = EVIDENCE
        self._operator: Operator | None = None
        self._ended = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._cloud.name}, {self._way.name})"

    @property
    def about(self) -> str:
        """What the screen says before the sign-in: the application, its permissions, the consent."""
        return about_clients(self._clients, self._cloud, self._purpose)

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        return self._token(resource, self._purpose, refresh=refresh, claims=claims)

    def quietly(self, resource: str) -> str:
        """An access token that the sign-in gives by itself; the person is asked nothing.

        Raises:
            SignInFailed: it would take another sign-in, or a consent.
        """
        if token := self._by_itself(resource, self._purpose):
            return token
        if declined := self.declined(resource):
            raise SignInFailed(f"{NOT_CONSENTED}: {declined}")
        raise SignInFailed(
            f"{NOT_CONSENTED}: your sign-in gives no token for {RESOURCES[resource]}, so nobody was asked to "
            "sign in again. An administrator has to consent to it for the application that you sign in through."
        )

    def ready_for(self, resources: Iterable[str]) -> dict[str, str]:
        """Sign in to these services now where the sign-in does not give them by itself, so that nobody is asked later.

        Each is asked for once, however often this is called; why one cannot be had is returned, by service.

        Raises:
            SignInFailed: nobody is signed in at all, or the sign-in was cancelled.
            TenantUnreachable: the sign-in service does not answer.
        """
        missing: dict[str, str] = {}
        for resource in resources:
            if not self._cloud.has(resource) or self._by_itself(resource, self._purpose):
                continue
            if not self.declined(resource):
                try:
                    self.token(resource)
                    continue
                except SignInFailed as error:
                    if self._ended or self._operator is None:
                        raise
                    self._declined[resource, self._purpose] = _without(resource, str(error))
            missing[resource] = self.declined(resource)
        return missing

    def declined(self, resource: str) -> str:
        """Why `ready_for` could not have a service; "" if it could, or was not asked."""
        return self._declined.get((resource, self._purpose), "")

    @property
    def operator(self) -> Operator:
        if self._operator is None:
            self.token("graph")
        if self._operator is None:
            raise SignInFailed("The sign-in did not say who signed in; sign in again.")
        return self._operator

    def widen(self, purpose: str) -> None:
        """Ask for the permissions of a purpose too, now, so that nobody is asked in the middle of a plan.

        Raises:
            UsageError: no such purpose.
            SignInFailed: refused or not consented; what could be read before can still be read.
        """
        if purpose not in ASKED_FOR:
            raise UsageError(f"There is no purpose {purpose!r}; there are {', '.join(ASKED_FOR)}.")
        with self._person:
            purpose = max(self._purpose, purpose, key=ASKED_FOR.index)
            if purpose != self._purpose:
                self._token("graph", purpose)
                self._purpose = purpose

    def cancel(self) -> None:
        """End a sign-in that is waiting for the person; from another thread. Later calls fail until `again`."""
        self._way.cancel()

    def again(self) -> None:
        """After a cancelled sign-in or a sign-out: let the next call sign in anew."""
        self._ended = ""

    def sign_out(self) -> None:
        """Forget every token, in memory and in the cache; in one that was kept, those of an earlier program too.

        Work that is still under way with them fails, and asks nobody, until `again`.
        """
        with self._person, self._lock:
            self._ended = SIGNED_OUT
            for app in self._apps.values():
                for account in app.get_accounts():
                    app.remove_account(account)
            if self._cache is not None:
                forget_all(self._cache)
            self._granted.clear()
            self._declined.clear()
            self._operator = None

    def _token(self, resource: str, purpose: str, *, refresh: bool = False, claims: str | None = None) -> str:
        """A token, by itself or by asking the person; others have theirs by themselves meanwhile."""
        if why := refused_before().get((resource, purpose)):
            raise NotConsented(why)
        before = self.times_asked
        if token := self._by_itself(resource, purpose, refresh, claims):
            return token
        if asks_nobody() and resource != "graph":
            raise NotConsented(self._declined.get((resource, purpose)) or _without(resource, _IN_THE_MIDDLE))
        with self._person:
            if self.times_asked != before:  # somebody was asked while this waited, maybe for the same
                if token := self._by_itself(resource, purpose, refresh, claims):
                    return token
                when, kind, text = self._refusals.get((resource, purpose), (0, SignInFailed, ""))
                if when > before:
                    raise kind(text)
            if self._ended:
                raise SignInFailed(self._ended)
            try:
                return self._from_person(resource, purpose, claims)
            except ToolkitError as error:
                self._refusals[resource, purpose] = self.times_asked + 1, type(error), str(error)
                raise
            finally:
                self.times_asked += 1

    def _by_itself(self, resource: str, purpose: str, refresh: bool = False, claims: str | None = None) -> str:
        """A token that the sign-in gives without a question; "" if it gives none."""
        with self._lock:
            if self._ended:
                raise SignInFailed(self._ended)
            app = self._app(resource, purpose)
            forget_refusals(self._http_caches[app.client_id])
            answer = ask(self._cloud, lambda: self._silently(app, resource, purpose, refresh, claims))
            if answer and answer.get("error") in _FOR_NOW:
                raise NothingSent(f"The sign-in service at {self._cloud.login} cannot answer now; try again later.")
            if not answer or "access_token" not in answer:
                return ""
            self._remember(app, resource, purpose, answer)
            return str(answer["access_token"])

    def _from_person(self, resource: str, purpose: str, claims: str | None) -> str:
        app = self._app(resource, purpose)
        hint = self._operator.user_principal_name if self._operator else self._hint
        scopes = self._clients.scopes(self._cloud, resource, purpose)
        answer = ask(self._cloud, lambda: self._way.sign_in(app, scopes, claims=claims, hint=hint))
        if "access_token" in answer:
            with self._lock:
                self._remember(app, resource, purpose, answer)
            return str(answer["access_token"])
        if answer.get("error") == "cancelled":
            self._ended = _CANCELLED
            raise SignInFailed(_CANCELLED)
        said = sentence(answer, way=self._way.name, client=str(app.client_id), tenant=self._tenant)
        if self._operator is None:
            raise SignInFailed(said)
        refused_before()[resource, purpose] = told = _without(resource, said)
        raise NotConsented(told)

    def _app(self, resource: str, purpose: str) -> Any:
        client = self._clients.for_resource(resource, purpose)
        with self._lock:
            if client not in self._apps:
                # One for each: MSAL guards what it remembers of answers for one application alone.
                cache = self._http_caches.setdefault(client, {})
                self._apps[client] = ask(
                    self._cloud,
                    lambda: msal.PublicClientApplication(
                        client, token_cache=self._cache, **settings(self._cloud, self._tenant, cache)
                    ),
                    self._tenant,
                )
            return self._apps[client]

    def _scopes(self, resource: str, purpose: str) -> list[str]:
        # MSAL's memory knows a token by what was granted; asked for by other names it would be fetched each time.
        granted = self._granted.get((resource, purpose))
        return granted or self._clients.scopes(self._cloud, resource, purpose)

    def _silently(
        self, app: Any, resource: str, purpose: str, refresh: bool, claims: str | None
    ) -> dict[str, Any] | None:
        account = self._account(app)
        if account is None:
            return None
        answer: dict[str, Any] | None = app.acquire_token_silent_with_error(
            self._scopes(resource, purpose), account=account, force_refresh=refresh, claims_challenge=claims
        )
        return answer

    def _account(self, app: Any) -> Any:
        """The account of whoever signed in; before that the one expected, else the first that was kept."""
        if self._operator:
            return next(iter(_of(app, self._operator)), None)
        accounts = app.get_accounts(username=self._hint) if self._hint else app.get_accounts()
        return accounts[0] if accounts else None

    def _remember(self, app: Any, resource: str, purpose: str, answer: dict[str, Any]) -> None:
        granted = str(answer.get("scope") or "").split()
        asked = self._clients.scopes(self._cloud, resource, purpose)
        if granted and not set(asked) <= set(granted):
            named = [name for name in granted if name not in _NOT_OF_A_RESOURCE and not name.endswith("/.default")]
            self._granted[resource, purpose] = named or asked
        claims = claims_of(str(answer["access_token"])) | dict(answer.get("id_token_claims") or {})
        name = claims.get("upn") or claims.get("preferred_username") or claims.get("unique_name") or ""
        if not (claims.get("oid") and name):
            return
        signed_in = Operator(str(claims["oid"]), str(name), str(claims.get("tid", "")))
        if self._operator and (signed_in.object_id, signed_in.tenant_id) != (
            self._operator.object_id,
            self._operator.tenant_id,
        ):
            for account in _of(app, signed_in):
                app.remove_account(account)
            raise SignInFailed(
                f"You are signed in as {self._operator.user_principal_name}, and signed in to another service as "
                f"{signed_in.user_principal_name}: sign in as the same person."
            )
        self._operator = signed_in


def _without(resource: str, why: str) -> str:
    begins = f"There is no sign-in to {RESOURCES[resource]}: "
    return why if why.startswith(begins) else begins + why


def _of(app: Any, person: Operator) -> list[Any]:
    """MSAL's accounts of a person: by id, because the name in a token may be another than that of the account."""
    return [a for a in app.get_accounts() if a.get("local_account_id") == person.object_id]


class PracticeTokenSource(PersonTokenSource):
    """Signs in to the practice tenant by device code; it approves at the first poll, so by default nobody is asked."""

    def __init__(self, cloud: Cloud, prompt: Callable[[DeviceCodeMessage], None] | None = None) -> None:
        own = Clients(cloud.client_id, cloud.client_id, cloud.client_id, registered=True)
        super().__init__(cloud, own, DeviceCode(prompt), tenant=cloud.tenant_id)

    def __repr__(self) -> str:
        return f"PracticeTokenSource({self._cloud.name})"
