"""What is read of an account before anything is changed: each list by name, from Graph or from Exchange."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from toolkit.contain.target import Target
from toolkit.errors import TenantAnswer
from toolkit.tenant import Rows, Tenant

HIDDEN = "hidden from the owner"  # our own words beside what the service says
NAMES = "names of those who may send on behalf"
ELSEWHERE = "rights elsewhere"
FOR_EVERYBODY = "consents for everybody"
APPLICATION = "application"
FEW_MAILBOXES = 200  # more are not asked one by one who may open them
Read = Callable[[Tenant, Target], Rows]


@dataclass(frozen=True)
class Reading:
    """One list: its `title` as a person reads it, and how it is asked for. `of_tenant`: it is not the account's alone.

    What `ask` gives may be a part of the list (`Rows.cut`).
    """

    title: str
    ask: Read
    of_tenant: bool = False

    def read(self, tenant: Tenant, target: Target) -> Rows:
        """The whole list.

        Raises:
            TenantAnswer: it was refused, or only a part of it came.
        """
        return self.ask(tenant, target).whole


def from_graph(path: str, *, version: str = "v1.0", query: dict[str, str] | None = None) -> Read:
    def read(tenant: Tenant, target: Target) -> Rows:
        filled = {name: value.format(id=target.object_id) for name, value in (query or {}).items()}
        return tenant.graph.rows(path.format(id=target.object_id), version=version, query=filled)

    return read


def from_exchange(name: str, mailbox: str = "Identity", **parameters: Any) -> Read:
    """A Get- cmdlet; `mailbox` names the parameter that takes the account, "" for a cmdlet about the tenant."""

    def read(tenant: Tenant, target: Target) -> Rows:
        given = ({mailbox: target.object_id} if mailbox else {}) | parameters
        return tenant.exchange.read_part(name, given, target.anchor)

    return read


def _devices(tenant: Tenant, target: Target) -> Rows:
    """Devices that the account registered or owns, each once."""
    found: dict[str, dict[str, Any]] = {}
    date = None
    for relation in ("registeredDevices", "ownedDevices"):
        rows = tenant.graph.rows(f"/users/{target.object_id}/{relation}")
        found |= {str(row.get("id")): row for row in rows.rows}
        date = rows.date
    return Rows(list(found.values()), date)


def _consented_apps(tenant: Tenant, target: Target) -> Rows:
    """The enterprise applications that the account consented to or is assigned to."""
    grants = tenant.graph.rows(f"/users/{target.object_id}/oauth2PermissionGrants").rows
    assigned = tenant.graph.rows(f"/users/{target.object_id}/appRoleAssignments").rows
    ids = dict.fromkeys([str(g["clientId"]) for g in grants] + [str(a["resourceId"]) for a in assigned])
    rows, date = [], None
    for principal in ids:
        answer = tenant.graph.get(f"/servicePrincipals/{principal}")
        rows.append(answer.data)
        date = answer.date
    return Rows(rows, date)


def grants_for_everybody(tenant: Tenant) -> Rows:
    """The consents that administrators gave for the whole organisation, which are in no list of an account."""
    return tenant.graph.rows("/oauth2PermissionGrants", query={"$filter": "consentType eq 'AllPrincipals'"})


def _consents_for_everybody(tenant: Tenant, target: Target) -> Rows:
    """The same, each with the `APPLICATION` that got it: its `id`, `appId`, `displayName` and `accountEnabled`."""
    grants = grants_for_everybody(tenant)
    if not grants.rows:
        return grants
    shown = {"$select": "id,appId,displayName,accountEnabled", "$top": "999"}
    apps = {str(app.get("id")): app for app in tenant.graph.rows("/servicePrincipals", query=shown).rows}
    return Rows([{**row, APPLICATION: apps.get(str(row.get("clientId")), {})} for row in grants.rows], grants.date)


def _role_groups(tenant: Tenant, target: Target) -> Rows:
    """The role groups of Exchange that the account is a member of."""
    anchor = target.user_principal_name
    groups = tenant.exchange.read_part("Get-RoleGroup", {"ResultSize": "Unlimited"}, anchor)
    rows, date, cut = [], groups.date, groups.cut
    for group in groups.rows:
        name = str(group.get("Name") or group.get("Identity"))
        asked = {"Identity": name, "ResultSize": "Unlimited"}
        members = tenant.exchange.read_part("Get-RoleGroupMember", asked, anchor)
        if any(str(m.get("ExternalDirectoryObjectId")).lower() == target.object_id.lower() for m in members.rows):
            rows.append(group)
        else:
            cut = cut or members.cut
        date = members.date
    return Rows(rows, date, cut)


def inbox_rules(tenant: Tenant, target: Target) -> Rows:
    """Every rule; `HIDDEN` says whether the owner's own list does not show it, where that came whole."""
    asked, anchor = {"Mailbox": target.object_id}, target.user_principal_name
    every = tenant.exchange.read_part("Get-InboxRule", asked | {"IncludeHidden": True}, anchor)
    plain = tenant.exchange.read_part("Get-InboxRule", asked, anchor)
    if plain.cut:
        return Rows(every.rows, every.date, every.cut or plain.cut)
    visible = {str(row.get("RuleIdentity") or row.get("Identity")) for row in plain.rows}
    rows = [{**row, HIDDEN: str(row.get("RuleIdentity") or row.get("Identity")) not in visible} for row in every.rows]
    return Rows(rows, every.date, every.cut)


