"""The sign-in service: discovery, device code, browser and token endpoint, as MSAL speaks to them."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import datetime, timedelta

from toolkit.practice import login_browser
from toolkit.practice.clock import Clock
from toolkit.practice.http import Answer, Request
from toolkit.practice.login_apps import Credentials
from toolkit.practice.names import Record
from toolkit.practice.people import DOMAIN, INITIAL_DOMAIN, TENANT_ID, Person, people
from toolkit.practice.scenario import CLIENT_ID
from toolkit.practice.tokens import LIFETIME, Tokens

TENANT_NAMES = (TENANT_ID, DOMAIN, INITIAL_DOMAIN)
_HOME = ("organizations", "common")
"""Names under which a person's own organisation is found; everybody here belongs to this tenant."""
_CLIENTS = (CLIENT_ID, "fb78d390-0c51-40cd-8e17-fdbfab77341b", "14d82eec-204b-4c2f-b7e8-296a70dab67e")
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_CODE_LIFETIME = timedelta(minutes=15)
APPROVES, WAITS, DECLINES = "approves", "waits", "declines"


class Login:
    """Signs the operator or the application in. Codes and refresh tokens live in memory, end with the process.

    What a test or an exercise may set: `behaviour`, what the person does with a code or in the browser (`APPROVES`
    at once, `WAITS` and never comes, `DECLINES`); `person`, who it is (a key of `people`); `interval`, the seconds
    between two questions after a device code; `consented`, the permissions that an administrator has consented to
    (None: all of them); `credentials`, what the application proves itself with. `claims` is what was asked of
    tokens so far, oldest first.
    """

    def __init__(self, url: str, clock: Clock, tokens: Tokens) -> None:
        self._url, self._clock, self._tokens = url, clock, tokens
        self._codes: dict[str, tuple[str, str, datetime]] = {}
        self._browser_codes: dict[str, login_browser.Code] = {}
        self._refresh: dict[str, tuple[str, str]] = {}
        self._refusals: list[tuple[str, int, str]] = []
        self.behaviour = APPROVES
        self.person = "operator"
        self.interval = 5
        self.consented: frozenset[str] | None = None
        self.credentials = Credentials()
        self.claims: list[str] = []

    def refuse_next(self, number: int, text: str = "Ordered by a test.", *, error: str = "invalid_grant") -> None:
        """The next request for a token is refused with this AADSTS number."""
        self._refusals.append((error, number, text))

    def forget_people(self) -> None:
        """Refresh tokens given out so far are worth nothing, as after the person's sessions were ended."""
        self._refresh.clear()

    def serves(self, path: str) -> bool:
        """Whether the path belongs to the sign-in service."""
        return path.endswith("/v2.0/.well-known/openid-configuration") or "/oauth2/v2.0/" in path

    def answer(self, request: Request) -> Answer:
        """The answer to a request for which `serves` is true; errors are OAuth's, with AADSTS numbers."""
        tenant, _, rest = request.path.strip("/").partition("/")
        if tenant.lower() not in (*TENANT_NAMES, *_HOME):
            return _error("invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        if rest == "v2.0/.well-known/openid-configuration":
            return Answer(200, self._discovery()) if request.method == "GET" else Answer(405)
        asked = request.query if rest == "oauth2/v2.0/authorize" else request.form
        if asked.get("client_id") not in _CLIENTS:
            return _error("unauthorized_client", 700016, "Application was not found in the directory 'Contoso'.")
        if rest == "oauth2/v2.0/authorize" and request.method == "GET":
            return self._authorize(request)
        if request.method != "POST":
            return _error("invalid_request", 900561, "The endpoint only accepts POST requests.")
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
                "interval": self.interval,
                "message": f"To sign in, use a web browser to open the page {page} and enter the code "
                f"{user_code} to authenticate. The practice tenant approves by itself.",
            },
        )

    def _authorize(self, request: Request) -> Answer:
        """The page in the browser: the practice tenant signs the person in without asking."""
        query = request.query
        problem = login_browser.problem(query)
        if not problem and self._tokens.resource_of_scope(query.get("scope", "")) is None:
            problem = "AADSTS70011: The provided value for the input parameter 'scope' is not valid."
        if problem:
            return login_browser.error_page(problem)
        if self.behaviour == DECLINES:
            text = "AADSTS65004: User declined to consent to access the app."
            return login_browser.page(request, {"error": "access_denied", "error_description": text})
        code = login_browser.new_code()
        self._browser_codes[code] = login_browser.Code(
            query["client_id"],
            query["scope"],
            query["redirect_uri"],
            query["code_challenge"],
            query.get("nonce", ""),
            self._clock.now() + login_browser.CODE_LIFETIME,
        )
        self._note(query)
        return login_browser.page(request, {"code": code})

    def _token(self, form: dict[str, str]) -> Answer:
        now = self._clock.now()
        self._note(form)
        if self._refusals:
            return _error(*self._refusals.pop(0))
        grant, scope, nonce, person = form.get("grant_type", ""), form.get("scope", ""), "", self.person
        if grant == "client_credentials":
            return self._application(form, now)
        if grant == _DEVICE_CODE:
            client, asked, expires = self._codes.get(form.get("device_code", ""), ("", "", now))
            scope = scope or asked
            if not client:
                return _error("invalid_grant", 70000, "The provided device code is not valid.")
            if expires <= now:
                return _error("expired_token", 70020, "The provided value for the device code has expired.")
            if self.behaviour == WAITS:
                return _error("authorization_pending", 70016, "Pending end-user authorization.")
            self._codes.pop(form["device_code"])
            if self.behaviour == DECLINES:
                return _error("authorization_declined", 70018, "The user declined the authorization.")
        elif grant == "authorization_code":
            code = self._browser_codes.pop(form.get("code", ""), None)
            if code is None or code.until <= now or not login_browser.matches(code, form):
                return _error("invalid_grant", 70008, "The provided authorization code is expired or not valid.")
            client, scope, nonce = code.client, scope or code.scope, code.nonce
        elif grant == "refresh_token":
            client, person = self._refresh.get(form.get("refresh_token", ""), ("", ""))
            if not client:
                return _error("invalid_grant", 50173, "The provided grant has expired due to it being revoked.")
        else:
            return _error("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if client != form["client_id"]:
            return _error("invalid_grant", 70000, "The grant was issued to another client.")
        return self._issued(client, scope, form.get("claims", ""), nonce, people()[person], person, now)

    def _issued(
        self, client: str, scope: str, claims: str, nonce: str, person: Person, key: str, now: datetime
    ) -> Answer:
        wanted = self._tokens.resource_of_scope(scope)
        if wanted is None:
            return _error("invalid_resource", 500011, "The resource principal named in 'scope' was not found.")
        resource, audience = wanted
        names = frozenset(part.rpartition("/")[2] for part in scope.split() if part.rpartition("/")[0] == audience) - {
            ".default"
        }
        if self.consented is not None and not names <= self.consented:
            text = "The user or administrator has not consented to use the application."
            return _error("invalid_grant", 65001, text, suberror="consent_required")
        refresh = "0." + secrets.token_urlsafe(48)
        self._refresh[refresh] = (client, key)
        revocable = "CP1" in claims
        token = self._tokens.issue(
            resource, audience, client, now, person=person, names=names or None, revocable=revocable
        )
        return Answer(
            200,
            {
                "token_type": "Bearer",
                "scope": " ".join(f"{audience}/{name}" for name in sorted(names) or [".default"]),
                "expires_in": int(LIFETIME.total_seconds()),
                "ext_expires_in": int(LIFETIME.total_seconds()),
                "access_token": token,
                "refresh_token": refresh,
                "id_token": self._id_token(client, person, nonce),
                "client_info": _client_info(person),
            },
        )

    def _application(self, form: dict[str, str], now: datetime) -> Answer:
        """A token for the application itself, if what it proves itself with is good."""
        base = f"{self._url}/{TENANT_ID}"
        audiences = (f"{base}/oauth2/v2.0/token", f"{base}/v2.0")
        if form["client_id"] != CLIENT_ID:
            return _error("invalid_client", 7000218, "Only the practice tenant's own application has a secret.", 401)
        problem = self.credentials.problem(form, CLIENT_ID, audiences)
        if problem:
            return _error("invalid_client", *problem, 401)
        wanted = self._tokens.resource_of_scope(form.get("scope", ""))
        if wanted is None:
            return _error("invalid_resource", 500011, "The resource principal named in 'scope' was not found.")
        resource, audience = wanted
        lifetime = int(LIFETIME.total_seconds())
        token = self._tokens.issue(resource, audience, CLIENT_ID, now, app_only=True)
        body: Record = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
        return Answer(200, body | {"access_token": token})

    def _id_token(self, client: str, person: Person, nonce: str) -> str:
        """Its times are real ones: MSAL compares them with the machine's clock, not with the tenant's."""
        real = int(time.time())
        claims: Record = {
            "aud": client,
            "iss": f"{self._url}/{TENANT_ID}/v2.0",
            "iat": real,
            "nbf": real,
            "exp": real + int(LIFETIME.total_seconds()),
            "name": person.display_name,
            "oid": person.id,
            "preferred_username": person.upn,
            "sub": person.id,
            "tid": TENANT_ID,
            "ver": "2.0",
        }
        return self._tokens.signed(claims | ({"nonce": nonce} if nonce else {}))

    def _note(self, form: dict[str, str]) -> None:
        if form.get("claims"):
            self.claims.append(form["claims"])


def _client_info(person: Person) -> str:
    info = json.dumps({"uid": person.id, "utid": TENANT_ID})
    return base64.urlsafe_b64encode(info.encode()).decode().rstrip("=")


def _error(error: str, number: int, text: str, status: int = 400, *, suberror: str = "") -> Answer:
    body: Record = {
        "error": error,
        "error_description": f"AADSTS{number}: {text}",
        "error_codes": [number],
    }
    return Answer(status, body | ({"suberror": suberror} if suberror else {}))
