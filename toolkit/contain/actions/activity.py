"""The subscription that the Management Activity API needs before it tells anything: a change of the tenant.

Source: "Office 365 Management Activity API reference", `subscriptions/start`, `/stop`, `/list`.
"""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Sent, State
from toolkit.contain.actions.shapes import OnThing, Row, said
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.activity import CONTENT_TYPES, activity_call

ENABLED = "enabled"


class StartActivitySubscription(OnThing):
    """`POST /activity/feed/subscriptions/start?contentType=…`. Undo: `/subscriptions/stop`."""

    kind = "start-activity-subscription"
    titled = "Start the feed of audit records: {name}"
    reading = ""
    hits_everybody = True
    reason = "Without a subscription the Management Activity API has nothing; it is another road to the audit log."
    effect = "From now on the organisation's audit records of this kind are kept for seven days, for programs to fetch."
    does_not = "It does not look back further than a day, sends nothing anywhere, and changes no record."
    residual = "Fetch within seven days; the first records come after minutes, at most after twelve hours."
    permission = "ActivityFeed.Read"
    role = "whoever may use the Office 365 Management APIs"
    undo_note = "Undo stops the feed; what happens until the next start is lost to this road."
    patience = 120.0

    def __init__(self, identity: str, name: str = "", why: str = "") -> None:
        super().__init__(identity, name or CONTENT_TYPES.get(identity, identity), why)

    @classmethod
    def identity_of(cls, row: Row) -> str:
        return str(row.get("contentType"))

    def read(self, tenant: Tenant, target: Target) -> State:
        answer = tenant.session.read(activity_call(tenant.cloud, target.tenant_id, "GET", "/subscriptions/list"))
        rows = [row for row in answer.data.get("value", []) if isinstance(row, dict)]
        row = next((r for r in rows if self.identity_of(r).lower() == self.identity.lower()), None)
        return State({"row": {"status": row.get("status")} if row else None}, answer.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return self._turned(cloud, target, "start")

    def before(self, values: dict[str, Any]) -> str:
        return f"subscription: {said((values.get('row') or {}).get('status'))}"

    def after(self) -> str:
        return f"subscription: {ENABLED}"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return _enabled(now.values)

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        return None if _enabled(before) else self._turned(cloud, target, "stop")

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return not _enabled(now.values)

    def _turned(self, cloud: Cloud, target: Target, verb: str) -> Call:
        path = f"/subscriptions/{verb}"
        return activity_call(cloud, target.tenant_id, "POST", path, contentType=self.identity)


def _enabled(values: dict[str, Any]) -> bool:
    return str((values.get("row") or {}).get("status") or "").lower() == ENABLED