def _mailbox(tenant: Tenant, target: Target) -> Rows:
    """The mailbox; who may send on its behalf is listed by id, and `NAMES` says their names where they are found."""
    found = tenant.exchange.read_part("Get-Mailbox", {"Identity": target.object_id}, target.user_principal_name)
    rows = []
    for row in found.rows:
        names = {}
        for person in map(str, row.get("GrantSendOnBehalfTo") or []):
            with suppress(TenantAnswer):
                names[person] = str(tenant.graph.user(person).data.get("userPrincipalName") or person)
        rows.append({**row, NAMES: names})
    return Rows(rows, found.date, found.cut)


def _folder_rights(tenant: Tenant, target: Target) -> Rows:
    """The rights of others on every folder; `Folder` says which, as `Get-MailboxFolderPermission` wants it."""
    anchor = target.user_principal_name
    folders = tenant.exchange.read_part("Get-MailboxFolderStatistics", {"Identity": target.object_id}, anchor)
    rows = []
    date, cut = folders.date, folders.cut
    for folder in folders.rows:
        path = str(folder.get("FolderPath") or "").replace("/", "\\")
        place = f"{target.object_id}:{path}"
        found = tenant.exchange.read_part("Get-MailboxFolderPermission", {"Identity": place}, anchor)
        rows += [{**row, "Folder": place, "FolderType": folder.get("FolderType")} for row in found.rows]
        date, cut = found.date, cut or found.cut
    return Rows(rows, date, cut)


def _preferences(tenant: Tenant, target: Target) -> Rows:
    """Which method the account is asked for first; the service removes that one last."""
    answer = tenant.graph.get(f"/users/{target.object_id}/authentication/signInPreferences", version="beta")
    return Rows([answer.data], answer.date)


