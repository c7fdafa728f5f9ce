"""Access tokens of the practice tenant: shaped like Entra's, signed with a key that lives in memory only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from toolkit.practice.http import Refused
from toolkit.practice.names import Record
from toolkit.practice.people import DRAW, TENANT_ID, Person, people

GRAPH = "graph"
EXCHANGE = "exchange"
MANAGE = "manage"
LOGS = "loganalytics"
LIFETIME = timedelta(minutes=75)
ROLES = {
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
}
SCOPES = {
    GRAPH: "Application.ReadWrite.All AppRoleAssignment.ReadWrite.All AuditLog.Read.All "
    "AuditLogsQuery.Read.All ExchangeMessageTrace.Read.All IdentityRiskEvent.Read.All "
    "DelegatedPermissionGrant.ReadWrite.All Device.Read.All Directory.AccessAsUser.All Directory.Read.All "
    "Domain.Read.All Group.ReadWrite.All GroupMember.ReadWrite.All IdentityRiskyUser.ReadWrite.All "
    "MailboxSettings.ReadWrite Organization.Read.All Policy.Read.All Policy.ReadWrite.AuthenticationMethod "
    "Policy.ReadWrite.ConditionalAccess RoleEligibilitySchedule.ReadWrite.Directory "
    "RoleManagement.ReadWrite.Directory SecurityEvents.Read.All SecurityEvents.ReadWrite.All "
    "User.EnableDisableAccount.All User.Read.All User.RevokeSessions.All User-PasswordProfile.ReadWrite.All "
    "UserAuthenticationMethod.Read.All UserAuthenticationMethod.ReadWrite.All UserAuthMethod-TAP.ReadWrite.All",
    EXCHANGE: "Exchange.Manage",
    MANAGE: "ActivityFeed.Read ActivityFeed.ReadDlp ServiceHealth.Read",
    LOGS: "Data.Read",
}
_DELEGATED_ONLY = ("Directory.AccessAsUser.All", "Exchange.Manage")
_APP_ONLY = {
    GRAPH: ("Device.ReadWrite.All", "Mail.ReadBasic.All"),
    EXCHANGE: ("Exchange.ManageAsApp",),
    MANAGE: (),
    LOGS: (),
}
_WELL_KNOWN = {
    "https://graph.microsoft.com": GRAPH,
    "00000003-0000-0000-c000-000000000000": GRAPH,
    "https://outlook.office365.com": EXCHANGE,
    "00000002-0000-0ff1-ce00-000000000000": EXCHANGE,
    "https://manage.office.com": MANAGE,
    "c5393580-f805-4401-95e8-94b7a6ef2fc2": MANAGE,
    "https://api.loganalytics.azure.com": LOGS,
    "https://api.loganalytics.io": LOGS,
}


def scopes_of(claims: Record) -> frozenset[str]:
    """The permissions that a token carries: delegated scopes, or an application's roles."""
    return frozenset(claims["roles"] if claims["idtyp"] == "app" else str(claims["scp"]).split())


class Tokens:
    """Issues and checks tokens of the operator and of the application. Nothing here is ever written to a file."""

    def __init__(self, url: str) -> None:
        self._key = secrets.token_bytes(32)
        self._url = url
        self._generation = 0
        self._withheld: frozenset[str] = frozenset()
        self._further: tuple[str, ...] = ()
        self._roles: list[str] | None = None
        self._audiences = _WELL_KNOWN | {f"{url}/{name}": name for name in SCOPES} | {url: GRAPH}

    def resource_of_scope(self, scope: str) -> tuple[str, str] | None:
        """(`graph` or `exchange`, audience) for the first scope that names a resource, else None."""
        for part in scope.split():
            audience, slash, _ = part.rpartition("/")
            if slash and audience in self._audiences:
                return self._audiences[audience], audience
        return None

    def issue(
        self,
        resource: str,
        audience: str,
        client_id: str,
        now: datetime,
        *,
        app_only: bool = False,
        person: Person | None = None,
        names: frozenset[str] | None = None,
        revocable: bool = False,
    ) -> str:
        """An access token of a person (the operator), or of the application itself. Times in it are the tenant's.

        `names` are the permissions that were asked for (None: all); `revocable` says that the client understands
        claims challenges.
        """
        claims: Record = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "appid": client_id,
            "idtyp": "app" if app_only else "user",
            "tid": TENANT_ID,
            "ver": "1.0",
            "gen": self._generation,
        }
        if app_only:
            roles = [*(name for name in self._offered(resource) if name not in _DELEGATED_ONLY), *_APP_ONLY[resource]]
            granted = [name for name in roles if name not in self._withheld]
            named = {"app_displayname": "Mailbox Response", "oid": DRAW.uuid("client principal")}
            return self.signed(claims | named | {"roles": granted})
        who = person or people()["operator"]
        asked = [name for name in self._offered(resource) if names is None or name in names]
        capabilities = {"xms_cc": ["CP1"]} if revocable else {}
        return self.signed(
            claims
            | capabilities
            | {
                "name": who.display_name,
                "oid": who.id,
                "scp": " ".join(name for name in asked if name not in self._withheld),
                "unique_name": who.upn,
                "upn": who.upn,
                "wids": self._roles if self._roles is not None else [ROLES[who.role]] if who.role in ROLES else [],
            }
        )

    def _offered(self, resource: str) -> list[str]:
        return [*SCOPES[resource].split(), *(self._further if resource == GRAPH else ())]

    def consent(self, *names: str) -> None:
        """Tokens for Graph from now on carry these permissions too; those given out so far are expired."""
        self._further += names
        self.expire_all()

    def give_roles(self, *ids: str) -> None:
        """People who sign in from now on hold these directory roles (ids), whatever the directory says."""
        self._roles = list(ids)
        self.expire_all()

    def signed(self, claims: Record) -> str:
        """A JSON Web Token with these claims."""
        head = _part({"typ": "JWT", "alg": "HS256"}) + "." + _part(claims)
        return head + "." + _encode(hmac.new(self._key, head.encode(), hashlib.sha256).digest())

    def expire_all(self) -> None:
        """Every access token issued so far counts as expired; refresh tokens stay good."""
        self._generation += 1

    @property
    def withheld(self) -> frozenset[str]:
        """What was withheld: permissions, and cmdlets too."""
        return self._withheld

    def withhold(self, *names: str) -> None:
        """Tokens from now on lack these permissions; those given out so far are expired."""
        self._withheld |= set(names)
        self.expire_all()

    def check(self, header: str, resource: str, now: datetime) -> Record:
        """The claims of a bearer token that is good for the resource. Raises `Refused` (401) otherwise."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorised("Access token is empty.")
        head, _, signature = token.rpartition(".")
        expected = _encode(hmac.new(self._key, head.encode(), hashlib.sha256).digest())
        if not hmac.compare_digest(expected, signature):
            raise _unauthorised("IDX14100: JWT is not well formed, there are no dots (.).")
        body = head.rpartition(".")[2]
        claims: Record = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if self._audiences.get(str(claims["aud"])) != resource:
            raise _unauthorised("Access token validation failure. Invalid audience.")
        if claims["exp"] <= now.timestamp() or claims["gen"] != self._generation:
            raise _unauthorised("Lifetime validation failed, the token is expired.")
        return claims


def _unauthorised(text: str) -> Refused:
    challenge = f'Bearer realm="", authorization_uri="https://login.microsoftonline.com/{TENANT_ID}"'
    return Refused(401, "InvalidAuthenticationToken", text, headers={"WWW-Authenticate": challenge})


def _part(value: Record) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
