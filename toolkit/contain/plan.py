"""The plan for one account: actions in their order, each with its exact call, its state now and its status."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.case import Case
from toolkit.contain.action import Action, State
from toolkit.contain.actions import (
    BlockSignIn,
    ClearForwarding,
    ClearOutsideForwarding,
    CloseProtocols,
    ConfirmCompromised,
    DisableInboxRule,
    RequireMfa,
    ResetPassword,
    ResetWithWriteback,
    RevokeAgain,
    RevokeSessions,
    action_named,
)
from toolkit.contain.actions.shapes import OnThing, Settings
from toolkit.contain.doors import CLOSING, OPEN, Door, passes_made
from toolkit.contain.given import consents_given
from toolkit.contain.guards import break_glass, by_hand, check_target, check_tenant, is_guest
from toolkit.contain.hand_work import WITHOUT_SNAPSHOT, hand_work
from toolkit.contain.ledger import DONE, FINAL_AFTER, IN_DOUBT, NOT_DONE, REFUSED, SENT, Record, latest, records
from toolkit.contain.legitimate import said_legitimate
from toolkit.contain.offers import Offer, offers, taken
from toolkit.contain.order import MAKES_TOKENS, in_order, stays_before
from toolkit.contain.readings import READINGS
from toolkit.contain.snapshot import Snapshot, take
from toolkit.contain.suspicion import Suspicion
from toolkit.contain.target import Target, moment, resolve
from toolkit.errors import GuardRefused, TenantAnswer, UsageError
from toolkit.tenant import CLOUDS, Call, Cloud, Tenant
from toolkit.tenant.gate import canonical

# Which family of detections a kind of action answers; the others answer whatever was found about the account.
FAMILIES = {
    "disable-inbox-rule": "IR",
    "clear-forwarding": "FW",
    "clear-outside-forwarding": "FW",
    "remove-consent": "OA",
    "remove-app-role": "OA",
    "remove-consent-of-everybody": "OA",
    "disable-app": "OA",
    "remove-full-access": "DG",
    "remove-send-as": "DG",
    "remove-send-on-behalf": "DG",
    "remove-folder-right": "DG",
}
# Steps that every plan has, and that a person may leave out.
OPTIONAL = (BlockSignIn.key, RequireMfa.key)
TO_DO = "to do"
ALREADY_SO = "already so"
OFFERED_AGAIN = "offered again"
UNREADABLE = "cannot be read"


@dataclass
class Step:
    """One action of a plan: its `call`, the state `before` (None in a file-only case) and its `status`.

    `behind` is the title of a finding that nobody refuted and that this step answers: until then it is not undone.
    `status`: to do, already so, done, sent (not yet visible), in doubt, offered again (a password that nobody
    saw), or cannot be read (a role or licence is missing; `problem` says what the service answered). `undo` is
    the call that brings back the stored state, `restores`, if there is one now.
    """

    action: Action
    call: Call
    before: State | None = None
    status: str = TO_DO
    record: Record | None = None
    undo: Call | None = None
    restores: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    behind: str = ""

    @property
    def can_run(self) -> bool:
        again = self.status in {TO_DO, OFFERED_AGAIN, IN_DOUBT} or self.action.repeatable or self._should_show
        return self.before is not None and again

    @property
    def _should_show(self) -> bool:
        """It was taken so long ago that it would show by now if it had been done."""
        since = self.record.before_date if self.record is not None else None
        now = self.before.date if self.before is not None else None
        return self.status == SENT and since is not None and now is not None and now - since >= FINAL_AFTER


@dataclass
class Plan:
    """What would be done to one account, in order. `tenant` is None in a file-only case, which cannot run it.

    `offers` is everything that could be done about what the snapshot shows, chosen or not; `by_hand` what no call
    does, in sentences; `notes` what could not be read; `suspicion` what was known of the intruder; `without` the
    keys of the `OPTIONAL` steps that a person left out; `returning` says that it is a last one, which gives back what
    was stopped.
    """

    case: Case
    target: Target
    steps: list[Step]
    tenant: Tenant | None = None
    offers: list[Offer] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    break_glass: frozenset[str] = frozenset()
    snapshot: Snapshot | None = None
    returning: bool = False
    suspicion: Suspicion = field(default_factory=Suspicion)
    without: frozenset[str] = frozenset()

    @property
    def chosen(self) -> list[str]:
        """The keys of the offers that are steps."""
        steps = {step.action.key for step in self.steps}
        return [o.action.key for o in self.offers if o.action.key in steps]

    @property
    def left_out(self) -> list[Offer]:
        """The offers that are not steps, of things that still work: the suspected first."""
        steps = {step.action.key for step in self.steps}
        left = [o for o in self.offers if o.action.key not in steps and not o.is_off]
        return sorted(left, key=lambda o: not o.suspected)

    def would_close(self, door: Door) -> list[Offer]:
        """What of `left_out` has to become a step for an open door to close."""
        kinds = CLOSING.get(door.name, ())
        if door.state != OPEN:
            return []
        return [
            o for o in self.left_out if isinstance(o.action, kinds) and (o.suspected or o.action.title in door.evidence)
        ]

    @property
    def order(self) -> list[str]:
        """The keys of the steps as they stand."""
        return [step.action.key for step in self.steps]

    @property
    def hits_everybody(self) -> bool:
        return any(step.action.hits_everybody for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 over the account and the calls: what a typed name is bound to."""
        parts = [self.target.tenant_id, self.target.object_id, self.target.user_principal_name]
        parts += [step.call.digest for step in self.steps]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def step(self, key: str) -> Step:
        """The step of an action's key.

        Raises:
            UsageError: the plan has none.
        """
        for step in self.steps:
            if step.action.key == key:
                return step
        raise UsageError(f"The plan for {self.target.user_principal_name} has no step {key!r}.")


