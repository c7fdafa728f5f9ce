"""What is said at a field in which a name has to be typed: what is wanted, and why something else was not taken."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as w

from toolkit.contain import Plan
from toolkit.views.look import box, page


def what_to_type(plan: Plan) -> str:
    """What has to be typed before a step of the plan can be run, as HTML."""
    so_far = "" if any(step.record for step in plan.steps) else "Nothing has been changed. "
    name = escape(plan.target.user_principal_name)
    return page(f"<p>{so_far}To be able to run the steps, type <code>{name}</code> and press Confirm.</p>")


def not_taken(typed: str, wanted: str, what: str) -> str:
    """Why what was typed is no yes, in one sentence of plain text; `what` is "the name of this account" or the like.

    It does not repeat what was typed: that may be a password that was pasted into the wrong field.
    """
    if not typed.strip():
        why = "the field was empty"
    elif typed.strip() == wanted:
        why = "there was a space before or after it"
    else:
        why = f"what you typed is not {what}"
    return f"Type {wanted} exactly: {why}, and nothing was sent."


class Refusal:
    """The line at a field that says why what was typed was not taken. Only the updater calls its methods.

    `typing` is called when the field changes, so that the updater can call `look`; `shown` is the line's widget.
    """

    def __init__(self, field: w.Text, typing: Callable[[], None], shown: w.HTML | None = None) -> None:
        self._field, self._wanted, self._sentence = field, "", ""
        self.shown = shown or w.HTML()
        self.shown.add_class("containment-refused")
        field.observe(lambda change: typing(), "value")

    def refuse(self, typed: str, wanted: str, what: str) -> None:
        """Say that what was typed is not what is wanted."""
        self._wanted = wanted
        self._sentence = self.shown.value = page(box(not_taken(typed, wanted, what), "error"))

    def say(self, text: str, kind: str) -> None:
        """Say something else at the field."""
        self._sentence = ""
        self.shown.value = page(box(text, kind))

    def look(self) -> None:
        """Take the sentence away once the right name stands in the field."""
        if self._sentence and self.shown.value == self._sentence and self._field.value == self._wanted:
            self.clear()

    def clear(self) -> None:
        self.shown.value = self._sentence = ""
