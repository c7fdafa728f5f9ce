"""One changing call from approval to read-back, with a line in the journal before and after each part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.password import new_password
from toolkit.contain.actions.rules import identity_of, title_of
from toolkit.contain.backup import back_up_rules
from toolkit.contain.confirm import Confirmation
from toolkit.contain.ledger import (
    ANSWERED,
    DONE,
    IN_DOUBT,
    PASSWORD_SHOWN,
    READ_BACK,
    REFUSED,
    SENDING,
    SENT,
    describe,
    server_time,
)
from toolkit.contain.plan import Plan
from toolkit.errors import GuardRefused, NothingSent, TenantAnswer, TenantError, TenantUnreachable
from toolkit.tenant import Answer, Approval, Call, Secret, Tenant
from toolkit.tenant.gate import PLACEHOLDER, canonical
from toolkit.tenant.session import new_request_id

Progress = Callable[[str], None]
ShowSecret = Callable[[Secret, str], bool | None]
"""Given the password and the run's id, shows it once. True: a person's screen has it. None: that is told later."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


@dataclass(frozen=True)
class Outcome:
    """How a step ended: `status` (done, sent, in doubt, refused, already so) and one sentence; `run` is its id.

    `wait`: the seconds after which the service, which did nothing, wants to be asked again; None if it said no more.
    """

    status: str
    text: str
    run: str = ""
    wait: float | None = None


@dataclass(frozen=True)
class Order:
    """What to send: an action's `call` in a `direction` (do, undo); `restores`: what an undo brings back."""

    plan: Plan
    action: Action
    call: Call
    direction: str
    restores: dict[str, Any]
    patience: float | None

    @property
    def tenant(self) -> Tenant:
        if self.plan.tenant is None:
            raise GuardRefused("This case has no live tenant.")
        return self.plan.tenant

    def journal(self, kind: str, **fields: Any) -> None:
        self.plan.case.journal.append(kind, practice=self.plan.case.practice, **fields)

    def agrees(self, now: State, sent: Sent) -> bool:
        """Whether a reading shows what the call was to bring about."""
        if self.direction == "undo":
            return self.action.is_undone(now, self.restores)
        return self.action.is_so(now, sent)


def carry_out(
    order: Order, state: State, confirmation: Confirmation, show_secret: ShowSecret | None, progress: Progress
) -> Outcome:
    """Send an order once. `state` is the reading just before it.

    The password, if there is one, lives only in here: it goes into the request and to `show_secret`.
    """
    tenant, action, plan = order.tenant, order.action, order.plan
    wait = action.settling_seconds(state)
    if wait:
        tenant.sleep(wait)
        state = action.read(tenant, plan.target)
    # Until now only reading was asked for; whoever signed in is asked for more as late as this.
    tenant.tokens.widen(action.purpose)
    approval = confirmation.approve(plan, order.call, everybody=action.hits_everybody)
    run_id = new_request_id()
    secret = new_password() if PLACEHOLDER in canonical(order.call.body) else None
    if "all" in state.values:
        back_up_rules(plan.case, plan.target, run_id, state.values["all"])
    order.journal(
        SENDING,
        run=run_id,
        action=action.key,
        about=action.about,
        title=action.title,
        direction=order.direction,
        tenant_id=tenant.tenant_id,
        operator=tenant.operator.user_principal_name,
        target=plan.target.named,
        call=describe(order.call),
        client_request_id=run_id,
        before=kept(state),
        before_date=server_time(state.date),
        restores=order.restores,
        **({"secret": f"set, length {len(secret)}", "secret_length": len(secret)} if secret is not None else {}),
    )
    progress("calling")
    answer, status, text, later = _call_once(order, approval, secret, run_id)
    if answer is not None:
        # A secret that the service made lives in the answer alone.
        secret = secret or action.secret_in(answer)
        try:
            done, told = action.outcome(tenant, answer)
            status, text = (SENT if done else REFUSED), told
        except TenantError as error:
            text = f"How it ended could not be asked: {error}"
    order.journal(
        ANSWERED,
        run=run_id,
        client_request_id=run_id,
        status=status,
        http_status=answer.status if answer else None,
        request_id=answer.request_id if answer else "",
        server_date=server_time(answer.date) if answer else None,
        text=text,
    )
    if status == REFUSED:
        return Outcome(REFUSED, text, run_id, later)
    if answer is not None and secret is not None and show_secret and _show(show_secret, secret, run_id):
        order.journal(PASSWORD_SHOWN, run=run_id)
    del secret
    if answer is None and not action.settles:
        return Outcome(IN_DOUBT, f"{text} Reading cannot tell whether it was done: run it again.", run_id)
    sent = Sent(kept(state), state.date, answer.date if answer else None)
    outcome = _read_back(order, state, sent, run_id, "" if answer else text, progress)
    return outcome if not (answer and text) else Outcome(outcome.status, f"{outcome.text} {text}", run_id)


