"""The line on which a person calls found things legitimate, says how that is known, or takes it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets as w

from toolkit.contain import Offer, Plan
from toolkit.views.containment_card import fitting
from toolkit.views.evidence_rows import one_line
from toolkit.views.look import page

SHOWN = 12  # lines of the list, before it scrolls
WHAT = (
    "<h4>Legitimate?</h4><p>Is something of it the owner's own, or the organisation's? Choose it here (several with "
    "Ctrl) and say how you know: it no longer holds a door open. Your note is kept in the journal, and can be taken "
    "back.</p>"
)


class Legitimate:
    """`widget` is the line; `things` are the keys chosen in it, `note` how it is known, `said` those to take back."""

    def __init__(self, say: Callable[[], None], take_back: Callable[[], None]) -> None:
        self._list = w.SelectMultiple(options=[], layout=w.Layout(width="98%"))
        self._list.add_class("containment-things")
        self._note = w.Text(
            placeholder="whom you asked, and by which way: Katrin, by telephone", layout=w.Layout(width="420px")
        )
        self._note.add_class("containment-note")
        self._say = _button("Call it legitimate", "containment-legitimate", say)
        self._said = w.SelectMultiple(options=[], layout=w.Layout(width="98%"))
        self._said.add_class("containment-said")
        self._back = _button("Take it back", "containment-suspect", take_back)
        self._told = w.VBox([w.HTML(page("<p>Called legitimate:</p>")), self._said, self._back])
        self.widget = w.VBox(
            [w.HTML(page(WHAT)), self._list, w.HBox([self._note, self._say]), self._told],
            layout=w.Layout(display="none"),
        )

    @property
    def things(self) -> tuple[str, ...]:
        return tuple(self._list.value)

    @property
    def note(self) -> str:
        return str(self._note.value).strip()

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(self._said.value)

    def show(self, plan: Plan) -> None:
        """Offer what the plan's account has: what is suspected first."""
        open_ones = [o for o in plan.offers if not o.legitimate and not o.is_off]
        open_ones.sort(key=lambda offer: not offer.suspected)
        said = [o for o in plan.offers if o.legitimate and o.action.key in plan.suspicion.legitimate]
        _fill(self._list, open_ones)
        _fill(self._said, said)
        self._note.value = ""
        self._told.layout.display = None if said else "none"
        self.widget.layout.display = None if open_ones or said else "none"

    def lock(self, *, busy: bool) -> None:
        self._say.disabled = self._back.disabled = busy


def _fill(chosen: w.SelectMultiple, offers: Sequence[Offer]) -> None:
    options = [(_label(offer), offer.action.key) for offer in offers]
    if list(chosen.options) != options:
        chosen.value = ()
        chosen.options = options
    chosen.rows = max(2, min(SHOWN, len(options)))


def _label(offer: Offer) -> str:
    """A line short enough for the list, which cuts what is longer."""
    more = f": {offer.text}" if offer.text and offer.text not in offer.action.title else ""
    return one_line(f"{offer.action.title}{more}", 120)


def _button(label: str, name: str, click: Callable[[], None]) -> w.Button:
    button = w.Button(description=label, layout=fitting(), tooltip=escape(label))
    button.add_class(name)
    button.on_click(lambda _: click())
    return button
