"""The audit log of what others did to an account: records of anybody that name it, by the roads that search for words.

A delegate who reads in a mailbox, an administrator who gives rights in it or makes a rule there stand in the log under
their own names. Looked for is the account's user principal name and its object id, each on its own, as free text. What
the account did itself comes along, as far as its records name it too, and is known already.
Source: `FreeText` of `Search-UnifiedAuditLog`, `keywordFilter` of `auditLogQuery`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from toolkit.collect.pull import Asked, Pages, Pull
from toolkit.collect.roads.audit_search import AuditSearch
from toolkit.collect.roads.road import Halted
from toolkit.collect.roads.search_log import SearchLog
from toolkit.collect.window import DAY
from toolkit.tenant import Tenant

SOURCE = "audit log, by others"


class SearchLogByOthers(SearchLog):
    """`Search-UnifiedAuditLog` for everybody's records that name the account."""

    source: ClassVar[str] = SOURCE
    longest = 7 * DAY

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        return _for_each_name(asked, lambda named: super(SearchLogByOthers, self).pull(tenant, named, pages, halted))


class AuditSearchByOthers(AuditSearch):
    """Graph's audit search for everybody's records that name the account."""

    source: ClassVar[str] = SOURCE

    def pull(self, tenant: Tenant, asked: Asked, pages: Pages, halted: Halted) -> Pull:
        return _for_each_name(asked, lambda named: super(AuditSearchByOthers, self).pull(tenant, named, pages, halted))


def _for_each_name(asked: Asked, pull: Callable[[Asked], Pull]) -> Pull:
    """The pulls of an account's names, as one."""
    whole = Pull()
    for name in filter(None, (asked.user_principal_name, asked.object_id)):
        whole.add(pull(replace(asked, words=name)))
        if not whole.available or whole.hopeless:
            break
    return whole
