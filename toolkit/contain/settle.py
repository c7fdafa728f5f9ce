"""Settling by reading what a crash or a lost answer left open; nothing is ever sent again for it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from toolkit.case import Case
from toolkit.contain.action import WINDOW, Action, State
from toolkit.contain.actions import action_named
from toolkit.contain.ledger import (
    DONE,
    FINAL_AFTER,
    IN_DOUBT,
    NOT_DONE,
    REFUSED,
    SENT,
    SETTLED,
    Record,
    records,
    server_time,
)
from toolkit.contain.runlock import running
from toolkit.contain.sending import FIRST_PAUSE, LONGEST_PAUSE, kept
from toolkit.contain.target import Target, resolve
from toolkit.errors import GuardRefused, TenantAnswer
from toolkit.tenant import Tenant

CORRECTED_WITHIN = timedelta(hours=1)
"""A change that shows later than this after our call is somebody else's."""
SAME_THING = (
    frozenset({"block-sign-in", "give-back"}),
    frozenset({"clear-forwarding", "clear-outside-forwarding"}),
)
"""Keys of actions that change the same value: a reading after the later call tells nothing of the earlier one."""


def settle(case: Case, tenant: Tenant) -> list[Record]:
    """Read back every call of this case whose end is not known, and journal what the reading shows.

    Block, per-user MFA and rules are settled by the state alone. A reading is repeated as long as the action waits
    for the directory; "not done" is only written where it is later, by the server's clock, than `FINAL_AFTER` from
    the call, and is corrected where a reading within `CORRECTED_WITHIN` shows the change after all. A reset or a
    revocation without an answer stays in doubt, for the state cannot tell whose it was. Returns the records that
    were looked at, as they stand now.

    Raises:
        CaseBusy: a run is going on, whose calls are not ours to settle.
    """
    if not unsettled(records(case, tenant.tenant_id)):
        return []
    with running(case, tenant.operator.user_principal_name, "settling what is in doubt"):
        found = records(case, tenant.tenant_id)
        looked_at = unsettled(found)
        for record in looked_at:
            action = action_of(record)
            if action is None:
                continue
            later = _next(found, record)
            if later is not None:
                _settle_by_next(case, action, record, later)
                continue
            # What cannot be read now (the account is gone, a role is missing) stays as it is.
            with suppress(GuardRefused, TenantAnswer):
                settle_one(case, tenant, resolve(tenant, record.target["object_id"]), action, record)
    runs = {r.run for r in looked_at}
    return [r for r in records(case, tenant.tenant_id) if r.run in runs]


def unsettled(found: list[Record]) -> list[Record]:
    """The records whose end is not known for good, among all records of a tenant."""
    return [r for r in found if _is_open(r) and (_next(found, r) is None or _tells(found, r))]


def last_unsettled(found: list[Record], key: str) -> Record | None:
    """The newest record of an action, if its end is not known and a reading may still tell it."""
    fitting = [r for r in found if r.action == key and r.status != REFUSED]
    last = fitting[-1] if fitting else None
    return last if last is not None and last in unsettled(found) else None


def settle_one(
    case: Case, tenant: Tenant, target: Target, action: Action, record: Record, *, patience: float | None = None
) -> str:
    """Read the state and journal what became of one record; returns its status.

    While the call is young the reading is repeated for `patience` seconds (without it, the action's own).
    """
    left = min(action.patience if patience is None else patience, tenant.session.time_left())
    pause = FIRST_PAUSE
    while True:
        now = action.read(tenant, target)
        waits = action.settles and record.status in {IN_DOUBT, SENT} and not _later(now, record, WINDOW.total_seconds())
        if _agrees(action, record, now) or not waits or left <= 0:
            break
        tenant.sleep(min(pause, left))
        left, pause = left - pause, min(pause * 2, LONGEST_PAUSE)
    status = _verdict(action, record, now)
    if status != record.status or (status == NOT_DONE and _later(now, record, CORRECTED_WITHIN.total_seconds())):
        _journal(case, record, status, now)
    return status


def action_of(record: Record) -> Action | None:
    """The action that a record is about; None for one that this version does not know."""
    return action_named(record.action, record.about)


def _verdict(action: Action, record: Record, now: State) -> str:
    """What became of a call, as a reading shows it."""
    settled_early = record.status == NOT_DONE and not _read_later(record, FINAL_AFTER)
    if _agrees(action, record, now):
        too_late = _later(now, record, CORRECTED_WITHIN.total_seconds())
        return NOT_DONE if record.status == NOT_DONE and too_late and not settled_early else DONE
    if record.status == IN_DOUBT and action.settles and _later(now, record, FINAL_AFTER.total_seconds()):
        return NOT_DONE
    return record.status


def _agrees(action: Action, record: Record, now: State) -> bool:
    if record.direction == "undo":
        return action.is_undone(now, record.restores)
    return action.is_so(now, record.sent)


def _is_open(record: Record) -> bool:
    if record.status == NOT_DONE:
        return not _read_later(record, CORRECTED_WITHIN)
    return record.status in {IN_DOUBT, SENT}


def _next(found: list[Record], record: Record) -> Record | None:
    """The first later call that may have changed the same thing of the same account."""
    behind = found[found.index(record) + 1 :]
    same = next((keys for keys in SAME_THING if record.action in keys), frozenset({record.action}))
    return next(
        (r for r in behind if r.action in same and r.target == record.target and r.status not in {REFUSED, NOT_DONE}),
        None,
    )


def _tells(found: list[Record], record: Record) -> bool:
    """Whether the reading before the next call tells what became of this one."""
    action, later = action_of(record), _next(found, record)
    if action is None or later is None or later.action != record.action:
        return False
    return _verdict(action, record, State(later.before, later.before_date)) != record.status


def _settle_by_next(case: Case, action: Action, record: Record, later: Record) -> None:
    now = State(later.before, later.before_date)
    _journal(case, record, _verdict(action, record, now), now)


def _journal(case: Case, record: Record, status: str, now: State) -> None:
    case.journal.append(
        SETTLED,
        practice=case.practice,
        run=record.run,
        status=status,
        values=kept(now),
        server_date=server_time(now.date),
    )


def _later(now: State, record: Record, seconds: float) -> bool:
    """Whether a reading is so long after the one before the call, by the server's clock."""
    if now.date is None or record.before_date is None:
        return False
    return now.date - record.before_date >= timedelta(seconds=seconds)


def _read_later(record: Record, span: timedelta) -> bool:
    return _later(State({}, record.read_date), record, span.total_seconds())
