"""Applications: consents and roles that outlive a new password, and the application itself."""

from __future__ import annotations

from toolkit.contain.action import State
from toolkit.contain.actions.shapes import Removed, Row, SwitchedOff, WithId
from toolkit.contain.readings import FOR_EVERYBODY, grants_for_everybody
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.graph import graph_call


class RemoveConsent(WithId, Removed):
    """`DELETE /oauth2PermissionGrants/{id}`, Microsoft Graph v1.0, answered 204. Undo: POST as it stood."""

    kind = "remove-consent"
    titled = "Remove the consent to {name}"
    reading = "grants"
    reason = "An application with a consent reads mail with tokens of its own, whatever the password is."
    effect = "The application gets no new tokens for this account."
    does_not = "It does not remove the application, and leaves the consents of others."
    residual = "Tokens already issued to the application live up to 90 minutes: revoke again afterwards."
    permission = "DelegatedPermissionGrant.ReadWrite.All"
    role = "Cloud Application Administrator or Application Administrator"
    undo_note = "Undo makes the consent anew, with the same permissions and another id."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return f"{row.get('clientId')}|{row.get('resourceId')}|{row.get('consentType')}"

    def call(self, cloud: Cloud, target: Target) -> Call:
        return graph_call(cloud, "DELETE", f"/oauth2PermissionGrants/{self.row_id}")

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        names = ("clientId", "consentType", "principalId", "resourceId", "scope")
        body = {name: row[name] for name in names if row.get(name) is not None}
        return graph_call(cloud, "POST", "/oauth2PermissionGrants", body)

    def in_words(self, row: Row) -> str:
        whose = "for everybody" if row.get("consentType") == "AllPrincipals" else "for this account"
        return f"{whose}: {str(row.get('scope') or '').strip() or 'no scope'}"

    def warnings(self, values: dict[str, object]) -> list[str]:
        row = values.get("row")
        everybody = isinstance(row, dict) and row.get("consentType") == "AllPrincipals"
        return ["It was given for everybody in the organisation: all of them lose it."] if everybody else []


class RemoveConsentOfEverybody(RemoveConsent):
    """The same call for a consent that an administrator gave for the whole organisation. Undo: POST as it stood."""

    kind = "remove-consent-of-everybody"
    titled = "Remove the consent of everybody to {name}"
    reading = FOR_EVERYBODY
    hits_everybody = True
    reason = "An application with a consent for everybody reads every mailbox whose owner it can make sign in."
    effect = "The application gets no new tokens for anybody who has not consented on their own."
    does_not = "It does not remove the application, and leaves the consents that people gave for themselves."
    undo_note = "Undo makes the consent for everybody anew, with the same permissions and another id."

    def read(self, tenant: Tenant, target: Target) -> State:
        # The applications' names, which the list has too, take a reading of all enterprise applications.
        found = grants_for_everybody(tenant)
        row = next((row for row in found.rows if self.identity_of(row) == self.identity), None)
        return State({"row": row}, found.date)


class RemoveAppRole(WithId, Removed):
    """`DELETE /users/{id}/appRoleAssignments/{id}`, Microsoft Graph v1.0, answered 204. Undo: POST as it stood."""

    kind = "remove-app-role"
    titled = "Remove the account from the application {name}"
    reading = "app roles"
    reason = "An assignment lets the account into an application that the intruder may have brought."
    effect = "The account may no longer use the application, where the application asks for an assignment."
    does_not = "It leaves the application and its consents."
    residual = "Sessions inside the application end when the application ends them."
    permission = "AppRoleAssignment.ReadWrite.All"
    role = "Cloud Application Administrator or Application Administrator"
    undo_note = "Undo assigns the same role again, with another id."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return f"{row.get('resourceId')}|{row.get('appRoleId')}"

    def call(self, cloud: Cloud, target: Target) -> Call:
        return graph_call(cloud, "DELETE", f"/users/{target.object_id}/appRoleAssignments/{self.row_id}")

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        body = {name: row.get(name) for name in ("principalId", "resourceId", "appRoleId")}
        return graph_call(cloud, "POST", f"/users/{target.object_id}/appRoleAssignments", body)

    def in_words(self, row: Row) -> str:
        since = str(row.get("createdDateTime") or "")[:19].replace("T", " ")
        return f"{row.get('resourceDisplayName') or 'an application'}{f', since {since} UTC' if since else ''}"


class DisableApp(SwitchedOff):
    """`PATCH /servicePrincipals/{id} {"accountEnabled": false}`, Microsoft Graph v1.0, answered 204. Undo: true."""

    kind = "disable-app"
    titled = "Disable the application {name} for everybody"
    reading = "apps"
    flag = "accountEnabled"
    hits_everybody = True
    reason = "Disabled it cannot come back by the next consent; deleted it can."
    effect = "Nobody in the organisation can use the application, and it gets no tokens."
    does_not = "It removes no consent and deletes nothing: the evidence stays."
    residual = "Tokens already issued live up to 90 minutes."
    permission = "Application.ReadWrite.All"
    role = "Cloud Application Administrator or Application Administrator"
    undo_note = "Undo enables the application again, for everybody."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("id"))

    def read(self, tenant: Tenant, target: Target) -> State:
        # Not from the list: without its consent the application is in no list of the account any more.
        answer = tenant.graph.get(f"/servicePrincipals/{self.identity}")
        row = {name: answer.data.get(name) for name in ("id", "appId", "displayName", "accountEnabled")}
        return State({"row": row}, answer.date)

    def switch(self, cloud: Cloud, target: Target, *, on: bool) -> Call:
        return graph_call(cloud, "PATCH", f"/servicePrincipals/{self.identity}", {"accountEnabled": on})

    def in_words(self, row: Row) -> str:
        return f"{row.get('displayName') or 'an application'}, application id {row.get('appId')}"
