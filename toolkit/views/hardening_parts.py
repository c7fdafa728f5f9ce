"""The widgets below the sections of notebook 4: what to set right, a pasted bounce, the roadmap's ticks, an export."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets as w

from toolkit import harden
from toolkit.case import Case
from toolkit.contain.action import Action
from toolkit.contain.actions.secure_score import IN_WORDS, SetControlState
from toolkit.errors import ToolkitError, UsageError
from toolkit.harden.score_export import export_score
from toolkit.views.background import Background
from toolkit.views.evidence_rows import one_line
from toolkit.views.hardening_reports import Reports
from toolkit.views.hardening_roadmap import TITLES
from toolkit.views.hardening_sending import bounces_html
from toolkit.views.look import box, page

WIDE, FIT = "620px", "max-content"
MARKS = {"done": True, "not done": False, "take my word back": None}


class ControlChoice:
    """What the organisation says of one control of Secure Score: which control, what, and why."""

    def __init__(self, reports: Reports) -> None:
        self.control = w.Dropdown(description="Control", layout=w.Layout(width=WIDE))
        self.state = w.Dropdown(
            options=[(words, state) for state, words in IN_WORDS.items()],
            value="Reviewed",
            description="Say",
            layout=w.Layout(width="320px"),
        )
        self.note = w.Text(description="Because", placeholder="why, and who decided", layout=w.Layout(width=WIDE))
        self.note.add_class("hardening-note")
        told = (
            "<h3>Say something of a control</h3><p>For example that another product does it, or that the risk is "
            "accepted. It protects nothing by itself, and stays in the control's history.</p>"
        )
        self.widget = w.VBox([w.HTML(page(told)), self.control, self.state, self.note])
        self.renew(reports)

    def renew(self, reports: Reports) -> None:
        """Offer the controls of the newest score, in the order of the table."""
        before = self.control.value
        named = [one for one in reports.ranked if " " not in one.control.id]  # the portal's list has titles, no ids
        options = [(one_line(f"{one.place}. {one.name}", 120), one.control.id) for one in named]
        self.control.options = [("choose a control", ""), *options]
        self.control.value = before if before in {value for _, value in options} else ""

    def actions(self) -> list[Action]:
        if not self.control.value and not self.note.value.strip():
            return []  # only what was done before, for its undo
        if not self.control.value:
            raise UsageError("Choose a control first.")
        name = next((label for label, value in self.control.options if value == self.control.value), "")
        return [SetControlState(self.control.value, self.state.value, self.note.value, name.partition(". ")[2])]


class BouncePaste:
    """A field for a returned message, and what its codes mean. Nothing of it is kept."""

    def __init__(self) -> None:
        self.text = w.Textarea(
            placeholder="Paste the whole returned message here (non-delivery report)",
            layout=w.Layout(width="98%", height="120px"),
        )
        self.text.add_class("hardening-bounce")
        self.ask = w.Button(description="What does it mean?", button_style="primary", layout=w.Layout(width=FIT))
        self.ask.add_class("hardening-ask")
        self.told = w.HTML()
        self.told.add_class("hardening-bounce-told")
        self.widget = w.VBox([w.HTML(page("<h3>A message came back</h3>")), self.text, self.ask, self.told])
        self.ask.on_click(lambda _button: self.tell())

    def tell(self) -> None:
        """Say which case the pasted text is."""
        self.told.value = page(bounces_html(harden.bounces(self.text.value)))


class RoadmapTicks:
    """A person's word on a point of the roadmap, with a note, kept in the case's journal."""

    def __init__(self, case: Case, reports: Callable[[], Reports], changed: Callable[[], None]) -> None:
        self.case, self._reports, self._changed = case, reports, changed
        self.item = w.Dropdown(description="Point", layout=w.Layout(width=WIDE))
        self.word = w.Dropdown(options=list(MARKS), description="Say", layout=w.Layout(width="320px"))
        self.note = w.Text(description="Note", placeholder="optional", layout=w.Layout(width=WIDE))
        self.save = w.Button(description="Keep in the case", button_style="primary", layout=w.Layout(width=FIT))
        self.save.add_class("hardening-tick")
        self.said = w.HTML()
        head = w.HTML(page("<h3>Tick a point</h3>"))
        self.widget = w.VBox([head, self.item, self.word, self.note, self.save, self.said])
        self.save.on_click(lambda _button: self.keep())
        self._filled = False
        self.renew()

    def renew(self) -> None:
        """The points stay the same; only the first time are they put into the list."""
        if not self._filled:
            options = [
                (one_line(f"{TITLES[point.phase]}: {point.title}", 140), point.id)
                for point in self._reports().roadmap.items
            ]
            self.item.options, self._filled = [("choose a point", ""), *options], True
            self.item.value = ""

    def keep(self) -> None:
        """Write the word into the journal and show the roadmap anew."""
        if not self.item.value:
            self.said.value = page(box("Choose a point first.", "error"))
            return
        try:
            harden.set_roadmap(self.case, self.item.value, MARKS[self.word.value], self.note.value)
        except ToolkitError as error:
            self.said.value = page(box(str(error), "error"))
            return
        self.note.value = ""
        self.said.value = page(box("Kept in the case's journal.", "done"))
        self._changed()


class ScoreExport:
    """A button that writes the ranked controls, and the scores by day, as workbooks and as CSV."""

    def __init__(self, case: Case, reports: Callable[[], Reports]) -> None:
        self.case, self._reports = case, reports
        self.button = w.Button(description="Write scores and controls to files", layout=w.Layout(width=FIT))
        self.button.add_class("hardening-export")
        self.said = w.HTML()
        self.widget = w.VBox([self.button, self.said])
        self._work = Background(lambda event: None, self._ended)
        self.button.on_click(lambda _button: self.write())

    @property
    def files(self) -> list[Path]:
        """Where the controls and the scores are written."""
        folder = Path(self.case.folder) / "exports"
        names = ("secure-score-controls", "secure-score")
        return [folder / f"{name}.{ending}" for name in names for ending in ("xlsx", "csv")]

    def write(self) -> None:
        """Write the files; those of before are replaced."""

        def job(say: Callable[[object], None], _stopped: Callable[[], bool]) -> None:
            self.files[0].parent.mkdir(exist_ok=True)
            reports = self._reports()
            for file in self.files:
                if file.stem == "secure-score":
                    export_score(reports.score, file)
                else:
                    harden.export_controls(reports.ranked, file)

        self._work.start(job)

    def _ended(self, error: Exception | None) -> None:
        if error is not None:
            self.said.value = page(box(str(error), "error"))
            return
        named = ", ".join(f"<code>{escape(str(file))}</code>" for file in self.files)
        self.said.value = page(f"{box('Written.', 'done')}<p>{named}</p>")