def make_plan(
    case: Case,
    tenant: Tenant,
    user: str,
    *,
    chosen: Collection[str] | None = None,
    also: Collection[str] = (),
    order: Sequence[str] = (),
    without: Collection[str] = (),
    suspicion: Suspicion | None = None,
    emergency: Iterable[str] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Plan:
    """Read the account's state into a snapshot and lay out the plan; nothing is changed.

    `user` is a user principal name or object id; `chosen` the keys of the offers to take (without it those that are
    suggested), `also` the keys of more of them, `order` the keys of steps as a person arranged them, `without` those
    of `OPTIONAL` that are left out; `suspicion` what findings say about the intruder; `emergency` more break-glass
    accounts.

    Raises:
        GuardRefused: the tenant has to be confirmed first, or the account must not be changed.
        UsageError: a key of `also` is of nothing that was found.
        TenantError: the account could not be read.
    """
    check_tenant(case, tenant)
    target = resolve(tenant, user)
    listed = break_glass(case, emergency)
    doubts = check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    snapshot = take(case, tenant, target, progress=progress)
    ours = frozenset(r.action for r in history if r.status not in {REFUSED, NOT_DONE})
    refused = frozenset(key for key, last in {r.action: r for r in history}.items() if last.status == REFUSED)
    said = said_legitimate(case, target.user_principal_name)
    known = replace(
        suspicion or Suspicion(), ours=ours, refused=refused, passes=passes_made(history), legitimate=said,
        given=consents_given(case),
    )  # fmt: skip
    undated, known = known, known.dated(moment(snapshot.taken))
    found = offers(snapshot, known)
    unknown = [key for key in also if key not in {o.action.key for o in found}]
    if unknown:
        raise UsageError(f"Nothing that was found has the key {unknown[0]!r}; the plan lists the keys there are.")
    suggested = taken(found, chosen)
    if ClearForwarding.key in refused and any(o.action.key == ClearForwarding.key for o in suggested):
        suggested += [o for o in found if o.action.key == ClearOutsideForwarding.key and o not in suggested]
    actions = [o.action for o in found if o in suggested or o.action.key in also]
    actions += _done_before(history, actions)
    if any(a.kind in MAKES_TOKENS for a in actions):
        actions.append(RevokeAgain())
    left_out = frozenset(OPTIONAL) & frozenset(without)
    always = [*first_steps(target), *([] if is_guest(target) else [RequireMfa()])]
    actions = in_order([*(a for a in always if a.key not in left_out), *actions], order)
    notes = doubts + [f"{READINGS[name].title} could not be read: {why}" for name, why in snapshot.problems.items()]
    hand = [*by_hand(target), *hand_work(case, snapshot, undated)]
    progress("laying out the plan")
    steps = [step_of(tenant, target, action, history) for action in actions]
    for step in steps:
        step.behind = _behind(step.action, known)
    return Plan(case, target, steps, tenant, found, hand, notes, listed, snapshot, suspicion=known, without=left_out)


def _behind(action: Action, suspicion: Suspicion) -> str:
    """The title of a finding that this action answers and nobody refuted."""
    family = FAMILIES.get(action.kind)
    titles = suspicion.standing.values() if family is None else [suspicion.standing.get(family, "")]
    return next(iter(titles), "")


def why_not_moved(plan: Plan, key: str, by: int) -> str:
    """Why a step cannot change places with the one before (`by` -1) or after it (1); "" if it can."""
    here = plan.order.index(plan.step(key).action.key)
    if not 0 <= here + by < len(plan.steps):
        return "It is the first step." if by < 0 else "It is the last step."
    first, second = sorted((here, here + by))
    early, late = plan.steps[first].action, plan.steps[second].action
    why = stays_before(early, late)
    return f"“{early.title}” has to come before “{late.title}”: {why}." if why else ""


def moved(plan: Plan, key: str, by: int) -> Plan:
    """The plan with a step one place earlier (`by` -1) or later (1). It is another plan: its name is typed anew.

    Raises:
        GuardRefused: the order would not be safe, or there is no such place; the text says why.
    """
    why = why_not_moved(plan, key, by)
    if why:
        raise GuardRefused(why)
    here = plan.order.index(key)
    steps = list(plan.steps)
    steps[here], steps[here + by] = steps[here + by], steps[here]
    return replace(plan, steps=steps)


def outline(case: Case, user: str) -> Plan:
    """The plan of a case without a live tenant: the same steps and calls, nothing read and no way to run it.

    The account is named by its user principal name, as its object id is not known from files.
    """
    tenants = list(case.tenant_ids)
    target = Target(tenants[0] if len(tenants) == 1 else "<tenant id>", user.strip(), user.strip())
    cloud: Cloud = CLOUDS["global"]
    rule = DisableInboxRule("<RuleIdentity, from Get-InboxRule -IncludeHidden>", "each chosen rule")
    actions: list[Action] = [
        BlockSignIn(), ResetPassword(), RevokeSessions(), rule, ClearForwarding(), CloseProtocols(), RequireMfa()
    ]  # fmt: skip
    return Plan(
        case, target, [Step(action, action.call(cloud, target)) for action in actions], by_hand=list(WITHOUT_SNAPSHOT)
    )


def _done_before(history: list[Record], actions: list[Action]) -> list[Action]:
    """What this case did to things that are gone by it, so that the plan shows it and offers the undo."""
    known = {action.key for action in actions}
    found: dict[str, Action] = {}
    for record in history:
        last = latest(history, record.action)
        action = action_named(record.action, record.about)
        if last is None or last.direction != "do" or action is None or record.action in known:
            continue
        if isinstance(action, OnThing | Settings | ConfirmCompromised) and not action.last:
            found[record.action] = action
    return list(found.values())


def first_steps(target: Target) -> list[Action]:
    """Stop, new secret, end sessions, as far as the kind of identity allows it from the cloud."""
    if is_guest(target):
        return [BlockSignIn()]
    if target.synced:
        return [BlockSignIn(), ResetWithWriteback(), RevokeSessions()]
    if target.authentication_type.lower() != "managed":
        return [BlockSignIn(), RevokeSessions()]
    return [BlockSignIn(), ResetPassword(), RevokeSessions()]


def call_text(call: Call) -> str:
    """A call as a person reads it: method, address, body; a cmdlet also as it is typed in PowerShell."""
    lines = [f"{call.method} {call.url}"]
    if call.body is not None:
        lines.append(canonical(call.body))
    given = (call.body or {}).get("CmdletInput")
    if given:
        words = [given["CmdletName"]]
        for name, value in given["Parameters"].items():
            words.append(f"-{name}{':' if isinstance(value, bool) else ' '}{_typed(value)}")
        lines.append(f"which is: {' '.join(words)}")
    return "\n".join(lines)


def _typed(value: Any) -> str:
    """A parameter's value as it is typed in PowerShell."""
    if isinstance(value, bool):
        return f"${str(value).lower()}"
    if isinstance(value, list):
        return ",".join(f'"{one}"' for one in value) or "@()"
    return "$null" if value is None else f'"{value}"'


def step_of(tenant: Tenant, target: Target, action: Action, history: list[Record]) -> Step:
    """The step of an action as it stands: its call, the state now, and what this case did about it before."""
    call = action.call(tenant.cloud, target)
    try:
        state = action.read(tenant, target)
    except TenantAnswer as error:
        # One missing role must not keep the other steps from being run.
        return Step(action, call, None, UNREADABLE, problem=str(error))
    step = Step(action, call, state)
    last = latest(history, action.key)
    step.record = last
    done = latest(history, action.key, "do")
    if action.settles:
        if last is not None and last.status == IN_DOUBT:
            step.status = IN_DOUBT
        elif action.is_so(state, None):
            ours = last is not None and last.direction == "do" and last.status in {DONE, SENT}
            step.status = DONE if ours else ALREADY_SO
        elif last is not None and last.direction == "do" and last.status == SENT:
            step.status = SENT
    elif last is not None:
        step.status = OFFERED_AGAIN if last.to_offer_again else last.status
    undoing = step.status == IN_DOUBT and last is not None and last.direction == "undo"
    if done is not None and (step.status in {DONE, SENT} or undoing):
        step.undo = action.undo_of(tenant.cloud, target, done.before, state.values)
        step.restores = done.before
    return step
