"""The containment panel: preview, type the name, run one step at a time, read back, undo."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from html import escape

import ipywidgets as w
from IPython.display import HTML, DisplayHandle, display

from toolkit import contain
from toolkit.case import Case
from toolkit.contain import Confirmation, Outcome, Plan, Step
from toolkit.detect import Finding
from toolkit.errors import GuardRefused, ToolkitError
from toolkit.tenant import Secret, Tenant, TokenSource
from toolkit.views.containment_accounts import accounts_with_findings, findings_of
from toolkit.views.containment_html import STYLE, offline_plan, record
from toolkit.views.containment_screen import Clicks, Screen
from toolkit.views.containment_steps import RUNNING, WAITING, as_left, with_step
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.look import page, practice_banner
from toolkit.views.notebook import case_from, show_panel
from toolkit.views.signing_in import SignIn


def containment_panel(
    case: Case | str | os.PathLike[str] | None = None,
    users: Sequence[str] | None = None,
    *,
    tokens: TokenSource | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ContainmentPanel:
    """The panel for a case: as the last line of a cell it shows itself. Making and showing it sends nothing.

    `case` as for every notebook; `users` are the accounts to choose from (user principal names), without it those
    with a finding of at least medium severity; another can be typed. A practice case acts on its practice tenant;
    any other case shows the plan without buttons that run it until somebody has signed in to its tenant.

    Raises:
        CaseUnknown, CaseNotFound, CaseDamaged: see `case_from`.
    """
    place = case_from(case)
    findings = findings_of(place)
    return ContainmentPanel(place, list(users or accounts_with_findings(findings)), tokens, sleep, findings)


class ContainmentPanel:
    """What clicks do. They start workers and return; workers leave events, which one updater takes to the screen."""

    def __init__(
        self,
        case: Case,
        users: list[str],
        tokens: TokenSource | None,
        sleep: Callable[[float], None],
        findings: Sequence[Finding] = (),
    ) -> None:
        self.case, self.users, self._findings = case, users, findings
        self.plan: Plan | None = None
        self.confirmation: Confirmation | None = None
        self._tenant: Tenant | None = None
        self._unseen: dict[str, Plan] = {}
        self._seen: set[str] = set()
        self._busy = False
        self._stages: dict[str, str] = {}
        self._halted, self._watching = threading.Event(), threading.Event()
        self._doors: list[contain.Door] = []
        self._kept: DisplayHandle | None = None
        self.desk = Desk(self._update)
        self.sign_in = SignIn(case, self._signed, tokens=tokens, sleep=sleep)
        clicks = Clicks(
            self.preview, self.confirm_tenant, self.confirm, self.extend, self.run, self.undo, self.move, self.run_all,
            self.halt, self.watch, self.give_back, self.unblock, self.legitimate, self.suspect, self._shown,
            self._typing,
        )  # fmt: skip
        self.screen = Screen(case, users, clicks)
        self._whole = self.screen.widget if case.practice else w.VBox([self.sign_in.widget, self.screen.widget])
        if users and not self.sign_in.ready:
            self._on_offline(contain.outline(case, users[0]))

    @property
    def widget(self) -> object:
        return self._whole

    def _ipython_display_(self) -> None:
        show_panel(self._whole, self.twin())
        # The twin of the panel is frozen; this one follows what happens, and is what a saved notebook keeps.
        self._kept = display(self._record(), display_id=True)  # type: ignore[no-untyped-call]

    def twin(self) -> str:
        """The same as plain HTML, for a notebook that is opened again without its kernel."""
        parts = [f"<style>{STYLE}</style>", practice_banner(self.case.practice)]
        if not self.case.practice:
            parts += [offline_plan(contain.outline(self.case, user)) for user in self.users[:5]]
        accounts = ", ".join(self.users) or "chosen in the panel"
        return "".join([*parts, f"<p>Accounts: {escape(accounts)}</p>"])

    def _record(self) -> HTML:
        text = page(record(self.case, self._doors, self.plan))
        return HTML(f'<div class="toolkit-twin">{text}</div>')  # type: ignore[no-untyped-call]

    def _keep(self) -> None:
        if self._kept is not None:
            self._kept.update(self._record())  # type: ignore[no-untyped-call]

    def preview(self) -> None:
        """Read the account and lay out its plan; with what is ticked, if the plan is of this account already."""
        user = self.screen.user.value.strip()
        if not user:
            self.desk.put("problem", "Name the account first, as name@domain.")
            return
        same = self.plan is not None and self.plan.target.user_principal_name.lower() == user.lower()
        ticked = [key for key, tick in self.screen.offers if tick.value]
        chosen = ticked if same and self.screen.offers else None
        order = self.plan.order if same and self.plan is not None else []
        without = frozenset(key for key, tick in self.screen.optional if not tick.value) if same else frozenset()
        self.desk.start(lambda emit: self._read(emit, user, chosen, order, without))

    def confirm_tenant(self) -> None:
        """Take the typed domain as the answer to which tenant this is."""
        typed = self.screen.domain.value

        def job(emit: Emit) -> None:
            tenant = self._connected()
            try:
                contain.confirm_tenant(self.case, tenant, typed)
            except GuardRefused:
                emit("tenant", contain.tenant_question(self.case, tenant))
                emit("not_the_tenant", (typed, tenant.domain))
                return
            emit("tenant", None)
            emit("said", "The tenant is confirmed and noted in the journal. Press Preview plan.")

        self.desk.start(job)

    def confirm(self) -> None:
        """Take the typed name as the yes to the plan that is shown."""
        plan, typed = self.plan, self.screen.typed.value
        if plan is None:
            return

        def job(emit: Emit) -> None:
            try:
                confirmation = contain.confirm(plan, typed)
                # The permissions to change things are asked for now, and not in the middle of the plan.
                self._connected().tokens.widen("containment")
                emit("confirmed", confirmation)
            except GuardRefused:
                if typed == plan.target.user_principal_name:
                    raise
                emit("not_the_name", (typed, plan.target.user_principal_name))

        self.desk.start(job)

    def extend(self) -> None:
        """Take the typed domain as the yes to the steps that hit everybody in the organisation."""
        plan, confirmation, typed = self.plan, self.confirmation, self.screen.everybody.value

        def job(emit: Emit) -> None:
            if plan is None or plan.tenant is None or confirmation is None:
                emit("everybody", ("Type the account's name above and press Confirm first.", "error"))
                return
            try:
                confirmation.extend(plan, typed)
            except GuardRefused:
                emit("not_the_domain", (typed, plan.tenant.domain))
                return
            emit("everybody", ("The domain was typed: the steps that hit everybody can be run too.", "done"))

        self.desk.start(job)

    def run(self, key: str) -> None:
        """Carry out one step."""
        self._begin(key, undo=False)

    def undo(self, key: str) -> None:
        """Bring back what was before a step."""
        self._begin(key, undo=True)

    def move(self, key: str, by: int) -> None:
        """Put a step one place earlier (-1) or later (1)."""
        plan = self.plan

        def job(emit: Emit) -> None:
            if plan is not None:
                emit("plan", contain.moved(plan, key, by))

        self.desk.start(job)

    def run_all(self) -> None:
        """Carry out every step that is left, in order, until one does not end well or a person stops it."""
        plan, confirmation = self.plan, self.confirmation
        if plan is None or confirmation is None:
            self.desk.put("problem", "Type the account's name and press Confirm first.")
            return
        self._halted.clear()

        left = [s for s in plan.steps if s.status in {"to do", "offered again", "in doubt"} and s.before is not None]

        def job(emit: Emit) -> None:
            emit("running_all", [step.action.key for step in left])
            try:
                for step in left:
                    if self._halted.is_set():
                        emit("problem", "Stopped by you; the steps after the last one were not begun.")
                        break
                    outcome = self._carry_out(emit, plan, confirmation, step.action.key, undo=False)
                    if outcome.status not in {"done", "already so"}:
                        emit("problem", f"Stopped at “{step.action.title}”; the steps after it were not begun.")
                        break
            finally:
                emit("running_all", [])
            self._after(emit, plan)

        self.desk.start(job)

    def halt(self) -> None:
        """Begin no further step of "Run all"."""
        self._halted.set()

    def watch(self) -> None:
        """Look at the doors now, after 15 and after 60 minutes, as long as the kernel lives."""
        plan = self.plan
        if plan is None or plan.tenant is None or self._watching.is_set():
            return
        suspicion = contain.suspicion_from(self.case, plan.target.user_principal_name, self._findings)

        def work() -> None:
            try:
                tenant = self.sign_in.tenant()
                for look in contain.watch(self.case, tenant, plan.target, suspicion=suspicion):
                    self.desk.put("doors", look.doors)
                    self.desk.put("watched", look)
            except ToolkitError as error:
                self.desk.put("problem", str(error))
            finally:
                self._watching.clear()

        self._watching.set()
        threading.Thread(target=work, daemon=True, name="watching").start()

    def give_back(self) -> None:
        """Lay out the plan that gives the account back, if every door reads closed."""
        self._lay_out_last(contain.make_return_plan)

    def unblock(self) -> None:
        """Lay out the plan that takes the account off the restricted senders, if every door reads closed."""
        self._lay_out_last(contain.make_sender_plan)

    def _lay_out_last(self, make: Callable[..., Plan]) -> None:
        plan = self.plan
        if plan is None or plan.tenant is None:
            return
        suspicion = contain.suspicion_from(self.case, plan.target.user_principal_name, self._findings)
        name = plan.target.user_principal_name

        def job(emit: Emit) -> None:
            emit("reading", "reading the doors")
            emit("plan", make(self.case, self._connected(), name, suspicion=suspicion))
            emit("said", "Every door that has to be closed reads closed: the plan for this step stands above.")

        self.desk.start(job)

    def legitimate(self) -> None:
        """Keep that the chosen things are legitimate, with the note, and lay the plan out again without them."""
        plan, keys, note = self.plan, self.screen.legitimate.things, self.screen.legitimate.note
        if plan is None or not keys:
            self.desk.put("problem", "Choose in the list what is legitimate.")
            return

        def job(emit: Emit) -> None:
            for offer in plan.offers:
                if offer.action.key in keys:
                    given = offer.action.key, offer.action.title, offer.text, note
                    contain.say_legitimate(self.case, plan.target, *given)
            left = [key for key in plan.chosen if key not in keys]
            self._read(emit, plan.target.user_principal_name, left, plan.order, plan.without)

        self.desk.start(job)

    def suspect(self) -> None:
        """Take back that the chosen things are legitimate."""
        plan, keys = self.plan, self.screen.legitimate.said
        if plan is None or not keys:
            self.desk.put("problem", "Choose in the list below what is not legitimate after all.")
            return

        def job(emit: Emit) -> None:
            for key in keys:
                contain.take_legitimate_back(self.case, plan.target, key)
            self._read(emit, plan.target.user_principal_name, [*plan.chosen, *keys], plan.order, plan.without)

        self.desk.start(job)

    def _begin(self, key: str, *, undo: bool) -> None:
        plan, confirmation = self.plan, self.confirmation
        if plan is None or confirmation is None:
            self.desk.put("problem", "Type the account's name and press Confirm first.")
            return

        def job(emit: Emit) -> None:
            self._carry_out(emit, plan, confirmation, key, undo=undo)
            self._after(emit, plan)

        self.desk.start(job)

    def _after(self, emit: Emit, plan: Plan) -> None:
        """How things stand after a step: the plan read anew, and the doors; of a last plan the doors alone."""
        if not plan.returning:
            self._read(emit, plan.target.user_principal_name, plan.chosen, plan.order, plan.without)
            return
        suspicion = contain.suspicion_from(self.case, plan.target.user_principal_name, self._findings)
        emit("reading", "reading the doors")
        emit("doors", contain.look_at_doors(self.case, self._connected(), plan.target, suspicion))

    def _carry_out(self, emit: Emit, plan: Plan, confirmation: Confirmation, key: str, *, undo: bool) -> Outcome:
        def show_secret(secret: Secret, run: str) -> None:
            self._unseen[run] = plan
            what = plan.step(key).action.shown_as
            emit("secret", (secret, run, f"{what} of {plan.target.user_principal_name}"))

        def progress(text: str) -> None:
            emit("progress", (key, text))

        emit("began", key)
        try:
            if undo:
                outcome = contain.undo(plan, key, confirmation, progress=progress)
            else:
                outcome = contain.run(plan, key, confirmation, show_secret=show_secret, progress=progress)
        except ToolkitError as error:
            outcome = Outcome("refused", str(error))
        emit("outcome", (key, outcome, as_left(plan, key, outcome)))
        return outcome

    # In the worker's thread: no widget is touched here.

    def _connected(self) -> Tenant:
        if self._tenant is None:
            self._tenant = self.sign_in.tenant()
        return self._tenant

    def _read(
        self,
        emit: Emit,
        user: str,
        chosen: list[str] | None,
        order: list[str],
        without: frozenset[str] = frozenset(),
    ) -> None:
        if not self.sign_in.ready:
            emit("offline", contain.outline(self.case, user))
            return
        tenant = self._connected()
        question = contain.tenant_question(self.case, tenant)
        emit("tenant", question)
        if question:
            return
        contain.settle(self.case, tenant)
        suspicion = contain.suspicion_from(self.case, user, self._findings)

        def reading(text: str) -> None:
            emit("reading", text)

        plan = contain.make_plan(
            self.case, tenant, user, chosen=chosen, order=order, without=without, suspicion=suspicion,
            progress=reading,
        )  # fmt: skip
        emit("plan", plan)
        emit("reading", "reading the doors")
        emit("doors", contain.look_at_doors(self.case, tenant, plan.target, suspicion))
        if other := contain.running_elsewhere(self.case):
            emit("other", other)

    def _shown(self, run: str) -> None:
        plan = self._unseen.pop(run, None)
        if plan is not None:
            contain.record_shown(plan, run)
            self.desk.put("seen", run)

    def _typing(self) -> None:
        self.desk.put("typing")

    # The updater: the only place from which widgets change.

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _signed(self) -> None:
        self._tenant = None
        if self.sign_in.ready:
            self.screen.say("You are signed in: press Preview plan. Nothing has been changed.", "note")

    def _on_busy(self, nothing: None) -> None:
        self._busy = self.desk.busy
        if not self._busy:
            self._stages = {}
        self.screen.working(self._busy)
        self._show_steps()

    def _on_problem(self, text: str) -> None:
        self.screen.say(text, "error")

    def _on_reading(self, text: str) -> None:
        self.screen.show_reading(text)

    def _on_running_all(self, keys: list[str]) -> None:
        self.screen.halt.disabled = not keys
        self._stages = dict.fromkeys(keys, WAITING)
        self._show_steps()

    def _on_began(self, key: str) -> None:
        self._stages[key] = RUNNING
        self._show_steps()

    def _on_typing(self, nothing: None) -> None:
        for refused in (self.screen.domain_refused, self.screen.name_refused, self.screen.everybody_refused):
            refused.look()

    def _on_watched(self, look: contain.Watch) -> None:
        if look.opened:
            self.screen.say(f"Opened since the last look: {', '.join(look.opened)}. Somebody is still inside.", "error")
        else:
            self.screen.say(f"Looked at the doors after {look.minutes} minutes: none opened since.", "done")

    def _on_other(self, text: str) -> None:
        self.screen.say(text, "warning")

    def _on_said(self, text: str) -> None:
        self.screen.say(text, "done")

    def _on_tenant(self, question: str | None) -> None:
        self.screen.ask_tenant(question)

    def _on_not_the_tenant(self, told: tuple[str, str]) -> None:
        self.screen.domain_refused.refuse(*told, "the domain of the connected tenant")

    def _on_not_the_name(self, told: tuple[str, str]) -> None:
        self.confirmation = None
        if self.plan is not None:
            self.screen.ask_name(self.plan)
        self.screen.name_refused.refuse(*told, "the name of this account")
        self._show_steps()

    def _on_not_the_domain(self, told: tuple[str, str]) -> None:
        self.screen.everybody_refused.refuse(*told, "the domain of this tenant")

    def _on_everybody(self, told: tuple[str, str]) -> None:
        self.screen.everybody_refused.say(*told)

    def _on_offline(self, plan: Plan) -> None:
        self.plan = plan
        self.screen.show_offline(plan)

    def _on_plan(self, plan: Plan) -> None:
        fresh = self.plan is None or self.plan.digest != plan.digest
        self.plan = plan
        self._mark_seen()
        if self.confirmation is not None and not self.confirmation.covers(plan):
            self.confirmation = None
        if fresh or self.confirmation is None:
            self.screen.lay_out(plan)
        self.screen.show_plan(plan)
        self._show_steps()

    def _show_steps(self) -> None:
        if self.plan is not None and self.plan.tenant is not None:
            allowed = self.confirmation is not None and not self._busy
            self.screen.show_steps(self.plan, self._stages, allowed=allowed, busy=self._busy)

    def _mark_seen(self) -> None:
        # A plan may have been read just before the page told that it showed the password.
        for step in self.plan.steps if self.plan is not None else []:
            if step.record is not None and step.record.run in self._seen and step.status == "offered again":
                step.status = step.record.status

    def _on_confirmed(self, confirmation: Confirmation) -> None:
        self.confirmation = confirmation
        self.screen.show_confirmed()

    def _on_progress(self, told: tuple[str, str]) -> None:
        self.screen.show_progress(*told)

    def _on_outcome(self, told: tuple[str, Outcome, Step]) -> None:
        key, outcome, step = told
        self._stages.pop(key, None)
        if self.plan is not None:
            self.plan = with_step(self.plan, step)
        self._mark_seen()
        self.screen.show_outcome(key, outcome)
        self._show_steps()

    def _on_secret(self, told: tuple[Secret, str, str]) -> None:
        secret, run, name = told
        label = f"{name}, shown this once. Hand it over by telephone or in person."
        self.screen.secret.show(secret, run, label)

    def _on_seen(self, run: str) -> None:
        self._seen.add(run)
        self._mark_seen()
        self.screen.show_journal()
        self._show_steps()
        self._keep()

    def _on_doors(self, found: list[contain.Door]) -> None:
        self._doors = found
        self.screen.show_doors(found, self.plan)
        self._keep()
