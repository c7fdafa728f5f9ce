"""The row of notebook 0 in which a person names something as the attacker's, too, to look for it in all accounts."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

from toolkit.case import Case
from toolkit.collect.marks import KINDS, Mark, kind_typed, name_marks, typed_mark


class MarkRow:
    """What kind it is, its value, and the button; `noted` is called by its click."""

    def __init__(self, noted: Callable[[], None]) -> None:
        style = {"description_width": "70px"}
        self.kind = w.Dropdown(options=KINDS, description="Also theirs", layout=w.Layout(width="200px"), style=style)
        self.kind.add_class("collecting-mark-kind")
        self.value = w.Text(placeholder="an IP address, or the id (GUID)", layout=w.Layout(width="316px"))
        self.value.add_class("collecting-mark-value")
        self.button = w.Button(description="Note as the attacker's", layout=w.Layout(width="max-content"))
        self.button.add_class("collecting-mark")
        self.button.on_click(lambda _button: noted())
        self.widget = w.HBox([self.kind, self.value, self.button])

    @property
    def typed(self) -> str:
        """What was typed, as `typed_mark` reads it."""
        return f"{kind_typed(str(self.kind.value))}={self.value.value}"

    def clear(self) -> None:
        """Make room for the next one."""
        self.value.value = ""


def note(case: Case, typed: str) -> Mark:
    """Note in the journal what was typed.

    Raises:
        UsageError: it is no mark.
    """
    mark = typed_mark(typed)
    name_marks(case, [mark])
    return mark
