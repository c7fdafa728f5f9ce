"""One step of the plan as widgets: the card, its Run and Undo buttons, and the line that tells how it went."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

import ipywidgets as w

from toolkit.contain import Step
from toolkit.views.containment_html import card
from toolkit.views.look import box, page


def fitting() -> w.Layout:
    """A layout as wide as a button's label; one for each button, or hiding one would hide them all."""
    return w.Layout(width="max-content", min_width="72px")


class StepCard:
    """Widgets of one step; `box` is what the panel shows."""

    def __init__(
        self,
        key: str,
        on_run: Callable[[str], None],
        on_undo: Callable[[str], None],
        on_move: Callable[[str, int], None] = lambda key, by: None,
        *,
        movable: bool = True,
    ) -> None:
        self.key = key
        self._html = w.HTML()
        self._result = w.HTML()
        self.run = w.Button(description="Run", button_style="primary", layout=fitting(), disabled=True)
        self.undo = w.Button(description="Undo", layout=fitting(), disabled=True)
        self.run.add_class("containment-run")
        self.undo.add_class("containment-undo")
        self.run.on_click(lambda button: on_run(key))
        self.undo.on_click(lambda button: on_undo(key))
        self.earlier = w.Button(description="Earlier", layout=fitting(), disabled=True)
        self.later = w.Button(description="Later", layout=fitting(), disabled=True)
        self.earlier.add_class("containment-earlier")
        self.later.add_class("containment-later")
        self.earlier.on_click(lambda button: on_move(key, -1))
        self.later.on_click(lambda button: on_move(key, 1))
        places = [self.earlier, self.later] if movable else []
        self.box = w.VBox([self._html, w.HBox([self.run, self.undo, *places]), self._result])
        self.box.add_class("containment-step")
        self.box.add_class("containment-step-" + re.sub(r"[^a-z0-9-]+", "-", key.lower())[:60])

    def show(self, number: int, step: Step, *, allowed: bool, stage: str = "") -> None:
        """Show the step as it stands; `allowed`: the name was typed and nothing runs; `stage`: waiting, or running."""
        self._html.value = page(card(number, step, stage))
        self.run.disabled = not (allowed and step.can_run)
        self.undo.disabled = not (allowed and step.undo is not None)
        self.undo.layout.display = None if step.undo is not None else "none"

    def show_place(self, why_not_earlier: str, why_not_later: str, *, allowed: bool) -> None:
        """Whether the step may change places; a place that is not safe says why when it is pointed at."""
        for button, why in ((self.earlier, why_not_earlier), (self.later, why_not_later)):
            button.disabled = bool(why) or not allowed
            button.tooltip = why or "Change places with the step beside it; the plan is then confirmed anew."

    def lock(self) -> None:
        """While something runs, no button works."""
        self.run.disabled = self.undo.disabled = self.earlier.disabled = self.later.disabled = True

    def say(self, text: str, kind: str = "note") -> None:
        """The line below the buttons: progress, or how it ended."""
        self._result.value = page(box(text, kind)) if text else ""

    def progress(self, text: str) -> None:
        self._result.value = page(f'<p class="toolkit-quiet">… {escape(text)}</p>')
