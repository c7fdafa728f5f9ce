"""The button that writes the hand-over from a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from toolkit.case import Case
from toolkit.views.background import Background
from toolkit.views.handover import handover
from toolkit.views.look import box, page


class HandoverButton:
    """A button, and below it where the page was written."""

    def __init__(self, case: Case, users: Iterable[str] | None) -> None:
        self.case, self.users = case, users
        self.button = widgets.Button(
            description="Write the hand-over", button_style="primary", layout=widgets.Layout(width="max-content")
        )
        self.said = widgets.HTML()
        self.panel = widgets.VBox([self.button, self.said])
        self._written: Path | None = None
        self._work = Background(self._event, self._ended)
        self.button.on_click(lambda _button: self.start())

    def start(self) -> None:
        """Write it, unless it is being written."""
        if self._work.start(lambda say, _stopped: say(handover(self.case, None, self.users))):
            self.button.disabled = True
            self.said.value = page("<p>Looking through the case and writing …</p>")

    def _event(self, written: Any) -> None:
        self._written = written

    def _ended(self, error: Exception | None) -> None:
        self.button.disabled = False
        if error is not None or self._written is None:
            self.said.value = page(box(str(error), "error"))
            return
        others = ", ".join(sorted(f.name for f in self._written.parent.glob("*.csv")))
        self.said.value = page(
            box("Written. Open it in a browser; it needs no network.", "done"),
            f"<p><code>{escape(str(self._written))}</code></p><p>Beside it: {escape(others)}</p>",
        )
