"""Doors as the journal knows them: what this case closed and read back, and what nobody has checked."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from toolkit.case import Case
from toolkit.contain.doors import CLOSED, NAMES, NOT_CHECKED, OPEN
from toolkit.contain.ledger import DONE, NOT_DONE, REFUSED, Record, records

# Each door of `NAMES` and the action that closes it.
ACTIONS = dict(
    zip(NAMES, ("block-sign-in", "reset-password", "revoke-sessions", "require-mfa", "disable-inbox-rule"), strict=True)
)
ELSEWHERE = ("mailbox forwarding", "sign-in methods", "devices", "app passwords", "consents", "roles", "delegates")


def doors_known(case: Case, users: Iterable[str]) -> pd.DataFrame:
    """One row a door of each account with severe findings or actions: `account`, `door`, `state`, `evidence`.

    Nothing is read from a tenant: closed means closed by this case and read back then.
    """
    history = records(case)
    accounts = sorted({u.lower() for u in users if u} | {_account(r) for r in history})
    rows = []
    for account in accounts:
        own = [r for r in history if _account(r) == account and r.status not in {REFUSED, NOT_DONE}]
        rows += [
            (account, door, *_state([r for r in own if r.action.partition(":")[0] == ACTIONS[door]])) for door in NAMES
        ]
        rows.append((account, ", ".join(ELSEWHERE), NOT_CHECKED, "not covered by this version: check by hand"))
    return pd.DataFrame(rows, columns=["account", "door", "state", "evidence"])


def _state(history: list[Record]) -> tuple[str, str]:
    if not history:
        return NOT_CHECKED, "this case did nothing about it"
    last = history[-1]
    read = f"{last.read_date:%Y-%m-%d %H:%M:%S} UTC" if last.read_date else "no time"
    if last.status != DONE:
        return NOT_CHECKED, f"{last.title}: {last.status}"
    if last.action.startswith(ACTIONS["inbox rules"]):
        done = {r.action for r in history if r.status == DONE and r.direction == "do"}
        return NOT_CHECKED, f"{len(done)} rule(s) disabled by this case; the others were not read for this page"
    if last.direction != "do":
        return OPEN, f"undone by this case, read back {read}"
    return CLOSED, f"{last.title}: read back {read}; not read again for this page"


def _account(record: Record) -> str:
    return str(record.target.get("user_principal_name") or record.target.get("object_id") or "").lower()
