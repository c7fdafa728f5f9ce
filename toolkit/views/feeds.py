"""The audit log's feeds in notebook 0: which to start, the exact calls, the typed domain, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from toolkit.case import Case
from toolkit.collect.subscriptions import KINDS
from toolkit.contain.action import Action
from toolkit.contain.actions import StartActivitySubscription
from toolkit.tenant import Tenant
from toolkit.tenant.activity import CONTENT_TYPES
from toolkit.views.look import box, page
from toolkit.views.repairs import Repairs

TITLE = "The audit log's feeds: another road to it, off until you say yes"
ABOUT = (
    "The Management Activity API has nothing until somebody starts its feeds, and then only what is recorded from then "
    "on. Starting one changes the tenant: Preview shows the exact calls, and each runs after you typed the domain. "
    "Fetch them with the profile “everything”. What this case started can be stopped here by Undo."
)


class FeedChoice:
    """A tick for each content type; all are chosen at first."""

    def __init__(self) -> None:
        self.ticks = {
            one: w.Checkbox(value=True, description=f"{one}: {what}", indent=False, layout=w.Layout(width="520px"))
            for one, what in CONTENT_TYPES.items()
        }
        self.widget = w.VBox([w.HTML(page(box(ABOUT, "note"))), *self.ticks.values()])
        self.widget.add_class("feeds-choice")

    def actions(self) -> list[Action]:
        return [StartActivitySubscription(one) for one, tick in self.ticks.items() if tick.value]


class FeedsPanel:
    """The choice and its plan, folded away: `widget` shows it."""

    def __init__(self, case: Case, connected: Callable[[], Tenant]) -> None:
        self.choice = FeedChoice()
        self.repairs = Repairs(case, self.choice, connected, lambda progress: None, KINDS)
        self.widget = w.Accordion([self.repairs.widget], titles=(TITLE,), selected_index=None)
        self.widget.add_class("feeds")
