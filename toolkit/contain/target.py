"""What a plan is about, an account or the whole organisation: resolved to an id once, and the id is used after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.errors import GuardRefused, TenantAnswer
from toolkit.tenant import Tenant
from toolkit.tenant.exchange import system_anchor


@dataclass(frozen=True)
class Target:
    """One account of one tenant, or the organisation itself, whose object id is the tenant's.

    `object_id` names it in every call; `authentication_type` is that of its domain: Managed, Federated, or ""
    when the tenant does not list the domain; `synced` is true for an object mastered on premises. `addresses` are
    its mail addresses (SMTP) as Entra has them, in lower case, the main one first; none where Entra names none.
    """

    tenant_id: str
    object_id: str
    user_principal_name: str
    display_name: str = ""
    user_type: str = ""
    synced: bool = False
    authentication_type: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def is_organisation(self) -> bool:
        return bool(self.tenant_id) and self.object_id == self.tenant_id

    @property
    def anchor(self) -> str:
        """By which mailbox Exchange routes a cmdlet about it: its own, or the organisation's system mailbox."""
        return system_anchor(self.tenant_id) if self.is_organisation else self.user_principal_name

    @property
    def named(self) -> dict[str, str]:
        """How the journal names it."""
        return {"object_id": self.object_id, "user_principal_name": self.user_principal_name}


def organisation(tenant: Tenant) -> Target:
    """The organisation as a target: it is named by its default domain."""
    return Target(tenant.tenant_id, tenant.tenant_id, tenant.domain, "the organisation")


def resolve(tenant: Tenant, who: str) -> Target:
    """Look an account up by user principal name or object id; the tenant's id is the organisation.

    Raises:
        GuardRefused: the tenant has no such account.
        TenantError: the tenant could not be asked.
    """
    if who.strip().lower() == tenant.tenant_id.lower():
        return organisation(tenant)
    try:
        user = tenant.graph.user(who.strip()).data
    except TenantAnswer as error:
        if error.status != 404:
            raise
        user = {}
    if not user.get("id"):
        raise GuardRefused(f"The tenant {tenant.domain} has no account named {who.strip()!r}; check the spelling.")
    return target_of(tenant, user)


def target_of(tenant: Tenant, user: dict[str, Any]) -> Target:
    """The target that a Graph user object describes."""
    name = str(user["userPrincipalName"])
    domain = name.rpartition("@")[2].lower()
    kinds = {str(d["id"]).lower(): str(d.get("authenticationType", "")) for d in tenant.graph.domains()}
    return Target(
        tenant_id=tenant.tenant_id,
        object_id=str(user["id"]),
        user_principal_name=name,
        display_name=str(user.get("displayName") or ""),
        user_type=str(user.get("userType") or ""),
        synced=bool(user.get("onPremisesSyncEnabled")),
        authentication_type=kinds.get(domain, ""),
        addresses=mail_addresses(user),
    )


def mail_addresses(user: dict[str, Any]) -> tuple[str, ...]:
    """The SMTP addresses of a Graph user object, in lower case: `mail`, then those of `proxyAddresses`, each once."""
    listed = user.get("proxyAddresses")
    told = [str(one).partition(":") for one in (listed if isinstance(listed, list) else ())]
    others = [address for kind, _, address in told if kind.lower() == "smtp"]
    every = (one.strip().lower() for one in (str(user.get("mail") or ""), *others))
    return tuple(dict.fromkeys(one for one in every if "@" in one))


def moment(text: object) -> datetime | None:
    """A time as Graph writes it (ISO 8601 with Z); None if there is none."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
