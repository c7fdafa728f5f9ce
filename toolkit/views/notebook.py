"""What every notebook needs: the case it is about, calm error boxes, and panels that outlive their kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from IPython.display import HTML, display
from ipywidgets import Widget

from toolkit.case import Case, open_case
from toolkit.detect import Triage, triage
from toolkit.errors import ToolkitError, UsageError
from toolkit.views.look import box, page, practice_banner

# Measured in JupyterLab 4.6: the rule holds only while a live panel is in the same output area, so the twin
# appears when a notebook is opened again without its kernel, trusted or not, and in an exported page.
TWIN_STYLE = ".jp-OutputArea:has(.toolkit-live) .toolkit-twin { display: none; }"


class CaseUnknown(UsageError):
    """A notebook was run outside the lab and names no case."""


def case_from(case: Case | str | os.PathLike[str] | None = None) -> Case:
    """The case a notebook is about: the one given (or its folder), else the lab's, named by `TOOLKIT_CASE`.

    Raises:
        CaseUnknown: neither is there.
        CaseNotFound: the folder holds no case.
        CaseDamaged: its `case.json` cannot be read.
    """
    if isinstance(case, Case):
        return case
    folder = case or os.environ.get("TOOLKIT_CASE")
    if not folder:
        raise CaseUnknown(
            "No case is named: open this notebook with `python -m toolkit lab`, or set `case` in the cell above"
            " to the case's folder."
        )
    return open_case(Path(folder), create=False)


def findings_of(case: Case, users: Iterable[str] | None = None) -> Triage:
    """All findings of the case (those of `users` only)."""
    whole = triage(case)
    wanted = None if users is None else {u.lower() for u in users}
    return replace(whole, findings=[f for f in whole.findings if wanted is None or f.user.lower() in wanted])


def zone_from(name: str) -> ZoneInfo:
    """The time zone to show times in, by its IANA name, e.g. `Europe/Berlin`.

    Raises:
        UsageError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"“{name}” is no time zone; write it as in “Europe/Berlin” or “America/New_York”, or “UTC”."
        ) from error


def show(*parts: str, practice: bool = False) -> None:
    """Display pieces of HTML (escaped by whoever made them) as one output, under the banner if `practice`."""
    display(HTML(page(practice_banner(practice), *parts)))  # type: ignore[no-untyped-call]


def say(error: ToolkitError) -> None:
    """Display an error that a person can act on as a calm box instead of a traceback."""
    show(box(str(error), "error"))


def show_panel(panel: Widget, twin: str) -> None:
    """Display a live panel, with `twin` (HTML that says the same, frozen now) where the panel cannot live."""
    panel.add_class("toolkit-live")
    note = '<p class="toolkit-quiet">As it was when this cell ran. Run the cell again for the live panel.</p>'
    frozen = f'<style>{TWIN_STYLE}</style><div class="toolkit-twin">{page(twin, note)}</div>'
    display(HTML(frozen))  # type: ignore[no-untyped-call]
    display(panel)  # type: ignore[no-untyped-call]
