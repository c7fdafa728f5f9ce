"""Setting something right in the organisation: choose, preview, type the domain, run one step at a time, undo."""

from __future__ import annotations

from collections.abc import Callable, Collection
from html import escape
from typing import Protocol

import ipywidgets as w

from toolkit import contain, harden
from toolkit.case import Case
from toolkit.contain import Confirmation, Outcome, Plan, Step
from toolkit.contain.action import Action
from toolkit.errors import GuardRefused, ToolkitError
from toolkit.tenant import Tenant
from toolkit.views.containment_card import StepCard, fitting
from toolkit.views.containment_html import STYLE
from toolkit.views.containment_screen import KINDS, QUIET
from toolkit.views.containment_steps import RUNNING, WAITING, as_left, with_step
from toolkit.views.containment_typed import Refusal, what_to_type
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.look import box, page

NOTHING = "Choose at least one thing to set right, then press Preview."


class Chooser(Protocol):
    """What a person chooses from: a widget, and the actions that are chosen in it now."""

    widget: w.Widget

    def actions(self) -> list[Action]:
        """The chosen actions.

        Raises:
            ToolkitError: the choice cannot be made into an action; the text says what to do.
        """
        ...


class Repairs:
    """The panel: `widget` shows it. Clicks start a worker and return; one updater takes its events to the screen.

    `connected` gives the tenant; `after` is called in the worker when something was changed, and may take its time;
    `kinds` are the kinds of action whose earlier runs are shown too, so that they can be undone.
    """

    def __init__(
        self,
        case: Case,
        chooser: Chooser,
        connected: Callable[[], Tenant],
        after: Callable[[Callable[[str], None]], None],
        kinds: Collection[str],
    ) -> None:
        self.case, self.chooser = case, chooser
        self.plan: Plan | None = None
        self.confirmation: Confirmation | None = None
        self.cards: dict[str, StepCard] = {}
        self._stages: dict[str, str] = {}
        self._connected, self._after, self._kinds = connected, after, kinds
        self.desk = Desk(self._update)
        self.preview = _button("Preview", "repairs-preview", self.look, "primary")
        self.message = w.HTML()
        self.message.add_class("repairs-message")
        self.heading = w.HTML()
        self.typed = w.Text(placeholder="type the organisation's domain", layout=w.Layout(width="300px"))
        self.typed.add_class("repairs-typed")
        self.confirm = _button("Confirm", "repairs-confirm", self.say_yes)
        self.run_all = _button("Run all that is left", "repairs-run-all", self.run_every, "primary")
        self.refused = Refusal(self.typed, lambda: self.desk.put("typing"))
        row = w.HBox([self.typed, self.confirm, self.run_all])
        self._asking = w.VBox([row, self.refused.shown], layout=w.Layout(display="none"))
        self._steps = w.VBox([])
        style = w.HTML(f"<style>{STYLE}</style>")
        self.widget = w.VBox(
            [style, chooser.widget, self.preview, self.message, self.heading, self._asking, self._steps]
        )
        self.widget.add_class("repairs")

    def look(self) -> None:
        """Read the state of what is chosen, and show the calls; nothing is changed."""
        try:
            actions = self.chooser.actions()
        except ToolkitError as error:
            self.desk.put("problem", str(error))
            return
        self.desk.start(lambda emit: self._read(emit, actions, asked=True))

    def say_yes(self) -> None:
        """Take the typed domain as the yes to the plan that is shown."""
        plan, typed = self.plan, self.typed.value
        if plan is None:
            return

        def job(emit: Emit) -> None:
            try:
                emit("confirmed", contain.confirm(plan, typed))
            except GuardRefused:
                if typed == plan.target.user_principal_name:
                    raise
                emit("not_the_name", (typed, plan.target.user_principal_name))

        self.desk.start(job)

    def run(self, key: str) -> None:
        """Carry out one step."""
        self._begin([key], undo=False)

    def undo(self, key: str) -> None:
        """Bring back what was before a step."""
        self._begin([key], undo=True)

    def run_every(self) -> None:
        """Carry out every step that is left, until one does not end well."""
        plan = self.plan
        if plan is not None:
            self._begin([s.action.key for s in plan.steps if s.can_run], undo=False)

    def _begin(self, keys: list[str], *, undo: bool) -> None:
        plan, confirmation = self.plan, self.confirmation
        if plan is None or confirmation is None:
            self.desk.put("problem", "Type the organisation's domain and press Confirm first.")
            return

        def job(emit: Emit) -> None:
            changed = False
            emit("left", keys)
            for key in keys:
                outcome = self._carry_out(emit, plan, confirmation, key, undo=undo)
                changed = changed or outcome.status in {"done", "sent, not yet visible", "in doubt"}
                if outcome.status not in {"done", "already so"}:
                    break
            emit("left", [])
            if changed:
                self._after(lambda text: emit("reading", text))
            self._read(emit, [step.action for step in plan.steps], asked=False)

        self.desk.start(job)

    # In the worker's thread: no widget is touched here.

    def _carry_out(self, emit: Emit, plan: Plan, yes: Confirmation, key: str, *, undo: bool) -> Outcome:
        def progress(text: str) -> None:
            emit("progress", (key, text))

        emit("began", key)
        try:
            does = contain.undo if undo else contain.run
            outcome = does(plan, key, yes, progress=progress)
        except ToolkitError as error:
            outcome = Outcome("refused", str(error))
        emit("outcome", (key, outcome, as_left(plan, key, outcome)))
        return outcome

    def _read(self, emit: Emit, actions: list[Action], *, asked: bool) -> None:
        tenant = self._connected()
        contain.settle(self.case, tenant)
        plan = harden.hardening_plan(self.case, tenant, actions, kinds=self._kinds)
        if asked and not plan.steps:
            emit("problem", NOTHING)
        emit("plan", plan)

    # The updater: the only place from which widgets change.

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _on_busy(self, nothing: None) -> None:
        busy = self.desk.busy
        for button in (self.preview, self.confirm, self.run_all):
            button.disabled = busy
        if busy:
            self.message.value = page(f"{QUIET}… working</p>")
            for card in self.cards.values():
                card.lock()
        else:
            self._stages = {}
            if QUIET in self.message.value:
                self.message.value = ""
        self._show_steps()

    def _on_problem(self, text: str) -> None:
        self.message.value = page(box(text, "error"))

    def _on_reading(self, text: str) -> None:
        self.message.value = page(f"{QUIET}… {escape(text)}</p>")

    def _on_plan(self, plan: Plan) -> None:
        fresh = self.plan is None or self.plan.digest != plan.digest
        self.plan = plan
        if self.confirmation is not None and not self.confirmation.covers(plan):
            self.confirmation = None
        if fresh or self.confirmation is None:
            self.typed.value = ""
            self.refused.clear()
            self.cards = {s.action.key: StepCard(s.action.key, self.run, self.undo, movable=False) for s in plan.steps}
            self._steps.children = [card.box for card in self.cards.values()]
        self._asking.layout.display = None if plan.steps else "none"
        if not plan.steps:
            self.heading.value = ""
        elif self.confirmation is None:
            self.heading.value = what_to_type(plan)
        self._show_steps()

    def _show_steps(self) -> None:
        plan = self.plan
        if plan is None:
            return
        allowed = self.confirmation is not None and not self.desk.busy
        self.run_all.disabled = not (allowed and any(step.can_run for step in plan.steps))
        for number, step in enumerate(plan.steps, 1):
            key = step.action.key
            self.cards[key].show(number, step, allowed=allowed, stage=self._stages.get(key, ""))

    def _on_not_the_name(self, told: tuple[str, str]) -> None:
        self.confirmation = None
        if self.plan is not None:
            self.heading.value = what_to_type(self.plan)
        self.refused.refuse(*told, "the domain of this organisation")
        self._show_steps()

    def _on_typing(self, nothing: None) -> None:
        self.refused.look()

    def _on_confirmed(self, confirmation: Confirmation) -> None:
        self.confirmation = confirmation
        self.refused.clear()
        self.heading.value = page(box("The domain was typed: each step runs when you press its Run.", "done"))

    def _on_left(self, keys: list[str]) -> None:
        self._stages = dict.fromkeys(keys, WAITING)
        self._show_steps()

    def _on_began(self, key: str) -> None:
        self._stages[key] = RUNNING
        self._show_steps()

    def _on_progress(self, told: tuple[str, str]) -> None:
        self.cards[told[0]].progress(told[1])

    def _on_outcome(self, told: tuple[str, Outcome, Step]) -> None:
        key, outcome, step = told
        self._stages.pop(key, None)
        if self.plan is not None:
            self.plan = with_step(self.plan, step)
        self.cards[key].say(outcome.text, KINDS.get(outcome.status, "error"))
        self._show_steps()


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=fitting())
    button.add_class(name)
    button.on_click(lambda _button: click())
    return button