def kept(state: State) -> dict[str, Any]:
    """What of a state goes into the journal: all but the full list of rules, which has a file of its own."""
    return {name: value for name, value in state.values.items() if name != "all"}


def not_yet(error: TenantAnswer) -> str:
    """What is said of a request that a service did not take because it is asked too often."""
    after = f"asked to wait {error.wait:g} s" if error.wait is not None else "asked to wait"
    return f"Not done yet: {after}; run it again then. {error}"


def _call_once(
    order: Order, approval: Approval, secret: Secret | None, run_id: str
) -> tuple[Answer | None, str, str, float | None]:
    """The answer, or how the call ended without one, in a word and a sentence; and when to ask again."""
    try:
        answer = order.tenant.session.write(order.call, approval, secret=secret, client_request_id=run_id)
    except NothingSent as error:
        return None, REFUSED, str(error), None
    except TenantUnreachable as error:
        return None, IN_DOUBT, str(error), None
    except TenantAnswer as error:
        if error.status == 429:
            return None, REFUSED, not_yet(error), error.wait
        needed = f" Needed: {order.action.role}." if error.status == 403 else ""
        # A 4xx comes in place of the change; a 5xx, or a 2xx that cannot be read, may come after it.
        return None, REFUSED if 300 <= error.status < 500 else IN_DOUBT, f"{error}{needed}", None
    except TenantError as error:
        return None, REFUSED, str(error), None
    return answer, SENT, "", None


def _read_back(order: Order, state: State, sent: Sent, run_id: str, trouble: str, progress: Progress) -> Outcome:
    tenant, action = order.tenant, order.action
    left = min(action.patience if order.patience is None else order.patience, tenant.session.time_left())
    pause, agrees, now, unread = FIRST_PAUSE, False, State({}, None), ""
    while True:
        progress("reading back")
        try:
            now, unread = action.read(tenant, order.plan.target), ""
            agrees = order.agrees(now, sent)
        except TenantError as error:
            unread = str(error)
        left = min(left, tenant.session.time_left())
        if agrees or left <= 0:
            break
        tenant.sleep(min(pause, left))
        left, pause = left - pause, min(pause * 2, LONGEST_PAUSE)
    status = DONE if agrees else IN_DOUBT if trouble else SENT
    lost = _lost_rules(state, now) if agrees else []
    order.journal(
        READ_BACK,
        run=run_id,
        status=status,
        agrees=agrees,
        values=kept(now),
        server_date=server_time(now.date),
        lost_rules=lost,
        text=unread,
    )
    if agrees:
        gone = f" No longer in the mailbox: {', '.join(lost)}." if lost else ""
        return Outcome(DONE, f"Read back: {action.before(now.values)}.{gone}", run_id)
    if trouble:
        return Outcome(IN_DOUBT, f"{trouble} A reading does not show the change; preview the plan again.", run_id)
    return Outcome(SENT, "The service took the call; a reading does not show it yet. Read again later.", run_id)


def _lost_rules(before: State, now: State) -> list[str]:
    here = {identity_of(rule) for rule in now.values.get("all", [])}
    return [title_of(rule) for rule in before.values.get("all", []) if identity_of(rule) not in here]


def _show(show_secret: ShowSecret, secret: Secret, run_id: str) -> bool:
    try:
        return show_secret(secret, run_id) is True
    except Exception:  # noqa: BLE001 - whatever goes wrong in showing, the reset itself was made
        return False
