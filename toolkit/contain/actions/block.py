"""Block sign-in: the account gets no new tokens."""

from __future__ import annotations

from typing import Any

from toolkit.contain.action import Action, Sent, State
from toolkit.contain.target import Target
from toolkit.tenant import Call, Cloud, Tenant
from toolkit.tenant.graph import user_call


class BlockSignIn(Action):
    """`PATCH /users/{id} {"accountEnabled": false}`, Microsoft Graph v1.0, answered 204.

    It has no undo: allowing sign-in again is `GiveBack`, which waits until every door reads closed.
    """

    kind = key = "block-sign-in"
    title = "Block sign-in"
    reason = "It stops new sign-ins at once, while the steps below take the account back."
    effect = "Nobody can sign in to the account, its owner included. Mail still arrives."
    does_not = "It does not end sessions that are open, and changes no password, rule or consent."
    residual = (
        "Access tokens already issued live 60 to 90 minutes; clients with continuous access evaluation lose them "
        "within about 15 minutes."
    )
    permission = "User.EnableDisableAccount.All and User.Read.All"
    role = "User Administrator; for an administrator's account Privileged Authentication Administrator"
    undo_note = "No undo: giving the account back is a step of its own, behind closed doors."

    def read(self, tenant: Tenant, target: Target) -> State:
        answer = tenant.graph.user(target.object_id)
        return State({"accountEnabled": answer.data.get("accountEnabled")}, answer.date)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return user_call(cloud, "PATCH", target.object_id, {"accountEnabled": False})

    def before(self, values: dict[str, Any]) -> str:
        return f"accountEnabled: {_word(values.get('accountEnabled'))}"

    def after(self) -> str:
        return "accountEnabled: false"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("accountEnabled") is False


class GiveBack(Action):
    """`PATCH /users/{id} {"accountEnabled": true}`: the account goes back to its owner. Undo: false."""

    kind = key = "give-back"
    title = "Give the account back: allow sign-in"
    reason = "After every door reads closed, and the password was reset once more just before."
    effect = "The owner can sign in with the password or pass that was handed over."
    does_not = "It restores no role, protocol or rule that was taken away."
    residual = (
        "Services notice late: Exchange after 35 to 40 minutes, SharePoint and Teams after 15. Tell the owner; repair "
        "nothing meanwhile."
    )
    permission = BlockSignIn.permission
    role = BlockSignIn.role
    undo_note = "Undo blocks the account again."
    last = True
    restores_use = True

    def read(self, tenant: Tenant, target: Target) -> State:
        return BlockSignIn().read(tenant, target)

    def call(self, cloud: Cloud, target: Target) -> Call:
        return user_call(cloud, "PATCH", target.object_id, {"accountEnabled": True})

    def before(self, values: dict[str, Any]) -> str:
        return f"accountEnabled: {_word(values.get('accountEnabled'))}"

    def after(self) -> str:
        return "accountEnabled: true"

    def is_so(self, now: State, sent: Sent | None) -> bool:
        return now.values.get("accountEnabled") is True

    def undo_call(self, cloud: Cloud, target: Target, before: dict[str, Any]) -> Call | None:
        return user_call(cloud, "PATCH", target.object_id, {"accountEnabled": False})

    def is_undone(self, now: State, before: dict[str, Any]) -> bool:
        return now.values.get("accountEnabled") is False


def _word(value: object) -> str:
    return {True: "true", False: "false"}.get(value, "not given") if isinstance(value, bool) else "not given"
