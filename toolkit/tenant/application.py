"""An app signs in on its own, with a certificate or a secret: no person, and no refresh tokens."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msal

from toolkit.errors import SignInFailed, UsageError
from toolkit.tenant import certificate
from toolkit.tenant.clouds import Cloud
from toolkit.tenant.msal_client import ask, forget_refusals, settings
from toolkit.tenant.permissions import ASKED_FOR, EXCHANGE_REMARK
from toolkit.tenant.secret import Secret
from toolkit.tenant.sign_in_errors import APP_ONLY, sentence
from toolkit.tenant.tokens import SIGNED_OUT, Operator, claims_of

SECRET_VARIABLE = "TOOLKIT_CLIENT_SECRET"  # noqa: S105 the variable's name
Ask = Callable[[str], Secret]


class ApplicationTokenSource:
    """Tokens of a registered application. What it may do stands in its registration, so nothing can be widened.

    With `file` its certificate (PEM or PFX) is used, else its secret. Passphrase and secret come from the
    environment, or from `asking`, which is given a question and must not show what is typed.
    """

    def __init__(
        self,
        cloud: Cloud,
        *,
        tenant: str,
        client_id: str,
        file: Path | None = None,
        asking: Ask | None = None,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not (tenant or cloud.tenant_id) or not client_id:
            raise UsageError("An app signs in to one tenant: name it with `--tenant`, and the app with `--client-id`.")
        self._cloud, self._client = cloud, client_id
        self._tenant = tenant or cloud.tenant_id
        self._file, self._asking, self._now = file, asking, now
        self._environ = os.environ if environ is None else environ
        self._lock = threading.RLock()
        self._http_cache: dict[str, Any] = {}
        self._made: Any = None
        self._signed_out = False
        self._operator: Operator | None = None

    def __repr__(self) -> str:
        how = "certificate" if self._file else "secret"
        return f"ApplicationTokenSource({self._cloud.name}, {self._client}, {how})"

    @property
    def about(self) -> str:
        how = f"its certificate {self._file.name}" if self._file else "its secret"
        return (
            f"The application {self._client} signs in on its own with {how}; it may do what an administrator has "
            f"consented to. {EXCHANGE_REMARK}"
        )

    def token(self, resource: str, *, refresh: bool = False, claims: str | None = None) -> str:
        with self._lock:
            if self._signed_out:
                raise SignInFailed(SIGNED_OUT)
            app = self._app()
            forget_refusals(self._http_cache)
            if refresh:
                app.remove_tokens_for_client()
            scopes = [self._cloud.scope(resource)]
            answer = ask(self._cloud, lambda: app.acquire_token_for_client(scopes, claims_challenge=claims))
            if not answer or "access_token" not in answer:
                said = sentence(answer or {}, way=APP_ONLY, client=self._client, tenant=self._tenant)
                raise SignInFailed(said)
            token = str(answer["access_token"])
            self._remember(claims_of(token))
            return token

    @property
    def operator(self) -> Operator:
        if self._operator is None:
            self.token("graph")
        if self._operator is None:
            raise SignInFailed("The token does not say which application signed in; check the registration.")
        return self._operator

    def widen(self, purpose: str) -> None:
        """Nothing to ask for: an app has what it was given. The preflight says what is missing."""
        if purpose not in ASKED_FOR:
            raise UsageError(f"There is no purpose {purpose!r}; there are {', '.join(ASKED_FOR)}.")

    def cancel(self) -> None:
        """Nobody is waited for."""

    def sign_out(self) -> None:
        with self._lock:
            self._signed_out, self._made = True, None

    def _app(self) -> Any:
        if self._made is None:
            # Asked for outside of MSAL, so that no error of ours or of MSAL's can hold it.
            given = self._credential()
            self._made = ask(
                self._cloud,
                lambda: msal.ConfidentialClientApplication(
                    self._client,
                    client_credential=given,
                    **settings(self._cloud, self._tenant, self._http_cache),
                ),
                self._tenant,
            )
        return self._made

    def _credential(self) -> Any:
        if self._file is not None:
            name = self._file.name
            return certificate.credential(
                self._file, lambda: self._hidden(certificate.PASSPHRASE_VARIABLE, "Passphrase", name), self._now()
            )
        return self._hidden(SECRET_VARIABLE, "Client secret", self._client).reveal()

    def _hidden(self, variable: str, question: str, of: str) -> Secret:
        given = self._environ.get(variable)
        if given:
            return Secret(given)
        if self._asking is None:
            raise SignInFailed(
                f"{question} is needed: put it into the variable {variable}, or sign in where it can be asked."
            )
        answer = self._asking(f"{question} of {of} (not shown)")
        if not len(answer):
            raise SignInFailed(f"{question} was not given; nobody is signed in.")
        return answer

    def _remember(self, claims: dict[str, Any]) -> None:
        if claims.get("oid"):
            name = claims.get("app_displayname")
            told = f"application {name} ({self._client})" if name else f"application {self._client}"
            self._operator = Operator(str(claims["oid"]), told, str(claims.get("tid", "")), True)
