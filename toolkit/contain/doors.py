"""Doors: what an intruder could still come through, each open, closed or not checked, with the evidence for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.case import Case
from toolkit.contain.action import MovesATime, State
from toolkit.contain.block import BlockSignIn
from toolkit.contain.ledger import DONE, Record, latest, records
from toolkit.contain.mfa import RequireMfa
from toolkit.contain.password import ResetPassword
from toolkit.contain.rules import acts_against_owner, identity_of, is_pseudo, quoted, title_of
from toolkit.contain.sessions import RevokeSessions
from toolkit.contain.target import Target, moment
from toolkit.errors import TenantError
from toolkit.tenant import Tenant

OPEN, CLOSED, NOT_CHECKED = "open", "closed", "not checked"
NAMES = ("sign-in", "password", "sessions", "multi-factor requirement", "inbox rules")


@dataclass(frozen=True)
class Door:
    """One way in or out: its `name`, `state` (open, closed, not checked) and the `evidence`; times are UTC."""

    name: str
    state: str
    evidence: str


def doors(case: Case, tenant: Tenant | None, target: Target) -> list[Door]:
    """The five doors of this version, read now. Without a tenant none of them can be checked."""
    if tenant is None:
        return [Door(name, NOT_CHECKED, "no live tenant in this case") for name in NAMES]
    history = records(case, tenant.tenant_id, target.object_id)
    found = []
    look: list[Callable[[], Door]] = [
        lambda: _sign_in(BlockSignIn().read(tenant, target)),
        lambda: _password(ResetPassword().read(tenant, target), history),
        lambda: _sessions(RevokeSessions().read(tenant, target), history),
        lambda: _mfa(RequireMfa().read(tenant, target)),
        lambda: _rules(tenant, target),
    ]
    for name, read in zip(NAMES, look, strict=True):
        try:
            found.append(read())
        except TenantError as error:
            found.append(Door(name, NOT_CHECKED, str(error)))
    return found


def _sign_in(now: State) -> Door:
    blocked = now.values.get("accountEnabled") is False
    return Door(NAMES[0], CLOSED if blocked else OPEN, f"{BlockSignIn().before(now.values)}{_at(now)}")


def _password(now: State, history: list[Record]) -> Door:
    action = ResetPassword()
    ours = _done(history, action)
    if ours is None:
        return Door(NAMES[1], OPEN, f"no reset by this case was read back; {action.before(now.values)}{_at(now)}")
    here, then = now.values.get(action.field), ours.read_values.get(action.field)
    if here != then:
        return Door(NAMES[1], NOT_CHECKED, f"changed again at {here}, after this case's reset: ask the owner{_at(now)}")
    seen = "" if ours.shown else "; nobody saw the new password, so reset it again to hand one over"
    return Door(NAMES[1], CLOSED, f"reset by this case, {action.before(now.values)}{_at(now)}{seen}")


def _sessions(now: State, history: list[Record]) -> Door:
    action = RevokeSessions()
    ours, reset = _done(history, action), latest(history, ResetPassword.key, "do")
    if ours is None:
        return Door(NAMES[2], OPEN, f"no revocation by this case was read back; {action.before(now.values)}{_at(now)}")
    if reset is not None and reset.started > ours.started:
        return Door(NAMES[2], OPEN, "revoked before the password was last reset: revoke again")
    here, then = moment(now.values.get(action.field)), moment(ours.read_values.get(action.field))
    if here is None or then is None or here < then:
        return Door(NAMES[2], OPEN, f"the time went back: {action.before(now.values)}{_at(now)}")
    return Door(
        NAMES[2], CLOSED, f"revoked by this case, {action.before(now.values)}{_at(now)}; tokens may live 60–90 min"
    )


def _mfa(now: State) -> Door:
    action = RequireMfa()
    closed = action.is_so(now, None)
    note = "" if closed else "; Conditional Access and security defaults were not read"
    return Door(NAMES[3], CLOSED if closed else OPEN, f"{action.before(now.values)}{_at(now)}{note}")


def _rules(tenant: Tenant, target: Target) -> Door:
    every = tenant.exchange.inbox_rules(target.object_id, target.user_principal_name)
    plain = tenant.exchange.inbox_rules(target.object_id, target.user_principal_name, hidden=False)
    visible = {identity_of(rule) for rule in plain.rows}
    live = [rule for rule in every.rows if rule.get("Enabled") and not is_pseudo(rule)]
    bad = [rule for rule in live if acts_against_owner(rule) or identity_of(rule) not in visible]
    at = _at(State({}, every.date))
    if bad:
        names = ", ".join(quoted(title_of(rule)) for rule in bad)
        return Door(NAMES[4], OPEN, f"enabled, and hidden or forwarding, deleting or hiding mail: {names}{at}")
    rest = f"{len(live)} other enabled rule(s)" if live else "no enabled rule"
    return Door(NAMES[4], CLOSED, f"{rest}, hidden ones looked for{at}")


def _done(history: list[Record], action: MovesATime) -> Record | None:
    done = [r for r in history if r.action == action.key and r.status == DONE]
    return done[-1] if done else None


def _at(now: State) -> str:
    return f" (read {now.date:%Y-%m-%d %H:%M:%S} UTC)" if now.date else ""
