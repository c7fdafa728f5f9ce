"""Doors: what an intruder could still come through, each open, closed or not checked, with the evidence for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from toolkit.case import Case
from toolkit.case.journal import iso
from toolkit.contain.action import Action, MovesATime, State
from toolkit.contain.actions import (
    AutoReplyOff,
    BlockSignIn,
    ClearForwarding,
    CloseProtocols,
    DisableDevice,
    DisableInboundConnector,
    DisableInboxRule,
    DisableOutboundConnector,
    DisableSweepRule,
    DisableTransportRule,
    DistrustSender,
    GiveBack,
    IssueAccessPass,
    LeaveGroup,
    LeaveRoleGroup,
    RemoveAppRole,
    RemoveConsent,
    RemoveConsentOfEverybody,
    RemoveFolderRight,
    RemoveFullAccess,
    RemoveMethod,
    RemoveMobileDevice,
    RemoveOwnership,
    RemoveRole,
    RemoveSendAs,
    RemoveSendOnBehalf,
    RequireMfa,
    ResetPassword,
    ResetWithWriteback,
    RevokeAgain,
    RevokeSessions,
)
from toolkit.contain.actions.rules import acts_against_owner, identity_of, is_pseudo, title_of
from toolkit.contain.actions.shapes import quoted
from toolkit.contain.given import consents_given
from toolkit.contain.guards import is_guest
from toolkit.contain.ledger import DONE, NOT_DONE, REFUSED, SENT, Record, records
from toolkit.contain.legitimate import said_legitimate
from toolkit.contain.offers import Offer, offers, rule_in_words
from toolkit.contain.readings import FOR_EVERYBODY, HIDDEN, inbox_rules
from toolkit.contain.second_factor import MAYBE, YES, second_factor_now
from toolkit.contain.snapshot import Row, Snapshot, first_of, look
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import Target, moment
from toolkit.errors import GuardRefused, TenantError
from toolkit.tenant import Tenant

LOOKED = "containment.doors"
OPEN, CLOSED, NOT_CHECKED = "open", "closed", "not checked"
NAMES = ("sign-in", "password", "sessions", "multi-factor requirement", "inbox rules")
# Further doors: the readings that show them, and the actions that close them.
FURTHER: dict[str, tuple[tuple[str, ...], tuple[type[Action], ...]]] = {
    "sign-in methods": (("methods",), (RemoveMethod,)),
    "devices": (("devices",), (DisableDevice,)),
    "applications": (
        ("grants", "app roles", "apps", FOR_EVERYBODY),
        (RemoveConsent, RemoveAppRole, RemoveConsentOfEverybody),
    ),
    "roles and role groups": (("roles", "role groups"), (RemoveRole, LeaveRoleGroup)),
    "groups": (("owned objects", "groups"), (RemoveOwnership, LeaveGroup)),
    "safe senders": (("junk list",), (DistrustSender,)),
    "forwarding": (("mailbox",), (ClearForwarding,)),
    "sweep rules": (("sweep rules",), (DisableSweepRule,)),
    "automatic replies": (("auto-reply",), (AutoReplyOff,)),
    "rights of others": (
        ("mailbox", "full access", "send as", "folder rights"),
        (RemoveFullAccess, RemoveSendAs, RemoveSendOnBehalf, RemoveFolderRight),
    ),
    "old protocols": (("protocols",), (CloseProtocols,)),
    "mobile partnerships": (("mobile devices",), (RemoveMobileDevice,)),
    "mail flow of the organisation": (
        ("transport rules", "inbound connectors", "outbound connectors"),
        (DisableTransportRule, DisableInboundConnector, DisableOutboundConnector),
    ),
}
# Each door that is about things found, and the actions that close it.
CLOSING: dict[str, tuple[type[Action], ...]] = {NAMES[4]: (DisableInboxRule,)} | {n: k for n, (_, k) in FURTHER.items()}
# Things that can be made anew: one that was not in the first snapshot is an open door, whoever made it.
MADE = (
    DisableDevice, RemoveMethod, RemoveConsent, RemoveAppRole, RemoveConsentOfEverybody, DisableSweepRule,
    RemoveFullAccess, RemoveSendAs, RemoveSendOnBehalf, RemoveFolderRight, RemoveMobileDevice, RemoveRole,
    LeaveRoleGroup, RemoveOwnership, LeaveGroup, DistrustSender,
)  # fmt: skip
# The doors that only a mailbox has, and the exception by which Exchange says that there is none.
OF_MAILBOX = frozenset({
    "inbox rules", "safe senders", "forwarding", "sweep rules", "automatic replies", "rights of others",
    "old protocols", "mobile partnerships",
})  # fmt: skip
NO_RECIPIENT = "ManagementObjectNotFoundException"
NEVER = datetime.min.replace(tzinfo=UTC)
UNSURE = (
    "no finding tells since when somebody is inside, and nothing when these were made: ask the owner, then tick them, "
    "or call them legitimate"
)
APP_PASSWORDS = ("app passwords", "no call lists them; in the Entra portal, per-user MFA deletes all of them")


@dataclass(frozen=True)
class Door:
    """One way in or out: its `name`, `state` (open, closed, not checked) and the `evidence`; times are UTC.

    `must`: it has to be closed before the account is given back, or a sender unblocked; not so where nothing can
    check it, or where this case itself opened it by giving the account back.
    `read`: when the doors were read, by the server's clock; None where no tenant was asked.
    """

    name: str
    state: str
    evidence: str
    must: bool = True
    read: datetime | None = None


def doors(case: Case, tenant: Tenant | None, target: Target, suspicion: Suspicion | None = None) -> list[Door]:
    """Every door, read now. Without a tenant none of them can be checked.

    A thing counts as open while it is suspected (see `offers`), or was not in the account's first snapshot, unless a
    person called it legitimate.
    """
    if tenant is None:
        names = (*NAMES, *FURTHER, APP_PASSWORDS[0])
        return [Door(name, NOT_CHECKED, "no live tenant in this case") for name in names]
    history = records(case, tenant.tenant_id, target.object_id)
    said = said_legitimate(case, target.user_principal_name)
    suspicion = replace(
        suspicion or Suspicion(), passes=passes_made(history), legitimate=said, given=consents_given(case)
    )
    first = first_of(case, target)
    found = []
    each: list[Callable[[], Door]] = [
        lambda: _sign_in(BlockSignIn().read(tenant, target), history),
        lambda: _elsewhere(NAMES[1], target) or _password(ResetPassword().read(tenant, target), history),
        lambda: _elsewhere(NAMES[2], target) or _sessions(RevokeSessions().read(tenant, target), history),
        lambda: _elsewhere(NAMES[3], target) or _mfa(tenant, target),
        lambda: _rules(tenant, target, suspicion, first),
    ]
    for name, read in zip(NAMES, each, strict=True):
        try:
            found.append(read())
        except TenantError as error:
            found.append(Door(name, NOT_CHECKED, str(error)))
    wanted = dict.fromkeys(name for readings, _ in FURTHER.values() for name in readings)
    now = look(case, tenant, target, readings=tuple(wanted))
    found += further_doors(now, first, suspicion)
    if NO_RECIPIENT in now.problems.get("mailbox", ""):
        told = f"Exchange has no mailbox of this account (read {now.taken[:19].replace('T', ' ')} UTC)"
        found = [Door(d.name, CLOSED, told) if d.name in OF_MAILBOX and d.state == NOT_CHECKED else d for d in found]
    found.append(Door(APP_PASSWORDS[0], NOT_CHECKED, APP_PASSWORDS[1], must=False))
    return [replace(door, read=moment(now.taken)) for door in found]


def look_at_doors(case: Case, tenant: Tenant, target: Target, suspicion: Suspicion | None = None) -> list[Door]:
    """Every door, read now, and what was read kept in the journal."""
    found = doors(case, tenant, target, suspicion)
    note_doors(case, tenant, target, found)
    return found


def check_doors(case: Case, tenant: Tenant, target: Target, suspicion: Suspicion | None, refusal: str) -> None:
    """Look at every door, and refuse while one of those that must be closed is not.

    Raises:
        GuardRefused: `refusal` (a clause, as "The account is not given back"), and each such door with its evidence.
    """
    ajar = [
        f"{door.name} ({door.state}: {door.evidence})"
        for door in look_at_doors(case, tenant, target, suspicion)
        if door.state != CLOSED and door.must
    ]
    if ajar:
        raise GuardRefused(f"{refusal} while a door is not closed: {'; '.join(ajar)}.")


def note_doors(case: Case, tenant: Tenant, target: Target, found: list[Door], **more: Any) -> None:
    """Write into the journal what a look at the doors came to, so that it can be told without a tenant."""
    read = next((door.read for door in found if door.read), None)
    case.journal.append(
        LOOKED, practice=case.practice, tenant_id=tenant.tenant_id, target=target.named,
        doors={door.name: door.state for door in found}, evidence={door.name: door.evidence for door in found},
        read=iso(read) if read else "", **more,
    )  # fmt: skip


def doors_in(now: Snapshot, first: Snapshot | None, suspicion: Suspicion) -> list[Door]:
    """The doors that a snapshot alone shows: the inbox rules and the further ones, as far as it asked for them."""
    asked = now.found.keys() | now.problems.keys()
    at = f" (read {now.taken[:19].replace('T', ' ')} UTC)"
    rows, why, found = now.rows(NAMES[4]), now.problems.get(NAMES[4], ""), []
    if NAMES[4] in asked:
        found.append(_rules_door(rows, at, suspicion, first, why))
    return found + [d for d in further_doors(now, first, suspicion) if set(FURTHER[d.name][0]) <= asked]


def further_doors(now: Snapshot, first: Snapshot | None, suspicion: Suspicion) -> list[Door]:
    """The doors of `FURTHER` as a snapshot shows them; what `first` did not have opens its door.

    Where no finding tells since when the intruder is inside, a thing without a date is not judged.
    """
    suspicion = suspicion.dated(moment(now.taken))
    standing = offers(now, suspicion)
    then = {o.action.key for o in offers(first, Suspicion())} if first else set()
    at = f"(read {now.taken[:19].replace('T', ' ')} UTC)"
    found = []
    for name, (readings, kinds) in FURTHER.items():
        unread = [f"{r}: {now.problems[r]}" for r in readings if r in now.problems]
        own = [o for o in standing if isinstance(o.action, kinds) and not o.is_off]
        made = [o for o in own if isinstance(o.action, MADE)]
        new = [o for o in made if first is not None and o.group in first.found and o.action.key not in then]
        bad = [o for o in own if (o.suspected or o in new) and not o.legitimate]
        if bad:
            told = "; ".join(f"{_thing(o)}{' (new since the first snapshot)' if o in new else ''}" for o in bad)
            found.append(Door(name, OPEN, f"{told} {at}"))
        elif unread:
            found.append(Door(name, NOT_CHECKED, "; ".join(unread)))
        elif unsure := [o for o in made if suspicion.assumed and o.undated and not (o.legitimate or _wide(o))]:
            told = "; ".join(map(_thing, unsure))
            found.append(Door(name, NOT_CHECKED, f"{UNSURE}: {told} {at}"))
        else:
            found.append(Door(name, CLOSED, f"{_left(own)} {at}"))
    return found


def _wide(offer: Offer) -> bool:
    """It is the organisation's, and no account's: most organisations have dozens of consents without a date."""
    return offer.action.hits_everybody


def _left(own: list[Offer]) -> str:
    """What stands behind a closed door, and what of it only a person says is legitimate."""
    said = "".join(f"; {_thing(o)}: {o.why}" for o in own if o.legitimate)
    return f"{len(own)} left, none suspected{said}" if own else "nothing there"


def _thing(offer: Offer) -> str:
    return f"{offer.action.title} ({offer.text})" if offer.text else offer.action.title


def _sign_in(now: State, history: list[Record]) -> Door:
    blocked = now.values.get("accountEnabled") is False
    told = f"{BlockSignIn().before(now.values)}{_at(now)}"
    if not blocked and given_back(history):
        return Door(NAMES[0], OPEN, f"given back by this case, behind closed doors; {told}", must=False)
    return Door(NAMES[0], CLOSED if blocked else OPEN, told)


def passes_made(history: list[Record]) -> frozenset[str]:
    """The ids of the access passes that calls of this case made, as they were read back."""
    made = [r for r in history if r.action == IssueAccessPass.key]
    return frozenset(
        str(one) for r in made for one in r.read_values.get("passes", []) if one not in r.before.get("passes", [])
    )


def given_back(history: list[Record]) -> Record | None:
    """The call of this case that gave the account back, if nothing of this case blocked it again."""
    keys = (GiveBack.key, BlockSignIn.key)
    last = next((r for r in reversed(history) if r.action in keys and r.status in {DONE, SENT}), None)
    return last if last is not None and last.action == GiveBack.key and last.direction == "do" else None


def _elsewhere(name: str, target: Target) -> Door | None:
    """A door that is another directory's: a guest's home, or the provider at which people of this domain sign in."""
    if is_guest(target):
        return Door(name, NOT_CHECKED, "it belongs to the guest's home tenant: ask there", must=False)
    if name == NAMES[1] and not target.synced and target.authentication_type.lower() != "managed":
        return Door(name, NOT_CHECKED, "it is set where this domain signs in: reset it there", must=False)
    return None


def _password(now: State, history: list[Record]) -> Door:
    action = ResetPassword()
    ours = _done(history, ResetPassword, ResetWithWriteback)
    if ours is None:
        return Door(NAMES[1], OPEN, f"no reset by this case was read back; {action.before(now.values)}{_at(now)}")
    here, then = now.values.get(action.field), ours.read_values.get(action.field)
    back = given_back(history)
    if here != then and back is not None and back.answered_date and (moment(here) or NEVER) >= back.answered_date:
        told = f"changed at {here}, after the account was given back: its owner had to choose a new one"
        return Door(NAMES[1], CLOSED, f"{told}; ask whether it was them{_at(now)}")
    if here != then:
        return Door(NAMES[1], NOT_CHECKED, f"changed again at {here}, after this case's reset: ask the owner{_at(now)}")
    seen = "" if ours.shown else "; nobody saw the new password, so reset it again to hand one over"
    return Door(NAMES[1], CLOSED, f"reset by this case, {action.before(now.values)}{_at(now)}{seen}")


def _sessions(now: State, history: list[Record]) -> Door:
    action, resets = RevokeSessions(), (ResetPassword.key, ResetWithWriteback.key)
    ours = _done(history, RevokeSessions, RevokeAgain)
    reset = next((r for r in reversed(history) if r.action in resets and r.status not in {REFUSED, NOT_DONE}), None)
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


def _mfa(tenant: Tenant, target: Target) -> Door:
    """Per-user MFA, or Conditional Access policies that are on and together ask at every sign-in."""
    action, now = RequireMfa(), RequireMfa().read(tenant, target)
    told = f"{action.before(now.values)}{_at(now)}"
    if action.is_so(now, None):
        return Door(NAMES[3], CLOSED, told)
    try:
        found = second_factor_now(tenant, target)
    except TenantError as error:
        return Door(NAMES[3], OPEN, f"{told}; Conditional Access could not be read: {error}")
    state = {YES: CLOSED, MAYBE: NOT_CHECKED}.get(found.state, OPEN)
    return Door(NAMES[3], state, f"{told}; Conditional Access: {found.told}")


def _rules(tenant: Tenant, target: Target, suspicion: Suspicion, first: Snapshot | None) -> Door:
    found = inbox_rules(tenant, target)
    return _rules_door(found.rows, _at(State({}, found.date)), suspicion, first, found.cut)


def _rules_door(rows: list[Row], at: str, suspicion: Suspicion, first: Snapshot | None, unread: str) -> Door:
    """The door of the inbox rules; `unread` says why there may be others than these."""
    hidden = {identity_of(rule) for rule in rows if rule.get(HIDDEN)}
    known = NAMES[4] in first.found if first is not None else False
    then = {identity_of(rule) for rule in first.rows(NAMES[4])} if first is not None else set()
    live = [rule for rule in rows if rule.get("Enabled") and not is_pseudo(rule)]
    bad = [
        rule for rule in live
        if (acts_against_owner(rule) or identity_of(rule) in hidden or (known and identity_of(rule) not in then))
        and not suspicion.cleared(
            f"{DisableInboxRule.kind}:{identity_of(rule)}", rule_in_words(rule, hidden=identity_of(rule) in hidden)
        )
    ]  # fmt: skip
    if bad:
        new = " (new since the first snapshot)"
        names = ", ".join(
            f"{quoted(title_of(rule))}{new if known and identity_of(rule) not in then else ''}" for rule in bad
        )
        return Door(NAMES[4], OPEN, f"enabled, and new, hidden, or forwarding, deleting or hiding mail: {names}{at}")
    if unread:
        return Door(NAMES[4], NOT_CHECKED, unread)
    rest = f"{len(live)} other enabled rule(s)" if live else "no enabled rule"
    return Door(NAMES[4], CLOSED, f"{rest}, hidden ones looked for{at}")


def _done(history: list[Record], *actions: type[MovesATime]) -> Record | None:
    done = [r for r in history if r.action in {a.key for a in actions} and r.status == DONE]
    return done[-1] if done else None


def _at(now: State) -> str:
    return f" (read {now.date:%Y-%m-%d %H:%M:%S} UTC)" if now.date else ""
