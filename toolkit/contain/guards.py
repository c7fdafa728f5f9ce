"""Who must not, or cannot, be changed this way, and the tenant that a case may act in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolkit.case import Case
from toolkit.contain.target import Target
from toolkit.errors import GuardRefused, TenantAnswer
from toolkit.tenant import Tenant

BREAK_GLASS_FILE = "break-glass.txt"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"  # the role's id in every tenant
TENANT_CONFIRMED = "containment.tenant-confirmed"


def break_glass(case: Case, more: Iterable[str] = ()) -> frozenset[str]:
    """Emergency-access accounts: user principal names or object ids, in lower case.

    From `<case>/break-glass.txt` (one a line, `#` begins a comment), the case's setting `break_glass`, and `more`.
    """
    names = [*more, *case.about.get("break_glass", [])]
    file = Path(case.folder) / BREAK_GLASS_FILE
    if file.exists():
        names += [line.partition("#")[0] for line in file.read_text("utf-8-sig").splitlines()]
    return frozenset(name.strip().lower() for name in names if name.strip())


def check_target(target: Target, tenant: Tenant, emergency: frozenset[str]) -> list[str]:
    """Refuse an account that must not be touched; the organisation itself may be.

    Returns what could not be made sure of, one sentence each, for whoever says yes to read first.

    Raises:
        GuardRefused: with the reason and what to do in its stead.
    """
    if target.is_organisation:
        return []
    name = target.user_principal_name
    if target.object_id.lower() == tenant.operator.object_id.lower():
        raise GuardRefused(f"{name} is the account you are signed in with; ask a second administrator to act on it.")
    if emergency & {name.lower(), target.object_id.lower()}:
        raise GuardRefused(
            f"{name} is on this case's emergency-access list; losing it can lock everybody out, so it is never "
            f"changed here. If it is taken over, two administrators act on it by hand."
        )
    return _look_for_administrators(target, tenant)


def is_guest(target: Target) -> bool:
    return target.user_type.lower() == "guest" or "#ext#" in target.user_principal_name.lower()


def by_hand(target: Target) -> list[str]:
    """What has to be done elsewhere for this kind of identity, one sentence each."""
    name = target.user_principal_name
    if is_guest(target):
        return [
            f"{name} is a guest: its password and sessions belong to its home tenant, and revoking has no effect on "
            f"guests. Tell its home tenant; here it can be blocked, or removed in the Entra portal."
        ]
    federated = target.authentication_type.lower() == "federated"
    if target.synced:
        told = [
            f"{name} is synchronised from Active Directory, so the next sync may undo a block made here: disable the "
            f"account there too, reset its password there (twice, if the hash may be stolen), and start a sync."
        ]
        provider = (
            f"{name} also signs in at a federated identity provider: end its sessions there, and reset the password "
            f"there too if the provider keeps one of its own; revoking here does not reach the provider's sessions."
        )
        return [*told, provider] if federated else told
    if federated:
        return [
            f"{name} signs in at a federated identity provider, where Entra cannot set a password: disable, reset and "
            f"end sessions there."
        ]
    if target.authentication_type.lower() != "managed":
        return [
            f"The tenant does not say how the domain of {name} signs in (managed or federated), so no reset is "
            f"offered: check the domain in the Entra portal, and reset the password there."
        ]
    return []


def _look_for_administrators(target: Target, tenant: Tenant) -> list[str]:
    """Refuse the last account that can sign in as Global Administrator; says what could not be read about it.

    Somebody is a user who may sign in and has the role, or is in a group that has it. An application is nobody.

    Raises:
        GuardRefused: nobody else who may sign in has the role.
    """
    query = {"$filter": f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"}
    try:
        rows = tenant.graph.rows("/roleManagement/directory/roleAssignments", query=query).rows
        holders = list(dict.fromkeys(str(row.get("principalId")) for row in rows))
        if target.object_id not in holders:
            groups = {str(row.get("id")) for row in tenant.graph.rows(f"/users/{target.object_id}/memberOf").rows}
            if not groups & set(holders):
                return []
    except TenantAnswer as error:
        return [_unsure(target, str(error))]
    unread: list[str] = []
    for holder in holders:
        try:
            people = _people_of(tenant, holder) if holder != target.object_id else []
        except TenantAnswer as error:
            unread.append(str(error))
            continue
        if any(person.get("accountEnabled") and str(person.get("id")) != target.object_id for person in people):
            return []
    if unread:
        return [_unsure(target, unread[0])]
    raise GuardRefused(
        f"{target.user_principal_name} is the last Global Administrator who can sign in; blocking it can lock "
        f"everybody out. Give the role to a second account first."
    )


def _people_of(tenant: Tenant, holder: str) -> list[dict[str, Any]]:
    """The users behind the holder of a role: itself, or the members of a group; none behind anything else."""
    try:
        return [tenant.graph.user(holder).data]
    except TenantAnswer as error:
        if error.status != 404:
            raise
    try:
        members = tenant.graph.rows(f"/groups/{holder}/members").rows  # such a group holds no other groups
    except TenantAnswer as error:
        if error.status != 404:
            raise
        return []
    users = [str(m.get("id")) for m in members if str(m.get("@odata.type", "")).endswith(".user")]
    return [tenant.graph.user(user).data for user in users]


def _unsure(target: Target, why: str) -> str:
    return (
        f"Whether {target.user_principal_name} is the last Global Administrator who can sign in could not be read: "
        f"{why} Make sure yourself that somebody else can administer the organisation."
    )


def tenant_question(case: Case, tenant: Tenant) -> str | None:
    """Why the tenant's domain must be typed before anything can be planned; None when it need not be.

    A case whose evidence is of the connected tenant needs nothing; one of another tenant, or of a tenant that
    nothing in the evidence tells, needs the person to say so once. The answer is kept in the journal.
    """
    if case.practice != tenant.cloud.practice:
        raise GuardRefused("A practice case and a live tenant, or the other way round, are never mixed.")
    ours = tenant.tenant_id.lower()
    known = sorted({str(t).lower() for t in case.tenant_ids})
    if ours in known:
        return None
    if any(str(e.fields.get("tenant_id", "")).lower() == ours for e in case.journal.entries(TENANT_CONFIRMED)):
        return None
    what = f"is of tenant {', '.join(known)}" if known else "does not say which tenant it is of"
    return (
        f"The evidence of this case {what}; you are connected to {tenant.domain} ({ours}). "
        f"Type {tenant.domain} to say that this is the tenant to act in."
    )


def check_tenant(case: Case, tenant: Tenant) -> None:
    """Raise GuardRefused, with what to type, while the tenant has to be confirmed."""
    question = tenant_question(case, tenant)
    if question:
        raise GuardRefused(question)


def confirm_tenant(case: Case, tenant: Tenant, typed: str) -> None:
    """Take the typed domain as the answer to `tenant_question`, and journal it.

    Raises:
        GuardRefused: what was typed is not the tenant's domain.
    """
    if typed.strip() != tenant.domain or not tenant.domain:
        raise GuardRefused(f"That is not the domain of the connected tenant; type {tenant.domain} exactly.")
    case.journal.append(
        TENANT_CONFIRMED,
        practice=case.practice,
        tenant_id=tenant.tenant_id,
        domain=tenant.domain,
        evidence_tenant_ids=list(case.tenant_ids),
        operator=tenant.operator.user_principal_name,
    )
