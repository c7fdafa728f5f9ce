"""The containment panel's widgets and how they show what is so. Only the updater calls the methods here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as w

from toolkit.case import Case
from toolkit.contain import Door, Outcome, Plan, why_not_moved
from toolkit.contain.plan import OPTIONAL
from toolkit.contain.readings import READINGS
from toolkit.views.containment_card import StepCard, fitting
from toolkit.views.containment_html import (
    STYLE,
    doors_table,
    journal_table,
    offer_label,
    offline_plan,
    plan_heading,
    untaken,
)
from toolkit.views.containment_legitimate import Legitimate
from toolkit.views.containment_typed import Refusal, what_to_type
from toolkit.views.look import box, page, practice_banner
from toolkit.views.secret import SecretOnce

CHOOSE = (
    "<h3>What was found</h3><p>Ticked is what the intruder may have made or uses and touches this account alone; each "
    "tick is a step below. Ask the owner by voice about the rest. After a change here, press Preview plan again.</p>"
)
KINDS = {"done": "done", "already so": "note", "in doubt": "warning", "sent, not yet visible": "warning"}
OPTIONAL_STEPS = {
    "block-sign-in": "Block sign-in – leave it out only if the owner has to go on working and the next steps follow at "
    "once",
    "require-mfa": "Require multi-factor authentication (per user) – leave it out where Conditional Access asks for it",
}
QUIET = '<p class="toolkit-quiet">'
WORKING = f"{QUIET}… working</p>"


@dataclass(frozen=True)
class Clicks:
    """What the buttons call."""

    preview: Callable[[], None]
    confirm_tenant: Callable[[], None]
    confirm: Callable[[], None]
    extend: Callable[[], None]
    run: Callable[[str], None]
    undo: Callable[[str], None]
    move: Callable[[str, int], None]
    run_all: Callable[[], None]
    halt: Callable[[], None]
    watch: Callable[[], None]
    back: Callable[[], None]
    unblock: Callable[[], None]
    legitimate: Callable[[], None]
    suspect: Callable[[], None]
    shown: Callable[[str], None]
    typing: Callable[[], None]


class Screen:
    """`widget` is the whole panel; the other attributes are its parts, named for what they are."""

    def __init__(self, case: Case, accounts: list[str], clicks: Clicks) -> None:
        self._case, self._clicks = case, clicks
        self.cards: dict[str, StepCard] = {}
        self.offers: list[tuple[str, w.Checkbox]] = []
        self.optional: list[tuple[str, w.Checkbox]] = []
        self._untaken = ""
        self.user = w.Combobox(
            options=accounts,
            value=accounts[0] if accounts else "",
            placeholder="name@domain",
            description="Account",
            layout=w.Layout(width="420px"),
        )
        self.user.add_class("containment-account")
        self.preview = _button("Preview plan", "containment-preview", clicks.preview, "primary")
        self.message = _html("containment-message")
        self.domain = w.Text(placeholder="the tenant's domain", layout=w.Layout(width="300px"))
        self.domain.add_class("containment-domain")
        self.confirm_tenant = _button("Confirm tenant", "containment-confirm-tenant", clicks.confirm_tenant)
        self.domain_refused = Refusal(self.domain, clicks.typing)
        self._tenant_row = _asking([self.domain, self.confirm_tenant], self.domain_refused)
        self._heading = _html("containment-heading")
        self._offers_box = w.VBox([])
        self.legitimate = Legitimate(clicks.legitimate, clicks.suspect)
        self._instruction = w.HTML()
        self.typed = w.Text(placeholder="type the account's name", layout=w.Layout(width="300px"))
        self.typed.add_class("containment-typed")
        self.confirm = _button("Confirm", "containment-confirm", clicks.confirm)
        self.name_refused = Refusal(self.typed, clicks.typing)
        self._confirm_row = _asking([self.typed, self.confirm], self.name_refused, above=[self._instruction])
        self.everybody = w.Text(placeholder="type the tenant's domain", layout=w.Layout(width="300px"))
        self.everybody.add_class("containment-everybody")
        self.extend = _button("Allow steps for everybody", "containment-extend", clicks.extend)
        self.everybody_refused = Refusal(self.everybody, clicks.typing)
        self._everybody_row = _asking([self.everybody, self.extend], self.everybody_refused)
        self.run_all = _button("Run all that is left", "containment-run-all", clicks.run_all, "primary")
        self.halt = _button("Stop after this step", "containment-halt", clicks.halt)
        self.halt.disabled = True
        self._all_row = w.HBox([self.run_all, self.halt], layout=w.Layout(display="none"))
        self._steps = w.VBox([])
        self.secret = SecretOnce(clicks.shown)
        self.doors = _html("containment-doors")
        self.watch = _button("Look again at 15 and 60 minutes", "containment-watch", clicks.watch)
        self.back = _button("Give the account back…", "containment-back", clicks.back)
        self.unblock = _button("Let the sender send again…", "containment-unblock", clicks.unblock)
        self._after_row = w.HBox([self.watch, self.back, self.unblock], layout=w.Layout(display="none"))
        self.journal = _html("containment-journal")
        self.show_journal()
        top = w.HTML(f"<style>{STYLE}</style>{page(practice_banner(case.practice))}")
        asking = [w.HBox([self.user, self.preview]), self.message, self._tenant_row]
        chosen = [self._offers_box, self.legitimate.widget]
        planned = [self._heading, *chosen, self._confirm_row, self._everybody_row, self._all_row, self._steps]
        self.widget = w.VBox([top, *asking, *planned, self.doors, self._after_row, self.journal])
        self.widget.add_class("containment-panel")

    def working(self, busy: bool) -> None:
        """While something runs no button works, and a word says so."""
        buttons = (self.preview, self.confirm, self.confirm_tenant, self.extend, self.watch, self.back, self.unblock)
        for button in buttons:
            button.disabled = busy
        self.legitimate.lock(busy=busy)
        if busy:
            self.message.value = page(WORKING)
            for each in self.cards.values():
                each.lock()
        elif QUIET in self.message.value:
            self.message.value = ""

    def show_reading(self, text: str) -> None:
        """What is being read now, in the place of "working"."""
        if QUIET in self.message.value:
            self.message.value = page(f"{QUIET}… {escape(text)}</p>")

    def say(self, text: str, kind: str) -> None:
        self.message.value = page(box(text, kind))

    def ask_tenant(self, question: str | None) -> None:
        """Show the question which tenant to act in, or take it away."""
        self._tenant_row.layout.display = None if question else "none"
        self.domain_refused.clear()
        if question:
            self.say(question, "warning")

    def show_offline(self, plan: Plan) -> None:
        self._heading.value = page(offline_plan(plan))

    def lay_out(self, plan: Plan) -> None:
        """Make the cards of a plan that is new, and empty the field for the name."""
        self.typed.value = self.everybody.value = ""
        self.name_refused.clear()
        self.everybody_refused.clear()
        self._offers_box.children = self._choice(plan)
        self.legitimate.show(plan)
        self._everybody_row.layout.display = None if plan.hits_everybody else "none"
        self.ask_name(plan)
        does = self._clicks.run, self._clicks.undo, self._clicks.move
        self.cards = {step.action.key: StepCard(step.action.key, *does) for step in plan.steps}
        boxes: list[w.Widget] = []
        for step in plan.steps:
            boxes.append(self.cards[step.action.key].box)
            boxes += [self.secret] if step.action.makes_secret and self.secret not in boxes else []
        self._steps.children = boxes

    def ask_name(self, plan: Plan) -> None:
        """Say what has to be typed before a step of the plan can be run."""
        self._instruction.value = what_to_type(plan)

    def show_plan(self, plan: Plan) -> None:
        if [o.action.key for o in plan.offers] != [key for key, _ in self.offers] or self._untaken != untaken(plan):
            self._offers_box.children = self._choice(plan)
        self.legitimate.show(plan)
        self._heading.value = page(plan_heading(plan))
        self._confirm_row.layout.display = None
        self.show_journal()

    def show_steps(self, plan: Plan, stages: Mapping[str, str], *, allowed: bool, busy: bool = False) -> None:
        """The steps as they stand; `allowed`: the name was typed and nothing runs. They move while nothing runs.

        `stages` says which are waiting or running.
        """
        self._all_row.layout.display = None
        self.run_all.disabled = not (allowed and any(step.can_run for step in plan.steps))
        for number, step in enumerate(plan.steps, 1):
            card, key = self.cards[step.action.key], step.action.key
            card.show(number, step, allowed=allowed, stage=stages.get(key, ""))
            card.show_place(why_not_moved(plan, key, -1), why_not_moved(plan, key, 1), allowed=not busy)

    def show_confirmed(self) -> None:
        self.name_refused.clear()
        self._instruction.value = page(
            box("The name was typed: each step runs when you press its Run, one at a time.", "done")
        )

    def show_progress(self, key: str, text: str) -> None:
        self.cards[key].progress(text)

    def show_outcome(self, key: str, outcome: Outcome) -> None:
        self.cards[key].say(outcome.text, KINDS.get(outcome.status, "error"))
        self.show_journal()

    def show_doors(self, found: list[Door], plan: Plan | None = None) -> None:
        self._after_row.layout.display = None
        self.doors.value = page(doors_table(found, plan))

    def show_journal(self) -> None:
        self.journal.value = page(journal_table(self._case))

    def _choice(self, plan: Plan) -> list[w.Widget]:
        """Everything that was found, with a tick each, in groups; what is suspected is ticked."""
        self.offers, self.optional, self._untaken = [], [], untaken(plan)
        if plan.returning:
            return []
        taken = set(plan.chosen)
        groups: dict[str, list[w.Checkbox]] = {}
        for offer in plan.offers:
            tick = _tick(offer_label(offer), offer.action.key in taken)
            self.offers.append((offer.action.key, tick))
            groups.setdefault(offer.group, []).append(tick)
        steps = set(plan.order)
        for key in OPTIONAL:
            if key in steps or key in plan.without:
                self.optional.append((key, _tick(OPTIONAL_STEPS[key], key not in plan.without)))
        more = untaken(plan)
        shown: list[w.Widget] = [w.HTML(page(CHOOSE, box(more, "warning") if more else ""))]
        shown += [w.HTML(page("<h4>The account itself</h4>")), *(tick for _, tick in self.optional)]
        for group, ticks in groups.items():
            shown += [w.HTML(page(f"<h4>{escape(READINGS[group].title)}</h4>")), *ticks]
        return shown


def _tick(label: str, value: bool) -> w.Checkbox:
    tick = w.Checkbox(value=value, description=label, indent=False, layout=w.Layout(width="98%"))
    tick.add_class("containment-offer")
    return tick


def _asking(row: list[w.Widget], refused: Refusal, above: Sequence[w.Widget] = ()) -> w.VBox:
    """A field with its button, and below them why what was typed was not taken; hidden until it is needed."""
    return w.VBox([*above, w.HBox(row), refused.shown], layout=w.Layout(display="none"))


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=fitting())
    button.add_class(name)

    def clicked(_: Any) -> None:
        click()

    button.on_click(clicked)
    return button


def _html(name: str) -> w.HTML:
    shown = w.HTML()
    shown.add_class(name)
    return shown