def _rights_elsewhere(tenant: Tenant, target: Target) -> Rows:
    """The rights that the account has on the mailboxes of others, as `Right` (a phrase) and `Mailbox`.

    Who may open a mailbox is kept with the mailbox, so each has to be asked; in a large organisation only sending
    is looked up, and a row says so.
    """
    anchor, own = target.user_principal_name, target.object_id.lower()
    every = tenant.exchange.read_part("Get-Mailbox", {"ResultSize": "Unlimited"}, anchor)
    others = [m for m in every.rows if str(m.get("ExternalDirectoryObjectId")).lower() != own]
    mine = {str(m.get(n)).lower() for m in every.rows if m not in others for n in ("Identity", "Name", "Alias", "Guid")}
    mine |= {own, anchor.lower()}
    rows = []
    for box in others:
        name = str(box.get("UserPrincipalName") or box.get("PrimarySmtpAddress"))
        if mine & {str(person).lower() for person in box.get("GrantSendOnBehalfTo") or []}:
            rows.append({"Right": "sending on behalf of", "Mailbox": name})
    sending = {"Trustee": anchor, "ResultSize": "Unlimited"}
    found = tenant.exchange.read_part("Get-RecipientPermission", sending, anchor)
    cut = every.cut or found.cut
    rows += [{"Right": "sending as", "Mailbox": str(row.get("Identity"))} for row in found.rows]
    if len(others) > FEW_MAILBOXES:
        rows.append({"Right": "not looked up, because there are too many mailboxes: opening", "Mailbox": "of others"})
        return Rows(rows, found.date, cut)
    for box in others:
        asked = {"Identity": str(box.get("ExternalDirectoryObjectId") or box.get("Identity")), "User": anchor}
        found = tenant.exchange.read_part("Get-MailboxPermission", asked, anchor)
        cut = cut or found.cut
        name = str(box.get("UserPrincipalName") or box.get("PrimarySmtpAddress"))
        rows += [
            {"Right": f"{', '.join(map(str, row.get('AccessRights') or []))} on", "Mailbox": name}
            for row in found.rows
            if not row.get("Deny")
        ]
    return Rows(rows, found.date, cut)


READINGS: dict[str, Reading] = {
    "methods": Reading("Sign-in methods", from_graph("/users/{id}/authentication/methods")),
    "preferences": Reading("The method asked for first", _preferences),
    "devices": Reading("Devices", _devices),
    "grants": Reading("Consents", from_graph("/users/{id}/oauth2PermissionGrants")),
    FOR_EVERYBODY: Reading("Consents for everybody", _consents_for_everybody, of_tenant=True),
    "app roles": Reading("Application roles", from_graph("/users/{id}/appRoleAssignments")),
    "apps": Reading("Enterprise applications", _consented_apps, of_tenant=True),
    "roles": Reading(
        "Directory roles",
        from_graph(
            "/roleManagement/directory/roleAssignments",
            query={"$filter": "principalId eq '{id}'", "$expand": "roleDefinition"},
        ),
    ),
    "owned objects": Reading("Groups and applications it owns", from_graph("/users/{id}/ownedObjects")),
    "groups": Reading("Groups it is in", from_graph("/users/{id}/memberOf")),
    "mailbox": Reading("Mailbox", _mailbox),
    "inbox rules": Reading("Inbox rules", inbox_rules),
    "sweep rules": Reading("Sweep rules", from_exchange("Get-SweepRule", "Mailbox")),
    "auto-reply": Reading("Automatic replies", from_exchange("Get-MailboxAutoReplyConfiguration")),
    "junk list": Reading("Safe and blocked senders", from_exchange("Get-MailboxJunkEmailConfiguration")),
    "signature": Reading("Signature", from_exchange("Get-MailboxMessageConfiguration")),
    "full access": Reading("Full access", from_exchange("Get-MailboxPermission")),
    "send as": Reading("Send as", from_exchange("Get-RecipientPermission")),
    "folder rights": Reading("Folder rights", _folder_rights),
    "protocols": Reading("Protocols", from_exchange("Get-CASMailbox")),
    "mobile devices": Reading(
        "Mobile partnerships", from_exchange("Get-MobileDevice", "Mailbox", ResultSize="Unlimited")
    ),
    "transport rules": Reading("Transport rules", from_exchange("Get-TransportRule", ""), of_tenant=True),
    "inbound connectors": Reading("Inbound connectors", from_exchange("Get-InboundConnector", ""), of_tenant=True),
    "outbound connectors": Reading("Outbound connectors", from_exchange("Get-OutboundConnector", ""), of_tenant=True),
    "restricted senders": Reading("Restricted senders", from_exchange("Get-BlockedSenderAddress", ""), of_tenant=True),
    "role groups": Reading("Role groups of Exchange", _role_groups),
    "risk": Reading("Risk", from_graph("/identityProtection/riskyUsers", query={"$filter": "id eq '{id}'"})),
    "conditional access": Reading(
        "Conditional Access", from_graph("/identity/conditionalAccess/policies"), of_tenant=True
    ),
    ELSEWHERE: Reading("Rights on other mailboxes", _rights_elsewhere, of_tenant=True),
}
