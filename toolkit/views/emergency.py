"""The emergency panel of notebook 0: name the account, see the calls, type the name, and it is stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from html import escape

import ipywidgets as w

from toolkit import contain
from toolkit.case import Case
from toolkit.contain import Plan, Step, Stopped, call_text
from toolkit.errors import GuardRefused
from toolkit.tenant import Secret, Tenant, TokenSource
from toolkit.views.containment_html import STYLE
from toolkit.views.containment_screen import KINDS, QUIET
from toolkit.views.containment_typed import Refusal
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.look import box, page, practice_banner
from toolkit.views.notebook import case_from, show_panel
from toolkit.views.secret import SecretOnce
from toolkit.views.signing_in import SignIn

OFFLINE = (
    "This case was made from files and has no live tenant, so nothing can be sent from here before you sign in. In "
    "the Entra portal: the account, Edit properties, Account enabled: off; then Reset password; then Revoke "
    "sessions. In this order."
)


def emergency_stop(
    case: Case | str | os.PathLike[str] | None = None,
    *,
    tokens: TokenSource | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> EmergencyPanel:
    """The panel for a case: as the last line of a cell it shows itself. Making and showing it sends nothing."""
    return EmergencyPanel(case_from(case), tokens, sleep)


class EmergencyPanel:
    """What clicks do: they start a worker and return; one updater takes its events to the screen."""

    def __init__(self, case: Case, tokens: TokenSource | None, sleep: Callable[[float], None]) -> None:
        self.case = case
        self.plan: Plan | None = None
        self.stopped: Stopped | None = None
        self._tenant: Tenant | None = None
        self._plans: dict[str, Plan] = {}
        self.desk = Desk(self._update)
        self.user = w.Text(placeholder="name@domain", description="Account", layout=w.Layout(width="420px"))
        self.user.add_class("emergency-account")
        self.look = _button("Show what will be sent", "emergency-look", self.preview)
        self.shown = w.HTML()
        self.typed = w.Text(placeholder="type the account's name", layout=w.Layout(width="300px"))
        self.typed.add_class("emergency-typed")
        self.stop = _button("Stop the intruder now", "emergency-stop", self.go, "danger")
        self._row = w.HBox([self.typed, self.stop], layout=w.Layout(display="none"))
        self.said = w.HTML()
        self._refused = Refusal(self.typed, lambda: self.desk.put("typing"), self.said)
        self.secret = SecretOnce(self._seen)
        top = w.HTML(f"<style>{STYLE}</style>{page(practice_banner(case.practice))}")
        self.sign_in = SignIn(case, self._signed, tokens=tokens, sleep=sleep)
        self._offline = w.HTML(page(box(OFFLINE, "warning")))
        self._live = w.VBox([w.HBox([self.user, self.look]), self.shown, self._row, self.said, self.secret])
        self.widget = w.VBox([top, *([] if case.practice else [self._offline, self.sign_in.widget]), self._live])
        self._show()
        self.widget.add_class("emergency-panel")

    def _ipython_display_(self) -> None:
        text = f'python -m toolkit contain --case "{self.case.folder}" --emergency NAME@DOMAIN'
        frozen = f"<p>To use it, run this cell; or in a terminal: <code>{escape(text)}</code></p>"
        show_panel(self.widget, frozen)

    def preview(self) -> None:
        """Read who the account is and show the calls; nothing is changed."""
        user = self.user.value.strip()
        if not user:
            self.desk.put("problem", "Name the account first, as name@domain.")
            return

        def job(emit: Emit) -> None:
            tenant = self._connected()
            # Whoever signed in to read is asked for the rest here, not within the two minutes of the stop.
            tenant.tokens.widen("containment")
            emit("plan", contain.stop_plan(self.case, tenant, user))

        self.desk.start(job)

    def go(self) -> None:
        """Take the typed name as the yes, and do it."""
        plan, typed = self.plan, self.typed.value
        if plan is None:
            return

        def job(emit: Emit) -> None:
            def show(secret: Secret, run: str) -> None:
                self._plans[run] = plan
                emit("secret", (secret, run))

            def progress(text: str) -> None:
                emit("reading", text)

            try:
                emit("stopped", contain.stop(plan, typed, show_secret=show, progress=progress))
            except GuardRefused:
                if typed == plan.target.user_principal_name:
                    raise
                emit("not_the_name", (typed, plan.target.user_principal_name))

        self.desk.start(job)

    def _connected(self) -> Tenant:
        if self._tenant is None:
            self._tenant = self.sign_in.tenant()
        return self._tenant

    def _seen(self, run: str) -> None:
        plan = self._plans.pop(run, None)
        if plan is not None:
            contain.record_shown(plan, run)

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _signed(self) -> None:
        self._tenant = None
        self._show()

    def _show(self) -> None:
        ready = self.sign_in.ready
        self._offline.layout.display = "none" if ready else None
        self._live.layout.display = None if ready else "none"

    def _on_busy(self, nothing: None) -> None:
        busy = self.desk.busy
        self.look.disabled = self.stop.disabled = busy
        if busy:
            self.said.value = page(f"{QUIET}… working</p>")
        elif QUIET in self.said.value:
            self.said.value = ""

    def _on_problem(self, text: str) -> None:
        self.said.value = page(box(text, "error"))

    def _on_not_the_name(self, told: tuple[str, str]) -> None:
        self._refused.refuse(*told, "the name of this account")

    def _on_typing(self, nothing: None) -> None:
        self._refused.look()

    def _on_reading(self, text: str) -> None:
        self.said.value = page(f"{QUIET}… {escape(text)}</p>")

    def _on_plan(self, plan: Plan) -> None:
        self.plan, self.stopped = plan, None
        self.typed.value = ""
        self._row.layout.display = None
        calls = "".join(_card(number, step) for number, step in enumerate(plan.steps, 1))
        hand = "".join(box(text, "warning", title="To be done elsewhere") for text in plan.by_hand)
        hand += "".join(box(text, "warning") for text in plan.notes)
        name = escape(plan.target.user_principal_name)
        self.shown.value = page(
            f"<p><b>{escape(plan.target.display_name)}</b> ({name}). Before anything is changed, all of it is read and "
            f"kept in the case; that takes a minute at most.</p>{calls}{hand}"
            f"<p>To do it, type <code>{name}</code>:</p>"
        )

    def _on_secret(self, told: tuple[Secret, str]) -> None:
        secret, run = told
        name = self.plan.target.user_principal_name if self.plan else "the account"
        self.secret.show(
            secret, run, f"New password of {name}, shown this once. Hand it over by telephone or in person."
        )

    def _on_stopped(self, stopped: Stopped) -> None:
        self.stopped, self.plan = stopped, None
        self._row.layout.display = "none"
        lines = [
            box(f"{outcome.status}: {outcome.text}", KINDS.get(outcome.status, "error"), title=title)
            for title, outcome in stopped.outcomes.items()
        ]
        kept = stopped.snapshot
        unread = f"; {len(kept.problems)} parts of it could not be read" if kept and kept.problems else ""
        note = f"<p>What was so before is kept in {escape(kept.file)}{unread}.</p>" if kept else ""
        after = "<p>Next: <b>3-containment.ipynb</b>, for devices, methods, consents, rules and forwarding.</p>"
        self.said.value = page(*lines, note, after)


def _card(number: int, step: Step) -> str:
    """One step: what it brings about, the exact call, what is so now and afterwards, and what it does not do."""
    action = step.action
    now = action.before(step.before.values) if step.before else step.problem or "not read"
    facts = (("now", now), ("afterwards", action.after()), ("does not", action.does_not))
    told = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return (
        f'<div class="containment-card"><h4>{number}. {escape(action.title)}</h4><p>{escape(action.effect)}</p>'
        f'<pre class="containment-call">{escape(call_text(step.call))}</pre>'
        f'<dl class="containment-facts">{told}</dl></div>'
    )


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=w.Layout(width="max-content", min_width="72px"))
    button.add_class(name)
    button.on_click(lambda _button: click())
    return button
