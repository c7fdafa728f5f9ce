"""Doors as the case knows them: what the last reading of the tenant said, and what was done after it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from toolkit.case import Case
from toolkit.case.journal import Entry
from toolkit.contain.doors import APP_PASSWORDS, CLOSED, FURTHER, LOOKED, NAMES, NOT_CHECKED, OPEN, doors_in
from toolkit.contain.from_findings import GRAVE, suspicion_from
from toolkit.contain.ledger import DONE, NOT_DONE, REFUSED, Record, records
from toolkit.contain.snapshot import TAKEN, first_of, read_again
from toolkit.contain.target import Target
from toolkit.detect import Finding

# Each door of `NAMES` and the action that closes it.
ACTIONS = dict(
    zip(NAMES, ("block-sign-in", "reset-password", "revoke-sessions", "require-mfa", "disable-inbox-rule"), strict=True)
)
HOW = "not read in this case: Preview plan in notebook 3 reads it, or `python -m toolkit contain --account {account}`"
GIVEN_BACK = "given back by this case"
"""So begins the evidence of an open sign-in that this case opened itself, behind closed doors."""
State = tuple[str, str]


def doors_known(case: Case, findings: Iterable[Finding]) -> pd.DataFrame:
    """One row a door of each account with grave findings, actions or readings: `account`, `door`, `state`, `evidence`.

    Nothing is read from a tenant: each door is as the last reading in the journal had it, or as a call of this case
    that came after it was read back.
    """
    every = list(findings)
    history = [r for r in records(case) if r.target.get("object_id") != r.tenant_id]  # not the organisation's
    looks = [e for e in case.journal.entries(LOOKED, TAKEN) if e.fields["target"]["object_id"] != e.fields["tenant_id"]]
    grave = {f.user.lower() for f in every if f.user and f.severity in GRAVE}
    accounts = sorted(grave | {_account(r) for r in history} | {_named(e) for e in looks})
    rows = []
    for account in accounts:
        own = [r for r in history if _account(r) == account and r.status not in {REFUSED, NOT_DONE}]
        known = _read(case, account, [e for e in looks if _named(e) == account], own, every)
        none = (NOT_CHECKED, HOW.format(account=account))
        told = {name: known.get(name, none) for name in (*NAMES, *FURTHER)}
        told[APP_PASSWORDS[0]] = NOT_CHECKED, APP_PASSWORDS[1]
        rows += [(account, name, *state) for name, state in told.items()]
    return pd.DataFrame(rows, columns=["account", "door", "state", "evidence"])


def _read(
    case: Case, account: str, looks: list[Entry], history: list[Record], findings: list[Finding]
) -> dict[str, State]:
    """What is known of each door: by the last look at them, a snapshot taken after it, and calls after both."""
    found: dict[str, State] = {}
    since: dict[str, str] = {}
    looked = next((e for e in reversed(looks) if e.kind == LOOKED), None)
    taken = next((e for e in reversed(looks) if e.kind == TAKEN), None)
    if looked is not None:
        found = _looked(looked)
        since = dict.fromkeys(found, looked.time)
    if taken is not None and (looked is None or taken.seq > looked.seq):
        told = taken.fields["target"]
        target = Target(str(taken.fields["tenant_id"]), told["object_id"], told["user_principal_name"])
        kept = read_again(case, target, taken)
        suspicion = suspicion_from(case, account, findings)
        for door in doors_in(kept, first_of(case, target), suspicion) if kept is not None else []:
            if door.state != NOT_CHECKED or door.name not in found:
                found[door.name], since[door.name] = (door.state, door.evidence), taken.time
    for name, action in ACTIONS.items():
        ours = [r for r in history if r.action.partition(":")[0] == action]
        if ours and ours[-1].started > since.get(name, ""):
            found[name] = _done(ours)
    return found


def _looked(entry: Entry) -> dict[str, State]:
    """The doors as a look at them noted them, each with the time."""
    read = f"(read {str(entry.fields.get('read') or entry.time)[:19].replace('T', ' ')} UTC)"
    evidence = entry.fields.get("evidence") or {}
    found = {}
    for name, state in entry.fields["doors"].items():
        text = str(evidence.get(name) or "")
        found[name] = state, text if "(read " in text else f"{text} {read}".strip()
    return found


def _done(history: list[Record]) -> State:
    last = history[-1]
    read = f"{last.read_date:%Y-%m-%d %H:%M:%S} UTC" if last.read_date else "no time"
    if last.status != DONE:
        return NOT_CHECKED, f"{last.title}: {last.status}"
    if last.action.startswith(ACTIONS["inbox rules"]):
        done = {r.action for r in history if r.status == DONE and r.direction == "do"}
        return NOT_CHECKED, f"{len(done)} rule(s) disabled by this case; the others were not read since"
    if last.direction != "do":
        return OPEN, f"undone by this case, read back {read}"
    return CLOSED, f"{last.title}: read back {read}; not read again since"


def _account(record: Record) -> str:
    return str(record.target.get("user_principal_name") or record.target.get("object_id") or "").lower()


def _named(entry: Entry) -> str:
    target = entry.fields["target"]
    return str(target.get("user_principal_name") or target.get("object_id") or "").lower()
