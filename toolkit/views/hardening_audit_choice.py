"""What can be set right about auditing, to choose from: this mailbox, these, or all that have the same flaw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

import ipywidgets as w

from toolkit import harden
from toolkit.contain.action import Action
from toolkit.contain.actions.auditing import AuditMailbox, EndAuditBypass, RestoreAuditActions, RestoreAuditAge
from toolkit.detect.words import plural
from toolkit.harden.audit_table import mailboxes_said
from toolkit.views.evidence_rows import one_line
from toolkit.views.hardening_reports import Reports
from toolkit.views.look import box, page

FEW = 30
"""Repairs of mailboxes outside the case that have a tick each; where there are more, one tick stands for a flaw."""
MOST_STEPS = 200
"""Repairs in one preview: each has a card, and is read and confirmed."""
FLAWS: dict[type[Action], str] = {
    AuditMailbox: "Switch auditing on for",
    RestoreAuditActions: "Log Microsoft's default actions again in",
    RestoreAuditAge: "Keep the audit records for 90 days again in",
    EndAuditBypass: "Log again what is done in mailboxes by",
}


class AuditChoice:
    """Ticks: the organisation's own switches and the case's accounts (ticked), then everybody else (not ticked).

    A mailbox that is named in the field gets ticks of its own. Nothing is left out of the choice: where there are
    more than `FEW` others, one tick stands for all that have the same flaw, and says how many.
    """

    def __init__(self, reports: Reports) -> None:
        self._ticks: list[tuple[list[Action], w.Checkbox]] = []
        self._before: dict[str, bool] = {}
        self._added: list[str] = []
        self._reports = reports
        self._box = w.VBox([])
        self._told = w.HTML()
        self.mailbox = w.Combobox(
            placeholder="a mailbox", description="Mailbox", ensure_option=False, layout=w.Layout(width="420px")
        )
        self.mailbox.add_class("hardening-mailbox")
        self.only = _button("Only this mailbox", self._only)
        self.add = _button("This mailbox too", self._add)
        self.all = _button("Tick all", lambda: self._tick(None, True))
        self.none = _button("Untick all", lambda: self._tick(None, False))
        self._row = w.VBox([w.HBox([self.mailbox, self.only, self.add]), w.HBox([self.all, self.none])])
        head = w.HTML(page("<h3>Set it right</h3>"))
        self.widget = w.VBox([head, self._row, self._told, self._box])
        self.renew(reports)

    def renew(self, reports: Reports) -> None:
        """Offer what the newest reading asks for. Without a reading of the tenant nothing is offered."""
        self._reports = reports
        self._show()

    def actions(self) -> list[Action]:
        """What is ticked, each once, at most `MOST_STEPS`; what is over is said beside the ticks."""
        return self._ticked()[:MOST_STEPS]

    def _ticked(self) -> list[Action]:
        return list({a.key: a for actions, tick in self._ticks if tick.value for a in actions}.values())

    def _show(self) -> None:
        reports, report = self._reports, self._reports.auditing
        every = harden.audit_repairs(report) if reports.state is not None else []
        wide = [a for a in every if a.hits_everybody]
        names = dict.fromkeys([*self._added, *reports.mailboxes])
        own = {name: harden.audit_repairs(report, name, everybody=False) for name in names}
        own = {name: repairs for name, repairs in own.items() if repairs} if reports.state is not None else {}
        known = {a.key for a in (*wide, *(a for repairs in own.values() for a in repairs))}
        others = [a for a in every if a.key not in known]
        self._before = {a.key: tick.value for actions, tick in self._ticks for a in actions}
        self._ticks = []
        rows: list[w.Widget] = [*self._each(wide, True)]
        for name, repairs in own.items():
            rows += [_heading(f"{name}"), *self._each(repairs, True)]
        if others:
            rows += [_heading("Everybody else" if own else "Accounts"), *self._others(others, not own)]
        self._box.children = [w.HTML(page(f"<p>{escape(self._text(every))}</p>")), *rows]
        self._row.layout.display = None if every else "none"
        wanted = {row.scope for row in report.rows if row.repair is not None and not row.repair.hits_everybody}
        self.mailbox.options = sorted(wanted)
        self._say()

    def _text(self, every: list[Action]) -> str:
        if self._reports.state is None:
            return "Read the organisation first (at the top of this page)."
        if not every:
            return "Nothing that was read asks for a repair. What was done here can be undone below: press Preview."
        return (
            f"The table above asks for {plural(len(every), 'repair')}. Ticked at first are the organisation's own "
            "switches and the accounts of this case; where no finding names any, a few others. Switching on does not "
            "look back."
        )

    def _others(self, others: list[Action], alone: bool) -> Iterable[w.Widget]:
        if len(others) <= FEW:
            yield from self._each(others, alone)
            return
        for kind, words in FLAWS.items():
            same = [a for a in others if isinstance(a, kind)]
            if not same:
                continue
            whom = plural(len(same), "account") if kind is EndAuditBypass else mailboxes_said(len(same))
            if kind is EndAuditBypass and len(same) <= FEW:
                yield from self._each(same, False)  # few have it, and it is what an intruder would set
            else:
                yield self._one(f"{words} {whom}, all at once", same, False)

    def _each(self, actions: Iterable[Action], on: bool) -> list[w.Widget]:
        return [self._one(action.title, [action], on) for action in actions]

    def _one(self, title: str, actions: list[Action], on: bool) -> w.Checkbox:
        on = all(self._before.get(a.key, on) for a in actions)
        tick = w.Checkbox(value=on, description=one_line(title, 200), indent=False, layout=w.Layout(width="98%"))
        tick.add_class("containment-offer")
        tick.observe(lambda change: self._say(), names="value")
        self._ticks.append((actions, tick))
        return tick

    def _tick(self, keys: set[str] | None, on: bool) -> None:
        """Tick or untick these (None: all)."""
        for actions, tick in self._ticks:
            if keys is None or {a.key for a in actions} <= keys:
                tick.value = on

    def _add(self) -> None:
        mine = self._of_named()
        if mine:
            self._show()
            self._tick(mine, True)

    def _of_named(self) -> set[str]:
        """The repairs of the mailbox that is named, by key, which get ticks of their own; or why there are none."""
        named, report = self.mailbox.value.strip(), self._reports.auditing
        scope = report.scope_of(named)
        found = {a.key for a in harden.audit_repairs(report, scope, everybody=False)} if named else set()
        if found:
            self._added = list(dict.fromkeys([scope, *self._added]))
            self.mailbox.value = ""
        elif named and any(scope in one.names for one in report.settings.mailboxes or []):
            self._say(f"The table asks for no repair of {scope}.", "note")
        else:
            self._say(f"No mailbox “{named}” was read: give its address." if named else "Name a mailbox first.")
        return found

    def _only(self) -> None:
        mine = self._of_named()
        if mine:
            self._show()
            self._tick(None, False)
            self._tick(mine, True)

    def _say(self, text: str = "", kind: str = "error") -> None:
        over = len(self._ticked()) - MOST_STEPS
        if not text and over > 0:
            kind = "warning"
            text = (
                f"{plural(len(self._ticked()), 'repair')} are ticked. A preview takes {MOST_STEPS}: run those, and "
                f"press Preview again for the next; {over:,} are left then."
            )
        self._told.value = page(box(text, kind)) if text else ""


def _heading(text: str) -> w.HTML:
    return w.HTML(page(f"<p><b>{escape(one_line(text, 120))}</b></p>"))


def _button(label: str, click: Callable[[], object]) -> w.Button:
    button = w.Button(description=label, layout=w.Layout(width="max-content"))
    button.add_class(f"hardening-{label.split()[0].lower()}")
    button.on_click(lambda _button: click())
    return button
