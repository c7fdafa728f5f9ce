"""Since when the activity feeds can have anything: the subscriptions that this case started, by its journal.

The service lists subscriptions without the time of their start; what somebody else started has none here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from toolkit.case import Case
from toolkit.collect.profile import Profile
from toolkit.contain.actions import StartActivitySubscription
from toolkit.contain.ledger import NOT_DONE, REFUSED, records
from toolkit.contain.plan import Plan
from toolkit.harden.plan import hardening_plan
from toolkit.tenant import Tenant
from toolkit.tenant.activity import CONTENT_TYPES

KINDS = (StartActivitySubscription.kind,)


def feeds_plan(case: Case, tenant: Tenant) -> Plan:
    """The plan of the organisation that starts the feeds, one step a content type; nothing is changed.

    What this case started before can be stopped by its undo.

    Raises:
        GuardRefused: the tenant has to be confirmed first.
    """
    return hardening_plan(case, tenant, [StartActivitySubscription(one) for one in CONTENT_TYPES], kinds=KINDS)


def with_starts(case: Case, chosen: Profile) -> Profile:
    """The profile with the times (UTC) at which this case started subscriptions, for the roads that need them."""
    return replace(chosen, options=replace(chosen.options, started=tuple(sorted(_started(case).items()))))


def _started(case: Case) -> dict[str, datetime]:
    """Content type → when its subscription was started, where the last thing that this case did was to start it."""
    found: dict[str, datetime] = {}
    for record in records(case):
        kind, _, content_type = record.action.partition(":")
        if kind != StartActivitySubscription.kind or record.status in {REFUSED, NOT_DONE}:
            continue
        found.pop(content_type, None)
        if record.direction == "do" and record.answered_date is not None:
            found[content_type] = record.answered_date
    return found
