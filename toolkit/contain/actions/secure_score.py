"""Secure Score: what the organisation says of a control (done elsewhere, accepted, looked at), with a note."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.actions.shapes import quoted
from toolkit.contain.target import Target
from toolkit.errors import UsageError
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.graph import graph_call

STATES = ("Default", "Ignored", "ThirdParty", "Reviewed")
IN_WORDS = {
    "Default": "nothing said",
    "Ignored": "risk accepted",
    "ThirdParty": "done by something else",
    "Reviewed": "reviewed",
}
LONGEST_NOTE = 1000  # characters
_VENDOR = {"vendor": "Microsoft", "provider": "SecureScore"}


class SetControlState(Action):
    """`PATCH /security/secureScoreControlProfiles/{id}`, Graph v1.0, answered 204. Undo: the state and note before.

    `control` is the control's id, `state` one of `STATES`, `note` says why; `name` is the control's title.

    Raises:
        UsageError: no such state, no control, no note or one that is too long.
    """

    kind = "set-control-state"
    hits_everybody = True  # in a plan for one account it waits for the typed domain too
    titled = "Set what is said of the Secure Score control {name}"
    reason = "Whoever reads the score later sees that somebody decided about the control, and why."
    effect = "The control shows the state and the note; “done by something else” gives its points, a day later."
    does_not = "It protects nothing: no setting of the organisation changes."
    residual = "The score follows after a day or two. The earlier states stay in the control's history."
    permission = "SecurityEvents.ReadWrite.All"
    role = "Security Administrator"
    undo_note = "Undo sets the state and the note that were there before; the history of the control keeps both."

    def __init__(self, control: str, state: str, note: str, name: str = "") -> None:
        if state not in STATES:
            raise UsageError(f"“{state}” is no state of a control; it may be {', '.join(STATES)}.")
        if not control.strip() or not note.strip():
            raise UsageError("A control and a note are needed: the note says why, to whoever reads the score later.")
        if len(note) > LONGEST_NOTE:
            raise UsageError(f"The note has {len(note):,} characters; at most {LONGEST_NOTE:,} are sent.")
        self.control, self.state, self.note, self.name = control.strip(), state, note.strip(), name.strip()
        self.key = f"{self.kind}:{self.control}:{state}"
        self.title = f"{self.titled.format(name=quoted(self.name or self.control))}: {IN_WORDS[state]}"

    @property
    def about(self) -> dict[str, Any]:
        return {"control": self.control, "state": self.state, "note": self.note, "name": self.name}

    def read(self, tenant: Tenant, target: Target) -> State:
        answer = tenant.graph.get(self._path)
        said = current(answer.data.get("controlStateUpdates"))
        return State({"state": said.get("state") or "Default", "note": str(said.get("comment") or "")}, answer.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._set(cloud, self.state, self.note)

    def before(self, values: dict[str, Any]) -> str:
        note = str(values.get("note") or "")
        return f"state: {values.get('state')}; note: {quoted(note) if note else 'none'}"

    def after(self) -> str:
        return f"state: {self.state}; note: {quoted(self.note)}"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return self._reads(now, self.state, self.note)

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        return self._set(cloud, str(before.get("state") or "Default"), str(before.get("note") or ""))

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return self._reads(now, str(before.get("state") or "Default"), str(before.get("note") or ""))

    @property
    def _path(self) -> str:
        return f"/security/secureScoreControlProfiles/{quote(self.control, safe='')}"

    def _set(self, cloud: Cloud, state: str, note: str) -> Call:
        # Without `vendorInformation` the service refuses.
        body = {"state": state, "comment": note, "vendorInformation": dict(_VENDOR)}
        return graph_call(cloud, "PATCH", self._path, body)

    @staticmethod
    def _reads(now: State, state: str, note: str) -> bool:
        said = str(now.values.get("state")).lower(), str(now.values.get("note") or "").strip()
        return said == (state.lower(), note.strip())


def current(updates: Any) -> dict[str, Any]:
    """The update of a control that counts now: the newest by its time, the later one of equals; {} if there is none."""
    rows = [row for row in updates if isinstance(row, dict)] if isinstance(updates, list) else []
    return max(enumerate(rows), key=lambda r: (str(r[1].get("updatedDateTime") or ""), r[0]), default=(0, {}))[1]
