"""The collection panel of notebook 0: sign in, see what will be refused, start, watch the ledger grow, stop."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from toolkit import contain
from toolkit.case import Case
from toolkit.collect.calls import every_call
from toolkit.collect.chosen import asked_again, chosen_by, services_of, workspace_unnamed
from toolkit.collect.expected import checks_for
from toolkit.collect.gather import gather
from toolkit.collect.ledger import Line, lines
from toolkit.collect.marks import Mark, judged, pivoted, pivots_open
from toolkit.collect.profile import NAMES, Profile, with_every_road
from toolkit.collect.pull import Stopped
from toolkit.collect.said import open_sentence, touched_sentences
from toolkit.collect.signed import note_options
from toolkit.collect.work import Collection, pivot
from toolkit.detect import Triage
from toolkit.errors import SignInFailed, ToolkitError
from toolkit.tenant import Preflight, Tenant, preflight
from toolkit.tenant.person import PersonTokenSource
from toolkit.tenant.preflight import LACKING, NOT_STARTED, PARTLY, REFUSED
from toolkit.views.collecting_marks import MarkRow, note
from toolkit.views.collecting_words import counted, ended_html
from toolkit.views.containment_work import Desk, Emit, Event
from toolkit.views.feeds import FeedsPanel
from toolkit.views.findings import headline
from toolkit.views.ledger import behind_html, horizon_html, ledger_html
from toolkit.views.look import box, page, practice_banner
from toolkit.views.notebook import case_from, findings_of, show_panel, zone_from
from toolkit.views.preflight import in_short, needs_html, preflight_html
from toolkit.views.signing_in import SignIn

PROFILES = {
    "quick": "quick: the newest seven days of sign-ins and the audit log",
    "standard": "standard: thirty days, every window asked for twice",
    "everything": "everything: as far back as is kept, by every road",
}
MINUTES = (5, 15, 30, 60, 120)
DRAW_EVERY = 2.0  # seconds
QUIET = '<p class="toolkit-quiet">'
NOTHING = (
    "Running this cell collects nothing. Collecting changes no setting of the tenant; Graph's audit search, where it "
    "is asked, leaves its searches there."
)


def collecting(
    case: Case | str | os.PathLike[str] | None = None,
    users: str | Sequence[str] | None = None,
    *,
    display_time_zone: str = "UTC",
    sleep: Callable[[float], None] | None = None,
) -> CollectingPanel:
    """The panel for a case: as the last line of a cell it shows itself. Making and showing it asks nobody anything.

    `users` are the accounts to begin with; others can be typed. `sleep` is for tests.

    Raises:
        CaseUnknown, CaseNotFound, CaseDamaged: see `case_from`.
        UsageError: there is no such time zone.
    """
    named = [users] if isinstance(users, str) else list(users or ())
    return CollectingPanel(case_from(case), named, display_time_zone, sleep)


class CollectingPanel:
    """What clicks do: they start a worker and return; one updater takes its events to the screen."""

    def __init__(self, case: Case, users: list[str], zone_name: str, sleep: Callable[[float], None] | None) -> None:
        self.case = case
        self._zone, self._zone_name = zone_from(zone_name), zone_name
        self._halted = threading.Event()
        self._fresh: list[Line] = []
        self._collecting = False
        self._waited_for: PersonTokenSource | None = None
        self._result: Preflight | None = None
        self._drawn = 0.0
        self._unasked = ""
        self.desk = Desk(self._update)
        self.sign_in = SignIn(case, self._signed, ask=True, sleep=sleep or time.sleep)
        self._make(users)
        self._show()

    def _make(self, users: list[str]) -> None:
        style = {"description_width": "70px"}
        self.users = w.Text(
            value=", ".join(users), placeholder="name@domain, another@domain", description="Accounts",
            layout=w.Layout(width="520px"), style=style,
        )  # fmt: skip
        self.users.add_class("collecting-accounts")
        self.profile = w.Dropdown(
            options=[(PROFILES[name], name) for name in NAMES], value="standard", description="What",
            layout=w.Layout(width="520px"), style=style,
        )  # fmt: skip
        self.profile.add_class("collecting-profile")
        self.more = w.Text(
            placeholder="profile file (TOML) or workspace id; may stay empty", description="Also",
            layout=w.Layout(width="520px"), style=style, continuous_update=False,
        )  # fmt: skip
        self.more.add_class("collecting-more")
        self.minutes = w.Dropdown(
            options=[("as long as it takes", None), *((f"at most {one} minutes", one) for one in MINUTES)],
            description="Time", layout=w.Layout(width="520px"), style=style,
        )  # fmt: skip
        self.minutes.add_class("collecting-minutes")
        self._asked: tuple[tuple[str, ...], str] = ((), "")
        for choice in (self.profile, self.more):
            choice.observe(lambda _change: self._chose(), "value")
        self.start = _button("Start collecting", "collecting-start", self.begin, "primary")
        self.refresh = _button("Ask again for what is not whole", "collecting-refresh", self.begin_again)
        self.stop = _button("Stop", "collecting-stop", self.halt)
        self.domain = w.Text(placeholder="the tenant's domain", layout=w.Layout(width="300px"))
        self.domain.add_class("collecting-domain")
        self.confirm_tenant = _button("Confirm tenant", "collecting-confirm-tenant", self.confirm)
        self._tenant_row = w.HBox([self.domain, self.confirm_tenant], layout=w.Layout(display="none"))
        self.open_marks = w.HTML()
        self.open_marks.add_class("collecting-open")
        self.pivot = _button("Look for these in all accounts", "collecting-pivot", self.look_for_marks)
        self.mark = MarkRow(self.note_mark)
        self._open_row = w.VBox([self.open_marks, self.pivot], layout=w.Layout(display="none"))
        self.feeds = FeedsPanel(self.case, self.sign_in.tenant)
        self.expected, self.message, self.found, self.ledger = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        for html, name in (
            (self.expected, "expected"), (self.message, "message"), (self.found, "found"), (self.ledger, "ledger"),
        ):  # fmt: skip
            html.add_class(f"collecting-{name}")
        self.progress = w.FloatProgress(min=0, max=1, layout=w.Layout(width="520px", display="none"))
        self._live = w.VBox([
            self.expected, self._tenant_row, self.users, self.profile, self.more, self.minutes,
            w.HBox([self.start, self.refresh, self.stop]),
        ])  # fmt: skip
        self._further = w.VBox([self.mark.widget, self._open_row, self.feeds.widget])
        self.message.value = page(f"{QUIET}{NOTHING}</p>")
        self.ledger.value = page(self._ledger_html())
        banner = w.HTML(page(practice_banner(self.case.practice)))
        self.widget = w.VBox([
            banner, self.sign_in.widget, self._live, self.progress, self.message, self._further, self.found,
            self.ledger,
        ])  # fmt: skip
        self.widget.add_class("collecting-panel")

    def _ipython_display_(self) -> None:
        text = f'python -m toolkit collect --case "{self.case.folder}" --account NAME@DOMAIN'
        frozen = f"<p>To collect, run this cell; or in a terminal: <code>{escape(text)}</code></p>"
        show_panel(self.widget, frozen + self._ledger_html())

    def begin(self) -> None:
        """Collect what the profile wants about the accounts; what the ledger calls complete is not asked for again."""
        self._begin(refresh=False)

    def begin_again(self) -> None:
        """Collect again what may still grow or did not come whole, and nothing else."""
        self._begin(refresh=True)

    def look_for_marks(self) -> None:
        """Look in all accounts for what was judged the attacker's and nobody looked for yet, and for nothing else."""
        wanted = self._wanted()
        if wanted is not None:
            self._unasked, seconds = "", self._seconds()
            self.desk.start(lambda emit: self._pivot(emit, wanted, seconds))

    def note_mark(self) -> None:
        """Note what was typed as the attacker's, for the button that looks in all accounts; no tenant is asked."""
        typed = self.mark.typed

        def job(emit: Emit) -> None:
            emit("said", f"{note(self.case, typed)} is noted as the attacker's, in the journal.")
            emit("noted", None)
            self._tell_open(emit)

        self.desk.start(job)

    def halt(self) -> None:
        """Stop; what was received is kept. A sign-in that is waited for ends."""
        self._halted.set()
        if (waited_for := self._waited_for) is not None:
            threading.Thread(target=waited_for.cancel, daemon=True, name="cancelling").start()
        self.desk.put("said", "Stopping; what was received is kept …")

    def confirm(self) -> None:
        """Take the typed domain as the answer to which tenant this is."""
        typed = self.domain.value

        def job(emit: Emit) -> None:
            tenant = self.sign_in.tenant()
            try:
                contain.confirm_tenant(self.case, tenant, typed)
            finally:
                tenant.close()
            emit("tenant", None)
            emit("said", "The tenant is confirmed and noted in the journal. Press Start collecting.")

        self.desk.start(job)

    def _begin(self, *, refresh: bool) -> None:
        users = [name for name in re.split(r"[,;\s]+", self.users.value) if name]
        if not users:
            self.desk.put("problem", "Name the account first, as name@domain; several with commas between.")
            return
        wanted = self._wanted(refresh=refresh)
        if wanted is not None:
            self._unasked = "" if refresh else workspace_unnamed(wanted)
            seconds = self._seconds()
            self.desk.start(lambda emit: self._collect(emit, users, wanted, seconds, refresh=refresh))

    def _seconds(self) -> float | None:
        """How long a run may take, as chosen now."""
        return None if self.minutes.value is None else 60.0 * self.minutes.value

    def _wanted(self, *, refresh: bool = False) -> Profile | None:
        """What was chosen; None, with the sentence on the screen, where it cannot be."""
        try:
            chosen = chosen_by(str(self.profile.value), self.more.value)
        except ToolkitError as error:
            self.desk.put("problem", str(error))
            return None
        return with_every_road(chosen) if refresh else chosen

    def _chose(self) -> None:
        """Ask what will be refused again, where the choice leads to services that were not asked."""
        chosen = self._wanted()
        if chosen is None or not self.sign_in.ready or self.desk.busy:
            return
        if self._asked != (services_of(chosen), chosen.options.workspace):
            self._signed()
        elif self._result is not None:
            self._draw_expected(self._result, chosen)

    # In the worker's thread: no widget is touched here.

    def _collect(self, emit: Emit, users: list[str], wanted: Profile, seconds: float | None, *, refresh: bool) -> None:
        self._halted.clear()
        tenant = self.sign_in.tenant()
        try:
            with every_call(self.case, tenant):
                question = contain.tenant_question(self.case, tenant)
            emit("tenant", question)
            if question:
                return
            emit("began", None)
            self._ready(emit, tenant, asked_again(wanted, lines(self.case)) if refresh else wanted)
            note_options(self.case, self.sign_in.options | {"workspace": wanted.options.workspace})
            done = gather(
                self.case, tenant, users, wanted=wanted, refresh=refresh, halted=self._halted.is_set, now_and_then=True,
                told=lambda line: emit("line", line), report=lambda what, share: emit("share", (what, share)),
                found=lambda found, last: emit("found", (found, last)), seconds=seconds,
            )  # fmt: skip
            emit("ended", done)
            self._tell_open(emit)
        finally:
            emit("over", None)
            tenant.close()

    def _pivot(self, emit: Emit, wanted: Profile, seconds: float | None) -> None:
        self._halted.clear()
        tenant = self.sign_in.tenant()
        try:
            with every_call(self.case, tenant):
                question = contain.tenant_question(self.case, tenant)
            marks = [] if question else pivots_open(self.case, findings_of(self.case))
            emit("tenant", question)
            if question or not marks:
                return
            emit("began", None)
            self._ready(emit, tenant, wanted)
            done = pivot(
                self.case, tenant, marks, wanted=wanted, halted=self._halted.is_set,
                told=lambda line: emit("line", line), report=lambda what, share: emit("share", (what, share)),
                seconds=seconds,
            )  # fmt: skip
            emit("found", (findings_of(self.case), True))
            emit("ended", done)
            emit("touched", touched_sentences(self.case, pivoted(self.case)))
            self._tell_open(emit)
        finally:
            emit("over", None)
            tenant.close()

    def _ready(self, emit: Emit, tenant: Tenant, wanted: Profile) -> None:
        """Have the person sign in to what the run will ask, so that nobody is asked in the middle of it.

        Raises:
            SignInFailed, TenantUnreachable: nobody is signed in any more; or it was stopped.
        """
        source = tenant.tokens
        if not isinstance(source, PersonTokenSource):
            return
        self._waited_for, before = source, source.times_asked
        emit("said", "Signing in to what this asks; a code or a page of the browser may want you …")
        try:
            for missing in source.ready_for(services_of(wanted)).values():
                emit("said", missing)
        except SignInFailed:
            if not self._halted.is_set():
                raise
            source.again()
            raise Stopped("Stopped by you; nothing was asked for.") from None
        finally:
            self._waited_for = None
            if source.times_asked != before:
                self.sign_in.asked_no_more()

    def _tell_open(self, emit: Emit) -> None:
        """Which marks nobody looked for yet: as it stands in the case, no tenant is asked."""
        found = findings_of(self.case) if judged(self.case) else None
        emit("open", pivots_open(self.case, found))

    def _look_ahead(self, emit: Emit, services: tuple[str, ...], workspace: str) -> None:
        """What will be refused, and whose tenant it is, before anything is collected."""
        tenant = self.sign_in.tenant()
        try:
            with every_call(self.case, tenant):
                emit("expected", preflight(tenant, services, workspace=workspace))
                emit("tenant", contain.tenant_question(self.case, tenant))
            self._tell_open(emit)
        finally:
            tenant.close()

    # The updater: the only place from which widgets change.

    def _update(self, event: Event) -> None:
        getattr(self, f"_on_{event.kind}")(event.value)

    def _signed(self) -> None:
        self._show()
        if not self.sign_in.ready:
            return
        chosen = self._wanted()
        if chosen is None:
            return
        self._asked = services_of(chosen), chosen.options.workspace
        services, workspace = self._asked
        self.message.value = page(f"{QUIET}Asking what will be refused …</p>")
        self.desk.start(lambda emit: self._look_ahead(emit, services, workspace))

    def _show(self) -> None:
        busy = self.desk.busy
        for part in (self._live, self._further):
            part.layout.display = None if self.sign_in.ready else "none"
        for button in (self.start, self.refresh, self.pivot, self.mark.button, self.confirm_tenant):
            button.disabled = busy
        self.stop.disabled = not self._collecting
        self.progress.layout.display = None if self._collecting else "none"

    def _on_busy(self, nothing: None) -> None:
        self._show()

    def _on_problem(self, text: str) -> None:
        self.message.value = page(box(text, "error"))

    def _on_said(self, text: str) -> None:
        self.message.value = page(f"{QUIET}{escape(text)}</p>")

    def _on_tenant(self, question: str | None) -> None:
        self._tenant_row.layout.display = None if question else "none"
        if question:
            self.message.value = page(box(question, "warning"))

    def _draw_expected(self, result: Preflight, chosen: Profile) -> None:
        # What will be refused is seen without a click; where all will work, one line says so.
        asked = checks_for(result, chosen)
        refused = any(c.answer in (REFUSED, PARTLY, LACKING, NOT_STARTED) for c in asked)
        fold = f"<details{' open' if refused else ''}><summary>{escape(in_short(asked))}</summary>{{}}</details>"
        told = fold.format(preflight_html(result, self._zone, self._zone_name, asked))
        self.expected.value = page(told, needs_html())

    def _on_expected(self, result: Preflight) -> None:
        self._result = result
        if (chosen := self._wanted()) is not None:
            self._draw_expected(result, chosen)
        self.message.value = page(f"{QUIET}{NOTHING}</p>")

    def _on_open(self, marks: list[Mark]) -> None:
        self._open_row.layout.display = None if marks else "none"
        self.open_marks.value = page(box(open_sentence(self.case, marks), "note")) if marks else ""

    def _on_noted(self, nothing: None) -> None:
        self.mark.clear()

    def _on_began(self, nothing: None) -> None:
        self._fresh, self._collecting = [], True
        self.progress.value = 0.0
        self.found.value = ""
        self.message.value = page(f"{QUIET}Asking for the newest days …</p>")
        self._show()

    def _on_line(self, line: Line) -> None:
        self._fresh.append(line)
        if time.monotonic() - self._drawn > DRAW_EVERY:
            self._draw()

    def _on_share(self, told: tuple[str, float]) -> None:
        what, share = told
        self.progress.value = share
        if not self._halted.is_set():
            self.message.value = page(f"{QUIET}{escape(counted(self._fresh))}. {escape(what)} …</p>")

    def _on_found(self, told: tuple[Triage, bool]) -> None:
        found, last = told
        when = "" if last else f"{QUIET}As it stands now, while windows arrive.</p>"
        cited = behind_html(self.case, found.findings) if last else ""
        next_page = "<p>Next: <b>1-evidence-review.ipynb</b> shows the rows that prove them.</p>" if last else ""
        self.found.value = page(f"<h3>Findings</h3>{headline(found, clickable=False)}{when}{cited}{next_page}")

    def _on_touched(self, sentences: list[str]) -> None:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        self.found.value += page(f"<h3>In whose records</h3><ul>{items}</ul>") if items else ""

    def _on_ended(self, done: Collection) -> None:
        self.message.value = page(ended_html(done, self._unasked))

    def _on_over(self, nothing: None) -> None:
        self._collecting = False
        self._draw()
        self._show()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        try:
            self.ledger.value = page(self._ledger_html())
        except ToolkitError as error:
            self.ledger.value = page(box(str(error), "error"))

    def _ledger_html(self) -> str:
        """The ledger, and, unless a collection is going on, how far back anything can be known."""
        drawn = ledger_html(self.case, self._zone, self._zone_name, running=self._collecting)
        return drawn if self._collecting or not lines(self.case) else drawn + horizon_html(self.case)


def _button(label: str, name: str, click: Callable[[], None], style: str = "") -> w.Button:
    button = w.Button(description=label, button_style=style, layout=w.Layout(width="max-content", min_width="72px"))
    button.add_class(name)

    def clicked(_: Any) -> None:
        click()

    button.on_click(clicked)
    return button
