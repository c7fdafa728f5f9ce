"""Notebook 4: the sections of hardening, each a cell that shows itself and is drawn anew when the organisation is read.

Running the cells sends nothing. "Read the organisation" reads; a repair is previewed, the organisation's domain typed,
and each step run by a click, on the road that containment takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from html import escape

import ipywidgets as w

from toolkit import contain, harden
from toolkit.case import Case
from toolkit.contain.snapshot import Snapshot
from toolkit.errors import GuardRefused, ToolkitError
from toolkit.harden.roadmap import marks
from toolkit.harden.score import NO_CLOUD, no_secure_score
from toolkit.tenant import Tenant, TokenSource
from toolkit.views.containment_screen import QUIET
from toolkit.views.containment_typed import Refusal
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.hardening_audit_choice import AuditChoice
from toolkit.views.hardening_auditing import auditing_html
from toolkit.views.hardening_mfa import mfa_html
from toolkit.views.hardening_mfa_parts import MfaExport, MfaLookup
from toolkit.views.hardening_parts import BouncePaste, ControlChoice, RoadmapTicks, ScoreExport
from toolkit.views.hardening_reports import Reports
from toolkit.views.hardening_roadmap import roadmap_html
from toolkit.views.hardening_score import score_html, what_if_html
from toolkit.views.hardening_sending import sending_html
from toolkit.views.look import box, page, practice_banner
from toolkit.views.notebook import case_from, findings_of, show_panel, zone_from
from toolkit.views.repairs import Repairs
from toolkit.views.signing_in import SignIn

OFFLINE = (
    "This case was made from files and has no live tenant: the sections below say what the files tell, and which file "
    "tells the rest."
)
NOT_YET = "The organisation has not been read yet: the sections below say what the case's files tell."
CONTROL_KINDS = ("set-control-state",)


def hardening_page(
    case: Case | str | os.PathLike[str] | None = None,
    users: Iterable[str] | str | None = None,
    *,
    display_time_zone: str = "UTC",
    tokens: TokenSource | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> HardeningPage:
    """The page of a case: as the last line of a cell it shows what was read of the organisation, and when.

    `users` (user principal names) are looked at closely besides the accounts with severe findings: their per-user
    state and groups are read, and they come first in the tables.

    Its sections are `score`, `what_if`, `auditing`, `mfa`, `sending` and `roadmap`: each shows itself as the last
    line of a cell.

    Raises:
        CaseUnknown, CaseNotFound, CaseDamaged: see `case_from`.
        UsageError: there is no such time zone.
    """
    named = (users,) if isinstance(users, str) else tuple(users or ())
    return HardeningPage(case_from(case), display_time_zone, tokens, sleep, named)


class Section:
    """One part of the page: HTML that is drawn anew when the organisation was read, and widgets below it."""

    def __init__(self, name: str, draw: Callable[[], str], below: Sequence[w.Widget] = ()) -> None:
        self.name, self._draw = name, draw
        self.html = w.HTML()
        self.html.add_class(f"hardening-{name}")
        self.widget = w.VBox([self.html, *below])
        self.shown = False

    def text(self) -> str:
        """The section's HTML as it is now; what a person can act on is said in it, never raised."""
        try:
            return self._draw()
        except ToolkitError as error:
            return box(str(error), "error")

    def put(self, text: str) -> None:
        self.html.value = page(text)

    def _ipython_display_(self) -> None:
        text = self.text()
        self.put(text)
        self.shown = True
        show_panel(self.widget, text)


