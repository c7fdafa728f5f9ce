"""An application of the organisation's own: registered, given its permissions, and removed again.

Source: Microsoft Graph reference, "application-post-applications", "serviceprincipal-post-serviceprincipals",
"oauth2permissiongrant-post", "serviceprincipal-post-approleassignedto", "application-delete".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.shapes import Row, quoted
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Rows, Tenant
from toolkit.tenant.graph import graph_call
from toolkit.tenant.permissions import REGISTRATION
from toolkit.tenant.registration import REDIRECT

DELEGATED, ROLE = "Scope", "Role"
EVERYBODY = "AllPrincipals"
_ADMINISTRATOR = "Cloud Application Administrator or Application Administrator"


class _Registering(Action):
    """What all of them share: they are sent for the organisation, and the directory takes its time to show them."""

    purpose = REGISTRATION
    hits_everybody = True
    patience = 120.0
    thing: ClassVar[str]

    def before(self, values: dict[str, Any]) -> str:
        row = values.get("row")
        return self.in_words(row) if row else f"no {self.thing}"

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        return super().changed(before.get("row") or {}, now.get("row") or {})

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("row") is not None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return now.values.get("row") is None

    def in_words(self, row: Row) -> str:
        """The thing as a person reads it."""
        raise NotImplementedError


class CreateApplication(_Registering):
    """`POST /applications`, answered 201. Undo: DELETE.

    `access` are the permissions, for each service its application id, the `kind` (Scope, Role) and the ids of the
    permissions as the tenant's own service principal offers them; `certificate` is the public part, in Base64.
    """

    kind = "create-application"
    thing = "application of this name"
    titled = "Register the application {name}"
    reason = "An application of your own asks for the permissions it needs, and only those you name can use it."
    effect = "The registration is there, for this organisation alone."
    does_not = "It can do nothing before it is consented to; no secret is made."
    residual = "It takes up to some minutes until all of the directory knows it."
    permission = "Application.ReadWrite.All"
    role = _ADMINISTRATOR
    undo_note = "Undo deletes the application; Entra keeps it for thirty days, to be restored"

    def __init__(
        self, name: str, tags: Sequence[str], access: Sequence[Row], kind_of: str = DELEGATED, certificate: str = ""
    ) -> None:
        self.name, self.tags, self.access = name, list(tags), [dict(one) for one in access]
        self.kind_of, self.certificate = kind_of, certificate
        self.key = f"{self.kind}:{name}"
        self.title = self.titled.format(name=quoted(name))

    @property
    def about(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tags": self.tags,
            "access": self.access,
            "kind_of": self.kind_of,
            "certificate": self.certificate,
        }

    def read(self, tenant: Tenant, target: Target) -> State:
        found = applications(tenant, "displayName", self.name)
        return State({"applications": [in_short(row) for row in found.rows]}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        body: Row = {
            "displayName": self.name,
            "signInAudience": "AzureADMyOrg",
            "tags": self.tags,
            "requiredResourceAccess": [
                {
                    "resourceAppId": one["service"],
                    "resourceAccess": [{"id": number, "type": self.kind_of} for number in one["ids"]],
                }
                for one in self.access
            ],
        }
        if self.kind_of == DELEGATED:
            body |= {"isFallbackPublicClient": True, "publicClient": {"redirectUris": [REDIRECT]}}
        if self.certificate:
            key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": self.certificate, "displayName": self.name}
            body["keyCredentials"] = [key]
        return graph_call(cloud, "POST", "/applications", body)

    def before(self, values: dict[str, Any]) -> str:
        rows = values.get("applications") or []
        return "; ".join(f"application id {row['appId']}" for row in rows) or f"no {self.thing}"

    def after(self) -> str:
        return "one application of this name, with the toolkit's mark"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return len(self._ours(now.values)) == 1

    def changed(self, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        ids = [[row["id"] for row in values.get("applications") or []] for values in (before, now)]
        return [] if ids[0] == ids[1] else ["the applications of this name are others"]

    def undo_of(self, cloud: Cloud, target: Target, before: dict[str, Any], now: dict[str, Any]) -> Call | None:
        there = {row["id"] for row in before.get("applications") or []}
        made = [row["id"] for row in self._ours(now) if row["id"] not in there]
        return graph_call(cloud, "DELETE", f"/applications/{made[0]}") if len(made) == 1 else None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return not self._ours(now.values)

    def _ours(self, values: dict[str, Any]) -> list[Row]:
        return [row for row in values.get("applications") or [] if set(self.tags) <= set(row["tags"])]


class CreateServicePrincipal(_Registering):
    """`POST /servicePrincipals`, answered 201. Undo: DELETE. `assigned_only`: only assigned people may use it."""

    kind = "create-service-principal"
    thing = "enterprise application"
    titled = "Make the enterprise application of {name}"
    reason = "Without it nobody can sign in through the application, and nothing can be consented to."
    effect = "The application stands among the enterprise applications; only people assigned to it can use it."
    does_not = "It gives no permission."
    residual = "It takes up to some minutes until permissions can be given to it."
    permission = "Application.ReadWrite.All"
    role = _ADMINISTRATOR
    undo_note = "Undo deletes the enterprise application, with every consent to it"

    def __init__(self, app_id: str, name: str = "", assigned_only: bool = True) -> None:
        self.app_id, self.name, self.assigned_only = app_id, name, assigned_only
        self.key = f"{self.kind}:{app_id}"
        self.title = self.titled.format(name=quoted(name))

    @property
    def about(self) -> dict[str, Any]:
        return {"app_id": self.app_id, "name": self.name, "assigned_only": self.assigned_only}

    def read(self, tenant: Tenant, target: Target) -> State:
        found = principals(tenant, self.app_id)
        names = ("id", "appId", "displayName", "appRoleAssignmentRequired")
        return State({"row": {name: found.rows[0].get(name) for name in names} if found.rows else None}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        body = {"appId": self.app_id} | ({"appRoleAssignmentRequired": True} if self.assigned_only else {})
        return graph_call(cloud, "POST", "/servicePrincipals", body)

    def after(self) -> str:
        return "an enterprise application" + (", for assigned people only" if self.assigned_only else "")

    def in_words(self, row: Row) -> str:
        return f"enterprise application {row.get('id')}"

    def undo_of(self, cloud: Cloud, target: Target, before: dict[str, Any], now: dict[str, Any]) -> Call | None:
        row = now.get("row")
        return graph_call(cloud, "DELETE", f"/servicePrincipals/{row['id']}") if row and not before.get("row") else None


class GrantConsent(_Registering):
    """`POST /oauth2PermissionGrants` for everybody, answered 201. Undo: DELETE.

    `client` and `resource` are service principals by object id, `scopes` the names of the permissions.
    """

    kind = "grant-consent"
    thing = "consent"
    titled = "Consent for the organisation to {name}"
    reason = "Consent by an administrator, once, so that nobody else is asked, and nobody else has to be able to."
    effect = "Who signs in through the application can use these permissions, within what their own role allows."
    does_not = "It gives nobody a right they do not have."
    residual = "It works within minutes."
    permission = "DelegatedPermissionGrant.ReadWrite.All"
    role = _ADMINISTRATOR
    undo_note = "Undo takes the consent back"

    def __init__(self, client: str, resource: str, scopes: Sequence[str], name: str = "") -> None:
        self.client, self.resource, self.scopes, self.name = client, resource, sorted(scopes), name
        self.key = f"{self.kind}:{client}:{resource}"
        self.title = self.titled.format(name=f"{len(self.scopes)} permissions of {name}")

    @property
    def about(self) -> dict[str, Any]:
        return {"client": self.client, "resource": self.resource, "scopes": self.scopes, "name": self.name}

    def read(self, tenant: Tenant, target: Target) -> State:
        found = consents(tenant, self.client)
        row = next((one for one in found.rows if one.get("resourceId") == self.resource), None)
        kept = {"id": row.get("id"), "scope": " ".join(sorted(str(row.get("scope") or "").split()))} if row else None
        return State({"row": kept}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        body = {
            "clientId": self.client,
            "consentType": EVERYBODY,
            "resourceId": self.resource,
            "scope": " ".join(self.scopes),
        }
        return graph_call(cloud, "POST", "/oauth2PermissionGrants", body)

    def after(self) -> str:
        return f"for everybody: {' '.join(self.scopes)}"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return set(self.scopes) <= set(str((now.values.get("row") or {}).get("scope") or "").split())

    def in_words(self, row: Row) -> str:
        return f"for everybody: {row.get('scope')}"

    def undo_of(self, cloud: Cloud, target: Target, before: dict[str, Any], now: dict[str, Any]) -> Call | None:
        row = now.get("row")
        if not row or before.get("row"):
            return None
        return graph_call(cloud, "DELETE", f"/oauth2PermissionGrants/{row['id']}")


class GrantAppRole(_Registering):
    """`POST /servicePrincipals/{resource}/appRoleAssignedTo`, answered 201. Undo: DELETE.

    `client` and `resource` are service principals by object id, `app_role` the id of the permission.
    """

    kind = "grant-app-role"
    thing = "consent"
    titled = "Consent for the application on its own: {name}"
    reason = "An app that works on its own has only what an administrator gave to it."
    effect = "The application can use this permission at any time, without a person."
    does_not = "It gives no directory role, which Exchange wants besides."
    residual = "It works in tokens issued from now on."
    permission = "AppRoleAssignment.ReadWrite.All and Application.Read.All"
    role = "Privileged Role Administrator"
    undo_note = "Undo takes the permission away"

    def __init__(self, client: str, resource: str, app_role: str, name: str = "") -> None:
        self.client, self.resource, self.app_role, self.name = client, resource, app_role, name
        self.key = f"{self.kind}:{client}:{resource}:{app_role}"
        self.title = self.titled.format(name=name or app_role)

    @property
    def about(self) -> dict[str, Any]:
        return {"client": self.client, "resource": self.resource, "app_role": self.app_role, "name": self.name}

    def read(self, tenant: Tenant, target: Target) -> State:
        found = assignments(tenant, self.client)
        wanted = (self.resource, self.app_role)
        row = next((r for r in found.rows if (r.get("resourceId"), r.get("appRoleId")) == wanted), None)
        return State({"row": {"id": row.get("id")} if row else None}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        body = {"principalId": self.client, "resourceId": self.resource, "appRoleId": self.app_role}
        return graph_call(cloud, "POST", f"/servicePrincipals/{self.resource}/appRoleAssignedTo", body)

    def after(self) -> str:
        return "given"

    def in_words(self, row: Row) -> str:
        return self.after()

    def undo_of(self, cloud: Cloud, target: Target, before: dict[str, Any], now: dict[str, Any]) -> Call | None:
        row = now.get("row")
        if not row or before.get("row"):
            return None
        return graph_call(cloud, "DELETE", f"/servicePrincipals/{self.resource}/appRoleAssignedTo/{row['id']}")


class RemoveApplication(_Registering):
    """`DELETE /applications/{id}`, answered 204; its service principal goes with it. No undo from here."""

    kind = "remove-application"
    thing = "application"
    titled = "Remove the application {name}"
    reason = "An application that nobody needs any more is a door that nobody watches."
    effect = "Nobody can sign in through it, and it gets no tokens; its consents and its certificate go with it."
    does_not = "It tidies up no directory role that was given to the application by hand."
    residual = "Tokens already issued live up to 90 minutes."
    permission = "Application.ReadWrite.All"
    role = _ADMINISTRATOR
    undo_note = "No undo from here: Entra keeps it for thirty days under Deleted applications"

    def __init__(self, object_id: str, app_id: str, name: str = "") -> None:
        self.object_id, self.app_id, self.name = object_id, app_id, name
        self.key = f"{self.kind}:{app_id}"
        self.title = self.titled.format(name=quoted(name))

    @property
    def about(self) -> dict[str, Any]:
        return {"object_id": self.object_id, "app_id": self.app_id, "name": self.name}

    def read(self, tenant: Tenant, target: Target) -> State:
        found = applications(tenant, "appId", self.app_id)
        row = next((one for one in found.rows if one.get("id") == self.object_id), None)
        return State({"row": in_short(row) if row else None}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return graph_call(cloud, "DELETE", f"/applications/{self.object_id}")

    def after(self) -> str:
        return "not there any more"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("row") is None

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return now.values.get("row") is not None

    def in_words(self, row: Row) -> str:
        return f"{quoted(str(row.get('displayName') or ''))}, application id {row.get('appId')}"


def applications(tenant: Tenant, field: str, value: str) -> Rows:
    """Registrations whose `field` (displayName, appId) is exactly `value`."""
    return tenant.graph.rows("/applications", query={"$filter": f"{field} eq {_literal(value)}"})


def principals(tenant: Tenant, app_id: str) -> Rows:
    """The service principal of an application id, if the tenant has one."""
    return tenant.graph.rows("/servicePrincipals", query={"$filter": f"appId eq {_literal(app_id)}"})


def consents(tenant: Tenant, client: str) -> Rows:
    """What a service principal was consented to for everybody."""
    found = tenant.graph.rows("/oauth2PermissionGrants", query={"$filter": f"clientId eq {_literal(client)}"})
    return Rows([row for row in found.rows if row.get("consentType") == EVERYBODY], found.date)


def assignments(tenant: Tenant, client: str) -> Rows:
    """What a service principal may do on its own."""
    return tenant.graph.rows(f"/servicePrincipals/{client}/appRoleAssignments")


def in_short(row: Row) -> Row:
    """Of a registration what tells whether it is the one that is meant, in an order that does not change."""
    return {
        "id": row.get("id"),
        "appId": row.get("appId"),
        "displayName": row.get("displayName"),
        "tags": sorted(map(str, row.get("tags") or [])),
        "createdDateTime": row.get("createdDateTime"),
    }


def _literal(value: str) -> str:
    """A text as OData writes it."""
    return "'" + value.replace("'", "''") + "'"
