"""What a profile leads to in this very tenant: the audit log by another road, and as far back as it is kept here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from toolkit.case import Case
from toolkit.collect.horizon import audit_days
from toolkit.collect.ledger import NOT_AVAILABLE, answers_of, write
from toolkit.collect.profile import Profile
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.by_others import AuditSearchByOthers, SearchLogByOthers
from toolkit.collect.roads.road import Road
from toolkit.collect.roads.search_log import SearchLog
from toolkit.contain.snapshot import Snapshot
from toolkit.contain.target import organisation
from toolkit.errors import TenantError
from toolkit.harden.audit_settings import audit_settings
from toolkit.harden.audit_table import STANDARD_DAYS
from toolkit.tenant import Rows, Tenant

INSTEAD = f"The audit log is asked for by {AuditSearch.name} in its place."
AS_KEPT = (SearchLog, AuditSearch, SearchLogByOthers, AuditSearchByOthers)
IN_PLACE_OF: dict[type[Road], type[Road]] = {SearchLog: AuditSearch, SearchLogByOthers: AuditSearchByOthers}


@dataclass(frozen=True)
class More:
    """What is collected besides: about which accounts (user principal names), by which profile."""

    accounts: tuple[str, ...]
    chosen: Profile


def as_far_as_kept(case: Case, tenant: Tenant, chosen: Profile, accounts: Collection[str]) -> list[More]:
    """The audit log of accounts of which it is kept longer than the profile asks for, where the profile wants that.

    The licences are read now. Where they cannot be, the profile's own days stand.
    """
    roads = tuple(road for road in chosen.roads if road in AS_KEPT)
    if not chosen.as_kept or not roads:
        return []
    found: dict[int, list[str]] = {}
    for account, days in kept_days(case, tenant, accounts).items():
        if days > max(chosen.days):
            found.setdefault(days, []).append(account)
    return [
        More(tuple(names), replace(chosen, days=(*chosen.days, days), roads=roads)) for days, names in found.items()
    ]


def kept_days(case: Case, tenant: Tenant, accounts: Collection[str]) -> dict[str, int]:
    """How many days the audit log keeps of each account, by its licence; 180 where no licence can be read."""
    found: dict[str, list[dict[str, object]]] = {}
    problems: dict[str, str] = {}

    def read(name: str, ask: Callable[[], Rows]) -> None:
        try:
            found.setdefault(name, []).extend(ask().rows)
        except TenantError as error:
            problems[name] = str(error)

    read("licences", lambda: tenant.graph.rows("/subscribedSkus"))
    for account in accounts:
        read("mailboxes", partial(tenant.exchange.read, "Get-Mailbox", {"Identity": account}, account))
    audit = audit_settings(case, Snapshot(organisation(tenant), found=found, problems=problems))
    boxes = {name: box.premium for box in audit.mailboxes or [] for name in box.names}
    told = {}
    for account in accounts:
        known = audit.licences is not None or boxes.get(account.lower()) is not None
        told[account] = audit_days(audit, account)[0] if known else STANDARD_DAYS
    return told


def by_another_road(case: Case, chosen: Profile, accounts: Collection[str]) -> list[More]:
    """Graph's audit search for accounts whose audit log `Search-UnifiedAuditLog` does not give to this caller.

    Where the profile has that road anyway, or a person named the roads, nothing. The ledger's reason then names it.
    """
    names = {name.lower() for name in accounts}
    newest = {line.key: line for line in answers_of(case.journal)}
    found = []
    for road, other in IN_PLACE_OF.items():
        if not chosen.helps_out or road not in chosen.roads or other in chosen.roads:
            continue
        shut = [
            line
            for line in newest.values()
            if (line.source, line.road, line.state) == (road.source, road.name, NOT_AVAILABLE)
            and line.account.lower() in names
        ]
        for line in shut:
            if INSTEAD not in line.reason:
                write(case, replace(line, reason=f"{INSTEAD} {line.reason}"))
        if shut:
            found.append(More(tuple(sorted({line.account for line in shut})), replace(chosen, roads=(other,))))
    return found
