"""The sign-in service: discovery, device code and token endpoint, as MSAL speaks to them."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import datetime, timedelta

from toolkit.practice.clock import Clock
from toolkit.practice.http import Answer, Request
from toolkit.practice.names import Record
from toolkit.practice.people import DOMAIN, INITIAL_DOMAIN, TENANT_ID, people
from toolkit.practice.scenario import CLIENT_ID
from toolkit.practice.tokens import LIFETIME, Tokens

TENANT_NAMES = (TENANT_ID, DOMAIN, INITIAL_DOMAIN)
_CLIENTS = (CLIENT_ID, "fb78d390-0c51-40cd-8e17-fdbfab77341b", "14d82eec-204b-4c2f-b7e8-296a70dab67e")
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_CODE_LIFETIME = timedelta(minutes=15)


class Login:
    """Signs the operator or the application in. Codes and refresh tokens live in memory, end with the process."""

    def __init__(self, url: str, clock: Clock, tokens: Tokens) -> None:
        self._url, self._clock, self._tokens = url, clock, tokens
        self._codes: dict[str, tuple[str, str, datetime]] = {}
        self._refresh: dict[str, str] = {}

    def serves(self, path: str) -> bool:
        """Whether the path belongs to the sign-in service."""
        return path.endswith("/v2.0/.well-known/openid-configuration") or "/oauth2/v2.0/" in path

    def answer(self, request: Request) -> Answer:
        """The answer to a request for which `serves` is true; errors are OAuth's, with AADSTS numbers."""
        tenant, _, rest = request.path.strip("/").partition("/")
        if tenant.lower() not in TENANT_NAMES:
            return _error("invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        if rest == "v2.0/.well-known/openid-configuration":
            return Answer(200, self._discovery()) if request.method == "GET" else Answer(405)
        if request.method != "POST":
            return _error("invalid_request", 900561, "The endpoint only accepts POST requests.")
        if request.form.get("client_id") not in _CLIENTS:
            return _error("unauthorized_client", 700016, "Application was not found in the directory 'Contoso'.")
        if rest == "oauth2/v2.0/devicecode":
            return self._device_code(request.form)
        if rest == "oauth2/v2.0/token":
            return self._token(request.form)
        return _error("invalid_request", 900144, "This endpoint is not part of the practice tenant.")

    def _discovery(self) -> Record:
        base = f"{self._url}/{TENANT_ID}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }

    def _device_code(self, form: dict[str, str]) -> Answer:
        if self._tokens.resource_of_scope(form.get("scope", "")) is None:
            return _error("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
        code = secrets.token_urlsafe(32)
        self._codes[code] = (form["client_id"], form["scope"], self._clock.now() + _CODE_LIFETIME)
        user_code = secrets.token_hex(5)[:9].upper()
        page = f"{self._url}/common/oauth2/deviceauth"
        return Answer(
            200,
            {
                "user_code": user_code,
                "device_code": code,
                "verification_uri": page,
                "expires_in": int(_CODE_LIFETIME.total_seconds()),
                "interval": 5,
                "message": f"To sign in, use a web browser to open the page {page} and enter the code "
                f"{user_code} to authenticate. The practice tenant approves by itself.",
            },
        )

    def _token(self, form: dict[str, str]) -> Answer:
        now = self._clock.now()
        grant, scope = form.get("grant_type", ""), form.get("scope", "")
        if grant == "client_credentials":
            return self._application(form, now)
        if grant == _DEVICE_CODE:
            client, asked, expires = self._codes.pop(form.get("device_code", ""), ("", "", now))
            scope = scope or asked
            if not client:
                return _error("invalid_grant", 70000, "The provided device code is not valid.")
            if expires <= now:
                return _error("expired_token", 70020, "The provided value for the device code has expired.")
        elif grant == "refresh_token":
            client = self._refresh.get(form.get("refresh_token", ""), "")
            if not client:
                return _error("invalid_grant", 50173, "The provided grant has expired due to it being revoked.")
        else:
            return _error("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if client != form["client_id"]:
            return _error("invalid_grant", 70000, "The grant was issued to another client.")
        wanted = self._tokens.resource_of_scope(scope)
        if wanted is None:
            return _error("invalid_resource", 500011, "The resource principal named in 'scope' was not found.")
        resource, audience = wanted
        refresh = "0." + secrets.token_urlsafe(48)
        self._refresh[refresh] = client
        return Answer(
            200,
            {
                "token_type": "Bearer",
                "scope": f"{audience}/.default",
                "expires_in": int(LIFETIME.total_seconds()),
                "ext_expires_in": int(LIFETIME.total_seconds()),
                "access_token": self._tokens.issue(resource, audience, client, now),
                "refresh_token": refresh,
                "id_token": self._id_token(client),
                "client_info": _client_info(),
            },
        )

    def _application(self, form: dict[str, str], now: datetime) -> Answer:
        """A token for the application itself; any certificate or secret is good."""
        if form["client_id"] != CLIENT_ID or not (form.get("client_assertion") or form.get("client_secret")):
            return _error("invalid_client", 7000215, "Invalid client secret provided.")
        wanted = self._tokens.resource_of_scope(form.get("scope", ""))
        if wanted is None:
            return _error("invalid_resource", 500011, "The resource principal named in 'scope' was not found.")
        resource, audience = wanted
        lifetime = int(LIFETIME.total_seconds())
        token = self._tokens.issue(resource, audience, CLIENT_ID, now, app_only=True)
        body: Record = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
        return Answer(200, body | {"access_token": token})

    def _id_token(self, client: str) -> str:
        """Its times are real ones: MSAL compares them with the machine's clock, not with the tenant's."""
        operator, real = people()["operator"], int(time.time())
        return self._tokens.signed(
            {
                "aud": client,
                "iss": f"{self._url}/{TENANT_ID}/v2.0",
                "iat": real,
                "nbf": real,
                "exp": real + int(LIFETIME.total_seconds()),
                "name": operator.display_name,
                "oid": operator.id,
                "preferred_username": operator.upn,
                "sub": operator.id,
                "tid": TENANT_ID,
                "ver": "2.0",
            }
        )


def _client_info() -> str:
    info = json.dumps({"uid": people()["operator"].id, "utid": TENANT_ID})
    return base64.urlsafe_b64encode(info.encode()).decode().rstrip("=")


def _error(error: str, number: int, text: str) -> Answer:
    body: Record = {
        "error": error,
        "error_description": f"AADSTS{number}: {text}",
        "error_codes": [number],
    }
    return Answer(400, body)
