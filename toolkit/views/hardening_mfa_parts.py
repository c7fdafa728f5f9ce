"""The widgets below the section on second factors: the answer for one account, and the list as a file."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets as w

from toolkit import harden
from toolkit.case import Case
from toolkit.views.background import Background
from toolkit.views.hardening_mfa import lookup_html
from toolkit.views.hardening_reports import Reports
from toolkit.views.look import box, page

MOST_NAMES = 2_000
"""Names that the field suggests; any other can be typed."""


class MfaLookup:
    """A field for one account: is it made to use a second factor, by what, and what has it? Nothing is asked."""

    def __init__(self, reports: Callable[[], Reports]) -> None:
        self._reports = reports
        self.account = w.Combobox(
            placeholder="user principal name, object id, or part of a name",
            ensure_option=False,
            layout=w.Layout(width="420px"),
        )
        self.account.add_class("hardening-mfa-account")
        self.ask = w.Button(
            description="Is it made to use one, by what?", button_style="primary", layout=w.Layout(width="max-content")
        )
        self.ask.add_class("hardening-mfa-ask")
        self.told = w.HTML()
        self.told.add_class("hardening-mfa-told")
        head = w.HTML(page("<h3>One account</h3>"))
        self.widget = w.VBox([head, w.HBox([self.account, self.ask]), self.told])
        self.ask.on_click(lambda _button: self.tell())
        self.renew()

    def tell(self) -> None:
        """Say what is known of the account that is named."""
        self.told.value = page(lookup_html(self._reports().mfa, self.account.value))

    def renew(self) -> None:
        """Suggest the accounts of the newest reading, and answer anew."""
        self.account.options = [a.user for a in self._reports().mfa.accounts[:MOST_NAMES]]
        if self.told.value:
            self.tell()


class MfaExport:
    """A button that writes what is known of every account as a workbook and as CSV."""

    def __init__(self, case: Case, reports: Callable[[], Reports]) -> None:
        self.case, self._reports = case, reports
        self.button = w.Button(description="Write all accounts to files", layout=w.Layout(width="max-content"))
        self.button.add_class("hardening-mfa-export")
        self.said = w.HTML()
        self.widget = w.VBox([self.button, self.said])
        self._work = Background(lambda event: None, self._ended)
        self.button.on_click(lambda _button: self.write())

    @property
    def files(self) -> list[Path]:
        """Where the accounts are written."""
        return [Path(self.case.folder) / "exports" / f"second-factors.{ending}" for ending in ("xlsx", "csv")]

    def write(self) -> None:
        """Write the files; those of before are replaced."""

        def job(say: Callable[[object], None], _stopped: Callable[[], bool]) -> None:
            self.files[0].parent.mkdir(exist_ok=True)
            for file in self.files:
                harden.export_mfa(self._reports().mfa, file)

        self._work.start(job)

    def _ended(self, error: Exception | None) -> None:
        if error is not None:
            self.said.value = page(box(str(error), "error"))
            return
        named = ", ".join(f"<code>{escape(str(file))}</code>" for file in self.files)
        self.said.value = page(f"{box('Written.', 'done')}<p>{named}</p>")