class HardeningPage:
    """What clicks do, and the sections. Workers read; one updater takes what they have to say to the screen."""

    def __init__(
        self,
        case: Case,
        zone_name: str,
        tokens: TokenSource | None,
        sleep: Callable[[float], None],
        users: tuple[str, ...] = (),
    ) -> None:
        self.case = case
        self._zone, self._zone_name = zone_from(zone_name), zone_name
        self._tenant: Tenant | None = None
        self.reports = Reports(case, harden.kept_state(case), findings_of(case), users=users)
        self.desk = Desk(self._update)
        self.read = _button("Read the organisation", "hardening-read", self.start_reading, "primary")
        self.message = w.HTML()
        self.message.add_class("hardening-message")
        self.domain = w.Text(placeholder="the tenant's domain", layout=w.Layout(width="300px"))
        self.confirm_tenant = _button("Confirm tenant", "hardening-confirm-tenant", self.start_confirming)
        self.domain_refused = Refusal(self.domain, lambda: self.desk.put("typing"))
        asked = [w.HBox([self.domain, self.confirm_tenant]), self.domain_refused.shown]
        self._tenant_row = w.VBox(asked, layout=w.Layout(display="none"))
        self.about = w.HTML(self._about())
        self.sign_in = SignIn(case, self._signed, tokens=tokens, sleep=sleep)
        asking = [] if case.practice else [self.sign_in.widget]
        self._live = w.VBox([w.HBox([self.read]), self.message, self._tenant_row])
        self.widget = w.VBox([self.about, *asking, self._live])
        self.widget.add_class("hardening-page")
        self._make_sections()
        self._show()

    def _make_sections(self) -> None:
        zone, named = self._zone, self._zone_name
        self.controls, self.audits = ControlChoice(self.reports), AuditChoice(self.reports)
        self.score_repairs = Repairs(self.case, self.controls, self._connected, self._again, CONTROL_KINDS)
        self.audit_repairs = Repairs(self.case, self.audits, self._connected, self._again, harden.AUDIT_KINDS)
        self.paste = BouncePaste()
        self.ticks = RoadmapTicks(self.case, lambda: self.reports, self._roadmap_changed)
        self.export = ScoreExport(self.case, lambda: self.reports)
        self.score = Section(
            "score",
            lambda: score_html(self.reports.score, self.reports.ranked, zone=zone, zone_name=named),
            [self.export.widget, self.score_repairs.widget],
        )
        self.what_if = Section("what-if", lambda: what_if_html(self.reports.what_if, zone=zone, zone_name=named))
        self.auditing = Section(
            "auditing",
            lambda: auditing_html(self.reports.auditing, self.reports.mailboxes, zone=zone, zone_name=named),
            [self.audit_repairs.widget],
        )
        self.lookup, self.mfa_export = MfaLookup(lambda: self.reports), MfaExport(self.case, lambda: self.reports)
        self.mfa = Section(
            "mfa",
            lambda: mfa_html(self.reports.mfa, self.reports.mailboxes, marks=marks(self.case), zone=zone),
            [self.lookup.widget, self.mfa_export.widget],
        )
        self.sending = Section("sending", lambda: sending_html(self.reports.sending), [self.paste.widget])
        self.roadmap = Section("roadmap", lambda: roadmap_html(self.reports.roadmap), [self.ticks.widget])
        self.sections = (self.score, self.what_if, self.auditing, self.mfa, self.sending, self.roadmap)

    def _ipython_display_(self) -> None:
        show_panel(self.widget, self._about())

    def start_reading(self) -> None:
        """Read everything about the organisation that hardening looks at; nothing is changed."""
        self.desk.start(self._read)

    def start_confirming(self) -> None:
        """Take the typed domain as the answer to which tenant this is."""
        typed = self.domain.value

        def job(emit: Emit) -> None:
            tenant = self._connected()
            try:
                contain.confirm_tenant(self.case, tenant, typed)
            except GuardRefused:
                emit("tenant", contain.tenant_question(self.case, tenant))
                emit("not_the_tenant", (typed, tenant.domain))
                return
            self._read(emit)

        self.desk.start(job)

    # In a worker's thread: no widget is touched here.

    def _connected(self) -> Tenant:
        if self._tenant is None:
            self._tenant = self.sign_in.tenant()
        return self._tenant

    def _read(self, emit: Emit) -> None:
        tenant = self._connected()
        question = contain.tenant_question(self.case, tenant)
        emit("tenant", question)
        if question:
            return
        self._take(lambda text: emit("reading", text), emit)

    def _again(self, progress: Callable[[str], None]) -> None:
        """After a repair: read everything again, and draw the sections anew."""
        self._take(progress, self.desk.put)

    def _take(self, progress: Callable[[str], None], emit: Emit) -> None:
        tenant = self._connected()
        state = harden.read_state(self.case, tenant, progress=progress)
        chosen = self.reports.mailboxes
        everybody = [*chosen[: harden.MOST_ACCOUNTS], *harden.administrators_in(state)]
        harden.read_accounts(self.case, tenant, everybody, most=len(everybody), progress=progress)
        progress("working out what that means")
        self.reports = Reports(self.case, state, self.reports.found, tenant.cloud, self.reports.users)
        for section in self.sections:
            if section.shown:
                emit("drawn", (section, section.text()))
        emit("read", self.reports)

    def _roadmap_changed(self) -> None:
        for section in (self.roadmap, self.mfa):
            section.put(section.text())

    # The updater: the only place from which widgets change.

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _signed(self) -> None:
        self._tenant = None
        self._show()

    def _show(self) -> None:
        """Buttons that need a tenant are there once somebody has signed in to it."""
        for widget in (self._live, self.score_repairs.widget, self.audit_repairs.widget):
            widget.layout.display = None if self.sign_in.ready else "none"

    def _on_busy(self, nothing: None) -> None:
        self.read.disabled = self.confirm_tenant.disabled = self.desk.busy
        if self.desk.busy:
            self.message.value = page(f"{QUIET}… working</p>")
        elif QUIET in self.message.value:
            self.message.value = ""

    def _on_problem(self, text: str) -> None:
        self.message.value = page(box(text, "error"))

    def _on_reading(self, text: str) -> None:
        self.message.value = page(f"{QUIET}… {escape(text)}</p>")

    def _on_tenant(self, question: str | None) -> None:
        self._tenant_row.layout.display = None if question else "none"
        self.domain_refused.clear()
        if question:
            self.message.value = page(box(question, "warning"))

    def _on_not_the_tenant(self, told: tuple[str, str]) -> None:
        self.domain_refused.refuse(*told, "the domain of the connected tenant")

    def _on_typing(self, nothing: None) -> None:
        self.domain_refused.look()

    def _on_drawn(self, told: tuple[Section, str]) -> None:
        told[0].put(told[1])

    def _on_read(self, reports: Reports) -> None:
        self.about.value = self._about()
        self.controls.renew(reports)
        self.audits.renew(reports)
        self.lookup.renew()
        self.ticks.renew()

    def _about(self) -> str:
        state = self.reports.state
        return page(practice_banner(self.case.practice), _read_when(self.case, state))


def _read_when(case: Case, state: Snapshot | None) -> str:
    if state is None:
        return box(NOT_YET if case.practice else OFFLINE, "note")
    when = state.taken[:19].replace("T", " ")
    none = dict.fromkeys(("scores", "controls"), NO_CLOUD) if no_secure_score(case) else {}
    problems = {name: none.get(name, why) for name, why in state.problems.items()}
    lines = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in problems.items())
    lost = f"<p>Could not be read, and is “not checked” below:</p><ul>{lines}</ul>" if lines else ""
    title = f"{state.target.user_principal_name}, as it was at {when} UTC"
    return f"{box(f'{len(state.found)} of its settings and lists were read.', 'done', title=title)}{lost}"


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=w.Layout(width="max-content", min_width="72px"))
    button.add_class(name)
    button.on_click(lambda _button: click())
    return button
