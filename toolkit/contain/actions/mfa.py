"""Require multi-factor authentication for this one account (per-user state)."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.graph import mfa_call


class RequireMfa(Action):
    """`PATCH /users/{id}/authentication/requirements {"perUserMfaState": "enforced"}`, beta, answered 204.

    Undo: the state that was stored (`disabled` or `enabled`).
    """

    kind = key = "require-mfa"
    title = "Require multi-factor authentication (per user)"
    reason = "A stop-gap until a Conditional Access policy covers the account: a password alone no longer does."
    effect = "The next sign-in asks for a second factor. Legacy clients then need an app password."
    does_not = (
        "It does not remove a method that the attacker registered, and push or codes do not stop an adversary in "
        "the middle: only phishing-resistant methods do."
    )
    residual = (
        "If no method is registered yet, whoever signs in first with the password registers theirs. Review the "
        "account's methods with its owner by voice first."
    )
    permission = "Policy.ReadWrite.AuthenticationMethod"
    role = "Authentication Policy Administrator"
    undo_note = "Undo sets the per-user state back to what it was."

    def read(self, tenant: Tenant, target: Target) -> State:
        answer = tenant.graph.mfa_requirements(target.object_id)
        return State({"perUserMfaState": answer.data.get("perUserMfaState")}, answer.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return mfa_call(cloud, "PATCH", target.object_id, {"perUserMfaState": "enforced"})

    def before(self, values: dict[str, Any]) -> str:
        return f"perUserMfaState: {values.get('perUserMfaState') or 'not given'}"

    def after(self) -> str:
        return "perUserMfaState: enforced"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return _state(now.values) == "enforced"

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        stored = _state(before)
        if stored not in {"disabled", "enabled"}:
            return None
        return mfa_call(cloud, "PATCH", target.object_id, {"perUserMfaState": stored})

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        # `enabled` becomes `enforced` by itself once the account has registered a method.
        return _state(now.values) == _state(before)


def _state(values: dict[str, Any]) -> str:
    return str(values.get("perUserMfaState") or "").lower()
