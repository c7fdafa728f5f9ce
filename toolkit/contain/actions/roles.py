"""Rights in the organisation: directory roles, and the risk that Entra is told of."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.shapes import Removed, Row, WithId, cmdlet, listed
from toolkit.contain.readings import READINGS
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.graph import graph_call


class RemoveRole(WithId, Removed):
    """`DELETE /roleManagement/directory/roleAssignments/{id}`, Graph v1.0, answered 204. Undo: POST as it stood."""

    kind = "remove-role"
    titled = "Take away the directory role {name}"
    reading = "roles"
    reason = "With a role the intruder can undo every other step, and touch other accounts."
    effect = "The account no longer has the role; it is recorded for giving back."
    does_not = "It leaves roles that can be activated on request (PIM), role groups of Exchange, and group memberships."
    residual = "Services notice between minutes and a day later; revoking sessions makes them act now."
    permission = "RoleManagement.ReadWrite.Directory"
    role = "Privileged Role Administrator"
    undo_note = "Undo gives the role again."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return f"{row.get('roleDefinitionId')}|{row.get('directoryScopeId')}"

    def call(self, cloud: Cloud, target: Target) -> Call:
        return graph_call(cloud, "DELETE", f"/roleManagement/directory/roleAssignments/{self.row_id}")

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        body = {name: row.get(name) for name in ("principalId", "roleDefinitionId")}
        body["directoryScopeId"] = row.get("directoryScopeId") or "/"
        return graph_call(cloud, "POST", "/roleManagement/directory/roleAssignments", body)

    def in_words(self, row: Row) -> str:
        return str((row.get("roleDefinition") or {}).get("displayName") or row.get("roleDefinitionId"))


class RemoveOwnership(Removed):
    """`DELETE /groups/{id}/owners/{id}/$ref`, Graph v1.0, answered 204. No undo by a call."""

    kind = "remove-ownership"
    titled = "Take away the ownership of the group {name}"
    reading = "owned objects"
    reason = "An owner adds members: themselves, or another account, to what the group opens."
    effect = "The account no longer owns the group; it is recorded for giving back."
    does_not = "It leaves memberships. The last owner of a group cannot be taken away: the service refuses."
    residual = "Whoever was added to the group stays in it."
    permission = "Group.ReadWrite.All"
    role = "Groups Administrator or User Administrator"
    undo_note = "No undo from here: another owner adds the account again."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("id"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        # Without `$ref` the account itself would be deleted, where that is allowed.
        return graph_call(cloud, "DELETE", f"/groups/{self.identity}/owners/{target.object_id}/$ref")

    def in_words(self, row: Row) -> str:
        return str(row.get("mail") or row.get("displayName") or "a group")


class LeaveGroup(Removed):
    """`DELETE /groups/{id}/members/{id}/$ref`, Graph v1.0, answered 204. Undo: POST members/$ref."""

    kind = "leave-group"
    titled = "Take the account out of the group {name}"
    reading = "groups"
    reason = "A group that the account was put into opens what it should not see."
    effect = "The account no longer has what the group opens."
    does_not = "It ends no session: services notice between two hours and a day later, unless sessions are revoked."
    residual = "What was read or copied by it stays read."
    permission = "GroupMember.ReadWrite.All"
    role = "Groups Administrator or User Administrator"
    undo_note = "Undo puts the account into the group again."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("id"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        # Without `$ref` the account itself would be deleted, where that is allowed.
        return graph_call(cloud, "DELETE", f"/groups/{self.identity}/members/{target.object_id}/$ref")

    def made_again(self, cloud: Cloud, target: Target, row: Row) -> Call | None:
        body = {"@odata.id": f"{cloud.graph}/v1.0/directoryObjects/{target.object_id}"}
        return graph_call(cloud, "POST", f"/groups/{self.identity}/members/$ref", body)

    def in_words(self, row: Row) -> str:
        return str(row.get("mail") or row.get("description") or row.get("displayName") or "a group")


class LeaveRoleGroup(Removed):
    """`Remove-RoleGroupMember -Identity -Member -Confirm:$false`. No undo by a call."""

    kind = "leave-role-group"
    titled = "Take the account out of the role group {name}"
    reading = "role groups"
    reason = "Role groups of Exchange open other mailboxes, searches and mail flow; directory roles do not show them."
    effect = "The account no longer has the rights of the group; it is recorded for giving back."
    does_not = "It leaves directory roles, and what was done with the rights."
    residual = "It takes up to an hour to work."
    permission = "Exchange.Manage"
    role = "Organization Management, or whoever manages the role group"
    undo_note = "No undo from here: Add-RoleGroupMember, by whoever manages the group."

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("Name") or row.get("Identity"))

    def call(self, cloud: Cloud, target: Target) -> Call:
        return cmdlet(
            cloud, target, "Remove-RoleGroupMember", Identity=self.identity, Member=target.user_principal_name,
            Confirm=False,
        )  # fmt: skip

    def in_words(self, row: Row) -> str:
        return f"with the roles {listed(row.get('Roles'))[:160]}" if row.get("Roles") else "a role group"


class ConfirmCompromised(Action):
    """`POST /identityProtection/riskyUsers/confirmCompromised`, Graph v1.0, answered 204. Undo: dismiss."""

    kind = key = "confirm-compromised"
    title = "Tell Entra that the account is compromised"
    reason = "Risk policies then act, and Microsoft's detection learns. After the password, or it may block the way."
    effect = "The account's risk is high, and policies that ask for it block or challenge."
    does_not = "It changes no password and ends no session by itself."
    residual = "Without risk policies (P2) it is a note."
    permission = "IdentityRiskyUser.ReadWrite.All"
    role = "Security Operator or Security Administrator"
    undo_note = "Undo dismisses the risk."

    def read(self, tenant: Tenant, target: Target) -> State:
        found = READINGS["risk"].read(tenant, target)
        row = next((r for r in found.rows if r.get("id") == target.object_id), {})
        return State({"riskState": row.get("riskState"), "riskLevel": row.get("riskLevel")}, found.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._tell(cloud, target, "confirmCompromised")

    def before(self, values: dict[str, Any]) -> str:
        return f"riskState: {values.get('riskState') or 'none'}, riskLevel: {values.get('riskLevel') or 'none'}"

    def after(self) -> str:
        return "riskState: confirmedCompromised"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("riskState") == "confirmedCompromised"

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        return self._tell(cloud, target, "dismiss")

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return now.values.get("riskState") == "dismissed"

    def _tell(self, cloud: Cloud, target: Target, what: str) -> Call:
        return graph_call(cloud, "POST", f"/identityProtection/riskyUsers/{what}", {"userIds": [target.object_id]})
