"""Settling by reading what a crash or a lost answer left open; nothing is ever sent again for it."""

from __future__ import annotations

from contextlib import suppress

from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions import action_named
from toolkit.contain.ledger import DONE, IN_DOUBT, NOT_DONE, SENT, SETTLED, Record, records, server_time
from toolkit.contain.runlock import running
from toolkit.contain.sending import kept
from toolkit.contain.target import Target, resolve
from toolkit.errors import GuardRefused, TenantAnswer
from toolkit.tenant import Tenant


def settle(case: Case, tenant: Tenant) -> list[Record]:
    """Read back every call of this case whose end is not known, and journal what the reading shows.

    Block, per-user MFA and rules are settled by the state alone. A reset or a revocation without an answer stays
    in doubt, for the state cannot tell whose it was. Returns the records that were looked at, as they stand now.

    Raises:
        CaseBusy: a run is going on, whose calls are not ours to settle.
    """
    unsettled = [r for r in records(case, tenant.tenant_id) if r.status in {IN_DOUBT, SENT}]
    if not unsettled:
        return []
    with running(case, tenant.operator.user_principal_name, "settling what is in doubt"):
        for record in unsettled:
            action = action_of(record)
            # What cannot be read now (the account is gone, a role is missing) stays as it is.
            with suppress(GuardRefused, TenantAnswer):
                if action is not None:
                    settle_one(case, tenant, resolve(tenant, record.target["object_id"]), action, record)
    looked_at = {r.run for r in unsettled}
    return [r for r in records(case, tenant.tenant_id) if r.run in looked_at]


def settle_one(case: Case, tenant: Tenant, target: Target, action: Action, record: Record) -> str:
    """Read the state and journal what became of one record; returns its status."""
    now = action.read(tenant, target)
    undone = record.direction == "undo"
    agrees = action.is_undone(now, record.restores) if undone else action.is_so(now, record.sent)
    status = record.status
    if agrees:
        status = DONE
    elif action.settles and record.status == IN_DOUBT:
        status = NOT_DONE
    if status != record.status:
        case.journal.append(
            SETTLED,
            practice=case.practice,
            run=record.run,
            status=status,
            values=kept(now),
            server_date=server_time(now.date),
        )
    return status


def action_of(record: Record) -> Action | None:
    """The action that a record is about; None for one that this version does not know."""
    return action_named(record.action, record.about)
