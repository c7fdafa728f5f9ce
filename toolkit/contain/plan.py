"""The plan for one account: actions in their order, each with its exact call, its state now and its status."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.case import Case
from toolkit.contain.action import Action, State
from toolkit.contain.block import BlockSignIn
from toolkit.contain.guards import break_glass, check_target, check_tenant
from toolkit.contain.ledger import DONE, IN_DOUBT, SENT, Record, latest, records
from toolkit.contain.mfa import RequireMfa
from toolkit.contain.password import ResetPassword
from toolkit.contain.rules import DisableInboxRule, acts_against_owner, identity_of, is_pseudo, title_of
from toolkit.contain.sessions import RevokeSessions
from toolkit.contain.target import Target, resolve
from toolkit.errors import TenantAnswer, UsageError
from toolkit.tenant import CLOUDS, Call, Cloud, Tenant
from toolkit.tenant.gate import canonical

TO_DO = "to do"
ALREADY_SO = "already so"
OFFERED_AGAIN = "offered again"
UNREADABLE = "cannot be read"


@dataclass
class Step:
    """One action of a plan: its `call`, the state `before` (None in a file-only case) and its `status`.

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

    @property
    def can_run(self) -> bool:
        return self.before is not None and (self.status in {TO_DO, OFFERED_AGAIN, IN_DOUBT} or self.action.repeatable)


@dataclass
class InboxRule:
    """A rule of the mailbox as the chooser shows it; `chosen` if it forwards, deletes or hides, or is hidden."""

    identity: str
    name: str
    hidden: bool
    enabled: bool
    chosen: bool
    row: dict[str, object] = field(repr=False, default_factory=dict)


@dataclass
class Plan:
    """What would be done to one account, in order. `tenant` is None in a file-only case, which cannot run it."""

    case: Case
    target: Target
    steps: list[Step]
    tenant: Tenant | None = None
    rules: list[InboxRule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    break_glass: frozenset[str] = frozenset()

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
    rules: Sequence[str] | None = None,
    emergency: Iterable[str] = (),
) -> Plan:
    """Read the account's state and lay out the plan; nothing is changed.

    `user` is a user principal name or object id; `rules` the RuleIdentity texts of the inbox rules to disable
    (without it those that forward, delete, hide mail or are hidden); `emergency` more break-glass accounts.

    Raises:
        GuardRefused: the tenant has to be confirmed first, or the account must not be changed this way.
        TenantError: the account could not be read.
    """
    check_tenant(case, tenant)
    target = resolve(tenant, user)
    listed = break_glass(case, emergency)
    check_target(target, tenant, listed)
    history = records(case, tenant.tenant_id, target.object_id)
    found: list[InboxRule] = []
    notes = []
    try:
        found = _inbox_rules(tenant, target, rules, history)
    except TenantAnswer as error:
        notes.append(f"The inbox rules could not be read, so none is in this plan. {error}")
    chosen = [DisableInboxRule(rule.identity, rule.name) for rule in found if rule.chosen]
    steps = []
    for action in [BlockSignIn(), ResetPassword(), RevokeSessions(), *chosen, RequireMfa()]:
        steps.append(_step(tenant, target, action, history))
    return Plan(case, target, steps, tenant, found, notes, listed)


def outline(case: Case, user: str) -> Plan:
    """The plan of a case without a live tenant: the same steps and calls, nothing read and no way to run it.

    The account is named by its user principal name, as its object id is not known from files.
    """
    tenants = list(case.tenant_ids)
    target = Target(tenants[0] if len(tenants) == 1 else "<tenant id>", user.strip(), user.strip())
    cloud: Cloud = CLOUDS["global"]
    rule = DisableInboxRule("<RuleIdentity, from Get-InboxRule -IncludeHidden>", "each chosen rule")
    actions: list[Action] = [BlockSignIn(), ResetPassword(), RevokeSessions(), rule, RequireMfa()]
    return Plan(case, target, [Step(action, action.call(cloud, target)) for action in actions])


def call_text(call: Call) -> str:
    """A call as a person reads it: method, address, body; a cmdlet also as it is typed in PowerShell."""
    lines = [f"{call.method} {call.url}"]
    if call.body is not None:
        lines.append(canonical(call.body))
    given = (call.body or {}).get("CmdletInput")
    if given:
        words = [given["CmdletName"]]
        for name, value in given["Parameters"].items():
            words.append(f"-{name}:${str(value).lower()}" if isinstance(value, bool) else f'-{name} "{value}"')
        lines.append(f"which is: {' '.join(words)}")
    return "\n".join(lines)


def _step(tenant: Tenant, target: Target, action: Action, history: list[Record]) -> Step:
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
    if done is not None and step.status in {DONE, SENT}:
        step.undo, step.restores = action.undo_call(tenant.cloud, target, done.before), done.before
    return step


def _inbox_rules(
    tenant: Tenant, target: Target, wanted: Sequence[str] | None, history: list[Record]
) -> list[InboxRule]:
    every = tenant.exchange.inbox_rules(target.object_id, target.user_principal_name).rows
    plain = tenant.exchange.inbox_rules(target.object_id, target.user_principal_name, hidden=False).rows
    visible = {identity_of(row) for row in plain}
    ours = {r.action.partition(":")[2] for r in history if r.action.startswith("disable-inbox-rule:")}
    found = []
    for row in every:
        if is_pseudo(row):
            continue
        identity = identity_of(row)
        hidden, enabled = identity not in visible, bool(row.get("Enabled"))
        suspect = identity in ours or (enabled and (hidden or acts_against_owner(row)))
        chosen = identity in wanted if wanted is not None else suspect
        found.append(InboxRule(identity, title_of(row), hidden, enabled, chosen, row))
    return found
